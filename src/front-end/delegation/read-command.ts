/** What to read: the argument of `delegate`, and its ATCP_COMMAND 25 (Fig. 5, steps 105 and 106). */
import {
  commandArguments,
  CommandFlag,
  commandBytes,
  COMMAND_TEMPLATE,
  emitCommand,
  MAX_NAME_BYTES,
  MAX_TEMPLATE_BYTES,
  OBJECT_VERSION_BYTES,
  Opcode,
  ReadArgument,
} from '../../wire/atcp/command.js';
import { padded4 } from '../../wire/atcp/statements.js';
import { copy, equal, fill } from '../../wire/byte-loops.js';
import { put16, put64 } from '../../wire/bytes.js';
import type { SpanCarrier } from '../tcp/span.js';

/** A range of an object, as a program names it. */
export interface ObjectRange {
  /** Name on the volume. */
  readonly name: string;
  /** 16 bytes from {@link ObjectFacts}; another version then fails instead of being sent. Left out: any. */
  readonly version?: Uint8Array | undefined;
  /** First byte; 0 when left out. */
  readonly from?: number | undefined;
  /** Bytes, at least 1. */
  readonly length: number;
}

const NO_FLAGS = 0;

/** UTF-8 in normalisation form C, as volumes store names; checked against the format's limit. */
export function encodeObjectName(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name.normalize('NFC'));
  if (bytes.length > MAX_NAME_BYTES)
    throw new RangeError(
      `an object name has at most ${MAX_NAME_BYTES} bytes of UTF-8, this one ${bytes.length}`,
    );
  return bytes;
}

/** The command of one span: the same bytes for every board that carries it out (decision 8). */
export class ReadCommand {
  readonly name: string;
  /** First byte of the object. */
  readonly from: number;
  readonly length: number;
  readonly #nameBytes: Uint8Array;
  readonly #version: Uint8Array | undefined;
  readonly #template = new Uint8Array(MAX_TEMPLATE_BYTES);
  readonly #newTemplate = new Uint8Array(MAX_TEMPLATE_BYTES);
  /** 0: as in the command that the first board got; then 1 … 255. */
  templateVersion = 0;
  templateBytes = 0;
  #l3Offset = 0;
  #l4Offset = 0;
  #segmentBytes = 0;
  #startSequence = 0;
  #dateMs = 0;

  constructor(range: ObjectRange) {
    const { name, version, from = 0, length } = range;
    if (!Number.isSafeInteger(from) || from < 0)
      throw new RangeError(`from (${from}) must be a whole number from 0`);
    if (!Number.isSafeInteger(length) || length < 1)
      throw new RangeError(`length (${length}) must be a whole number from 1; an empty reply needs no board`);
    if (version !== undefined && version.length !== OBJECT_VERSION_BYTES)
      throw new RangeError(`an object version has ${OBJECT_VERSION_BYTES} bytes, this one ${version.length}`);
    this.name = name;
    this.length = length;
    this.#nameBytes = encodeObjectName(name);
    this.#version = version;
    this.from = from;
  }

  /** Step 105: the addresses, ports and numbers of the connection that the answer goes to. */
  address(carrier: SpanCarrier, startSequence: number, dateMs: number): void {
    const template = carrier.writeTemplate(this.#template);
    this.templateBytes = template.bytes;
    this.#l3Offset = template.l3Offset;
    this.#l4Offset = template.l4Offset;
    this.#segmentBytes = carrier.segmentBytes;
    this.#startSequence = startSequence;
    this.#dateMs = dateMs;
  }

  /**
   * Takes over a new next hop or other change below TCP; true when there was one. The numbers within the TCP
   * header travel in every statement.
   */
  readdress(carrier: SpanCarrier): boolean {
    const template = carrier.writeTemplate(this.#newTemplate);
    if (
      template.bytes !== this.templateBytes ||
      equal(this.#newTemplate, 0, this.#template, 0, template.l4Offset)
    )
      return false;
    copy(this.#newTemplate, 0, this.#template, 0, template.bytes);
    this.templateVersion = (this.templateVersion % 0xff) + 1;
    return true;
  }

  /** The template, padded to 4. */
  emitTemplate(b: Uint8Array, at: number): void {
    copy(this.#template, 0, b, at, this.templateBytes);
    fill(b, at + this.templateBytes, padded4(this.templateBytes) - this.templateBytes, 0);
  }

  bytes(): number {
    return commandBytes(this.templateBytes, ReadArgument.name + this.#nameBytes.length);
  }

  /** Step 106. */
  emit(b: Uint8Array, at: number, epoch: number, counter: number, firstOffset: number): number {
    const nameBytes = this.#nameBytes.length;
    const bytes = emitCommand(
      b,
      at,
      CommandFlag.psh | CommandFlag.restartable,
      epoch,
      counter,
      Opcode.read,
      this.templateBytes,
      this.#l3Offset,
      this.#l4Offset,
      this.#segmentBytes,
      ReadArgument.name + nameBytes,
      this.#startSequence,
      this.#dateMs,
      firstOffset,
    );
    copy(this.#template, 0, b, at + COMMAND_TEMPLATE, this.templateBytes);
    const argument = commandArguments(b, at);
    if (this.#version === undefined) fill(b, argument + ReadArgument.version, OBJECT_VERSION_BYTES, 0);
    else copy(this.#version, 0, b, argument + ReadArgument.version, OBJECT_VERSION_BYTES);
    put64(b, argument + ReadArgument.from, this.from);
    put64(b, argument + ReadArgument.length, this.length);
    put16(b, argument + ReadArgument.nameLength, nameBytes);
    copy(this.#nameBytes, 0, b, argument + ReadArgument.name, nameBytes);
    return bytes;
  }
}

/** The `release` command for an id that the front-end has forgotten. */
export function emitReleaseCommand(b: Uint8Array, at: number, epoch: number, counter: number): number {
  return emitCommand(b, at, NO_FLAGS, epoch, counter, Opcode.release, 0, 0, 0, 0, 0, 0, 0, 0);
}

export const RELEASE_COMMAND_BYTES = commandBytes(0, 0);
