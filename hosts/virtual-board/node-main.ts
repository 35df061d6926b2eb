/** A virtual board on Node: the same firmware and chip models as on XS, for debugging and for speed. */
import { VirtualBoard } from './device/virtual-board.js';
import { parseBoardOptions } from './device/options.js';
import { NodeHost } from './node-host.js';

/** The event loop gets its turn after so many steps, so that datagrams and signals are seen. */
const STEPS_PER_TURN = 256;

async function main(): Promise<void> {
  const options = parseBoardOptions(process.argv.slice(2));
  const host = await NodeHost.open(options, () => schedule());
  const board = new VirtualBoard(host, options);
  let scheduled = false;

  /** One turn per pass of the event loop, however many datagrams came in. */
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      if (!board.turn(STEPS_PER_TURN)) schedule();
    });
  }

  const stop = () => {
    const losses = board.losses(host.lost, host.unsent);
    if (losses !== '') host.print(losses);
    host.close();
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (options.withParent) process.stdin.on('end', stop).resume();

  host.print('ready');
  schedule();
}

await main();
