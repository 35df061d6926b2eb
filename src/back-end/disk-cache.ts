/**
 * A few verified metadata sectors of the volume, the least recently used one making room. A sector is kept under its
 * number *and* the seed that its CRC was checked with, because for a checksum sector the seed says whose it is.
 */
import { fill } from '../wire/byte-loops.js';
import { SECTOR_BYTES } from '../volume/sector.js';

/** Sector 0 of a partition is a superblock, which is never cached. */
const NONE = 0;

export class SectorCache {
  /** Sector `slot` begins at `slot * SECTOR_BYTES`. */
  readonly bytes: Uint8Array;
  private readonly slots: number;
  private readonly sectors: Uint32Array;
  private readonly seeds: Uint32Array;
  private readonly usedAt: Uint32Array;
  private clock = 0;

  constructor(slots: number) {
    this.slots = slots;
    this.bytes = new Uint8Array(slots * SECTOR_BYTES);
    this.sectors = new Uint32Array(slots);
    this.seeds = new Uint32Array(slots);
    this.usedAt = new Uint32Array(slots);
  }

  /** Slot that holds the sector, or -1; `hint` is the slot where it was last time, or any other number. */
  find(sector: number, seed: number, hint: number): number {
    let slot = hint;
    if (this.sectors[slot] !== sector || this.seeds[slot] !== seed) {
      for (slot = 0; slot < this.slots; slot++) {
        if (this.sectors[slot] === sector && this.seeds[slot] === seed) break;
      }
      if (slot === this.slots) return -1;
    }
    this.usedAt[slot] = ++this.clock;
    return slot;
  }

  /** Empties the slot that was not used for the longest time; asked again before {@link keep}, the same slot. */
  evict(): number {
    let oldest = 0;
    for (let slot = 1; slot < this.slots; slot++) {
      if (this.usedAt[slot]! < this.usedAt[oldest]!) oldest = slot;
    }
    this.drop(oldest);
    return oldest;
  }

  /** States that the slot's bytes now are this sector, verified. */
  keep(slot: number, sector: number, seed: number): void {
    this.sectors[slot] = sector;
    this.seeds[slot] = seed;
    this.usedAt[slot] = ++this.clock;
  }

  drop(slot: number): void {
    this.sectors[slot] = NONE;
    this.usedAt[slot] = 0;
  }

  clear(): void {
    for (let slot = 0; slot < this.slots; slot++) this.drop(slot);
    fill(this.bytes, 0, this.bytes.length, 0);
  }
}
