/**
 * The WIZnet W5500 as its SPI master sees it, for boards without hardware. Written from
 *
 *   [DS]  "W5500 Datasheet", version 1.1.0, WIZnet
 *   [OBS] what authors of other drivers report of real chips where [DS] is silent: a length stands in front of each
 *         received frame, MFEN lets IP multicast through (01:00:5E and 33:33), MMB does not stop 33:33, and a SEND
 *         without a link never shows SEND_OK
 *
 * and not from the driver's registers.ts, so that one wrong address cannot pass on both sides.
 *
 * Modelled: the SPI frame in variable length data mode; MR, SHAR, IR, SIR, PHYCFGR and VERSIONR; socket 0 in MACRAW
 * mode with OPEN, CLOSE, SEND and RECV, both ring buffers and their 16-bit pointers, the MAC filter, Sn_IR; the
 * buffer sizes of all sockets; the reset.
 *
 * Not modelled, and a ChipFault when used: fixed length data mode; TCP, UDP, ARP, ICMP, PPPoE, wake on LAN and all
 * their registers and commands; the interrupt pin and masks; PHY configuration; sockets 1 to 7 beyond their buffer
 * sizes; reading the TX buffer and writing the RX buffer.
 *
 * Simplified: the frame of a SEND is on the network at once. Received frames are fetched when the upper byte of
 * Sn_RX_RSR is read, and a frame shorter than 60 bytes is padded as its sender's MAC would have done, on either
 * way. Sn_RX_RD takes effect with RECV. The SPI clock has no effect, and the link is up or down without delay.
 */
import type { SpiPort } from '../../../src/back-end/ports.js';
import { ChipFault } from './chip-fault.js';
import { MacrawSocket, type W5500Network } from './w5500-macraw.js';

export type { W5500Network } from './w5500-macraw.js';

// [DS] 2.2.2 Control Phase
const CONTROL_BLOCK_SHIFT = 3;
const CONTROL_WRITE = 1 << 2;
const CONTROL_OPERATION_MODE = 0b11;

// [DS] 2.2.2: BSB[4:2] is the socket, BSB[1:0] one of
const BLOCK_COMMON = 0b00;
const BLOCK_REGISTERS = 0b01;
const BLOCK_TX = 0b10;

// [DS] 3.1, offsets in the Common Register Block
const MR = 0x00;
const SHAR = 0x09;
const SHAR_BYTES = 6;
const IR = 0x15;
const SIR = 0x17;
const PHYCFGR = 0x2e;
const VERSIONR = 0x39;

// [DS] 4.1
const MR_RST = 1 << 7;
const MR_PB = 1 << 4;
const PHYCFGR_RESET = 0b1011_1000;
/** Full duplex, 100 Mbit/s, link up. */
const PHYCFGR_LINK = 0b0000_0111;
const VERSION = 0x04;

// [DS] 3.2
const Sn_RXBUF_SIZE = 0x1e;
const Sn_TXBUF_SIZE = 0x1f;

/** [DS] 5.5.4. */
const CLOCK_HZ_MAX = 80_000_000;
const HEADER_BYTES = 3;

export class W5500Model implements SpiPort {
  /** Socket 0: its counters, and how many readings its commands take. */
  readonly socket: MacrawSocket;
  /** MR_RST reads 0 again after so many readings. */
  resetPolls = 1;
  transactions = 0;
  /** Bytes clocked, headers included. */
  clockedBytes = 0;

  private readonly macAddress = new Uint8Array(SHAR_BYTES);
  private mode = 0;
  private resetReadsLeft = 0;

  private selected = false;
  private headerBytes = 0;
  private dataBytes = 0;
  private address = 0;
  private block = 0;
  private writing = false;

  /** @param options.link whether the cable is plugged in, true by default */
  constructor(options: { network: W5500Network; link?: boolean }) {
    this.socket = new MacrawSocket(options.network, this.macAddress, options.link ?? true);
  }

  setLink(up: boolean): void {
    this.socket.link = up;
  }

  /** What a pulse on RSTn or a dip of the supply does, [DS] 5.5.1: every register has its reset value again. */
  reset(): void {
    this.mode = 0;
    this.resetReadsLeft = 0;
    this.macAddress.fill(0);
    this.socket.reset();
  }

  setClock(hz: number): void {
    if (hz > 0 && hz <= CLOCK_HZ_MAX) return;
    throw new ChipFault(`W5500: SPI clock of ${hz} Hz, the chip takes up to ${CLOCK_HZ_MAX}`);
  }

  select(): void {
    if (this.selected) throw new ChipFault('W5500: selected twice');
    this.selected = true;
    this.headerBytes = 0;
    this.dataBytes = 0;
    this.transactions++;
  }

  deselect(): void {
    if (!this.selected) throw new ChipFault('W5500: deselected without being selected');
    this.selected = false;
    if (this.dataBytes > 0) return;
    throw new ChipFault(`W5500: SPI frame ended after ${this.headerBytes} bytes of header and no data`);
  }

  write(b: Uint8Array, at: number, length: number): void {
    this.checkTransfer(b, at, length);
    let taken = 0;
    while (taken < length && this.headerBytes < HEADER_BYTES) this.takeHeader(b[at + taken++]!);
    if (taken === length) return;
    if (!this.writing) throw new ChipFault('W5500: data written in an SPI frame that reads');
    this.writeData(b, at + taken, length - taken);
    this.advance(length - taken);
  }

