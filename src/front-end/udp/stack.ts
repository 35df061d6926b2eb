/**
 * UDP beside the front-end's TCP (RFC 768), over IPv4 and IPv6: ports, and what arrives for them. A pure engine like TCP: datagrams are
 * kept until the end of their batch, then told to their sockets.
 */
import { get16, get32 } from '../../wire/bytes.js';
import { copy, fill } from '../../wire/byte-loops.js';
import { ETHERNET_HEADER_BYTES, ETHERNET_MIN_BYTES } from '../../wire/ethernet.js';
import { IPV4_HEADER_BYTES, IpProtocol } from '../../wire/ipv4.js';
import { IPV6_HEADER_BYTES } from '../../wire/ipv6.js';
import {
  checkUdp,
  emitUdp,
  UDP_CHECKSUM,
  UDP_HEADER_BYTES,
  UDP_LENGTH,
  udpDestinationPort,
  udpSourcePort,
} from '../../wire/udp.js';
import type { FrontEndCounters } from '../counters.js';
import type { IcmpError } from '../link/icmp-error.js';
import type { IpPacket } from '../link/ip-packet.js';
import { Path } from '../link/path.js';
import type { Transmit } from '../link/transmit.js';
import { addressInUse } from '../tcp/errors.js';
import type { Entropy } from '../tcp/isn.js';
import { TimerHeap } from '../tcp/timers.js';
import { UdpPeer } from './peer.js';
import { PortUnreachable } from './port-unreachable.js';
import { UdpSocket } from './socket.js';
import type { TimerClock } from './timer.js';

export interface UdpStackOptions {
  /** Six bytes. */
  readonly localMac: Uint8Array;
  /** The largest IP packet. */
  readonly mtuBytes: number;
  readonly transmit: Transmit;
  readonly entropy: Entropy;
  readonly clock: () => number;
  readonly counters: FrontEndCounters;
}

/** What may wait for the end of its batch; more is dropped, as by a kernel whose socket buffer is full. */
const MAX_WAITING = 4096;

export class UdpStack implements TimerClock {
  readonly timers = new TimerHeap();
  /** Called when a program has left something to do: the next {@link endOfBatch} should come soon. */
  onWork: () => void = () => {};
  readonly #options: UdpStackOptions;
  readonly #sockets = new Map<number, UdpSocket>();
  readonly #frame: Uint8Array;
  /** What sockets are to be told. */
  #waiting: (() => void)[] = [];
  readonly #unreachable: PortUnreachable;
  #inBatch = false;
  /** The time of the batch under way. */
  #nowUs = 0;

  constructor(options: UdpStackOptions) {
    this.#options = options;
    this.#unreachable = new PortUnreachable(options.localMac, options.transmit);
    this.#frame = new Uint8Array(Math.max(ETHERNET_HEADER_BYTES + options.mtuBytes, ETHERNET_MIN_BYTES));
  }

