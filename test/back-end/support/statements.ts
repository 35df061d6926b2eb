/** Statements as a front-end writes them, into dirty memory, with defaults for what a test does not care about. */
import {
  ACK_DOWN_LISTS,
  ackDownBytes,
  ackTemplate,
  emitSegmentBytes,
  emitAckDown,
  emitResendRange,
  emitTimestampMark,
} from '../../../src/wire/atcp/ack-down.js';
import {
  commandArguments,
  CommandFlag,
  commandBytes,
  COMMAND_TEMPLATE,
  emitCommand,
  ListArgument,
  type Opcode,
  Opcode as Op,
  ReadArgument,
  RelayArgument,
  RelayExpect,
  RelayIfRange,
  RelayMethod,
  RelayRange,
  StatArgument,
} from '../../../src/wire/atcp/command.js';
import {
  emitStatementHeader,
  StatementKind,
  STATEMENT_HEADER_BYTES,
} from '../../../src/wire/atcp/statements.js';
import { put16, put32, put64, UNKNOWN_U64 } from '../../../src/wire/bytes.js';

export const EPOCH = 0x0e00_0001;

function dirty(length: number): Uint8Array {
  return new Uint8Array(length).fill(0xa5);
}

export interface TemplateOptions {
  readonly source?: readonly number[];
  readonly destination?: readonly number[];
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly timestamps?: boolean;
  readonly vlan?: number;
  readonly udp?: boolean;
  /** Behind the UDP header. */
  readonly datagramHeader?: readonly number[];
}

export interface Template {
  readonly bytes: Uint8Array;
  readonly l3: number;
  readonly l4: number;
}

/** Raw headers of a data segment, IPv4 or (for addresses of 16 bytes) IPv6. */
export function template(options: TemplateOptions = {}): Template {
  const source = options.source ?? [10, 77, 0, 10];
  const destination = options.destination ?? [10, 77, 0, 200];
  const isIpv4 = source.length === 4;
  const link = [0x02, 0xa7, 0xc0, 0, 0, 0x99, 0x02, 0xa7, 0xc0, 0, 0, 0x01];
  if (options.vlan !== undefined) link.push(0x81, 0x00, options.vlan >>> 8, options.vlan & 255);
  link.push(...(isIpv4 ? [0x08, 0x00] : [0x86, 0xdd]));
  const protocol = options.udp === true ? 17 : 6;
  const ip = isIpv4
    ? [0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, protocol, 0, 0, ...source, ...destination]
    : [0x60, 0, 0, 0, 0, 0, protocol, 64, ...source, ...destination];
  const sourcePort = options.sourcePort ?? 80;
  const destinationPort = options.destinationPort ?? 40000;
  const ports = [sourcePort >>> 8, sourcePort & 255, destinationPort >>> 8, destinationPort & 255];
  const l4 =
    options.udp === true
      ? [...ports, 0, 0, 0, 0, ...(options.datagramHeader ?? [])]
      : options.timestamps === true
        ? [
            ...ports,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0x80,
            0x10,
            0,
            0,
            0,
            0,
            0,
            0,
            1,
            1,
            8,
            10,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
          ]
        : [...ports, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10, 0, 0, 0, 0, 0, 0];
  return { bytes: Uint8Array.from([...link, ...ip, ...l4]), l3: link.length, l4: link.length + ip.length };
}

export interface ReadOptions {
  readonly epoch?: number;
  readonly counter?: number;
  readonly name?: string;
  readonly flags?: number;
  readonly template?: Template;
  readonly segmentBytes?: number;
  readonly startSequence?: number;
  readonly firstOffset?: number;
  readonly from?: number;
  readonly length?: number;
  readonly version?: Uint8Array;
}

