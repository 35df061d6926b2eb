/** Entropy that repeats, so that a seed does. */
import { Random } from '../lab/switch/random.js';

export function entropyFrom(
  seed: number,
  stream: number,
): { fill(b: Uint8Array, at: number, length: number): void } {
  const random = new Random(seed, stream);
  return {
    fill(b, at, length) {
      for (let i = at; i < at + length; i++) b[i] = random.next() >>> 24;
    },
  };
}
