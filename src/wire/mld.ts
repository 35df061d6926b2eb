/**
 * Multicast Listener Discovery, version 2 (RFC 3810): by it a host says which groups it listens to, so that switches
 * which look at it (RFC 4541) let the groups' frames through. Offsets from the start of the ICMPv6 message:
 *
 *   query    4 maximum response code (2)   6 zero (2)   8 group, or :: for all (16)   24 more in version 2
 *   report   4 zero (2)   6 records (2)   8 records: type (1), 0 (1), sources (2), group (16)
 */
import { copy } from './byte-loops.js';
import { get16, put16, put32 } from './bytes.js';
import { IPV6_ADDRESS_BYTES } from './ipv6.js';

export const MLD_QUERY_BYTES = 24;
export const MLD_REPORT_HEADER_BYTES = 8;
export const MLD_RECORD_BYTES = 20;
/** Sent by nobody who is further away than the link, and not forwarded (RFC 3810 5). */
export const MLD_HOP_LIMIT = 1;

export const MldRecord = Object.freeze({
  /** In answer to a query: listened to, whoever sends. */
  modeIsExclude: 2,
  /** Unasked: listened to from now on, whoever sends. */
  changeToExclude: 4,
} as const);
export type MldRecord = (typeof MldRecord)[keyof typeof MldRecord];

/** Size of the hop-by-hop options in front of every MLD message: a router alert (RFC 2711 2.1) and padding. */
export const ROUTER_ALERT_BYTES = 8;

export function emitRouterAlert(b: Uint8Array, at: number, nextHeader: number): number {
  put32(b, at, (nextHeader << 24) | 0x0502);
  put32(b, at + 4, 0x0000_0100);
  return ROUTER_ALERT_BYTES;
}

/** How long an answer may take, in ms (RFC 3810 5.1.3); version 1 has no exponent, and no values that large. */
export function mldMaximumResponseMs(b: Uint8Array, at: number): number {
  const code = get16(b, at + 4);
  return code < 0x8000 ? code : ((code & 0x0fff) | 0x1000) * 2 ** (((code >>> 12) & 7) + 3);
}

/** Writes a report's header but for the checksum, 0; the records follow ({@link putMldRecord}). Returns the size of all. */
export function emitMldReport(b: Uint8Array, at: number, type: number, records: number): number {
  put32(b, at, type << 24);
  put16(b, at + 4, 0);
  put16(b, at + 6, records);
  return MLD_REPORT_HEADER_BYTES + records * MLD_RECORD_BYTES;
}

/** Writes the record number `i` of the report at `at`: no sources, and so all. */
export function putMldRecord(b: Uint8Array, at: number, i: number, type: MldRecord, group: Uint8Array): void {
  const record = at + MLD_REPORT_HEADER_BYTES + i * MLD_RECORD_BYTES;
  put32(b, record, type << 24);
  copy(group, 0, b, record + 4, IPV6_ADDRESS_BYTES);
}
