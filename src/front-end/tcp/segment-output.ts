/** Puts one segment on the wire: Ethernet, IP, TCP, options, payload, checksum, built in one reused frame. */
import { copy, fill } from '../../wire/byte-loops.js';
import { ETHERNET_HEADER_BYTES, ETHERNET_MIN_BYTES } from '../../wire/ethernet.js';
import {
  MAX_SACK_BLOCKS,
  SACK_BLOCK_BYTES,
  SACK_OPTION_OVERHEAD,
  TCP_HEADER_BYTES,
  TCP_MAX_HEADER_BYTES,
  TcpFlag,
  emitSackOption,
  emitTcp,
  setTcpChecksum,
} from '../../wire/tcp.js';
import type { FrontEndCounters } from '../counters.js';
import type { Transmit } from '../link/transmit.js';
import type { Path } from '../link/path.js';
import type { Reassembly } from './reassembly.js';
import type { Segment } from './segment.js';

const NO_PAYLOAD = new Uint8Array(0);

export class SegmentOutput {
  /** Options of the next segment: the caller writes them here and names their size in {@link send}. */
  readonly options = new Uint8Array(TCP_MAX_HEADER_BYTES - TCP_HEADER_BYTES);
  private readonly frame: Uint8Array;
  private readonly sackEdges = new Uint32Array(2 * MAX_SACK_BLOCKS);
  private readonly transmit: Transmit;
  private readonly counters: FrontEndCounters;

  constructor(mtuBytes: number, transmit: Transmit, counters: FrontEndCounters) {
    this.frame = new Uint8Array(ETHERNET_HEADER_BYTES + mtuBytes);
    this.transmit = transmit;
    this.counters = counters;
  }

  /** `optionBytes`: a multiple of four. `payloadBytes` of `payload` from `payloadAt` must fit the MTU. */
  send(
    path: Path,
    localPort: number,
    remotePort: number,
    sequence: number,
    acknowledgment: number,
    flags: number,
    window: number,
    optionBytes = 0,
    payload: Uint8Array = NO_PAYLOAD,
    payloadAt = 0,
    payloadBytes = 0,
  ): void {
    const frame = this.frame;
    const headerBytes = TCP_HEADER_BYTES + optionBytes;
    const tcpBytes = headerBytes + payloadBytes;
    const at = path.writeHeaders(frame, 0, tcpBytes);
    emitTcp(frame, at, localPort, remotePort, sequence, acknowledgment, flags, window, headerBytes);
    copy(this.options, 0, frame, at + TCP_HEADER_BYTES, optionBytes);
    if (payloadBytes > 0) frame.set(payload.subarray(payloadAt, payloadAt + payloadBytes), at + headerBytes);
    setTcpChecksum(frame, at, tcpBytes, path.pseudoHeaderSum(tcpBytes));
    let length = at + tcpBytes;
    if (length < ETHERNET_MIN_BYTES) {
      fill(frame, length, ETHERNET_MIN_BYTES - length, 0);
      length = ETHERNET_MIN_BYTES;
    }
    this.counters.segmentsSent++;
    this.transmit(frame, 0, length);
  }

  /** Writes the SACK option for what is held out of order into {@link options} at `at`; returns its size. */
  putSack(reassembly: Reassembly, at: number): number {
    const room = Math.floor((this.options.length - at - SACK_OPTION_OVERHEAD) / SACK_BLOCK_BYTES);
    const blocks = Math.min(room, reassembly.sackBlocks(this.sackEdges));
    return emitSackOption(this.options, at, this.sackEdges, blocks);
  }

  /** Answers a segment that belongs to no connection with a reset (RFC 9293 3.10.7.1); never a reset itself. */
  sendReset(path: Path, segment: Segment): void {
    if (segment.rst) return;
    this.counters.resetsSent++;
    if (segment.ack) {
      this.send(path, segment.localPort, segment.remotePort, segment.acknowledgment, 0, TcpFlag.rst, 0);
    } else {
      const acknowledgment = (segment.sequence + segment.length) >>> 0;
      const flags = TcpFlag.rst | TcpFlag.ack;
      this.send(path, segment.localPort, segment.remotePort, 0, acknowledgment, flags, 0);
    }
  }
}
