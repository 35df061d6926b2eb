/**
 * Disk controller 35 ([0047], Fig. 11): objects on the card, looked up by path and read in verified units.
 * The format is specified in `src/volume/README.md`.
 *
 * Every operation is a call to be repeated, the same, while it answers `pending`. The port does one thing at a time:
 * from its first pending answer until the final one, or {@link DiskController.cancel}, an operation has the port,
 * and what other handles ask for meanwhile answers `pending` without effect.
 */
import { copy, crc32c, equal, fill, sipHash } from '../wire/byte-loops.js';
import { checksumSeed, unitCrc } from '../volume/checksum-sector.js';
import { checksumSectorOf, dataSectorOf, lastUnitSectors } from '../volume/extent.js';
import { GROUP_UNITS, MAX_PATH_BYTES, UNIT_SECTORS } from '../volume/limits.js';
import {
  bucketOverflowed,
  entryKind,
  entryRecord,
  findEntry,
  HASH_BYTES,
  homeBucket,
} from '../volume/name-index.js';
import type { VolumeProblem } from '../volume/problem.js';
import { ObjectKind, recordKind, recordParent, recordPathBytes, RECORD_PATH } from '../volume/record.js';
import { SECTOR_BYTES } from '../volume/sector.js';
import type { Superblock } from '../volume/superblock.js';
import type { VolumeState } from '../volume/state.js';
import { locateUnit } from './disk-extents.js';
import { DirectoryCursor, ObjectHandle } from './disk-handle.js';
import { VolumeMount } from './disk-mount.js';
import { DiskCounters, DiskResult, DiskState } from './disk-result.js';
import { SectorReader } from './disk-sectors.js';
import type { DiskPort, PortStatus } from './ports.js';

export { DirectoryCursor, ObjectHandle } from './disk-handle.js';
export { DiskCounters, DiskResult, DiskState, isCardError } from './disk-result.js';

/** Sectors of the index and of records that stay in memory: the hot names of a small board. */
export const METADATA_CACHE_SECTORS = 8;
/** Checksum sectors in memory: one for each of 16 objects that are read in turns. */
export const CHECKSUM_CACHE_SECTORS = 16;

/** Where a look-up is. */
const LookupPhase = Object.freeze({ begin: 0, bucket: 1, record: 2 } as const);
type LookupPhase = (typeof LookupPhase)[keyof typeof LookupPhase];

export class DiskController {
  readonly counters = new DiskCounters();
  private readonly mount: VolumeMount;
  private readonly reader: SectorReader;
  /** The handle whose operation has the port. */
  private owner: ObjectHandle | null = null;
  private lookupPhase: LookupPhase = LookupPhase.begin;
  private readonly hash = new Uint8Array(HASH_BYTES);
  private readonly otherHash = new Uint8Array(HASH_BYTES);
  private bucket = 0;
  private probesLeft = 0;
  private foundRecord = 0;
  private foundKind = 0;

  constructor(
    disk: DiskPort,
    metadataSectors: number = METADATA_CACHE_SECTORS,
    checksumSectors: number = CHECKSUM_CACHE_SECTORS,
  ) {
    this.mount = new VolumeMount(disk, this.counters);
    this.reader = new SectorReader(disk, this.mount, this.counters, metadataSectors, checksumSectors);
  }

  get state(): DiskState {
    return this.mount.state;
  }

  /** Why the state is `noVolume`, or what was wrong with the last sector that did not verify. */
  get problem(): VolumeProblem {
    return this.mount.problem !== 'ok' ? this.mount.problem : this.reader.problem;
  }

  /** The sector of the volume that {@link problem} is about, while the state is `ready`. */
  get problemSector(): number {
    return this.reader.problemSector;
  }

  /** The port's last failure, while the state is `failed` or `noCard`. */
  get cardStatus(): PortStatus {
    return this.mount.cardStatus;
  }

  /** The mounted volume; its fields mean something while the state is `ready`. */
  get superblock(): Superblock {
    return this.mount.superblock;
  }

  /** Free space and the like, as of mounting. */
  get volumeState(): VolumeState {
    return this.mount.volumeState;
  }

  /** Mounts, or mounts again after an error; returns the time of the next call that it needs, or `Infinity`. */
  step(nowUs: number): number {
    if (this.mount.state === DiskState.ready) return Infinity;
    this.owner = null;
    const next = this.mount.step(nowUs);
    if (this.state === DiskState.ready) this.reader.forgetAll();
    return next;
  }

  /** A handle for one delegation: make them all at boot. */
  createHandle(): ObjectHandle {
    return new ObjectHandle();
  }

  /** A handle that can walk through a directory: make it at boot. */
  createCursor(): DirectoryCursor {
    return new DirectoryCursor();
  }

  /** Abandons what the handle has asked for and was not answered yet. */
  cancel(handle: ObjectHandle): void {
    if (this.owner === handle) this.owner = null;
  }

