/**
 * From power-up, or from a socket that must be closed, to socket 0 open in MACRAW mode with all of the chip's
 * memory: one poll at a time. Section numbers refer to [DS], see registers.ts.
 */
import { PortStatus } from '../../src/back-end/ports.js';
import { equal } from '../../src/wire/byte-loops.js';
import type { W5500Bus } from './bus.js';
import {
  BUFFER_BYTES,
  COMMON_READ,
  COMMON_WRITE,
  controlWrite,
  MR,
  MR_PB,
  MR_RST,
  S0_READ,
  S0_WRITE,
  SHAR,
  Sn_CR,
  Sn_CR_CLOSE,
  Sn_CR_OPEN,
  Sn_IR,
  Sn_IR_ALL,
  Sn_MR,
  Sn_MR_MACRAW,
  Sn_MR_MFEN,
  Sn_MR_MIP6B,
  Sn_MR_MMB,
  Sn_RXBUF_SIZE,
  Sn_TX_FSR,
  SOCK_CLOSED,
  SOCK_MACRAW,
  socketRegisterBlock,
  VERSIONR,
  VERSIONR_W5500,
} from './registers.js';

const MAC_BYTES = 6;
const SOCKETS = 8;
/** 16 KB in Sn_RXBUF_SIZE and, next to it, in Sn_TXBUF_SIZE. */
const BUFFER_SIZES_ALL = 0x1010;

/** For each phase. The PLL takes 1 ms, [DS] 5.5.1; a board's supply may rise more slowly. */
const PHASE_TIMEOUT_US = 100_000;

/**
 * Own unicast and broadcast, which is all that a board is spoken to with. Chips are seen to let IP multicast
 * through MFEN, which [DS] 4.2 does not say; MMB blocks that of IPv4 and MIP6B every IPv6 frame. On a switch that
 * floods they would cost SPI time.
 */
const SOCKET_MODE = Sn_MR_MACRAW | Sn_MR_MFEN | Sn_MR_MMB | Sn_MR_MIP6B;

const Phase = Object.freeze({
  /** Nothing happens until the next `open`. */
  idle: 0,
  /** Waiting for VERSIONR to read 0x04. */
  version: 1,
  /** Waiting for the end of the software reset. */
  reset: 2,
  /** Waiting for SOCK_CLOSED. */
  closing: 3,
  /** Waiting for SOCK_MACRAW. */
  opening: 4,
  open: 5,
} as const);
type Phase = (typeof Phase)[keyof typeof Phase];

const UNSET = -1;

export class BringUp {
  /** Sn_TX_WR and Sn_RX_RD as OPEN has set them. */
  txWrite = 0;
  rxRead = 0;

  private readonly bus: W5500Bus;
  private readonly macAddress: Uint8Array;
  private readonly pollsMax: number;
  private readonly scratch = new Uint8Array(10);
  private phase: Phase = Phase.idle;
  private deadlineUs = UNSET;
  private polls = 0;

  /** @param pollsMax polls after which {@link proceed}, which has no clock, calls a phase too long */
  constructor(bus: W5500Bus, macAddress: Uint8Array, pollsMax: number) {
    this.bus = bus;
    this.macAddress = macAddress;
    this.pollsMax = pollsMax;
  }

  /** The next poll begins with VERSIONR and a software reset. */
  startWithReset(): void {
    this.enter(Phase.version);
  }

  /** The next poll begins with closing the socket; the PHY and the link stay as they are. */
  startWithClose(): void {
    this.enter(Phase.closing);
  }

  /** As {@link NicPort.open}; begins with a reset unless something is under way. */
  open(nowUs: number): PortStatus {
    if (this.phase === Phase.idle) {
      this.bus.applyClock();
      this.enter(Phase.version);
    }
    let status = this.advance();
    while (status === PortStatus.ok && this.phase !== Phase.open) status = this.advance();
    if (status === PortStatus.pending) {
      if (this.deadlineUs === UNSET) this.deadlineUs = nowUs + PHASE_TIMEOUT_US;
      if (nowUs < this.deadlineUs) return status;
      status = this.timeoutCause();
    }
    this.enter(Phase.idle);
    return status;
  }

