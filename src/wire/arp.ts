/**
 * ARP for IPv4 over Ethernet (RFC 826). Offsets from the start of the ARP packet:
 *
 *   0 hardware type 1   2 protocol type 0x0800   4 lengths 6, 4   6 operation
 *   8 sender MAC   14 sender IPv4   18 target MAC   24 target IPv4   (28 bytes)
 */
import { copy } from './byte-loops.js';
import { get16, get32, put16 } from './bytes.js';

export const ARP_BYTES = 28;
export const ARP_SENDER_MAC = 8;
export const ARP_SENDER_ADDRESS = 14;
export const ARP_TARGET_MAC = 18;
export const ARP_TARGET_ADDRESS = 24;

export const ArpOperation = Object.freeze({ request: 1, reply: 2 } as const);

export type ArpProblem = 'ok' | 'truncated' | 'not-ethernet-ipv4';

export function checkArp(b: Uint8Array, at: number, length: number): ArpProblem {
  if (length < ARP_BYTES) return 'truncated';
  if (get32(b, at) !== 0x0001_0800 || get16(b, at + 4) !== 0x0604) return 'not-ethernet-ipv4';
  return 'ok';
}

export function arpOperation(b: Uint8Array, at: number): number {
  return get16(b, at + 6);
}

/** Writes an ARP packet; MACs are 6 bytes, addresses 4 bytes from the given positions. */
export function emitArp(
  b: Uint8Array,
  at: number,
  operation: number,
  senderMac: Uint8Array,
  senderAddress: Uint8Array,
  targetMac: Uint8Array,
  targetAddress: Uint8Array,
): number {
  put16(b, at, 1);
  put16(b, at + 2, 0x0800);
  put16(b, at + 4, 0x0604);
  put16(b, at + 6, operation);
  copy(senderMac, 0, b, at + ARP_SENDER_MAC, 6);
  copy(senderAddress, 0, b, at + ARP_SENDER_ADDRESS, 4);
  copy(targetMac, 0, b, at + ARP_TARGET_MAC, 6);
  copy(targetAddress, 0, b, at + ARP_TARGET_ADDRESS, 4);
  return ARP_BYTES;
}
