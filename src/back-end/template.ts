/**
 * The header of a delegation's pseudo packets (decision 13): raw Ethernet, IP and TCP or UDP headers as the
 * front-end would send them, checked once, then patched in place. All that is the same in every full segment is
 * computed when it changes, so that a segment costs a copy and a few additions.
 */
import { copy, equal, sum16 } from '../wire/byte-loops.js';
import { get16, get32, put16, put32 } from '../wire/bytes.js';
import { ETHERNET_HEADER_BYTES, ETHERNET_SOURCE, EtherType, MAC_BYTES } from '../wire/ethernet.js';
import { IPV4_HEADER_BYTES, IPV4_SOURCE, IpProtocol, setIpv4Length } from '../wire/ipv4.js';
import { IPV6_HEADER_BYTES, IPV6_NEXT_HEADER, IPV6_PAYLOAD_LENGTH, IPV6_SOURCE } from '../wire/ipv6.js';
import {
  TCP_ACKNOWLEDGMENT,
  TCP_CHECKSUM,
  TCP_FLAGS,
  TCP_HEADER_BYTES,
  TCP_SEQUENCE,
  TCP_WINDOW,
  TcpFlag,
  tcpHeaderBytes,
} from '../wire/tcp.js';
import { UDP_CHECKSUM, UDP_HEADER_BYTES, UDP_LENGTH } from '../wire/udp.js';
import { DATAGRAM_NUMBER, MAX_DATAGRAM_HEADER_BYTES, MAX_TEMPLATE_BYTES } from '../wire/atcp/command.js';
import { Reason } from '../wire/atcp/ack-up.js';
import { MTU_BYTES } from './limits.js';
import type { PseudoSource } from './ports.js';

const IPV4_PROTOCOL = 9;
const IPV4_FRAGMENT = 6;
const VLAN_TAG_BYTES = 4;

const TIMESTAMPS_KIND = 8;
const TIMESTAMPS_BYTES = 10;

/**
 * Says whether pseudo packets may be made from the template at `b[at]`: `none`, `badCommand` when it is not the
 * header of a data segment that fits a frame, `forbiddenSource` when this board may not speak for its source.
 */
export function checkTemplate(
  b: Uint8Array,
  at: number,
  bytes: number,
  l3Offset: number,
  l4Offset: number,
  segmentBytes: number,
  numbered: boolean,
  sources: readonly PseudoSource[],
): Reason {
  if (bytes > MAX_TEMPLATE_BYTES || l3Offset < ETHERNET_HEADER_BYTES || l4Offset > bytes)
    return Reason.badCommand;
  if (!isLinkHeader(b, at, l3Offset)) return Reason.badCommand;
  const version = b[at + l3Offset]! >>> 4;
  const l4 = at + l4Offset;
  const l4Bytes = bytes - l4Offset;
  if (version === 4 ? !isIpv4(b, at, l3Offset, l4Offset) : !isIpv6(b, at, l3Offset, l4Offset)) {
    return Reason.badCommand;
  }
  const protocol = version === 4 ? b[at + l3Offset + IPV4_PROTOCOL]! : b[at + l3Offset + IPV6_NEXT_HEADER]!;
  if (protocol === IpProtocol.udp) {
    if (!isUdpData(l4Bytes, numbered)) return Reason.badCommand;
  } else if (protocol !== IpProtocol.tcp || numbered || !isTcpData(b, l4, l4Bytes)) return Reason.badCommand;
  if (segmentBytes === 0 || bytes - l3Offset + segmentBytes > MTU_BYTES) return Reason.badCommand;
  const source = at + l3Offset + (version === 4 ? IPV4_SOURCE : IPV6_SOURCE);
  return isProvisioned(b, source, version === 4 ? 4 : 16, get16(b, l4), sources)
    ? Reason.none
    : Reason.forbiddenSource;
}

function isLinkHeader(b: Uint8Array, at: number, l3Offset: number): boolean {
  if (l3Offset === ETHERNET_HEADER_BYTES) return true;
  return l3Offset === ETHERNET_HEADER_BYTES + VLAN_TAG_BYTES && get16(b, at + 12) === EtherType.vlan;
}

