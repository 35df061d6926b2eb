/**
 * A bucket of the name index. The SipHash-2-4 of an object's path under the volume's hash key is an 8-byte
 * string; its first four bytes (big-endian) modulo the number of buckets are the object's home bucket. A full
 * bucket passes entries on to the next one (linear probing, the last bucket's next is the first) and is marked
 * as overflowed. Offsets in the sector:
 *
 *   0 magic "ATIX"   4 bucket number   8 entries (2)   10 flags (2): 1 overflowed
 *   12 31 entries of 16 bytes: 0 hash (8)   8 record number   12 zero (3), kind (1)
 *   508 CRC-32C (volume seed)
 */
import { copy, equal, fill } from '../wire/byte-loops.js';
import { get16, get32, put16, put32 } from '../wire/bytes.js';
import type { VolumeProblem } from './problem.js';
import { sectorCrcMatches, SECTOR_BYTES } from './sector.js';

export const BUCKET_ENTRIES = 31;
export const HASH_BYTES = 8;

const MAGIC = 0x4154_4958; // "ATIX"
const NUMBER = 4;
const COUNT = 8;
const FLAGS = 10;
const ENTRIES = 12;
const ENTRY_BYTES = 16;
const OVERFLOWED = 0x0001;

export function checkBucket(b: Uint8Array, at: number, seed: number, number: number): VolumeProblem {
  if (get32(b, at) !== MAGIC) return 'magic';
  if (!sectorCrcMatches(b, at, seed)) return 'crc';
  if (get32(b, at + NUMBER) !== number) return 'number';
  if (bucketCount(b, at) > BUCKET_ENTRIES) return 'count';
  return 'ok';
}

/** Home bucket of a hash among `buckets` (a power of two). */
export function homeBucket(hash: Uint8Array, at: number, buckets: number): number {
  return (get32(hash, at) & (buckets - 1)) >>> 0;
}

export function bucketCount(b: Uint8Array, at: number): number {
  return get16(b, at + COUNT);
}

/** True when an entry that belongs here or before may be in a later bucket: the search goes on. */
export function bucketOverflowed(b: Uint8Array, at: number): boolean {
  return (get16(b, at + FLAGS) & OVERFLOWED) !== 0;
}

export function entryHashAt(at: number, entry: number): number {
  return at + ENTRIES + entry * ENTRY_BYTES;
}

export function entryRecord(b: Uint8Array, at: number, entry: number): number {
  return get32(b, entryHashAt(at, entry) + HASH_BYTES);
}

export function entryKind(b: Uint8Array, at: number, entry: number): number {
  return b[entryHashAt(at, entry) + 15]!;
}

/** Number of the entry with this hash, or -1. */
export function findEntry(b: Uint8Array, at: number, hash: Uint8Array, hashAt: number): number {
  const count = bucketCount(b, at);
  const first = hash[hashAt]!;
  let entryAt = at + ENTRIES;
  for (let i = 0; i < count; i++) {
    // One byte decides nearly always; a call per entry would cost an interpreting engine more than the compare.
    if (b[entryAt] === first && equal(b, entryAt, hash, hashAt, HASH_BYTES)) return i;
    entryAt += ENTRY_BYTES;
  }
  return -1;
}

/** Writes an empty bucket, not sealed yet. */
export function emitBucket(b: Uint8Array, at: number, number: number): number {
  fill(b, at, SECTOR_BYTES, 0);
  put32(b, at, MAGIC);
  put32(b, at + NUMBER, number);
  return SECTOR_BYTES;
}

/** Adds an entry; false when the bucket is full. Seal the sector afterwards. */
export function addEntry(
  b: Uint8Array,
  at: number,
  hash: Uint8Array,
  hashAt: number,
  record: number,
  kind: number,
): boolean {
  const count = bucketCount(b, at);
  if (count >= BUCKET_ENTRIES) return false;
  const entryAt = entryHashAt(at, count);
  copy(hash, hashAt, b, entryAt, HASH_BYTES);
  put32(b, entryAt + HASH_BYTES, record);
  put32(b, entryAt + HASH_BYTES + 4, kind);
  put16(b, at + COUNT, count + 1);
  return true;
}

/** Marks the bucket as overflowed for good. Seal the sector afterwards. */
export function setOverflowed(b: Uint8Array, at: number): void {
  put16(b, at + FLAGS, get16(b, at + FLAGS) | OVERFLOWED);
}