/** ATCP_COMMAND 25 with opcode `read`. */
export function readCommand(options: ReadOptions = {}): Uint8Array {
  const name = new TextEncoder().encode(options.name ?? 'file');
  const headers = options.template ?? template();
  const argumentBytes = ReadArgument.name + name.length;
  const b = dirty(commandBytes(headers.bytes.length, argumentBytes));
  emitCommand(
    b,
    0,
    options.flags ?? CommandFlag.restartable,
    options.epoch ?? EPOCH,
    options.counter ?? 1,
    Op.read,
    headers.bytes.length,
    headers.l3,
    headers.l4,
    options.segmentBytes ?? 1460,
    argumentBytes,
    options.startSequence ?? 1000,
    1_700_000_000_000,
    options.firstOffset ?? 0,
  );
  b.set(headers.bytes, COMMAND_TEMPLATE);
  const args = commandArguments(b, 0);
  if (options.version !== undefined) b.set(options.version, args + ReadArgument.version);
  put64(b, args + ReadArgument.from, options.from ?? 0);
  put64(b, args + ReadArgument.length, options.length ?? UNKNOWN_U64);
  put16(b, args + ReadArgument.nameLength, name.length);
  b.set(name, args + ReadArgument.name);
  return b;
}

/** ATCP_COMMAND 25 with opcode `stat`. */
export function statCommand(name: string, counter = 1, epoch = EPOCH): Uint8Array {
  const path = new TextEncoder().encode(name);
  const argumentBytes = StatArgument.name + path.length;
  const b = dirty(commandBytes(0, argumentBytes));
  emitCommand(b, 0, CommandFlag.restartable, epoch, counter, Op.stat, 0, 0, 0, 0, argumentBytes, 0, 0, 0);
  const args = commandArguments(b, 0);
  put16(b, args, path.length);
  b.set(path, args + StatArgument.name);
  return b;
}

/** ATCP_COMMAND 25 with opcode `list`. */
export function listCommand(
  name: string,
  options: { readonly counter?: number; readonly cursor?: number; readonly version?: Uint8Array } = {},
): Uint8Array {
  const path = new TextEncoder().encode(name);
  const argumentBytes = ListArgument.name + path.length;
  const b = dirty(commandBytes(0, argumentBytes));
  const { counter = 1, cursor = 0, version } = options;
  emitCommand(b, 0, CommandFlag.restartable, EPOCH, counter, Op.list, 0, 0, 0, 0, argumentBytes, 0, 0, 0);
  const args = commandArguments(b, 0);
  if (version !== undefined) b.set(version, args + ListArgument.version);
  put32(b, args + ListArgument.cursor, cursor);
  put16(b, args + ListArgument.nameLength, path.length);
  b.set(path, args + ListArgument.name);
  return b;
}

/** Tue, 29 Feb 2028 07:08:09 GMT */
const RELAY_DATE_MS = Date.UTC(2028, 1, 29, 7, 8, 9, 123);

export interface RelayOptions {
  readonly counter?: number;
  readonly template?: Template;
  readonly startSequence?: number;
  readonly commandFlags?: number;
  readonly method?: number;
  readonly flags?: number;
  readonly range?: readonly [kind: number, first: number, last: number];
  readonly modifiedSince?: number;
  readonly unmodifiedSince?: number;
  readonly ifRange?: readonly [kind: number, value: Uint8Array | number];
  readonly match?: readonly Uint8Array[];
  readonly noneMatch?: readonly Uint8Array[];
  readonly expect?: number;
  readonly version?: Uint8Array;
  readonly firstOffset?: number;
  readonly segmentBytes?: number;
  readonly dateMs?: number;
}