function isIpv4(b: Uint8Array, at: number, l3Offset: number, l4Offset: number): boolean {
  const l3 = at + l3Offset;
  const headerBytes = (b[l3]! & 0x0f) * 4;
  if (get16(b, l3 - 2) !== EtherType.ipv4 || headerBytes < IPV4_HEADER_BYTES) return false;
  // More Fragments or a fragment offset: a board never fragments.
  return headerBytes === l4Offset - l3Offset && (get16(b, l3 + IPV4_FRAGMENT) & 0x3fff) === 0;
}

function isIpv6(b: Uint8Array, at: number, l3Offset: number, l4Offset: number): boolean {
  const l3 = at + l3Offset;
  if (get16(b, l3 - 2) !== EtherType.ipv6 || b[l3]! >>> 4 !== 6) return false;
  return l4Offset - l3Offset === IPV6_HEADER_BYTES;
}

/** A segment that carries data: ACK set, and neither SYN, RST, FIN nor URG. */
function isTcpData(b: Uint8Array, l4: number, l4Bytes: number): boolean {
  if (l4Bytes < TCP_HEADER_BYTES || tcpHeaderBytes(b, l4) !== l4Bytes) return false;
  const control = TcpFlag.ack | TcpFlag.syn | TcpFlag.rst | TcpFlag.fin | TcpFlag.urg;
  return (b[l4 + TCP_FLAGS]! & control) === TcpFlag.ack;
}

/** The header of UDP and what begins every datagram; even, so that the payload's checksum needs no shift. */
function isUdpData(l4Bytes: number, numbered: boolean): boolean {
  const ownBytes = l4Bytes - UDP_HEADER_BYTES;
  if (ownBytes < (numbered ? DATAGRAM_NUMBER + 2 : 0)) return false;
  return ownBytes <= MAX_DATAGRAM_HEADER_BYTES && ownBytes % 2 === 0;
}

function isProvisioned(
  b: Uint8Array,
  at: number,
  addressBytes: number,
  port: number,
  sources: readonly PseudoSource[],
): boolean {
  for (let i = 0; i < sources.length; i++) {
    const source = sources[i]!;
    const fits = source.port === 0 || (port >= source.port && port <= (source.lastPort ?? source.port));
    if (fits && source.address.length === addressBytes && equal(b, at, source.address, 0, addressBytes)) {
      return true;
    }
  }
  return false;
}

export class Template {
  /** Something in {@link header} has changed: {@link sum} has to be made again ({@link refresh}). */
  stale = true;
  bytes = 0;
  l4 = 0;
  /** Sum over the pseudo header without the length, and the TCP or UDP header without what differs per packet. */
  sum = 0;
  isTcp = true;
  /** Where TSval is, or 0 when the segments carry no timestamps option. */
  tsValAt = 0;
  /** Where the datagram's number is, or 0 when it has none. */
  numberAt = 0;
  /** The header of a full segment; sequence number and checksum of TCP or UDP are filled in per packet. */
  readonly header = new Uint8Array(MAX_TEMPLATE_BYTES);
  l3 = 0;
  isIpv4 = true;
  /** Flags of every segment. */
  flags = 0;
  /** IP length and header checksum in {@link header} are those of this payload. */
  segmentBytes = 0;
  #tsVal = 0;
  /** The pair that is in place, and its TSecr; -1 for none. */
  #acknowledgment = -1;
  #window = 0;
  #tsEcr = 0;
  /** Sum over the pseudo header without the length. */
  #addressSum = 0;

