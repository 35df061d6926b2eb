/** A disk port over an image in memory, which answers late, fails on request, and counts what it is asked. */
import assert from 'node:assert/strict';
import { PortStatus, type DiskPort } from '../../src/back-end/ports.js';
import { SECTOR } from './fixtures.js';

export class MemoryDisk implements DiskPort {
  image: Buffer;
  /** How likely a call answers `pending`, 0 … 1. */
  lateness = 0;
  /** Asked before each read of sectors; anything but `ok` is answered instead. */
  fault: (sector: number, count: number) => PortStatus = () => PortStatus.ok;
  /** May change what a read brought, as a bad bus would. */
  distort: (sector: number, b: Uint8Array) => void = () => {};
  openStatus: PortStatus = PortStatus.ok;
  opens = 0;
  sectorsRead = 0;
  /** Reads that do not continue the one before: seeks. */
  commands = 0;
  private nextSector = -1;
  private random: number;

  constructor(image: Buffer, seed = 1) {
    this.image = image;
    this.random = seed >>> 0;
  }

  get sectorCount(): number {
    return Math.floor(this.image.length / SECTOR);
  }

  open(): PortStatus {
    if (this.isLate()) return PortStatus.pending;
    this.opens++;
    this.nextSector = -1;
    return this.openStatus;
  }

  read(_nowUs: number, sector: number, count: number, b: Uint8Array, at: number): PortStatus {
    assert.ok(Number.isInteger(sector) && count >= 1 && count <= 8, 'a bounded read of whole sectors');
    assert.ok(at + count * SECTOR <= b.length, 'a read that fits its buffer');
    if (this.isLate()) {
      // Whoever looks at the buffer before the final answer shall regret it.
      b.fill(0x5a, at, at + count * SECTOR);
      return PortStatus.pending;
    }
    const status = sector + count > this.sectorCount ? PortStatus.outOfRange : this.fault(sector, count);
    if (status !== PortStatus.ok) {
      b.fill(0x5a, at, at + count * SECTOR);
      this.nextSector = -1;
      return status;
    }
    if (sector !== this.nextSector) this.commands++;
    this.nextSector = sector + count;
    this.sectorsRead += count;
    const target = b.subarray(at, at + count * SECTOR);
    target.set(this.image.subarray(sector * SECTOR, (sector + count) * SECTOR));
    this.distort(sector, target);
    return PortStatus.ok;
  }

  write(): PortStatus {
    return PortStatus.unsupported;
  }

  private isLate(): boolean {
    this.random = (Math.imul(this.random, 1_664_525) + 1_013_904_223) >>> 0;
    return (this.random >>> 8) / 2 ** 24 < this.lateness;
  }
}
