/** The Card-Specific Data register ([SD] 5.3): bit n of the specification is bit n % 8 of byte 15 - n / 8. */
import { CSD_STRUCTURE_VERSION_1, CSD_STRUCTURE_VERSION_2, READ_TIMEOUT_US } from './registers.js';

/** TAAC's time value times ten, [SD] 5.3.2, Table 5-5. */
const TIME_VALUE_TENTHS = Object.freeze([0, 10, 12, 13, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 70, 80]);

/** The capacity in sectors of 512 bytes, or 0 when the structure is neither version 1.0 nor 2.0. */
export function csdSectorCount(csd: Uint8Array, at: number): number {
  const structure = csd[at]! >>> 6;
  if (structure === CSD_STRUCTURE_VERSION_1) {
    const readBlLen = csd[at + 5]! & 0x0f;
    const cSize = ((csd[at + 6]! & 0x03) << 10) | (csd[at + 7]! << 2) | (csd[at + 8]! >>> 6);
    const cSizeMult = ((csd[at + 9]! & 0x03) << 1) | (csd[at + 10]! >>> 7);
    if (readBlLen < 9 || readBlLen > 11) return 0;
    return (cSize + 1) << (cSizeMult + 2 + readBlLen - 9);
  }
  if (structure === CSD_STRUCTURE_VERSION_2) {
    const cSize = ((csd[at + 7]! & 0x3f) << 16) | (csd[at + 8]! << 8) | csd[at + 9]!;
    return (cSize + 1) * 1024;
  }
  return 0;
}

/**
 * How long the card may take to begin a data block, in microseconds ([SD] 4.6.2.1): 100 ms, or on an SDSC card
 * 100 times TAAC + NSAC at this bus clock when that is less.
 */
export function csdReadTimeoutUs(csd: Uint8Array, at: number, clockHz: number): number {
  const taac = csd[at + 1]!;
  const tenths = TIME_VALUE_TENTHS[(taac >>> 3) & 0x0f]!;
  if (csd[at]! >>> 6 !== CSD_STRUCTURE_VERSION_1 || tenths === 0) return READ_TIMEOUT_US;
  const taacNs = (tenths * Math.pow(10, taac & 0x07)) / 10;
  const nsacClocks = csd[at + 2]! * 100;
  const typicalUs = taacNs / 1000 + (nsacClocks * 1_000_000) / clockHz;
  return Math.min(READ_TIMEOUT_US, Math.ceil(100 * typicalUs));
}