  /** Takes a template that {@link checkTemplate} allowed. Pseudo packets carry the board's own source MAC. */
  load(
    b: Uint8Array,
    at: number,
    bytes: number,
    l3Offset: number,
    l4Offset: number,
    segmentBytes: number,
    numbered: boolean,
    macAddress: Uint8Array,
  ): void {
    const header = this.header;
    copy(b, at, header, 0, bytes);
    copy(macAddress, 0, header, ETHERNET_SOURCE, MAC_BYTES);
    this.bytes = bytes;
    this.l3 = l3Offset;
    this.l4 = l4Offset;
    this.segmentBytes = segmentBytes;
    this.isIpv4 = header[l3Offset]! >>> 4 === 4;
    const protocol = header[l3Offset + (this.isIpv4 ? IPV4_PROTOCOL : IPV6_NEXT_HEADER)]!;
    this.isTcp = protocol === IpProtocol.tcp;
    if (this.isIpv4) {
      setIpv4Length(header, l3Offset, bytes - l3Offset + segmentBytes);
      this.#addressSum = sum16(header, l3Offset + IPV4_SOURCE, 8, protocol);
    } else {
      put16(header, l3Offset + IPV6_PAYLOAD_LENGTH, bytes - l4Offset + segmentBytes);
      this.#addressSum = sum16(header, l3Offset + IPV6_SOURCE, 32, protocol);
    }
    this.tsValAt = 0;
    this.#acknowledgment = -1;
    this.numberAt = 0;
    if (this.isTcp) this.#loadTcp(l4Offset);
    else this.#loadUdp(l4Offset, numbered);
    this.stale = true;
  }

  #loadUdp(l4: number, numbered: boolean): void {
    const header = this.header;
    put16(header, l4 + UDP_LENGTH, 0);
    put16(header, l4 + UDP_CHECKSUM, 0);
    if (!numbered) return;
    this.numberAt = l4 + UDP_HEADER_BYTES + DATAGRAM_NUMBER;
    put16(header, this.numberAt, 0);
  }

  #loadTcp(l4: number): void {
    const header = this.header;
    this.flags = header[l4 + TCP_FLAGS]!;
    put32(header, l4 + TCP_SEQUENCE, 0);
    put32(header, l4 + TCP_CHECKSUM, 0);
    this.tsValAt = findTsVal(header, l4 + TCP_HEADER_BYTES, this.bytes);
    if (this.tsValAt !== 0) this.#tsVal = get32(header, this.tsValAt);
  }

  /** The (acknowledgment, window) pair of the latest statement (decision 5), and the TSecr that goes with it. */
  setPair(acknowledgment: number, window: number, tsEcr: number): void {
    if (!this.isTcp) return;
    if (acknowledgment === this.#acknowledgment && window === this.#window && tsEcr === this.#tsEcr) return;
    this.#acknowledgment = acknowledgment;
    this.#window = window;
    this.#tsEcr = tsEcr;
    put32(this.header, this.l4 + TCP_ACKNOWLEDGMENT, acknowledgment);
    put16(this.header, this.l4 + TCP_WINDOW, window);
    if (this.tsValAt !== 0) put32(this.header, this.tsValAt + 4, tsEcr);
    this.stale = true;
  }

  /** TSval from the next segment on. Only when {@link tsValAt} is not 0. */
  setTsVal(tsVal: number): void {
    if (tsVal === this.#tsVal) return;
    this.#tsVal = tsVal;
    put32(this.header, this.tsValAt, tsVal);
    this.stale = true;
  }

  /** Makes {@link sum} again. */
  refresh(): void {
    this.sum = sum16(this.header, this.l4, this.bytes - this.l4, this.#addressSum);
    this.stale = false;
  }

  /** Folded sum of the pseudo header of a segment of `l4Bytes`. */
  pseudoHeaderSum(l4Bytes: number): number {
    const sum = this.#addressSum + l4Bytes;
    return (sum & 0xffff) + (sum >>> 16);
  }
}

/** Position of TSval among the TCP options between `at` and `end` (RFC 7323 3.2), or 0. */
function findTsVal(b: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end) {
    const kind = b[i]!;
    if (kind === 0) return 0;
    if (kind === 1) {
      i++;
      continue;
    }
    const size = i + 1 < end ? b[i + 1]! : 0;
    if (size < 2 || i + size > end) return 0;
    if (kind === TIMESTAMPS_KIND && size === TIMESTAMPS_BYTES) return i + 2;
    i += size;
  }
  return 0;
}
