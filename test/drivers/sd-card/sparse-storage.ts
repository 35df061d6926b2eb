import type { SdCardStorage } from '../../../hosts/virtual-board/chips/sd-card-model.js';

const SECTOR_BYTES = 512;

/** A medium of any size. A sector that was never written holds its number, see {@link freshSector}. */
export class SparseStorage implements SdCardStorage {
  readonly sectorCount: number;
  readonly #sectors = new Map<number, Uint8Array>();

  constructor(sectorCount: number) {
    this.sectorCount = sectorCount;
  }

  read(sector: number, count: number, b: Uint8Array, at: number): boolean {
    for (let i = 0; i < count; i++)
      b.set(this.#sectors.get(sector + i) ?? freshSector(sector + i), at + i * SECTOR_BYTES);
    return true;
  }

  write(sector: number, count: number, b: Uint8Array, at: number): boolean {
    for (let i = 0; i < count; i++)
      this.#sectors.set(sector + i, b.slice(at + i * SECTOR_BYTES, at + (i + 1) * SECTOR_BYTES));
    return true;
  }
}

/** 512 bytes that no other sector has. */
export function freshSector(sector: number): Buffer {
  const b = Buffer.alloc(SECTOR_BYTES);
  for (let i = 0; i < SECTOR_BYTES; i += 8) {
    b.writeUInt32BE(sector, i);
    b.writeUInt32BE(Math.imul(sector + i, 0x9e3779b1) >>> 0, i + 4);
  }
  return b;
}
