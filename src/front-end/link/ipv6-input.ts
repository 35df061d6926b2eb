/**
 * What comes over IPv6: which frames and packets are ours, what the extension headers hide, echo and neighbour
 * discovery. TCP is handed on, as over IPv4.
 */
import { equal } from '../../wire/byte-loops.js';
import {
  ETHERNET_HEADER_BYTES,
  ETHERNET_SOURCE,
  MAC_BYTES,
  isGroupDestination,
} from '../../wire/ethernet.js';
import { Icmpv6Type, checkIcmpv6, emitEchoReply6 } from '../../wire/icmpv6.js';
import { IpProtocol } from '../../wire/ipv4.js';
import { IPV6_ADDRESS_BYTES, IPV6_DESTINATION, IPV6_SOURCE, Ipv6Walk, checkIpv6 } from '../../wire/ipv6.js';
import { linkLocalAddress, multicastMac, parseIpv6, solicitedNodeGroup } from '../../wire/ipv6-address.js';
import type { FrontEndCounters } from '../counters.js';
import type { Entropy } from '../tcp/isn.js';
import { IpAddress } from './ip-address.js';
import type { IpPacket } from './ip-packet.js';
import { MulticastListener } from './multicast-listener.js';
import { NeighborDiscovery } from './neighbor-discovery.js';
import { MAX_PATH_HEADER_BYTES, Path } from './path.js';
import type { Transmit } from './transmit.js';

/** A group that we are in, and the MAC address of its frames. */
interface Group {
  readonly bytes: Uint8Array;
  readonly address: IpAddress;
  readonly mac: Uint8Array;
}

/** Takes an ICMPv6 message that may be an error; false when nobody heeds it. */
export type TakeError = (packet: IpPacket, nowUs: number) => boolean;

/** Takes a packet that is for one of our addresses, from one that can be answered. */
export type TakePacket = (packet: IpPacket, nowUs: number) => void;

export interface Ipv6InputOptions {
  readonly macAddress: Uint8Array;
  /** The one that clients see; a link-local one is derived from the MAC address. */
  readonly address: IpAddress;
  readonly mtuBytes: number;
  /** The object that packets are handed over in. */
  readonly packet: IpPacket;
  readonly take: TakePacket;
  readonly takeError: TakeError;
  readonly transmit: Transmit;
  readonly entropy: Entropy;
  readonly counters: FrontEndCounters;
}

export class Ipv6Input {
  private readonly discovery: NeighborDiscovery;
  private readonly listener: MulticastListener;
  private readonly addresses: readonly IpAddress[];
  private readonly groups: readonly Group[];
  private readonly packet: IpPacket;
  private readonly take: TakePacket;
  private readonly takeError: TakeError;
  private readonly transmit: Transmit;
  private readonly counters: FrontEndCounters;
  private readonly walk = new Ipv6Walk();
  private readonly echoPath: Path;
  private readonly echoFrame: Uint8Array;

  constructor(options: Ipv6InputOptions) {
    const { macAddress, address, transmit, counters } = options;
    const linkLocal = linkLocalOf(macAddress);
    this.addresses = address.equals(linkLocal) ? [address] : [address, linkLocal];
    this.groups = groupsOf(this.addresses);
    this.packet = options.packet;
    this.take = options.take;
    this.takeError = options.takeError;
    this.transmit = transmit;
    this.counters = counters;
    this.discovery = new NeighborDiscovery(macAddress, this.addresses, transmit, counters);
    // Everybody is in the group of all nodes, and nobody says so (RFC 3810 6).
    const groups = this.groups.slice(1).map(({ bytes }) => bytes);
    this.listener = new MulticastListener(macAddress, linkLocal, groups, transmit, options.entropy, counters);
    this.echoPath = new Path(macAddress, IpProtocol.icmpv6);
    this.echoFrame = new Uint8Array(ETHERNET_HEADER_BYTES + options.mtuBytes);
  }

  /** Joins the groups and announces the addresses. */
  start(nowUs: number): void {
    this.listener.start(nowUs);
    this.discovery.start(nowUs);
  }

  /** Returns when to be called again. */
  advance(nowUs: number): number {
    return Math.min(this.listener.advance(nowUs), this.discovery.advance(nowUs));
  }

  /** Is a frame to this group destination ours? */
  listensTo(b: Uint8Array, at: number): boolean {
    for (const group of this.groups) if (equal(b, at, group.mac, 0, MAC_BYTES)) return true;
    return false;
  }

