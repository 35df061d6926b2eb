/**
 * Socket 0 of the emulated W5500: registers, commands and the two ring buffers in MACRAW mode. References and what
 * is missing are listed in w5500-model.ts.
 */
import { fill } from '../../../src/wire/byte-loops.js';
import { ChipFault } from './chip-fault.js';
import { BufferSizes, MEMORY_BYTES } from './w5500-buffer-sizes.js';
import { passesMacFilter } from './w5500-mac-filter.js';
import { Ring } from './w5500-ring.js';
import {
  Sn_MR,
  Sn_CR,
  Sn_IR,
  Sn_SR,
  Sn_RXBUF_SIZE,
  Sn_TXBUF_SIZE,
  Sn_TX_FSR,
  Sn_TX_RD,
  Sn_TX_WR,
  Sn_RX_RSR,
  Sn_RX_RD,
  Sn_RX_WR,
  MODE_MACRAW,
  MODE_PROTOCOL,
  COMMAND_NONE,
  COMMAND_OPEN,
  COMMAND_CLOSE,
  COMMAND_SEND,
  COMMAND_RECV,
  INTERRUPT_SEND_OK,
  INTERRUPT_RECV,
  INTERRUPT_ALL,
  SOCK_CLOSED,
  SOCK_MACRAW,
} from './w5500-socket-registers.js';

/** The Ethernet that the chip's PHY is plugged into. */
export interface W5500Network {
  /** Copies the next frame to `b` from `at`; returns its length, or 0 when none is waiting. */
  receive(b: Uint8Array, at: number, capacity: number): number;
  send(b: Uint8Array, at: number, length: number): void;
}

/** [OBS] In front of each received frame stands its length, these two bytes included. */
const PACKET_INFO_BYTES = 2;
/** IEEE 802.3 4.2.3.3, without FCS. */
const FRAME_BYTES_MIN = 60;
/** IEEE 802.3 3.2.7, with a VLAN tag. */
const FRAME_BYTES_MAX = 1518;
/** [DS] 4.2 Sn_MSSR: the MTU in MACRAW mode. */
const MACRAW_MTU = 1514;
const ETHERNET_HEADER_BYTES = 14;
/** Frames taken from the network in one reading of Sn_RX_RSR: more than 16 KB of the shortest. */
const FRAMES_MAX = 300;

export class MacrawSocket {
  /** Sn_CR reads 0 again after so many readings, and OPEN, CLOSE and RECV take effect then. */
  commandPolls = 0;
  /** SEND_OK shows after so many further readings of Sn_IR; `Infinity` for never. */
  sendPolls = 0;
  /** Where the pointers stand after the next OPEN, so that a test need not move 64 KB to see them wrap. */
  pointersAtOpen = 0;
  link: boolean;

  framesReceived = 0;
  framesSent = 0;
  droppedFull = 0;
  droppedFiltered = 0;
  droppedLinkDown = 0;
  droppedRunt = 0;

  private readonly network: W5500Network;
  private readonly macAddress: Uint8Array;
  private readonly sizes = new BufferSizes();
  private readonly rx = new Ring(MEMORY_BYTES);
  private readonly tx = new Ring(MEMORY_BYTES);
  /** One frame in one piece, where a ring has it in two. */
  private readonly frame = new Uint8Array(FRAME_BYTES_MAX);

  private mode = 0;
  private command = COMMAND_NONE;
  private commandReadsLeft = 0;
  private interrupts = 0;
  private status = SOCK_CLOSED;
  private sending = false;
  private sendReadsLeft = 0;
  /** Sn_TX_WR at the time of SEND. */
  private sendEnd = 0;
  private txRead = 0;
  private txWrite = 0;
  private rxWrite = 0;
  /** Sn_RX_RD as written; counts from the next RECV on. */
  private rxRead = 0;
  private rxReleased = 0;

  /** @param macAddress SHAR, which the common register block owns */
  constructor(network: W5500Network, macAddress: Uint8Array, link: boolean) {
    this.network = network;
    this.macAddress = macAddress;
    this.link = link;
    this.reset();
  }

  /** To the reset values of [DS] 4.2. */
  reset(): void {
    this.sizes.reset();
    this.mode = 0;
    this.command = COMMAND_NONE;
    this.interrupts = 0;
    this.rx.size = 2_048;
    this.tx.size = 2_048;
    this.closeSocket();
    this.initialisePointers(0);
  }

  /** The bit of SIR, [DS] 4.1. */
  get interruptPending(): boolean {
    return this.interrupts !== 0;
  }

  readRegister(offset: number): number {
    switch (offset) {
      case Sn_MR:
        return this.mode;
      case Sn_CR:
        return this.readCommand();
      case Sn_IR:
        return this.readInterrupts();
      case Sn_SR:
        return this.status;
      case Sn_RXBUF_SIZE:
        return this.sizes.rxKb[0]!;
      case Sn_TXBUF_SIZE:
        return this.sizes.txKb[0]!;
      case Sn_RX_RSR:
        this.pull();
        return this.receivedBytes >> 8;
      case Sn_RX_RSR + 1:
        return this.receivedBytes & 0xff;
    }
    // The pairs left are a high byte at the even offset and a low one at the odd.
    const value = this.pointer(offset & ~1);
    return offset & 1 ? value & 0xff : value >> 8;
  }