  /**
   * Fills `handle` with the object whose path is the `length` bytes of `name` at `at` (see `volume/path.ts`; empty
   * for the root directory). Reads at most `probeLimit` buckets and one record.
   */
  lookup(nowUs: number, handle: ObjectHandle, name: Uint8Array, at: number, length: number): DiskResult {
    const entered = this.enter(handle);
    if (entered !== DiskResult.ok) return entered;
    if (length > MAX_PATH_BYTES) return this.notFound();
    if (this.lookupPhase === LookupPhase.begin) this.beginLookup(name, at, length);
    while (this.lookupPhase === LookupPhase.bucket) {
      const result = this.searchBucket(nowUs);
      if (result !== DiskResult.ok) return this.leave(result);
    }
    return this.takeFound(nowUs, handle, name, at, length);
  }

  /**
   * Reads unit `unit` of a file to `b` from `at`: `handle.unitBytes(unit)` bytes, and zeros up to a whole sector, so
   * that `b` must have room for 4,096 bytes. Nothing in `b` counts before the answer is `ok`.
   */
  readUnit(nowUs: number, handle: ObjectHandle, unit: number, b: Uint8Array, at: number): DiskResult {
    if (this.mount.state !== DiskState.ready) return DiskResult.notReady;
    if (handle.mountSerial !== this.mount.serial) return DiskResult.stale;
    if (handle.kind !== ObjectKind.file) return DiskResult.wrongKind;
    if (unit >= handle.units) return DiskResult.beyondEnd;
    if (handle.inline) {
      copy(handle.area, 0, b, at, handle.sizeBytes);
      fill(b, at + handle.sizeBytes, SECTOR_BYTES - handle.sizeBytes, 0);
      return DiskResult.ok;
    }
    const entered = this.enter(handle);
    if (entered !== DiskResult.ok) return entered;
    const located = locateUnit(nowUs, this.reader, this.mount.superblock, handle, unit);
    return this.leave(located !== DiskResult.ok ? located : this.readLocated(nowUs, handle, unit, b, at));
  }

  /** Fills `cursor` with the first object in a directory; `notFound` when it is empty. */
  firstChild(nowUs: number, directory: ObjectHandle, cursor: DirectoryCursor): DiskResult {
    if (this.mount.state !== DiskState.ready) return DiskResult.notReady;
    if (directory.mountSerial !== this.mount.serial) return DiskResult.stale;
    if (directory.kind !== ObjectKind.directory) return DiskResult.wrongKind;
    if (directory.firstChild === 0) return DiskResult.notFound;
    return this.visit(nowUs, cursor, directory.firstChild, directory.recordNumber, 1);
  }

  /**
   * Fills `cursor` with the object in a directory whose record is `record`, as a cursor's `nextSibling` named it, the
   * `passed`-th of a walk; `badMetadata` when no such object is there.
   */
  child(
    nowUs: number,
    directory: ObjectHandle,
    record: number,
    passed: number,
    cursor: DirectoryCursor,
  ): DiskResult {
    if (this.mount.state !== DiskState.ready) return DiskResult.notReady;
    if (directory.mountSerial !== this.mount.serial) return DiskResult.stale;
    if (directory.kind !== ObjectKind.directory) return DiskResult.wrongKind;
    return this.visit(nowUs, cursor, record, directory.recordNumber, passed);
  }

  /** Fills `cursor` with the next object in the same directory; `notFound` after the last. */
  nextSibling(nowUs: number, cursor: DirectoryCursor): DiskResult {
    if (this.mount.state !== DiskState.ready) return DiskResult.notReady;
    if (cursor.mountSerial !== this.mount.serial) return DiskResult.stale;
    if (cursor.nextSibling === 0) return DiskResult.notFound;
    return this.visit(nowUs, cursor, cursor.nextSibling, cursor.parent, cursor.steps + 1);
  }

  /** Gives the handle the port if nobody has it. */
  private enter(handle: ObjectHandle): DiskResult {
    if (this.mount.state !== DiskState.ready) return DiskResult.notReady;
    if (this.owner === handle) return DiskResult.ok;
    if (this.owner !== null) return DiskResult.pending;
    this.owner = handle;
    this.lookupPhase = LookupPhase.begin;
    this.reader.begin();
    return DiskResult.ok;
  }

  /** Gives the port back unless the answer is `pending`. */
  private leave(result: DiskResult): DiskResult {
    if (result !== DiskResult.pending) this.owner = null;
    return result;
  }

  private notFound(): DiskResult {
    this.counters.notFound++;
    return this.leave(DiskResult.notFound);
  }

  private beginLookup(name: Uint8Array, at: number, length: number): void {
    this.counters.lookups++;
    const superblock = this.mount.superblock;
    sipHash(superblock.hashKey, 0, name, at, length, this.hash, 0);
    this.bucket = homeBucket(this.hash, 0, superblock.bucketCount);
    this.probesLeft = superblock.probeLimit;
    this.lookupPhase = LookupPhase.bucket;
  }