  /** Throws EADDRINUSE when the port has a socket, a RangeError for no port. */
  bind(port: number): UdpSocket {
    if (!Number.isInteger(port) || port < 1 || port > 0xffff)
      throw new RangeError(`port ${port} is not from 1 to 65535`);
    if (this.#sockets.has(port)) throw addressInUse(port);
    const socket = new UdpSocket(this, port);
    this.#sockets.set(port, socket);
    return socket;
  }

  /** A socket on some free port from `first` to `last`, hard to guess (RFC 6056 3.3.1); undefined when all are taken. */
  bindWithin(first: number, last: number): UdpSocket | undefined {
    const ports = last - first + 1;
    const seed = new Uint8Array(4);
    this.#options.entropy.fill(seed, 0, 4);
    const start = get32(seed, 0) % ports;
    for (let i = 0; i < ports; i++) {
      const port = first + ((start + i) % ports);
      if (!this.#sockets.has(port)) return this.bind(port);
    }
    return undefined;
  }

  unbind(socket: UdpSocket): void {
    if (this.#sockets.get(socket.port) === socket) this.#sockets.delete(socket.port);
  }

  /** One packet that carries UDP, for one of our addresses, from one that can be answered. */
  onPacket(packet: IpPacket, nowUs: number): void {
    const { counters, localMac, mtuBytes } = this.#options;
    if (!isSound(packet)) {
      counters.datagramCheckFailed++;
      return;
    }
    const { frame, macAt, l4At, l4Bytes, local, remote } = packet;
    const socket = this.#sockets.get(udpDestinationPort(frame, l4At));
    if (socket === undefined) {
      counters.datagramsUnserved++;
      if (this.#unreachable.answer(packet, nowUs)) counters.portUnreachableSent++;
    } else if (this.#waiting.length >= MAX_WAITING) counters.datagramsDropped++;
    else {
      counters.datagramsReceived++;
      const path = new Path(localMac, IpProtocol.udp);
      path.aim(local, remote, frame, macAt);
      const from = new UdpPeer(path, frame, macAt, udpSourcePort(frame, l4At), mtuBytes);
      const message = Buffer.from(frame.slice(l4At + UDP_HEADER_BYTES, l4At + l4Bytes));
      this.#waiting.push(() => socket.emit('message', message, from));
    }
  }

  /** An ICMP error about a datagram; true when it may be one of ours. */
  onIcmpError(error: IcmpError): boolean {
    const socket = this.#sockets.get(error.localPort);
    if (socket === undefined) return false;
    const address = error.remote.toString();
    const { kind, remotePort: port, mtuBytes, remote } = error;
    const payloadBytes =
      mtuBytes - (remote.isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES) - UDP_HEADER_BYTES;
    if (this.#waiting.length >= MAX_WAITING) return true;
    if (kind === 'packet-too-big')
      this.#waiting.push(() => socket.emit('tooBig', address, port, payloadBytes));
    else this.#waiting.push(() => socket.emit('unreachable', address, port));
    return true;
  }

  /** Tells the sockets what came, and runs what is due. Returns when to be called again, Infinity for never. */
  endOfBatch(nowUs: number): number {
    this.#inBatch = true;
    this.#nowUs = nowUs;
    const waiting = this.#waiting;
    this.#waiting = [];
    let told = 0;
    try {
      for (const tell of waiting) {
        told++;
        tell();
      }
      this.timers.run(nowUs);
    } finally {
      // A program's listener has thrown: the others hear of theirs in the next batch.
      if (told < waiting.length) this.#waiting = waiting.slice(told).concat(this.#waiting);
      this.#inBatch = false;
    }
    return this.timers.nextUs;
  }

  send(localPort: number, message: Uint8Array, to: UdpPeer): boolean {
    const { counters, transmit } = this.#options;
    const frame = this.#frame;
    const { path } = to;
    const l4Bytes = UDP_HEADER_BYTES + message.length;
    const l4At = path.writeHeaders(frame, 0, l4Bytes);
    copy(message, 0, frame, l4At + UDP_HEADER_BYTES, message.length);
    emitUdp(frame, l4At, localPort, to.port, message.length, path.pseudoHeaderSum(l4Bytes));
    const length = l4At + l4Bytes;
    if (length < ETHERNET_MIN_BYTES) fill(frame, length, ETHERNET_MIN_BYTES - length, 0);
    counters.datagramsSent++;
    const taken = transmit(frame, 0, Math.max(length, ETHERNET_MIN_BYTES));
    this.onScheduled();
    return taken;
  }

  // ---- TimerClock ----

  now(): number {
    return this.#inBatch ? this.#nowUs : this.#options.clock();
  }

  onScheduled(): void {
    if (!this.#inBatch) this.onWork();
  }
}

/** UDP's length is the packet's, there is a port to answer to, and over IPv6 a checksum (RFC 8200 8.1). */
function isSound(packet: IpPacket): boolean {
  const { frame, l4At, l4Bytes, local } = packet;
  if (checkUdp(frame, l4At, l4Bytes, packet.pseudoHeaderSum()) !== 'ok') return false;
  if (get16(frame, l4At + UDP_LENGTH) !== l4Bytes || udpSourcePort(frame, l4At) === 0) return false;
  return local.isIpv4 || get16(frame, l4At + UDP_CHECKSUM) !== 0;
}