  writeRegister(offset: number, value: number): void {
    switch (offset) {
      case Sn_MR:
        return this.writeMode(value);
      case Sn_CR:
        return this.writeCommand(value);
      case Sn_IR:
        this.require((value & ~INTERRUPT_ALL) === 0, 'Sn_IR has no bit 7, 6 or 5');
        this.interrupts &= ~value;
        return;
      case Sn_RXBUF_SIZE:
      case Sn_TXBUF_SIZE:
        return this.writeBufferSize(0, offset, value);
      case Sn_TX_WR:
        this.txWrite = (value << 8) | (this.txWrite & 0xff);
        return;
      case Sn_TX_WR + 1:
        this.txWrite = (this.txWrite & 0xff00) | value;
        return;
      case Sn_RX_RD:
        this.rxRead = (value << 8) | (this.rxRead & 0xff);
        return;
      case Sn_RX_RD + 1:
        this.rxRead = (this.rxRead & 0xff00) | value;
        return;
    }
    throw new ChipFault(
      `W5500: write to socket 0 register 0x${offset.toString(16)}, read-only or not modelled`,
    );
  }

  /** Of socket n; the sum is checked when socket 0 is opened. */
  writeBufferSize(n: number, offset: number, kb: number): void {
    this.require(kb <= 16 && (kb & (kb - 1)) === 0, 'a buffer size is 0, 1, 2, 4, 8 or 16 KB');
    this.require(this.status === SOCK_CLOSED, 'buffer size changed while socket 0 is open');
    this.sizes.of(offset)[n] = kb;
  }

  readBufferSize(n: number, offset: number): number {
    return this.sizes.of(offset)[n]!;
  }

  /** A data phase into the TX buffer; `address` is the 16-bit offset, which wraps at the buffer's size. */
  writeTx(address: number, b: Uint8Array, at: number, length: number): void {
    this.require(this.status === SOCK_MACRAW, 'write to the TX buffer of a closed socket');
    const end = ((address - this.txWrite) & 0xffff) + length;
    this.require(end <= this.freeBytes, 'write beyond the free size of the TX buffer');
    this.tx.write(address, b, at, length);
  }

  readRx(address: number, b: Uint8Array, at: number, length: number): void {
    this.require(this.status === SOCK_MACRAW, 'read from the RX buffer of a closed socket');
    const end = ((address - this.rxReleased) & 0xffff) + length;
    this.require(end <= this.receivedBytes, 'read of RX buffer bytes that hold nothing received');
    this.rx.read(address, b, at, length);
  }

  private get receivedBytes(): number {
    return (this.rxWrite - this.rxReleased) & 0xffff;
  }

  private get freeBytes(): number {
    return this.tx.size - ((this.txWrite - this.txRead) & 0xffff);
  }

  private pointer(offset: number): number {
    switch (offset) {
      case Sn_TX_FSR:
        return this.freeBytes;
      case Sn_TX_RD:
        return this.txRead;
      case Sn_TX_WR:
        return this.txWrite;
      case Sn_RX_RD:
        return this.rxRead;
      case Sn_RX_WR:
        return this.rxWrite;
    }
    throw new ChipFault(
      `W5500: read of socket 0 register 0x${offset.toString(16)}, reserved or not modelled`,
    );
  }

  private writeMode(value: number): void {
    this.require(this.status === SOCK_CLOSED, 'Sn_MR written while the socket is open');
    this.require((value & MODE_PROTOCOL) === MODE_MACRAW, 'Sn_MR: only the MACRAW protocol is modelled');
    this.mode = value;
  }

  private writeCommand(command: number): void {
    this.require(this.command === COMMAND_NONE, 'Sn_CR written before the last command was accepted');
    switch (command) {
      case COMMAND_OPEN:
        this.checkOpen();
        break;
      case COMMAND_CLOSE:
        break;
      case COMMAND_SEND:
        this.checkSend();
        break;
      case COMMAND_RECV:
        this.checkReceived();
        break;
      default:
        throw new ChipFault(`W5500: command 0x${command.toString(16)} is unknown or not modelled`);
    }
    this.command = command;
    this.commandReadsLeft = this.commandPolls;
    if (command === COMMAND_SEND) this.send();
    if (this.commandReadsLeft === 0) this.execute();
  }

  private readCommand(): number {
    if (this.command === COMMAND_NONE) return COMMAND_NONE;
    if (this.commandReadsLeft-- > 0) return this.command;
    this.execute();
    return COMMAND_NONE;
  }

  /** What the acceptance of a command brings; only SEND does not wait for it. */
  private execute(): void {
    const command = this.command;
    this.command = COMMAND_NONE;
    if (command === COMMAND_OPEN) {
      this.rx.size = this.sizes.rxKb[0]! << 10;
      this.tx.size = this.sizes.txKb[0]! << 10;
      this.initialisePointers(this.pointersAtOpen);
      this.status = SOCK_MACRAW;
    } else if (command === COMMAND_CLOSE) this.closeSocket();
    else if (command === COMMAND_RECV) this.rxReleased = this.rxRead;
  }

