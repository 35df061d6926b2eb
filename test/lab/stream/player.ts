/**
 * Plays an object in a laboratory: asks the stream service for it, and prints as JSON what came, and in what time.
 * Arguments: name, bits a second.
 */
import { createSocket } from 'node:dgram';
import { createHash } from 'node:crypto';

export interface PlayReport {
  readonly datagrams: number;
  readonly bytes: number;
  readonly sha256: string;
  /** From the first to the last datagram. */
  readonly milliseconds: number;
  readonly ports: readonly number[];
  readonly said: readonly string[];
}

const [name, rate] = process.argv.slice(2);
const address = process.env['ATCP_VIP']!;
const port = Number(process.env['ATCP_STREAM_PORT']);
const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
const said: string[] = [];
const times: number[] = [];
const ports = new Set<number>();
const hash = createHash('sha256');
let bytes = 0;

const say = (text: string): void => void socket.send(text, port, address);

function finish(): void {
  clearInterval(keepAlive);
  const report: PlayReport = {
    datagrams: times.length,
    bytes,
    sha256: hash.digest('hex'),
    milliseconds: (times.at(-1) ?? 0) - (times[0] ?? 0),
    ports: [...ports],
    said: said.map((text) => text.replace(/[0-9a-f]{16}/, 'token')),
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  socket.close();
}

let token = '-';
const keepAlive = setInterval(() => say(`GET ${rate} ${token} ${name}`), 1000);
socket.on('message', (message, { port: from }) => {
  if (from !== port) {
    ports.add(from);
    times.push(performance.now());
    hash.update(message);
    bytes += message.length;
    return;
  }
  const text = message.toString();
  said.push(text);
  if (text.startsWith('TOKEN ')) {
    token = text.slice(6);
    say(`GET ${rate} ${token} ${name}`);
    // What is under way when the end is told still comes.
  } else if (text.startsWith('END') || text.startsWith('ERROR')) setTimeout(finish, 200);
});
socket.bind(0, () => say(`GET ${rate} - ${name}`));