/** ATCP_COMMAND 25 with opcode `relay`. */
export function relayCommand(name: string, options: RelayOptions = {}): Uint8Array {
  const path = new TextEncoder().encode(name);
  const headers = options.template ?? template();
  const tags = [...(options.match ?? []), ...(options.noneMatch ?? [])];
  const argumentBytes = RelayArgument.tags + 16 * tags.length + path.length;
  const b = dirty(commandBytes(headers.bytes.length, argumentBytes));
  emitCommand(
    b,
    0,
    options.commandFlags ?? CommandFlag.psh | CommandFlag.restartable | CommandFlag.open,
    EPOCH,
    options.counter ?? 1,
    Op.relay,
    headers.bytes.length,
    headers.l3,
    headers.l4,
    options.segmentBytes ?? 1460,
    argumentBytes,
    options.startSequence ?? 1000,
    options.dateMs ?? RELAY_DATE_MS,
    options.firstOffset ?? 0,
  );
  b.set(headers.bytes, COMMAND_TEMPLATE);
  const args = commandArguments(b, 0);
  const [rangeKind, first, last] = options.range ?? [RelayRange.none, 0, UNKNOWN_U64];
  const [ifRange, value] = options.ifRange ?? [RelayIfRange.none, 0];
  if (options.version !== undefined) b.set(options.version, args + RelayArgument.version);
  b[args + RelayArgument.expect] = options.expect ?? RelayExpect.anything;
  b[args + RelayArgument.method] = options.method ?? RelayMethod.get;
  b[args + RelayArgument.flags] = options.flags ?? 0;
  b[args + RelayArgument.range] = rangeKind;
  put64(b, args + RelayArgument.rangeFirst, first);
  put64(b, args + RelayArgument.rangeLast, last);
  put64(b, args + RelayArgument.ifModifiedSince, options.modifiedSince ?? UNKNOWN_U64);
  put64(b, args + RelayArgument.ifUnmodifiedSince, options.unmodifiedSince ?? UNKNOWN_U64);
  b[args + RelayArgument.ifRange] = ifRange;
  if (typeof value === 'number') put64(b, args + RelayArgument.ifRangeValue, value);
  else b.set(value, args + RelayArgument.ifRangeValue);
  b[args + RelayArgument.matchTags] = options.match?.length ?? 0;
  b[args + RelayArgument.noneMatchTags] = options.noneMatch?.length ?? 0;
  b[args + RelayArgument.nameLength] = path.length;
  for (const [i, tag] of tags.entries()) b.set(tag, args + RelayArgument.tags + 16 * i);
  b.set(path, args + RelayArgument.tags + 16 * tags.length);
  return b;
}

/** ATCP_COMMAND 25 without template and arguments. */
export function bareCommand(opcode: number, counter = 1, epoch = EPOCH): Uint8Array {
  const b = dirty(commandBytes(0, 0));
  emitCommand(b, 0, 0, epoch, counter, opcode as Opcode, 0, 0, 0, 0, 0, 0, 0, 0);
  return b;
}

export interface AckOptions {
  readonly epoch?: number;
  readonly counter?: number;
  readonly flags?: number;
  readonly version?: number;
  readonly acknowledged?: number;
  readonly granted?: number;
  readonly acknowledgment?: number;
  readonly window?: number;
  readonly leaseMs?: number;
  readonly tsEcr?: number;
  /** Generation, from, to. */
  readonly resend?: readonly (readonly [number, number, number])[];
  /** From, TSval. */
  readonly marks?: readonly (readonly [number, number])[];
  readonly template?: Uint8Array;
  readonly templateVersion?: number;
  /** With a template. */
  readonly segmentBytes?: number;
}

/** ATCP_ACK 29. */
export function ackDown(options: AckOptions = {}): Uint8Array {
  const resend = options.resend ?? [];
  const marks = options.marks ?? [];
  const templateBytes = options.template?.length ?? 0;
  const b = dirty(ackDownBytes(resend.length, marks.length, templateBytes));
  emitAckDown(
    b,
    0,
    options.flags ?? 0,
    options.epoch ?? EPOCH,
    options.counter ?? 1,
    options.version ?? 1,
    options.acknowledged ?? 0,
    options.granted ?? 0,
    options.acknowledgment ?? 0x0102_0304,
    options.window ?? 0x7fff,
    options.leaseMs ?? 2000,
    options.tsEcr ?? 0,
    resend.length,
    marks.length,
    templateBytes,
    options.templateVersion ?? 0,
  );
  for (const [i, [generation, from, to]] of resend.entries()) emitResendRange(b, 0, i, generation, from, to);
  for (const [i, [from, tsVal]] of marks.entries()) emitTimestampMark(b, 0, i, from, tsVal);
  if (options.template !== undefined) {
    b.set(options.template, ackTemplate(b, 0));
    emitSegmentBytes(b, 0, options.segmentBytes ?? 1460);
  }
  return b;
}

/** "Every command id up to this one is finished." */
export function watermark(counter: number, epoch = EPOCH): Uint8Array {
  const b = dirty(STATEMENT_HEADER_BYTES);
  emitStatementHeader(b, 0, StatementKind.watermark, 0, b.length, epoch, counter);
  return b;
}

export { ACK_DOWN_LISTS };
