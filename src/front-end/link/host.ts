/**
 * The front-end on the wire, as a pure engine (design idea 4): frames in, frames out, time as a value. It has one
 * MAC, one IPv4 and possibly one IPv6 address that the PC's kernel does not know; it answers neighbours and echo
 * requests, hands TCP and UDP to their stacks, and other EtherTypes (ATCP's, for one) to whoever registered for them.
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
  IPV4_HEADER_BYTES,
  IpProtocol,
  checkIpv4,
  ipv4Destination,
  ipv4HeaderBytes,
  ipv4Protocol,
  ipv4Source,
  ipv4TotalLength,
} from '../../wire/ipv4.js';
import { IPV6_MIN_MTU_BYTES } from '../../wire/ipv6.js';
import { FrontEndCounters } from '../counters.js';
import { Trace } from '../inspection/trace.js';
import type { Entropy } from '../tcp/isn.js';
import type { TcpSettings } from '../tcp/settings.js';
import { TcpStack } from '../tcp/stack.js';
import { UdpStack } from '../udp/stack.js';
import { ArpResponder } from './arp-responder.js';
import { IcmpError } from './icmp-error.js';
import { IpAddress } from './ip-address.js';
import { IpPacket } from './ip-packet.js';
import { Ipv6Input } from './ipv6-input.js';
import { Path } from './path.js';
import type { Transmit } from './transmit.js';

export interface FrontEndHostOptions {
  /** Six bytes: the front-end's own, an individual address. */
  readonly macAddress: Uint8Array;
  /** "192.0.2.1": the address that clients see. */
  readonly address: string;
  /** "fd77::10": the same over IPv6, which is not spoken without it. */
  readonly address6?: string | undefined;
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

const IPV4_PATH_BYTES = ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES;
const BROADCAST_ADDRESS = 0xffff_ffff;
const FIRST_MULTICAST_ADDRESS = 0xe000_0000;

export class FrontEndHost {
  readonly macAddress: Uint8Array;
  readonly address: IpAddress;
  readonly address6: IpAddress | undefined;
  readonly counters = new FrontEndCounters();
  /** What happens here, for who wants to know; the parts tell theirs here, too. */
  readonly trace: Trace;
  readonly tcp: TcpStack;
  readonly udp: UdpStack;
  private readonly link: Transmit;
  private readonly arp: ArpResponder;
  private readonly parts: HostPart[] = [];
  /** Undefined when IPv6 is not spoken. */
  private readonly ipv6: Ipv6Input | undefined;
  private readonly packet = new IpPacket();
  private readonly icmpError = new IcmpError();
  private readonly echoPath: Path;
  private readonly echoFrame: Uint8Array;
  private readonly broadcast = new Uint8Array(MAC_BYTES).fill(0xff);

  constructor(options: FrontEndHostOptions) {
    if (options.macAddress.length !== MAC_BYTES || isGroupDestination(options.macAddress, 0)) {
      throw new RangeError('macAddress must be six bytes, the lowest bit of the first one 0');
    }
    this.macAddress = Uint8Array.from(options.macAddress);
    this.address = IpAddress.ipv4(options.address);
    this.address6 = options.address6 === undefined ? undefined : IpAddress.ipv6(options.address6);
    this.link = options.transmit;
    this.arp = new ArpResponder(this.macAddress, this.address.ipv4Number, this.transmit, this.counters);
    this.trace = new Trace(options.clock);
    this.tcp = new TcpStack({
      localMac: this.macAddress,
      transmit: this.transmit,
      entropy: options.entropy,
      clock: options.clock,
      counters: this.counters,
      trace: this.trace,
      settings: options.settings,
    });
    this.udp = new UdpStack({
      localMac: this.macAddress,
      mtuBytes: this.tcp.settings.mtuBytes,
      transmit: this.transmit,
      entropy: options.entropy,
      clock: options.clock,
      counters: this.counters,
    });
    this.echoFrame = new Uint8Array(ETHERNET_HEADER_BYTES + this.tcp.settings.mtuBytes);
    this.echoPath = new Path(this.macAddress, IpProtocol.icmp);
    this.ipv6 = this.address6 === undefined ? undefined : this.makeIpv6(this.address6, options.entropy);
  }

