/**
 * Finds the volume on the card and keeps it found: opens the port, reads the MBR, both superblocks, the root record
 * and the volume's state; after an error it waits, longer each time, and begins again.
 */
import { copy, equal, fill } from '../wire/byte-loops.js';
import { PARTITION_START } from '../volume/limits.js';
import { checkMbr, partitionSectors, partitionStart } from '../volume/mbr.js';
import type { VolumeProblem } from '../volume/problem.js';
import { checkRecord, ObjectKind, recordKind } from '../volume/record.js';
import { SECTOR_BYTES, volumeSeed, VOLUME_ID_BYTES } from '../volume/sector.js';
import { parseState, VolumeState } from '../volume/state.js';
import { isIntact, parseSuperblock, Superblock } from '../volume/superblock.js';
import { DiskState, type DiskCounters } from './disk-result.js';
import { PortStatus, type DiskPort } from './ports.js';

const FIRST_RETRY_US = 100_000;
const LAST_RETRY_US = 5_000_000;

/** Incompatible features that this firmware can handle: none, so not a journal that waits for replay either. */
const KNOWN_FEATURES = 0;

/** What the next port call is for. */
const Phase = Object.freeze({
  open: 0,
  mbr: 1,
  superblockA: 2,
  superblockB: 3,
  rootRecord: 4,
  volumeState: 5,
  done: 6,
} as const);
type Phase = (typeof Phase)[keyof typeof Phase];

export class VolumeMount {
  state: DiskState = DiskState.opening;
  /** Why there is no volume, while the state is `noVolume`; while it is `ready`, what is wrong with its state sector. */
  problem: VolumeProblem = 'ok';
  /** The port's last failure, while the state is `failed` or `noCard`. */
  cardStatus: PortStatus = PortStatus.ok;
  readonly superblock = new Superblock();
  readonly volumeState = new VolumeState();
  /** Sector of the card where the partition begins. */
  startSector = 0;
  /** Seed of the CRC of the volume's metadata sectors. */
  seed = 0;
  /** Changes whenever what handles know may no longer be true. */
  serial = 0;

  private readonly disk: DiskPort;
  private readonly counters: DiskCounters;
  private readonly sector = new Uint8Array(SECTOR_BYTES);
  private readonly candidate = new Superblock();
  private readonly lastVolumeId = new Uint8Array(VOLUME_ID_BYTES);
  private lastGeneration = -1;
  private phase: Phase = Phase.open;
  private partitionSectors = 0;
  /** The partition was not found by its MBR entry. */
  private atDefault = false;
  private problemA: VolumeProblem = 'ok';
  private retryAtUs = 0;
  private retryDelayUs = FIRST_RETRY_US;

  constructor(disk: DiskPort, counters: DiskCounters) {
    this.disk = disk;
    this.counters = counters;
  }

  /** Makes at most one port call; returns when it wants to be called again, `Infinity` when not by itself. */
  step(nowUs: number): number {
    if (this.state === DiskState.ready) return Infinity;
    if (nowUs < this.retryAtUs) return this.retryAtUs;
    const status = this.portCall(nowUs);
    if (status === PortStatus.ok) this.advance(nowUs);
    else if (status !== PortStatus.pending) this.portFailed(nowUs, status);
    if (this.phase === Phase.done) return Infinity;
    return nowUs < this.retryAtUs ? this.retryAtUs : nowUs;
  }

  /** The card failed beyond repetition: begins again later. */
  cardFailed(nowUs: number, status: PortStatus): void {
    this.cardStatus = status;
    this.retryLater(nowUs, status === PortStatus.noMedium ? DiskState.noCard : DiskState.failed);
  }

  private portCall(nowUs: number): PortStatus {
    switch (this.phase) {
      case Phase.open:
        this.state = DiskState.opening;
        return this.disk.open(nowUs);
      case Phase.mbr:
        return this.read(nowUs, 0);
      case Phase.superblockA:
        return this.read(nowUs, this.startSector);
      case Phase.superblockB:
        return this.read(nowUs, this.startSector + this.partitionSectors - 1);
      case Phase.rootRecord:
        return this.read(nowUs, this.startSector + this.superblock.recordStart + this.superblock.rootRecord);
      default:
        return this.read(nowUs, this.startSector + this.superblock.recordStart);
    }
  }

  private read(nowUs: number, sector: number): PortStatus {
    if (sector < 0 || sector >= this.disk.sectorCount) return PortStatus.outOfRange;
    const status = this.disk.read(nowUs, sector, 1, this.sector, 0);
    if (status === PortStatus.ok) this.counters.sectorsRead++;
    return status;
  }

