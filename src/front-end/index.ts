/** The public API of the front-end. */
export { FrontEnd, monotonicUs, nodeEntropy, type FrontEndOptions } from './runtime.js';
export { AtcpServer, createServer, type AtcpServerEvents, type AtcpServerOptions } from './server.js';
export { AtcpSocket, type AtcpSocketOptions } from './tcp/socket.js';
export { FrontEndCounters } from './counters.js';
export { FrontEndHost, type FrontEndHostOptions, type HostPart } from './link/host.js';
export type { FrameLink, FrameLinkCounters, FrameSink, Pace } from './link/frame-link.js';
export { formatIpv4 } from '../wire/ipv4.js';
export { IpAddress } from './link/ip-address.js';
export { formatMac, parseIpv4, parseMac } from './link/addresses.js';
export { DEFAULT_TCP_SETTINGS, type TcpSettings } from './tcp/settings.js';
export { chunkFor, spanOf } from './tcp/span-chunk.js';
export type { Span, SpanCarrier, SpanTemplate } from './tcp/span.js';
export * from './udp/index.js';
export * from './inspection/index.js';
export * from './delegation/index.js';
