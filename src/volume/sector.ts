/**
 * What all metadata sectors have in common: 512 bytes, big-endian fields, and in the last four bytes the
 * CRC-32C of the 508 before it. The CRC does not start at 0 but at a seed that says where the sector belongs
 * (see {@link volumeSeed}), so that what an earlier volume left on the card is never taken for this one's.
 */
import { crc32c } from '../wire/byte-loops.js';
import { get32, put32 } from '../wire/bytes.js';

export const SECTOR_BYTES = 512;
export const SECTOR_CRC = 508;
export const VOLUME_ID_BYTES = 16;

/** The seed of superblocks, which cannot know a volume id before they are checked. */
export const SUPERBLOCK_SEED = 0;

/** The seed of every other metadata sector of a volume: the CRC-32C of its 16-byte id. */
export function volumeSeed(volumeId: Uint8Array, at: number): number {
  return crc32c(volumeId, at, VOLUME_ID_BYTES, 0);
}

export function sectorCrcMatches(b: Uint8Array, at: number, seed: number): boolean {
  return get32(b, at + SECTOR_CRC) === crc32c(b, at, SECTOR_CRC, seed);
}

/** Fills in the CRC: the last thing to do to a metadata sector before it is written. */
export function sealSector(b: Uint8Array, at: number, seed: number): void {
  put32(b, at + SECTOR_CRC, crc32c(b, at, SECTOR_CRC, seed));
}
