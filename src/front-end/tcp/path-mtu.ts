/**
 * Whether an ICMP error that a packet was too large is to be believed (RFC 1191, RFC 8201), with the counter-measures
 * of RFC 5927 7.2: it must quote a sequence number that is under way, and say less than what is sent now. Once
 * packets of this size have arrived on the connection, a router's claim that they don't only counts when a
 * retransmission timeout bears it out.
 */
import { TCP_HEADER_BYTES, TIMESTAMPS_OPTION_BYTES } from '../../wire/tcp.js';
import type { FrontEndCounters } from '../counters.js';
import type { IcmpError } from '../link/icmp-error.js';
import { unwrap } from './segment.js';
import type { Sender } from './sender.js';

/** Less is not believed: for IPv6 RFC 8200 5, for IPv4 what common stacks take for the least. */
const LEAST_MTU_IPV4 = 552;
const LEAST_MTU_IPV6 = 1280;
/** For routers that don't name an MTU (RFC 1191 7.1, as far as Ethernet goes). */
const PLATEAUS = Object.freeze([8166, 4352, 2002, 1492, 1006, LEAST_MTU_IPV4]);
/** So many full segments acknowledged: packets of this size arrive. */
const PROOF_SEGMENTS = 4;

/** What must be known of the connection, and what changes of it. */
export interface PathUser {
  readonly path: { readonly ipHeaderBytes: number };
  readonly sender: Sender;
  /** Undefined when they were not agreed. */
  readonly timestamps: object | undefined;
  readonly counters: FrontEndCounters;
}

export class PathMtu {
  private readonly user: PathUser;
  /** Where segments began to have their present size. */
  private since: number;
  /** A claim that waits for a timeout, and the position that it is about. */
  private claimBytes = 0;
  private claimAt = 0;

  constructor(user: PathUser, firstByte: number) {
    this.user = user;
    this.since = firstByte;
  }

  /** An error quotes a packet of this connection; true when segments are smaller now. */
  onError(error: IcmpError): boolean {
    const { sender } = this.user;
    const position = unwrap(error.sequence, sender.sndUna);
    if (position < sender.sndUna || position >= sender.sndNxt) return false;
    const mtuBytes = this.believable(error);
    if (mtuBytes >= this.mtuBytes) return false;
    if (sender.sndUna - this.since < PROOF_SEGMENTS * sender.segmentBytes) {
      this.shrink(mtuBytes);
      return true;
    }
    this.claimBytes = mtuBytes;
    this.claimAt = position;
    return false;
  }

  /** A retransmission timer has expired: true when that bears a claim out, and segments are smaller now. */
  onTimeout(): boolean {
    const { sender } = this.user;
    const { claimBytes } = this;
    if (claimBytes === 0 || sender.timeoutsInARow === 0) return false;
    this.claimBytes = 0;
    if (this.claimAt < sender.sndUna || claimBytes >= this.mtuBytes) return false;
    this.shrink(claimBytes);
    return true;
  }

  /** Of the packets that are sent now. */
  private get mtuBytes(): number {
    return this.user.sender.segmentBytes + this.headerBytes;
  }

  /** Of IP and TCP, in front of a segment's payload. */
  private get headerBytes(): number {
    const { path, timestamps } = this.user;
    return path.ipHeaderBytes + TCP_HEADER_BYTES + (timestamps === undefined ? 0 : TIMESTAMPS_OPTION_BYTES);
  }

  private believable({ local, mtuBytes }: IcmpError): number {
    if (!local.isIpv4) return Math.max(mtuBytes, LEAST_MTU_IPV6);
    return Math.max(mtuBytes > 0 ? mtuBytes : plateauBelow(this.mtuBytes), LEAST_MTU_IPV4);
  }

  private shrink(mtuBytes: number): void {
    const { sender, counters } = this.user;
    this.since = sender.sndUna;
    this.claimBytes = 0;
    counters.pathMtuReduced++;
    sender.shrinkSegments(mtuBytes - this.headerBytes);
  }
}

function plateauBelow(mtuBytes: number): number {
  return PLATEAUS.find((plateau) => plateau < mtuBytes) ?? LEAST_MTU_IPV4;
}
