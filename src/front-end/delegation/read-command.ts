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
export abstract class SpanCommand {
  readonly name: string;
  abstract readonly opcode: 'read' | 'relay';
  /** First byte of the object. */
  abstract readonly from: number;
  /** Undefined while only a board can know (decision 7). */
  abstract readonly length: number | undefined;
  protected readonly nameBytes: Uint8Array;
  readonly #template = new Uint8Array(MAX_TEMPLATE_BYTES);
  readonly #newTemplate = new Uint8Array(MAX_TEMPLATE_BYTES);
  /** 0: as in the command that the first board got; then 1 … 255. */
  templateVersion = 0;
  templateBytes = 0;
  /** Payload of a full segment. */
  segmentBytes = 0;
  #l3Offset = 0;
  #l4Offset = 0;
  #numbered = false;
  #startSequence = 0;
  #dateMs = 0;

  constructor(name: string) {
    this.name = name;
    this.nameBytes = encodeObjectName(name);
  }

  /** Step 105: the addresses, ports and numbers of the connection that the answer goes to. */
  address(carrier: SpanCarrier, startSequence: number, dateMs: number): void {
    const template = carrier.writeTemplate(this.#template);
    this.templateBytes = template.bytes;
    this.#l3Offset = template.l3Offset;
    this.#l4Offset = template.l4Offset;
    this.segmentBytes = carrier.segmentBytes;
    this.#numbered = template.numbered === true;
    this.#startSequence = startSequence;
    this.#dateMs = dateMs;
  }

  /**
   * Takes over a new next hop or other change below TCP, or another size of segments; true when there was one. The
   * numbers within the TCP header travel in every statement.
   */
  readdress(carrier: SpanCarrier): boolean {
    const template = carrier.writeTemplate(this.#newTemplate);
    if (template.bytes !== this.templateBytes) return false;
    const isSame = equal(this.#newTemplate, 0, this.#template, 0, template.l4Offset);
    if (isSame && carrier.segmentBytes === this.segmentBytes) return false;
    this.segmentBytes = carrier.segmentBytes;
    copy(this.#newTemplate, 0, this.#template, 0, template.bytes);
    this.templateVersion = (this.templateVersion % 0xff) + 1;
    return true;
  }

  /** The template, padded to 4. */
  emitTemplate(b: Uint8Array, at: number): void {
    copy(this.#template, 0, b, at, this.templateBytes);
    fill(b, at + this.templateBytes, padded4(this.templateBytes) - this.templateBytes, 0);
  }

  /** Length of the statement. */
  bytes(): number {
    return commandBytes(this.templateBytes, this.argumentBytes);
  }

  protected abstract get argumentBytes(): number;
  protected abstract writeArguments(b: Uint8Array, at: number): void;

  /** The board has named what it will send: {@link length} bytes of an object of this version, or of none. */
  abstract settle(length: number, version: Uint8Array): void;

  /** Step 106. */
  emit(b: Uint8Array, at: number, epoch: number, counter: number, firstOffset: number): number {
    const isOpen = this.opcode === 'relay';
    const numbered = this.#numbered ? CommandFlag.numbered : 0;
    const bytes = emitCommand(
      b,
      at,
      CommandFlag.psh | CommandFlag.restartable | (isOpen ? CommandFlag.open : 0) | numbered,
      epoch,
      counter,
      isOpen ? Opcode.relay : Opcode.read,
      this.templateBytes,
      this.#l3Offset,
      this.#l4Offset,
      this.segmentBytes,
      this.argumentBytes,
      this.#startSequence,
      this.#dateMs,
      firstOffset,
    );
    copy(this.#template, 0, b, at + COMMAND_TEMPLATE, this.templateBytes);
    this.writeArguments(b, commandArguments(b, at));
    return bytes;
  }
}

/** `read`: a range of an object. */
export class ReadCommand extends SpanCommand {
  readonly opcode = 'read';
  readonly from: number;
  readonly length: number;
  readonly #version: Uint8Array | undefined;

  constructor(range: ObjectRange) {
    const { name, version, from = 0, length } = range;
    super(name);
    if (!Number.isSafeInteger(from) || from < 0)
      throw new RangeError(`from (${from}) must be a whole number from 0`);
    if (!Number.isSafeInteger(length) || length < 1)
      throw new RangeError(`length (${length}) must be a whole number from 1; an empty reply needs no board`);
    if (version !== undefined && version.length !== OBJECT_VERSION_BYTES)
      throw new RangeError(`an object version has ${OBJECT_VERSION_BYTES} bytes, this one ${version.length}`);
    this.length = length;
    this.#version = version;
    this.from = from;
  }

  protected get argumentBytes(): number {
    return ReadArgument.name + this.nameBytes.length;
  }

  protected writeArguments(b: Uint8Array, at: number): void {
    const { nameBytes } = this;
    if (this.#version === undefined) fill(b, at + ReadArgument.version, OBJECT_VERSION_BYTES, 0);
    else copy(this.#version, 0, b, at + ReadArgument.version, OBJECT_VERSION_BYTES);
    put64(b, at + ReadArgument.from, this.from);
    put64(b, at + ReadArgument.length, this.length);
    put16(b, at + ReadArgument.nameLength, nameBytes.length);
    copy(nameBytes, 0, b, at + ReadArgument.name, nameBytes.length);
  }

  /** Its length was known before. */
  settle(): void {}
}

/** The `release` command for an id that the front-end has forgotten. */
export function emitReleaseCommand(b: Uint8Array, at: number, epoch: number, counter: number): number {
  return emitCommand(b, at, NO_FLAGS, epoch, counter, Opcode.release, 0, 0, 0, 0, 0, 0, 0, 0);
}

export const RELEASE_COMMAND_BYTES = commandBytes(0, 0);
