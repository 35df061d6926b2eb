/**
 * ATCP_ACK 27 ([0027], [0028], Fig. 8): how a command stands and how much the board has sent. Complete, so the
 * newest one is enough. Offsets from the start of the statement:
 *
 *   12 version of the latest ATCP_ACK 29 acted on, 0 for none (4)
 *   16 sent-up-to offset (8)   24 total bytes of the span, all ones while unknown (8)
 *   32 age of the last sending, µs (4)   36 bytes queued in the NIC, not yet sent (4)
 *   40 highest resend generation executed (4)   44 state   45 reason   46 hint, ms, for `busy` (2)
 *   48 object version (16)   64 result bytes (2)   66 template version   67 zero   68 result, padded to 4
 *
 * Result of `stat`: 0 size (8)   8 modified, ms since the Unix epoch (8)   16 object kind   17 zero (3)
 * Result of `list`: 0 cursor of the next page, 0 after the last (4)   4 entries (2)   6 zero (2)   8 entries, each:
 *                   0 size (8)   8 modified (8)   16 object kind   17 name bytes   18 name, the last component
 */
import { fill } from '../byte-loops.js';
import { get16, get32, get64, put16, put32, put64 } from '../bytes.js';
import { emitStatementHeader, padded4, StatementKind } from './statements.js';

export const ACK_UP_VERSION_AT = 48;
export const ACK_UP_RESULT = 68;
export const STAT_RESULT_BYTES = 20;
export const StatResult = Object.freeze({ size: 0, modified: 8, kind: 16 } as const);
export const ListResult = Object.freeze({ cursor: 0, count: 4, entries: 8 } as const);
export const ListEntry = Object.freeze({ size: 0, modified: 8, kind: 16, nameLength: 17, name: 18 } as const);
/** One frame holds it with the header, a heartbeat and the fixed part of ATCP_ACK 27. */
export const LIST_RESULT_MAX_BYTES = 1328;
export const ObjectKind = Object.freeze({ file: 1, directory: 2 } as const);

/** How a command stands. */
export const DelegationState = Object.freeze({
  /** Understood; the object is being looked up or the first bytes are being read. */
  accepted: 1,
  /** Sending, as far as the credit goes. */
  sending: 2,
  /** Every byte of the span was sent at least once. */
  sent: 3,
  /** The client has everything; kept only until released. */
  done: 4,
  /** Nothing is kept of it (also the answer about an id that the board does not know). */
  released: 5,
  /** Will not be done, or not any further: see the reason. */
  failed: 6,
  /** No slot free: ask again after the hint. */
  busy: 7,
} as const);
export type DelegationState = (typeof DelegationState)[keyof typeof DelegationState];

export const Reason = Object.freeze({
  none: 0,
  notFound: 1,
  /** The object's version is not the expected one. */
  versionMismatch: 2,
  /** The range does not lie within the object. */
  range: 3,
  noCard: 4,
  noVolume: 5,
  cardError: 6,
  /** Data or metadata on the card does not match its checksum. */
  checksum: 7,
  badCommand: 8,
  unknownOpcode: 9,
  /** The template names a source address that the board was not provisioned for. */
  forbiddenSource: 10,
  leaseEnded: 11,
  evicted: 12,
  noSlot: 13,
  /** A directory where a file was expected. */
  notAFile: 14,
  /** A file where a directory was expected. */
  notADirectory: 15,
} as const);
export type Reason = (typeof Reason)[keyof typeof Reason];

export type AckUpProblem = 'ok' | 'truncated' | 'state' | 'result';

export function checkAckUp(b: Uint8Array, at: number, length: number): AckUpProblem {
  if (length < ACK_UP_RESULT) return 'truncated';
  const state = ackUpState(b, at);
  if (state < DelegationState.accepted || state > DelegationState.busy) return 'state';
  if (ACK_UP_RESULT + padded4(ackUpResultBytes(b, at)) !== length) return 'result';
  return 'ok';
}

export function ackUpVersion(b: Uint8Array, at: number): number {
  return get32(b, at + 12);
}

export function ackUpSentUpTo(b: Uint8Array, at: number): number {
  return get64(b, at + 16);
}

export function ackUpTotal(b: Uint8Array, at: number): number {
  return get64(b, at + 24);
}

export function ackUpAgeUs(b: Uint8Array, at: number): number {
  return get32(b, at + 32);
}

export function ackUpQueuedBytes(b: Uint8Array, at: number): number {
  return get32(b, at + 36);
}

export function ackUpResendGeneration(b: Uint8Array, at: number): number {
  return get32(b, at + 40);
}

export function ackUpState(b: Uint8Array, at: number): number {
  return b[at + 44]!;
}

export function ackUpReason(b: Uint8Array, at: number): number {
  return b[at + 45]!;
}

export function ackUpHintMs(b: Uint8Array, at: number): number {
  return get16(b, at + 46);
}

export function ackUpResultBytes(b: Uint8Array, at: number): number {
  return get16(b, at + 64);
}

export function ackUpTemplateVersion(b: Uint8Array, at: number): number {
  return b[at + 66]!;
}

/** Writes everything but the object version and the result, whose places are zeroed. Returns the statement's length. */
export function emitAckUp(
  b: Uint8Array,
  at: number,
  epoch: number,
  counter: number,
  version: number,
  sentUpTo: number,
  total: number,
  ageUs: number,
  queuedBytes: number,
  generation: number,
  state: DelegationState,
  reason: Reason,
  hintMs: number,
  templateVersion: number,
  resultBytes: number,
): number {
  const length = ACK_UP_RESULT + padded4(resultBytes);
  emitStatementHeader(b, at, StatementKind.ackUp, 0, length, epoch, counter);
  put32(b, at + 12, version);
  put64(b, at + 16, sentUpTo);
  put64(b, at + 24, total);
  put32(b, at + 32, ageUs);
  put32(b, at + 36, queuedBytes);
  put32(b, at + 40, generation);
  b[at + 44] = state;
  b[at + 45] = reason;
  put16(b, at + 46, hintMs);
  fill(b, at + ACK_UP_VERSION_AT, length - ACK_UP_VERSION_AT, 0);
  put16(b, at + 64, resultBytes);
  b[at + 66] = templateVersion;
  return length;
}