  private makeIpv6(address: IpAddress, entropy: Entropy): Ipv6Input {
    const { mtuBytes } = this.tcp.settings;
    if (mtuBytes < IPV6_MIN_MTU_BYTES) {
      throw new RangeError(
        `mtuBytes is ${mtuBytes}, and IPv6 needs ${IPV6_MIN_MTU_BYTES} (RFC 8200 5): leave address6 out`,
      );
    }
    return new Ipv6Input({
      macAddress: this.macAddress,
      address,
      mtuBytes,
      packet: this.packet,
      take: (packet, nowUs) => this.onTransport(packet, nowUs),
      takeError: (packet, nowUs) =>
        this.icmpError.readIpv6(packet) && this.onIcmpError(this.icmpError, nowUs),
      transmit: this.transmit,
      entropy,
      counters: this.counters,
    });
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

  /** Announces the addresses on the link. */
  start(nowUs: number): void {
    this.arp.start(nowUs);
    this.ipv6?.start(nowUs);
  }

  /** One received frame; nothing is sent for it before {@link endOfBatch} but replies that stand alone. */
  onFrame(b: Uint8Array, at: number, length: number, nowUs: number): void {
    this.counters.framesReceived++;
    if (length < ETHERNET_HEADER_BYTES) {
      this.counters.framesTooShort++;
      return;
    }
    const type = etherType(b, at);
    const toAll = equal(b, at, this.broadcast, 0, MAC_BYTES);
    if (!toAll && !equal(b, at, this.macAddress, 0, MAC_BYTES)) {
      const toGroup = type === EtherType.ipv6 && isGroupDestination(b, at);
      if (!toGroup || this.ipv6?.listensTo(b, at) !== true) {
        this.counters.framesForOthers++;
        return;
      }
    }
    const l3At = at + ETHERNET_HEADER_BYTES;
    const l3Bytes = length - ETHERNET_HEADER_BYTES;
    if (type === EtherType.ipv6 && this.ipv6 !== undefined) {
      this.ipv6.onPacket(b, at, l3At, l3Bytes, nowUs);
    } else if (type === EtherType.ipv4) {
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
    if (this.ipv6 !== undefined) nextUs = Math.min(nextUs, this.ipv6.advance(nowUs));
    // Parts first: what they find out (a board that is lost) the connections still hear in this call.
    for (const part of this.parts) if (nowUs >= part.nextDeadlineUs) part.onTimer(nowUs);
    try {
      nextUs = Math.min(nextUs, this.udp.endOfBatch(nowUs));
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
    if (ipv4Destination(b, l3At) !== this.address.ipv4Number) {
      this.counters.ipv4ForOthers++;
      return;
    }
    const source = ipv4Source(b, l3At);
    const macAt = at + ETHERNET_SOURCE;
    if (!this.canReplyTo(source) || isGroupDestination(b, macAt)) {
      this.counters.ipv4BadSource++;
      return;
    }
    const { packet } = this;
    packet.frame = b;
    packet.macAt = macAt;
    packet.l3At = l3At;
    packet.protocol = ipv4Protocol(b, l3At);
    packet.l4At = l3At + ipv4HeaderBytes(b, l3At);
    packet.l4Bytes = l3At + ipv4TotalLength(b, l3At) - packet.l4At;
    packet.local = this.address;
    packet.remote.setIpv4(source);
    if (packet.protocol === IpProtocol.icmp) this.onIcmp(packet, nowUs);
    else this.onTransport(packet, nowUs);
  }

  private onTransport(packet: IpPacket, nowUs: number): void {
    if (packet.protocol === IpProtocol.tcp) this.tcp.onPacket(packet, nowUs);
    else if (packet.protocol === IpProtocol.udp) this.udp.onPacket(packet, nowUs);
    else this.counters.protocolsUnserved++;
  }

  /** Of either family; false when nobody has sent what is quoted. */
  private onIcmpError(error: IcmpError, nowUs: number): boolean {
    if (error.protocol === IpProtocol.udp) return this.udp.onIcmpError(error);
    if (error.protocol !== IpProtocol.tcp || error.kind !== 'packet-too-big') return false;
    return this.tcp.onTooBig(error, nowUs);
  }

  private onIcmp(packet: IpPacket, nowUs: number): void {
    const { frame: b, l4At: at, l4Bytes: length } = packet;
    if (checkIcmp(b, at, length) !== 'ok') {
      this.counters.icmpCheckFailed++;
      return;
    }
    if (this.icmpError.readIpv4(packet) && this.onIcmpError(this.icmpError, nowUs)) return;
    if (b[at] !== IcmpType.echoRequest || IPV4_PATH_BYTES + length > this.echoFrame.length) {
      this.counters.icmpIgnored++;
      return;
    }
    this.echoPath.aim(packet.local, packet.remote, b, packet.macAt);
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
    if (address === this.address.ipv4Number || address === BROADCAST_ADDRESS) return false;
    return address < FIRST_MULTICAST_ADDRESS && address >>> 24 !== 0 && address >>> 24 !== 127;
  }
}