  read(b: Uint8Array, at: number, length: number): void {
    this.checkTransfer(b, at, length);
    if (this.headerBytes < HEADER_BYTES)
      throw new ChipFault('W5500: data read before the header is complete');
    if (this.writing) throw new ChipFault('W5500: data read in an SPI frame that writes');
    this.readData(b, at, length);
    this.advance(length);
  }

  private checkTransfer(b: Uint8Array, at: number, length: number): void {
    if (!this.selected) throw new ChipFault('W5500: transfer without chip select');
    if (length <= 0 || at < 0 || at + length > b.length) {
      throw new ChipFault(`W5500: transfer of ${length} bytes at ${at} of an array of ${b.length}`);
    }
    this.clockedBytes += length;
  }

  private takeHeader(value: number): void {
    this.headerBytes++;
    if (this.headerBytes < HEADER_BYTES) {
      this.address = ((this.address << 8) | value) & 0xffff;
      return;
    }
    if (value & CONTROL_OPERATION_MODE) throw new ChipFault('W5500: fixed length data mode is not modelled');
    this.block = value >> CONTROL_BLOCK_SHIFT;
    this.writing = (value & CONTROL_WRITE) !== 0;
  }

  private advance(length: number): void {
    this.address = (this.address + length) & 0xffff;
    this.dataBytes += length;
  }

  private writeData(b: Uint8Array, at: number, length: number): void {
    const kind = this.block & 0b11;
    if (this.block >> 2 === 0 && kind === BLOCK_TX) return this.socket.writeTx(this.address, b, at, length);
    if (kind > BLOCK_REGISTERS) throw this.blockFault();
    for (let i = 0; i < length; i++) this.writeRegister(this.address + i, b[at + i]!);
  }

  private readData(b: Uint8Array, at: number, length: number): void {
    const kind = this.block & 0b11;
    if (this.block >> 2 === 0 && kind > BLOCK_TX) return this.socket.readRx(this.address, b, at, length);
    if (kind > BLOCK_REGISTERS) throw this.blockFault();
    for (let i = 0; i < length; i++) b[at + i] = this.readRegister(this.address + i);
  }

  private blockFault(): ChipFault {
    const access = this.writing ? 'write to' : 'read of';
    return new ChipFault(`W5500: ${access} block 0x${this.block.toString(16)}, reserved or not modelled`);
  }

  private registerFault(offset: number): ChipFault {
    const access = this.writing ? 'write to' : 'read of';
    const register = `0x${offset.toString(16)} of block 0x${this.block.toString(16)}`;
    return new ChipFault(`W5500: ${access} register ${register}, reserved, read-only or not modelled`);
  }

  private readRegister(offset: number): number {
    if (this.block === BLOCK_COMMON) return this.readCommon(offset);
    this.checkOutOfReset();
    if (this.block === BLOCK_REGISTERS) return this.socket.readRegister(offset);
    this.checkBufferSize(offset);
    return this.socket.readBufferSize(this.block >> 2, offset);
  }

  private writeRegister(offset: number, value: number): void {
    this.checkOutOfReset();
    if (this.block === BLOCK_COMMON) return this.writeCommon(offset, value);
    if (this.block === BLOCK_REGISTERS) return this.socket.writeRegister(offset, value);
    this.checkBufferSize(offset);
    this.socket.writeBufferSize(this.block >> 2, offset, value);
  }

  /** Of sockets 1 to 7 nothing else is modelled; block 0b00100 and its like are reserved. */
  private checkBufferSize(offset: number): void {
    if ((this.block & 0b11) !== BLOCK_REGISTERS) throw this.blockFault();
    if (offset !== Sn_RXBUF_SIZE && offset !== Sn_TXBUF_SIZE) throw this.registerFault(offset);
  }

  private checkOutOfReset(): void {
    if (this.mode & MR_RST) throw new ChipFault('W5500: register accessed during the software reset');
  }

  private readCommon(offset: number): number {
    if (offset === MR) return this.readMode();
    this.checkOutOfReset();
    if (offset >= SHAR && offset < SHAR + SHAR_BYTES) return this.macAddress[offset - SHAR]!;
    switch (offset) {
      case IR:
        return 0;
      case SIR:
        return this.socket.interruptPending ? 1 : 0;
      case PHYCFGR:
        return this.socket.link ? PHYCFGR_RESET | PHYCFGR_LINK : PHYCFGR_RESET;
      case VERSIONR:
        return VERSION;
    }
    throw this.registerFault(offset);
  }

  private writeCommon(offset: number, value: number): void {
    if (offset >= SHAR && offset < SHAR + SHAR_BYTES) {
      this.macAddress[offset - SHAR] = value;
      return;
    }
    if (offset !== MR) throw this.registerFault(offset);
    if (value & ~(MR_RST | MR_PB)) throw new ChipFault('W5500: MR: only RST and PB are modelled');
    if (value & MR_RST) {
      this.reset();
      this.resetReadsLeft = this.resetPolls;
    }
    this.mode = value;
  }

  private readMode(): number {
    if (this.mode & MR_RST && this.resetReadsLeft-- <= 0) this.mode = 0;
    return this.mode;
  }
}
