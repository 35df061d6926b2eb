/**
 * xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018), its state filled
 * by SplitMix32: small, fast, and the same everywhere, so that a seed replays.
 */

const GOLDEN_GAMMA = 0x9e37_79b9;
const U32 = 0x1_0000_0000;

export class Random {
  #s0 = 0;
  #s1 = 0;
  #s2 = 0;
  #s3 = 0;

  /** Generators of one `seed` (an integer from 0) with different `stream` numbers are independent of each other. */
  constructor(seed: number, stream = 0) {
    const low = splitMix32(seed % U32);
    const high = splitMix32(Math.floor(seed / U32) + GOLDEN_GAMMA);
    const start = (low ^ high) + Math.imul(stream, 0x85eb_ca6b);
    // An all-zero state would stay so: the last word never is.
    this.#setState(
      splitMix32(start + GOLDEN_GAMMA),
      splitMix32(start + 2 * GOLDEN_GAMMA),
      splitMix32(start + 3 * GOLDEN_GAMMA),
      splitMix32(start + 4 * GOLDEN_GAMMA) | 1,
    );
  }

  /** The generator in a given state, of four 32-bit words that are not all 0. */
  static fromState(s0: number, s1: number, s2: number, s3: number): Random {
    const random = new Random(0);
    random.#setState(s0, s1, s2, s3);
    return random;
  }

  /** An integer from 0 to 2^32 - 1. */
  next(): number {
    const x = Math.imul(this.#s1, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = this.#s1 << 9;
    this.#s2 ^= this.#s0;
    this.#s3 ^= this.#s1;
    this.#s1 ^= this.#s2;
    this.#s0 ^= this.#s3;
    this.#s2 ^= t;
    this.#s3 = (this.#s3 << 11) | (this.#s3 >>> 21);
    return result;
  }

  /** True with probability `p`, from 0 to 1. Takes one number whatever `p` is. */
  chance(p: number): boolean {
    return this.next() < p * U32;
  }

  /** An integer from 0 to `limit` - 1, for limits far below 2^32. */
  below(limit: number): number {
    return Math.floor((this.next() / U32) * limit);
  }

  #setState(s0: number, s1: number, s2: number, s3: number): void {
    this.#s0 = s0 | 0;
    this.#s1 = s1 | 0;
    this.#s2 = s2 | 0;
    this.#s3 = s3 | 0;
  }
}

function splitMix32(value: number): number {
  let z = value | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0_aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
  return (z ^ (z >>> 15)) >>> 0;
}
