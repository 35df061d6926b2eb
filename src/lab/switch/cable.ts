/**
 * One direction of the cable between a port and what is plugged into it. Every frame goes, in this order, through
 * loss, duplication, corruption, reordering, the rate limit with its queue, and the delay. Time is a value, and
 * chance comes from a seeded generator, so that a run can be repeated.
 */
import type { Faults } from './faults.js';
import { FrameFifo } from './frame-fifo.js';
import type { FramePool } from './frame-pool.js';
import { Random } from './random.js';

/** FCS, preamble with start delimiter, and the gap between frames (IEEE 802.3 4.2.3.2, 3.2.1): time on the wire. */
export const WIRE_OVERHEAD_BYTES = 24;
const MIN_FRAME_BYTES = 60;

/** A frame that is held back is overtaken by 1 to 8 others, or goes on after 10 ms when they don't come. */
const MAX_OVERTAKEN_BY = 8;
const HOLD_US = 10_000;
const MAX_HELD = 32;

export interface CableOptions {
  readonly faults: Faults;
  /** Mbit/s, counted as Ethernet does with preamble and gap; 0 is no limit. */
  readonly rateMbit: number;
  /** How much may wait for the rate limit; what comes on top is dropped. */
  readonly queueBytes: number;
  readonly seed: number;
  /** Different for every cable. */
  readonly stream: number;
}

/** A frame at the other end; `corrupted` when a bit of it is wrong. */
export type Deliver = (nowUs: number, b: Uint8Array, at: number, length: number, corrupted: boolean) => void;

export interface CableCounters {
  frames: number;
  bytes: number;
  lost: number;
  duplicated: number;
  corrupted: number;
  reordered: number;
  /** Frames that found the queue of the rate limit, or the switch's memory, full. */
  queueDrops: number;
}

export class Cable {
  readonly counters: CableCounters = {
    frames: 0,
    bytes: 0,
    lost: 0,
    duplicated: 0,
    corrupted: 0,
    reordered: 0,
    queueDrops: 0,
  };

  readonly #faults: Faults | undefined;
  readonly #delayUs: number;
  readonly #usPerByte: number;
  readonly #queueUs: number;
  readonly #random: Random;
  readonly #pool: FramePool;
  readonly #deliver: Deliver;
  readonly #scratch: Uint8Array;
  readonly #inFlight = new FrameFifo();
  readonly #held: HeldFrame[] = [];
  #wireFreeUs = 0;

  /** `deliver` gets every frame at the other end, at its time; what it gets is valid during the call. */
  constructor(options: CableOptions, pool: FramePool, deliver: Deliver) {
    const { loss, duplicate, corrupt, reorder, delayMs } = options.faults;
    this.#faults = loss + duplicate + corrupt + reorder > 0 ? options.faults : undefined;
    this.#delayUs = delayMs * 1000;
    // 8 bits at `rateMbit` bits per microsecond.
    this.#usPerByte = options.rateMbit > 0 ? 8 / options.rateMbit : 0;
    this.#queueUs = options.queueBytes * this.#usPerByte;
    this.#random = new Random(options.seed, options.stream);
    this.#pool = pool;
    this.#deliver = deliver;
    this.#scratch = new Uint8Array(this.#faults === undefined ? 0 : pool.slotBytes);
  }

  /** Whether frames can wait on this cable, so that {@link advance} is needed. */
  get isTimed(): boolean {
    return this.#delayUs > 0 || this.#usPerByte > 0 || (this.#faults?.reorder ?? 0) > 0;
  }

