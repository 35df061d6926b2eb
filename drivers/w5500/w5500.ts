/**
 * WIZnet W5500 as a plain Ethernet interface: socket 0 in MACRAW mode with the whole 16 KB receive and 16 KB
 * transmit memory. Section numbers refer to [DS], see registers.ts.
 *
 * No call waits. What the chip has not finished is looked at again in the next call, and every such wait ends: in
 * `open` by the clock, elsewhere by the number of polls, each of which takes a known time on the bus. What goes
 * wrong shows in the counters; the driver reopens the socket, or resets the chip, by itself.
 */
import { type NicPort, PortStatus, type SpiPort } from '../../src/back-end/ports.js';
import { copy } from '../../src/wire/byte-loops.js';
import { get16 } from '../../src/wire/bytes.js';
import { BringUp } from './bring-up.js';
import { W5500Bus } from './bus.js';
import {
  BUFFER_BYTES,
  COMMON_READ,
  PHYCFGR,
  PHYCFGR_LNK,
  S0_READ,
  S0_RX_READ,
  S0_TX_WRITE,
  S0_WRITE,
  Sn_CR,
  Sn_CR_RECV,
  Sn_CR_SEND,
  Sn_IR,
  Sn_IR_SEND_OK,
  Sn_IR_TIMEOUT,
  Sn_RX_RD,
  Sn_RX_RSR,
  Sn_TX_FSR,
  Sn_TX_WR,
  SOCK_MACRAW,
} from './registers.js';

const MAC_BYTES = 6;
/** In front of each frame in the RX buffer: the length, these two bytes included. */
const LENGTH_BYTES = 2;
const FRAME_BYTES_MIN = 14;
/** With a VLAN tag. The chip's MAC takes in nothing longer, so a greater length is not a length. */
const RECEIVE_BYTES_MAX = 1518;
/** The MTU of MACRAW mode, [DS] 4.2 Sn_MSSR. */
const TRANSMIT_BYTES_MAX = 1514;

/**
 * Read bytes are given back to the chip in lots: a RECV costs two transactions and a poll, more than reading a
 * small frame. A quarter of the buffer held back leaves room for eight full-size frames.
 */
const RELEASE_BYTES = 4_096;
/** With so many bytes to give back, RECV goes before the next SEND, which otherwise keeps finding Sn_CR free first. */
const RELEASE_FIRST_BYTES = 8_192;
/** How often a 16-bit register is read in search of two equal readings. */
const READINGS_MAX = 4;

/** The fastest clock that [DS] 5.5.4 guarantees; many boards do 40 MHz. */
const CLOCK_HZ = 33_300_000;
/** A full-size frame takes 1.2 ms on a 10 Mbit/s link. */
const COMMAND_TIMEOUT_US = 5_000;

export class W5500 implements NicPort {
  readonly macAddress: Uint8Array;
  readonly segmentationBytes = 0;

  received = 0;
  /** Frames handed to the chip with SEND. */
  transmitted = 0;
  /** Received frames longer than the caller's capacity. */
  droppedTooLong = 0;
  /** Frames to send of a length that the chip cannot send. */
  refusedLength = 0;
  /** Length headers in the RX buffer that could not be true. */
  resynchronised = 0;
  /** SENDs that the chip ended with TIMEOUT. */
  sendTimeouts = 0;
  /** Commands that did not end in time. */
  stalled = 0;
  /** Times the socket was closed and opened again. */
  reopened = 0;
  /** Times the chip was reset: it had lost its configuration, or its socket did not open again. */
  restarted = 0;

  private readonly spi: SpiPort;
  private readonly bus: W5500Bus;
  private readonly bringUp: BringUp;
  private readonly pollsMax: number;
  private readonly scratch = new Uint8Array(3);

  private ready = false;
  /** Polls since a command last ended. */
  private polls = 0;
  /** Sn_CR was not yet seen to be 0 again. */
  private commandPending = false;
  /** The command is RECV: until it is accepted, Sn_RX_RSR counts bytes already given back. */
  private releasing = false;
  /** Neither SEND_OK nor TIMEOUT was seen since the last SEND. */
  private sending = false;
  private txWrite = 0;
  /** Lower bound of Sn_TX_FSR. */
  private txFreeBytes = 0;
  private rxRead = 0;
  /** Bytes from `rxRead` on that are known to have been received. */
  private unreadBytes = 0;
  /** Bytes before `rxRead` that the chip still keeps. */
  private unreleasedBytes = 0;

