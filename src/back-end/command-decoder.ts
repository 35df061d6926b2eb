/**
 * Command decoder 33 (Fig. 11): the bytes of an ATCP_COMMAND 25 become a checked command, or the reason why it is
 * none. The record points into the frame, which stays as it is until the next one is fetched.
 */
import { Reason } from '../wire/atcp/ack-up.js';
import {
  checkCommand,
  commandArguments,
  commandDate,
  commandFirstOffset,
  CommandFlag,
  commandL3Offset,
  commandL4Offset,
  commandOpcode,
  commandSegmentBytes,
  commandStartSequence,
  commandTemplateBytes,
  COMMAND_TEMPLATE,
  ListArgument,
  OBJECT_VERSION_BYTES,
  Opcode,
  ReadArgument,
  RelayArgument,
  relayTags,
  StatArgument,
} from '../wire/atcp/command.js';
import { commandCounter, commandEpoch, statementFlags, statementLength } from '../wire/atcp/statements.js';
import { get16, get32, get64, UNKNOWN_U64 } from '../wire/bytes.js';
import { OFFSET_LIMIT } from './limits.js';
import type { PseudoSource } from './ports.js';
import { checkTemplate } from './template.js';

/** One decoded command; the decoder's owner uses the same one again and again. */
export class Command {
  epoch = 0;
  counter = 0;
  opcode: number = Opcode.read;
  flags = 0;
  /** Positions within the frame that was decoded. */
  templateAt = 0;
  nameAt = 0;
  versionAt = 0;
  templateBytes = 0;
  l3Offset = 0;
  l4Offset = 0;
  segmentBytes = 0;
  startSequence = 0;
  firstOffset = 0;
  from = 0;
  /** Of `list`: where the page begins. */
  cursor = 0;
  /** Of `relay`: position and length of the request, and the reply's Date. */
  requestAt = 0;
  requestBytes = 0;
  dateMs = 0;
  /** -1: all there is from {@link from} on. */
  length = 0;
  nameBytes = 0;
}

/** The end of the year 9999. */
const LAST_DATE_MS = 253_402_300_799_999;

export class CommandDecoder {
  readonly #sources: readonly PseudoSource[];

  constructor(sources: readonly PseudoSource[]) {
    this.#sources = sources;
  }

  /**
   * Decodes the statement at `at`, which `checkStatement` accepted, into `into`, whose id is valid in any case.
   * Answers `none`, `unknownOpcode`, `badCommand`, `range` or `forbiddenSource`.
   */
  decode(b: Uint8Array, at: number, into: Command): Reason {
    into.epoch = commandEpoch(b, at);
    into.counter = commandCounter(b, at);
    into.flags = statementFlags(b, at);
    into.opcode = 0;
    const problem = checkCommand(b, at, statementLength(b, at));
    if (problem === 'opcode') return Reason.unknownOpcode;
    if (problem !== 'ok') return Reason.badCommand;
    into.opcode = commandOpcode(b, at);
    if (into.opcode === Opcode.read) return this.#decodeRead(b, at, into);
    if (into.opcode === Opcode.relay) return this.#decodeRelay(b, at, into);
    if (into.opcode === Opcode.stat) decodeStat(b, at, into);
    else if (into.opcode === Opcode.list) decodeList(b, at, into);
    return Reason.none;
  }

  #decodeRelay(b: Uint8Array, at: number, into: Command): Reason {
    const args = commandArguments(b, at);
    into.dateMs = commandDate(b, at);
    into.requestAt = args;
    into.requestBytes = RelayArgument.tags + relayTags(b, args) * OBJECT_VERSION_BYTES;
    into.nameAt = args + into.requestBytes;
    into.nameBytes = b[args + RelayArgument.nameLength]!;
    if (!isDate(into.dateMs) || !isRange(b, args)) return Reason.range;
    return this.#decodeSpan(b, at, into);
  }

  #decodeRead(b: Uint8Array, at: number, into: Command): Reason {
    const args = commandArguments(b, at);
    into.versionAt = args + ReadArgument.version;
    into.from = get64(b, args + ReadArgument.from);
    into.length = get64(b, args + ReadArgument.length);
    into.nameAt = args + ReadArgument.name;
    into.nameBytes = get16(b, args + ReadArgument.nameLength);
    if (!isOffset(into.from)) return Reason.range;
    if (into.length !== UNKNOWN_U64 && !isOffset(into.length)) return Reason.range;
    return this.#decodeSpan(b, at, into);
  }

  /** What every command has that sends something. */
  #decodeSpan(b: Uint8Array, at: number, into: Command): Reason {
    into.templateAt = at + COMMAND_TEMPLATE;
    into.templateBytes = commandTemplateBytes(b, at);
    into.l3Offset = commandL3Offset(b, at);
    into.l4Offset = commandL4Offset(b, at);
    into.segmentBytes = commandSegmentBytes(b, at);
    into.startSequence = commandStartSequence(b, at);
    into.firstOffset = commandFirstOffset(b, at);
    if (!isOffset(into.firstOffset)) return Reason.range;
    return checkTemplate(
      b,
      into.templateAt,
      into.templateBytes,
      into.l3Offset,
      into.l4Offset,
      into.segmentBytes,
      (into.flags & CommandFlag.numbered) !== 0,
      this.#sources,
    );
  }
}

function decodeStat(b: Uint8Array, at: number, into: Command): void {
  const args = commandArguments(b, at);
  into.nameAt = args + StatArgument.name;
  into.nameBytes = get16(b, args + StatArgument.nameLength);
}

function decodeList(b: Uint8Array, at: number, into: Command): void {
  const args = commandArguments(b, at);
  into.versionAt = args + ListArgument.version;
  into.cursor = get32(b, args + ListArgument.cursor);
  into.nameAt = args + ListArgument.name;
  into.nameBytes = get16(b, args + ListArgument.nameLength);
}

/** A year has four digits (RFC 9110 5.6.7). */
function isDate(ms: number): boolean {
  return ms >= 0 && ms <= LAST_DATE_MS;
}

/** The range of a request: what is no number that an object can have is none. */
function isRange(b: Uint8Array, args: number): boolean {
  const last = get64(b, args + RelayArgument.rangeLast);
  return isOffset(get64(b, args + RelayArgument.rangeFirst)) && (last === UNKNOWN_U64 || isOffset(last));
}

function isOffset(value: number): boolean {
  return value >= 0 && value <= OFFSET_LIMIT;
}
