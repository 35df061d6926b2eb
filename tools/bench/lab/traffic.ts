/** The front-end's own traffic, frame by frame out of a capture of the laboratory's switch. */
import { EtherType, etherType } from '../../../src/wire/ethernet.js';
import { AtcpType, atcpType } from '../../../src/wire/atcp/header.js';
import { StatementKind } from '../../../src/wire/atcp/statements.js';
import { segmentOf, statementsOf } from '../../../src/lab/analysis/segments.js';
import type { CapturedFrame } from '../../../src/lab/pcapng/reader.js';

/** The smallest frame on a wire, without its FCS (IEEE 802.3 4.2.3.3). */
export const MIN_FRAME_BYTES = 60;
const ETHERNET_HEADER_BYTES = 14;
/** A share's name. */
export const CLIENT_ACKS = '28 ACKs of clients';
const STATION = 'front-end';

export interface Share {
  frames: number;
  bytes: number;
}

export interface FrontEndTraffic {
  /** What the front-end sent and what was sent to it, as long as it is on a wire. */
  readonly bytes: number;
  /** The same by what it is, the largest share first. */
  readonly shares: Readonly<Record<string, Share>>;
  /** TCP payload that entered at boards' ports. */
  readonly boardPayloadBytes: number;
  /** … in so many segments. */
  readonly boardSegments: number;
}

/** `mac`: the front-end's. Frames that the switch floods to it count as well. */
export function frontEndTraffic(frames: Iterable<CapturedFrame>, mac: Uint8Array): FrontEndTraffic {
  const shares: Record<string, Share> = {};
  let bytes = 0;
  let boardPayloadBytes = 0;
  let boardSegments = 0;
  for (const frame of frames) {
    const segment = frame.interfaceName.startsWith('board-') ? segmentOf(frame) : undefined;
    if (segment !== undefined && segment.payload.length > 0) {
      boardPayloadBytes += segment.payload.length;
      boardSegments++;
    }
    if (frame.interfaceName !== STATION && !isFor(frame.bytes, mac)) continue;
    const onWire = Math.max(MIN_FRAME_BYTES, frame.originalBytes);
    const share = (shares[nameOf(frame)] ??= { frames: 0, bytes: 0 });
    share.frames++;
    share.bytes += onWire;
    bytes += onWire;
  }
  const sorted = Object.entries(shares).sort(([, a], [, b]) => b.bytes - a.bytes);
  return { bytes, shares: Object.fromEntries(sorted), boardPayloadBytes, boardSegments };
}

function isFor(frame: Uint8Array, mac: Uint8Array): boolean {
  if ((frame[0]! & 1) !== 0) return true;
  return mac.every((byte, i) => frame[i] === byte);
}

/** A frame of several statements counts as its first. */
function nameOf(frame: CapturedFrame): string {
  const up = frame.interfaceName !== STATION;
  if (etherType(frame.bytes, 0) === EtherType.arp) return 'ARP';
  if (etherType(frame.bytes, 0) === EtherType.atcp) return atcpName(frame, up);
  const segment = segmentOf(frame);
  if (segment === undefined) return 'other';
  if (segment.payload.length > 0) return up ? '24 requests' : 'heads of replies';
  return up ? CLIENT_ACKS : 'ACKs of the front-end';
}

function atcpName(frame: CapturedFrame, up: boolean): string {
  const type = atcpType(frame.bytes, ETHERNET_HEADER_BYTES);
  if (type !== AtcpType.statements) return 'sessions';
  switch (statementsOf(frame)[0]?.kind) {
    case StatementKind.command:
      return '25 ATCP_COMMAND';
    case StatementKind.ackDown:
      return '29 ATCP_ACK down';
    case StatementKind.ackUp:
      return '27 ATCP_ACK up';
    default:
      return up ? 'heartbeats' : 'presence';
  }
}
