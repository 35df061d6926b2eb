import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  COALESCED_GAP_BYTES,
  contentRange,
  selectRanges,
  TINY_RANGE_BYTES,
} from '../../../src/services/web/ranges.js';

const LIMITS = { maxRanges: 8, maxTinyRanges: 4 };

function select(value: string, size: number): string | [number, number][] {
  const ranges = selectRanges(value, size, LIMITS);
  return typeof ranges === 'string' ? ranges : ranges.map(({ from, length }) => [from, from + length - 1]);
}

describe('services/web: ranges', () => {
  it('reads the examples of RFC 9110 14.1.2', () => {
    assert.deepEqual(select('bytes=0-499', 10_000), [[0, 499]]);
    assert.deepEqual(select('bytes=500-999', 10_000), [[500, 999]]);
    assert.deepEqual(select('bytes=-500', 10_000), [[9500, 9999]]);
    assert.deepEqual(select('bytes=9500-', 10_000), [[9500, 9999]]);
    assert.deepEqual(select('bytes=0-0,-1', 10_000), [
      [0, 0],
      [9999, 9999],
    ]);
    assert.deepEqual(select('bytes= 0-999, 4500-5499, -1000', 10_000), [
      [0, 999],
      [4500, 5499],
      [9000, 9999],
    ]);
    assert.deepEqual(select('bytes=500-600,601-999', 10_000), [[500, 999]]);
    assert.deepEqual(select('bytes=500-700,601-999', 10_000), [[500, 999]]);
  });

  const ONE: readonly [string, number, string | [number, number][]][] = [
    ['bytes=0-', 1, [[0, 0]]],
    ['bytes=0-0', 1, [[0, 0]]],
    ['bytes=0-99999999999999999999', 10, [[0, 9]]],
    ['bytes=-99999999999999999999', 10, [[0, 9]]],
    ['bytes=00000000000000000000000000000001-2', 10, [[1, 2]]],
    ['BYTES=1-2', 10, [[1, 2]]],
    ['bytes=\t1-2 ,\t,', 10, [[1, 2]]],
    ['bytes=4503599627370496-', 4503599627370500, [[4503599627370496, 4503599627370499]]],
    ['bytes=9-,10-', 10, [[9, 9]]],
    // Nothing of it overlaps.
    ['bytes=10-', 10, 'unsatisfiable'],
    ['bytes=10-20,30-', 10, 'unsatisfiable'],
    ['bytes=-0', 10, 'unsatisfiable'],
    ['bytes=99999999999999999999-', 10, 'unsatisfiable'],
    ['bytes=0-', 0, 'unsatisfiable'],
    ['bytes=-0', 0, 'unsatisfiable'],
    // A suffix of an empty object is satisfiable, and all there is is the whole.
    ['bytes=-5', 0, 'whole'],
    // Malformed, or another unit: as if the field were not there.
    ['bytes=', 10, 'whole'],
    ['bytes=,', 10, 'whole'],
    ['bytes=-', 10, 'whole'],
    ['bytes=2-1', 10, 'whole'],
    ['bytes=0-1,2-1', 10, 'whole'],
    ['bytes=1-2-3', 10, 'whole'],
    ['bytes=1 - 2', 10, 'whole'],
    ['bytes=+1-2', 10, 'whole'],
    ['bytes=0x1-2', 10, 'whole'],
    ['bytes=1.0-2', 10, 'whole'],
    ['bytes=a-b', 10, 'whole'],
    ['bytes =0-1', 10, 'whole'],
    ['bytes:0-1', 10, 'whole'],
    ['0-1', 10, 'whole'],
    ['items=0-1', 10, 'whole'],
    ['bytes=0-1;2-3', 10, 'whole'],
    ['bytes=0-1, bytes=2-3', 10, 'whole'],
    ['', 10, 'whole'],
  ];
  for (const [value, size, expected] of ONE)
    it(`${JSON.stringify(value)} of ${size} bytes`, () => assert.deepEqual(select(value, size), expected));

  it('sends as one what overlaps, touches or nearly does', () => {
    const gap = COALESCED_GAP_BYTES;
    assert.deepEqual(select(`bytes=0-999,${1000 + gap}-1999`, 9_999), [[0, 1999]]);
    assert.deepEqual(select(`bytes=0-999,${1001 + gap}-1999`, 9_999), [
      [0, 999],
      [1001 + gap, 1999],
    ]);
    assert.deepEqual(select('bytes=0-9,0-9,5-6,0-', 9_999), [[0, 9998]]);
  });

  it('keeps the order of the request (RFC 9110 15.3.7.2)', () => {
    assert.deepEqual(select('bytes=5000-6000,0-1000,900-1200', 9_999), [
      [5000, 6000],
      [0, 1200],
    ]);
    assert.deepEqual(select('bytes=7000-7100,0-1000,5000-6999', 9_999), [
      [5000, 7100],
      [0, 1000],
    ]);
  });

  it('denies many ranges, also when they overlap, and many tiny ones', () => {
    const many = (count: number, of: (i: number) => string): string =>
      `bytes=${Array.from({ length: count }, (_, i) => of(i)).join(',')}`;
    assert.equal(
      select(
        many(8, (i) => `${i * 2000}-${i * 2000 + 999}`),
        99_999,
      ).length,
      8,
    );
    assert.equal(
      select(
        many(9, (i) => `${i * 2000}-${i * 2000 + 999}`),
        99_999,
      ),
      'unsatisfiable',
    );
    assert.equal(
      select(
        many(9, () => '0-'),
        99_999,
      ),
      'unsatisfiable',
    );
    assert.equal(
      select(
        many(4, (i) => `${i * 2000}-${i * 2000}`),
        99_999,
      ).length,
      4,
    );
    assert.equal(
      select(
        many(5, (i) => `${i * 2000}-${i * 2000}`),
        99_999,
      ),
      'unsatisfiable',
    );
    assert.equal(
      select(
        many(5, (i) => `${i * 2000}-${i * 2000 + TINY_RANGE_BYTES - 1}`),
        99_999,
      ).length,
      5,
      'just large enough',
    );
  });

  it('says where a range lies', () => {
    assert.equal(contentRange({ from: 0, length: 500 }, 1234), 'bytes 0-499/1234');
    assert.equal(contentRange({ from: 1233, length: 1 }, 1234), 'bytes 1233-1233/1234');
  });

  it('selects what a byte-by-byte reading of the same text selects', () => {
    const number = fc.oneof(fc.nat(40), fc.nat(3_000));
    const spec = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.tuple(number, number).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      },
      { weight: 2, arbitrary: number.map((n) => `${n}-`) },
      { weight: 2, arbitrary: number.map((n) => `-${n}`) },
      { weight: 1, arbitrary: fc.tuple(number, number).map(([a, b]) => `${a}-${b}`) },
      { weight: 1, arbitrary: fc.constantFrom('', ' ', '\t', '1', '--1', 'x-', '1-2-3', '- 1') },
    );
    const list = fc.array(fc.tuple(spec, fc.constantFrom(',', ', ', ' ,', ',,')), {
      minLength: 1,
      maxLength: 7,
    });
    const limits = { maxRanges: 100, maxTinyRanges: 100 };
    fc.assert(
      fc.property(list, fc.nat(2_500), (members, size) => {
        const value = `bytes=${members.flat().join('')}`;
        const ranges = selectRanges(value, size, limits);
        const expected = reference(value, size);
        if (typeof expected === 'string') {
          assert.equal(ranges, expected);
          return;
        }
        assert.ok(typeof ranges !== 'string');
        assertSame(ranges, expected, size);
      }),
      { numRuns: 3_000 },
    );
  });
});

