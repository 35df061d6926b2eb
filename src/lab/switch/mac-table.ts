/**
 * Which port a station's address was last seen on (IEEE 802.1D 7.8, the filtering database). A fixed hash table with
 * linear probing, so that learning allocates nothing; when an address finds no room it is not learnt, and its
 * frames are flooded.
 */
import { get16, get32 } from '../../wire/bytes.js';

const CAPACITY = 4096;
const MAX_PROBES = 16;

export class MacTable {
  readonly #ageingUs: number;
  readonly #high = new Uint16Array(CAPACITY);
  readonly #low = new Uint32Array(CAPACITY);
  readonly #port = new Int16Array(CAPACITY).fill(-1);
  readonly #seenUs = new Float64Array(CAPACITY);

  /** An address that was silent for `ageingUs` is forgotten. */
  constructor(ageingUs: number) {
    this.#ageingUs = ageingUs;
  }

  /** Notes that the address in `b` from `at` is on `port`. */
  learn(nowUs: number, b: Uint8Array, at: number, port: number): void {
    const high = get16(b, at);
    const low = get32(b, at + 2);
    const home = hash(high, low);
    let room = -1;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const i = (home + probe) % CAPACITY;
      if (this.#holds(i, high, low)) {
        this.#port[i] = port;
        this.#seenUs[i] = nowUs;
        return;
      }
      if (room === -1 && !this.#isFresh(nowUs, i)) room = i;
      // Entries never become empty again, so that the address can't be behind an empty one.
      if (this.#port[i] === -1) break;
    }
    if (room === -1) return;
    this.#high[room] = high;
    this.#low[room] = low;
    this.#port[room] = port;
    this.#seenUs[room] = nowUs;
  }

  /** The port of the address in `b` from `at`, or -1 when it is not known. */
  lookUp(nowUs: number, b: Uint8Array, at: number): number {
    const high = get16(b, at);
    const low = get32(b, at + 2);
    const home = hash(high, low);
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const i = (home + probe) % CAPACITY;
      if (this.#holds(i, high, low)) return this.#isFresh(nowUs, i) ? this.#port[i]! : -1;
      if (this.#port[i] === -1) return -1;
    }
    return -1;
  }

  #holds(i: number, high: number, low: number): boolean {
    return this.#low[i] === low && this.#high[i] === high && this.#port[i] !== -1;
  }

  #isFresh(nowUs: number, i: number): boolean {
    return this.#port[i] !== -1 && nowUs - this.#seenUs[i]! < this.#ageingUs;
  }
}

function hash(high: number, low: number): number {
  const mixed = Math.imul(low ^ Math.imul(high, 0x9e37_79b1), 0x85eb_ca6b);
  return (mixed ^ (mixed >>> 15)) & (CAPACITY - 1);
}
