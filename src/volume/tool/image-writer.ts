import { writeSync } from 'node:fs';
import { SECTOR_BYTES } from '../sector.js';
import { GROUP_SECTORS } from '../limits.js';
import { systemError } from './error.js';

/** Neighbouring sectors go to the system in writes of about a megabyte. */
const BUFFER_SECTORS = 2 * GROUP_SECTORS;

/** Writes sectors of the partition through one buffer that is filled in place. */
export class ImageWriter {
  readonly buffer = Buffer.alloc(BUFFER_SECTORS * SECTOR_BYTES);
  private readonly fd: number;
  private readonly startSector: number;
  private firstSector = 0;
  private sectors = 0;

  /** Sectors count from `startSector` of the medium. */
  constructor(fd: number, startSector: number) {
    this.fd = fd;
    this.startSector = startSector;
  }

  /**
   * Makes room for `count` (at most {@link GROUP_SECTORS}) sectors from `sector` on; returns where they begin in
   * {@link buffer}. Their old content is anything: fill all of it before the next call.
   */
  place(sector: number, count: number): number {
    const follows = sector === this.firstSector + this.sectors;
    if (!follows || this.sectors + count > BUFFER_SECTORS) {
      this.flush();
      this.firstSector = sector;
    }
    const at = this.sectors * SECTOR_BYTES;
    this.sectors += count;
    return at;
  }

  /** Makes room for a zeroed sector. */
  placeZeros(sector: number): number {
    const at = this.place(sector, 1);
    this.buffer.fill(0, at, at + SECTOR_BYTES);
    return at;
  }

  flush(): void {
    const length = this.sectors * SECTOR_BYTES;
    const position = (this.startSector + this.firstSector) * SECTOR_BYTES;
    this.sectors = 0;
    try {
      for (let done = 0; done < length;) {
        done += writeSync(this.fd, this.buffer, done, length - done, position + done);
      }
    } catch (error) {
      throw systemError('cannot write the volume', error);
    }
  }
}
