/** Copies a file of the PC into its extents: groups of a checksum sector and data, in writes of whole groups. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32c } from '../../wire/byte-loops.js';
import { checksumSeed, setUnitCrc } from '../checksum-sector.js';
import { unitsForBytes, unitsInExtent } from '../extent.js';
import type { Geometry } from '../geometry.js';
import { BLOCK_SECTORS, GROUP_SECTORS, GROUP_UNITS, UNIT_BYTES } from '../limits.js';
import { ObjectKind } from '../record.js';
import { sealSector, SECTOR_BYTES } from '../sector.js';
import { systemError, VolumeError } from './error.js';
import type { ImageWriter } from './image-writer.js';
import type { Pause } from './pause.js';
import type { PlannedObject } from './plan.js';
import { modifiedMsOf } from './source-tree.js';
import { VersionHash } from './version.js';

export class ContentWriter {
  private readonly writer: ImageWriter;
  private readonly geometry: Geometry;
  private readonly seed: number;
  private readonly pause: Pause;
  private readonly onBytes: (bytes: number) => void;

  constructor(
    writer: ImageWriter,
    geometry: Geometry,
    seed: number,
    pause: Pause,
    onBytes: (bytes: number) => void,
  ) {
    this.writer = writer;
    this.geometry = geometry;
    this.seed = seed;
    this.pause = pause;
    this.onBytes = onBytes;
  }

  /** Writes the object's extents, or keeps its content for the record, and sets its version. */
  async write(object: PlannedObject): Promise<void> {
    const { file, sizeBytes, modifiedMs } = object.source;
    const version = new VersionHash(ObjectKind.file, sizeBytes, modifiedMs);
    const source = new SourceFile(file, sizeBytes, modifiedMs);
    try {
      if (object.inline) {
        object.content = new Uint8Array(sizeBytes);
        source.read(object.content, 0, sizeBytes);
        version.addContent(object.content);
        this.onBytes(sizeBytes);
      } else {
        await this.writeExtents(object, source, version);
      }
      source.checkUnchanged();
    } finally {
      source.close();
    }
    object.version = version.finish();
    await this.pause.breathe();
  }

  private async writeExtents(object: PlannedObject, source: SourceFile, version: VersionHash): Promise<void> {
    const { sizeBytes } = object.source;
    const units = unitsForBytes(sizeBytes);
    let unit = 0;
    for (const [i, extent] of object.extents.entries()) {
      const isLast = i === object.extents.length - 1;
      const end = isLast ? units : unit + unitsInExtent(extent.blocks);
      let sector = this.geometry.dataStart + extent.startBlock * BLOCK_SECTORS;
      while (unit < end) {
        const next = Math.min(unit + GROUP_UNITS, end);
        const bytes = Math.min(next * UNIT_BYTES, sizeBytes) - unit * UNIT_BYTES;
        const seed = checksumSeed(this.seed, object.tag, unit);
        version.addContent(this.writeGroup(sector, bytes, seed, source));
        this.onBytes(bytes);
        unit = next;
        sector += GROUP_SECTORS;
        await this.pause.breathe();
      }
    }
  }

  /** Writes one group from `sector` on; returns its data, in the writer's buffer. */
  private writeGroup(sector: number, bytes: number, seed: number, source: SourceFile): Uint8Array {
    const dataSectors = Math.ceil(bytes / SECTOR_BYTES);
    const b = this.writer.buffer;
    const checksumsAt = this.writer.place(sector, 1 + dataSectors);
    const dataAt = checksumsAt + SECTOR_BYTES;
    const end = dataAt + dataSectors * SECTOR_BYTES;
    b.fill(0, checksumsAt, dataAt);
    source.read(b, dataAt, bytes);
    b.fill(0, dataAt + bytes, end);
    for (let at = dataAt, i = 0; at < end; at += UNIT_BYTES, i++) {
      setUnitCrc(b, checksumsAt, i, crc32c(b, at, Math.min(UNIT_BYTES, end - at), 0));
    }
    sealSector(b, checksumsAt, seed);
    return b.subarray(dataAt, dataAt + bytes);
  }
}

/** A file that must stay as it was when the volume was planned. */
class SourceFile {
  private readonly path: string;
  private readonly sizeBytes: number;
  private readonly modifiedMs: number;
  private readonly fd: number;

  constructor(path: string, sizeBytes: number, modifiedMs: number) {
    this.path = path;
    this.sizeBytes = sizeBytes;
    this.modifiedMs = modifiedMs;
    try {
      this.fd = openSync(path, 'r');
    } catch (error) {
      throw systemError(`cannot read ${path}`, error);
    }
  }

  read(b: Uint8Array, at: number, length: number): void {
    for (let done = 0; done < length;) {
      let bytes: number;
      try {
        bytes = readSync(this.fd, b, at + done, length - done, null);
      } catch (error) {
        throw systemError(`cannot read ${this.path}`, error);
      }
      if (bytes === 0) throw this.changed();
      done += bytes;
    }
  }

  checkUnchanged(): void {
    const stats = fstatSync(this.fd);
    if (stats.size !== this.sizeBytes || modifiedMsOf(stats) !== this.modifiedMs) throw this.changed();
  }

  close(): void {
    closeSync(this.fd);
  }

  private changed(): VolumeError {
    return new VolumeError(
      `${this.path} changed while it was being copied`,
      'run it again when nobody writes to it',
    );
  }
}