  /** `l3Bytes` of IPv6 from `l3At`, in the frame at `at`. */
  onPacket(b: Uint8Array, at: number, l3At: number, l3Bytes: number, nowUs: number): void {
    const { counters, packet, walk } = this;
    if (checkIpv6(b, l3At, l3Bytes) !== 'ok') {
      counters.ipv6CheckFailed++;
      return;
    }
    const local = this.findAddress(b, l3At + IPV6_DESTINATION);
    if (local === undefined && !this.isInGroup(b, l3At + IPV6_DESTINATION)) {
      counters.ipv6ForOthers++;
      return;
    }
    const problem = walk.walk(b, l3At);
    if (problem !== 'ok') {
      if (problem === 'fragment') counters.ipv6Fragments++;
      else counters.ipv6ExtensionsRefused++;
      return;
    }
    packet.frame = b;
    packet.macAt = at + ETHERNET_SOURCE;
    packet.l3At = l3At;
    packet.protocol = walk.protocol;
    packet.l4At = walk.l4At;
    packet.l4Bytes = walk.l4Bytes;
    // Neighbour discovery does not care which of our addresses and groups it was sent to.
    packet.local = local ?? this.addresses[0]!;
    packet.remote.readIpv6(b, l3At + IPV6_SOURCE);
    const isUnicast = local !== undefined && !isGroupDestination(b, at);
    if (walk.protocol === IpProtocol.icmpv6) this.onIcmp(packet, isUnicast, nowUs);
    else if (this.isAnswerable(packet, isUnicast)) this.take(packet, nowUs);
  }

  private onIcmp(packet: IpPacket, isUnicast: boolean, nowUs: number): void {
    const { frame, l4At, l4Bytes } = packet;
    if (checkIcmpv6(frame, l4At, l4Bytes, packet.pseudoHeaderSum()) !== 'ok') {
      this.counters.icmpCheckFailed++;
      return;
    }
    const type = frame[l4At]!;
    if (type === Icmpv6Type.neighborSolicitation || type === Icmpv6Type.neighborAdvertisement) {
      this.discovery.onMessage(packet, nowUs);
    } else if (type === Icmpv6Type.multicastListenerQuery) {
      this.listener.onQuery(packet, nowUs);
    } else if (!isUnicast) {
      // Routers' advertisements, for one: whatever the network is like, replies go where requests came from.
      this.counters.icmpIgnored++;
    } else if (this.isAnswerable(packet, true)) {
      const isShort = MAX_PATH_HEADER_BYTES + l4Bytes <= this.echoFrame.length;
      if (type === Icmpv6Type.echoRequest && isShort) this.echo(packet);
      else if (!this.takeError(packet, nowUs)) this.counters.icmpIgnored++;
    }
  }

  private echo(packet: IpPacket): void {
    const { frame, l4At, l4Bytes } = packet;
    this.echoPath.aim(packet.local, packet.remote, frame, packet.macAt);
    const to = this.echoPath.writeHeaders(this.echoFrame, 0, l4Bytes);
    emitEchoReply6(frame, l4At, l4Bytes, this.echoFrame, to, this.echoPath.pseudoHeaderSum(l4Bytes));
    this.counters.echoReplies++;
    this.transmit(this.echoFrame, 0, to + l4Bytes);
  }

  /** Sent to us alone, by a unicast address that is not our own; counted when not. */
  private isAnswerable(packet: IpPacket, isUnicast: boolean): boolean {
    if (!isUnicast) {
      this.counters.ipv6ForOthers++;
      return false;
    }
    const { remote } = packet;
    let isOwn = false;
    for (const address of this.addresses) isOwn ||= address.equals(remote);
    if (remote.isUnicastIpv6 && !isOwn && !isGroupDestination(packet.frame, packet.macAt)) return true;
    this.counters.ipv6BadSource++;
    return false;
  }

  private findAddress(b: Uint8Array, at: number): IpAddress | undefined {
    for (const address of this.addresses) if (address.equalsIpv6(b, at)) return address;
    return undefined;
  }

  private isInGroup(b: Uint8Array, at: number): boolean {
    for (const group of this.groups) if (group.address.equalsIpv6(b, at)) return true;
    return false;
  }
}

function linkLocalOf(macAddress: Uint8Array): IpAddress {
  const bytes = new Uint8Array(IPV6_ADDRESS_BYTES);
  linkLocalAddress(macAddress, bytes, 0);
  const address = new IpAddress();
  address.readIpv6(bytes, 0);
  return address;
}

/** All nodes, and the solicited-node group of each address (RFC 4291 2.8). */
function groupsOf(addresses: readonly IpAddress[]): Group[] {
  const groups = [parseIpv6('ff02::1')!];
  for (const address of addresses) {
    const own = new Uint8Array(IPV6_ADDRESS_BYTES);
    address.write(own, 0);
    const group = new Uint8Array(IPV6_ADDRESS_BYTES);
    solicitedNodeGroup(own, 0, group, 0);
    // Two addresses may share one.
    if (!groups.some((other) => equal(other, 0, group, 0, IPV6_ADDRESS_BYTES))) groups.push(group);
  }
  return groups.map((bytes) => {
    const address = new IpAddress();
    address.readIpv6(bytes, 0);
    const mac = new Uint8Array(MAC_BYTES);
    multicastMac(bytes, 0, mac, 0);
    return { bytes, address, mac };
  });
}
