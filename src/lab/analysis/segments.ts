/** What a captured frame says, for the ladder and the payload count: parsed with the project's own formats. */
import type { CapturedFrame } from '../pcapng/reader.js';
import { ETHERNET_HEADER_BYTES, etherType, EtherType } from '../../wire/ethernet.js';
import { get16 } from '../../wire/bytes.js';
import {
  IpProtocol,
  checkIpv4,
  formatIpv4,
  ipv4Destination,
  ipv4HeaderBytes,
  ipv4Protocol,
  ipv4Source,
  ipv4TotalLength,
} from '../../wire/ipv4.js';
import { IPV6_DESTINATION, IPV6_SOURCE, Ipv6Walk, checkIpv6 } from '../../wire/ipv6.js';
import { formatIpv6 } from '../../wire/ipv6-address.js';
import {
  TCP_HEADER_BYTES,
  tcpAcknowledgment,
  tcpDestinationPort,
  tcpFlags,
  tcpHeaderBytes,
  tcpSequence,
  tcpSourcePort,
} from '../../wire/tcp.js';
import { ATCP_HEADER_BYTES, AtcpType, atcpLength, atcpType, checkAtcp } from '../../wire/atcp/header.js';
import {
  checkStatement,
  commandCounter,
  commandEpoch,
  statementKind,
  statementLength,
} from '../../wire/atcp/statements.js';

export interface Segment {
  /** The switch port where it entered: `client`, `front-end`, `board-1`, … */
  readonly port: string;
  readonly timeUs: number;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** What an IP packet carries, from `at` to `end`, and between whom. */
interface Carried {
  readonly protocol: number;
  readonly at: number;
  readonly end: number;
  readonly source: string;
  readonly destination: string;
}

function carriedBy(b: Uint8Array): Carried | undefined {
  if (b.length < ETHERNET_HEADER_BYTES) return undefined;
  const ip = ETHERNET_HEADER_BYTES;
  const type = etherType(b, 0);
  if (type === EtherType.ipv4 && checkIpv4(b, ip, b.length - ip) === 'ok')
    return {
      protocol: ipv4Protocol(b, ip),
      at: ip + ipv4HeaderBytes(b, ip),
      end: ip + ipv4TotalLength(b, ip),
      source: formatIpv4(ipv4Source(b, ip)),
      destination: formatIpv4(ipv4Destination(b, ip)),
    };
  if (type !== EtherType.ipv6 || checkIpv6(b, ip, b.length - ip) !== 'ok') return undefined;
  const walk = new Ipv6Walk();
  if (walk.walk(b, ip) !== 'ok') return undefined;
  return {
    protocol: walk.protocol,
    at: walk.l4At,
    end: walk.l4At + walk.l4Bytes,
    source: formatIpv6(b, ip + IPV6_SOURCE),
    destination: formatIpv6(b, ip + IPV6_DESTINATION),
  };
}

/** The TCP segment in a frame, if there is one. */
export function segmentOf(frame: CapturedFrame): Segment | undefined {
  const b = frame.bytes;
  const carried = carriedBy(b);
  if (carried?.protocol !== IpProtocol.tcp) return undefined;
  const { at: tcp, end, source, destination } = carried;
  if (end - tcp < TCP_HEADER_BYTES || tcp + tcpHeaderBytes(b, tcp) > end) return undefined;
  return {
    port: frame.interfaceName,
    timeUs: frame.timestampUs,
    source,
    sourcePort: tcpSourcePort(b, tcp),
    destination,
    destinationPort: tcpDestinationPort(b, tcp),
    sequence: tcpSequence(b, tcp),
    acknowledgment: tcpAcknowledgment(b, tcp),
    flags: tcpFlags(b, tcp),
    payload: b.subarray(tcp + tcpHeaderBytes(b, tcp), end),
  };
}

export interface StatementSeen {
  readonly port: string;
  readonly timeUs: number;
  readonly kind: number;
  /** Epoch and counter of the command id. */
  readonly command: string;
  readonly bytes: Uint8Array;
}

/** The statements of an ATCP frame; empty for every other frame. */
export function statementsOf(frame: CapturedFrame): StatementSeen[] {
  const b = frame.bytes;
  const at = ETHERNET_HEADER_BYTES;
  if (b.length < at + ATCP_HEADER_BYTES || get16(b, 12) !== EtherType.atcp) return [];
  if (checkAtcp(b, at, b.length - at) !== 'ok' || atcpType(b, at) !== AtcpType.statements) return [];
  const seen: StatementSeen[] = [];
  const end = at + atcpLength(b, at);
  let next = at + ATCP_HEADER_BYTES;
  while (checkStatement(b, next, end) === 'ok') {
    const length = statementLength(b, next);
    seen.push({
      port: frame.interfaceName,
      timeUs: frame.timestampUs,
      kind: statementKind(b, next),
      command: `${commandEpoch(b, next).toString(16)}:${commandCounter(b, next)}`,
      bytes: b.subarray(next, next + length),
    });
    next += length;
  }
  return seen;
}
