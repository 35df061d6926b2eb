/**
 * ATCP_ACK 29 ([0030], [0031], Fig. 10): the complete, versioned statement of one delegation; the latest version
 * wins (decision 1). Offsets from the start of the statement; offsets into the span are 64-bit:
 *
 *   12 version (4)   16 acknowledged offset (8)   24 granted offset (8)
 *   32 acknowledgment number for pseudo packets (4)   36 window for pseudo packets, as it goes on the wire (2)
 *      of a UDP delegation: pace, bits of payload per second, 0 for as fast as it goes (4)   zero (2)
 *   38 lease, ms (2)   40 TSecr for pseudo packets (4)
 *   44 resend ranges   45 timestamp marks   46 template bytes, 0 for no change   47 template version
 *   48 resend ranges, 12 bytes each: generation (4), from (4), to (4), relative to the acknowledged offset
 *      timestamp marks, 8 bytes each: from, relative to the acknowledged offset (4), TSval from there on (4)
 *      with a template: it, padded to 4, then payload bytes of a full segment from now on (2), zero (2)
 *
 * A board sends a resend range once: when its generation is above the highest that it has executed.
 */
import { get16, get32, get64, put16, put32, put64 } from '../bytes.js';
import { emitStatementHeader, padded4, StatementKind } from './statements.js';
import { MAX_TEMPLATE_BYTES } from './command.js';

export const ACK_DOWN_LISTS = 48;
export const RESEND_RANGE_BYTES = 12;
export const TIMESTAMP_MARK_BYTES = 8;
/** What follows a template. */
export const SEGMENT_BYTES_FIELD = 4;
export const MAX_RESEND_RANGES = 8;
export const MAX_TIMESTAMP_MARKS = 8;
export const MAX_LEASE_MS = 0xffff;

export const AckDownFlag = Object.freeze({
  /** The delegation is over: free everything and confirm with state `released`. */
  release: 1,
  /** Send no new bytes and repeat none until a later statement, whatever the credit says. */
  hold: 2,
} as const);

export type AckDownProblem = 'ok' | 'truncated' | 'lists' | 'order';

export function checkAckDown(b: Uint8Array, at: number, length: number): AckDownProblem {
  if (length < ACK_DOWN_LISTS) return 'truncated';
  const ranges = ackResendCount(b, at);
  const marks = ackTimestampMarkCount(b, at);
  const template = ackTemplateBytes(b, at);
  if (ranges > MAX_RESEND_RANGES || marks > MAX_TIMESTAMP_MARKS || template > MAX_TEMPLATE_BYTES)
    return 'lists';
  if (ackDownBytes(ranges, marks, template) !== length) return 'lists';
  if (ackGranted(b, at) < ackAcknowledged(b, at)) return 'order';
  return 'ok';
}

export function ackDownBytes(ranges: number, marks: number, templateBytes: number): number {
  const lists = ACK_DOWN_LISTS + ranges * RESEND_RANGE_BYTES + marks * TIMESTAMP_MARK_BYTES;
  return templateBytes === 0 ? lists : lists + padded4(templateBytes) + SEGMENT_BYTES_FIELD;
}

export function ackDownVersion(b: Uint8Array, at: number): number {
  return get32(b, at + 12);
}

export function ackAcknowledged(b: Uint8Array, at: number): number {
  return get64(b, at + 16);
}

export function ackGranted(b: Uint8Array, at: number): number {
  return get64(b, at + 24);
}

export function ackAcknowledgment(b: Uint8Array, at: number): number {
  return get32(b, at + 32);
}

/** Of a UDP delegation: bits of payload per second, 0 for as fast as it goes. */
export function ackPace(b: Uint8Array, at: number): number {
  return get32(b, at + 32);
}

export function ackWindow(b: Uint8Array, at: number): number {
  return get16(b, at + 36);
}

export function ackLeaseMs(b: Uint8Array, at: number): number {
  return get16(b, at + 38);
}

export function ackTsEcr(b: Uint8Array, at: number): number {
  return get32(b, at + 40);
}

export function ackResendCount(b: Uint8Array, at: number): number {
  return b[at + 44]!;
}

export function ackTimestampMarkCount(b: Uint8Array, at: number): number {
  return b[at + 45]!;
}

