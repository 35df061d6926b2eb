/**
 * Extents: runs of blocks that hold an object's data, and the arithmetic from a data unit to its sectors.
 *
 *   0 first block   4 blocks   8 tag, the same in no two writes of the volume's life (12 bytes)
 *
 * An extent is a sequence of groups, each one checksum sector and up to 127 data units of 8 sectors, from its
 * first sector on without gaps. It holds as many whole units as fit; an object's last extent may end with
 * one shorter unit of 1 to 7 sectors. All functions take and give sectors counted from the extent's start.
 */
import { get32, put32 } from '../wire/bytes.js';
import { BLOCK_SECTORS, GROUP_SECTORS, GROUP_UNITS, UNIT_BYTES, UNIT_SECTORS } from './limits.js';
import { SECTOR_BYTES } from './sector.js';

export const EXTENT_BYTES = 12;

export function extentStart(b: Uint8Array, at: number): number {
  return get32(b, at);
}

export function extentBlocks(b: Uint8Array, at: number): number {
  return get32(b, at + 4);
}

export function extentTag(b: Uint8Array, at: number): number {
  return get32(b, at + 8);
}

export function emitExtent(
  b: Uint8Array,
  at: number,
  startBlock: number,
  blocks: number,
  tag: number,
): number {
  put32(b, at, startBlock);
  put32(b, at + 4, blocks);
  put32(b, at + 8, tag);
  return EXTENT_BYTES;
}

/** Whole units that an extent of `blocks` blocks holds. */
export function unitsInExtent(blocks: number): number {
  const sectors = blocks * BLOCK_SECTORS;
  const groups = Math.floor(sectors / GROUP_SECTORS);
  const rest = sectors - groups * GROUP_SECTORS;
  return groups * GROUP_UNITS + (rest > UNIT_SECTORS ? (rest - 1) >>> 3 : 0);
}

/** Checksum sector of the group that unit `unit` of the extent is in. */
export function checksumSectorOf(unit: number): number {
  return Math.floor(unit / GROUP_UNITS) * GROUP_SECTORS;
}

/** First data sector of unit `unit` of the extent. */
export function dataSectorOf(unit: number): number {
  const group = Math.floor(unit / GROUP_UNITS);
  return group * GROUP_SECTORS + 1 + (unit - group * GROUP_UNITS) * UNIT_SECTORS;
}

/** Units, the shorter last one included, of `bytes` bytes. */
export function unitsForBytes(bytes: number): number {
  return Math.ceil(bytes / UNIT_BYTES);
}

/** Sectors of the last of `unitsForBytes(bytes)` units; `bytes` > 0. */
export function lastUnitSectors(bytes: number): number {
  const rest = bytes % UNIT_BYTES;
  return rest === 0 ? UNIT_SECTORS : Math.ceil(rest / SECTOR_BYTES);
}

/** Sectors that `bytes` bytes of data and their checksums take in one extent. */
export function sectorsForBytes(bytes: number): number {
  if (bytes === 0) return 0;
  return dataSectorOf(unitsForBytes(bytes) - 1) + lastUnitSectors(bytes);
}

/** Blocks of the smallest extent that holds `bytes` bytes. */
export function blocksForBytes(bytes: number): number {
  return Math.ceil(sectorsForBytes(bytes) / BLOCK_SECTORS);
}