  private checkOpen(): void {
    this.require(this.status === SOCK_CLOSED, 'OPEN of an open socket');
    this.require(this.mode !== 0, 'OPEN before Sn_MR is set');
    this.require(this.sizes.fit, 'OPEN with buffer sizes of more than 16 KB together');
  }

  private checkSend(): void {
    const length = (this.txWrite - this.txRead) & 0xffff;
    this.require(this.status === SOCK_MACRAW, 'SEND on a closed socket');
    this.require(!this.sending, 'SEND while another is unfinished');
    this.require(length >= ETHERNET_HEADER_BYTES, 'SEND of less than an Ethernet header');
    this.require(length <= MACRAW_MTU, 'SEND of more than 1,514 bytes');
  }

  private checkReceived(): void {
    const released = (this.rxRead - this.rxReleased) & 0xffff;
    this.require(this.status === SOCK_MACRAW, 'RECV on a closed socket');
    this.require(released <= this.receivedBytes, 'RECV with Sn_RX_RD beyond Sn_RX_WR');
  }

  private closeSocket(): void {
    this.status = SOCK_CLOSED;
    this.sending = false;
  }

  private initialisePointers(value: number): void {
    this.txRead = value;
    this.txWrite = value;
    this.rxRead = value;
    this.rxReleased = value;
    this.rxWrite = value;
  }

  /** The frame leaves at once; how long the chip seems to work on it is `sendPolls`. */
  private send(): void {
    this.sending = true;
    this.sendEnd = this.txWrite;
    this.sendReadsLeft = this.link ? this.sendPolls : Infinity;
    if (!this.link) {
      this.droppedLinkDown++;
      return;
    }
    const length = (this.txWrite - this.txRead) & 0xffff;
    const index = this.tx.index(this.txRead);
    this.framesSent++;
    if (length >= FRAME_BYTES_MIN && index + length <= this.tx.size) {
      this.network.send(this.tx.memory, index, length);
      return;
    }
    this.tx.read(this.txRead, this.frame, 0, length);
    this.network.send(this.frame, 0, pad(this.frame, 0, length));
  }

  private readInterrupts(): number {
    if (this.sending && this.command !== COMMAND_SEND && this.sendReadsLeft-- <= 0) {
      this.sending = false;
      this.txRead = this.sendEnd;
      this.interrupts |= INTERRUPT_SEND_OK;
    }
    return this.interrupts;
  }

  private pull(): void {
    for (let i = 0; i < FRAMES_MAX; i++) {
      if (!this.pullFrame()) return;
    }
  }

  /** Takes one frame from the network into the ring, straight if it has room for any frame in one piece. */
  private pullFrame(): boolean {
    const free = this.status === SOCK_MACRAW ? this.rx.size - this.receivedBytes : 0;
    const index = this.rx.index(this.rxWrite + PACKET_INFO_BYTES);
    const straight = free >= PACKET_INFO_BYTES + FRAME_BYTES_MAX && this.rx.size - index >= FRAME_BYTES_MAX;
    const b = straight ? this.rx.memory : this.frame;
    const at = straight ? index : 0;
    const length = this.network.receive(b, at, FRAME_BYTES_MAX);
    if (length === 0) return false;
    if (this.accepts(b, at, length)) this.store(straight, free, pad(b, at, length));
    return true;
  }

  /** Completes the frame that `pullFrame` put into the ring, or, if not `straight`, into `frame`. */
  private store(straight: boolean, free: number, length: number): void {
    const bytes = PACKET_INFO_BYTES + length;
    if (bytes > free) {
      this.droppedFull++;
      return;
    }
    if (!straight) this.rx.write(this.rxWrite + PACKET_INFO_BYTES, this.frame, 0, length);
    this.rx.memory[this.rx.index(this.rxWrite)] = bytes >> 8;
    this.rx.memory[this.rx.index(this.rxWrite + 1)] = bytes;
    this.rxWrite = (this.rxWrite + bytes) & 0xffff;
    this.interrupts |= INTERRUPT_RECV;
    this.framesReceived++;
  }

  private accepts(b: Uint8Array, at: number, length: number): boolean {
    if (!this.link) {
      this.droppedLinkDown++;
      return false;
    }
    if (length < ETHERNET_HEADER_BYTES) {
      this.droppedRunt++;
      return false;
    }
    if (passesMacFilter(this.mode, this.macAddress, b, at)) return true;
    this.droppedFiltered++;
    return false;
  }

  private require(condition: boolean, fault: string): void {
    if (!condition) throw new ChipFault(`W5500: ${fault}`);
  }
}

/** As the sender's MAC does, IEEE 802.3 4.2.3.3. */
function pad(b: Uint8Array, at: number, length: number): number {
  if (length >= FRAME_BYTES_MIN) return length;
  fill(b, at + length, FRAME_BYTES_MIN - length, 0);
  return FRAME_BYTES_MIN;
}
