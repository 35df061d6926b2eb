/**
 * Frames on the wire: commands and their responses, data blocks, tokens and the busy signal ([SD] 7.3). Each
 * method makes as few calls of the SPI port as it can, since a call costs far more than the byte it moves; so
 * responses and tokens are fetched in small chunks, and what a chunk holds beyond them is kept. Where the port has
 * `readBlocks`, all blocks of a read are one call.
 */
import { type SpiPort } from '../../src/back-end/ports.js';
import { copy, crc16, crc7 } from '../../src/wire/byte-loops.js';
import {
  COM_CRC_ERROR,
  DATA_RESPONSE_MARK,
  DATA_RESPONSE_MARK_MASK,
  DATA_RESPONSE_MASK,
  END_BIT,
  IDLE_BYTE,
  NCR_BYTES,
  POWER_UP_CLOCKS,
  R1_ZERO_BIT,
  START_BLOCK,
  START_AND_TRANSMISSION_BITS,
  STOP_TRAN,
  STOP_TRANSMISSION,
} from './registers.js';

/** What a method that waits for an R1, a token or a data response gives when none came. */
export const NOTHING = IDLE_BYTE;

export const BLOCK_BYTES = 512;
const CRC_BYTES = 2;
/** The shortest gap before a block's token: one byte ([SD] 7.5.4, N_AC), and the token. */
const GAP_BYTES = 2;
const POLL_CHUNK_BYTES = 16;
/** R1 may be the byte after N_CR, and one more after CMD12. */
const RESPONSE_SCAN_BYTES = NCR_BYTES + 2;
/** A whole R3 or R7 however late it comes. Clocking on after a shorter response is harmless when no data follows. */
const RESPONSE_CHUNK_BYTES = RESPONSE_SCAN_BYTES + 4;
/** Response, shortest gap and token of a quick card: nothing of the block itself is fetched. */
const READ_RESPONSE_CHUNK_BYTES = 4;
const DATA_RESPONSE_CHUNK_BYTES = 4;
const BUSY_CHUNK_BYTES = 8;
const COMMAND_RETRIES = 3;

export class SdBus {
  /** CRC errors that the card reported for commands. */
  commandCrcErrors = 0;
  /** What ended the last {@link receiveBlocks}. */
  ended = NOTHING;
  private readonly spi: SpiPort;
  private readonly inOneCall: boolean;
  private readonly tx = new Uint8Array(8);
  /** Fetched bytes; those from `rxAt` to `rxEnd` haven't been looked at. */
  private readonly rx = new Uint8Array(POLL_CHUNK_BYTES);
  private rxAt = 0;
  private rxEnd = 0;

  constructor(spi: SpiPort) {
    this.spi = spi;
    this.inOneCall = spi.readBlocks !== undefined;
  }

  setClock(hz: number): void {
    this.spi.setClock(hz);
  }

  select(): void {
    this.spi.select();
  }

  /** Gives the bus to other chips. The card lets go of MISO at the first clock after CS went high ([SDM] 5.23). */
  release(): void {
    this.spi.deselect();
    this.fetch(1);
    this.rxEnd = 0;
  }

  /** The clocks without chip select that a card needs before its first command ([SD] 6.4.1.1). */
  powerUp(): void {
    this.spi.deselect();
    this.fetch(POWER_UP_CLOCKS / 8);
    this.rxEnd = 0;
  }

  /**
   * Sends a command that no data follows and returns its R1, or {@link NOTHING}; {@link responseByte} has what
   * stands behind the R1. A command that the card got damaged it didn't execute, so it is sent again.
   */
  command(index: number, argument: number): number {
    return this.execute(index, argument, RESPONSE_CHUNK_BYTES);
  }

  /** The same for a command that reads data: {@link token} continues behind the R1. */
  readCommand(index: number, argument: number): number {
    return this.execute(index, argument, READ_RESPONSE_CHUNK_BYTES);
  }

  /** Byte `i` behind the R1 of the last {@link command}. */
  responseByte(i: number): number {
    return this.rx[this.rxAt + i]!;
  }

  /**
   * CMD12. Inside a block (`gap` false) it must follow the start token at once; elsewhere a byte of clocks goes
   * before it as before every command. Data goes on for two clocks after it, so the first byte behind it is no
   * response ([SDM] 5.23). Poll {@link ready} next.
   */
  stopTransmission(gap: boolean): number {
    this.frame(STOP_TRANSMISSION, 0);
    if (gap) this.spi.write(this.tx, 0, 7);
    else this.spi.write(this.tx, 1, 6);
    this.fetch(RESPONSE_CHUNK_BYTES);
    this.rxAt = 1;
    return this.findResponse();
  }

  /** The next byte that isn't idle: a token. {@link NOTHING} when none came within about `budgetBytes`. */
  token(budgetBytes: number): number {
    let left = budgetBytes;
    let chunk = GAP_BYTES;
    for (;;) {
      while (this.rxAt < this.rxEnd) {
        const byte = this.rx[this.rxAt++]!;
        if (byte !== IDLE_BYTE) return byte;
      }
      if (left <= 0) return NOTHING;
      this.fetch(chunk);
      left -= chunk;
      chunk = POLL_CHUNK_BYTES;
    }
  }

