/**
 * The superblock: what the volume is and where its regions lie. Copy A is the partition's first sector, copy B
 * its last; of the valid ones that with the higher generation counts. Offsets in the sector:
 *
 *   0 magic "ATCPVOL1"   8 format major (2), minor (2)   12 compatible features   16 read-only features
 *   20 incompatible features   24 volume id (16)   40 name-hash key (16)   56 generation (8)
 *   64 volume sectors   68 journal start, sectors   76 index start, buckets   84 record start, records
 *   92 bitmap start, sectors   100 data start, blocks   108 root record   112 probe limit
 *   116 zero   508 CRC-32C (seed 0)
 *
 * Magic, generation and CRC keep their places in all later versions of the format.
 */
import { copy, fill } from '../wire/byte-loops.js';
import { get16, get32, get64, put16, put32, put64 } from '../wire/bytes.js';
import { checkGeometry, type Geometry } from './geometry.js';
import type { VolumeProblem } from './problem.js';
import { sealSector, SECTOR_BYTES, sectorCrcMatches, SUPERBLOCK_SEED, VOLUME_ID_BYTES } from './sector.js';

export const FORMAT_MAJOR = 1;
export const FORMAT_MINOR = 0;
export const HASH_KEY_BYTES = 16;

/** Bits of the incompatible features: a reader that does not know one leaves the volume alone. */
export const IncompatibleFeature = Object.freeze({
  /** The journal holds entries that may not be in place: replay it before anything else is read. */
  needsReplay: 0x0000_0001,
} as const);

const MAGIC_HIGH = 0x4154_4350; // "ATCP"
const MAGIC_LOW = 0x564f_4c31; // "VOL1"

const MAJOR = 8;
const MINOR = 10;
const COMPATIBLE = 12;
const READ_ONLY = 16;
const INCOMPATIBLE = 20;
const VOLUME_ID = 24;
const HASH_KEY = 40;
const GENERATION = 56;
const VOLUME_SECTORS = 64;
const JOURNAL = 68;
const INDEX = 76;
const RECORDS = 84;
const BITMAP = 92;
const DATA = 100;
const ROOT_RECORD = 108;
const PROBE_LIMIT = 112;

/** A superblock as its reader keeps it; {@link parseSuperblock} fills it in place. */
export class Superblock implements Geometry {
  formatMajor = FORMAT_MAJOR;
  formatMinor = FORMAT_MINOR;
  compatibleFeatures = 0;
  /** A reader that does not know one of these bits may read the volume and not write it. */
  readOnlyFeatures = 0;
  incompatibleFeatures = 0;
  readonly volumeId = new Uint8Array(VOLUME_ID_BYTES);
  /** SipHash key of the name index. */
  readonly hashKey = new Uint8Array(HASH_KEY_BYTES);
  generation = 0;
  volumeSectors = 0;
  journalStart = 0;
  journalSectors = 0;
  indexStart = 0;
  bucketCount = 0;
  probeLimit = 0;
  recordStart = 0;
  recordCount = 0;
  bitmapStart = 0;
  bitmapSectors = 0;
  dataStart = 0;
  dataBlocks = 0;
  rootRecord = 0;
}

/**
 * Checks a superblock and reads it into `into`; `knownFeatures` are the incompatible features that the caller
 * can handle. The generation is valid whenever the copy {@link isIntact}, all other fields only after 'ok'.
 */
export function parseSuperblock(
  b: Uint8Array,
  at: number,
  knownFeatures: number,
  into: Superblock,
): VolumeProblem {
  if (get32(b, at) !== MAGIC_HIGH || get32(b, at + 4) !== MAGIC_LOW) return 'magic';
  if (!sectorCrcMatches(b, at, SUPERBLOCK_SEED)) return 'crc';
  into.generation = get64(b, at + GENERATION);
  into.formatMajor = get16(b, at + MAJOR);
  into.formatMinor = get16(b, at + MINOR);
  if (into.formatMajor !== FORMAT_MAJOR) return 'format-version';
  into.compatibleFeatures = get32(b, at + COMPATIBLE);
  into.readOnlyFeatures = get32(b, at + READ_ONLY);
  into.incompatibleFeatures = get32(b, at + INCOMPATIBLE);
  if ((into.incompatibleFeatures & ~knownFeatures) !== 0) return 'feature';
  copy(b, at + VOLUME_ID, into.volumeId, 0, VOLUME_ID_BYTES);
  copy(b, at + HASH_KEY, into.hashKey, 0, HASH_KEY_BYTES);
  into.volumeSectors = get32(b, at + VOLUME_SECTORS);
  into.journalStart = get32(b, at + JOURNAL);
  into.journalSectors = get32(b, at + JOURNAL + 4);
  into.indexStart = get32(b, at + INDEX);
  into.bucketCount = get32(b, at + INDEX + 4);
  into.recordStart = get32(b, at + RECORDS);
  into.recordCount = get32(b, at + RECORDS + 4);
  into.bitmapStart = get32(b, at + BITMAP);
  into.bitmapSectors = get32(b, at + BITMAP + 4);
  into.dataStart = get32(b, at + DATA);
  into.dataBlocks = get32(b, at + DATA + 4);
  into.rootRecord = get32(b, at + ROOT_RECORD);
  into.probeLimit = get32(b, at + PROBE_LIMIT);
  return checkGeometry(into);
}

/**
 * True when what {@link parseSuperblock} found is a superblock as it was written, readable here or not. Only intact
 * copies compete by generation, and the winner's problem is the volume's: falling back to the older copy because
 * the newer asks for an unknown feature would mean to ignore what that feature says.
 */
export function isIntact(problem: VolumeProblem): boolean {
  return problem !== 'magic' && problem !== 'crc' && problem !== 'truncated';
}

export function emitSuperblock(b: Uint8Array, at: number, from: Superblock): number {
  fill(b, at, SECTOR_BYTES, 0);
  put32(b, at, MAGIC_HIGH);
  put32(b, at + 4, MAGIC_LOW);
  put16(b, at + MAJOR, from.formatMajor);
  put16(b, at + MINOR, from.formatMinor);
  put32(b, at + COMPATIBLE, from.compatibleFeatures);
  put32(b, at + READ_ONLY, from.readOnlyFeatures);
  put32(b, at + INCOMPATIBLE, from.incompatibleFeatures);
  copy(from.volumeId, 0, b, at + VOLUME_ID, VOLUME_ID_BYTES);
  copy(from.hashKey, 0, b, at + HASH_KEY, HASH_KEY_BYTES);
  put64(b, at + GENERATION, from.generation);
  put32(b, at + VOLUME_SECTORS, from.volumeSectors);
  put32(b, at + JOURNAL, from.journalStart);
  put32(b, at + JOURNAL + 4, from.journalSectors);
  put32(b, at + INDEX, from.indexStart);
  put32(b, at + INDEX + 4, from.bucketCount);
  put32(b, at + RECORDS, from.recordStart);
  put32(b, at + RECORDS + 4, from.recordCount);
  put32(b, at + BITMAP, from.bitmapStart);
  put32(b, at + BITMAP + 4, from.bitmapSectors);
  put32(b, at + DATA, from.dataStart);
  put32(b, at + DATA + 4, from.dataBlocks);
  put32(b, at + ROOT_RECORD, from.rootRecord);
  put32(b, at + PROBE_LIMIT, from.probeLimit);
  sealSector(b, at, SUPERBLOCK_SEED);
  return SECTOR_BYTES;
}
