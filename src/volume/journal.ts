/**
 * The journal: a ring of sectors that makes a mutation of several metadata sectors happen wholly or not at all,
 * and once. An entry is this header and then `imageCount` sectors, the new contents of the sectors that
 * it names. Offsets in the header:
 *
 *   0 magic "ATJN"   4 type (2)   6 images (2)   8 position (8)   16 command id: epoch, counter
 *   24 watermark: epoch, counter   32 flags: 1 commit   36 result   40 record number
 *   44 answer bytes (2)   46 zero (2)   48 object version before (16)   64 after (16)
 *   80 size before (8)   88 size after (8)   96 answer (64)   160 position (8) before which all is in place
 *   168 42 images of 8 bytes: 0 target sector, 4 CRC-32C (volume seed) of the whole image   508 CRC-32C (volume seed)
 *
 * Positions count sectors since the volume was made; the sector at position p is number p modulo the journal's
 * size. So an entry that an older lap of the ring left behind tells itself by its position.
 */
import { copy, fill } from '../wire/byte-loops.js';
import { get16, get32, get64, put16, put32, put64 } from '../wire/bytes.js';
import type { VolumeProblem } from './problem.js';
import { sealSector, sectorCrcMatches, SECTOR_BYTES } from './sector.js';
import { VERSION_BYTES } from './record.js';

export const JournalType = Object.freeze({
  create: 1,
  /** New content in new extents. */
  replace: 2,
  append: 3,
  delete: 4,
  rename: 5,
  /** Nothing changes but the watermark and the applied position. */
  checkpoint: 6,
} as const);
export type JournalType = (typeof JournalType)[keyof typeof JournalType];

/** Set on the last entry of a mutation: entries without it count only together with the ones up to it. */
export const JOURNAL_COMMIT = 0x0000_0001;
export const JOURNAL_IMAGES = 42;
export const JOURNAL_ANSWER_BYTES = 64;

const MAGIC = 0x4154_4a4e; // "ATJN"
const TYPE = 4;
const IMAGE_COUNT = 6;
const POSITION = 8;
const COMMAND = 16;
const WATERMARK = 24;
const FLAGS = 32;
const RESULT = 36;
const RECORD = 40;
const ANSWER_BYTES = 44;
const VERSION_BEFORE = 48;
const VERSION_AFTER = 64;
const SIZE_BEFORE = 80;
const SIZE_AFTER = 88;
const ANSWER = 96;
const APPLIED = 160;
const IMAGES = 168;
const IMAGE_BYTES = 8;

/** A journal header as reader and writer keep it; the arrays are filled in place. */
export class JournalEntry {
  type: number = JournalType.checkpoint;
  imageCount = 0;
  position = 0;
  commandEpoch = 0;
  commandCounter = 0;
  /** Commands of this epoch with a smaller counter, and those of all other epochs, are finished. */
  watermarkEpoch = 0;
  watermarkCounter = 0;
  flags = 0;
  /** The result code that the command was, or is to be, answered with. */
  result = 0;
  recordNumber = 0;
  answerBytes = 0;
  readonly versionBefore = new Uint8Array(VERSION_BYTES);
  readonly versionAfter = new Uint8Array(VERSION_BYTES);
  sizeBefore = 0;
  sizeAfter = 0;
  readonly answer = new Uint8Array(JOURNAL_ANSWER_BYTES);
  appliedPosition = 0;
  readonly imageSector = new Uint32Array(JOURNAL_IMAGES);
  readonly imageCrc = new Uint32Array(JOURNAL_IMAGES);
}

/**
 * Checks the header read from sector `place` of a journal of `journalSectors` sectors and reads it into `into`,
 * whose fields mean something only after 'ok'. The images are the caller's to check.
 */
export function parseJournalEntry(
  b: Uint8Array,
  at: number,
  seed: number,
  place: number,
  journalSectors: number,
  into: JournalEntry,
): VolumeProblem {
  if (get32(b, at) !== MAGIC) return 'magic';
  if (!sectorCrcMatches(b, at, seed)) return 'crc';
  into.position = get64(b, at + POSITION);
  if (into.position % journalSectors !== place) return 'number';
  into.type = get16(b, at + TYPE);
  if (into.type < JournalType.create || into.type > JournalType.checkpoint) return 'kind';
  into.imageCount = get16(b, at + IMAGE_COUNT);
  into.answerBytes = get16(b, at + ANSWER_BYTES);
  if (into.imageCount > JOURNAL_IMAGES || into.imageCount >= journalSectors) return 'count';
  if (into.answerBytes > JOURNAL_ANSWER_BYTES) return 'count';
  into.commandEpoch = get32(b, at + COMMAND);
  into.commandCounter = get32(b, at + COMMAND + 4);
  into.watermarkEpoch = get32(b, at + WATERMARK);
  into.watermarkCounter = get32(b, at + WATERMARK + 4);
  into.flags = get32(b, at + FLAGS);
  into.result = get32(b, at + RESULT);
  into.recordNumber = get32(b, at + RECORD);
  copy(b, at + VERSION_BEFORE, into.versionBefore, 0, VERSION_BYTES);
  copy(b, at + VERSION_AFTER, into.versionAfter, 0, VERSION_BYTES);
  into.sizeBefore = get64(b, at + SIZE_BEFORE);
  into.sizeAfter = get64(b, at + SIZE_AFTER);
  copy(b, at + ANSWER, into.answer, 0, JOURNAL_ANSWER_BYTES);
  into.appliedPosition = get64(b, at + APPLIED);
  for (let i = 0; i < into.imageCount; i++) {
    into.imageSector[i] = get32(b, at + IMAGES + i * IMAGE_BYTES);
    into.imageCrc[i] = get32(b, at + IMAGES + i * IMAGE_BYTES + 4);
  }
  return 'ok';
}

export function emitJournalEntry(b: Uint8Array, at: number, seed: number, from: JournalEntry): number {
  fill(b, at, SECTOR_BYTES, 0);
  put32(b, at, MAGIC);
  put16(b, at + TYPE, from.type);
  put16(b, at + IMAGE_COUNT, from.imageCount);
  put64(b, at + POSITION, from.position);
  put32(b, at + COMMAND, from.commandEpoch);
  put32(b, at + COMMAND + 4, from.commandCounter);
  put32(b, at + WATERMARK, from.watermarkEpoch);
  put32(b, at + WATERMARK + 4, from.watermarkCounter);
  put32(b, at + FLAGS, from.flags);
  put32(b, at + RESULT, from.result);
  put32(b, at + RECORD, from.recordNumber);
  put16(b, at + ANSWER_BYTES, from.answerBytes);
  copy(from.versionBefore, 0, b, at + VERSION_BEFORE, VERSION_BYTES);
  copy(from.versionAfter, 0, b, at + VERSION_AFTER, VERSION_BYTES);
  put64(b, at + SIZE_BEFORE, from.sizeBefore);
  put64(b, at + SIZE_AFTER, from.sizeAfter);
  copy(from.answer, 0, b, at + ANSWER, from.answerBytes);
  put64(b, at + APPLIED, from.appliedPosition);
  for (let i = 0; i < from.imageCount; i++) {
    put32(b, at + IMAGES + i * IMAGE_BYTES, from.imageSector[i]!);
    put32(b, at + IMAGES + i * IMAGE_BYTES + 4, from.imageCrc[i]!);
  }
  sealSector(b, at, seed);
  return SECTOR_BYTES;
}
