/**
 * What an initialised card is doing, and how it is brought from that to something else: reads that stay open,
 * writes, busy. Knows nothing of requests; sd-card.ts has those.
 */
import { PortStatus } from '../../src/back-end/ports.js';
import { BLOCK_BYTES, NOTHING, type SdBus } from './bus.js';
import { Deadline } from './deadline.js';
import {
  ADDRESS_ERROR,
  COM_CRC_ERROR,
  IN_IDLE_STATE,
  PARAMETER_ERROR,
  READ_MULTIPLE_BLOCK,
  READ_SINGLE_BLOCK,
  READ_TIMEOUT_US,
  SEND_STATUS,
  START_BLOCK,
  WRITE_BLOCK,
  WRITE_MULTIPLE_BLOCK,
  WRITE_TIMEOUT_US,
} from './registers.js';

const Activity = Object.freeze({
  none: 0,
  /** CMD17 or CMD18: it owes a block. */
  reading: 1,
  /** CMD25: it takes blocks, and may be busy with the last one. */
  writing: 2,
  /** It ends something and may be busy. */
  ending: 3,
} as const);
type Activity = (typeof Activity)[keyof typeof Activity];

/** A call polls about this many bytes for a token or the end of busy, then answers `pending`: 20 µs at 25 MHz. */
const POLL_BYTES = 64;
/** No sector: makes a running read end before the next block. */
const NOWHERE = -1;

export class CardTransfer {
  isOpen = false;
  /** Waits that ended because their time was over. */
  timeouts = 0;
  /** The byte that ended the last {@link receive}. */
  token = NOTHING;
  /** Reads begun anew because the card forgot them when the bus was released. */
  forgotten = 0;
  private readonly bus: SdBus;
  private readonly exclusiveBus: boolean;
  private readonly clockHz: number;
  private readonly deadline = new Deadline();
  private highCapacity = false;
  /** The card bears a release of the bus while it owes a block. */
  private patient = true;
  private activity: Activity = Activity.none;
  /** The sector that a running read delivers next, or {@link NOWHERE}. */
  private streamSector = NOWHERE;
  private streamIsSingle = false;
  /** Where the last intact block ended. */
  private lastEnd = NOWHERE;

  constructor(bus: SdBus, exclusiveBus: boolean, clockHz: number) {
    this.bus = bus;
    this.exclusiveBus = exclusiveBus;
    this.clockHz = clockHz;
  }

  /** The card has been initialised. */
  begin(highCapacity: boolean): void {
    this.highCapacity = highCapacity;
    this.patient = true;
    this.isOpen = true;
  }

  /** The card's state is unknown, or it is gone: it needs initialisation. Returns `status`. */
  close(status: PortStatus): PortStatus {
    this.isOpen = false;
    this.activity = Activity.none;
    this.streamSector = NOWHERE;
    this.lastEnd = NOWHERE;
    this.deadline.clear();
    return status;
  }

  /** Somebody else's wait begins. */
  resetDeadline(): void {
    this.deadline.clear();
  }

  /** Whether the card delivers `sector` next without another command. */
  delivers(sector: number): boolean {
    return this.activity === Activity.reading && this.streamSector === sector;
  }

  /** CMD17 or CMD18, see sd-card.ts; the card must be settled. */
  startRead(sector: number, remaining: number): PortStatus {
    const continues = this.patient && sector === this.lastEnd;
    this.streamIsSingle = remaining === 1 && !continues;
    const command = this.streamIsSingle ? READ_SINGLE_BLOCK : READ_MULTIPLE_BLOCK;
    const status = this.commandStatus(this.bus.readCommand(command, this.address(sector)));
    if (status !== PortStatus.ok) return status;
    this.activity = Activity.reading;
    this.streamSector = sector;
    return PortStatus.ok;
  }

  /** No token in this call: `pending`, `ok` when the read has to be started anew, or why it failed. */
  tokenStatus(nowUs: number): PortStatus {
    if (this.patient) {
      const status = this.deadline.check(nowUs, READ_TIMEOUT_US);
      if (status === PortStatus.pending) return status;
    }
    this.timeouts++;
    const stopped = this.stop(true);
    if (stopped !== PortStatus.ok) return stopped;
    if (!this.patient || this.exclusiveBus) return this.close(PortStatus.timeout);
    this.patient = false;
    this.forgotten++;
    return PortStatus.ok;
  }