export function ackTemplateBytes(b: Uint8Array, at: number): number {
  return b[at + 46]!;
}

export function ackTemplateVersion(b: Uint8Array, at: number): number {
  return b[at + 47]!;
}

export function resendGeneration(b: Uint8Array, at: number, i: number): number {
  return get32(b, at + ACK_DOWN_LISTS + i * RESEND_RANGE_BYTES);
}

/** Absolute offset within the span. */
export function resendFrom(b: Uint8Array, at: number, i: number): number {
  return ackAcknowledged(b, at) + get32(b, at + ACK_DOWN_LISTS + i * RESEND_RANGE_BYTES + 4);
}

/** Absolute offset within the span, not included. */
export function resendTo(b: Uint8Array, at: number, i: number): number {
  return ackAcknowledged(b, at) + get32(b, at + ACK_DOWN_LISTS + i * RESEND_RANGE_BYTES + 8);
}

function marksAt(b: Uint8Array, at: number): number {
  return at + ACK_DOWN_LISTS + ackResendCount(b, at) * RESEND_RANGE_BYTES;
}

/** Absolute offset within the span. */
export function timestampMarkFrom(b: Uint8Array, at: number, i: number): number {
  return ackAcknowledged(b, at) + get32(b, marksAt(b, at) + i * TIMESTAMP_MARK_BYTES);
}

export function timestampMarkTsVal(b: Uint8Array, at: number, i: number): number {
  return get32(b, marksAt(b, at) + i * TIMESTAMP_MARK_BYTES + 4);
}

/** Position of the template. */
export function ackTemplate(b: Uint8Array, at: number): number {
  return marksAt(b, at) + ackTimestampMarkCount(b, at) * TIMESTAMP_MARK_BYTES;
}

/** Payload of a full segment, from this statement on. Only with a template. */
export function ackSegmentBytes(b: Uint8Array, at: number): number {
  return get16(b, ackTemplate(b, at) + padded4(ackTemplateBytes(b, at)));
}

export function emitSegmentBytes(b: Uint8Array, at: number, segmentBytes: number): void {
  put32(b, ackTemplate(b, at) + padded4(ackTemplateBytes(b, at)), segmentBytes << 16);
}

/** Writes the fixed part; the caller puts the lists in with the emitters below and the template at {@link ackTemplate}, with {@link emitSegmentBytes}. */
export function emitAckDown(
  b: Uint8Array,
  at: number,
  flags: number,
  epoch: number,
  counter: number,
  version: number,
  acknowledged: number,
  granted: number,
  acknowledgment: number,
  window: number,
  leaseMs: number,
  tsEcr: number,
  ranges: number,
  marks: number,
  templateBytes: number,
  templateVersion: number,
): number {
  const length = ackDownBytes(ranges, marks, templateBytes);
  emitStatementHeader(b, at, StatementKind.ackDown, flags, length, epoch, counter);
  put32(b, at + 12, version);
  put64(b, at + 16, acknowledged);
  put64(b, at + 24, granted);
  put32(b, at + 32, acknowledgment);
  put16(b, at + 36, window);
  put16(b, at + 38, leaseMs);
  put32(b, at + 40, tsEcr);
  b[at + 44] = ranges;
  b[at + 45] = marks;
  b[at + 46] = templateBytes;
  b[at + 47] = templateVersion;
  return length;
}

/** `from` and `to` are absolute offsets within the span. */
export function emitResendRange(
  b: Uint8Array,
  at: number,
  i: number,
  generation: number,
  from: number,
  to: number,
): void {
  const range = at + ACK_DOWN_LISTS + i * RESEND_RANGE_BYTES;
  const acknowledged = ackAcknowledged(b, at);
  put32(b, range, generation);
  put32(b, range + 4, from - acknowledged);
  put32(b, range + 8, to - acknowledged);
}

/** `from` is an absolute offset within the span; one below the acknowledged offset is stated as that offset. */
export function emitTimestampMark(b: Uint8Array, at: number, i: number, from: number, tsVal: number): void {
  const mark = marksAt(b, at) + i * TIMESTAMP_MARK_BYTES;
  put32(b, mark, Math.max(0, from - ackAcknowledged(b, at)));
  put32(b, mark + 4, tsVal);
}
