/**
 * The master boot record in LBA 0 of the card: one partition entry, so that a PC sees a disk in use and does
 * not offer to format it. The only little-endian structure of the format (it is the PC's, not ours).
 *
 *   0 boot code, zero   440 disk signature, the PC's   446 four entries of 16 bytes   510 0x55 0xAA
 *   entry: 0 status   1 first CHS   4 type   5 last CHS   8 first sector   12 sectors
 *
 * Source: UEFI Specification 2.10, 5.2.1 (legacy MBR).
 */
import { fill } from '../wire/byte-loops.js';
import type { VolumeProblem } from './problem.js';
import { SECTOR_BYTES } from './sector.js';

/** "Non-FS data": Linux, macOS and Windows leave such a partition alone. */
export const PARTITION_TYPE = 0xda;

export const MBR_ENTRIES = 446;
export const MBR_ENTRY_BYTES = 16;
const ENTRY_COUNT = 4;
const TYPE = 4;
const START = 8;
const SECTORS = 12;
const SIGNATURE = 510;

export function checkMbr(b: Uint8Array, at: number): VolumeProblem {
  if (b[at + SIGNATURE] !== 0x55 || b[at + SIGNATURE + 1] !== 0xaa) return 'no-mbr';
  return volumeEntry(b, at) < 0 ? 'no-partition' : 'ok';
}

/** Position of the first entry of the volume's type, or -1. */
function volumeEntry(b: Uint8Array, at: number): number {
  for (let i = 0; i < ENTRY_COUNT; i++) {
    const entry = at + MBR_ENTRIES + i * MBR_ENTRY_BYTES;
    if (b[entry + TYPE] === PARTITION_TYPE) return entry;
  }
  return -1;
}

/** First sector of the volume's partition; only after {@link checkMbr} said 'ok'. */
export function partitionStart(b: Uint8Array, at: number): number {
  return getLe32(b, volumeEntry(b, at) + START);
}

/** Length of the volume's partition in sectors; only after {@link checkMbr} said 'ok'. */
export function partitionSectors(b: Uint8Array, at: number): number {
  return getLe32(b, volumeEntry(b, at) + SECTORS);
}

export function emitMbr(b: Uint8Array, at: number, startSector: number, sectorCount: number): number {
  fill(b, at, SECTOR_BYTES, 0);
  const entry = at + MBR_ENTRIES;
  // CHS addresses of 1023/254/63 say "beyond CHS, use the sector numbers".
  for (let i = 0; i < 2; i++) {
    const chs = entry + 1 + i * 4;
    b[chs] = 0xfe;
    b[chs + 1] = 0xff;
    b[chs + 2] = 0xff;
  }
  b[entry + TYPE] = PARTITION_TYPE;
  putLe32(b, entry + START, startSector);
  putLe32(b, entry + SECTORS, sectorCount);
  b[at + SIGNATURE] = 0x55;
  b[at + SIGNATURE + 1] = 0xaa;
  return SECTOR_BYTES;
}

function getLe32(b: Uint8Array, at: number): number {
  return (b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24)) >>> 0;
}

function putLe32(b: Uint8Array, at: number, value: number): void {
  b[at] = value;
  b[at + 1] = value >>> 8;
  b[at + 2] = value >>> 16;
  b[at + 3] = value >>> 24;
}
