/**
 * The switch as a process: `node main.js CONFIGURATION`, where CONFIGURATION is JSON ({@link SwitchConfiguration})
 * or the name of a file with it. Prints `ready` when every port is open. Ends with status 0 on SIGTERM, SIGINT or
 * the end of its standard input (a pipe from the process that started it), after it completed the capture and
 * printed one line of JSON with the totals of every port.
 */
import { fstatSync, readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import { DgramLink } from '../../../hosts/linux/dgram-link.js';
import { PacketLink } from '../../../hosts/linux/packet-link.js';
import type { FrameLink } from '../../front-end/link/frame-link.js';
import { parseConfiguration, type PortConfiguration } from './configuration.js';
import { SwitchProcess } from './switch-process.js';

const RECEIVE_BUFFER_BYTES = 8 << 20;
/** Less than this, and a pause of some milliseconds loses frames. */
const LOW_RECEIVE_BUFFER_BYTES = 4 << 20;
const SEND_FRAMES = 2048;
/** A veth pair queues 1,000 frames. */
const PACKET_BURST_FRAMES = 500;
/** A QEMU or an ordinary user's process has a receive buffer for about 180. */
const DGRAM_BURST_FRAMES = 128;

function openLink(port: PortConfiguration): FrameLink {
  if (port.kind === 'packet') {
    const burstFrames = PACKET_BURST_FRAMES;
    return new PacketLink(port.interface, { promiscuous: true, sendFrames: SEND_FRAMES, burstFrames });
  }
  const link = new DgramLink({
    localPort: port.localPort,
    remotePort: port.remotePort,
    burstFrames: port.burstFrames ?? DGRAM_BURST_FRAMES,
    receiveBufferBytes: RECEIVE_BUFFER_BYTES,
    sendFrames: SEND_FRAMES,
  });
  if (link.receiveBufferBytes < LOW_RECEIVE_BUFFER_BYTES) {
    process.stderr.write(
      `switch: port ${port.name} has a receive buffer of ${link.receiveBufferBytes >> 10} KB only, about ` +
        `${link.receiveBufferFrames} frames; bursts beyond it are dropped and counted. ` +
        `For more: sudo sysctl -w net.core.rmem_max=${RECEIVE_BUFFER_BYTES}\n`,
    );
  }
  return link;
}

/** Standard input tells of its other end's end only when it has one; /dev/null ends at once. */
function watchStandardInput(stop: () => void): void {
  const stat = fstatSync(0);
  if (!stat.isFIFO() && !stat.isSocket() && !isatty(0)) return;
  process.stdin.on('end', stop).on('error', stop).resume();
}

function main(): void {
  const argument = process.argv[2];
  if (argument === undefined) throw new Error('Usage: main.js CONFIGURATION (JSON, or a file that holds it)');
  const text = argument.trimStart().startsWith('{') ? argument : readFileSync(argument, 'utf8');
  const configuration = parseConfiguration(text);
  const links = configuration.ports.map(openLink);
  const running = new SwitchProcess(configuration, links, (port, error) => {
    process.stderr.write(`switch: port ${port}: ${error.message}\n`);
  });
  let stopped = false;
  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    const report = JSON.stringify({ ports: running.report() });
    running.close();
    process.stdout.write(`${report}\n`, () => process.exit(0));
  };
  // Whoever reads may be gone before us.
  process.stdout.on('error', () => process.exit(0));
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  watchStandardInput(stop);
  process.stdout.write('ready\n');
}

try {
  main();
} catch (error) {
  process.stderr.write(`switch: ${(error as Error).message}\n`);
  process.exit(1);
}
