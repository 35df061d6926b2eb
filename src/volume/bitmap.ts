/**
 * The allocation bitmap: one bit a block of the data region, 1 = in use. Offsets in each of its sectors:
 *
 *   0 magic "ATBM"   4 number of this sector in the bitmap   8 free blocks here (2)   10 zero (2)
 *   12 3,968 bits, most significant first   508 CRC-32C (volume seed)
 *
 * Bits beyond the last block of the volume are 1, so that nobody allocates them.
 */
import { fill } from '../wire/byte-loops.js';
import { get16, get32, put16, put32 } from '../wire/bytes.js';
import type { VolumeProblem } from './problem.js';
import { sectorCrcMatches, SECTOR_BYTES } from './sector.js';

/** Blocks that one bitmap sector describes. */
export const BITMAP_BLOCKS = 3968;

const MAGIC = 0x4154_424d; // "ATBM"
const NUMBER = 4;
const FREE = 8;
const BITS = 12;

export function checkBitmap(b: Uint8Array, at: number, seed: number, number: number): VolumeProblem {
  if (get32(b, at) !== MAGIC) return 'magic';
  if (!sectorCrcMatches(b, at, seed)) return 'crc';
  if (get32(b, at + NUMBER) !== number) return 'number';
  if (bitmapFreeBlocks(b, at) > BITMAP_BLOCKS) return 'count';
  return 'ok';
}

export function bitmapFreeBlocks(b: Uint8Array, at: number): number {
  return get16(b, at + FREE);
}

/** True when block `index` of this sector (0 … 3,967) is in use. */
export function blockInUse(b: Uint8Array, at: number, index: number): boolean {
  return (b[at + BITS + (index >>> 3)]! & (0x80 >>> (index & 7))) !== 0;
}

/** Marks a free block as used; seal the sector afterwards. */
export function takeBlock(b: Uint8Array, at: number, index: number): void {
  b[at + BITS + (index >>> 3)]! |= 0x80 >>> (index & 7);
  put16(b, at + FREE, bitmapFreeBlocks(b, at) - 1);
}

/** Writes a sector whose first `blockCount` blocks are free, not sealed yet. */
export function emitBitmap(b: Uint8Array, at: number, number: number, blockCount: number): number {
  fill(b, at, SECTOR_BYTES, 0);
  put32(b, at, MAGIC);
  put32(b, at + NUMBER, number);
  put16(b, at + FREE, blockCount);
  const whole = (blockCount + 7) >>> 3;
  fill(b, at + BITS + whole, (BITMAP_BLOCKS >>> 3) - whole, 0xff);
  if ((blockCount & 7) !== 0) b[at + BITS + whole - 1] = 0xff >>> (blockCount & 7);
  return SECTOR_BYTES;
}