  /** Looks into the current bucket: `ok` means go on, there or with the record. */
  private searchBucket(nowUs: number): DiskResult {
    const slot = this.reader.bucket(nowUs, this.bucket);
    if (slot < 0) return this.reader.result;
    const b = this.reader.metadata.bytes;
    const at = slot * SECTOR_BYTES;
    const entry = findEntry(b, at, this.hash, 0);
    if (entry >= 0) {
      this.foundRecord = entryRecord(b, at, entry);
      this.foundKind = entryKind(b, at, entry);
      this.lookupPhase = LookupPhase.record;
      return DiskResult.ok;
    }
    this.probesLeft--;
    if (!bucketOverflowed(b, at) || this.probesLeft === 0) return this.notFound();
    this.bucket = this.bucket + 1 === this.mount.superblock.bucketCount ? 0 : this.bucket + 1;
    return DiskResult.ok;
  }

  /** The record that the index named must be of the asked path, or of one with the same hash. */
  private takeFound(
    nowUs: number,
    handle: ObjectHandle,
    name: Uint8Array,
    at: number,
    length: number,
  ): DiskResult {
    const slot = this.reader.record(nowUs, this.foundRecord);
    if (slot < 0) return this.leave(this.reader.result);
    const b = this.reader.metadata.bytes;
    const recordAt = slot * SECTOR_BYTES;
    const pathBytes = recordPathBytes(b, recordAt);
    if (pathBytes !== length || !equal(b, recordAt + RECORD_PATH, name, at, length)) {
      return this.leave(this.otherPath(b, recordAt, pathBytes));
    }
    if (recordKind(b, recordAt) !== this.foundKind)
      return this.leave(this.inconsistentRecord('kind', this.foundRecord));
    handle.take(b, recordAt, this.foundRecord, this.mount.serial);
    return this.leave(DiskResult.ok);
  }

  /**
   * No two objects of a volume have the same hash, so another path with it means that the asked one does not
   * exist; if the hash is not even that path's, index and records contradict each other.
   */
  private otherPath(b: Uint8Array, recordAt: number, pathBytes: number): DiskResult {
    sipHash(this.mount.superblock.hashKey, 0, b, recordAt + RECORD_PATH, pathBytes, this.otherHash, 0);
    if (equal(this.otherHash, 0, this.hash, 0, HASH_BYTES)) return this.notFound();
    return this.inconsistentRecord('path', this.foundRecord);
  }

  private inconsistentRecord(problem: VolumeProblem, record: number): DiskResult {
    return this.reader.inconsistent(problem, this.mount.superblock.recordStart + record);
  }

  /** Reads and verifies a unit of the handle's current extent. */
  private readLocated(
    nowUs: number,
    handle: ObjectHandle,
    unit: number,
    b: Uint8Array,
    at: number,
  ): DiskResult {
    const inExtent = unit - handle.extentFirstUnit;
    const inGroup = inExtent % GROUP_UNITS;
    const groupUnit = unit - inGroup;
    if (handle.groupUnit !== groupUnit) {
      handle.groupUnit = groupUnit;
      handle.groupSeed = checksumSeed(this.mount.seed, handle.extentTag, groupUnit);
    }
    const checksums = handle.extentSector + checksumSectorOf(inExtent);
    const slot = this.reader.checksumSector(nowUs, checksums, handle.groupSeed, handle.checksumSlot);
    if (slot < 0) return this.reader.result;
    handle.checksumSlot = slot;
    const sectors = unit === handle.units - 1 ? lastUnitSectors(handle.sizeBytes) : UNIT_SECTORS;
    const sector = handle.extentSector + dataSectorOf(inExtent);
    const result = this.reader.read(nowUs, sector, sectors, b, at);
    if (result !== DiskResult.ok) return result;
    const expected = unitCrc(this.reader.checksums.bytes, slot * SECTOR_BYTES, inGroup);
    if (crc32c(b, at, sectors * SECTOR_BYTES, 0) !== expected) {
      return this.reader.damaged(DiskResult.checksum, 'crc', sector);
    }
    this.counters.unitsRead++;
    return DiskResult.ok;
  }

  private visit(
    nowUs: number,
    cursor: DirectoryCursor,
    record: number,
    parent: number,
    steps: number,
  ): DiskResult {
    const entered = this.enter(cursor);
    if (entered !== DiskResult.ok) return entered;
    const slot = this.reader.record(nowUs, record);
    if (slot < 0) return this.leave(this.reader.result);
    const b = this.reader.metadata.bytes;
    const at = slot * SECTOR_BYTES;
    const isObject = recordKind(b, at) === ObjectKind.file || recordKind(b, at) === ObjectKind.directory;
    if (!isObject || recordParent(b, at) !== parent || steps >= this.mount.superblock.recordCount) {
      return this.leave(this.inconsistentRecord('link', record));
    }
    cursor.take(b, at, record, this.mount.serial);
    cursor.steps = steps;
    return this.leave(DiskResult.ok);
  }
}
