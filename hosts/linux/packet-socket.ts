/**
 * A raw socket on one Ethernet interface (packet(7)): whole frames in through a {@link ReceiveRing}, out through a
 * {@link SendQueue}.
 */
import type { FrameLinkCounters } from '../../src/front-end/link/frame-link.js';
import { completeChecksum } from './checksum-completion.js';
import { interfaceError, readInterface, type Interface } from './interface.js';
import {
  AF_PACKET,
  Errno,
  getSocketWords,
  libc,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
  setSocketBuffer,
  setSocketInt,
  SO_ERROR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_SOCKET,
  SystemCallError,
} from './libc.js';
import { ReceiveRing, ringSlotBytes, TpStatus, TPACKET_V2 } from './receive-ring.js';
import { SendQueue } from './send-queue.js';
import type { FrameSocket } from './socket-link.js';

const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_VERSION = 10;
const PACKET_IGNORE_OUTGOING = 23;
const PACKET_MR_PROMISC = 1;
const ETH_P_ALL = 0x0003;

/** Ethernet header and one VLAN tag. */
const LINK_OVERHEAD_BYTES = 18;
const SEND_BUFFER_BYTES = 4 << 20;
const RING_BLOCK_BYTES = 1 << 17;

export interface PacketSocketOptions {
  /** Also receive frames for other stations' addresses. */
  readonly promiscuous?: boolean;
  /** Receive this EtherType only; every frame when absent. */
  readonly etherType?: number;
  /** Frames that the receive ring holds; 4,096 (8 MB at an MTU of 1,500) when absent. */
  readonly receiveFrames?: number;
  /** Frames that the send queue holds; 1,024 when absent. */
  readonly sendFrames?: number;
  /**
   * Most frames that are sent within a millisecond; no limit when absent. A veth pair drops what exceeds 1,000
   * frames at once, and with GRO on at the other end, 256.
   */
  readonly burstFrames?: number;
  /** The station's address when it is not the interface's own; needs `promiscuous` then. */
  readonly macAddress?: Uint8Array;
}

export class PacketSocket implements FrameSocket {
  readonly interfaceName: string;
  readonly interface: Interface;
  readonly macAddress: Uint8Array;
  readonly mtu: number;
  readonly fd: number;
  readonly sendQueue: SendQueue;
  readonly bytes: Uint8Array;

  readonly #ring: ReceiveRing;
  #receivedFrames = 0;
  #checksumsCompleted = 0;
  #checksumsUnfinished = 0;
  readonly #ringAddress: number;
  #receiveDrops = 0;
  #open = true;

