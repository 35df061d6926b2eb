/** A disk in memory, and what can go wrong with one. */
import { type DiskPort, PortStatus } from '../../../src/back-end/ports.js';

const SECTOR_BYTES = 512;

export class MemoryDisk implements DiskPort {
  readonly image: Uint8Array;
  /** Answered by every call while it is not `ok`. */
  failure: PortStatus = PortStatus.ok;
  /** Calls that a read answers with `pending` before it is done. */
  slowness = 0;
  reads = 0;
  /** Reads that did not begin where the one before had ended. */
  seeks = 0;
  #pending = 0;
  #next = -1;

  constructor(image: Uint8Array) {
    this.image = image;
  }

  get sectorCount(): number {
    return this.image.length / SECTOR_BYTES;
  }

  open(): PortStatus {
    return this.failure;
  }

  read(_nowUs: number, sector: number, count: number, b: Uint8Array, at: number): PortStatus {
    if (this.failure !== PortStatus.ok) return this.failure;
    if (sector + count > this.sectorCount) return PortStatus.outOfRange;
    if (this.#pending++ < this.slowness) return PortStatus.pending;
    this.#pending = 0;
    b.set(this.image.subarray(sector * SECTOR_BYTES, (sector + count) * SECTOR_BYTES), at);
    this.reads++;
    if (sector !== this.#next) this.seeks++;
    this.#next = sector + count;
    return PortStatus.ok;
  }

  write(): PortStatus {
    return PortStatus.unsupported;
  }
}
