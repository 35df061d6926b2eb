/**
 * An SD memory card in SPI mode as a disk: SDSC (versions 1 and 2), SDHC and SDXC.
 *
 * Reads. A read that continues the one before it, or asks for several sectors, runs on CMD18, which stays open
 * after the read and until something else is wanted. A single sector somewhere else is taken with CMD17: to stop
 * a CMD18 costs the wait for a block that nobody wants, and look-ups read single sectors at scattered places. So
 * a run of single-sector reads costs one CMD17 and one CMD18.
 *
 * The bus is released at the end of each call, except with `exclusiveBus`. While CMD18 runs that happens only
 * between two blocks. [SD] doesn't say that a card must bear it, and there are cards that forget the transfer: the
 * first token that fails to come makes the driver hold the bus from then on until the token is there, and end
 * CMD18 with each call.
 *
 * Writes. CMD24 or CMD25, each block acknowledged, busy polled, and `ok` only after a clean CMD13.
 *
 * Errors. Damaged commands and blocks are repeated a few times. `crcError`, `outOfRange` and `writeError` leave the
 * card open; after any other failure reads and writes answer `noMedium` until `open` has succeeded again.
 */
import { type DiskPort, PortStatus, type SpiPort } from '../../src/back-end/ports.js';
import { BLOCK_BYTES, NOTHING, SdBus } from './bus.js';
import { CardInitialisation } from './initialisation.js';
import {
  DATA_ACCEPTED,
  DATA_CRC_ERROR,
  DATA_ERROR_OUT_OF_RANGE,
  DATA_ERROR_ZERO_BITS,
  DATA_WRITE_ERROR,
  DEFAULT_SPEED_CLOCK_HZ,
  IDENTIFICATION_CLOCK_HZ,
  START_BLOCK,
  START_BLOCK_MULTIPLE_WRITE,
} from './registers.js';
import { CardTransfer } from './transfer.js';

const Request = Object.freeze({ none: 0, read: 1, write: 2 } as const);
type Request = (typeof Request)[keyof typeof Request];

/** How often a block that was read, or a whole write, is repeated. */
const RETRIES = 3;

export interface SdCardOptions {
  readonly spi: SpiPort;
  /** Bus clock for transfers; 25 MHz, the limit of default speed, unless given. */
  readonly clockHz?: number;
  /** Bus clock for initialisation, at most (and unless given) 400 kHz. */
  readonly initialClockHz?: number;
  /** No other chip is on the bus: the card stays selected, which spares calls and suits every card. */
  readonly exclusiveBus?: boolean;
}

export class SdCard implements DiskPort {
  /** Reads, writes and sectors that were answered with `ok`. */
  reads = 0;
  writes = 0;
  sectors = 0;
  /** Data blocks whose CRC was wrong, on either side. */
  crcErrors = 0;
  /** How often {@link open} succeeded after the first time. */
  reopened = 0;
  private readonly bus: SdBus;
  private readonly exclusiveBus: boolean;
  private readonly initialisation: CardInitialisation;
  private readonly card: CardTransfer;
  private opened = false;
  private repeats = 0;

  private request: Request = Request.none;
  private requestSector = 0;
  private requestCount = 0;
  private requestBuffer: Uint8Array | undefined = undefined;
  private requestAt = 0;
  /** Blocks of the request that are transferred. */
  private done = 0;
  private attempts = 0;
  private writeStarted = false;
  /** What the request answers once the card came to rest, if not `ok`. */
  private failure: PortStatus = PortStatus.ok;

  constructor(options: SdCardOptions) {
    const initialClockHz = options.initialClockHz ?? IDENTIFICATION_CLOCK_HZ;
    if (initialClockHz > IDENTIFICATION_CLOCK_HZ)
      throw new RangeError(
        'initialClockHz is above 400 kHz, which cards need not follow: give 400000 or less',
      );
    const clockHz = options.clockHz ?? DEFAULT_SPEED_CLOCK_HZ;
    this.exclusiveBus = options.exclusiveBus ?? false;
    this.bus = new SdBus(options.spi);
    this.initialisation = new CardInitialisation(this.bus, initialClockHz, clockHz);
    this.card = new CardTransfer(this.bus, this.exclusiveBus, clockHz);
  }

