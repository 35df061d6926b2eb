/** "Nobody listens there": ICMP's answer to a datagram for a port without a socket (RFC 1122 4.1.3.1, RFC 4443 3.1). */
import { copy, fill, sum16 } from '../../wire/byte-loops.js';
import { put16, put32 } from '../../wire/bytes.js';
import { ETHERNET_MIN_BYTES } from '../../wire/ethernet.js';
import { ICMP_HEADER_BYTES, IcmpType, PORT_UNREACHABLE } from '../../wire/icmp.js';
import { Icmpv6Type, PORT_UNREACHABLE6, setIcmpv6Checksum } from '../../wire/icmpv6.js';
import { IpProtocol } from '../../wire/ipv4.js';
import { IPV6_HEADER_BYTES, IPV6_MIN_MTU_BYTES } from '../../wire/ipv6.js';
import { UDP_HEADER_BYTES } from '../../wire/udp.js';
import type { IpPacket } from '../link/ip-packet.js';
import { MAX_PATH_HEADER_BYTES, Path } from '../link/path.js';
import type { Transmit } from '../link/transmit.js';

/** One in so many: whoever floods closed ports is not helped to flood somebody else (RFC 4443 2.4 f). */
const PAUSE_US = 10_000;
const MAX_QUOTE_BYTES = IPV6_MIN_MTU_BYTES - IPV6_HEADER_BYTES - ICMP_HEADER_BYTES;

export class PortUnreachable {
  readonly #transmit: Transmit;
  readonly #path4: Path;
  readonly #path6: Path;
  readonly #frame = new Uint8Array(MAX_PATH_HEADER_BYTES + ICMP_HEADER_BYTES + MAX_QUOTE_BYTES);
  #nextUs = -Infinity;

  constructor(localMac: Uint8Array, transmit: Transmit) {
    this.#transmit = transmit;
    this.#path4 = new Path(localMac, IpProtocol.icmp);
    this.#path6 = new Path(localMac, IpProtocol.icmpv6);
  }

  /** Answers a datagram that was checked; false when it is too soon after the last answer. */
  answer(packet: IpPacket, nowUs: number): boolean {
    if (nowUs < this.#nextUs) return false;
    this.#nextUs = nowUs + PAUSE_US;
    const { frame: received, l3At, l4At, l4Bytes, local } = packet;
    const { isIpv4 } = local;
    const frame = this.#frame;
    const path = isIpv4 ? this.#path4 : this.#path6;
    path.aim(local, packet.remote, received, packet.macAt);
    // ICMP quotes the IP header and eight bytes (RFC 792), ICMPv6 as much as fits (RFC 4443 2.4 c).
    const quoteBytes = isIpv4
      ? l4At - l3At + UDP_HEADER_BYTES
      : Math.min(l4At - l3At + l4Bytes, MAX_QUOTE_BYTES);
    const icmpBytes = ICMP_HEADER_BYTES + quoteBytes;
    const at = path.writeHeaders(frame, 0, icmpBytes);
    frame[at] = isIpv4 ? IcmpType.destinationUnreachable : Icmpv6Type.destinationUnreachable;
    frame[at + 1] = isIpv4 ? PORT_UNREACHABLE : PORT_UNREACHABLE6;
    put16(frame, at + 2, 0);
    put32(frame, at + 4, 0);
    copy(received, l3At, frame, at + ICMP_HEADER_BYTES, quoteBytes);
    if (isIpv4) put16(frame, at + 2, ~sum16(frame, at, icmpBytes, 0) & 0xffff);
    else setIcmpv6Checksum(frame, at, icmpBytes, path.pseudoHeaderSum(icmpBytes));
    const length = at + icmpBytes;
    if (length < ETHERNET_MIN_BYTES) fill(frame, length, ETHERNET_MIN_BYTES - length, 0);
    this.#transmit(frame, 0, Math.max(length, ETHERNET_MIN_BYTES));
    return true;
  }
}
