/**
 * Records: one sector an object. Record 0 is the volume's state (`state.ts`); a record number of 0 means "none".
 * Offsets of a file, a directory or a free record:
 *
 *   0 magic "ATRC"   4 record number   8 kind (1)   9 flags (1): 1 inline content   10 path bytes (2)
 *   12 extents in the area (2)   14 zero (2)   16 object version (16)   32 size (8)   40 modified, ms (8)
 *   48 parent   52 first child   56 next sibling   60 previous sibling   64 first continuation   68 zero (4)
 *   72 path (255), zero (1)   328 area (180): 15 extents, or the content itself   508 CRC-32C (volume seed)
 *
 * Offsets of a continuation, which holds an object's further extents:
 *
 *   0 magic "ATRC"   4 record number   8 kind (1)   9 zero (3)   12 extents (2)   14 zero (2)
 *   16 owner's record number   20 ordinal, from 1   24 next continuation   28 40 extents
 *   508 CRC-32C (volume seed)
 */
import { copy, fill } from '../wire/byte-loops.js';
import { get16, get32, get64, put16, put32, put64 } from '../wire/bytes.js';
import { EXTENT_BYTES } from './extent.js';
import { MAX_OBJECT_BYTES, MAX_PATH_BYTES } from './limits.js';
import type { VolumeProblem } from './problem.js';
import { sectorCrcMatches, SECTOR_BYTES } from './sector.js';

export const ObjectKind = Object.freeze({ file: 1, directory: 2, continuation: 3, free: 4 } as const);
export type ObjectKind = (typeof ObjectKind)[keyof typeof ObjectKind];

export const VERSION_BYTES = 16;
export const RECORD_VERSION = 16;
export const RECORD_PATH = 72;
export const RECORD_AREA = 328;
export const RECORD_AREA_BYTES = 180;
export const INLINE_EXTENTS = RECORD_AREA_BYTES / EXTENT_BYTES;
/** Longest content that a record holds itself. */
export const INLINE_BYTES = RECORD_AREA_BYTES;
export const CONTINUATION_AREA = 28;
export const CONTINUATION_EXTENTS = 40;

const MAGIC = 0x4154_5243; // "ATRC"
const NUMBER = 4;
const KIND = 8;
const FLAGS = 9;
const PATH_BYTES = 10;
const EXTENTS = 12;
const SIZE = 32;
const MODIFIED = 40;
const PARENT = 48;
const FIRST_CHILD = 52;
const NEXT_SIBLING = 56;
const PREVIOUS_SIBLING = 60;
const CONTINUATION = 64;
const OWNER = 16;
const ORDINAL = 20;
const NEXT_CONTINUATION = 24;
const INLINE = 0x01;

/** Checks a record of any kind that was read from the place of record `number`. */
export function checkRecord(b: Uint8Array, at: number, seed: number, number: number): VolumeProblem {
  if (get32(b, at) !== MAGIC) return 'magic';
  if (!sectorCrcMatches(b, at, seed)) return 'crc';
  if (get32(b, at + NUMBER) !== number) return 'number';
  const kind = recordKind(b, at);
  if (kind === ObjectKind.continuation) {
    return recordExtentCount(b, at) > CONTINUATION_EXTENTS ? 'count' : 'ok';
  }
  if (kind < ObjectKind.file || kind > ObjectKind.free) return 'kind';
  if (recordPathBytes(b, at) > MAX_PATH_BYTES) return 'path';
  if (recordExtentCount(b, at) > INLINE_EXTENTS) return 'count';
  const size = recordSize(b, at);
  if (size < 0 || size > MAX_OBJECT_BYTES) return 'size';
  if (recordIsInline(b, at) && size > INLINE_BYTES) return 'size';
  return 'ok';
}

export function recordKind(b: Uint8Array, at: number): number {
  return b[at + KIND]!;
}

/** True when the record's area is the content itself. */
export function recordIsInline(b: Uint8Array, at: number): boolean {
  return (b[at + FLAGS]! & INLINE) !== 0;
}

