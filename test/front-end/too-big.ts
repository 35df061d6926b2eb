/** What routers say of packets that are too large for the next hop. */
import { sum16 } from '../../src/wire/byte-loops.js';
import { put16, put32 } from '../../src/wire/bytes.js';
import { EtherType, emitEthernet } from '../../src/wire/ethernet.js';
import { setIcmpv6Checksum } from '../../src/wire/icmpv6.js';
import { IpProtocol, emitIpv4 } from '../../src/wire/ipv4.js';
import { IPV6_DESTINATION, IPV6_SOURCE, emitIpv6, ipv6PseudoHeaderSum } from '../../src/wire/ipv6.js';
import { HOST_MAC, PEER_MAC, VIP_NUMBER } from './rig.js';

const ROUTER = 0x0a00_00fe;

/** "Fragmentation needed" of a router, about a frame that was sent (RFC 1191 4). */
export function tooBig(
  about: Uint8Array,
  mtuBytes: number,
  edit: (quote: Uint8Array) => void = () => {},
): Uint8Array {
  const quote = about.slice(14, 14 + 28);
  edit(quote);
  const bytes = 8 + quote.length;
  const frame = new Uint8Array(34 + bytes);
  emitEthernet(frame, 0, HOST_MAC, PEER_MAC, EtherType.ipv4);
  emitIpv4(frame, 14, bytes, IpProtocol.icmp, ROUTER, VIP_NUMBER);
  frame.set([3, 4], 34);
  put16(frame, 40, mtuBytes);
  frame.set(quote, 42);
  put16(frame, 36, ~sum16(frame, 34, bytes, 0) & 0xffff);
  return frame;
}

/** Packet Too Big (RFC 4443 3.2). */
export function tooBig6(about: Uint8Array, mtuBytes: number): Uint8Array {
  const quote = about.slice(14, 14 + 60);
  const bytes = 8 + quote.length;
  const frame = new Uint8Array(54 + bytes);
  emitEthernet(frame, 0, HOST_MAC, PEER_MAC, EtherType.ipv6);
  emitIpv6(frame, 14, bytes, IpProtocol.icmpv6, 64, 0);
  frame.set(about.subarray(14 + IPV6_DESTINATION, 14 + IPV6_DESTINATION + 16), 14 + IPV6_SOURCE);
  frame[14 + IPV6_SOURCE + 15]! ^= 0xff;
  frame.set(about.subarray(14 + IPV6_SOURCE, 14 + IPV6_SOURCE + 16), 14 + IPV6_DESTINATION);
  frame[54] = 2;
  put32(frame, 58, mtuBytes);
  frame.set(quote, 62);
  setIcmpv6Checksum(frame, 54, bytes, ipv6PseudoHeaderSum(frame, 14, IpProtocol.icmpv6, bytes));
  return frame;
}
