/** Reads a volume on a PC: looks up, lists and copies out, verifying everything on the way. */
import { crc32c, sipHash } from '../../wire/byte-loops.js';
import { checkChecksumSector, checksumSeed, unitCrc } from '../checksum-sector.js';
import {
  dataSectorOf,
  EXTENT_BYTES,
  extentBlocks,
  extentStart,
  extentTag,
  lastUnitSectors,
  unitsForBytes,
  unitsInExtent,
} from '../extent.js';
import { BLOCK_SECTORS, GROUP_SECTORS, GROUP_UNITS, UNIT_BYTES } from '../limits.js';
import {
  bucketOverflowed,
  checkBucket,
  entryRecord,
  findEntry,
  HASH_BYTES,
  homeBucket,
} from '../name-index.js';
import type { VolumeProblem } from '../problem.js';
import {
  checkRecord,
  CONTINUATION_AREA,
  continuationNext,
  continuationOrdinal,
  continuationOwner,
  ObjectKind,
  RECORD_AREA,
  RECORD_PATH,
  RECORD_VERSION,
  recordContinuation,
  recordExtentCount,
  recordFirstChild,
  recordIsInline,
  recordKind,
  recordModifiedMs,
  recordNextSibling,
  recordParent,
  recordPathBytes,
  recordSize,
  VERSION_BYTES,
} from '../record.js';
import { SECTOR_BYTES, volumeSeed } from '../sector.js';
import type { Superblock } from '../superblock.js';
import { explain, VolumeError } from './error.js';
import { findSuperblock } from './find-superblock.js';
import { Medium } from './medium.js';

export interface VolumeObject {
  readonly record: number;
  readonly isDirectory: boolean;
  /** Empty for the root directory. */
  readonly path: string;
  /** Last component of {@link path}. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** 32 hexadecimal digits. */
  readonly version: string;
  readonly parent: number;
  readonly firstChild: number;
  readonly nextSibling: number;
  readonly continuation: number;
  /** Content that the record holds itself. */
  readonly content: Buffer | undefined;
  /** Extents of the record itself, {@link EXTENT_BYTES} each. */
  readonly extents: Buffer;
}

export class VolumeReader {
  readonly superblock: Superblock;
  readonly startSector: number;
  /** Seed of the CRC of the volume's metadata sectors. */
  readonly seed: number;
  private readonly medium: Medium;
  private readonly group = Buffer.alloc(GROUP_SECTORS * SECTOR_BYTES);

  /** Opens the volume on an image file or a card. @throws {VolumeError} when there is none */
  constructor(path: string) {
    this.medium = new Medium(path);
    const found = findSuperblock(this.medium);
    if (found.superblock === undefined || found.problem !== 'ok') {
      this.medium.close();
      throw new VolumeError(
        `${path} has no volume that can be read: ${explain(found.problem)}`,
        'see what "atcp volume check" finds, or name another image',
      );
    }
    this.superblock = found.superblock;
    this.startSector = found.startSector;
    this.seed = volumeSeed(this.superblock.volumeId, 0);
  }

  close(): void {
    this.medium.close();
  }

  /** The object at a path; slashes at either end do not matter. @throws {VolumeError} when there is none */
  find(path: string): VolumeObject {
    const wanted = path.normalize('NFC').replace(/^\/+|\/+$/g, '');
    const object = this.search(Buffer.from(wanted, 'utf8'));
    if (object !== undefined) return object;
    throw new VolumeError(`the volume has no "${wanted}"`, 'list what it has with "atcp volume ls"');
  }

  /** The objects in a directory, in the order of its list. */
  *children(directory: VolumeObject): Generator<VolumeObject> {
    let steps = 0;
    const prefix = directory.path === '' ? '' : `${directory.path}/`;
    for (let record = directory.firstChild; record !== 0;) {
      const child = this.object(record);
      // Paths that grow with every level also keep a damaged tree from being walked in circles.
      const belongs =
        child.parent === directory.record && child.path === prefix + child.name && child.name !== '';
      if (!belongs || ++steps > this.superblock.recordCount) {
        throw this.damage(this.recordSector(record), `a child of "${directory.path}"`, 'link');
      }
      yield child;
      record = child.nextSibling;
    }
  }

  /** The content of a file in pieces of up to 508 KiB, each valid until the next. */
  *content(object: VolumeObject): Generator<Buffer> {
    if (object.content !== undefined) {
      yield object.content;
      return;
    }
    const units = unitsForBytes(object.sizeBytes);
    let unit = 0;
    for (const { startBlock, blocks, tag } of this.extents(object)) {
      if (unit === units) break;
      const rest = units - unit;
      const endsHere = dataSectorOf(rest - 1) + lastUnitSectors(object.sizeBytes) <= blocks * BLOCK_SECTORS;
      const end = unit + (endsHere ? rest : unitsInExtent(blocks));
      if (end === unit || startBlock + blocks > this.superblock.dataBlocks) {
        throw this.damage(this.recordSector(object.record), `an extent of "${object.path}"`, 'extent');
      }
      let sector = this.superblock.dataStart + startBlock * BLOCK_SECTORS;
      for (; unit < end; sector += GROUP_SECTORS) {
        const next = Math.min(unit + GROUP_UNITS, end);
        yield this.readGroup(object, sector, unit, next, checksumSeed(this.seed, tag, unit));
        unit = next;
      }
    }
    if (unit < units) throw this.damage(this.recordSector(object.record), `"${object.path}"`, 'size');
  }

