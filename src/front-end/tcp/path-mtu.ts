/**
 * Whether an ICMP error that a packet was too large is to be believed (RFC 1191, RFC 8201), with the counter-measures
 * of RFC 5927 7.2: it must quote a sequence number that is under way, and say less than what is sent now. Once
 * packets of this size have arrived on the connection, a router's claim that they don't only counts when a
 * retransmission timeout bears it out.
 */
import type { IcmpError } from '../link/icmp-error.js';

/** Less is not believed: for IPv6 RFC 8200 5, for IPv4 what common stacks take for the least. */
const LEAST_MTU_IPV4 = 552;
const LEAST_MTU_IPV6 = 1280;
/** For routers that don't name an MTU (RFC 1191 7.1, as far as Ethernet goes). */
const PLATEAUS = Object.freeze([8166, 4352, 2002, 1492, 1006, LEAST_MTU_IPV4]);
/** So many full segments acknowledged: packets of this size arrive. */
const PROOF_SEGMENTS = 4;

/** What is known of the connection. */
export interface PathUse {
  /** Of the packets that are sent now, headers included. */
  readonly mtuBytes: number;
  readonly segmentBytes: number;
  /** Unwrapped. */
  readonly sndUna: number;
  readonly sndNxt: number;
  readonly timeoutsInARow: number;
}

export class PathMtu {
  /** Where segments began to have their present size. */
  private since: number;
  /** A claim that waits for a timeout, and the position that it is about. */
  private claimBytes = 0;
  private claimAt = 0;

  constructor(firstByte: number) {
    this.since = firstByte;
  }

  /** The MTU to be taken over now; 0 for none. `position`: of the quoted sequence number, unwrapped. */
  onError(error: IcmpError, position: number, use: PathUse): number {
    if (position < use.sndUna || position >= use.sndNxt) return 0;
    const { isIpv4 } = error.local;
    const stated = error.mtuBytes > 0 || !isIpv4 ? error.mtuBytes : plateauBelow(use.mtuBytes);
    const mtuBytes = Math.max(stated, isIpv4 ? LEAST_MTU_IPV4 : LEAST_MTU_IPV6);
    if (mtuBytes >= use.mtuBytes) return 0;
    if (use.sndUna - this.since < PROOF_SEGMENTS * use.segmentBytes) return this.take(mtuBytes, use);
    this.claimBytes = mtuBytes;
    this.claimAt = position;
    return 0;
  }

  /** A retransmission timer has expired: the MTU that a claim had named about what is still missing, or 0. */
  onTimeout(use: PathUse): number {
    const { claimBytes } = this;
    if (claimBytes === 0 || use.timeoutsInARow === 0) return 0;
    this.claimBytes = 0;
    return this.claimAt >= use.sndUna && claimBytes < use.mtuBytes ? this.take(claimBytes, use) : 0;
  }

  private take(mtuBytes: number, use: PathUse): number {
    this.since = use.sndUna;
    this.claimBytes = 0;
    return mtuBytes;
  }
}

function plateauBelow(mtuBytes: number): number {
  return PLATEAUS.find((plateau) => plateau < mtuBytes) ?? LEAST_MTU_IPV4;
}
