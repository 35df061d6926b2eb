/**
 * TCP headers and options (RFC 9293 3.1–3.2; RFC 7323 for window scale and timestamps; RFC 2018 for SACK).
 * Offsets from the start of the header:
 *
 *   0 source port   2 destination port   4 sequence number   8 acknowledgment number
 *   12 data offset, reserved   13 flags   14 window   16 checksum   18 urgent pointer   20 options
 */
import { fill, sum16 } from './byte-loops.js';
import { get16, get32, put16, put32 } from './bytes.js';

export const TCP_HEADER_BYTES = 20;
export const TCP_MAX_HEADER_BYTES = 60;
export const TCP_SEQUENCE = 4;
export const TCP_ACKNOWLEDGMENT = 8;
export const TCP_FLAGS = 13;
export const TCP_WINDOW = 14;
export const TCP_CHECKSUM = 16;

export const TcpFlag = Object.freeze({
  fin: 0x01,
  syn: 0x02,
  rst: 0x04,
  psh: 0x08,
  ack: 0x10,
  urg: 0x20,
} as const);

/** Default MSS when the peer names none (RFC 9293 3.7.1). */
export const DEFAULT_MSS = 536;
export const DEFAULT_MSS_IPV6 = 1220;
export const MAX_SACK_BLOCKS = 4;

export type TcpProblem = 'ok' | 'truncated' | 'data-offset' | 'checksum';

export function checkTcp(b: Uint8Array, at: number, length: number, pseudoHeaderSum: number): TcpProblem {
  if (length < TCP_HEADER_BYTES) return 'truncated';
  const headerBytes = tcpHeaderBytes(b, at);
  if (headerBytes < TCP_HEADER_BYTES || headerBytes > length) return 'data-offset';
  if (sum16(b, at, length, pseudoHeaderSum) !== 0xffff) return 'checksum';
  return 'ok';
}

export function tcpSourcePort(b: Uint8Array, at: number): number {
  return get16(b, at);
}

export function tcpDestinationPort(b: Uint8Array, at: number): number {
  return get16(b, at + 2);
}

export function tcpSequence(b: Uint8Array, at: number): number {
  return get32(b, at + TCP_SEQUENCE);
}

export function tcpAcknowledgment(b: Uint8Array, at: number): number {
  return get32(b, at + TCP_ACKNOWLEDGMENT);
}

export function tcpHeaderBytes(b: Uint8Array, at: number): number {
  return (b[at + 12]! >>> 4) * 4;
}

export function tcpFlags(b: Uint8Array, at: number): number {
  return b[at + TCP_FLAGS]!;
}

/** The window field as it stands in the header, not yet scaled (RFC 7323 2.3). */
export function tcpWindow(b: Uint8Array, at: number): number {
  return get16(b, at + TCP_WINDOW);
}

/**
 * Writes a header of `headerBytes` (options are put in by the caller before {@link setTcpChecksum}); the
 * checksum field is left 0.
 */
export function emitTcp(
  b: Uint8Array,
  at: number,
  sourcePort: number,
  destinationPort: number,
  sequence: number,
  acknowledgment: number,
  flags: number,
  window: number,
  headerBytes: number,
): number {
  put16(b, at, sourcePort);
  put16(b, at + 2, destinationPort);
  put32(b, at + TCP_SEQUENCE, sequence);
  put32(b, at + TCP_ACKNOWLEDGMENT, acknowledgment);
  b[at + 12] = (headerBytes / 4) << 4;
  b[at + TCP_FLAGS] = flags;
  put16(b, at + TCP_WINDOW, window);
  put32(b, at + TCP_CHECKSUM, 0);
  return headerBytes;
}

/** Fills in the checksum of a segment of `tcpBytes` (header and payload), RFC 9293 3.1. */
export function setTcpChecksum(b: Uint8Array, at: number, tcpBytes: number, pseudoHeaderSum: number): void {
  put16(b, at + TCP_CHECKSUM, 0);
  put16(b, at + TCP_CHECKSUM, ~sum16(b, at, tcpBytes, pseudoHeaderSum) & 0xffff);
}

const OptionKind = Object.freeze({
  end: 0,
  noOperation: 1,
  mss: 2,
  windowScale: 3,
  sackPermitted: 4,
  sack: 5,
  timestamps: 8,
} as const);

