/** The Card-Specific Data register ([SD] 5.3): bit n of the specification is bit n % 8 of byte 15 - n / 8. */
import { CSD_STRUCTURE_VERSION_1, CSD_STRUCTURE_VERSION_2 } from './registers.js';

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
