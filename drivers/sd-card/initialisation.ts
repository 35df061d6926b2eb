/**
 * From power-up to the transfer state ([SD] 7.2.1, Figure 7-2): CMD0, CMD8, CMD59, ACMD41 until ready, CMD58,
 * CMD9, and CMD16 for SDSC. One command, or a pair, in a step, so that no step takes longer than about a
 * millisecond at 400 kHz (only a card that left CMD0 unanswered costs more).
 */
import { PortStatus } from '../../src/back-end/ports.js';
import { BLOCK_BYTES, NOTHING, type SdBus } from './bus.js';
import { csdSectorCount } from './csd.js';
import { Deadline } from './deadline.js';
import {
  APP_CMD,
  CHECK_PATTERN,
  COM_CRC_ERROR,
  CRC_ON,
  CRC_ON_OFF,
  CSD_BYTES,
  GO_IDLE_STATE,
  HCS,
  ILLEGAL_COMMAND,
  INITIALISATION_TIMEOUT_US,
  IN_IDLE_STATE,
  OCR_CCS,
  OCR_POWERED_UP,
  READ_OCR,
  SD_SEND_OP_COND,
  SEND_CSD,
  SEND_IF_COND,
  SET_BLOCKLEN,
  START_BLOCK,
  VHS_AND_CHECK_PATTERN,
  VOLTAGE_ACCEPTED,
} from './registers.js';

const Phase = Object.freeze({
  goIdle: 0,
  interfaceCondition: 1,
  crcOn: 2,
  operatingCondition: 3,
  capacityStatus: 4,
  cardSpecificData: 5,
  blockLength: 6,
} as const);
type Phase = (typeof Phase)[keyof typeof Phase];

const ATTEMPTS = 4;
/** What can be left of a transfer that the board's own reset cut off: a block, its CRC, tokens and a response. */
const CUT_OFF_BYTES = BLOCK_BYTES + 32;
/** The CSD comes as quickly as a response ([SD] 7.2.6); this is generous. */
const CSD_TOKEN_BYTES = 512;

export class CardInitialisation {
  sectorCount = 0;
  /** SDHC or SDXC: addresses count sectors, not bytes. */
  highCapacity = false;
  private readonly bus: SdBus;
  private readonly initialClockHz: number;
  private readonly clockHz: number;
  private readonly csd = new Uint8Array(CSD_BYTES);
  private readonly deadline = new Deadline();
  private phase: Phase = Phase.goIdle;
  private attempts = 0;
  private version1 = false;

  constructor(bus: SdBus, initialClockHz: number, clockHz: number) {
    this.bus = bus;
    this.initialClockHz = initialClockHz;
    this.clockHz = clockHz;
  }

  /** The next step: `pending` until the card is ready for transfers; after a failure the next call begins anew. */
  step(nowUs: number): PortStatus {
    if (this.phase === Phase.goIdle) {
      this.bus.setClock(this.initialClockHz);
      this.bus.powerUp();
    }
    this.bus.select();
    const status = this.advance(nowUs);
    this.bus.release();
    if (status !== PortStatus.pending) {
      this.enter(Phase.goIdle);
      this.deadline.clear();
    }
    return status;
  }

  private advance(nowUs: number): PortStatus {
    switch (this.phase) {
      case Phase.goIdle:
        return this.goIdle();
      case Phase.interfaceCondition:
        return this.checkInterfaceCondition();
      case Phase.crcOn:
        return this.turnCrcOn();
      case Phase.operatingCondition:
        return this.startCard(nowUs);
      case Phase.capacityStatus:
        return this.readCapacityStatus();
      case Phase.cardSpecificData:
        return this.readCsd();
      case Phase.blockLength:
        return this.setBlockLength();
    }
  }

  private enter(phase: Phase): PortStatus {
    this.phase = phase;
    this.attempts = 0;
    return PortStatus.pending;
  }

  /** Another attempt at this phase, or `failure` when there were enough. */
  private retry(failure: PortStatus): PortStatus {
    this.attempts++;
    return this.attempts < ATTEMPTS ? PortStatus.pending : failure;
  }

  private goIdle(): PortStatus {
    if (this.bus.command(GO_IDLE_STATE, 0) === IN_IDLE_STATE) return this.enter(Phase.interfaceCondition);
    if (this.attempts === 0) this.bus.drain(CUT_OFF_BYTES);
    return this.retry(PortStatus.noMedium);
  }

