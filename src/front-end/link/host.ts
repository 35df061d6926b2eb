/**
 * The front-end on the wire, as a pure engine (design idea 4): frames in, frames out, time as a value. It has one
 * MAC and one IPv4 address that the PC's kernel does not know; it answers ARP and echo requests for the address,
 * hands TCP to its stack, and other EtherTypes (ATCP's, for one) to whoever registered for them.
 */
import { equal, fill } from '../../wire/byte-loops.js';
import {
  ETHERNET_HEADER_BYTES,
  ETHERNET_MIN_BYTES,
  ETHERNET_SOURCE,
  EtherType,
  MAC_BYTES,
  etherType,
  isGroupDestination,
} from '../../wire/ethernet.js';
import { IcmpType, checkIcmp, emitEchoReply } from '../../wire/icmp.js';
import {
  IpProtocol,
  checkIpv4,
  ipv4Destination,
  ipv4HeaderBytes,
  ipv4Protocol,
  ipv4Source,
  ipv4TotalLength,
} from '../../wire/ipv4.js';
import { FrontEndCounters } from '../counters.js';
import { Trace } from '../inspection/trace.js';
import type { Entropy } from '../tcp/isn.js';
import type { TcpSettings } from '../tcp/settings.js';
import { TcpStack } from '../tcp/stack.js';
import { parseIpv4 } from './addresses.js';
import { ArpResponder } from './arp-responder.js';
import { Ipv4Path, PATH_HEADER_BYTES } from './path.js';
import type { Transmit } from './transmit.js';

export interface FrontEndHostOptions {
  /** Six bytes: the front-end's own, an individual address. */
  readonly macAddress: Uint8Array;
  /** "192.0.2.1": the address that clients see. */
  readonly address: string;
  readonly transmit: Transmit;
  readonly entropy: Entropy;
  /** Microseconds, from any start, never backwards; asked only when a program calls from outside a batch. */
  readonly clock: () => number;
  readonly settings?: Partial<TcpSettings> | undefined;
}

/**
 * Something beside IP that lives in the same batches and on the same clock as the stack: the delegation layer
 * (`BackEnds`) is one.
 */
export interface HostPart {
  /** Frames of this EtherType for our MAC, and broadcasts, are its own. */
  readonly etherType: number;
  /** `length` bytes of `b` from `at`, valid until the call returns. */
  onFrame(b: Uint8Array, at: number, length: number, nowUs: number): void;
  /** When {@link onTimer} is to be called at the latest; Infinity for never. */
  readonly nextDeadlineUs: number;
  onTimer(nowUs: number): void;
  /** After the stack has sent what it had to: state credits. */
  flush(nowUs: number): void;
}

const BROADCAST_ADDRESS = 0xffff_ffff;
const FIRST_MULTICAST_ADDRESS = 0xe000_0000;

export class FrontEndHost {
  readonly macAddress: Uint8Array;
  /** The address as a number. */
  readonly address: number;
  readonly counters = new FrontEndCounters();
  /** What happens here, for who wants to know; the parts tell theirs here, too. */
  readonly trace: Trace;
  readonly tcp: TcpStack;
  private readonly link: Transmit;
  private readonly arp: ArpResponder;
  private readonly parts: HostPart[] = [];
  private readonly echoPath: Ipv4Path;
  private readonly echoFrame: Uint8Array;
  private readonly broadcast = new Uint8Array(MAC_BYTES).fill(0xff);

  constructor(options: FrontEndHostOptions) {
    if (options.macAddress.length !== MAC_BYTES || isGroupDestination(options.macAddress, 0)) {
      throw new RangeError('macAddress must be six bytes, the lowest bit of the first one 0');
    }
    this.macAddress = Uint8Array.from(options.macAddress);
    this.address = parseIpv4(options.address);
    this.link = options.transmit;
    this.arp = new ArpResponder(this.macAddress, this.address, this.transmit, this.counters);
    this.trace = new Trace(options.clock);
    this.tcp = new TcpStack({
      localMac: this.macAddress,
      localAddress: this.address,
      transmit: this.transmit,
      entropy: options.entropy,
      clock: options.clock,
      counters: this.counters,
      trace: this.trace,
      settings: options.settings,
    });
    this.echoFrame = new Uint8Array(ETHERNET_HEADER_BYTES + this.tcp.settings.mtuBytes);
    this.echoPath = new Ipv4Path(this.macAddress, this.address, this.macAddress, 0, 0, IpProtocol.icmp);
  }

  /** Queues one frame on the link; false, and counted, when the link had no room. */
  readonly transmit: Transmit = (b, at, length) => {
    const taken = this.link(b, at, length);
    if (taken) this.counters.framesSent++;
    else this.counters.framesRefused++;
    return taken;
  };

  addPart(part: HostPart): void {
    if (this.parts.some((other) => other.etherType === part.etherType)) {
      throw new Error(
        `EtherType 0x${part.etherType.toString(16)} has its part already; give this one another`,
      );
    }
    this.parts.push(part);
  }