export function recordPathBytes(b: Uint8Array, at: number): number {
  return get16(b, at + PATH_BYTES);
}

/** Extents in this record or continuation. */
export function recordExtentCount(b: Uint8Array, at: number): number {
  return get16(b, at + EXTENTS);
}

/** Bytes of content; 0 for a directory. */
export function recordSize(b: Uint8Array, at: number): number {
  return get64(b, at + SIZE);
}

/** Milliseconds since 1970-01-01T00:00Z. */
export function recordModifiedMs(b: Uint8Array, at: number): number {
  return get64(b, at + MODIFIED);
}

export function recordParent(b: Uint8Array, at: number): number {
  return get32(b, at + PARENT);
}

export function recordFirstChild(b: Uint8Array, at: number): number {
  return get32(b, at + FIRST_CHILD);
}

/** Next sibling; of a free record, the next free one. */
export function recordNextSibling(b: Uint8Array, at: number): number {
  return get32(b, at + NEXT_SIBLING);
}

export function recordPreviousSibling(b: Uint8Array, at: number): number {
  return get32(b, at + PREVIOUS_SIBLING);
}

/** First continuation of an object, 0 for none. */
export function recordContinuation(b: Uint8Array, at: number): number {
  return get32(b, at + CONTINUATION);
}

export function continuationOwner(b: Uint8Array, at: number): number {
  return get32(b, at + OWNER);
}

export function continuationOrdinal(b: Uint8Array, at: number): number {
  return get32(b, at + ORDINAL);
}

export function continuationNext(b: Uint8Array, at: number): number {
  return get32(b, at + NEXT_CONTINUATION);
}

/** What {@link emitRecord} writes; extents or inline content go into the area afterwards. */
export interface RecordFields {
  readonly number: number;
  readonly kind: ObjectKind;
  readonly inline: boolean;
  readonly extentCount: number;
  /** 16 bytes. */
  readonly version: Uint8Array;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly parent: number;
  readonly firstChild: number;
  readonly nextSibling: number;
  readonly previousSibling: number;
  readonly continuation: number;
  readonly path: Uint8Array;
}

/** Writes a record with an empty area, not sealed yet. */
export function emitRecord(b: Uint8Array, at: number, from: RecordFields): number {
  fill(b, at, SECTOR_BYTES, 0);
  put32(b, at, MAGIC);
  put32(b, at + NUMBER, from.number);
  b[at + KIND] = from.kind;
  b[at + FLAGS] = from.inline ? INLINE : 0;
  put16(b, at + PATH_BYTES, from.path.length);
  put16(b, at + EXTENTS, from.extentCount);
  copy(from.version, 0, b, at + RECORD_VERSION, VERSION_BYTES);
  put64(b, at + SIZE, from.sizeBytes);
  put64(b, at + MODIFIED, from.modifiedMs);
  put32(b, at + PARENT, from.parent);
  put32(b, at + FIRST_CHILD, from.firstChild);
  put32(b, at + NEXT_SIBLING, from.nextSibling);
  put32(b, at + PREVIOUS_SIBLING, from.previousSibling);
  put32(b, at + CONTINUATION, from.continuation);
  copy(from.path, 0, b, at + RECORD_PATH, from.path.length);
  return SECTOR_BYTES;
}

/** Writes a continuation with an empty area, not sealed yet. */
export function emitContinuation(
  b: Uint8Array,
  at: number,
  number: number,
  owner: number,
  ordinal: number,
  next: number,
  extentCount: number,
): number {
  fill(b, at, SECTOR_BYTES, 0);
  put32(b, at, MAGIC);
  put32(b, at + NUMBER, number);
  b[at + KIND] = ObjectKind.continuation;
  put16(b, at + EXTENTS, extentCount);
  put32(b, at + OWNER, owner);
  put32(b, at + ORDINAL, ordinal);
  put32(b, at + NEXT_CONTINUATION, next);
  return SECTOR_BYTES;
}
