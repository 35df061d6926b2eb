/**
 * IPv6 (RFC 8200; RFC 6437 for the flow label). Offsets from the start of the header:
 *
 *   0 version, traffic class, flow label   4 payload length (2)   6 next header   7 hop limit
 *   8 source (16)   24 destination (16)   40 extension headers, then TCP, UDP or ICMPv6
 */
import { sum16 } from './byte-loops.js';
import { get16, put16, put32 } from './bytes.js';

export const IPV6_HEADER_BYTES = 40;
export const IPV6_ADDRESS_BYTES = 16;
export const IPV6_PAYLOAD_LENGTH = 4;
export const IPV6_NEXT_HEADER = 6;
export const IPV6_HOP_LIMIT = 7;
export const IPV6_SOURCE = 8;
export const IPV6_DESTINATION = 24;
export const DEFAULT_HOP_LIMIT = 64;
/** Every link carries packets of this size (RFC 8200 5). */
export const IPV6_MIN_MTU_BYTES = 1280;

/** Next Header values of the extension headers (RFC 8200 4); the others are in `IpProtocol`. */
export const Ipv6Extension = Object.freeze({
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  destination: 60,
} as const);

export type Ipv6Problem = 'ok' | 'truncated' | 'version' | 'payload-length';

/** Checks the fixed header; the extension headers are {@link Ipv6Walk}'s. */
export function checkIpv6(b: Uint8Array, at: number, length: number): Ipv6Problem {
  if (length < IPV6_HEADER_BYTES) return 'truncated';
  if (b[at]! >>> 4 !== 6) return 'version';
  // A length of 0 would be a jumbogram's (RFC 2675): it is a packet without payload here.
  if (IPV6_HEADER_BYTES + ipv6PayloadBytes(b, at) > length) return 'payload-length';
  return 'ok';
}

/** Extension headers included. */
export function ipv6PayloadBytes(b: Uint8Array, at: number): number {
  return get16(b, at + IPV6_PAYLOAD_LENGTH);
}

export function ipv6FlowLabel(b: Uint8Array, at: number): number {
  return ((b[at + 1]! & 0x0f) << 16) | get16(b, at + 2);
}

/** Writes the fixed header but for the addresses, which the caller puts in; traffic class 0. */
export function emitIpv6(
  b: Uint8Array,
  at: number,
  payloadBytes: number,
  nextHeader: number,
  hopLimit: number,
  flowLabel: number,
): number {
  put32(b, at, 0x6000_0000 | flowLabel);
  put16(b, at + IPV6_PAYLOAD_LENGTH, payloadBytes);
  b[at + IPV6_NEXT_HEADER] = nextHeader;
  b[at + IPV6_HOP_LIMIT] = hopLimit;
  return IPV6_HEADER_BYTES;
}

/** The sum of the pseudo header of TCP, UDP and ICMPv6 over IPv6 (RFC 8200 8.1), to go into {@link sum16}. */
export function ipv6PseudoHeaderSum(b: Uint8Array, at: number, protocol: number, l4Bytes: number): number {
  return sum16(b, at + IPV6_SOURCE, 2 * IPV6_ADDRESS_BYTES, protocol + l4Bytes);
}

export type Ipv6WalkProblem = 'ok' | 'truncated' | 'fragment' | 'routing' | 'option' | 'order' | 'too-many';

/** Nobody sends half as many; RFC 8504 5.3 allows a limit. */
export const MAX_IPV6_EXTENSIONS = 6;
/** Options of all headers of a packet together (RFC 8504 5.3), Pad1 and PadN among them. */
export const MAX_IPV6_OPTIONS = 16;
const PAD1 = 0;

/** Goes along the extension headers to what the packet carries; one object, which its owner uses again. */
export class Ipv6Walk {
  /** What is carried: TCP, UDP, ICMPv6, or something that nobody here knows. Valid after `ok`, as the rest. */
  protocol = 0;
  /** Where it begins, and its size up to the end of the payload. */
  l4At = 0;
  l4Bytes = 0;
  private options = 0;

  /**
   * Walks the packet at `at`, which {@link checkIpv6} accepted. Refused are a fragment, whole or not (nobody fragments
   * a service request, and RFC 6980 forbids it to neighbour discovery); a route that does not end here; an option
   * that must be known (RFC 8200 4.2); hop-by-hop options anywhere but in front.
   */
  walk(b: Uint8Array, at: number): Ipv6WalkProblem {
    const end = at + IPV6_HEADER_BYTES + ipv6PayloadBytes(b, at);
    let next = b[at + IPV6_NEXT_HEADER]!;
    let here = at + IPV6_HEADER_BYTES;
    this.options = 0;
    for (let headers = 0; isExtension(next); headers++) {
      if (next === Ipv6Extension.fragment) return 'fragment';
      if (headers === MAX_IPV6_EXTENSIONS) return 'too-many';
      if (next === Ipv6Extension.hopByHop && headers > 0) return 'order';
      if (here + 8 > end) return 'truncated';
      const after = here + 8 * (b[here + 1]! + 1);
      if (after > end) return 'truncated';
      if (next === Ipv6Extension.routing) {
        // Segments Left 0: whatever its type, the route is over (RFC 8200 4.4).
        if (b[here + 3] !== 0) return 'routing';
      } else {
        const problem = this.walkOptions(b, here + 2, after);
        if (problem !== 'ok') return problem;
      }
      next = b[here]!;
      here = after;
    }
    this.protocol = next;
    this.l4At = here;
    this.l4Bytes = end - here;
    return 'ok';
  }

  private walkOptions(b: Uint8Array, at: number, end: number): Ipv6WalkProblem {
    let here = at;
    while (here < end) {
      if (++this.options > MAX_IPV6_OPTIONS) return 'too-many';
      const type = b[here]!;
      if (type === PAD1) {
        here++;
        continue;
      }
      if (here + 2 > end) return 'truncated';
      // The two highest bits say what who does not know an option does: 0, skip it.
      if (type >>> 6 !== 0) return 'option';
      here += 2 + b[here + 1]!;
    }
    return here === end ? 'ok' : 'truncated';
  }
}

function isExtension(next: number): boolean {
  return (
    next === Ipv6Extension.hopByHop ||
    next === Ipv6Extension.routing ||
    next === Ipv6Extension.fragment ||
    next === Ipv6Extension.destination
  );
}
