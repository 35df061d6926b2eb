/**
 * The way to a client: the Ethernet and IP headers in front of everything that is sent to it. The next hop is the
 * MAC that the client's own frames came from, be it the client or a router, so that no neighbour is ever asked for.
 */
import { copy, equal } from '../../wire/byte-loops.js';
import { put16, put32 } from '../../wire/bytes.js';
import {
  ETHERNET_DESTINATION,
  ETHERNET_HEADER_BYTES,
  EtherType,
  MAC_BYTES,
  emitEthernet,
} from '../../wire/ethernet.js';
import {
  IPV4_HEADER_BYTES,
  IpProtocol,
  emitIpv4,
  ipv4PseudoHeaderSum,
  setIpv4Length,
} from '../../wire/ipv4.js';
import {
  DEFAULT_HOP_LIMIT,
  IPV6_DESTINATION,
  IPV6_HEADER_BYTES,
  IPV6_PAYLOAD_LENGTH,
  IPV6_SOURCE,
  emitIpv6,
  ipv6PseudoHeaderSum,
} from '../../wire/ipv6.js';
import { IpAddress } from './ip-address.js';

/** So many frames in a row from another MAC move the next hop. */
const NEXT_HOP_HEARD = 3;
const IP = ETHERNET_HEADER_BYTES;
/** The most that stands in front of the transport header. */
export const MAX_PATH_HEADER_BYTES = IP + IPV6_HEADER_BYTES;

const NOWHERE = new IpAddress();

export class Path {
  /** One of our own addresses. */
  localAddress = NOWHERE;
  readonly remoteAddress = new IpAddress();
  /** Bytes in front of the transport header. */
  headerBytes = 0;
  private readonly localMac: Uint8Array;
  private readonly protocol: number;
  private readonly header = new Uint8Array(MAX_PATH_HEADER_BYTES);
  /** Where the latest frame came from, if not from the next hop. */
  private candidate: Uint8Array | undefined = undefined;
  private candidateHeard = 0;

  /** It leads nowhere until {@link aim}. */
  constructor(localMac: Uint8Array, protocol: number = IpProtocol.tcp) {
    this.localMac = localMac;
    this.protocol = protocol;
  }

  get ipHeaderBytes(): number {
    return this.headerBytes - IP;
  }

  /** Points the path at a client; for replies that belong to no connection, again and again. */
  aim(localAddress: IpAddress, remoteAddress: IpAddress, remoteMac: Uint8Array, remoteMacAt: number): void {
    const { header, localMac, protocol } = this;
    this.localAddress = localAddress;
    this.remoteAddress.set(remoteAddress);
    if (localAddress.isIpv4) {
      this.headerBytes = IP + IPV4_HEADER_BYTES;
      emitEthernet(header, 0, localMac, localMac, EtherType.ipv4);
      emitIpv4(header, IP, 0, protocol, localAddress.ipv4Number, remoteAddress.ipv4Number);
    } else {
      this.headerBytes = IP + IPV6_HEADER_BYTES;
      emitEthernet(header, 0, localMac, localMac, EtherType.ipv6);
      localAddress.write(header, IP + IPV6_SOURCE);
      remoteAddress.write(header, IP + IPV6_DESTINATION);
      emitIpv6(header, IP, 0, protocol, DEFAULT_HOP_LIMIT, 0);
    }
    this.setNextHop(remoteMac, remoteMacAt);
  }

  /** Of IPv6 only: the same for all packets of a connection (RFC 6437 3), the boards' too. */
  setFlowLabel(label: number): void {
    put32(this.header, IP, 0x6000_0000 | label);
  }

  setNextHop(mac: Uint8Array, at: number): void {
    copy(mac, at, this.header, ETHERNET_DESTINATION, MAC_BYTES);
  }

  /**
   * A frame of the client came from `mac`. Three in a row from elsewhere move the next hop, and this returns true:
   * no checksum that gets here covers a MAC, and a damaged one, which a network may repeat, would send a whole window
   * astray.
   */
  heardFrom(mac: Uint8Array, at: number): boolean {
    if (equal(mac, at, this.header, ETHERNET_DESTINATION, MAC_BYTES)) {
      this.candidate = undefined;
      return false;
    }
    if (this.candidate === undefined || !equal(mac, at, this.candidate, 0, MAC_BYTES)) {
      this.candidate = mac.slice(at, at + MAC_BYTES);
      this.candidateHeard = 0;
    }
    if (++this.candidateHeard < NEXT_HOP_HEARD) return false;
    this.candidate = undefined;
    this.setNextHop(mac, at);
    return true;
  }

  /** Writes the headers in front of `l4Bytes`; returns their length. */
  writeHeaders(b: Uint8Array, at: number, l4Bytes: number): number {
    copy(this.header, 0, b, at, this.headerBytes);
    if (this.localAddress.isIpv4) setIpv4Length(b, at + IP, IPV4_HEADER_BYTES + l4Bytes);
    else put16(b, at + IP + IPV6_PAYLOAD_LENGTH, l4Bytes);
    return this.headerBytes;
  }

  /** The headers with lengths and checksums zero, for a template (decision 13). */
  writeTemplate(b: Uint8Array): number {
    copy(this.header, 0, b, 0, this.headerBytes);
    if (this.localAddress.isIpv4) {
      b.fill(0, IP + 2, IP + 4);
      b.fill(0, IP + 10, IP + 12);
    }
    return this.headerBytes;
  }

  pseudoHeaderSum(l4Bytes: number): number {
    return this.localAddress.isIpv4
      ? ipv4PseudoHeaderSum(this.header, IP, this.protocol, l4Bytes)
      : ipv6PseudoHeaderSum(this.header, IP, this.protocol, l4Bytes);
  }
}