  /** One poll without a clock: `ok` once the socket is open, `pending`, or why it does not open. */
  proceed(): PortStatus {
    if (this.phase === Phase.idle) return PortStatus.pending;
    const status = this.advance();
    if (status === PortStatus.pending) return ++this.polls < this.pollsMax ? status : PortStatus.timeout;
    if (status !== PortStatus.ok) return status;
    if (this.phase !== Phase.open) return PortStatus.pending;
    this.enter(Phase.idle);
    return status;
  }

  private enter(phase: Phase): void {
    this.phase = phase;
    this.deadlineUs = UNSET;
    this.polls = 0;
  }

  /** `ok` when the next phase was entered, `pending` when not yet, or a failure. */
  private advance(): PortStatus {
    switch (this.phase) {
      case Phase.version:
        return this.awaitVersion();
      case Phase.reset:
        return this.awaitReset();
      case Phase.closing:
        return this.awaitClosed();
      default:
        return this.awaitOpened();
    }
  }

  private timeoutCause(): PortStatus {
    if (this.phase !== Phase.version) return PortStatus.timeout;
    // An unconnected MISO is pulled to one side or the other.
    const version = this.scratch[0]!;
    return version === 0x00 || version === 0xff ? PortStatus.noMedium : PortStatus.unsupported;
  }

  private awaitVersion(): PortStatus {
    this.bus.read(VERSIONR, COMMON_READ, this.scratch, 0, 1);
    if (this.scratch[0] !== VERSIONR_W5500) return PortStatus.pending;
    this.bus.write8(MR, COMMON_WRITE, MR_RST);
    this.enter(Phase.reset);
    return PortStatus.ok;
  }

  private awaitReset(): PortStatus {
    this.bus.read(MR, COMMON_READ, this.scratch, 0, 1);
    if ((this.scratch[0]! & MR_RST) !== 0) return PortStatus.pending;
    return this.configure();
  }

  private awaitClosed(): PortStatus {
    this.bus.read(Sn_CR, S0_READ, this.scratch, 0, 3);
    if (this.scratch[0] !== 0) return PortStatus.pending;
    if (this.scratch[2] === SOCK_CLOSED) return this.configure();
    this.bus.write8(Sn_CR, S0_WRITE, Sn_CR_CLOSE);
    return PortStatus.pending;
  }

  /** Writes every register, also when only the socket is reopened: a dip of the supply resets them all. */
  private configure(): PortStatus {
    const bus = this.bus;
    bus.write8(MR, COMMON_WRITE, MR_PB);
    // Socket 0 last: the sum must not exceed 16 KB at any time, [DS] 4.2 Sn_RXBUF_SIZE.
    for (let n = SOCKETS - 1; n > 0; n--) bus.write16(Sn_RXBUF_SIZE, controlWrite(socketRegisterBlock(n)), 0);
    bus.write16(Sn_RXBUF_SIZE, S0_WRITE, BUFFER_SIZES_ALL);
    bus.write(SHAR, COMMON_WRITE, this.macAddress, 0, MAC_BYTES);
    bus.read(SHAR, COMMON_READ, this.scratch, 0, MAC_BYTES);
    if (!equal(this.scratch, 0, this.macAddress, 0, MAC_BYTES)) return PortStatus.protocolError;
    bus.write8(Sn_MR, S0_WRITE, SOCKET_MODE);
    // A SEND that was cut off may have left its SEND_OK.
    bus.write8(Sn_IR, S0_WRITE, Sn_IR_ALL);
    bus.write8(Sn_CR, S0_WRITE, Sn_CR_OPEN);
    this.enter(Phase.opening);
    return PortStatus.ok;
  }

  private awaitOpened(): PortStatus {
    const scratch = this.scratch;
    this.bus.read(Sn_CR, S0_READ, scratch, 0, 3);
    if (scratch[0] !== 0 || scratch[2] !== SOCK_MACRAW) return PortStatus.pending;
    // From Sn_TX_FSR to Sn_RX_RD; received frames move none of the three used here.
    this.bus.read(Sn_TX_FSR, S0_READ, scratch, 0, 10);
    if (((scratch[0]! << 8) | scratch[1]!) !== BUFFER_BYTES) return PortStatus.protocolError;
    this.txWrite = (scratch[4]! << 8) | scratch[5]!;
    this.rxRead = (scratch[8]! << 8) | scratch[9]!;
    this.enter(Phase.open);
    return PortStatus.ok;
  }
}