  /** All extents of an object, from its record and its continuations. */
  private *extents(object: VolumeObject): Generator<{ startBlock: number; blocks: number; tag: number }> {
    let list = object.extents;
    let next = object.continuation;
    for (let ordinal = 1; ; ordinal++) {
      for (let at = 0; at < list.length; at += EXTENT_BYTES) {
        yield {
          startBlock: extentStart(list, at),
          blocks: extentBlocks(list, at),
          tag: extentTag(list, at),
        };
      }
      if (next === 0) return;
      const b = this.record(next);
      const belongs =
        recordKind(b, 0) === ObjectKind.continuation &&
        continuationOwner(b, 0) === object.record &&
        continuationOrdinal(b, 0) === ordinal;
      if (!belongs) throw this.damage(this.recordSector(next), `a continuation of "${object.path}"`, 'link');
      const length = recordExtentCount(b, 0) * EXTENT_BYTES;
      list = Buffer.from(b.subarray(CONTINUATION_AREA, CONTINUATION_AREA + length));
      next = continuationNext(b, 0);
    }
  }

  private readGroup(object: VolumeObject, sector: number, unit: number, end: number, seed: number): Buffer {
    const bytes = Math.min(end * UNIT_BYTES, object.sizeBytes) - unit * UNIT_BYTES;
    const sectors = 1 + Math.ceil(bytes / SECTOR_BYTES);
    this.medium.read(this.startSector + sector, sectors, this.group);
    const problem = checkChecksumSector(this.group, 0, seed);
    if (problem !== 'ok') throw this.damage(sector, `the checksums of "${object.path}"`, problem);
    const dataEnd = sectors * SECTOR_BYTES;
    for (let i = 0, at = SECTOR_BYTES; at < dataEnd; i++, at += UNIT_BYTES) {
      const length = Math.min(UNIT_BYTES, dataEnd - at);
      if (crc32c(this.group, at, length, 0) !== unitCrc(this.group, 0, i)) {
        throw this.damage(sector + dataSectorOf(i), `the data of "${object.path}"`, 'crc');
      }
    }
    return this.group.subarray(SECTOR_BYTES, SECTOR_BYTES + bytes);
  }

  private search(path: Buffer): VolumeObject | undefined {
    const { bucketCount, probeLimit, indexStart, hashKey } = this.superblock;
    const hash = new Uint8Array(HASH_BYTES);
    sipHash(hashKey, 0, path, 0, path.length, hash, 0);
    let bucket = homeBucket(hash, 0, bucketCount);
    for (let probe = 0; probe < probeLimit; probe++) {
      const b = this.medium.sector(this.startSector + indexStart + bucket);
      const problem = checkBucket(b, 0, this.seed, bucket);
      if (problem !== 'ok') throw this.damage(indexStart + bucket, 'the name index', problem);
      const entry = findEntry(b, 0, hash, 0);
      if (entry >= 0) {
        const object = this.object(entryRecord(b, 0, entry));
        return object.path === path.toString('utf8') ? object : undefined;
      }
      if (!bucketOverflowed(b, 0)) return undefined;
      bucket = (bucket + 1) % bucketCount;
    }
    return undefined;
  }

  private object(number: number): VolumeObject {
    const b = this.record(number);
    const kind = recordKind(b, 0);
    if (kind !== ObjectKind.file && kind !== ObjectKind.directory) {
      throw this.damage(this.recordSector(number), `record ${number}`, 'kind');
    }
    const path = b.toString('utf8', RECORD_PATH, RECORD_PATH + recordPathBytes(b, 0));
    const sizeBytes = recordSize(b, 0);
    const extentBytes = recordExtentCount(b, 0) * EXTENT_BYTES;
    return {
      record: number,
      isDirectory: kind === ObjectKind.directory,
      path,
      name: path.slice(path.lastIndexOf('/') + 1),
      sizeBytes,
      modifiedMs: recordModifiedMs(b, 0),
      version: b.toString('hex', RECORD_VERSION, RECORD_VERSION + VERSION_BYTES),
      parent: recordParent(b, 0),
      firstChild: recordFirstChild(b, 0),
      nextSibling: recordNextSibling(b, 0),
      continuation: recordContinuation(b, 0),
      content: recordIsInline(b, 0)
        ? Buffer.from(b.subarray(RECORD_AREA, RECORD_AREA + sizeBytes))
        : undefined,
      extents: Buffer.from(b.subarray(RECORD_AREA, RECORD_AREA + extentBytes)),
    };
  }

  private record(number: number): Buffer {
    const sector = this.recordSector(number);
    if (number === 0 || number >= this.superblock.recordCount) {
      throw this.damage(sector, `record ${number}`, 'link');
    }
    const b = this.medium.sector(this.startSector + sector);
    const problem = checkRecord(b, 0, this.seed, number);
    if (problem !== 'ok') throw this.damage(sector, `record ${number}`, problem);
    return b;
  }

  private recordSector(number: number): number {
    return this.superblock.recordStart + number;
  }

  /** `sector` counts from the start of the volume, the message's from the start of the medium. */
  private damage(sector: number, what: string, problem: VolumeProblem): VolumeError {
    return new VolumeError(
      `sector ${this.startSector + sector}: ${what}: ${explain(problem)}`,
      'see the extent of the damage with "atcp volume check" and fill a new volume',
    );
  }
}
