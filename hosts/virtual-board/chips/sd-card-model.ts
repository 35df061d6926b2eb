/**
 * An SD memory card as its SPI master sees it, for boards without hardware. Written from
 *
 *   [SD]  "SD Specifications, Part 1, Physical Layer Simplified Specification", version 9.10, SD Association
 *   [SDM] "SanDisk SD Card Product Manual", version 2.2, SanDisk: bus timing in 5.23 and 5.24, which only the
 *         full edition of [SD] prints (in 7.5)
 *
 * and not from the driver's registers.ts, so that one wrong constant cannot pass on both sides.
 *
 * Modelled: power-up and SPI mode; CMD0, 8, 9, 12, 13, 16, 17, 18, 24, 25, 55, 58, 59 and ACMD41; CRC7 and CRC16; tokens;
 * SDSC of version 1 and 2, SDHC and SDXC; response, read and busy times; removal and insertion.
 *
 * Not modelled, and answered as an illegal command: CMD1, CMD6 and high speed, CMD10, erasing, write protection,
 * locking, all other ACMDs. Not modelled, and a ChipFault when used: block lengths other than 512 bytes, clocks
 * above 25 MHz.
 *
 * Simplified: times are counted in bytes on the wire, whether or not the card is selected. A block is in the medium
 * as soon as its data response is sent. Between two blocks a read survives that chip select goes high, on which [SD]
 * says nothing; `faults.forgetfulReads` makes a card that doesn't bear it. High capacity cards may be smaller than
 * [SD] 5.3.3 allows.
 *
 * What [SD] forbids, or leaves undefined, is a ChipFault.
 */
import type { SpiPort } from '../../../src/back-end/ports.js';
import { copy, equal, fill } from '../../../src/wire/byte-loops.js';
import { ChipFault } from './chip-fault.js';
import {
  After,
  BLOCK_FRAME_BYTES,
  DataResponse,
  type SdCardFaults,
  SdCardLogic,
  type SdCardModelOptions,
} from './sd-card-logic.js';
import {
  clockProblem,
  commandProblem,
  deselectProblem,
  State,
  stopMeetsBlock,
  Token,
  tokenProblem,
} from './sd-card-rules.js';
import { SdCardSlot } from './sd-card-slot.js';
import { SdCardTiming } from './sd-card-timing.js';

export { DataError, DataResponse } from './sd-card-logic.js';
export type { SdCardFaults, SdCardModelOptions, SdCardStorage } from './sd-card-logic.js';

/** Data goes on for two clocks after CMD12 ([SDM] 5.23): here two zero bits, which make the byte look like an R1. */
const BYTE_AFTER_STOP = 0x3f;
const COMMAND_BYTES = 6;
export class SdCardModel implements SpiPort {
  /** Tests change it at will. */
  readonly timing = new SdCardTiming();
  readonly faults: SdCardFaults;
  /** How often each command, and each application-specific one, was executed, by index. */
  readonly commands: Uint32Array;
  readonly appCommands: Uint32Array;
  /** Bytes on the wire since the beginning, for clocks that go with them. */
  clockedBytes = 0;
  /** The clock that the master set. */
  clockHz = 0;
  readonly #card: SdCardLogic;
  readonly #slot = new SdCardSlot();
  #state: State = State.ready;
  #next: State = State.ready;
  #delay = 0;
  #busyAfter = 0;
  /** Bytes since the card last sent or received anything, or was busy. */
  #quietBytes = 0;
  readonly #command = new Uint8Array(COMMAND_BYTES);
  /** CMD0, [SD] 7.2.2. */
  readonly #reset = Uint8Array.of(0x40, 0, 0, 0, 0, 0x95);
  #commandAt = 0;
  /** What the card did when the first byte of the command came. */
  #interrupted: State = State.ready;
  #responseAt = 0;
  #stopped = false;
  readonly #block = new Uint8Array(BLOCK_FRAME_BYTES);
  #blockAt = 0;
  #blockEnd = 0;
  #blocksSent = 0;
  /** Of them, when the first byte of the command came. */
  #blocksSentBefore = 0;