  /**
   * @param options.macAddress six bytes, an individual address; copied
   * @param options.clockHz SPI clock; up to 80 MHz where the board's wiring allows it
   * @throws RangeError if the MAC address is not an individual address of six bytes
   */
  constructor(options: { spi: SpiPort; macAddress: Uint8Array; clockHz?: number }) {
    const macAddress = options.macAddress;
    if (macAddress.length !== MAC_BYTES || (macAddress[0]! & 1) !== 0) {
      throw new RangeError('W5500: macAddress must have six bytes and an even first one (no group address)');
    }
    this.macAddress = new Uint8Array(MAC_BYTES);
    copy(macAddress, 0, this.macAddress, 0, MAC_BYTES);
    this.spi = options.spi;
    this.bus = new W5500Bus(options.spi, options.clockHz ?? CLOCK_HZ);
    this.pollsMax = this.bus.pollsWithin(COMMAND_TIMEOUT_US);
    this.bringUp = new BringUp(this.bus, this.macAddress, this.pollsMax);
  }

  /**
   * Failures: `noMedium` if nothing answers on the bus, `unsupported` if another chip does, `timeout`, and
   * `protocolError` if registers do not keep what is written (wiring, or too fast a clock). A call after `ok` or
   * after a failure begins with a reset; one that finds the driver recovering by itself goes on with that.
   */
  open(nowUs: number): PortStatus {
    this.ready = false;
    const status = this.bringUp.open(nowUs);
    if (status === PortStatus.ok) this.start();
    return status;
  }

  /** One SPI transaction of four bytes; false while the chip is not open. */
  linkUp(): boolean {
    if (!this.ready) return false;
    this.bus.read(PHYCFGR, COMMON_READ, this.scratch, 0, 1);
    return (this.scratch[0]! & PHYCFGR_LNK) !== 0;
  }

  receive(b: Uint8Array, at: number, capacity: number): number {
    if (!this.ready) {
      this.recover();
      return 0;
    }
    if (this.unreleasedBytes >= RELEASE_BYTES) {
      this.release();
      if (!this.ready) return 0;
    }
    if (this.unreadBytes === 0 && !this.refill()) return 0;
    while (this.unreadBytes > 0) {
      const length = this.selectFrame();
      if (length === 0) return 0;
      const fits = length <= capacity;
      if (fits) this.spi.read(b, at, length);
      this.spi.deselect();
      this.advanceRead(LENGTH_BYTES + length);
      if (fits) {
        this.received++;
        return length;
      }
      this.droppedTooLong++;
    }
    return 0;
  }

  /** A frame of impossible length is counted and dropped: to try it again would not help. */
  transmit(b: Uint8Array, at: number, length: number): boolean {
    if (!this.ready) {
      this.recover();
      return false;
    }
    if (length < FRAME_BYTES_MIN || length > TRANSMIT_BYTES_MAX) {
      this.refusedLength++;
      return true;
    }
    if (!this.canSend(length)) return false;
    this.bus.write(this.txWrite, S0_TX_WRITE, b, at, length);
    this.txWrite = (this.txWrite + length) & 0xffff;
    this.txFreeBytes -= length;
    this.bus.write16(Sn_TX_WR, S0_WRITE, this.txWrite);
    this.command(Sn_CR_SEND);
    this.sending = true;
    this.transmitted++;
    return true;
  }

  /** A SEND takes what lies between Sn_TX_RD and Sn_TX_WR as one frame, so the one before must have ended. */
  private canSend(length: number): boolean {
    const busy = this.commandPending || this.sending;
    if (busy && (!this.poll() || this.commandPending || this.sending)) return false;
    if (this.unreleasedBytes >= RELEASE_FIRST_BYTES) {
      this.release();
      return false;
    }
    if (length <= this.txFreeBytes) return true;
    const free = this.settle(Sn_TX_FSR, this.read16(Sn_TX_FSR));
    if (free > BUFFER_BYTES) {
      this.restart();
      return false;
    }
    this.txFreeBytes = free;
    if (length <= free) return true;
    this.stall();
    return false;
  }

  /** Asks the chip how much it has received; true if some of it is unread. */
  private refill(): boolean {
    if (this.releasing && (!this.poll() || this.releasing)) return false;
    const first = this.read16(Sn_RX_RSR);
    if (first === this.unreleasedBytes) return false;
    const size = this.settle(Sn_RX_RSR, first);
    if (size > BUFFER_BYTES || size < this.unreleasedBytes) {
      this.restart();
      return false;
    }
    this.unreadBytes = size - this.unreleasedBytes;
    return this.unreadBytes > 0;
  }

