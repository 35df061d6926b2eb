/**
 * The CSD register that an emulated SD card shows: [SD] 5.3.2 (version 1.0, SDSC) and 5.3.3 (version 2.0, SDHC and
 * SDXC), with [SD] as in sd-card-model.ts.
 */
import { crc7 } from '../../../src/wire/byte-loops.js';

export const CSD_BYTES = 16;

/** How a capacity is written in the CSD; it may be less than what was asked for. */
export interface CsdCapacity {
  readonly sectorCount: number;
  readonly cSize: number;
  /** Version 1.0 only. */
  readonly cSizeMult: number;
  readonly readBlLen: number;
}

/** Capacities go in steps of 512 KB. [SD] 5.3.3, C_SIZE; smaller values than its minimum are let pass. */
export function highCapacity(sectors: number): CsdCapacity {
  const steps = Math.min(Math.floor(sectors / 1024), 0x40_0000);
  if (steps === 0)
    throw new RangeError(
      `A high capacity card has at least 1,024 sectors, not ${sectors}: use highCapacity: false`,
    );
  return { sectorCount: steps * 1024, cSize: steps - 1, cSizeMult: 0, readBlLen: 9 };
}

/** (C_SIZE + 1) · 2^(C_SIZE_MULT + 2) blocks of 2^READ_BL_LEN bytes. [SD] 5.3.2, C_SIZE; 2 GB needs 1,024-byte blocks. */
export function standardCapacity(sectors: number): CsdCapacity {
  for (let shift = 2; shift <= 10; shift++) {
    const steps = Math.floor(sectors / (1 << shift));
    if (steps > 4096) continue;
    if (steps === 0) throw new RangeError(`A card has at least 4 sectors, not ${sectors}`);
    const readBlLen = shift === 10 ? 10 : 9;
    return {
      sectorCount: steps << shift,
      cSize: steps - 1,
      cSizeMult: shift - 2 - (readBlLen - 9),
      readBlLen,
    };
  }
  throw new RangeError(
    `A standard capacity card has at most 4,194,304 sectors, not ${sectors}: use highCapacity: true`,
  );
}

/** Writes the register as CMD9 sends it, its CRC7 in the last byte. */
export function writeCsd(b: Uint8Array, at: number, capacity: CsdCapacity, isHighCapacity: boolean): void {
  const { cSize, cSizeMult, readBlLen } = capacity;
  b.fill(0, at, at + CSD_BYTES);
  b[at] = isHighCapacity ? 0x40 : 0x00; // CSD_STRUCTURE
  b[at + 1] = isHighCapacity ? 0x0e : 0x26; // TAAC: 1 ms, 1.5 ms
  b[at + 3] = 0x32; // TRAN_SPEED: 25 MHz
  b[at + 4] = 0x5b; // CCC 0x5b5
  b[at + 5] = 0x50 | readBlLen;
  if (isHighCapacity) {
    b[at + 7] = cSize >>> 16; // C_SIZE [69:48]
    b[at + 8] = cSize >>> 8;
    b[at + 9] = cSize;
  } else {
    b[at + 6] = 0x80 | (cSize >>> 10); // READ_BL_PARTIAL, C_SIZE [73:62]
    b[at + 7] = cSize >>> 2;
    b[at + 8] = (cSize << 6) | 0x2d; // VDD_R_CURR_MIN, VDD_R_CURR_MAX
    b[at + 9] = 0xb4 | (cSizeMult >>> 1); // VDD_W_CURR_MIN, VDD_W_CURR_MAX, C_SIZE_MULT [49:47]
  }
  b[at + 10] = 0x7f | (cSizeMult << 7); // ERASE_BLK_EN, SECTOR_SIZE [45:39]
  b[at + 11] = 0x80;
  b[at + 12] = 0x08 | (readBlLen >>> 2); // R2W_FACTOR 4, WRITE_BL_LEN [25:22]
  b[at + 13] = readBlLen << 6;
  b[at + 15] = crc7(b, at, CSD_BYTES - 1, 0) | 0x01;
}
