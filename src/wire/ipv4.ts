/**
 * IPv4 (RFC 791, RFC 1122 3.2, RFC 6864 for the ID of atomic datagrams). Offsets from the start of the header:
 *
 *   0 version, IHL   1 DSCP/ECN   2 total length   4 identification   6 flags, fragment offset
 *   8 TTL   9 protocol   10 header checksum   12 source   16 destination   20 options
 */
import { sum16 } from './byte-loops.js';
import { get16, get32, put16, put32 } from './bytes.js';

export const IPV4_HEADER_BYTES = 20;
export const IPV4_ADDRESS_BYTES = 4;
export const IPV4_TOTAL_LENGTH = 2;
export const IPV4_CHECKSUM = 10;
export const IPV4_SOURCE = 12;
export const IPV4_DESTINATION = 16;
export const DEFAULT_TTL = 64;

export const IpProtocol = Object.freeze({ icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const);

export type Ipv4Problem =
  'ok' | 'truncated' | 'version' | 'header-length' | 'total-length' | 'fragment' | 'checksum';

export function checkIpv4(b: Uint8Array, at: number, length: number): Ipv4Problem {
  if (length < IPV4_HEADER_BYTES) return 'truncated';
  if (b[at]! >>> 4 !== 4) return 'version';
  const headerBytes = ipv4HeaderBytes(b, at);
  if (headerBytes < IPV4_HEADER_BYTES || headerBytes > length) return 'header-length';
  const total = ipv4TotalLength(b, at);
  if (total < headerBytes || total > length) return 'total-length';
  // More Fragments or a fragment offset: nobody fragments a service request (RFC 1122 3.3.3), so none is reassembled.
  if ((get16(b, at + 6) & 0x3fff) !== 0) return 'fragment';
  if (sum16(b, at, headerBytes, 0) !== 0xffff) return 'checksum';
  return 'ok';
}

export function ipv4HeaderBytes(b: Uint8Array, at: number): number {
  return (b[at]! & 0x0f) * 4;
}

export function ipv4TotalLength(b: Uint8Array, at: number): number {
  return get16(b, at + IPV4_TOTAL_LENGTH);
}

export function ipv4Protocol(b: Uint8Array, at: number): number {
  return b[at + 9]!;
}

export function ipv4Source(b: Uint8Array, at: number): number {
  return get32(b, at + IPV4_SOURCE);
}

export function ipv4Destination(b: Uint8Array, at: number): number {
  return get32(b, at + IPV4_DESTINATION);
}

/** Writes a header without options: DF set, identification 0 (an atomic datagram, RFC 6864 4.1), checksum filled in. */
export function emitIpv4(
  b: Uint8Array,
  at: number,
  payloadBytes: number,
  protocol: number,
  source: number,
  destination: number,
): number {
  put16(b, at, 0x4500);
  put32(b, at + 4, 0x0000_4000);
  b[at + 8] = DEFAULT_TTL;
  b[at + 9] = protocol;
  put32(b, at + IPV4_SOURCE, source);
  put32(b, at + IPV4_DESTINATION, destination);
  setIpv4Length(b, at, IPV4_HEADER_BYTES + payloadBytes);
  return IPV4_HEADER_BYTES;
}

/** Sets the total length and recomputes the header checksum. */
export function setIpv4Length(b: Uint8Array, at: number, totalBytes: number): void {
  put16(b, at + IPV4_TOTAL_LENGTH, totalBytes);
  put16(b, at + IPV4_CHECKSUM, 0);
  put16(b, at + IPV4_CHECKSUM, ~sum16(b, at, ipv4HeaderBytes(b, at), 0) & 0xffff);
}

/** The sum of the pseudo header of TCP and UDP over IPv4 (RFC 9293 3.1), to go into {@link sum16}. */
export function ipv4PseudoHeaderSum(b: Uint8Array, at: number, protocol: number, l4Bytes: number): number {
  return sum16(b, at + IPV4_SOURCE, 8, protocol + l4Bytes);
}

/** "192.0.2.1" for a 32-bit address. */
export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}
