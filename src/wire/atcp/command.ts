/**
 * ATCP_COMMAND 25 ([0025], Fig. 5): what to do, and the header of the pseudo packets that carry the answer.
 * Offsets from the start of the statement:
 *
 *   12 opcode   13 template bytes   14 IP header within the template   15 TCP or UDP header within the template
 *   16 payload bytes of a full segment or datagram (2)   18 argument bytes (2)
 *   20 sequence number of span offset 0, or number of its datagram (4)   24 date, ms since the Unix epoch (8)
 *   32 first offset: where in the span this delegation starts (8)
 *   40 template, padded to 4   then arguments, padded to 4
 *
 * Arguments of `read`:  0 expected object version, all zero for any (16)   16 from (8)   24 length, all ones for
 *                       "to the end" (8)   32 name length (2)   34 name, UTF-8
 * Arguments of `stat`:  0 name length (2)   2 name, UTF-8
 * Arguments of `list`:  0 expected object version, all zero for any (16)   16 cursor, 0 for the first entry (4)
 *                       20 name length (2)   22 name, UTF-8
 * Arguments of `relay`: see {@link RelayArgument}.
 * `release` has no arguments: its command id names the delegation that is to be forgotten.
 */
import { fill } from '../byte-loops.js';
import { get16, get32, get64, put16, put32, put64 } from '../bytes.js';
import { emitStatementHeader, padded4, StatementKind } from './statements.js';

export const COMMAND_TEMPLATE = 40;
/** Ethernet with one VLAN tag, IPv6, TCP with 40 bytes of options. */
export const MAX_TEMPLATE_BYTES = 18 + 40 + 60;
/** What a UDP template may have behind the UDP header: an even number of bytes that begin every datagram. */
export const MAX_DATAGRAM_HEADER_BYTES = 16;
/** Where in them the number of the datagram is, if they have one (2): TFTP and RTP agree on that. */
export const DATAGRAM_NUMBER = 2;
export const OBJECT_VERSION_BYTES = 16;
export const MAX_NAME_BYTES = 255;

export const Opcode = Object.freeze({
  /** Send a range of an object to the client. */
  read: 1,
  /** Say what an object is, in ATCP_ACK 27. */
  stat: 2,
  /** Forget a delegation at once. */
  release: 3,
  /** Say what is in a directory, a page at a time, in ATCP_ACK 27. */
  list: 4,
  /** Answer an HTTP request: head, and what of an object belongs to it. */
  relay: 5,
} as const);
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

export const CommandFlag = Object.freeze({
  /** FIN on the last segment of the span. */
  fin: 1,
  /** PSH on the last segment of the span. */
  psh: 2,
  /** The same command gives the same bytes again: another board may continue (decision 8). */
  restartable: 4,
  /** The length is not known beforehand; the board names it before its first byte (decision 7). */
  open: 8,
  /** Of a UDP template: the datagrams are numbered, 16 bits at {@link DATAGRAM_NUMBER} of their header. */
  numbered: 16,
} as const);

export const ReadArgument = Object.freeze({
  version: 0,
  from: 16,
  length: 24,
  nameLength: 32,
  name: 34,
} as const);
export const StatArgument = Object.freeze({ nameLength: 0, name: 2 } as const);
export const ListArgument = Object.freeze({ version: 0, cursor: 16, nameLength: 20, name: 22 } as const);

/**
 * Arguments of `relay`, the canonical form of a request (decision 12): what the front-end understood of it, in
 * fields of fixed size; of the client's bytes none but the name's. Entity tags are object versions. Dates are ms
 * since the Unix epoch; all ones stands for a field that is not there, and for an open end of the range.
 */
export const RelayArgument = Object.freeze({
  /** What the version must be, if the reply was begun elsewhere (16). */
  version: 0,
  /** {@link RelayExpect}. */
  expect: 16,
  /** {@link RelayMethod}. */
  method: 17,
  /** {@link RelayFlag}. */
  flags: 18,
  /** {@link RelayRange}. */
  range: 19,
  /** First byte, or the length of the suffix (8); last byte (8). */
  rangeFirst: 20,
  rangeLast: 28,
  ifModifiedSince: 36,
  ifUnmodifiedSince: 44,
  /** {@link RelayIfRange}. */
  ifRange: 52,
  /** Members of If-Match and of If-None-Match. */
  matchTags: 53,
  noneMatchTags: 54,
  nameLength: 55,
  /** The version (16), or the date (8). */
  ifRangeValue: 56,
  /** Members of If-Match, then of If-None-Match (16 each), then the name. */
  tags: 72,
} as const);
export const RelayExpect = Object.freeze({ anything: 0, version: 1, absent: 2 } as const);
export const RelayMethod = Object.freeze({ get: 1, head: 2 } as const);
export const RelayFlag = Object.freeze({
  /** The reply is the last of its connection. */
  close: 1,
  ifMatch: 2,
  ifMatchAny: 4,
  ifNoneMatch: 8,
  ifNoneMatchAny: 16,
} as const);
export const RelayRange = Object.freeze({ none: 0, bytes: 1, suffix: 2 } as const);
export const RelayIfRange = Object.freeze({ none: 0, version: 1, date: 2, never: 3 } as const);
export const MAX_RELAY_TAGS = 8;
/** Everything but the name. */
export const MAX_RELAY_BYTES = RelayArgument.tags + MAX_RELAY_TAGS * OBJECT_VERSION_BYTES;

