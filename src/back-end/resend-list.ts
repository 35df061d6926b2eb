/**
 * The resend ranges of the latest statement (decision 1): each generation is sent once, in ascending order, and
 * within one generation from the lowest offset up. A later statement replaces the list; a generation that is
 * half done goes on where it was.
 */
import {
  ackResendCount,
  MAX_RESEND_RANGES,
  resendFrom,
  resendGeneration,
  resendTo,
} from '../wire/atcp/ack-down.js';

/** The entries of all slots' lists: an array costs XS more than the eight numbers in it. */
export class ResendMemory {
  readonly generations: Uint32Array;
  readonly from: Float64Array;
  readonly to: Float64Array;

  constructor(slots: number) {
    this.generations = new Uint32Array(slots * MAX_RESEND_RANGES);
    this.from = new Float64Array(slots * MAX_RESEND_RANGES);
    this.to = new Float64Array(slots * MAX_RESEND_RANGES);
  }
}

export class ResendList {
  /** The highest generation of which every byte was sent again; echoed in ATCP_ACK 27. */
  executed = 0;
  /** What is to be sent again now: offsets within the span; nothing when they are equal. */
  at = 0;
  end = 0;
  #current = 0;
  /** How far the current generation has been sent. */
  #done = 0;
  #count = 0;
  readonly #generations: Uint32Array;
  readonly #from: Float64Array;
  readonly #to: Float64Array;
  /** Where this list's entries begin. */
  readonly #first: number;

  constructor(memory: ResendMemory, slot: number) {
    this.#generations = memory.generations;
    this.#from = memory.from;
    this.#to = memory.to;
    this.#first = slot * MAX_RESEND_RANGES;
  }

  clear(): void {
    this.executed = 0;
    this.at = 0;
    this.end = 0;
    this.#current = 0;
    this.#done = 0;
    this.#count = 0;
  }

  /**
   * Takes the ranges of an ATCP_ACK 29; {@link select} follows. With `datagramBytes` other than 0 they are made of
   * whole datagrams: those that they touch.
   */
  load(b: Uint8Array, at: number, datagramBytes: number): void {
    const count = ackResendCount(b, at);
    for (let i = 0; i < count; i++) {
      const entry = this.#first + i;
      this.#generations[entry] = resendGeneration(b, at, i);
      this.#from[entry] = resendFrom(b, at, i);
      this.#to[entry] = resendTo(b, at, i);
    }
    this.#count = count;
    if (datagramBytes !== 0) this.#widen(datagramBytes);
  }

  #widen(datagramBytes: number): void {
    const end = this.#first + this.#count;
    for (let i = this.#first; i < end; i++) {
      const to = this.#to[i]!;
      this.#from[i] = this.#from[i]! - (this.#from[i]! % datagramBytes);
      this.#to[i] = to % datagramBytes === 0 ? to : to + datagramBytes - (to % datagramBytes);
    }
  }

  /** Bytes up to `to` of the current range have been sent again. */
  advance(to: number): void {
    this.at = to;
    this.#done = to;
  }

  /**
   * Chooses the next range that still has bytes between `acknowledged` and `sent`; what lies outside needs no
   * repetition. Generations that have none left count as executed.
   */
  select(acknowledged: number, sent: number): void {
    this.at = 0;
    this.end = 0;
    while (this.#count !== 0) {
      const generation = this.#lowestAbove(this.executed);
      if (generation === 0) return;
      if (generation !== this.#current) {
        this.#current = generation;
        this.#done = 0;
      }
      if (this.#selectWithin(generation, Math.max(acknowledged, this.#done), sent)) return;
      this.executed = generation;
    }
  }

  #lowestAbove(executed: number): number {
    let lowest = 0;
    const end = this.#first + this.#count;
    for (let i = this.#first; i < end; i++) {
      const generation = this.#generations[i]!;
      if (generation > executed && (lowest === 0 || generation < lowest)) lowest = generation;
    }
    return lowest;
  }

  /** The lowest range of a generation that has bytes between `low` and `high`. */
  #selectWithin(generation: number, low: number, high: number): boolean {
    let found = false;
    const end = this.#first + this.#count;
    for (let i = this.#first; i < end; i++) {
      if (this.#generations[i] !== generation) continue;
      const from = Math.max(low, this.#from[i]!);
      const to = Math.min(high, this.#to[i]!);
      if (from >= to || (found && from >= this.at)) continue;
      found = true;
      this.at = from;
      this.end = to;
    }
    return found;
  }
}
