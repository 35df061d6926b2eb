import assert from 'node:assert/strict';
import { Random } from '../../../src/lab/switch/random.js';

/** xoshiro128** 1.1 in BigInt arithmetic, straight from its paper, from a given state. */
function reference(state: bigint[], count: number): number[] {
  const mask = 0xffff_ffffn;
  const rotate = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & mask;
  let [s0, s1, s2, s3] = state as [bigint, bigint, bigint, bigint];
  return Array.from({ length: count }, () => {
    const result = (rotate((s1 * 5n) & mask, 7n) * 9n) & mask;
    const t = (s1 << 9n) & mask;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = rotate(s3, 11n);
    return Number(result);
  });
}

describe('Random', () => {
  it('gives the published sequence of xoshiro128** from the state 1, 2, 3, 4', () => {
    const expected = [11520, 0, 5927040, 70819200];
    assert.deepEqual(reference([1n, 2n, 3n, 4n], 4), expected);
    const random = Random.fromState(1, 2, 3, 4);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => random.next()),
      expected,
    );
  });

  it('agrees with the reference for 1,000 numbers', () => {
    const random = Random.fromState(0xdead_beef, 0x8000_0000, 0xffff_ffff, 7);
    const expected = reference([0xdead_beefn, 0x8000_0000n, 0xffff_ffffn, 7n], 1000);
    assert.deepEqual(
      Array.from({ length: 1000 }, () => random.next()),
      expected,
    );
  });

  it('repeats from a seed, and differs between seeds, high halves of seeds, and streams', () => {
    const first = (random: Random): string => Array.from({ length: 4 }, () => random.next()).join();
    assert.equal(first(new Random(42, 3)), first(new Random(42, 3)));
    const all = [
      new Random(42, 3),
      new Random(43, 3),
      new Random(42 + 2 ** 32, 3),
      new Random(42, 4),
      new Random(0),
    ];
    assert.equal(new Set(all.map(first)).size, all.length);
  });

  it('draws chances and integers evenly', () => {
    const random = new Random(7);
    const counts = new Array<number>(8).fill(0);
    let hits = 0;
    for (let i = 0; i < 80_000; i++) {
      counts[random.below(8)]!++;
      if (random.chance(0.25)) hits++;
    }
    for (const count of counts) assert.ok(Math.abs(count - 10_000) < 400, `${count}`);
    assert.ok(Math.abs(hits - 20_000) < 500, `${hits}`);
    assert.equal(random.chance(0), false);
    assert.equal(random.chance(1), true);
  });
});
