/**
 * IPv4, IPv6 and TCP as a client writes and reads them, made for this purpose alone: nothing here is shared with the
 * formats of the system that it tests. RFC 791, RFC 8200, RFC 9293, RFC 7323, RFC 2018.
 */

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;

export interface Addresses {
  readonly localMac: Uint8Array;
  readonly remoteMac: Uint8Array;
  /** Both of 4 bytes, or both of 16. */
  readonly local: Uint8Array;
  readonly remote: Uint8Array;
  readonly localPort: number;
  readonly remotePort: number;
}

export interface Segment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags: number;
  readonly window: number;
  /** 0 when there was none. */
  readonly mss: number;
  /** -1 when there was none. */
  readonly windowShift: number;
  readonly sackPermitted: boolean;
  /** TSval and TSecr. */
  readonly timestamps: readonly [number, number] | undefined;
  readonly payload: Uint8Array;
}

const ETHERNET = 14;
const IPV4 = 20;
const IPV6 = 40;
const TYPE_IPV4 = 0x0800;
const TYPE_IPV6 = 0x86dd;
const TCP = 6;

function get16(b: Uint8Array, at: number): number {
  return b[at]! * 256 + b[at + 1]!;
}

function get32(b: Uint8Array, at: number): number {
  return get16(b, at) * 0x1_0000 + get16(b, at + 2);
}

function put16(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 8;
  b[at + 1] = value & 255;
}

function put32(b: Uint8Array, at: number, value: number): void {
  put16(b, at, (value / 0x1_0000) & 0xffff);
  put16(b, at + 2, value & 0xffff);
}

/** Ones' complement sum (RFC 1071) of `length` bytes, on top of `sum`, folded. */
function onesSum(b: Uint8Array, at: number, length: number, sum: number): number {
  const end = at + length;
  for (; at + 1 < end; at += 2) sum += (b[at]! << 8) | b[at + 1]!;
  if (at < end) sum += b[at]! << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return sum;
}

/** Why a frame is not a segment for a client: 'other' is none of TCP over IPv4, the rest is damaged. */
export type PacketProblem = 'other' | 'ip' | 'tcp';

/** Takes the frame of a segment apart; the payload refers to the frame. */
export function readSegment(frame: Uint8Array): Segment | PacketProblem {
  if (frame.length < ETHERNET + IPV4 + 20) return 'other';
  const type = get16(frame, 12);
  if (type === TYPE_IPV4) return readIpv4(frame);
  return type === TYPE_IPV6 ? readIpv6(frame) : 'other';
}

function readIpv4(frame: Uint8Array): Segment | PacketProblem {
  const headerBytes = (frame[ETHERNET]! & 15) * 4;
  const totalBytes = get16(frame, ETHERNET + 2);
  if (frame[ETHERNET]! >>> 4 !== 4 || headerBytes < IPV4 || ETHERNET + totalBytes > frame.length) return 'ip';
  if (onesSum(frame, ETHERNET, headerBytes, 0) !== 0xffff) return 'ip';
  if (frame[ETHERNET + 9] !== TCP) return 'other';
  const tcpBytes = totalBytes - headerBytes;
  const sum = onesSum(frame, ETHERNET + 12, 8, TCP + tcpBytes);
  return readTcp(frame, ETHERNET + headerBytes, tcpBytes, sum);
}

function readIpv6(frame: Uint8Array): Segment | PacketProblem {
  const tcpBytes = get16(frame, ETHERNET + 4);
  if (frame[ETHERNET]! >>> 4 !== 6 || ETHERNET + IPV6 + tcpBytes > frame.length) return 'ip';
  if (frame[ETHERNET + 6] !== TCP) return 'other';
  return readTcp(frame, ETHERNET + IPV6, tcpBytes, onesSum(frame, ETHERNET + 8, 32, TCP + tcpBytes));
}