/** The options that this project knows, parsed into one object that its owner reuses. */
export class TcpOptions {
  /** 0: absent. */
  mss = 0;
  /** -1: absent; at most 14 (RFC 7323 2.3). */
  windowScale = -1;
  sackPermitted = false;
  hasTimestamps = false;
  tsVal = 0;
  tsEcr = 0;
  sackBlocks = 0;
  /** Left and right edges of the blocks, in the order received (RFC 2018 3). */
  readonly sackEdges = new Uint32Array(2 * MAX_SACK_BLOCKS);

  clear(): void {
    this.mss = 0;
    this.windowScale = -1;
    this.sackPermitted = false;
    this.hasTimestamps = false;
    this.sackBlocks = 0;
  }

  /** Reads the options of the header at `at`, which {@link checkTcp} accepted. Malformed rest is ignored (RFC 9293 3.1, MUST-7). */
  parse(b: Uint8Array, at: number): void {
    this.clear();
    const end = at + tcpHeaderBytes(b, at);
    let i = at + TCP_HEADER_BYTES;
    while (i < end) {
      const kind = b[i]!;
      if (kind === OptionKind.end) return;
      if (kind === OptionKind.noOperation) {
        i++;
        continue;
      }
      const size = i + 1 < end ? b[i + 1]! : 0;
      if (size < 2 || i + size > end) return;
      this.take(b, i, kind, size);
      i += size;
    }
  }

  private take(b: Uint8Array, i: number, kind: number, size: number): void {
    if (kind === OptionKind.mss && size === 4) this.mss = get16(b, i + 2);
    else if (kind === OptionKind.windowScale && size === 3) this.windowScale = Math.min(14, b[i + 2]!);
    else if (kind === OptionKind.sackPermitted && size === 2) this.sackPermitted = true;
    else if (kind === OptionKind.timestamps && size === 10) {
      this.hasTimestamps = true;
      this.tsVal = get32(b, i + 2);
      this.tsEcr = get32(b, i + 6);
    } else if (kind === OptionKind.sack && size >= 10 && (size - 2) % 8 === 0) {
      this.sackBlocks = Math.min(MAX_SACK_BLOCKS, (size - 2) / 8);
      for (let edge = 0; edge < 2 * this.sackBlocks; edge++)
        this.sackEdges[edge] = get32(b, i + 2 + 4 * edge);
    }
  }
}

/** 4 bytes. */
export function emitMssOption(b: Uint8Array, at: number, mss: number): number {
  b[at] = OptionKind.mss;
  b[at + 1] = 4;
  put16(b, at + 2, mss);
  return 4;
}

/** NOP, window scale: 4 bytes. */
export function emitWindowScaleOption(b: Uint8Array, at: number, shift: number): number {
  put32(b, at, 0x0103_0300 | shift);
  return 4;
}

/** NOP, NOP, SACK permitted: 4 bytes. */
export function emitSackPermittedOption(b: Uint8Array, at: number): number {
  put32(b, at, 0x0101_0402);
  return 4;
}

export const SACK_OPTION_OVERHEAD = 4;
export const SACK_BLOCK_BYTES = 8;

/** NOP, NOP, SACK (RFC 2018 3): 4 bytes and 8 a block; `edges` holds left and right edges in turn. */
export function emitSackOption(b: Uint8Array, at: number, edges: Uint32Array, blocks: number): number {
  put32(b, at, 0x0101_0502 + SACK_BLOCK_BYTES * blocks);
  for (let edge = 0; edge < 2 * blocks; edge++) put32(b, at + 4 + 4 * edge, edges[edge]!);
  return SACK_OPTION_OVERHEAD + SACK_BLOCK_BYTES * blocks;
}

/** Offset of TSval within what {@link emitTimestampsOption} writes. */
export const TIMESTAMPS_TSVAL = 4;
export const TIMESTAMPS_OPTION_BYTES = 12;

/** NOP, NOP, timestamps (RFC 7323 appendix A): 12 bytes. */
export function emitTimestampsOption(b: Uint8Array, at: number, tsVal: number, tsEcr: number): number {
  put32(b, at, 0x0101_080a);
  put32(b, at + 4, tsVal);
  put32(b, at + 8, tsEcr);
  return TIMESTAMPS_OPTION_BYTES;
}

/** Pads the options up to a multiple of four with End of Option List; returns the padded size. */
export function padOptions(b: Uint8Array, at: number, optionBytes: number): number {
  const padded = (optionBytes + 3) & ~3;
  fill(b, at + optionBytes, padded - optionBytes, OptionKind.end);
  return padded;
}
