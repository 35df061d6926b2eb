/** The firmware of the emulated board. */
import { Board } from '../../../src/back-end/board.js';
import * as mcu from './mcu.js';
import { McuConsole, SeededEntropy } from './ports.js';
import { makeCard, makeNic, readIdentity } from './qemu-board.js';

/** The watchdog is fed after so many steps without a wait. */
const STEPS_PER_TURN = 64;

function makeBoard(): Board {
  const identity = readIdentity();
  const nic = makeNic(identity.macAddress);
  const ports = {
    nic,
    disk: makeCard(),
    entropy: new SeededEntropy(identity.seed),
    console: new McuConsole(),
  };
  return new Board(ports, identity.provisioning);
}

function turn(board: Board): void {
  for (let i = 0; i < STEPS_PER_TURN; i++) {
    const wakeUs = board.step(mcu.nowUs());
    if (wakeUs > mcu.nowUs()) {
      mcu.waitUntil(wakeUs);
      return;
    }
  }
}

function main(): never {
  const board = makeBoard();
  mcu.collectGarbage();
  mcu.print('ready');
  for (;;) {
    turn(board);
    mcu.feedWatchdog();
  }
}

mcu.start(main);
