/** Reads captures: those of {@link PcapngWriter}, and other pcapng files as far as their packets are enhanced ones. */
import { closeSync, openSync, readSync } from 'node:fs';
import {
  BLOCK_OVERHEAD_BYTES,
  BlockType,
  BYTE_ORDER_MAGIC,
  DIRECTION_INBOUND,
  DIRECTION_MASK,
  DIRECTION_OUTBOUND,
  OPTION_HEADER_BYTES,
  OptionCode,
  padded,
  type Direction,
} from './format.js';

export interface CapturedFrame {
  readonly interfaceName: string;
  /** Microseconds since 1970. */
  readonly timestampUs: number;
  readonly direction: Direction | 'unknown';
  /** The frame as far as it was captured; the caller's own. */
  readonly bytes: Uint8Array;
  /** How long the frame was on the wire. */
  readonly originalBytes: number;
}

interface InterfaceDescription {
  readonly name: string;
  readonly unitsPerSecond: number;
}

interface Section {
  littleEndian: boolean;
  interfaces: InterfaceDescription[];
}

const U32 = 0x1_0000_0000;
/** Nothing in a sane file is longer; keeps a damaged length from taking all memory. */
const MAX_BLOCK_BYTES = 1 << 24;
const WINDOW_BYTES = 1 << 20;

/** Reads `path` from front to back. Throws an Error that names the position when the file is not sound pcapng. */
export function* readPcapng(path: string): Generator<CapturedFrame, void, undefined> {
  const fd = openSync(path, 'r');
  try {
    const section: Section = { littleEndian: true, interfaces: [] };
    const file = new FileWindow(fd);
    let at = 0;
    for (;;) {
      const block = readBlock(file, path, at, section);
      if (block === undefined) return;
      const type = block.getUint32(0, section.littleEndian);
      if (type === BlockType.interface) section.interfaces.push(readInterface(block, section));
      else if (type === BlockType.enhancedPacket) yield readPacket(block, section, path, at);
      at += block.byteLength;
    }
  } finally {
    closeSync(fd);
  }
}

/** The block at `at`, its two lengths checked; undefined at the end of the file. A section block resets `section`. */
function readBlock(
  file: FileWindow,
  path: string,
  at: number,
  section: Section,
): DataView<ArrayBuffer> | undefined {
  const head = file.read(at, BLOCK_OVERHEAD_BYTES);
  if (head.byteLength === 0) return undefined;
  if (head.byteLength < BLOCK_OVERHEAD_BYTES) throw damaged(path, at, 'ends in the middle of a block');
  if (head.getUint32(0, true) === BlockType.section) {
    section.littleEndian = head.getUint32(8, true) === BYTE_ORDER_MAGIC;
    section.interfaces = [];
    if (head.getUint32(8, section.littleEndian) !== BYTE_ORDER_MAGIC)
      throw damaged(path, at, 'is not pcapng');
  } else if (at === 0) throw damaged(path, at, 'is not pcapng');
  const total = head.getUint32(4, section.littleEndian);
  if (total < BLOCK_OVERHEAD_BYTES || total % 4 !== 0 || total > MAX_BLOCK_BYTES) {
    throw damaged(path, at, `has a block of ${total} bytes`);
  }
  const block = file.read(at, total);
  if (block.byteLength < total) throw damaged(path, at, 'ends in the middle of a block');
  if (block.getUint32(total - 4, section.littleEndian) !== total) {
    throw damaged(path, at, 'has a block whose two lengths differ');
  }
  return block;
}

/** A file, read front to back in large pieces. */
class FileWindow {
  readonly #fd: number;
  #bytes = new Uint8Array(0);
  #start = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** A copy of `length` bytes from `at`; fewer at the end of the file. */
  read(at: number, length: number): DataView<ArrayBuffer> {
    if (at < this.#start || at + length > this.#start + this.#bytes.length) this.#load(at, length);
    return new DataView(this.#bytes.slice(at - this.#start, at - this.#start + length).buffer);
  }

  #load(at: number, length: number): void {
    const bytes = new Uint8Array(Math.max(length, WINDOW_BYTES));
    let got = 0;
    let n = 1;
    while (n > 0 && got < bytes.length) {
      n = readSync(this.#fd, bytes, got, bytes.length - got, at + got);
      got += n;
    }
    this.#bytes = bytes.subarray(0, got);
    this.#start = at;
  }
}

function readInterface(block: DataView<ArrayBuffer>, section: Section): InterfaceDescription {
  const name = findOption(block, 16, OptionCode.interfaceName, section.littleEndian);
  const resolution = findOption(
    block,
    16,
    OptionCode.interfaceTimestampResolution,
    section.littleEndian,
  )?.[0];
  return {
    name: name === undefined ? `interface-${section.interfaces.length}` : Buffer.from(name).toString(),
    unitsPerSecond: unitsPerSecond(resolution ?? 6),
  };
}

/** if_tsresol: a negative power of 10, or of 2 when the highest bit is set. */
function unitsPerSecond(resolution: number): number {
  return resolution & 0x80 ? 2 ** (resolution & 0x7f) : 10 ** resolution;
}

function readPacket(block: DataView<ArrayBuffer>, section: Section, path: string, at: number): CapturedFrame {
  const little = section.littleEndian;
  const captured = block.byteLength >= 32 ? block.getUint32(20, little) : Infinity;
  // The length by itself first: padding is 32-bit arithmetic.
  if (captured > block.byteLength || 28 + padded(captured) > block.byteLength - 4)
    throw damaged(path, at, 'has a packet beyond its block');
  const description = section.interfaces[block.getUint32(8, little)];
  if (description === undefined)
    throw damaged(path, at, 'has a packet of an interface that it does not describe');
  const units = block.getUint32(12, little) * U32 + block.getUint32(16, little);
  const flags = findOption(block, 28 + padded(captured), OptionCode.packetFlags, little);
  return {
    interfaceName: description.name,
    timestampUs: units * (1e6 / description.unitsPerSecond),
    direction: directionOf(flags === undefined ? 0 : flags[little ? 0 : 3]!),
    bytes: new Uint8Array(block.buffer, 28, captured),
    originalBytes: block.getUint32(24, little),
  };
}

function directionOf(flags: number): Direction | 'unknown' {
  const direction = flags & DIRECTION_MASK;
  if (direction === DIRECTION_INBOUND) return 'inbound';
  return direction === DIRECTION_OUTBOUND ? 'outbound' : 'unknown';
}

/** The value of the first option `code` of those that begin at `at`. */
function findOption(
  block: DataView<ArrayBuffer>,
  at: number,
  code: number,
  littleEndian: boolean,
): Uint8Array | undefined {
  const end = block.byteLength - 4;
  while (at + OPTION_HEADER_BYTES <= end) {
    const found = block.getUint16(at, littleEndian);
    const length = block.getUint16(at + 2, littleEndian);
    const value = at + OPTION_HEADER_BYTES;
    if (found === OptionCode.end || value + length > end) return undefined;
    if (found === code) return new Uint8Array(block.buffer, value, length);
    at = value + padded(length);
  }
  return undefined;
}

function damaged(path: string, at: number, what: string): Error {
  return new Error(`The capture ${path} ${what}, at byte ${at}; make it again.`);
}
