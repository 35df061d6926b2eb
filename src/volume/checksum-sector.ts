/**
 * The checksum sector in front of up to 127 data units: at 4·i the CRC-32C (from 0) of all sectors of unit i, the
 * zero padding of the last sector included; at 508 its own CRC-32C. Entries without a unit are zero and unread.
 *
 * Its own CRC starts from a seed that binds it to the volume, to the write that made the extent (tag) and to its
 * place in the object: what an older object left in these sectors does not pass, even if all of it is intact.
 */
import { get32, put32 } from '../wire/bytes.js';
import type { VolumeProblem } from './problem.js';
import { sectorCrcMatches } from './sector.js';

/** 2^32 divided by the golden ratio, odd, so that multiplying by it maps distinct numbers to distinct ones. */
const SPREAD = 0x9e37_79b1;

/** Seed for the group whose first unit is number `firstUnit` of the object, in an extent with this tag. */
export function checksumSeed(volumeSeed: number, tag: number, firstUnit: number): number {
  return (volumeSeed ^ tag ^ Math.imul(firstUnit, SPREAD)) >>> 0;
}

export function checkChecksumSector(b: Uint8Array, at: number, seed: number): VolumeProblem {
  return sectorCrcMatches(b, at, seed) ? 'ok' : 'crc';
}

/** CRC-32C of unit `index` (0 … 126) of the group. */
export function unitCrc(b: Uint8Array, at: number, index: number): number {
  return get32(b, at + index * 4);
}

/** Seal the sector with the group's {@link checksumSeed} afterwards. */
export function setUnitCrc(b: Uint8Array, at: number, index: number, crc: number): void {
  put32(b, at + index * 4, crc);
}