  private checkInterfaceCondition(): PortStatus {
    const r1 = this.bus.command(SEND_IF_COND, VHS_AND_CHECK_PATTERN);
    if (r1 === NOTHING) return PortStatus.noMedium;
    if ((r1 & COM_CRC_ERROR) !== 0) return PortStatus.crcError;
    this.version1 = (r1 & ILLEGAL_COMMAND) !== 0;
    if (!this.version1) {
      if (this.bus.responseByte(3) !== CHECK_PATTERN) return this.retry(PortStatus.protocolError);
      if ((this.bus.responseByte(2) & 0x0f) !== VOLTAGE_ACCEPTED) return PortStatus.unsupported;
    }
    return this.enter(Phase.crcOn);
  }

  private turnCrcOn(): PortStatus {
    const status = initialisationStatus(this.bus.command(CRC_ON_OFF, CRC_ON));
    return status === PortStatus.ok ? this.enter(Phase.operatingCondition) : status;
  }

  private startCard(nowUs: number): PortStatus {
    let r1 = this.bus.command(APP_CMD, 0);
    if (initialisationStatus(r1) === PortStatus.ok)
      r1 = this.bus.command(SD_SEND_OP_COND, this.version1 ? 0 : HCS);
    // An MMC card knows neither command.
    if (r1 !== NOTHING && (r1 & ILLEGAL_COMMAND) !== 0) return PortStatus.unsupported;
    const status = initialisationStatus(r1);
    if (status !== PortStatus.ok) return status;
    if ((r1 & IN_IDLE_STATE) !== 0) return this.deadline.check(nowUs, INITIALISATION_TIMEOUT_US);
    this.deadline.clear();
    this.bus.setClock(this.clockHz);
    this.highCapacity = false;
    // CCS exists since version 2.00.
    return this.enter(this.version1 ? Phase.cardSpecificData : Phase.capacityStatus);
  }

  private readCapacityStatus(): PortStatus {
    // QEMU's card (hw/sd/ssi-sd.c, version 7.2) answers CMD58 with the idle bit set at any time, so that bit isn't
    // looked at here: ACMD41 has just said that the card is ready.
    const status = initialisationStatus(this.bus.command(READ_OCR, 0));
    if (status !== PortStatus.ok) return status;
    const ocr = this.bus.responseByte(0);
    if ((ocr & OCR_POWERED_UP) === 0) return PortStatus.protocolError;
    this.highCapacity = (ocr & OCR_CCS) !== 0;
    return this.enter(Phase.cardSpecificData);
  }

  private readCsd(): PortStatus {
    const r1 = this.bus.readCommand(SEND_CSD, 0);
    if (r1 === NOTHING) return PortStatus.noMedium;
    if (r1 !== 0) return PortStatus.protocolError;
    const token = this.bus.token(CSD_TOKEN_BYTES);
    if (token === NOTHING) return PortStatus.timeout;
    if (token !== START_BLOCK) return PortStatus.protocolError;
    if (!this.bus.receive(this.csd, 0, CSD_BYTES, false)) return this.retry(PortStatus.crcError);
    this.sectorCount = csdSectorCount(this.csd, 0);
    if (this.sectorCount === 0) return PortStatus.unsupported;
    return this.highCapacity ? PortStatus.ok : this.enter(Phase.blockLength);
  }

  /** A 2 GB card begins with blocks of 1,024 bytes ([SD] 5.3.2, READ_BL_LEN). */
  private setBlockLength(): PortStatus {
    const r1 = this.bus.command(SET_BLOCKLEN, BLOCK_BYTES);
    if (r1 === NOTHING) return PortStatus.noMedium;
    return r1 === 0 ? PortStatus.ok : PortStatus.protocolError;
  }
}

/** What an R1 means while the card may still be idle. */
function initialisationStatus(r1: number): PortStatus {
  if (r1 === NOTHING) return PortStatus.noMedium;
  if ((r1 & COM_CRC_ERROR) !== 0) return PortStatus.crcError;
  return (r1 & ~IN_IDLE_STATE) === 0 ? PortStatus.ok : PortStatus.protocolError;
}