  get sectorCount(): number {
    return this.initialisation.sectorCount;
  }

  /** Commands that the card got damaged; they were sent again. */
  get commandCrcErrors(): number {
    return this.bus.commandCrcErrors;
  }

  /** Tokens and ends of busy that didn't come in time. */
  get timeouts(): number {
    return this.card.timeouts;
  }

  /** Blocks, and writes, that were tried again. */
  get retries(): number {
    return this.repeats + this.card.forgotten;
  }

  /**
   * Initialises the card, and does so again when it is open already. `noMedium`: no answer; `unsupported`: not an
   * SD card, no common voltage, or a CSD of an unknown structure; `timeout`: not ready within 1 s; `crcError`, `protocolError`: it answers,
   * but badly.
   */
  open(nowUs: number): PortStatus {
    if (this.card.isOpen) {
      this.request = Request.none;
      this.bus.select();
      const settled = this.card.settle(nowUs);
      this.release();
      if (settled === PortStatus.pending) return settled;
      this.card.close(settled);
    }
    const status = this.initialisation.step(nowUs);
    if (status !== PortStatus.ok) return status;
    this.card.begin(this.initialisation.highCapacity);
    if (this.opened) this.reopened++;
    this.opened = true;
    return PortStatus.ok;
  }

  /** `crcError` also stands for a block that the card itself could not read (its ECC failed). */
  read(nowUs: number, sector: number, count: number, b: Uint8Array, at: number): PortStatus {
    const refused = this.begin(Request.read, sector, count, b, at);
    if (refused !== PortStatus.ok) return refused;
    this.bus.select();
    const status = this.readBlocks(nowUs, sector, count, b, at);
    if (status === PortStatus.ok) {
      this.reads++;
      this.sectors += count;
      this.card.pause(nowUs);
    }
    return this.finish(status);
  }

  write(nowUs: number, sector: number, count: number, b: Uint8Array, at: number): PortStatus {
    const refused = this.begin(Request.write, sector, count, b, at);
    if (refused !== PortStatus.ok) return refused;
    this.bus.select();
    const status = this.writeBlocks(nowUs, sector, count, b, at);
    if (status === PortStatus.ok) {
      this.writes++;
      this.sectors += count;
    }
    return this.finish(status);
  }

  /** Checks a call's arguments, and forgets the unfinished request before it unless this is the same call again. */
  private begin(request: Request, sector: number, count: number, b: Uint8Array, at: number): PortStatus {
    if (!this.card.isOpen) return PortStatus.noMedium;
    if (sector < 0 || count < 1 || sector + count > this.sectorCount) return PortStatus.outOfRange;
    if (
      this.request === request &&
      this.requestSector === sector &&
      this.requestCount === count &&
      this.requestBuffer === b &&
      this.requestAt === at
    )
      return PortStatus.ok;
    this.request = request;
    this.requestSector = sector;
    this.requestCount = count;
    this.requestBuffer = b;
    this.requestAt = at;
    this.done = 0;
    this.attempts = 0;
    this.writeStarted = false;
    this.failure = PortStatus.ok;
    this.card.resetDeadline();
    return PortStatus.ok;
  }

  private finish(status: PortStatus): PortStatus {
    this.release();
    if (status !== PortStatus.pending) this.request = Request.none;
    return status;
  }

  private release(): void {
    if (!this.exclusiveBus) this.bus.release();
  }

