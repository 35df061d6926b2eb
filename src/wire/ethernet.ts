/**
 * Ethernet II frames (IEEE 802.3 3.2, RFC 894). Offsets are from the start of the frame; the FCS is the NIC's.
 *
 *   0 destination (6)   6 source (6)   12 EtherType (2)   14 payload
 */
import { copy } from './byte-loops.js';
import { get16, put16 } from './bytes.js';

export const ETHERNET_HEADER_BYTES = 14;
export const MAC_BYTES = 6;
/** Shortest frame without FCS; senders pad with zeros. */
export const ETHERNET_MIN_BYTES = 60;
/** Longest untagged frame without FCS. */
export const ETHERNET_MAX_BYTES = 1514;

export const EtherType = Object.freeze({
  ipv4: 0x0800,
  arp: 0x0806,
  vlan: 0x8100,
  ipv6: 0x86dd,
  /** IEEE 802 Local Experimental EtherType 1 (IEEE 802 9.2.4): ATCP's default. */
  atcp: 0x88b5,
} as const);

export const ETHERNET_DESTINATION = 0;
export const ETHERNET_SOURCE = 6;
const TYPE = 12;

export function etherType(b: Uint8Array, at: number): number {
  return get16(b, at + TYPE);
}

/** True for broadcast and multicast destinations (the I/G bit). */
export function isGroupDestination(b: Uint8Array, at: number): boolean {
  return (b[at]! & 1) !== 0;
}

export function emitEthernet(
  b: Uint8Array,
  at: number,
  destination: Uint8Array,
  source: Uint8Array,
  type: number,
): number {
  copy(destination, 0, b, at + ETHERNET_DESTINATION, MAC_BYTES);
  copy(source, 0, b, at + ETHERNET_SOURCE, MAC_BYTES);
  put16(b, at + TYPE, type);
  return ETHERNET_HEADER_BYTES;
}