export type CommandProblem = 'ok' | 'truncated' | 'opcode' | 'template' | 'segment' | 'arguments' | 'name';

/** Checks the layout of a command statement that {@link checkStatement} accepted; not whether it may be done. */
export function checkCommand(b: Uint8Array, at: number, length: number): CommandProblem {
  if (length < COMMAND_TEMPLATE) return 'truncated';
  const opcode = commandOpcode(b, at);
  if (opcode < Opcode.read || opcode > Opcode.relay) return 'opcode';
  const templateBytes = commandTemplateBytes(b, at);
  const argumentsAt = commandArguments(b, at);
  const argumentBytes = commandArgumentBytes(b, at);
  if (argumentsAt + padded4(argumentBytes) > at + length) return 'truncated';
  if (opcode === Opcode.read) {
    const problem = checkTemplateOffsets(b, at, templateBytes);
    if (problem !== 'ok') return problem;
    if (argumentBytes < ReadArgument.name) return 'arguments';
    return checkName(get16(b, argumentsAt + ReadArgument.nameLength), argumentBytes - ReadArgument.name);
  }
  if (opcode === Opcode.relay) {
    const problem = checkTemplateOffsets(b, at, templateBytes);
    if (problem !== 'ok') return problem;
    if (argumentBytes < RelayArgument.tags) return 'arguments';
    const tags = relayTags(b, argumentsAt);
    const room = argumentBytes - RelayArgument.tags - tags * OBJECT_VERSION_BYTES;
    if (tags > MAX_RELAY_TAGS || room < 0) return 'arguments';
    return checkName(b[argumentsAt + RelayArgument.nameLength]!, room);
  }
  if (opcode === Opcode.stat) {
    if (argumentBytes < StatArgument.name) return 'arguments';
    return checkName(get16(b, argumentsAt), argumentBytes - StatArgument.name);
  }
  if (opcode === Opcode.list) {
    if (argumentBytes < ListArgument.name) return 'arguments';
    return checkName(get16(b, argumentsAt + ListArgument.nameLength), argumentBytes - ListArgument.name);
  }
  return 'ok';
}

function checkName(nameBytes: number, room: number): CommandProblem {
  return nameBytes > MAX_NAME_BYTES || nameBytes > room ? 'name' : 'ok';
}

function checkTemplateOffsets(b: Uint8Array, at: number, templateBytes: number): CommandProblem {
  const l3 = commandL3Offset(b, at);
  const l4 = commandL4Offset(b, at);
  if (templateBytes > MAX_TEMPLATE_BYTES || l3 < 14 || l4 < l3 + 20 || l4 + 8 > templateBytes)
    return 'template';
  if (commandSegmentBytes(b, at) === 0) return 'segment';
  return 'ok';
}

/** Entity tags in the arguments of `relay` at `at`. */
export function relayTags(b: Uint8Array, at: number): number {
  return b[at + RelayArgument.matchTags]! + b[at + RelayArgument.noneMatchTags]!;
}

export function commandOpcode(b: Uint8Array, at: number): number {
  return b[at + 12]!;
}

export function commandTemplateBytes(b: Uint8Array, at: number): number {
  return b[at + 13]!;
}

export function commandL3Offset(b: Uint8Array, at: number): number {
  return b[at + 14]!;
}

export function commandL4Offset(b: Uint8Array, at: number): number {
  return b[at + 15]!;
}

export function commandSegmentBytes(b: Uint8Array, at: number): number {
  return get16(b, at + 16);
}

export function commandArgumentBytes(b: Uint8Array, at: number): number {
  return get16(b, at + 18);
}

export function commandStartSequence(b: Uint8Array, at: number): number {
  return get32(b, at + 20);
}

export function commandDate(b: Uint8Array, at: number): number {
  return get64(b, at + 24);
}

export function commandFirstOffset(b: Uint8Array, at: number): number {
  return get64(b, at + 32);
}

/** Position of the arguments. */
export function commandArguments(b: Uint8Array, at: number): number {
  return at + COMMAND_TEMPLATE + padded4(commandTemplateBytes(b, at));
}

export function commandBytes(templateBytes: number, argumentBytes: number): number {
  return COMMAND_TEMPLATE + padded4(templateBytes) + padded4(argumentBytes);
}

/** Writes everything but the template and the arguments, whose places are zeroed. Returns the statement's length. */
export function emitCommand(
  b: Uint8Array,
  at: number,
  flags: number,
  epoch: number,
  counter: number,
  opcode: Opcode,
  templateBytes: number,
  l3Offset: number,
  l4Offset: number,
  segmentBytes: number,
  argumentBytes: number,
  startSequence: number,
  dateMs: number,
  firstOffset: number,
): number {
  const length = commandBytes(templateBytes, argumentBytes);
  emitStatementHeader(b, at, StatementKind.command, flags, length, epoch, counter);
  b[at + 12] = opcode;
  b[at + 13] = templateBytes;
  b[at + 14] = l3Offset;
  b[at + 15] = l4Offset;
  put16(b, at + 16, segmentBytes);
  put16(b, at + 18, argumentBytes);
  put32(b, at + 20, startSequence);
  put64(b, at + 24, dateMs);
  put64(b, at + 32, firstOffset);
  fill(b, at + COMMAND_TEMPLATE, length - COMMAND_TEMPLATE, 0);
  return length;
}
