/**
 * Finishes the TCP or UDP checksum of a frame whose sender left it to its NIC (a veth pair has none): the field
 * then holds the sum of the pseudo header, not complemented (linux/skbuff.h, CHECKSUM_PARTIAL).
 */
import { sum16 } from '../../src/wire/byte-loops.js';
import { get16, put16 } from '../../src/wire/bytes.js';
import { ETHERNET_HEADER_BYTES, EtherType, etherType } from '../../src/wire/ethernet.js';
import {
  IPV4_HEADER_BYTES,
  IpProtocol,
  ipv4HeaderBytes,
  ipv4Protocol,
  ipv4TotalLength,
} from '../../src/wire/ipv4.js';
import { IPV6_HEADER_BYTES, IPV6_NEXT_HEADER, Ipv6Extension, ipv6PayloadBytes } from '../../src/wire/ipv6.js';
import { TCP_CHECKSUM } from '../../src/wire/tcp.js';
import { UDP_CHECKSUM } from '../../src/wire/udp.js';

const VLAN_TAG_BYTES = 4;
/** What may stand before TCP or UDP and leaves it whole. */
const IPV6_EXTENSIONS: readonly number[] = [
  Ipv6Extension.hopByHop,
  Ipv6Extension.routing,
  Ipv6Extension.destination,
];

/** Completes the checksum in place; false when the frame is not whole, unfragmented TCP or UDP over IP. */
export function completeChecksum(b: Uint8Array, at: number, length: number): boolean {
  if (length < ETHERNET_HEADER_BYTES + VLAN_TAG_BYTES) return false;
  const tag = etherType(b, at) === EtherType.vlan ? VLAN_TAG_BYTES : 0;
  const type = get16(b, at + ETHERNET_HEADER_BYTES - 2 + tag);
  const ip = at + ETHERNET_HEADER_BYTES + tag;
  const ipBytes = at + length - ip;
  if (type === EtherType.ipv4) return completeIpv4(b, ip, ipBytes);
  if (type === EtherType.ipv6) return completeIpv6(b, ip, ipBytes);
  return false;
}

function completeIpv4(b: Uint8Array, ip: number, length: number): boolean {
  if (length < IPV4_HEADER_BYTES) return false;
  const headerBytes = ipv4HeaderBytes(b, ip);
  const total = ipv4TotalLength(b, ip);
  const fragmented = (get16(b, ip + 6) & 0x3fff) !== 0;
  if (headerBytes < IPV4_HEADER_BYTES || total > length || fragmented) return false;
  return completeTransport(b, ip + headerBytes, total - headerBytes, ipv4Protocol(b, ip));
}

function completeIpv6(b: Uint8Array, ip: number, length: number): boolean {
  if (length < IPV6_HEADER_BYTES) return false;
  const end = ip + IPV6_HEADER_BYTES + ipv6PayloadBytes(b, ip);
  if (end > ip + length) return false;
  let next = b[ip + IPV6_NEXT_HEADER]!;
  let at = ip + IPV6_HEADER_BYTES;
  while (IPV6_EXTENSIONS.includes(next)) {
    if (at + 8 > end) return false;
    next = b[at]!;
    at += (b[at + 1]! + 1) * 8;
  }
  return completeTransport(b, at, end - at, next);
}

function completeTransport(b: Uint8Array, at: number, length: number, protocol: number): boolean {
  const field = protocol === IpProtocol.tcp ? TCP_CHECKSUM : UDP_CHECKSUM;
  if ((protocol !== IpProtocol.tcp && protocol !== IpProtocol.udp) || length < field + 2) return false;
  const checksum = ~sum16(b, at, length, 0) & 0xffff;
  // UDP says "no checksum" by 0, so that a sum of 0 is sent as 0xFFFF (RFC 768).
  put16(b, at + field, protocol === IpProtocol.udp && checksum === 0 ? 0xffff : checksum);
  return true;
}
