/**
 * The way to a client: the Ethernet and IP headers in front of everything that is sent to it. The next hop is the
 * MAC that the client's own frames came from, be it the client or a router, so that no neighbour is ever asked for.
 */
import { copy, equal } from '../../wire/byte-loops.js';
import {
  ETHERNET_DESTINATION,
  ETHERNET_HEADER_BYTES,
  EtherType,
  MAC_BYTES,
  emitEthernet,
} from '../../wire/ethernet.js';
import {
  IPV4_HEADER_BYTES,
  IPV4_SOURCE,
  IpProtocol,
  emitIpv4,
  formatIpv4,
  ipv4PseudoHeaderSum,
  setIpv4Length,
} from '../../wire/ipv4.js';
import { put32 } from '../../wire/bytes.js';

/** So many frames in a row from another MAC move the next hop. */
const NEXT_HOP_HEARD = 3;

/** Bytes in front of the transport header. */
export const PATH_HEADER_BYTES = ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES;

export class Ipv4Path {
  readonly localAddress: number;
  private remote: number;
  private readonly protocol: number;
  private readonly header = new Uint8Array(PATH_HEADER_BYTES);
  /** Where the latest frame came from, if not from the next hop. */
  private candidate: Uint8Array | undefined = undefined;
  private candidateHeard = 0;

  constructor(
    localMac: Uint8Array,
    localAddress: number,
    remoteMac: Uint8Array,
    remoteMacAt: number,
    remoteAddress: number,
    protocol: number = IpProtocol.tcp,
  ) {
    this.localAddress = localAddress;
    this.remote = remoteAddress;
    this.protocol = protocol;
    emitEthernet(this.header, 0, localMac, localMac, EtherType.ipv4);
    emitIpv4(this.header, ETHERNET_HEADER_BYTES, 0, protocol, localAddress, remoteAddress);
    this.setNextHop(remoteMac, remoteMacAt);
  }

  get remoteAddress(): number {
    return this.remote;
  }

  get remoteText(): string {
    return formatIpv4(this.remote);
  }

  /** Points the path elsewhere: for replies that belong to no connection. */
  aim(remoteMac: Uint8Array, remoteMacAt: number, remoteAddress: number): void {
    this.remote = remoteAddress;
    put32(this.header, ETHERNET_HEADER_BYTES + IPV4_SOURCE + 4, remoteAddress);
    this.setNextHop(remoteMac, remoteMacAt);
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
    copy(this.header, 0, b, at, PATH_HEADER_BYTES);
    setIpv4Length(b, at + ETHERNET_HEADER_BYTES, IPV4_HEADER_BYTES + l4Bytes);
    return PATH_HEADER_BYTES;
  }

  /** The headers with lengths and checksums zero, for a template (decision 13). */
  writeTemplate(b: Uint8Array): number {
    copy(this.header, 0, b, 0, PATH_HEADER_BYTES);
    b.fill(0, ETHERNET_HEADER_BYTES + 2, ETHERNET_HEADER_BYTES + 4);
    b.fill(0, ETHERNET_HEADER_BYTES + 10, ETHERNET_HEADER_BYTES + 12);
    return PATH_HEADER_BYTES;
  }

  pseudoHeaderSum(l4Bytes: number): number {
    return ipv4PseudoHeaderSum(this.header, ETHERNET_HEADER_BYTES, this.protocol, l4Bytes);
  }
}
