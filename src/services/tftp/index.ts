/** The public API of the TFTP service. */
export { createTftpServer, TftpServer, type TftpServerOptions } from './tftp-server.js';
export { DEFAULT_TFTP_CONFIGURATION, tftpConfiguration, type TftpConfiguration } from './configuration.js';
export { TftpCounters } from './counters.js';
export type { TftpBackEnds } from './back-ends.js';
