import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { SECTOR_BYTES } from '../sector.js';
import { systemError, VolumeError } from './error.js';
import { deviceBytes } from './image-target.js';

/** Sectors read at once while they are wanted one by one: neighbours are usually wanted next. */
const READ_AHEAD_SECTORS = 128;

/** An image file or a card in a reader, opened for reading. */
export class Medium {
  readonly path: string;
  readonly sectorCount: number;
  private readonly fd: number;
  private readonly ahead = Buffer.alloc(READ_AHEAD_SECTORS * SECTOR_BYTES);
  private aheadFirst = 0;
  private aheadCount = 0;

  constructor(path: string) {
    this.path = path;
    try {
      this.fd = openSync(path, 'r');
    } catch (error) {
      throw systemError(`cannot open ${path}`, error);
    }
    const stats = fstatSync(this.fd);
    if (!stats.isFile() && !stats.isBlockDevice()) {
      this.close();
      throw new VolumeError(`${path} is neither a file nor a card`, 'name an image file or a block device');
    }
    const bytes = stats.isBlockDevice() ? (deviceBytes(path) ?? Infinity) : stats.size;
    this.sectorCount = Math.floor(bytes / SECTOR_BYTES);
  }

  /** One sector, valid until the next call. @throws {VolumeError} beyond the end or when the medium fails */
  sector(number: number): Buffer {
    let place = number - this.aheadFirst;
    if (place < 0 || place >= this.aheadCount) {
      this.aheadCount = 0;
      this.aheadCount = this.readUpTo(number, READ_AHEAD_SECTORS, this.ahead);
      this.aheadFirst = number;
      if (this.aheadCount === 0) throw this.tooShort(number);
      place = 0;
    }
    return this.ahead.subarray(place * SECTOR_BYTES, (place + 1) * SECTOR_BYTES);
  }

  /** Reads `count` sectors to the beginning of `b`. @throws {VolumeError} when there are fewer or the medium fails */
  read(sector: number, count: number, b: Buffer): void {
    const got = this.readUpTo(sector, count, b);
    if (got < count) throw this.tooShort(sector + got);
  }

  private readUpTo(sector: number, count: number, b: Buffer): number {
    const length = count * SECTOR_BYTES;
    let done = 0;
    try {
      while (done < length) {
        const bytes = readSync(this.fd, b, done, length - done, sector * SECTOR_BYTES + done);
        if (bytes === 0) break;
        done += bytes;
      }
    } catch (error) {
      throw systemError(`cannot read sector ${sector} of ${this.path}`, error);
    }
    return Math.floor(done / SECTOR_BYTES);
  }

  private tooShort(sector: number): VolumeError {
    return new VolumeError(
      `${this.path} ends before sector ${sector}`,
      'get the whole image: this one was cut off',
    );
  }

  close(): void {
    closeSync(this.fd);
  }
}