  /** A sector that lies beyond the medium reads as nothing; every other failure is the card's. */
  private portFailed(nowUs: number, status: PortStatus): void {
    if (status === PortStatus.outOfRange && this.phase !== Phase.open) {
      fill(this.sector, 0, SECTOR_BYTES, 0);
      this.advance(nowUs);
      return;
    }
    this.counters.cardErrors++;
    this.cardFailed(nowUs, status);
  }

  private advance(nowUs: number): void {
    switch (this.phase) {
      case Phase.open:
        this.state = DiskState.mounting;
        this.phase = Phase.mbr;
        return;
      case Phase.mbr:
        this.takeMbr(nowUs);
        return;
      case Phase.superblockA:
        this.problemA = parseSuperblock(this.sector, 0, KNOWN_FEATURES, this.superblock);
        this.phase = Phase.superblockB;
        return;
      case Phase.superblockB:
        this.takeSuperblockB(nowUs);
        return;
      case Phase.rootRecord:
        this.takeRootRecord(nowUs);
        return;
      default:
        this.takeState();
    }
  }

  private takeMbr(nowUs: number): void {
    const problem = checkMbr(this.sector, 0);
    if (problem === 'no-partition') {
      this.noVolume(nowUs, problem);
      return;
    }
    if (problem === 'ok') {
      this.startSector = partitionStart(this.sector, 0);
      this.partitionSectors = partitionSectors(this.sector, 0);
      this.atDefault = false;
      this.phase = Phase.superblockA;
    } else this.lookAtDefault();
  }

  /** A damaged LBA 0 is no reason to lose the volume: it is where `atcp volume make` puts it. */
  private lookAtDefault(): void {
    this.startSector = PARTITION_START;
    this.partitionSectors = this.disk.sectorCount - PARTITION_START;
    this.atDefault = true;
    this.phase = Phase.superblockA;
  }

  private takeSuperblockB(nowUs: number): void {
    const problemB = parseSuperblock(this.sector, 0, KNOWN_FEATURES, this.candidate);
    if (!isIntact(this.problemA) && !isIntact(problemB) && !this.atDefault) {
      this.lookAtDefault();
      return;
    }
    const bCounts =
      isIntact(problemB) &&
      !(isIntact(this.problemA) && this.superblock.generation >= this.candidate.generation);
    const problem = bCounts
      ? parseSuperblock(this.sector, 0, KNOWN_FEATURES, this.superblock)
      : this.problemA;
    if (problem !== 'ok') {
      this.noVolume(nowUs, problem);
      return;
    }
    if (this.startSector + this.superblock.volumeSectors > this.disk.sectorCount) {
      this.noVolume(nowUs, 'truncated');
      return;
    }
    this.seed = volumeSeed(this.superblock.volumeId, 0);
    this.phase = Phase.rootRecord;
  }

  private takeRootRecord(nowUs: number): void {
    const problem = checkRecord(this.sector, 0, this.seed, this.superblock.rootRecord);
    if (problem !== 'ok') this.noVolume(nowUs, problem);
    else if (recordKind(this.sector, 0) !== ObjectKind.directory) this.noVolume(nowUs, 'kind');
    else this.phase = Phase.volumeState;
  }

  /** A damaged state stops writers only: readers do not need what it says. */
  private takeState(): void {
    this.problem = parseState(this.sector, 0, this.seed, this.volumeState);
    if (this.problem !== 'ok') {
      this.counters.metadataErrors++;
      this.volumeState.freeBlocks = 0;
    }
    // A writer raises the generation before its first change, so the same generation is the same volume unchanged.
    const volumeId = this.superblock.volumeId;
    const unchanged =
      this.superblock.generation === this.lastGeneration &&
      equal(volumeId, 0, this.lastVolumeId, 0, VOLUME_ID_BYTES);
    if (!unchanged) this.serial++;
    copy(volumeId, 0, this.lastVolumeId, 0, VOLUME_ID_BYTES);
    this.lastGeneration = this.superblock.generation;
    this.counters.mounts++;
    this.retryDelayUs = FIRST_RETRY_US;
    this.phase = Phase.done;
    this.state = DiskState.ready;
  }

  private noVolume(nowUs: number, problem: VolumeProblem): void {
    this.problem = problem;
    this.retryLater(nowUs, DiskState.noVolume);
  }

  private retryLater(nowUs: number, state: DiskState): void {
    this.state = state;
    this.phase = Phase.open;
    this.retryAtUs = nowUs + this.retryDelayUs;
    this.retryDelayUs = Math.min(this.retryDelayUs * 2, LAST_RETRY_US);
  }
}
