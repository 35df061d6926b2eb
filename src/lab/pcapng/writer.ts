/** Writes a capture of several named Ethernet interfaces, as tshark and Wireshark read it. */
import { closeSync, openSync, writeSync } from 'node:fs';
import {
  BLOCK_OVERHEAD_BYTES,
  BlockType,
  BYTE_ORDER_MAGIC,
  DIRECTION_INBOUND,
  DIRECTION_OUTBOUND,
  LINKTYPE_ETHERNET,
  OPTION_HEADER_BYTES,
  OptionCode,
  padded,
  type Direction,
} from './format.js';

const USER_APPLICATION = 'atcp';
/** Decimal places of a second: microseconds. */
const TIMESTAMP_RESOLUTION = 6;
const U32 = 0x1_0000_0000;

/** Interface, timestamp (2 words), captured length, original length. */
const PACKET_FIXED_BYTES = 20;
/** epb_flags and the end of options. */
const PACKET_OPTIONS_BYTES = 12;
const BUFFER_BYTES = 1 << 18;

/**
 * One section with one interface description a name, in the order given. Blocks are gathered and written in
 * pieces of 256 KB; {@link close} writes the rest.
 */
export class PcapngWriter {
  readonly #fd: number;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #view = new DataView(this.#buffer.buffer);
  #used = 0;
  #open = true;

  /** Creates or overwrites `path`; throws the file system's error. */
  constructor(path: string, interfaceNames: readonly string[]) {
    this.#fd = openSync(path, 'w');
    this.#putSection();
    for (const name of interfaceNames) this.#putInterface(name);
  }

  /**
   * Appends the frame of `length` bytes of `b` from `at`, seen on interface number `interfaceIndex` at
   * `timestampUs` (since 1970).
   */
  write(
    interfaceIndex: number,
    timestampUs: number,
    direction: Direction,
    b: Uint8Array,
    at: number,
    length: number,
  ): void {
    const total = BLOCK_OVERHEAD_BYTES + PACKET_FIXED_BYTES + padded(length) + PACKET_OPTIONS_BYTES;
    this.#begin(BlockType.enhancedPacket, total);
    this.#putWord(interfaceIndex);
    const time = Math.floor(timestampUs);
    this.#putWord(Math.floor(time / U32));
    this.#putWord(time % U32);
    this.#putWord(length);
    this.#putWord(length);
    this.#putBytes(b.subarray(at, at + length));
    this.#putOption(OptionCode.packetFlags, 4);
    this.#putWord(direction === 'inbound' ? DIRECTION_INBOUND : DIRECTION_OUTBOUND);
    this.#putOption(OptionCode.end, 0);
    this.#putWord(total);
  }

  /** Hands everything so far to the operating system. */
  flush(): void {
    let written = 0;
    while (written < this.#used) written += writeSync(this.#fd, this.#buffer, written, this.#used - written);
    this.#used = 0;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.flush();
    closeSync(this.#fd);
  }

  #putSection(): void {
    const application = Buffer.from(USER_APPLICATION);
    const options = OPTION_HEADER_BYTES + padded(application.length) + OPTION_HEADER_BYTES;
    const total = BLOCK_OVERHEAD_BYTES + 16 + options;
    this.#begin(BlockType.section, total);
    this.#putWord(BYTE_ORDER_MAGIC);
    this.#putHalves(1, 0);
    // Section length: unknown.
    this.#putWord(0xffff_ffff);
    this.#putWord(0xffff_ffff);
    this.#putOption(OptionCode.sectionUserApplication, application.length);
    this.#putBytes(application);
    this.#putOption(OptionCode.end, 0);
    this.#putWord(total);
  }

  #putInterface(name: string): void {
    const bytes = Buffer.from(name);
    const options = OPTION_HEADER_BYTES * 3 + padded(bytes.length) + padded(1);
    const total = BLOCK_OVERHEAD_BYTES + 8 + options;
    this.#begin(BlockType.interface, total);
    this.#putHalves(LINKTYPE_ETHERNET, 0);
    // Snap length: no limit.
    this.#putWord(0);
    this.#putOption(OptionCode.interfaceName, bytes.length);
    this.#putBytes(bytes);
    this.#putOption(OptionCode.interfaceTimestampResolution, 1);
    this.#putWord(TIMESTAMP_RESOLUTION);
    this.#putOption(OptionCode.end, 0);
    this.#putWord(total);
  }

  #begin(type: number, total: number): void {
    if (this.#used + total > BUFFER_BYTES) this.flush();
    this.#putWord(type);
    this.#putWord(total);
  }

  #putWord(value: number): void {
    this.#view.setUint32(this.#used, value, true);
    this.#used += 4;
  }

  #putHalves(first: number, second: number): void {
    this.#view.setUint16(this.#used, first, true);
    this.#view.setUint16(this.#used + 2, second, true);
    this.#used += 4;
  }

  #putOption(code: number, length: number): void {
    this.#putHalves(code, length);
  }

  /** Bytes, then zeros up to a multiple of 4. */
  #putBytes(bytes: Uint8Array): void {
    const end = this.#used + padded(bytes.length);
    this.#buffer.set(bytes, this.#used);
    this.#buffer.fill(0, this.#used + bytes.length, end);
    this.#used = end;
  }
}
