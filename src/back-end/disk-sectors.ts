/**
 * Brings verified sectors of the mounted volume: from a cache, or from the card with bounded repetition of reads
 * that failed or did not verify. One read at a time; the caller repeats a call while `result` is pending.
 */
import { checkChecksumSector } from '../volume/checksum-sector.js';
import { checkBucket } from '../volume/name-index.js';
import type { VolumeProblem } from '../volume/problem.js';
import { checkRecord } from '../volume/record.js';
import { SECTOR_BYTES } from '../volume/sector.js';
import { SectorCache } from './disk-cache.js';
import type { VolumeMount } from './disk-mount.js';
import { DiskResult, type DiskCounters } from './disk-result.js';
import { PortStatus, type DiskPort } from './ports.js';

/** A sector is read this often before its error counts: bus errors pass, worn cells do not. */
export const READ_ATTEMPTS = 3;

const SectorKind = Object.freeze({ bucket: 0, record: 1, checksums: 2 } as const);
type SectorKind = (typeof SectorKind)[keyof typeof SectorKind];

export class SectorReader {
  /** Index buckets and records. */
  readonly metadata: SectorCache;
  readonly checksums: SectorCache;
  /** Why the last call brought no sector. */
  result: DiskResult = DiskResult.ok;
  /** What was wrong, and with which sector of the volume, when a result last was `badMetadata` or `checksum`. */
  problem: VolumeProblem = 'ok';
  problemSector = 0;

  private readonly disk: DiskPort;
  private readonly mount: VolumeMount;
  private readonly counters: DiskCounters;
  /** Of the sector, or the data unit, that is being read. */
  private attempts = 0;

  constructor(
    disk: DiskPort,
    mount: VolumeMount,
    counters: DiskCounters,
    metadataSectors: number,
    checksumSectors: number,
  ) {
    this.disk = disk;
    this.mount = mount;
    this.counters = counters;
    this.metadata = new SectorCache(metadataSectors);
    this.checksums = new SectorCache(checksumSectors);
  }

  /** A new operation begins. */
  begin(): void {
    this.attempts = 1;
  }

  forgetAll(): void {
    this.metadata.clear();
    this.checksums.clear();
  }

  /** Slot of {@link metadata} that holds the index bucket, or -1. */
  bucket(nowUs: number, number: number): number {
    const sector = this.mount.superblock.indexStart + number;
    return this.load(nowUs, SectorKind.bucket, sector, number, this.mount.seed, 0);
  }

  /** Slot of {@link metadata} that holds the record (of any kind), or -1. */
  record(nowUs: number, number: number): number {
    const superblock = this.mount.superblock;
    if (number === 0 || number >= superblock.recordCount) {
      this.result = this.inconsistent('link', superblock.recordStart + number);
      return -1;
    }
    const sector = superblock.recordStart + number;
    return this.load(nowUs, SectorKind.record, sector, number, this.mount.seed, 0);
  }

  /** Slot of {@link checksums} that holds the checksum sector whose CRC starts from `seed`, or -1. */
  checksumSector(nowUs: number, sector: number, seed: number, hint: number): number {
    return this.load(nowUs, SectorKind.checksums, sector, 0, seed, hint);
  }

  /** Reads sectors of the volume, unverified. */
  read(nowUs: number, sector: number, count: number, b: Uint8Array, at: number): DiskResult {
    const status = this.disk.read(nowUs, this.mount.startSector + sector, count, b, at);
    if (status === PortStatus.ok) this.counters.sectorsRead += count;
    if (status === PortStatus.ok || status === PortStatus.pending) return status;
    this.counters.cardErrors++;
    // Sectors that are not there are the volume's mistake: neither repeating nor a new start would help.
    if (status === PortStatus.outOfRange) return status;
    if (status !== PortStatus.noMedium && this.tryAgain()) return DiskResult.pending;
    this.mount.cardFailed(nowUs, status);
    return status;
  }

  /** What was read from `sector` does not verify: pending while it may be read again, then `result`. */
  damaged(result: DiskResult, problem: VolumeProblem, sector: number): DiskResult {
    if (this.tryAgain()) return DiskResult.pending;
    this.problem = problem;
    this.problemSector = sector;
    if (result === DiskResult.checksum) this.counters.checksumErrors++;
    else this.counters.metadataErrors++;
    return result;
  }

  /** An intact sector says what cannot be: reading it again would not help. */
  inconsistent(problem: VolumeProblem, sector: number): DiskResult {
    this.attempts = READ_ATTEMPTS;
    return this.damaged(DiskResult.badMetadata, problem, sector);
  }

  private load(
    nowUs: number,
    kind: SectorKind,
    sector: number,
    number: number,
    seed: number,
    hint: number,
  ): number {
    const cache = kind === SectorKind.checksums ? this.checksums : this.metadata;
    const kept = cache.find(sector, seed, hint);
    if (kept >= 0) return kept;
    const slot = cache.evict();
    const at = slot * SECTOR_BYTES;
    this.result = this.read(nowUs, sector, 1, cache.bytes, at);
    if (this.result !== DiskResult.ok) return -1;
    const problem = check(kind, cache.bytes, at, seed, number);
    if (problem !== 'ok') {
      const result = kind === SectorKind.checksums ? DiskResult.checksum : DiskResult.badMetadata;
      this.result = this.damaged(result, problem, sector);
      return -1;
    }
    cache.keep(slot, sector, seed);
    this.attempts = 1;
    return slot;
  }

  private tryAgain(): boolean {
    if (this.attempts >= READ_ATTEMPTS) return false;
    this.attempts++;
    this.counters.retries++;
    return true;
  }
}

function check(kind: SectorKind, b: Uint8Array, at: number, seed: number, number: number): VolumeProblem {
  switch (kind) {
    case SectorKind.bucket:
      return checkBucket(b, at, seed, number);
    case SectorKind.record:
      return checkRecord(b, at, seed, number);
    default:
      return checkChecksumSector(b, at, seed);
  }
}