  /** Announces the address on the link. */
  start(nowUs: number): void {
    this.arp.start(nowUs);
  }

  /** One received frame; nothing is sent for it before {@link endOfBatch} but replies that stand alone. */
  onFrame(b: Uint8Array, at: number, length: number, nowUs: number): void {
    this.counters.framesReceived++;
    if (length < ETHERNET_HEADER_BYTES) {
      this.counters.framesTooShort++;
      return;
    }
    const toAll = equal(b, at, this.broadcast, 0, MAC_BYTES);
    if (!toAll && !equal(b, at, this.macAddress, 0, MAC_BYTES)) {
      this.counters.framesForOthers++;
      return;
    }
    const l3At = at + ETHERNET_HEADER_BYTES;
    const l3Bytes = length - ETHERNET_HEADER_BYTES;
    const type = etherType(b, at);
    if (type === EtherType.ipv4) {
      if (toAll) this.counters.framesForOthers++;
      else this.onIpv4(b, at, l3At, l3Bytes, nowUs);
    } else if (type === EtherType.arp) {
      this.arp.onPacket(b, l3At, l3Bytes, nowUs);
    } else {
      this.onOtherType(type, b, at, length, nowUs);
    }
  }

  /**
   * The end of a batch of frames, possibly of none: timers that are due run, programs hear of what came, then
   * every connection that has something to send does so, once. Returns when to be called again, Infinity for never.
   */
  endOfBatch(nowUs: number): number {
    let nextUs = this.arp.advance(nowUs);
    // Parts first: what they find out (a board that is lost) the connections still hear in this call.
    for (const part of this.parts) if (nowUs >= part.nextDeadlineUs) part.onTimer(nowUs);
    try {
      nextUs = Math.min(nextUs, this.tcp.endOfBatch(nowUs));
    } finally {
      for (const part of this.parts) part.flush(nowUs);
    }
    for (const part of this.parts) nextUs = Math.min(nextUs, part.nextDeadlineUs);
    return nextUs;
  }

  private onOtherType(type: number, b: Uint8Array, at: number, length: number, nowUs: number): void {
    for (const part of this.parts) {
      if (part.etherType !== type) continue;
      part.onFrame(b, at, length, nowUs);
      return;
    }
    this.counters.framesOfOtherTypes++;
  }

  private onIpv4(b: Uint8Array, at: number, l3At: number, l3Bytes: number, nowUs: number): void {
    if (checkIpv4(b, l3At, l3Bytes) !== 'ok') {
      this.counters.ipv4CheckFailed++;
      return;
    }
    if (ipv4Destination(b, l3At) !== this.address) {
      this.counters.ipv4ForOthers++;
      return;
    }
    const source = ipv4Source(b, l3At);
    const macAt = at + ETHERNET_SOURCE;
    if (!this.canReplyTo(source) || isGroupDestination(b, macAt)) {
      this.counters.ipv4BadSource++;
      return;
    }
    const l4At = l3At + ipv4HeaderBytes(b, l3At);
    const l4Bytes = l3At + ipv4TotalLength(b, l3At) - l4At;
    const protocol = ipv4Protocol(b, l3At);
    if (protocol === IpProtocol.tcp) this.tcp.onPacket(b, macAt, l3At, l4At, l4Bytes, source, nowUs);
    else if (protocol === IpProtocol.icmp) this.onIcmp(b, macAt, l4At, l4Bytes, source);
    else this.counters.protocolsUnserved++;
  }

  private onIcmp(b: Uint8Array, macAt: number, at: number, length: number, source: number): void {
    if (checkIcmp(b, at, length) !== 'ok') {
      this.counters.icmpCheckFailed++;
      return;
    }
    if (b[at] !== IcmpType.echoRequest || PATH_HEADER_BYTES + length > this.echoFrame.length) {
      this.counters.icmpIgnored++;
      return;
    }
    this.echoPath.aim(b, macAt, source);
    const to = this.echoPath.writeHeaders(this.echoFrame, 0, length);
    emitEchoReply(b, at, length, this.echoFrame, to);
    this.counters.echoReplies++;
    this.sendPadded(this.echoFrame, to + length);
  }

  private sendPadded(frame: Uint8Array, length: number): void {
    if (length < ETHERNET_MIN_BYTES) fill(frame, length, ETHERNET_MIN_BYTES - length, 0);
    this.transmit(frame, 0, Math.max(length, ETHERNET_MIN_BYTES));
  }

  /** A unicast address that is not our own (RFC 9293 3.9.2.3; RFC 1122 3.2.1.3). */
  private canReplyTo(address: number): boolean {
    if (address === this.address || address === BROADCAST_ADDRESS) return false;
    return address < FIRST_MULTICAST_ADDRESS && address >>> 24 !== 0 && address >>> 24 !== 127;
  }
}