  /**
   * Opens the socket on the interface `name` of the caller's network namespace. Throws a {@link SystemCallError}
   * when there is none, or when the process may not.
   */
  constructor(name: string, options: PacketSocketOptions = {}) {
    const c = libc();
    // Protocol 0: nothing is received until the ring is there and the socket is bound to its interface.
    const fd = c.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw openError(name, c.errno());
    try {
      this.fd = fd;
      this.interfaceName = name;
      this.interface = readInterface(name);
      this.macAddress = options.macAddress ?? this.interface.macAddress;
      this.mtu = this.interface.mtu;
      const frameBytes = this.mtu + LINK_OVERHEAD_BYTES;
      const slotBytes = ringSlotBytes(frameBytes);
      const blockBytes = Math.max(RING_BLOCK_BYTES, slotBytes);
      const blocks = Math.ceil(((options.receiveFrames ?? 4096) * slotBytes) / blockBytes);
      this.#setRing(blockBytes, blocks, slotBytes);
      if (options.promiscuous === true) this.#setPromiscuous();
      setSocketBuffer(fd, 'send', SEND_BUFFER_BYTES);
      this.#bind(options.etherType ?? ETH_P_ALL);
      this.#ringAddress = this.#map(blocks * blockBytes);
      this.bytes = c.view(this.#ringAddress, blocks * blockBytes);
      this.#ring = new ReceiveRing(this.bytes, slotBytes);
      const { sendFrames: frames = 1024, burstFrames } = options;
      this.sendQueue = new SendQueue(fd, { frames, frameBytes, burstFrames });
    } catch (error) {
      c.close(fd);
      throw error;
    }
  }

  get frameAt(): number {
    return this.#ring.frameAt;
  }

  get frameBytes(): number {
    return this.#ring.frameBytes;
  }

  /** Completes the checksums of the frame that it moves to. */
  next(): boolean {
    if (!this.#open || !this.#ring.next()) return false;
    this.#receivedFrames++;
    if ((this.#ring.status & TpStatus.checksumNotReady) !== 0) {
      if (completeChecksum(this.bytes, this.#ring.frameAt, this.#ring.frameBytes)) this.#checksumsCompleted++;
      else this.#checksumsUnfinished++;
    }
    return true;
  }

  counters(): FrameLinkCounters {
    // struct tpacket_stats: frames, drops; reading resets them (packet(7)).
    if (this.#open) this.#receiveDrops += getSocketWords(this.fd, SOL_PACKET, PACKET_STATISTICS, 2)[1]!;
    return {
      receivedFrames: this.#receivedFrames,
      sentFrames: this.sendQueue.sentFrames,
      receiveDrops: this.#receiveDrops,
      receiveRefused: this.#ring.truncated,
      sendDrops: this.sendQueue.dropped,
      checksumsCompleted: this.#checksumsCompleted,
      checksumsUnfinished: this.#checksumsUnfinished,
    };
  }

  /** An interface that goes down leaves ENETDOWN behind, and may come up again; one that is removed does not. */
  takeError(): Error | undefined {
    getSocketWords(this.fd, SOL_SOCKET, SO_ERROR, 1);
    try {
      readInterface(this.interfaceName);
      return undefined;
    } catch (cause) {
      const message = `The network interface "${this.interfaceName}" was removed while it was in use.`;
      return new Error(message, { cause });
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const c = libc();
    // The mapping holds the socket. Anonymous memory in its place lets go of it at once, and a view that somebody
    // still has reads zeros instead of ending the process; the address range goes with the last view.
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
    c.mmap(this.#ringAddress, this.bytes.length, PROT_READ | PROT_WRITE, flags, -1, 0);
    abandoned.register(this.bytes.buffer, { address: this.#ringAddress, bytes: this.bytes.length });
    c.close(this.fd);
  }

  #setRing(blockBytes: number, blocks: number, slotBytes: number): void {
    this.#set(PACKET_VERSION, TPACKET_V2, 'TPACKET_V2 rings');
    // Without it a socket receives what it sends. Since Linux 4.20.
    this.#set(PACKET_IGNORE_OUTGOING, 1, 'PACKET_IGNORE_OUTGOING (Linux 4.20 or newer)');
    const request = Uint32Array.of(blockBytes, blocks, slotBytes, (blocks * blockBytes) / slotBytes);
    if (libc().setsockopt(this.fd, SOL_PACKET, PACKET_RX_RING, new Uint8Array(request.buffer), 16) < 0) {
      const size = `${(blocks * blockBytes) >> 20} MB`;
      throw new SystemCallError(
        'setsockopt',
        libc().errno(),
        `The kernel has no ${size} for the receive ring of "${this.interfaceName}"; ask for fewer receiveFrames.`,
      );
    }
  }

  #set(option: number, value: number, what: string): void {
    if (setSocketInt(this.fd, SOL_PACKET, option, value) < 0) {
      throw new SystemCallError('setsockopt', libc().errno(), `This kernel does not offer ${what}.`);
    }
  }

  #setPromiscuous(): void {
    // struct packet_mreq: interface index, type (2), address length (2), address (8)
    const request = Uint32Array.of(this.interface.index, PACKET_MR_PROMISC, 0, 0);
    if (
      libc().setsockopt(this.fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, new Uint8Array(request.buffer), 16) < 0
    ) {
      throw interfaceError('setsockopt', libc().errno(), this.interfaceName);
    }
  }

  #map(bytes: number): number {
    const c = libc();
    const address = c.mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, this.fd, 0);
    if (address === -1) {
      throw new SystemCallError(
        'mmap',
        c.errno(),
        `The receive ring of "${this.interfaceName}" can't be mapped.`,
      );
    }
    return address;
  }

  #bind(protocol: number): void {
    // struct sockaddr_ll: family (2), protocol (2, network order), interface index (4), the rest is for sendto
    const address = new DataView(new ArrayBuffer(20));
    address.setUint16(0, AF_PACKET, true);
    address.setUint16(2, protocol, false);
    address.setInt32(4, this.interface.index, true);
    if (libc().bind(this.fd, new Uint8Array(address.buffer), 20) < 0) {
      throw interfaceError('bind', libc().errno(), this.interfaceName);
    }
  }
}

/** Address ranges of closed rings whose views somebody may still hold. */
const abandoned = new FinalizationRegistry((range: { address: number; bytes: number }) => {
  libc().munmap(range.address, range.bytes);
});

function openError(name: string, errno: number): SystemCallError {
  if (errno !== Errno.EPERM && errno !== Errno.EACCES) {
    return new SystemCallError('socket', errno, `A packet socket for "${name}" can't be opened.`);
  }
  return new SystemCallError(
    'socket',
    errno,
    `Raw Ethernet on "${name}" needs the capability CAP_NET_RAW, which this process lacks. Run it as root, inside ` +
      'a user namespace of your own ("unshare -Urn", as "atcp lab" does), or give Node the capability once: ' +
      'sudo setcap cap_net_raw+ep "$(readlink -f "$(which node)")"',
  );
}
