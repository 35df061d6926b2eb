/** The inner half of the relay, as the client's command. Argument: the path of the Unix socket. */
import { listenInside } from './relay.js';

listenInside(process.argv[2]!, process.env['ATCP_VIP']!, Number(process.env['ATCP_WEB_PORT'])).once(
  'listening',
  () => {
    process.stdout.write('relay ready\n');
  },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(0));