  private readBlocks(nowUs: number, sector: number, count: number, b: Uint8Array, at: number): PortStatus {
    const card = this.card;
    for (;;) {
      const next = sector + this.done;
      if (!card.delivers(next)) {
        const settled = card.settle(nowUs);
        if (settled !== PortStatus.ok) return settled;
        if (this.failure !== PortStatus.ok) return this.failure;
        const started = card.startRead(next, count - this.done);
        if (started !== PortStatus.ok) return started;
      }
      const blocks = card.receive(b, at + this.done * BLOCK_BYTES, count - this.done);
      if (blocks > 0) {
        this.attempts = 0;
        this.done += blocks;
        if (this.done === count) return PortStatus.ok;
      }
      const token = card.token;
      if (token === START_BLOCK) {
        this.crcErrors++;
        this.repeatRead();
      } else {
        const status = token === NOTHING ? card.tokenStatus(nowUs) : this.blockRefused(token);
        if (status !== PortStatus.ok) return status;
      }
    }
  }

  /** A token that isn't a start token: `ok` when the request goes on. */
  private blockRefused(token: number): PortStatus {
    if ((token & DATA_ERROR_ZERO_BITS) !== 0) return this.card.close(PortStatus.protocolError);
    const ended = this.card.endRefusedRead();
    if (ended !== PortStatus.ok) return ended;
    if ((token & DATA_ERROR_OUT_OF_RANGE) !== 0) this.failure = PortStatus.outOfRange;
    else this.repeatRead();
    return PortStatus.ok;
  }

  private repeatRead(): void {
    this.card.abandonRead();
    this.repeat();
  }

  /** Has the block, or the write, tried again, or sets the failure when that was done often enough. */
  private repeat(): void {
    this.attempts++;
    if (this.attempts > RETRIES) this.failure = PortStatus.crcError;
    else this.repeats++;
  }

  private writeBlocks(nowUs: number, sector: number, count: number, b: Uint8Array, at: number): PortStatus {
    const card = this.card;
    for (;;) {
      if (!this.writeStarted) {
        const settled = card.settle(nowUs);
        if (settled !== PortStatus.ok) return settled;
        if (this.failure !== PortStatus.ok) return this.writeFailed();
        const started = card.startWrite(sector, count);
        if (started !== PortStatus.ok) return started;
        this.writeStarted = true;
        this.done = 0;
      } else {
        const ready = this.done < count ? card.awaitReady(nowUs) : card.settle(nowUs);
        if (ready !== PortStatus.ok) return ready;
        if (this.done === count) return card.checkStatus();
      }
      const sent = this.sendBlock(count, b, at);
      if (sent !== PortStatus.ok) return sent;
    }
  }

  private sendBlock(count: number, b: Uint8Array, at: number): PortStatus {
    const token = count === 1 ? START_BLOCK : START_BLOCK_MULTIPLE_WRITE;
    const response = this.bus.send(token, b, at + this.done * BLOCK_BYTES);
    if (response === DATA_ACCEPTED) {
      this.done++;
      if (count === 1) this.card.endSingleWrite();
      return PortStatus.ok;
    }
    if (response === NOTHING) return this.card.close(PortStatus.noMedium);
    if (response === DATA_WRITE_ERROR) this.failure = PortStatus.writeError;
    else if (response === DATA_CRC_ERROR) {
      this.crcErrors++;
      this.repeat();
    } else return this.card.close(PortStatus.protocolError);
    // The whole write is repeated, since which of its blocks are in the medium is uncertain. CMD12, not Stop Tran,
    // ends a multiple block write that went wrong ([SD] 7.3.3.1).
    this.writeStarted = false;
    if (count > 1) return this.card.stop(true);
    this.card.endSingleWrite();
    return PortStatus.ok;
  }

  /** Reads the error bits, which clears them ([SD] 7.3.4), so that they don't spoil the next write's check. */
  private writeFailed(): PortStatus {
    this.card.checkStatus();
    return this.card.isOpen ? this.failure : PortStatus.noMedium;
  }
}
