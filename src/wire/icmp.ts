/**
 * ICMP for IPv4 (RFC 792): echo. Offsets from the start of the message:
 *
 *   0 type   1 code   2 checksum   4 identifier   6 sequence number   8 data
 */
import { copy, sum16 } from './byte-loops.js';
import { put16 } from './bytes.js';

export const ICMP_HEADER_BYTES = 8;
export const IcmpType = Object.freeze({ echoReply: 0, destinationUnreachable: 3, echoRequest: 8 } as const);

/** Codes of `destinationUnreachable`; with the second comes the next hop's MTU (RFC 1191 4). */
export const PORT_UNREACHABLE = 3;
export const FRAGMENTATION_NEEDED = 4;

export type IcmpProblem = 'ok' | 'truncated' | 'checksum';

export function checkIcmp(b: Uint8Array, at: number, length: number): IcmpProblem {
  if (length < ICMP_HEADER_BYTES) return 'truncated';
  if (sum16(b, at, length, 0) !== 0xffff) return 'checksum';
  return 'ok';
}

/** Turns the echo request of `length` bytes at `from` into its reply at `to` (RFC 792, page 15). */
export function emitEchoReply(
  request: Uint8Array,
  from: number,
  length: number,
  reply: Uint8Array,
  to: number,
): number {
  copy(request, from, reply, to, length);
  reply[to] = IcmpType.echoReply;
  put16(reply, to + 2, 0);
  put16(reply, to + 2, ~sum16(reply, to, length, 0) & 0xffff);
  return length;
}
