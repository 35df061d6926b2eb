/**
 * What a volume is made on: an image file, which appears under its name only when it is complete, or a card in a
 * reader, which is no volume before its last sector is written.
 */
import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SECTOR_BYTES } from '../sector.js';
import { systemError, systemErrorCode, VolumeError } from './error.js';

export interface ImageTarget {
  readonly fd: number;
  /** Size of a card; `undefined` for a file, which takes any size. */
  readonly sizeBytes: number | undefined;
  /** True when everything reads as zeros, so that zeros need no writing. */
  readonly isBlank: boolean;
  /** Sets the size of a file; nothing on a card. */
  setSize(bytes: number): void;
  /** Makes it durable and visible. */
  commit(): void;
  /** Leaves nothing behind; after {@link commit} it does nothing. */
  discard(): void;
}

/** @throws {VolumeError} when `path` cannot be written, or exists and `replace` is false */
export function openTarget(path: string, replace: boolean): ImageTarget {
  let stats;
  try {
    stats = statSync(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw systemError(`cannot make ${path}`, error);
  }
  if (stats === undefined) return new FileTarget(path);
  if (!stats.isFile() && !stats.isBlockDevice()) {
    throw new VolumeError(`${path} is neither a file nor a card`, 'name an image file or a block device');
  }
  if (!replace && stats.isBlockDevice()) {
    throw new VolumeError(`all that ${path} holds would be lost`, 'give --force if that is meant');
  }
  if (!replace) {
    throw new VolumeError(
      `${path} exists already`,
      'choose another name, or give --force to replace all of it',
    );
  }
  // Through symbolic links: the file itself is replaced, not the link to it.
  return stats.isFile() ? new FileTarget(realpathSync(path)) : new DeviceTarget(realpathSync(path));
}

class FileTarget implements ImageTarget {
  readonly fd: number;
  readonly sizeBytes = undefined;
  readonly isBlank = true;
  private readonly path: string;
  private readonly partial: string;
  private isOpen = true;

  constructor(path: string) {
    this.path = path;
    this.partial = join(dirname(path), `.${basename(path)}.${process.pid}.partial`);
    try {
      // A file of that name can only be what a killed process with the same id left behind.
      rmSync(this.partial, { force: true });
      this.fd = openSync(this.partial, 'wx');
    } catch (error) {
      throw systemError(`cannot make ${path}`, error);
    }
  }

  setSize(bytes: number): void {
    ftruncateSync(this.fd, bytes);
  }

  commit(): void {
    fsyncSync(this.fd);
    this.close();
    renameSync(this.partial, this.path);
  }

  discard(): void {
    if (!this.isOpen) return;
    this.close();
    rmSync(this.partial, { force: true });
  }

  private close(): void {
    this.isOpen = false;
    closeSync(this.fd);
  }
}

class DeviceTarget implements ImageTarget {
  readonly fd: number;
  readonly sizeBytes: number | undefined;
  readonly isBlank = false;
  private isOpen = true;

  constructor(path: string) {
    try {
      // On Linux, O_EXCL refuses a block device that is mounted or otherwise in use (open(2)).
      this.fd = openSync(path, constants.O_RDWR | constants.O_EXCL);
    } catch (error) {
      throw systemError(`cannot write to ${path}`, error);
    }
    this.sizeBytes = deviceBytes(path);
  }

  setSize(): void {}

  commit(): void {
    fsyncSync(this.fd);
    this.discard();
  }

  discard(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    closeSync(this.fd);
  }
}

/** Size of a block device by sysfs, or `undefined` where there is none. */
export function deviceBytes(path: string): number | undefined {
  try {
    const sectors = readFileSync(`/sys/class/block/${basename(realpathSync(path))}/size`, 'ascii');
    return Number(sectors) * SECTOR_BYTES;
  } catch {
    return undefined;
  }
}