  /**
   * The next blocks of the running read, see {@link SdBus.receiveBlocks}: returns how many came intact. What ended
   * it is {@link token}; when that is {@link NOTHING}, ask {@link tokenStatus}.
   */
  receive(b: Uint8Array, at: number, count: number): number {
    const bus = this.bus;
    const blocks = bus.receiveBlocks(b, at, count, this.tokenPollBytes());
    const token = bus.ended;
    this.token = token;
    if (blocks > 0) {
      this.streamSector += blocks;
      this.lastEnd = this.streamSector;
    }
    if (blocks > 0 || token !== NOTHING) {
      this.deadline.clear();
      // A damaged block was one too: CMD17 owes no other.
      if (this.streamIsSingle && (blocks > 0 || token === START_BLOCK)) this.activity = Activity.none;
    }
    return blocks;
  }

  /** A data error token has come in place of a block. */
  endRefusedRead(): PortStatus {
    if (!this.streamIsSingle) return this.stop(false);
    this.activity = Activity.none;
    return PortStatus.ok;
  }

  /** The running read isn't to go on: the next {@link settle} ends it. */
  abandonRead(): void {
    this.streamSector = NOWHERE;
  }

  /** After a read request is answered: a card that forgets reads must have none open when the bus is released. */
  pause(nowUs: number): void {
    if (!this.patient) this.settle(nowUs);
  }

  /** CMD24 or CMD25; the card must be settled. */
  startWrite(sector: number, count: number): PortStatus {
    const command = count === 1 ? WRITE_BLOCK : WRITE_MULTIPLE_BLOCK;
    const status = this.commandStatus(this.bus.command(command, this.address(sector)));
    if (status === PortStatus.ok) this.activity = Activity.writing;
    return status;
  }

  /** The only block of a CMD24 was sent: nothing is left to stop. */
  endSingleWrite(): void {
    this.activity = Activity.ending;
  }

  /** CMD12, `gap` as in {@link SdBus.stopTransmission}. */
  stop(gap: boolean): PortStatus {
    this.streamSector = NOWHERE;
    if (this.bus.stopTransmission(gap) === NOTHING) return this.close(PortStatus.noMedium);
    this.activity = Activity.ending;
    return PortStatus.ok;
  }

  awaitReady(nowUs: number): PortStatus {
    if (this.bus.ready(POLL_BYTES)) {
      this.deadline.clear();
      return PortStatus.ok;
    }
    const status = this.deadline.check(nowUs, WRITE_TIMEOUT_US);
    if (status === PortStatus.pending) return status;
    this.timeouts++;
    return this.close(status);
  }

  /** Brings the card to where it takes a new command, whatever it is doing. */
  settle(nowUs: number): PortStatus {
    while (this.activity !== Activity.none) {
      if (this.activity === Activity.reading) {
        const ended = this.endRead(nowUs);
        if (ended !== PortStatus.ok) return ended;
        continue;
      }
      const ready = this.awaitReady(nowUs);
      if (ready !== PortStatus.ok) return ready;
      if (this.activity === Activity.writing) {
        this.bus.stopTran();
        this.activity = Activity.ending;
      } else this.activity = Activity.none;
    }
    return PortStatus.ok;
  }

  /** CMD13, which also clears error bits ([SD] 7.3.4): `ok` when there are none. */
  checkStatus(): PortStatus {
    const r1 = this.bus.command(SEND_STATUS, 0);
    if (r1 === NOTHING) return this.close(PortStatus.noMedium);
    return r1 === 0 && this.bus.responseByte(0) === 0 ? PortStatus.ok : PortStatus.writeError;
  }

  /**
   * CMD12 must not meet the beginning of a block: it follows at once upon a token ([SD] 7.5.2.2, full edition), here
   * the token of a block that isn't wanted. If none comes in time, there is nothing to meet.
   */
  private endRead(nowUs: number): PortStatus {
    const token = this.bus.token(this.tokenPollBytes());
    if (token === NOTHING && this.patient) {
      const status = this.deadline.check(nowUs, READ_TIMEOUT_US);
      if (status === PortStatus.pending) return status;
    }
    this.deadline.clear();
    return this.stop(token === NOTHING);
  }

  private tokenPollBytes(): number {
    if (this.patient) return POLL_BYTES;
    return Math.ceil((READ_TIMEOUT_US * this.clockHz) / 8_000_000);
  }

  /** SDSC cards count bytes; they end below 2^32. */
  private address(sector: number): number {
    return this.highCapacity ? sector : sector * BLOCK_BYTES;
  }

  /** What the R1 of a transfer command means. */
  private commandStatus(r1: number): PortStatus {
    if (r1 === 0) return PortStatus.ok;
    // Idle: another card, or one that lost power, and either waits for initialisation.
    if (r1 === NOTHING || (r1 & IN_IDLE_STATE) !== 0) return this.close(PortStatus.noMedium);
    if ((r1 & COM_CRC_ERROR) !== 0) return PortStatus.crcError;
    if ((r1 & (ADDRESS_ERROR | PARAMETER_ERROR)) !== 0) return PortStatus.outOfRange;
    return this.close(PortStatus.protocolError);
  }
}
