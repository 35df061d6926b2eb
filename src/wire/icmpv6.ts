/**
 * ICMPv6 (RFC 4443) and the messages of neighbour discovery (RFC 4861). Offsets from the start of the message:
 *
 *   0 type   1 code   2 checksum, with a pseudo header   4 body
 *
 *   errors                    4 MTU of Packet Too Big, else unused (4)   8 as much of the packet as fits
 *   echo                      4 identifier   6 sequence number   8 data
 *   Neighbor Solicitation     4 zero (4)   8 target (16)   24 options
 *   Neighbor Advertisement    4 flags (4)   8 target (16)   24 options
 *
 *   an option of neighbour discovery: 0 type   1 size in units of 8 bytes   2 link-layer address, MTU, …
 */
import { copy, sum16 } from './byte-loops.js';
import { get32, put16, put32 } from './bytes.js';
import { MAC_BYTES } from './ethernet.js';
import { IPV6_ADDRESS_BYTES, IPV6_DESTINATION, IPV6_HOP_LIMIT, IPV6_SOURCE } from './ipv6.js';
import { isSolicitedNode, isUnspecified } from './ipv6-address.js';

export const ICMPV6_HEADER_BYTES = 8;
export const Icmpv6Type = Object.freeze({
  destinationUnreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
  echoRequest: 128,
  echoReply: 129,
  multicastListenerQuery: 130,
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighborSolicitation: 135,
  neighborAdvertisement: 136,
  /** Version 2 (RFC 3810). */
  multicastListenerReport: 143,
} as const);

/** Code of `destinationUnreachable`. */
export const PORT_UNREACHABLE6 = 4;
/** Where an error's invoking packet begins. */
export const ICMPV6_INVOKING_PACKET = 8;

export type Icmpv6Problem = 'ok' | 'truncated' | 'checksum';

/** `pseudoHeaderSum` is over `length` bytes of protocol 58. */
export function checkIcmpv6(
  b: Uint8Array,
  at: number,
  length: number,
  pseudoHeaderSum: number,
): Icmpv6Problem {
  if (length < ICMPV6_HEADER_BYTES) return 'truncated';
  if (sum16(b, at, length, pseudoHeaderSum) !== 0xffff) return 'checksum';
  return 'ok';
}

export function setIcmpv6Checksum(b: Uint8Array, at: number, length: number, pseudoHeaderSum: number): void {
  put16(b, at + 2, 0);
  put16(b, at + 2, ~sum16(b, at, length, pseudoHeaderSum) & 0xffff);
}

/** The next hop's MTU of a Packet Too Big (RFC 4443 3.2). */
export function packetTooBigMtu(b: Uint8Array, at: number): number {
  return get32(b, at + 4);
}

/** Turns the echo request of `length` bytes at `from` into its reply at `to` (RFC 4443 4.2). */
export function emitEchoReply6(
  request: Uint8Array,
  from: number,
  length: number,
  reply: Uint8Array,
  to: number,
  pseudoHeaderSum: number,
): number {
  copy(request, from, reply, to, length);
  reply[to] = Icmpv6Type.echoReply;
  setIcmpv6Checksum(reply, to, length, pseudoHeaderSum);
  return length;
}

export const NEIGHBOR_TARGET = 8;
export const NEIGHBOR_OPTIONS = 24;
/** A solicitation or an advertisement with one link-layer address. */
export const NEIGHBOR_MESSAGE_BYTES = 32;
/** Nobody further away than the link can send it: routers count down (RFC 4861 3.1). */
export const NEIGHBOR_HOP_LIMIT = 255;

const NeighborOption = Object.freeze({ sourceLinkLayer: 1, targetLinkLayer: 2 } as const);

export const AdvertisementFlag = Object.freeze({
  router: 0x8000_0000,
  solicited: 0x4000_0000,
  override: 0x2000_0000,
} as const);

export type NeighborProblem =
  'ok' | 'hop-limit' | 'truncated' | 'code' | 'target' | 'options' | 'destination';

/**
 * RFC 4861 7.1.1 and 7.1.2: may the Neighbor Solicitation or Advertisement of `length` bytes at `at` in the packet at
 * `ipAt` be heeded? Its checksum was verified.
 */
export function checkNeighborMessage(
  b: Uint8Array,
  ipAt: number,
  at: number,
  length: number,
): NeighborProblem {
  if (b[ipAt + IPV6_HOP_LIMIT] !== NEIGHBOR_HOP_LIMIT) return 'hop-limit';
  if (length < NEIGHBOR_OPTIONS) return 'truncated';
  if (b[at + 1] !== 0) return 'code';
  if (b[at + NEIGHBOR_TARGET] === 0xff) return 'target';
  if (!areOptionsWhole(b, at + NEIGHBOR_OPTIONS, at + length)) return 'options';
  const destination = ipAt + IPV6_DESTINATION;
  if (b[at] === Icmpv6Type.neighborAdvertisement) {
    const solicited = (get32(b, at + 4) & AdvertisementFlag.solicited) !== 0;
    return solicited && b[destination] === 0xff ? 'destination' : 'ok';
  }
  if (!isUnspecified(b, ipAt + IPV6_SOURCE)) return 'ok';
  // Somebody wants to know whether the address is free (RFC 4862 5.4).
  if (!isSolicitedNode(b, destination)) return 'destination';
  return hasOption(b, at + NEIGHBOR_OPTIONS, at + length, NeighborOption.sourceLinkLayer) ? 'options' : 'ok';
}

function areOptionsWhole(b: Uint8Array, at: number, end: number): boolean {
  let here = at;
  while (here < end) {
    // An option of length 0 would be walked for ever (RFC 4861 4.6).
    if (here + 2 > end || b[here + 1] === 0) return false;
    here += 8 * b[here + 1]!;
  }
  return here === end;
}

function hasOption(b: Uint8Array, at: number, end: number, type: number): boolean {
  for (let here = at; here < end; here += 8 * b[here + 1]!) if (b[here] === type) return true;
  return false;
}

/** Writes a Neighbor Advertisement but for the checksum, 0 ({@link setIcmpv6Checksum}): RFC 4861 4.4. */
export function emitNeighborAdvertisement(
  b: Uint8Array,
  at: number,
  flags: number,
  target: Uint8Array,
  targetAt: number,
  macAddress: Uint8Array,
): number {
  put32(b, at, Icmpv6Type.neighborAdvertisement << 24);
  put32(b, at + 4, flags);
  copy(target, targetAt, b, at + NEIGHBOR_TARGET, IPV6_ADDRESS_BYTES);
  b[at + NEIGHBOR_OPTIONS] = NeighborOption.targetLinkLayer;
  b[at + NEIGHBOR_OPTIONS + 1] = 1;
  copy(macAddress, 0, b, at + NEIGHBOR_OPTIONS + 2, MAC_BYTES);
  return NEIGHBOR_MESSAGE_BYTES;
}