/** Which bytes are asked for, in which place of the list they come first; written anew from RFC 9110 14.1. */
function reference(value: string, size: number): Map<number, number> | 'whole' | 'unsatisfiable' {
  const members = value
    .slice('bytes='.length)
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text.length > 0);
  if (members.length === 0) return 'whole';
  const asked = new Map<number, number>();
  let emptySuffix = false;
  for (const [place, member] of members.entries()) {
    const dash = member.indexOf('-');
    const [first, last] = [member.slice(0, dash), member.slice(dash + 1)];
    const digits = (text: string): boolean => text !== '' && [...text].every((c) => c >= '0' && c <= '9');
    if (dash === -1 || (first !== '' && !digits(first)) || (last !== '' && !digits(last))) return 'whole';
    if (first === '' && last === '') return 'whole';
    if (first !== '' && last !== '' && BigInt(last) < BigInt(first)) return 'whole';
    if (first === '' && BigInt(last) > 0n && size === 0) emptySuffix = true;
    for (let byte = 0; byte < size; byte++) {
      const wanted =
        first === ''
          ? byte >= size - Number(last)
          : byte >= Number(first) && (last === '' || byte <= Number(last));
      if (wanted && !asked.has(byte)) asked.set(byte, place);
    }
  }
  if (emptySuffix) return 'whole';
  return asked.size === 0 ? 'unsatisfiable' : asked;
}

function assertSame(
  ranges: readonly { from: number; length: number }[],
  asked: ReadonlyMap<number, number>,
  size: number,
): void {
  const sent = new Set<number>();
  let before = -1;
  for (const { from, length } of ranges) {
    assert.ok(from >= 0 && length >= 1 && from + length <= size);
    assert.ok(asked.has(from) && asked.has(from + length - 1), 'both ends were asked for');
    let place = Infinity;
    let gap = 0;
    for (let byte = from; byte < from + length; byte++) {
      assert.ok(!sent.has(byte), 'no byte twice');
      sent.add(byte);
      gap = asked.has(byte) ? 0 : gap + 1;
      assert.ok(gap <= COALESCED_GAP_BYTES);
      place = Math.min(place, asked.get(byte) ?? Infinity);
    }
    // Where several specs cover a byte the first counts, so places can be equal only by coalescing.
    assert.ok(place >= before, 'in the order of the request');
    before = place;
  }
  for (const byte of asked.keys()) assert.ok(sent.has(byte), 'every byte that was asked for');
  const sorted = [...ranges].sort((a, b) => a.from - b.from);
  for (let i = 1; i < sorted.length; i++)
    assert.ok(sorted[i]!.from - (sorted[i - 1]!.from + sorted[i - 1]!.length) > COALESCED_GAP_BYTES);
}
