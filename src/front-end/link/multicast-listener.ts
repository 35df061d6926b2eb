/**
 * Says which solicited-node groups the front-end listens to (RFC 3810, as RFC 4861 7.2.1 demands): at the start, and
 * when a router asks. A switch that snoops would else keep those frames away by which clients ask for its addresses.
 */
import { get16 } from '../../wire/bytes.js';
import { ETHERNET_HEADER_BYTES, EtherType, MAC_BYTES, emitEthernet } from '../../wire/ethernet.js';
import { Icmpv6Type, setIcmpv6Checksum } from '../../wire/icmpv6.js';
import { IpProtocol } from '../../wire/ipv4.js';
import {
  IPV6_DESTINATION,
  IPV6_HEADER_BYTES,
  IPV6_HOP_LIMIT,
  IPV6_SOURCE,
  Ipv6Extension,
  emitIpv6,
  ipv6PseudoHeaderSum,
} from '../../wire/ipv6.js';
import { multicastMac, parseIpv6 } from '../../wire/ipv6-address.js';
import {
  MLD_HOP_LIMIT,
  MLD_QUERY_BYTES,
  MLD_RECORD_BYTES,
  MLD_REPORT_HEADER_BYTES,
  MldRecord,
  ROUTER_ALERT_BYTES,
  emitMldReport,
  emitRouterAlert,
  mldMaximumResponseMs,
  putMldRecord,
} from '../../wire/mld.js';
import type { FrontEndCounters } from '../counters.js';
import type { Entropy } from '../tcp/isn.js';
import type { IpAddress } from './ip-address.js';
import type { IpPacket } from './ip-packet.js';
import type { Transmit } from './transmit.js';

/** Robustness Variable and Unsolicited Report Interval (RFC 3810 9.1, 9.11). */
const UNSOLICITED_REPORTS = 2;
const UNSOLICITED_INTERVAL_US = 1_000_000;
const US_PER_MS = 1000;
const IP = ETHERNET_HEADER_BYTES;
const ALERT = IP + IPV6_HEADER_BYTES;
const ICMP = ALERT + ROUTER_ALERT_BYTES;
/** fe80::/10: the first ten bits. */
const LINK_LOCAL = 0xfe80;
const LINK_LOCAL_MASK = 0xffc0;

export class MulticastListener {
  private readonly groups: readonly Uint8Array[];
  private readonly transmit: Transmit;
  private readonly entropy: Entropy;
  private readonly counters: FrontEndCounters;
  private readonly frame: Uint8Array;
  private readonly chance = new Uint8Array(2);
  private unsolicitedLeft = 0;
  private unsolicitedAtUs = Infinity;
  private answerAtUs = Infinity;

  /** `groups`: 16 bytes each. */
  constructor(
    macAddress: Uint8Array,
    linkLocal: IpAddress,
    groups: readonly Uint8Array[],
    transmit: Transmit,
    entropy: Entropy,
    counters: FrontEndCounters,
  ) {
    this.groups = groups;
    this.transmit = transmit;
    this.entropy = entropy;
    this.counters = counters;
    const icmpBytes = MLD_REPORT_HEADER_BYTES + groups.length * MLD_RECORD_BYTES;
    this.frame = new Uint8Array(ICMP + icmpBytes);
    const allRouters = parseIpv6('ff02::16')!;
    const destinationMac = new Uint8Array(MAC_BYTES);
    multicastMac(allRouters, 0, destinationMac, 0);
    emitEthernet(this.frame, 0, destinationMac, macAddress, EtherType.ipv6);
    emitIpv6(this.frame, IP, ROUTER_ALERT_BYTES + icmpBytes, Ipv6Extension.hopByHop, MLD_HOP_LIMIT, 0);
    linkLocal.write(this.frame, IP + IPV6_SOURCE);
    this.frame.set(allRouters, IP + IPV6_DESTINATION);
    emitRouterAlert(this.frame, ALERT, IpProtocol.icmpv6);
  }

  /** Unasked, now and once more. */
  start(nowUs: number): void {
    this.unsolicitedLeft = UNSOLICITED_REPORTS;
    this.unsolicitedAtUs = nowUs;
    this.advance(nowUs);
  }

  /** Returns when to be called again. */
  advance(nowUs: number): number {
    if (nowUs >= this.unsolicitedAtUs) {
      this.report(MldRecord.changeToExclude);
      this.unsolicitedLeft--;
      this.unsolicitedAtUs = this.unsolicitedLeft > 0 ? nowUs + UNSOLICITED_INTERVAL_US : Infinity;
    }
    if (nowUs >= this.answerAtUs) {
      this.answerAtUs = Infinity;
      this.report(MldRecord.modeIsExclude);
    }
    return Math.min(this.unsolicitedAtUs, this.answerAtUs);
  }

  /**
   * A query whose checksum was verified. It is answered with all groups, also when it asks for one, at a random time
   * within what it allows, so that not all hosts answer at once (RFC 3810 6.2).
   */
  onQuery({ frame, l3At, l4At, l4Bytes }: IpPacket, nowUs: number): void {
    const isFromRouter = (get16(frame, l3At + IPV6_SOURCE) & LINK_LOCAL_MASK) === LINK_LOCAL;
    if (frame[l3At + IPV6_HOP_LIMIT] !== MLD_HOP_LIMIT || !isFromRouter || l4Bytes < MLD_QUERY_BYTES) {
      this.counters.neighborCheckFailed++;
      return;
    }
    this.entropy.fill(this.chance, 0, 2);
    const delayUs = (mldMaximumResponseMs(frame, l4At) * US_PER_MS * get16(this.chance, 0)) / 0x1_0000;
    this.answerAtUs = Math.min(this.answerAtUs, Math.floor(nowUs + delayUs));
  }

  private report(type: MldRecord): void {
    const { frame, groups } = this;
    const bytes = emitMldReport(frame, ICMP, Icmpv6Type.multicastListenerReport, groups.length);
    for (let i = 0; i < groups.length; i++) putMldRecord(frame, ICMP, i, type, groups[i]!);
    setIcmpv6Checksum(frame, ICMP, bytes, ipv6PseudoHeaderSum(frame, IP, IpProtocol.icmpv6, bytes));
    this.counters.groupReports++;
    this.transmit(frame, 0, frame.length);
  }
}
