/** One received segment, taken apart into an object that the stack uses again for every segment. */
import { seqDiff } from '../../wire/sequence.js';
import { IpAddress } from '../link/ip-address.js';
import type { IpPacket } from '../link/ip-packet.js';
import {
  TCP_HEADER_BYTES,
  TcpFlag,
  TcpOptions,
  tcpAcknowledgment,
  tcpDestinationPort,
  tcpFlags,
  tcpHeaderBytes,
  tcpSequence,
  tcpSourcePort,
  tcpWindow,
} from '../../wire/tcp.js';

/**
 * Within a connection, sequence numbers are kept unwrapped: they begin at the initial sequence number and go on
 * past 2^32 as plain numbers, so that `<` compares them and spans may be longer than the sequence space. On the
 * wire they are taken modulo 2^32 (`>>> 0`). This turns the wire's number into the unwrapped one next to `near`.
 */
export function unwrap(wire: number, near: number): number {
  return near + seqDiff(wire, near);
}

/** The options of a segment without any. */
export const NO_OPTIONS = new TcpOptions();

export class Segment {
  /** The frame that holds the segment, and where its source MAC is. */
  frame: Uint8Array = new Uint8Array(0);
  sourceMacAt = 0;
  /** One of our own, and the packet's: good for the time of the call. */
  localAddress = new IpAddress();
  remoteAddress = new IpAddress();
  remotePort = 0;
  localPort = 0;
  sequence = 0;
  acknowledgment = 0;
  flags = 0;
  /** As on the wire, not scaled. */
  window = 0;
  payloadAt = 0;
  payloadBytes = 0;
  readonly options = new TcpOptions();

  /** Reads the segment in the packet, which `checkTcp` accepted. */
  parse(packet: IpPacket): void {
    const { frame, l4At: at } = packet;
    const headerBytes = tcpHeaderBytes(frame, at);
    this.frame = frame;
    this.sourceMacAt = packet.macAt;
    this.localAddress = packet.local;
    this.remoteAddress = packet.remote;
    this.remotePort = tcpSourcePort(frame, at);
    this.localPort = tcpDestinationPort(frame, at);
    this.sequence = tcpSequence(frame, at);
    this.acknowledgment = tcpAcknowledgment(frame, at);
    this.flags = tcpFlags(frame, at);
    this.window = tcpWindow(frame, at);
    this.payloadAt = at + headerBytes;
    this.payloadBytes = packet.l4Bytes - headerBytes;
    if (headerBytes > TCP_HEADER_BYTES) this.options.parse(frame, at);
    else this.options.clear();
  }

  get syn(): boolean {
    return (this.flags & TcpFlag.syn) !== 0;
  }

  get fin(): boolean {
    return (this.flags & TcpFlag.fin) !== 0;
  }

  get rst(): boolean {
    return (this.flags & TcpFlag.rst) !== 0;
  }

  get ack(): boolean {
    return (this.flags & TcpFlag.ack) !== 0;
  }

  /** SEG.LEN: the sequence numbers that the segment occupies (RFC 9293 3.3). */
  get length(): number {
    return this.payloadBytes + (this.flags & TcpFlag.syn ? 1 : 0) + (this.flags & TcpFlag.fin ? 1 : 0);
  }
}
