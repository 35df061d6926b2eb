/**
 * Neighbor Discovery for the front-end's IPv6 addresses (RFC 4861): answers who asks for them, also who asks in order
 * to take one (RFC 4862 5.4), announces them at the start and defends them. It never asks: replies go to the MAC that
 * a client's frame came from.
 */
import { equal } from '../../wire/byte-loops.js';
import {
  ETHERNET_HEADER_BYTES,
  EtherType,
  MAC_BYTES,
  emitEthernet,
  isGroupDestination,
} from '../../wire/ethernet.js';
import {
  AdvertisementFlag,
  Icmpv6Type,
  NEIGHBOR_HOP_LIMIT,
  NEIGHBOR_MESSAGE_BYTES,
  NEIGHBOR_TARGET,
  checkNeighborMessage,
  emitNeighborAdvertisement,
  setIcmpv6Checksum,
} from '../../wire/icmpv6.js';
import { IpProtocol } from '../../wire/ipv4.js';
import {
  IPV6_DESTINATION,
  IPV6_HEADER_BYTES,
  IPV6_SOURCE,
  emitIpv6,
  ipv6PseudoHeaderSum,
} from '../../wire/ipv6.js';
import { isUnspecified, multicastMac, parseIpv6 } from '../../wire/ipv6-address.js';
import type { FrontEndCounters } from '../counters.js';
import { IpAddress } from './ip-address.js';
import type { IpPacket } from './ip-packet.js';
import type { Transmit } from './transmit.js';

/** RFC 4861 7.2.6 allows three (10: MAX_NEIGHBOR_ADVERTISEMENT), RETRANS_TIMER apart. */
const ANNOUNCEMENTS = 2;
const ANNOUNCE_INTERVAL_US = 1_000_000;
const DEFEND_INTERVAL_US = 10_000_000;
const IP = ETHERNET_HEADER_BYTES;
const ICMP = IP + IPV6_HEADER_BYTES;

export class NeighborDiscovery {
  private readonly macAddress: Uint8Array;
  private readonly addresses: readonly IpAddress[];
  private readonly transmit: Transmit;
  private readonly counters: FrontEndCounters;
  private readonly allNodes = new IpAddress();
  private readonly allNodesMac = new Uint8Array(MAC_BYTES);
  private readonly asker = new IpAddress();
  private readonly frame = new Uint8Array(ICMP + NEIGHBOR_MESSAGE_BYTES);
  private announcementsLeft = 0;
  private announceAtUs = Infinity;
  private defendedAtUs = -Infinity;

  constructor(
    macAddress: Uint8Array,
    addresses: readonly IpAddress[],
    transmit: Transmit,
    counters: FrontEndCounters,
  ) {
    this.macAddress = macAddress;
    this.addresses = addresses;
    this.transmit = transmit;
    this.counters = counters;
    const allNodes = parseIpv6('ff02::1')!;
    this.allNodes.readIpv6(allNodes, 0);
    multicastMac(allNodes, 0, this.allNodesMac, 0);
  }

  /** Unsolicited advertisements, now and once more. */
  start(nowUs: number): void {
    this.announcementsLeft = ANNOUNCEMENTS;
    this.announceAtUs = nowUs;
    this.advance(nowUs);
  }

  /** Returns when to be called again. */
  advance(nowUs: number): number {
    if (nowUs >= this.announceAtUs) {
      for (const address of this.addresses) this.announce(address);
      this.announcementsLeft--;
      this.announceAtUs = this.announcementsLeft > 0 ? nowUs + ANNOUNCE_INTERVAL_US : Infinity;
    }
    return this.announceAtUs;
  }

  /** A solicitation or an advertisement whose checksum was verified. */
  onMessage(packet: IpPacket, nowUs: number): void {
    const { frame, macAt, l3At, l4At, l4Bytes } = packet;
    if (checkNeighborMessage(frame, l3At, l4At, l4Bytes) !== 'ok' || isGroupDestination(frame, macAt)) {
      this.counters.neighborCheckFailed++;
      return;
    }
    // A switch may send our own announcement back to us.
    if (equal(frame, macAt, this.macAddress, 0, MAC_BYTES)) return;
    const isSolicitation = frame[l4At] === Icmpv6Type.neighborSolicitation;
    // Who claims an address is the target of an advertisement, and the source of a solicitation.
    const claimed = this.find(frame, isSolicitation ? l3At + IPV6_SOURCE : l4At + NEIGHBOR_TARGET);
    if (claimed !== undefined) {
      this.defend(claimed, nowUs);
    } else if (isSolicitation) {
      const target = this.find(frame, l4At + NEIGHBOR_TARGET);
      if (target !== undefined) this.reply(packet, target);
    }
  }

  private find(b: Uint8Array, at: number): IpAddress | undefined {
    for (const address of this.addresses) if (address.equalsIpv6(b, at)) return address;
    return undefined;
  }

  private reply(packet: IpPacket, target: IpAddress): void {
    const { frame, macAt, l3At } = packet;
    this.counters.neighborReplies++;
    if (isUnspecified(frame, l3At + IPV6_SOURCE)) {
      // Who has no address yet hears what is said to all.
      this.send(target, this.allNodes, this.allNodesMac, 0, AdvertisementFlag.override);
      return;
    }
    this.asker.readIpv6(frame, l3At + IPV6_SOURCE);
    const flags = AdvertisementFlag.solicited | AdvertisementFlag.override;
    this.send(target, this.asker, frame, macAt, flags);
  }

  private announce(address: IpAddress): void {
    this.counters.neighborAnnouncements++;
    this.send(address, this.allNodes, this.allNodesMac, 0, AdvertisementFlag.override);
  }

  private defend(address: IpAddress, nowUs: number): void {
    this.counters.neighborConflicts++;
    if (nowUs - this.defendedAtUs < DEFEND_INTERVAL_US) return;
    this.defendedAtUs = nowUs;
    this.announce(address);
  }

  private send(
    target: IpAddress,
    destination: IpAddress,
    destinationMac: Uint8Array,
    macAt: number,
    flags: number,
  ): void {
    const { frame, macAddress } = this;
    emitEthernet(frame, 0, macAddress, macAddress, EtherType.ipv6);
    for (let i = 0; i < MAC_BYTES; i++) frame[i] = destinationMac[macAt + i]!;
    target.write(frame, IP + IPV6_SOURCE);
    destination.write(frame, IP + IPV6_DESTINATION);
    emitIpv6(frame, IP, NEIGHBOR_MESSAGE_BYTES, IpProtocol.icmpv6, NEIGHBOR_HOP_LIMIT, 0);
    emitNeighborAdvertisement(frame, ICMP, flags, frame, IP + IPV6_SOURCE, macAddress);
    const sum = ipv6PseudoHeaderSum(frame, IP, IpProtocol.icmpv6, NEIGHBOR_MESSAGE_BYTES);
    setIcmpv6Checksum(frame, ICMP, NEIGHBOR_MESSAGE_BYTES, sum);
    this.transmit(frame, 0, frame.length);
  }
}
