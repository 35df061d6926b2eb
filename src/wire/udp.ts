/**
 * UDP (RFC 768; RFC 8200 8.1 for IPv6). Offsets from the start of the header:
 *
 *   0 source port   2 destination port   4 length   6 checksum   8 data
 */
import { sum16 } from './byte-loops.js';
import { get16, put16 } from './bytes.js';

export const UDP_HEADER_BYTES = 8;
export const UDP_LENGTH = 4;
export const UDP_CHECKSUM = 6;

export type UdpProblem = 'ok' | 'truncated' | 'length' | 'checksum';

/** `pseudoHeaderSum` is over UDP's own length field (RFC 768), which the caller can take from the IP header. */
export function checkUdp(b: Uint8Array, at: number, length: number, pseudoHeaderSum: number): UdpProblem {
  if (length < UDP_HEADER_BYTES) return 'truncated';
  const udpBytes = get16(b, at + UDP_LENGTH);
  if (udpBytes < UDP_HEADER_BYTES || udpBytes > length) return 'length';
  if (get16(b, at + UDP_CHECKSUM) !== 0 && sum16(b, at, udpBytes, pseudoHeaderSum) !== 0xffff)
    return 'checksum';
  return 'ok';
}

export function udpSourcePort(b: Uint8Array, at: number): number {
  return get16(b, at);
}

export function udpDestinationPort(b: Uint8Array, at: number): number {
  return get16(b, at + 2);
}

export function udpPayloadBytes(b: Uint8Array, at: number): number {
  return get16(b, at + UDP_LENGTH) - UDP_HEADER_BYTES;
}

/** Writes the header in front of a payload that is already in place, checksum included (0 is sent as 0xFFFF). */
export function emitUdp(
  b: Uint8Array,
  at: number,
  sourcePort: number,
  destinationPort: number,
  payloadBytes: number,
  pseudoHeaderSum: number,
): number {
  put16(b, at, sourcePort);
  put16(b, at + 2, destinationPort);
  put16(b, at + UDP_LENGTH, UDP_HEADER_BYTES + payloadBytes);
  setUdpChecksum(b, at, UDP_HEADER_BYTES + payloadBytes, pseudoHeaderSum);
  return UDP_HEADER_BYTES;
}

export function setUdpChecksum(b: Uint8Array, at: number, udpBytes: number, pseudoHeaderSum: number): void {
  put16(b, at + UDP_CHECKSUM, 0);
  const checksum = ~sum16(b, at, udpBytes, pseudoHeaderSum) & 0xffff;
  put16(b, at + UDP_CHECKSUM, checksum === 0 ? 0xffff : checksum);
}
