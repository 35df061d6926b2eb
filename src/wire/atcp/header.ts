/**
 * The header of every ATCP frame; README.md in src/wire is the bit-level specification. Offsets from the
 * start of the header, which follows the Ethernet header:
 *
 *   0 version   1 type   2 suite   3 key id   4 length (2)   6 fragment index   7 fragment count
 *   8 board id (4)   12 epoch of the sender (4)   16 sequence number (8)   24 authentication tag (8)   32 body
 */
import { fill } from '../byte-loops.js';
import { get16, get32, get64, put16, put32, put64 } from '../bytes.js';

export const ATCP_VERSION = 1;
export const ATCP_HEADER_BYTES = 32;
export const ATCP_TAG = 24;
export const ATCP_TAG_BYTES = 8;
/** Largest header and body: what an untagged Ethernet frame carries. */
export const ATCP_MAX_BYTES = 1500;
/** The sender's session is renewed before its sequence numbers reach this. */
export const ATCP_SEQUENCE_LIMIT = 2 ** 52;

export const AtcpType = Object.freeze({
  /** Front-end, broadcast or to one board: who is there? Carries the front-end's nonce; not authenticated. */
  discover: 1,
  /** Board: who I am, my nonce; under the board key. */
  announce: 2,
  /** Front-end: let us talk under the session key that both nonces give. */
  sessionOpen: 3,
  /** Board: agreed. */
  sessionAccept: 4,
  /** Either direction: a list of statements. */
  statements: 5,
} as const);
export type AtcpType = (typeof AtcpType)[keyof typeof AtcpType];

export const AtcpSuite = Object.freeze({ none: 0, sipHash: 1 } as const);

export const AtcpKey = Object.freeze({
  /** The key the board was provisioned with. */
  board: 0,
  /** The session key of the direction the frame travels in. */
  session: 1,
} as const);

export type AtcpProblem = 'ok' | 'truncated' | 'version' | 'type' | 'suite' | 'length' | 'fragment';

/** `length` is what the Ethernet frame holds behind its header, padding included. */
export function checkAtcp(b: Uint8Array, at: number, length: number): AtcpProblem {
  if (length < ATCP_HEADER_BYTES) return 'truncated';
  if (b[at] !== ATCP_VERSION) return 'version';
  const type = b[at + 1]!;
  if (type < AtcpType.discover || type > AtcpType.statements) return 'type';
  const suite = b[at + 2]!;
  if (suite !== (type === AtcpType.discover ? AtcpSuite.none : AtcpSuite.sipHash)) return 'suite';
  const bytes = atcpLength(b, at);
  if (bytes < ATCP_HEADER_BYTES || bytes > length || bytes > ATCP_MAX_BYTES) return 'length';
  // Version 1 sends whole messages only; the fields are for bodies that outgrow a frame.
  if (b[at + 6] !== 0 || b[at + 7] !== 1) return 'fragment';
  return 'ok';
}

export function atcpType(b: Uint8Array, at: number): number {
  return b[at + 1]!;
}

export function atcpKeyId(b: Uint8Array, at: number): number {
  return b[at + 3]!;
}

/** Header and body in bytes, without Ethernet's padding. */
export function atcpLength(b: Uint8Array, at: number): number {
  return get16(b, at + 4);
}

export function atcpBoardId(b: Uint8Array, at: number): number {
  return get32(b, at + 8);
}

export function atcpEpoch(b: Uint8Array, at: number): number {
  return get32(b, at + 12);
}

export function atcpSequence(b: Uint8Array, at: number): number {
  return get64(b, at + 16);
}

/** Writes the header with a zero tag; {@link FrameAuthenticator.seal} puts the tag in. */
export function emitAtcp(
  b: Uint8Array,
  at: number,
  type: AtcpType,
  keyId: number,
  length: number,
  boardId: number,
  epoch: number,
  sequence: number,
): number {
  b[at] = ATCP_VERSION;
  b[at + 1] = type;
  b[at + 2] = type === AtcpType.discover ? AtcpSuite.none : AtcpSuite.sipHash;
  b[at + 3] = keyId;
  put16(b, at + 4, length);
  b[at + 6] = 0;
  b[at + 7] = 1;
  put32(b, at + 8, boardId);
  put32(b, at + 12, epoch);
  put64(b, at + 16, sequence);
  fill(b, at + ATCP_TAG, ATCP_TAG_BYTES, 0);
  return ATCP_HEADER_BYTES;
}