  /** When {@link advance} has something to do next; Infinity when nothing is on the way. */
  get nextEventUs(): number {
    const heldUs = this.#held.length === 0 ? Infinity : this.#held[0]!.untilUs;
    return Math.min(this.#inFlight.headUs, heldUs);
  }

  /** A frame enters at `nowUs`, which is not before that of the last call; `corrupted` on an earlier cable or not. */
  enter(nowUs: number, b: Uint8Array, at: number, length: number, corrupted: boolean): void {
    this.counters.frames++;
    this.counters.bytes += length;
    if (this.#faults === undefined) this.#pass(nowUs, b, at, length, corrupted);
    else this.#suffer(this.#faults, nowUs, b, at, length, corrupted);
  }

  /** Delivers what has arrived by `nowUs`. */
  advance(nowUs: number): void {
    while (this.#held.length > 0 && this.#held[0]!.untilUs <= nowUs) this.#release(nowUs, 0);
    while (this.#inFlight.headUs <= nowUs) {
      const dueUs = this.#inFlight.headUs;
      const slot = this.#inFlight.shift();
      const pool = this.#pool;
      this.#deliver(dueUs, pool.bytesOf(slot), pool.atOf(slot), pool.lengthOf(slot), pool.isCorrupted(slot));
      this.#pool.give(slot);
    }
  }

  /** Every frame draws the same numbers whatever the probabilities are: a seed loses the same frames in any mix. */
  #suffer(
    faults: Faults,
    nowUs: number,
    b: Uint8Array,
    at: number,
    length: number,
    wasCorrupted: boolean,
  ): void {
    const random = this.#random;
    const lost = random.chance(faults.loss);
    const duplicated = random.chance(faults.duplicate);
    const corrupts = random.chance(faults.corrupt) && !wasCorrupted;
    const reordered = random.chance(faults.reorder);
    const detail = random.next();
    if (lost) {
      this.counters.lost++;
      return;
    }
    if (duplicated) {
      this.counters.duplicated++;
      this.#pass(nowUs, b, at, length, wasCorrupted);
    }
    if (corrupts) this.#scratch.set(b.subarray(at, at + length));
    if (corrupts) this.#flipBit(length, detail);
    const bytes = corrupts ? this.#scratch : b;
    const start = corrupts ? 0 : at;
    const corrupted = corrupts || wasCorrupted;
    if (reordered && this.#hold(nowUs, bytes, start, length, corrupted, detail)) return;
    this.#pass(nowUs, bytes, start, length, corrupted);
    this.#countOvertaking(nowUs);
  }

  /**
   * Flips one bit of the copy, once on all of a frame's way. Two can cancel in a 16-bit checksum (RFC 1071) of which
   * nothing behind this cable would know; on a real one the FCS finds them.
   */
  #flipBit(length: number, detail: number): void {
    this.counters.corrupted++;
    const bit = new Random(detail).below(length * 8);
    this.#scratch[bit >>> 3]! ^= 1 << (bit & 7);
  }

  #hold(
    nowUs: number,
    b: Uint8Array,
    at: number,
    length: number,
    corrupted: boolean,
    detail: number,
  ): boolean {
    if (this.#held.length === MAX_HELD) return false;
    const slot = this.#pool.take(b, at, length, corrupted);
    if (slot < 0) return false;
    this.counters.reordered++;
    this.#held.push({ slot, overtakers: 1 + (detail % MAX_OVERTAKEN_BY), untilUs: nowUs + HOLD_US });
    return true;
  }

  /** A frame has passed those that are held back; some have waited for it. */
  #countOvertaking(nowUs: number): void {
    for (let i = this.#held.length - 1; i >= 0; i--) {
      if (--this.#held[i]!.overtakers === 0) this.#release(nowUs, i);
    }
  }

  #release(nowUs: number, index: number): void {
    const { slot } = this.#held[index]!;
    this.#held.splice(index, 1);
    const pool = this.#pool;
    this.#pass(nowUs, pool.bytesOf(slot), pool.atOf(slot), pool.lengthOf(slot), pool.isCorrupted(slot));
    pool.give(slot);
  }

  /** The rate limit and the delay. */
  #pass(nowUs: number, b: Uint8Array, at: number, length: number, corrupted: boolean): void {
    if (this.#usPerByte === 0 && this.#delayUs === 0) {
      this.#deliver(nowUs, b, at, length, corrupted);
      return;
    }
    const startUs = Math.max(nowUs, this.#wireFreeUs);
    // The frame that is being sent is not in the queue any more.
    const slot = startUs - nowUs > this.#queueUs ? -1 : this.#pool.take(b, at, length, corrupted);
    if (slot < 0) {
      this.counters.queueDrops++;
      return;
    }
    const wireBytes = Math.max(length, MIN_FRAME_BYTES) + WIRE_OVERHEAD_BYTES;
    if (this.#usPerByte > 0) this.#wireFreeUs = startUs + wireBytes * this.#usPerByte;
    const leavesUs = this.#usPerByte > 0 ? this.#wireFreeUs : nowUs;
    this.#inFlight.push(leavesUs + this.#delayUs, slot);
  }
}

interface HeldFrame {
  readonly slot: number;
  /** How many frames still have to pass it. */
  overtakers: number;
  readonly untilUs: number;
}