/** `sum`: of the pseudo header. */
function readTcp(frame: Uint8Array, at: number, tcpBytes: number, sum: number): Segment | PacketProblem {
  if (tcpBytes < 20 || onesSum(frame, at, tcpBytes, sum) !== 0xffff) return 'tcp';
  const dataAt = at + (frame[at + 12]! >>> 4) * 4;
  if (dataAt < at + 20 || dataAt > at + tcpBytes) return 'tcp';
  return {
    sourcePort: get16(frame, at),
    destinationPort: get16(frame, at + 2),
    sequence: get32(frame, at + 4),
    acknowledgment: get32(frame, at + 8),
    flags: frame[at + 13]! & 0x3f,
    window: get16(frame, at + 14),
    ...readOptions(frame, at + 20, dataAt),
    payload: frame.subarray(dataAt, at + tcpBytes),
  };
}

function readOptions(b: Uint8Array, at: number, end: number) {
  let mss = 0;
  let windowShift = -1;
  let sackPermitted = false;
  let timestamps: [number, number] | undefined;
  while (at < end && b[at] !== 0) {
    if (b[at] === 1) {
      at++;
      continue;
    }
    const length = b[at + 1] ?? 0;
    if (length < 2 || at + length > end) break;
    if (b[at] === 2 && length === 4) mss = get16(b, at + 2);
    else if (b[at] === 3 && length === 3) windowShift = b[at + 2]!;
    else if (b[at] === 4 && length === 2) sackPermitted = true;
    else if (b[at] === 8 && length === 10) timestamps = [get32(b, at + 2), get32(b, at + 6)];
    at += length;
  }
  return { mss, windowShift, sackPermitted, timestamps };
}

/** The frame of a segment; `options` is padded here. */
export function writeSegment(
  to: Addresses,
  sequence: number,
  acknowledgment: number,
  flags: number,
  window: number,
  options: readonly number[],
  payload: Uint8Array,
): Uint8Array {
  const optionBytes = (options.length + 3) & ~3;
  const tcpBytes = 20 + optionBytes + payload.length;
  const at = ETHERNET + (to.local.length === 4 ? IPV4 : IPV6);
  const frame = new Uint8Array(Math.max(60, at + tcpBytes));
  frame.set(to.remoteMac, 0);
  frame.set(to.localMac, 6);
  const pseudoSum = to.local.length === 4 ? writeIpv4(frame, to, tcpBytes) : writeIpv6(frame, to, tcpBytes);
  put16(frame, at, to.localPort);
  put16(frame, at + 2, to.remotePort);
  put32(frame, at + 4, sequence);
  put32(frame, at + 8, acknowledgment);
  frame[at + 12] = (5 + optionBytes / 4) << 4;
  frame[at + 13] = flags;
  put16(frame, at + 14, window);
  frame.fill(1, at + 20, at + 20 + optionBytes);
  frame.set(options, at + 20);
  frame.set(payload, at + 20 + optionBytes);
  put16(frame, at + 16, 0xffff - onesSum(frame, at, tcpBytes, pseudoSum));
  return frame;
}

/** Returns the sum of the pseudo header. */
function writeIpv4(frame: Uint8Array, to: Addresses, tcpBytes: number): number {
  put16(frame, 12, TYPE_IPV4);
  frame[ETHERNET] = 0x45;
  put16(frame, ETHERNET + 2, IPV4 + tcpBytes);
  put16(frame, ETHERNET + 6, 0x4000);
  frame[ETHERNET + 8] = 64;
  frame[ETHERNET + 9] = TCP;
  frame.set(to.local, ETHERNET + 12);
  frame.set(to.remote, ETHERNET + 16);
  put16(frame, ETHERNET + 10, 0xffff - onesSum(frame, ETHERNET, IPV4, 0));
  return onesSum(frame, ETHERNET + 12, 8, TCP + tcpBytes);
}

function writeIpv6(frame: Uint8Array, to: Addresses, tcpBytes: number): number {
  put16(frame, 12, TYPE_IPV6);
  frame[ETHERNET] = 0x60;
  put16(frame, ETHERNET + 4, tcpBytes);
  frame[ETHERNET + 6] = TCP;
  frame[ETHERNET + 7] = 64;
  frame.set(to.local, ETHERNET + 8);
  frame.set(to.remote, ETHERNET + 24);
  return onesSum(frame, ETHERNET + 8, 32, TCP + tcpBytes);
}

export function option32(...values: number[]): number[] {
  return values.flatMap((value) => [
    (value >>> 24) & 255,
    (value >>> 16) & 255,
    (value >>> 8) & 255,
    value & 255,
  ]);
}