  constructor(options: SdCardModelOptions) {
    this.#card = new SdCardLogic(options);
    this.faults = this.#card.faults;
    this.commands = this.#card.commands;
    this.appCommands = this.#card.appCommands;
    this.#powerOn();
  }

  /** What the card says that it holds: at most the storage, as finely as the CSD can tell. */
  get sectorCount(): number {
    return this.#card.sectorCount;
  }

  /** How often ACMD41 says idle before it says ready. */
  set initialisationPolls(polls: number) {
    this.#card.initialisationPolls = polls;
  }

  /** Whether the card's output is on the bus: selected, or deselected and not clocked since ([SDM] 5.23). */
  get drivesMiso(): boolean {
    return this.#slot.drivesMiso;
  }

  /** Takes the card out of its slot. */
  pull(): void {
    this.#slot.pull();
  }

  /** Puts the same card back. */
  insert(): void {
    this.#slot.insert();
    this.#powerOn();
  }

  setClock(hz: number): void {
    this.clockHz = hz;
  }

  select(): void {
    this.#slot.select();
  }

  deselect(): void {
    const slot = this.#slot;
    if (!slot.selected) return;
    slot.selected = false;
    if (!slot.inserted) return;
    if (this.#isDeaf()) {
      this.#commandAt = 0;
      return;
    }
    const problem = deselectProblem(this.#state, this.#commandAt > 0);
    if (problem !== '') throw new ChipFault(problem);
    if (this.#state === State.fetch && this.faults.forgetfulReads) this.#state = State.ready;
  }

  read(b: Uint8Array, at: number, length: number): void {
    const end = at + length;
    for (let to = at; to < end;) {
      const n = this.#readRun(b, to, end - to);
      if (n === 0) b[to] = this.#exchange(0xff);
      to += n || 1;
    }
  }

  write(b: Uint8Array, at: number, length: number): void {
    const end = at + length;
    for (let from = at; from < end;) {
      const n = this.#writeRun(b, from, end - from);
      if (n === 0) this.#exchange(b[from]!);
      from += n || 1;
    }
  }

  #powerOn(): void {
    this.#card.powerOn();
    this.#slot.powerOn();
    this.#state = State.ready;
    this.#commandAt = 0;
    this.#stopped = false;
  }

  /** Reads as many bytes as have nothing special about them; 0 when the next one has. */
  #readRun(b: Uint8Array, at: number, length: number): number {
    if (!this.#slot.listens) {
      fill(b, at, length, 0xff);
      this.#pass(length);
      return length;
    }
    if (this.#commandAt > 0) return 0;
    switch (this.#state) {
      case State.respond:
      case State.receive:
        return 0;
      case State.send: {
        const n = Math.min(length, this.#blockEnd - this.#blockAt);
        copy(this.#block, this.#blockAt, b, at, n);
        this.clockedBytes += n;
        this.#blockAt += n;
        if (this.#blockAt === this.#blockEnd) this.#blockSent();
        return n;
      }
      case State.fetch:
      case State.busy: {
        const n = this.#isEndless() ? length : Math.min(length, this.#delay);
        if (n === 0) return 0;
        fill(b, at, n, this.#state === State.busy ? 0x00 : 0xff);
        this.#pass(n);
        return n;
      }
      default:
        fill(b, at, length, 0xff);
        this.#pass(length);
        return length;
    }
  }

  #writeRun(b: Uint8Array, at: number, length: number): number {
    if (!this.#slot.listens) {
      this.#pass(length);
      return length;
    }
    if (this.#state !== State.receive) return 0;
    const n = Math.min(length, this.#blockEnd - this.#blockAt);
    copy(b, at, this.#block, this.#blockAt, n);
    this.clockedBytes += n;
    this.#blockAt += n;
    if (this.#blockAt === this.#blockEnd) this.#blockReceived();
    return n;
  }

  /** Inserted into a running bus, of which it understands nothing until CMD0, whatever the master thinks. */
  #isDeaf(): boolean {
    return this.#slot.hotInserted && !this.#card.spiMode;
  }

  #isEndless(): boolean {
    return this.#state === State.busy ? this.faults.endlessBusy : this.faults.endlessRead;
  }

  /** `n` bytes go by in which the card neither sends nor receives. */
  #pass(n: number): void {
    this.clockedBytes += n;
    if (!this.#slot.inserted) return;
    this.#quietBytes += n;
    this.#slot.idle(n);
    if (this.#state !== State.fetch && this.#state !== State.busy) return;
    if (this.#isEndless()) return;
    this.#delay = Math.max(0, this.#delay - n);
    if (this.#delay > 0) return;
    if (this.#state === State.busy) this.#enter(this.#next);
    else if (this.#slot.selected) this.#startSending();
  }

  /** One byte in each direction: what comes in can't change what goes out at the same time. */
  #exchange(mosi: number): number {
    const miso = this.#output();
    this.#input(mosi);
    return miso;
  }

  #output(): number {
    if (this.#state === State.send) {
      this.clockedBytes++;
      const byte = this.#block[this.#blockAt++]!;
      if (this.#blockAt === this.#blockEnd) this.#blockSent();
      return byte;
    }
    if (this.#state === State.respond) {
      this.clockedBytes++;
      return this.#responseByte();
    }
    if (this.#state === State.receive) {
      this.clockedBytes++;
      return 0xff;
    }
    const isBusy = this.#state === State.busy;
    this.#pass(1);
    return isBusy ? 0x00 : 0xff;
  }

  #responseByte(): number {
    if (this.#stopped) {
      this.#stopped = false;
      return BYTE_AFTER_STOP;
    }
    if (this.#delay > 0) {
      this.#delay--;
      return 0xff;
    }
    const byte = this.#card.response[this.#responseAt++]!;
    if (this.#responseAt === this.#card.responseBytes) {
      if (this.#busyAfter > 0) {
        this.#state = State.busy;
        this.#delay = this.#busyAfter;
      } else this.#enter(this.#next);
    }
    return byte;
  }

  #input(mosi: number): void {
    if (this.#commandAt > 0) {
      this.#command[this.#commandAt++] = mosi;
      if (this.#commandAt === COMMAND_BYTES) this.#execute();
    } else if (this.#state === State.receive) {
      this.#block[this.#blockAt++] = mosi;
      if (this.#blockAt === this.#blockEnd) this.#blockReceived();
    } else if (mosi !== 0xff) {
      if (this.#isDeaf() && mosi !== 0x40) return;
      if (this.#state === State.awaitBlock && mosi >= Token.startBlockMultipleWrite) this.#takeToken(mosi);
      else if ((mosi & 0xc0) === 0x40) this.#beginCommand(mosi);
      else
        throw new ChipFault(
          `0x${mosi.toString(16)} is neither a command nor a token that the card waits for`,
        );
    }
  }

  #enter(state: State): void {
    this.#state = state;
    this.#quietBytes = 0;
    if (state !== State.fetch) return;
    // [SD] 7.2.6: the CSD comes as quickly as a response.
    const bytes = this.#card.sendsCsd ? this.timing.response : this.timing.read;
    this.#delay = Math.max(1, bytes);
  }

  /** A response of `bytes` bytes is in the card's buffer. */
  #respond(delay: number, busyAfter: number, next: State): void {
    this.#state = State.respond;
    this.#responseAt = 0;
    this.#delay = delay;
    this.#busyAfter = busyAfter;
    this.#next = next;
  }

  #startSending(): void {
    this.#blockAt = 0;
    this.#blockEnd = this.#card.nextBlock(this.#block);
    this.#state = State.send;
  }

  #blockSent(): void {
    this.#blocksSent++;
    const isRefused = this.#blockEnd === 1;
    if (!this.#card.multiple) this.#enter(State.ready);
    else this.#enter(isRefused ? State.refused : State.fetch);
  }

  #blockReceived(): void {
    const card = this.#card;
    card.response[0] = card.acceptBlock(this.#block);
    card.responseBytes = 1;
    if (card.response[0] === DataResponse.accepted)
      this.#respond(0, this.timing.writeBusy, card.multiple ? State.awaitBlock : State.ready);
    else this.#respond(0, 0, card.multiple ? State.rejected : State.ready);
  }

  #takeToken(token: number): void {
    const problem = tokenProblem(token, this.#card.multiple, this.#quietBytes);
    if (problem !== '') throw new ChipFault(problem);
    const card = this.#card;
    if (card.multiple && token === Token.stopTran) {
      // [SDM] 5.24, N_BR: busy begins a byte late.
      card.response[0] = 0xff;
      card.responseBytes = 1;
      this.#respond(0, this.timing.stopBusy, State.ready);
      return;
    }
    this.#block[0] = token;
    this.#blockAt = 1;
    this.#blockEnd = BLOCK_FRAME_BYTES;
    this.#state = State.receive;
  }

  #beginCommand(first: number): void {
    const index = first & 0x3f;
    if (!this.#isDeaf()) {
      this.#checkClocks(index);
      const problem = commandProblem(index, this.#state, this.#quietBytes - 1);
      if (problem !== '') throw new ChipFault(problem);
    }
    // A token that went out together with this byte the master could not know of.
    const isUnseen =
      (this.#state === State.send && this.#blockAt < 2) ||
      (this.#state === State.refused && this.#quietBytes === 0);
    this.#interrupted = isUnseen ? State.fetch : this.#state;
    this.#blocksSentBefore = this.#blocksSent;
    this.#command[0] = first;
    this.#commandAt = 1;
  }

  #checkClocks(index: number): void {
    const problem = clockProblem(this.#slot.powerUpClocks, this.clockHz, this.#card.initialised);
    if (problem !== '') throw new ChipFault(`CMD${index} ${problem}`);
  }

  #execute(): void {
    const command = this.#command;
    const index = command[0]! & 0x3f;
    this.#commandAt = 0;
    if (this.#isDeaf()) {
      if (!equal(command, 0, this.#reset, 0, COMMAND_BYTES)) return;
      this.#checkClocks(index);
    }
    if ((command[5]! & 1) === 0) throw new ChipFault('a command without its end bit, [SD] 7.3.1.1');
    if (index === 12) this.#checkStop();
    const isReading = this.#state === State.fetch || this.#state === State.send;
    const stoppable = this.#state !== State.ready;
    const after = this.#card.execute(command, stoppable);
    if (after === After.silence) return;
    this.#stopped = index === 12 && isReading;
    const delay = this.timing.response;
    if (after === After.stop) this.#respond(delay, this.timing.stopBusy, State.ready);
    else if (after === After.read) this.#respond(delay, 0, State.fetch);
    else if (after === After.write) this.#respond(delay, 0, State.awaitBlock);
    else if (index === 12 && stoppable)
      throw new ChipFault('a damaged CMD12 disturbs the transfer, [SD] 7.2.8');
    else this.#respond(delay, 0, State.ready);
  }

  #checkStop(): void {
    if (this.#state === State.fetch && this.faults.endlessRead) return;
    const hasEnded = this.#blocksSent !== this.#blocksSentBefore;
    const endsNow = this.#state === State.fetch && this.#quietBytes === 0;
    if (stopMeetsBlock(this.#interrupted, this.#state, hasEnded && !endsNow, this.#delay))
      throw new ChipFault('CMD12 between two blocks may meet the second, [SD] 7.5.2.2, full edition');
  }
}