  /**
   * Begins the transaction that reads the next frame and returns the frame's length; the caller reads it and
   * deselects. Returns 0, with nothing selected, if what stands there is not a length.
   */
  private selectFrame(): number {
    const scratch = this.scratch;
    this.bus.select(this.rxRead, S0_RX_READ);
    this.spi.read(scratch, 0, LENGTH_BYTES);
    const bytes = get16(scratch, 0);
    const length = bytes - LENGTH_BYTES;
    if (bytes <= this.unreadBytes && length >= FRAME_BYTES_MIN && length <= RECEIVE_BYTES_MAX) return length;
    this.spi.deselect();
    this.resynchronised++;
    this.reopen();
    return 0;
  }

  private advanceRead(bytes: number): void {
    this.rxRead = (this.rxRead + bytes) & 0xffff;
    this.unreadBytes -= bytes;
    this.unreleasedBytes += bytes;
  }

  /** Gives read bytes back to the chip; if it is busy with a command, the next `receive` tries again. */
  private release(): void {
    if (this.commandPending && (!this.poll() || this.commandPending)) return;
    this.bus.write16(Sn_RX_RD, S0_WRITE, this.rxRead);
    this.command(Sn_CR_RECV);
    this.releasing = true;
    this.unreleasedBytes = 0;
  }

  /** Sn_CR must be 0. */
  private command(value: number): void {
    this.bus.write8(Sn_CR, S0_WRITE, value);
    this.commandPending = true;
  }

  /**
   * Reads Sn_CR, Sn_IR and Sn_SR, which are neighbours, in one transaction and draws the conclusions; false if one
   * of them is that the chip must be opened again.
   */
  private poll(): boolean {
    const scratch = this.scratch;
    this.bus.read(Sn_CR, S0_READ, scratch, 0, 3);
    const interrupts = scratch[1]!;
    if (scratch[2] !== SOCK_MACRAW) {
      this.restart();
      return false;
    }
    if (scratch[0] === 0) {
      this.commandPending = false;
      this.releasing = false;
    }
    if (this.sending && (interrupts & Sn_IR_TIMEOUT) !== 0) {
      this.sendTimeouts++;
      this.reopen();
      return false;
    }
    if (this.sending && (interrupts & Sn_IR_SEND_OK) !== 0) {
      this.bus.write8(Sn_IR, S0_WRITE, Sn_IR_SEND_OK);
      this.sending = false;
    }
    if (this.commandPending || this.sending) this.stall();
    else this.polls = 0;
    return this.ready;
  }

  /** One poll more that brought no end. */
  private stall(): void {
    this.polls++;
    if (this.polls < this.pollsMax) return;
    this.stalled++;
    this.reopen();
  }

  /**
   * Reads Sn_RX_RSR or Sn_TX_FSR again until two readings agree, as [DS] 4.2 asks. Under a flood of frames two may
   * never agree. Then the greatest counts: meanwhile the chip only adds, and a reading torn between its bytes is
   * too small, never too great.
   */
  private settle(address: number, first: number): number {
    let greatest = first;
    let previous = first;
    for (let i = 1; i < READINGS_MAX; i++) {
      const size = this.read16(address);
      if (size === previous) return size;
      if (size > greatest) greatest = size;
      previous = size;
    }
    return greatest;
  }

  private read16(address: number): number {
    this.bus.read(address, S0_READ, this.scratch, 0, 2);
    return get16(this.scratch, 0);
  }

  private start(): void {
    this.txWrite = this.bringUp.txWrite;
    this.txFreeBytes = BUFFER_BYTES;
    this.rxRead = this.bringUp.rxRead;
    this.unreadBytes = 0;
    this.unreleasedBytes = 0;
    this.commandPending = false;
    this.releasing = false;
    this.sending = false;
    this.polls = 0;
    this.ready = true;
  }

  /** Closes the socket and opens it again; the frames in the chip are lost, as they may be on any Ethernet. */
  private reopen(): void {
    this.reopened++;
    this.ready = false;
    this.bringUp.startWithClose();
  }

  private restart(): void {
    this.restarted++;
    this.ready = false;
    this.bringUp.startWithReset();
  }

  /** Goes on with a reopening or a restart by one poll; does nothing before the first `open`. */
  private recover(): void {
    const status = this.bringUp.proceed();
    if (status === PortStatus.ok) this.start();
    else if (status !== PortStatus.pending) this.restart();
  }
}
