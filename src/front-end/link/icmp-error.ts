/**
 * What an ICMP or ICMPv6 error says about a packet that left from one of our addresses, in an object that is used
 * again for every error. Anybody can send one who has seen, or guesses, the packet that it quotes: whoever heeds it
 * looks whether that can have been his own (RFC 5927 4).
 */
import { get16, get32 } from '../../wire/bytes.js';
import { ICMP_HEADER_BYTES, IcmpType, FRAGMENTATION_NEEDED, PORT_UNREACHABLE } from '../../wire/icmp.js';
import { ICMPV6_INVOKING_PACKET, Icmpv6Type, PORT_UNREACHABLE6, packetTooBigMtu } from '../../wire/icmpv6.js';
import {
  IPV4_HEADER_BYTES,
  ipv4Destination,
  ipv4HeaderBytes,
  ipv4Protocol,
  ipv4Source,
} from '../../wire/ipv4.js';
import { IPV6_DESTINATION, IPV6_HEADER_BYTES, IPV6_NEXT_HEADER, IPV6_SOURCE } from '../../wire/ipv6.js';
import { IpAddress } from './ip-address.js';
import type { IpPacket } from './ip-packet.js';

/** What is quoted of the transport header: ports, and TCP's sequence number (RFC 792; RFC 4443 quotes more). */
const QUOTED_L4_BYTES = 8;
/** The next hop's MTU in a "fragmentation needed" (RFC 1191 4). */
const NEXT_HOP_MTU = 6;

export type IcmpErrorKind = 'port-unreachable' | 'packet-too-big';

export class IcmpError {
  kind: IcmpErrorKind = 'port-unreachable';
  /** Of `packet-too-big`: what the next hop takes, in bytes of an IP packet. */
  mtuBytes = 0;
  /** Source and destination of the packet that is quoted. */
  local = new IpAddress();
  readonly remote = new IpAddress();
  protocol = 0;
  localPort = 0;
  remotePort = 0;
  /** Of TCP. */
  sequence = 0;

  /** Reads the message in the packet, whose checksum was verified; false when it is no error that anybody heeds. */
  readIpv4(packet: IpPacket): boolean {
    const { frame: b, l4At: at, l4Bytes, local } = packet;
    if (b[at] !== IcmpType.destinationUnreachable) return false;
    const code = b[at + 1];
    if (code === PORT_UNREACHABLE) this.kind = 'port-unreachable';
    else if (code === FRAGMENTATION_NEEDED) this.kind = 'packet-too-big';
    else return false;
    this.mtuBytes = get16(b, at + NEXT_HOP_MTU);
    const quote = at + ICMP_HEADER_BYTES;
    const end = at + l4Bytes;
    if (quote + IPV4_HEADER_BYTES > end || b[quote]! >>> 4 !== 4) return false;
    if (ipv4Source(b, quote) !== local.ipv4Number) return false;
    this.remote.setIpv4(ipv4Destination(b, quote));
    this.protocol = ipv4Protocol(b, quote);
    return this.readTransport(packet, quote + ipv4HeaderBytes(b, quote), end);
  }

  /** The same for ICMPv6. What we send has no extension headers. */
  readIpv6(packet: IpPacket): boolean {
    const { frame: b, l4At: at, l4Bytes, local } = packet;
    if (b[at] === Icmpv6Type.packetTooBig) this.kind = 'packet-too-big';
    else if (b[at] === Icmpv6Type.destinationUnreachable && b[at + 1] === PORT_UNREACHABLE6)
      this.kind = 'port-unreachable';
    else return false;
    this.mtuBytes = packetTooBigMtu(b, at);
    const quote = at + ICMPV6_INVOKING_PACKET;
    const end = at + l4Bytes;
    if (quote + IPV6_HEADER_BYTES > end || b[quote]! >>> 4 !== 6) return false;
    if (!local.equalsIpv6(b, quote + IPV6_SOURCE)) return false;
    this.remote.readIpv6(b, quote + IPV6_DESTINATION);
    this.protocol = b[quote + IPV6_NEXT_HEADER]!;
    return this.readTransport(packet, quote + IPV6_HEADER_BYTES, end);
  }

  private readTransport({ frame: b, local }: IpPacket, at: number, end: number): boolean {
    if (at + QUOTED_L4_BYTES > end) return false;
    this.local = local;
    this.localPort = get16(b, at);
    this.remotePort = get16(b, at + 2);
    this.sequence = get32(b, at + 4);
    return true;
  }
}
