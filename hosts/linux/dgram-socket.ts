/**
 * Frames over UDP between two ports of 127.0.0.1, one Ethernet frame a datagram: the format of QEMU's
 * `-netdev dgram`. For processes without packet sockets, and for the switch's ports to simulated boards. recvmmsg
 * and sendmmsg carry about three times the frames that Node's own dgram sockets do, and the kernel's count of
 * dropped datagrams is within reach.
 */
import type { FrameLinkCounters } from '../../src/front-end/link/frame-link.js';
import { ETHERNET_HEADER_BYTES } from '../../src/wire/ethernet.js';
import {
  AF_INET,
  Errno,
  getSocketWords,
  libc,
  MSG_DONTWAIT,
  setSocketBuffer,
  SO_ERROR,
  SO_MEMINFO,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
  SystemCallError,
} from './libc.js';
import { MessageVector, SOCKADDR_IN_BYTES } from './message-vector.js';
import { SendQueue } from './send-queue.js';
import type { FrameSocket } from './socket-link.js';

/** Ethernet header and one VLAN tag, and a byte that shows a datagram that is too long. */
const SLOT_OVERHEAD_BYTES = 19;
const NAME_WORDS = SOCKADDR_IN_BYTES / 4;
const RECEIVE_FRAMES = 64;
/** SK_MEMINFO_DROPS of linux/sock_diag.h, and how many words there are up to it. */
const MEMINFO_DROPS = 8;
const MEMINFO_WORDS = 9;
/** What one full-size datagram takes of a receive buffer, bookkeeping included, in the caller's measure. */
const DATAGRAM_COST_BYTES = 1152;

export interface DgramSocketOptions {
  /** UDP port of this end on 127.0.0.1. */
  readonly localPort: number;
  /** UDP port of the other end on 127.0.0.1; datagrams from elsewhere are refused. */
  readonly remotePort: number;
  /** The station's address, 6 bytes; zeros when absent, for a switch port. */
  readonly macAddress?: Uint8Array;
  /** 1,500 when absent. */
  readonly mtu?: number;
  /** Wanted size of the kernel's receive buffer; 8 MB when absent. */
  readonly receiveBufferBytes?: number;
  /** Frames that the send queue holds; 1,024 when absent. */
  readonly sendFrames?: number;
  /** Most frames that are sent within a millisecond, for receivers with a small buffer; no limit when absent. */
  readonly burstFrames?: number;
}

export class DgramSocket implements FrameSocket {
  readonly fd: number;
  readonly macAddress: Uint8Array;
  readonly mtu: number;
  readonly sendQueue: SendQueue;
  readonly bytes: Uint8Array;
  frameAt = 0;
  frameBytes = 0;
  /** What the kernel gave of the wanted receive buffer. */
  readonly receiveBufferBytes: number;

  readonly #vector: MessageVector;
  readonly #peerPort: number;
  readonly #peerAddress: number;
  /** Datagrams of the last recvmmsg, and which comes next. */
  #count = 0;
  #next = 0;
  #receivedFrames = 0;
  #receiveDrops = 0;
  #refused = 0;
  #open = true;

  /** Binds the local port; throws a {@link SystemCallError} when it is taken. */
  constructor(options: DgramSocketOptions) {
    const c = libc();
    const fd = c.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw new SystemCallError('socket', c.errno(), "A UDP socket can't be opened.");
    try {
      this.fd = fd;
      bindLocal(fd, options.localPort);
      this.receiveBufferBytes = setSocketBuffer(fd, 'receive', options.receiveBufferBytes ?? 8 << 20);
      setSocketBuffer(fd, 'send', 4 << 20);
      this.mtu = options.mtu ?? 1500;
      this.macAddress = options.macAddress ?? new Uint8Array(6);
      const destination = loopbackAddress(options.remotePort);
      const words = new Uint32Array(destination.buffer);
      this.#peerPort = words[0]!;
      this.#peerAddress = words[1]!;
      const frameBytes = this.mtu + SLOT_OVERHEAD_BYTES;
      const { sendFrames: frames = 1024, burstFrames } = options;
      this.sendQueue = new SendQueue(fd, { frames, frameBytes, burstFrames, destination });
      this.#vector = new MessageVector(RECEIVE_FRAMES, frameBytes, true);
      this.bytes = this.#vector.frames;
    } catch (error) {
      c.close(fd);
      throw error;
    }
  }

  /** About how many full-size frames the receive buffer holds while nobody looks. */
  get receiveBufferFrames(): number {
    return Math.floor(this.receiveBufferBytes / DATAGRAM_COST_BYTES);
  }

  next(): boolean {
    for (;;) {
      while (this.#next < this.#count) if (this.#take(this.#next++)) return true;
      // Fewer than asked for were all there were: saves a call that would say so.
      const drained = this.#count > 0 && this.#count < RECEIVE_FRAMES;
      this.#next = 0;
      this.#count = 0;
      if (drained || !this.#open) return false;
      const got = libc().recvmmsg(this.fd, this.#vector.addressOf(0), RECEIVE_FRAMES, MSG_DONTWAIT, null);
      if (got <= 0) return false;
      this.#count = got;
    }
  }

  counters(): FrameLinkCounters {
    if (this.#open) {
      this.#receiveDrops = getSocketWords(this.fd, SOL_SOCKET, SO_MEMINFO, MEMINFO_WORDS)[MEMINFO_DROPS]!;
    }
    return {
      receivedFrames: this.#receivedFrames,
      sentFrames: this.sendQueue.sentFrames,
      receiveDrops: this.#receiveDrops,
      receiveRefused: this.#refused,
      sendDrops: this.sendQueue.dropped,
      checksumsCompleted: 0,
      checksumsUnfinished: 0,
    };
  }

  /** What a datagram met on its way is nothing against the next one. */
  takeError(): undefined {
    getSocketWords(this.fd, SOL_SOCKET, SO_ERROR, 1);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#count = 0;
    libc().close(this.fd);
  }

  #take(slot: number): boolean {
    const vector = this.#vector;
    const name = slot * NAME_WORDS;
    const fromPeer = vector.names[name] === this.#peerPort && vector.names[name + 1] === this.#peerAddress;
    const bytes = vector.receivedBytes(slot);
    vector.resetName(slot);
    // A datagram that fills its slot to the last byte was cut off, because no allowed frame is that long.
    if (!fromPeer || bytes < ETHERNET_HEADER_BYTES || bytes === vector.slotBytes) {
      this.#refused++;
      return false;
    }
    this.#receivedFrames++;
    this.frameAt = slot * vector.slotBytes;
    this.frameBytes = bytes;
    return true;
  }
}

/** A struct sockaddr_in: family (2), port (2, network order), address (4), zeros (8). */
function loopbackAddress(port: number): Uint8Array<ArrayBuffer> {
  if (!Number.isInteger(port) || port < 1 || port > 0xffff) {
    throw new RangeError(`${port} is not a UDP port; give one from 1 to 65535.`);
  }
  const address = new Uint8Array(new ArrayBuffer(SOCKADDR_IN_BYTES));
  address.set([AF_INET, 0, port >>> 8, port & 0xff, 127, 0, 0, 1]);
  return address;
}

function bindLocal(fd: number, port: number): void {
  const c = libc();
  if (c.bind(fd, loopbackAddress(port), SOCKADDR_IN_BYTES) === 0) return;
  const errno = c.errno();
  const cure =
    errno === Errno.EADDRINUSE ? 'another process has it; choose another port' : 'choose another port';
  throw new SystemCallError('bind', errno, `UDP port ${port} of 127.0.0.1 can't be opened: ${cure}.`);
}
