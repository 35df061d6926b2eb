/**
 * The body of a `statements` frame is a list of statements; each states what is so, never "one more"
 * (README.md). Every statement starts with
 *
 *   0 kind   1 flags   2 length in bytes with this header, a multiple of 4 (2)
 *   4 command epoch (4)   8 command counter (4)
 *
 * Kinds 25, 27 and 29 are the packets of Fig. 2 that travel on the data link ([0025], [0027], [0030]).
 */
import { get16, get32, put16, put32 } from '../bytes.js';

export const STATEMENT_HEADER_BYTES = 12;

export const StatementKind = Object.freeze({
  /** Front-end → board: ATCP_COMMAND 25. */
  command: 25,
  /** Board → front-end: ATCP_ACK 27. */
  ackUp: 27,
  /** Front-end → board: ATCP_ACK 29. */
  ackDown: 29,
  /** Board → front-end: how the board is. */
  heartbeat: 40,
  /** Either direction: bytes of a command (what to write; what was asked for by the front-end itself). */
  data: 41,
  /** Front-end → board: every command id up to this one is finished and may be forgotten. */
  watermark: 42,
} as const);

export type StatementProblem = 'ok' | 'end' | 'truncated';

/** Checks that a whole statement lies at `at`, before `end`; 'end' when nothing is left. */
export function checkStatement(b: Uint8Array, at: number, end: number): StatementProblem {
  if (at === end) return 'end';
  if (at + STATEMENT_HEADER_BYTES > end) return 'truncated';
  const length = statementLength(b, at);
  if (length < STATEMENT_HEADER_BYTES || (length & 3) !== 0 || at + length > end) return 'truncated';
  return 'ok';
}

export function statementKind(b: Uint8Array, at: number): number {
  return b[at]!;
}

export function statementFlags(b: Uint8Array, at: number): number {
  return b[at + 1]!;
}

export function statementLength(b: Uint8Array, at: number): number {
  return get16(b, at + 2);
}

export function commandEpoch(b: Uint8Array, at: number): number {
  return get32(b, at + 4);
}

export function commandCounter(b: Uint8Array, at: number): number {
  return get32(b, at + 8);
}

export function emitStatementHeader(
  b: Uint8Array,
  at: number,
  kind: number,
  flags: number,
  length: number,
  epoch: number,
  counter: number,
): void {
  b[at] = kind;
  b[at + 1] = flags;
  put16(b, at + 2, length);
  put32(b, at + 4, epoch);
  put32(b, at + 8, counter);
}

/** Rounds up to a multiple of four. */
export function padded4(bytes: number): number {
  return (bytes + 3) & ~3;
}
