/**
 * The volume's state: the sector of record 0, changed by every mutation and journalled with it. Offsets:
 *
 *   0 magic "ATST"   4 zero   8 records ever used (record 0 included)   12 first free record   16 free records
 *   20 free blocks   24 next extent tag   28 block at which the next allocation starts to search
 *   32 journal position (8) before which every entry is in place   40 watermark: epoch, counter
 *   48 zero   508 CRC-32C (volume seed)
 *
 * Records numbered "ever used" or above were never written, and their sectors hold anything. Records below it
 * that were given back form a list through their next siblings.
 */
import { fill } from '../wire/byte-loops.js';
import { get32, get64, put32, put64 } from '../wire/bytes.js';
import type { VolumeProblem } from './problem.js';
import { sealSector, sectorCrcMatches, SECTOR_BYTES } from './sector.js';

const MAGIC = 0x4154_5354; // "ATST"

export class VolumeState {
  recordsUsed = 0;
  firstFreeRecord = 0;
  freeRecords = 0;
  freeBlocks = 0;
  nextTag = 0;
  allocationCursor = 0;
  journalPosition = 0;
  watermarkEpoch = 0;
  watermarkCounter = 0;
}

/** Checks the state and reads it into `into`, whose fields mean something only after 'ok'. */
export function parseState(b: Uint8Array, at: number, seed: number, into: VolumeState): VolumeProblem {
  if (get32(b, at) !== MAGIC) return 'magic';
  if (!sectorCrcMatches(b, at, seed)) return 'crc';
  into.recordsUsed = get32(b, at + 8);
  into.firstFreeRecord = get32(b, at + 12);
  into.freeRecords = get32(b, at + 16);
  into.freeBlocks = get32(b, at + 20);
  into.nextTag = get32(b, at + 24);
  into.allocationCursor = get32(b, at + 28);
  into.journalPosition = get64(b, at + 32);
  into.watermarkEpoch = get32(b, at + 40);
  into.watermarkCounter = get32(b, at + 44);
  return 'ok';
}

export function emitState(b: Uint8Array, at: number, seed: number, from: VolumeState): number {
  fill(b, at, SECTOR_BYTES, 0);
  put32(b, at, MAGIC);
  put32(b, at + 8, from.recordsUsed);
  put32(b, at + 12, from.firstFreeRecord);
  put32(b, at + 16, from.freeRecords);
  put32(b, at + 20, from.freeBlocks);
  put32(b, at + 24, from.nextTag);
  put32(b, at + 28, from.allocationCursor);
  put64(b, at + 32, from.journalPosition);
  put32(b, at + 40, from.watermarkEpoch);
  put32(b, at + 44, from.watermarkCounter);
  sealSector(b, at, seed);
  return SECTOR_BYTES;
}