  /**
   * Takes up to `count` blocks of a running read to `b` from `at`, each of whose tokens must come within about
   * `pollBytes`; returns how many came intact. {@link ended} is the byte that ended it: START_BLOCK when all came or
   * the next one's CRC was wrong, an error token, or {@link NOTHING}.
   */
  receiveBlocks(b: Uint8Array, at: number, count: number, pollBytes: number): number {
    let done = 0;
    let to = at;
    while (done < count) {
      // Bytes that are here already can't be the port's to wait for.
      if (this.inOneCall && this.rxAt === this.rxEnd) {
        const answer = this.spi.readBlocks!(b, to, count - done, pollBytes);
        this.ended = answer & 0xff;
        return done + (answer >>> 8);
      }
      const token = this.token(pollBytes);
      this.ended = token;
      if (token !== START_BLOCK || !this.receive(b, to, BLOCK_BYTES, !this.inOneCall && done + 1 < count))
        return done;
      to += BLOCK_BYTES;
      done++;
    }
    return done;
  }

  /**
   * Takes the block whose start token {@link token} has just returned to `b` from `at`; false when its CRC is
   * wrong. With `more`, the next block goes right behind this one: then its place may serve for what follows
   * this block on the wire, and a sector takes a single call.
   */
  receive(b: Uint8Array, at: number, length: number, more: boolean): boolean {
    const early = this.rxEnd - this.rxAt;
    if (early > 0) copy(this.rx, this.rxAt, b, at, early);
    this.rxAt = 0;
    const end = at + length;
    let crc: number;
    if (more) {
      this.spi.read(b, at + early, length - early + CRC_BYTES + GAP_BYTES);
      crc = (b[end]! << 8) | b[end + 1]!;
      this.rx[0] = b[end + 2]!;
      this.rx[1] = b[end + 3]!;
      this.rxEnd = GAP_BYTES;
    } else {
      this.spi.read(b, at + early, length - early);
      this.fetch(CRC_BYTES);
      crc = (this.rx[0]! << 8) | this.rx[1]!;
      this.rxEnd = 0;
      this.rxAt = 0;
    }
    return crc === crc16(b, at, length, 0);
  }

  /** Sends one block behind its token; returns the data response ([SD] 7.3.3.1) or {@link NOTHING}. Poll {@link ready} next. */
  send(token: number, b: Uint8Array, at: number): number {
    this.tx[0] = IDLE_BYTE;
    this.tx[1] = token;
    this.spi.write(this.tx, 0, 2);
    this.spi.write(b, at, BLOCK_BYTES);
    const crc = crc16(b, at, BLOCK_BYTES, 0);
    this.tx[0] = crc >>> 8;
    this.tx[1] = crc;
    this.spi.write(this.tx, 0, CRC_BYTES);
    for (let polled = 0; polled < NCR_BYTES; polled += DATA_RESPONSE_CHUNK_BYTES) {
      this.fetch(DATA_RESPONSE_CHUNK_BYTES);
      while (this.rxAt < this.rxEnd) {
        const byte = this.rx[this.rxAt++]!;
        if ((byte & DATA_RESPONSE_MARK_MASK) === DATA_RESPONSE_MARK) return byte & DATA_RESPONSE_MASK;
      }
    }
    return NOTHING;
  }

  /** Ends CMD25. Busy may begin one byte late ([SD] 7.5.4, N_BR): that byte is clocked here, unseen. */
  stopTran(): void {
    this.tx[0] = IDLE_BYTE;
    this.tx[1] = STOP_TRAN;
    this.tx[2] = IDLE_BYTE;
    this.spi.write(this.tx, 0, 3);
    this.rxEnd = 0;
  }

  /** Whether the card stopped pulling the line low within about `budgetBytes`. */
  ready(budgetBytes: number): boolean {
    let left = budgetBytes;
    for (;;) {
      // Only the newest byte counts: a card that has just been selected pulls the line low a clock late ([SDM] 5.23).
      if (this.rxEnd > 0 && this.rx[this.rxEnd - 1] === IDLE_BYTE) {
        this.rxAt = this.rxEnd;
        return true;
      }
      if (left <= 0) return false;
      this.fetch(BUSY_CHUNK_BYTES);
      left -= BUSY_CHUNK_BYTES;
    }
  }

  /** Clocks `bytes` idle bytes with the card selected, for a card that sits in the middle of an old transfer. */
  drain(bytes: number): void {
    for (let drained = 0; drained < bytes; drained += POLL_CHUNK_BYTES) this.fetch(POLL_CHUNK_BYTES);
    this.rxEnd = 0;
  }

  private execute(index: number, argument: number, chunk: number): number {
    for (let retries = 0; ; retries++) {
      this.frame(index, argument);
      this.spi.write(this.tx, 0, 7);
      let r1 = NOTHING;
      for (let polled = 0; r1 === NOTHING && polled < RESPONSE_SCAN_BYTES; polled += chunk) {
        this.fetch(chunk);
        r1 = this.findResponse();
      }
      if (r1 === NOTHING || (r1 & COM_CRC_ERROR) === 0) return r1;
      this.commandCrcErrors++;
      if (retries === COMMAND_RETRIES) return r1;
    }
  }

  /** A command behind the byte of clocks that must lie between a response and it ([SD] 7.5.4, N_RC). */
  private frame(index: number, argument: number): void {
    const tx = this.tx;
    tx[0] = IDLE_BYTE;
    tx[1] = START_AND_TRANSMISSION_BITS | index;
    tx[2] = argument >>> 24;
    tx[3] = argument >>> 16;
    tx[4] = argument >>> 8;
    tx[5] = argument;
    tx[6] = crc7(tx, 1, 5, 0) | END_BIT;
  }

  private findResponse(): number {
    while (this.rxAt < this.rxEnd && this.rxAt < RESPONSE_SCAN_BYTES) {
      const byte = this.rx[this.rxAt++]!;
      if ((byte & R1_ZERO_BIT) === 0) return byte;
    }
    return NOTHING;
  }

  private fetch(length: number): void {
    this.spi.read(this.rx, 0, length);
    this.rxAt = 0;
    this.rxEnd = length;
  }
}
