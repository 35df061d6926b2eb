/** Somebody on the network without a key: he sends again what he has recorded, and makes frames up. */
import type { Network, StationName } from './network.js';
import type { Dice } from './plan-from-seed.js';

const RECORDED = 512;
const ATCP_TYPE = 0x88b5;
/** Where the message begins, with its length two bytes wide at 4. */
const MESSAGE = 14;

interface Recorded {
  readonly bytes: Uint8Array;
  readonly serial: number;
}

export class Attacker {
  /** Frames. */
  sent = 0;
  readonly #network: Network;
  readonly #dice: Dice;
  readonly #recorded: Recorded[] = [];
  #next = 0;

  constructor(network: Network, dice: Dice) {
    this.#network = network;
    this.#dice = dice;
  }

  /** Keeps the latest frames of the data link. */
  record(from: StationName, bytes: Uint8Array, serial: number): void {
    // What he made up himself is no copy of anything.
    if (from === 'attacker') return;
    if (bytes[12] !== ATCP_TYPE >>> 8 || bytes[13] !== (ATCP_TYPE & 255)) return;
    this.#recorded[this.#next] = { bytes, serial };
    this.#next = (this.#next + 1) % RECORDED;
  }

  attack(frames: number): void {
    for (let i = 0; i < frames && this.#recorded.length > 0; i++) {
      const { bytes, serial } = this.#dice.pick(this.#recorded);
      this.sent++;
      if (this.#dice.chance(0.7)) this.#network.inject(bytes, serial);
      else this.#network.inject(this.#forged(bytes));
    }
  }

  /** Something like what was recorded: a few bytes of the message are others. */
  #forged(bytes: Uint8Array): Uint8Array {
    const forged = bytes.slice();
    const end = MESSAGE + forged[MESSAGE + 4]! * 256 + forged[MESSAGE + 5]!;
    const first = this.#dice.whole(MESSAGE, end - 1);
    for (let at = Math.min(end, first + this.#dice.whole(1, 8)) - 1; at >= first; at--)
      forged[at] = forged[at]! ^ this.#dice.whole(1, 255);
    return forged;
  }
}
