/** A virtual board on XS: the firmware as on a microcontroller, on the engine that runs there. */
import * as posix from '../../xs/device/posix.js';
import type { VirtualHost } from './host.js';
import { parseBoardOptions, type BoardOptions } from './options.js';
import { VirtualBoard } from './virtual-board.js';

/** Bursts wait in the socket: the model of the NIC has no more room than the chip. */
const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;

/** Requests from outside are looked at between turns. */
const STEPS_PER_TURN = 64;

/** The host functions are the methods: no JavaScript lies between a chip model and C. */
class XsHost implements VirtualHost {
  readonly nowUs = posix.nowUs;
  readonly waitUntil = posix.waitUntil;
  readonly receive = posix.datagramReceive;
  readonly send = posix.datagramSend;
  readonly readImage = posix.imageRead;
  readonly writeImage = posix.imageWrite;
  readonly fillEntropy = posix.entropy;
  readonly print = posix.print;
  readonly imageBytes: number;

  constructor(options: BoardOptions) {
    this.imageBytes = posix.imageOpen(options.image);
    posix.datagramOpen(options.localPort, options.remotePort, RECEIVE_BUFFER_BYTES);
    if (options.withParent) posix.watchInput();
  }
}

/** Heap counts come first into variables: the text of the line is garbage itself. */
function report(): void {
  const slots = posix.heapSlots();
  const chunkBytes = posix.heapChunkBytes();
  const collections = posix.heapCollections();
  const atUs = posix.nowUs();
  posix.print(`report ${JSON.stringify({ atUs, slots, chunkBytes, collections })}`);
}

function main(): void {
  const options = parseBoardOptions(posix.programArguments());
  const board = new VirtualBoard(new XsHost(options), options);
  posix.collectGarbage();
  posix.print('ready');
  for (;;) {
    const asked = posix.requests();
    if ((asked & posix.Request.report) !== 0) report();
    if ((asked & posix.Request.stop) !== 0) break;
    board.turn(STEPS_PER_TURN);
  }
  const losses = board.losses(posix.datagramsLost(), posix.datagramsUnsent());
  if (losses !== '') posix.print(losses);
}

main();
