/**
 * Memory controller of claim 10 (memory 70 of Fig. 11): every buffer that the firmware has, made once. Unit
 * buffers are lent to slots; what was sent stays until it is acknowledged while memory lasts ([0031]), and goes when
 * a slot needs a buffer: the card still has it.
 */
import { UNIT_BYTES } from '../volume/limits.js';
import type { Counters } from './counters.js';
import { FRAME_BYTES } from './limits.js';
import type { Limits } from './limits.js';

/** Behind 14 bytes of Ethernet, IP headers and what follows them lie at multiples of four: copies and sums are faster. */
const FRAME_SHIFT_BYTES = 2;
/** No buffer, no unit. */
const NONE = -1;
/** {@link MemoryController.lend}: the unit is in memory. */
export const THERE = -2;

export class MemoryController {
  readonly #perSlot: number;
  readonly #mask: number;
  /** By entry (slot times perSlot plus unit modulo perSlot): the unit that is there, or NONE, and its buffer. */
  readonly #unitOf: number[];
  readonly #bufferOf: number[];
  /** All unit buffers in a row; positions are byte offsets into it. */
  readonly units: Uint8Array;
  /** The frame that came last. */
  readonly receiveFrame: Uint8Array;
  /** The ATCP frame that goes next. */
  readonly controlFrame: Uint8Array;
  /** The pseudo packet that goes next. */
  readonly pseudoFrame: Uint8Array;
  /** Unit buffers in all, lent now, and lent at most at any time. */
  readonly buffers: number;
  lent = 0;
  highWater = 0;

  readonly #counters: Counters;
  /** By buffer: its entry, and whether the unit in it was sent. */
  readonly #entryOf: number[];
  readonly #isSent: boolean[];
  #sentCount = 0;
  /** The buffer after the one that was reclaimed last. */
  #hand = 0;
  /** A ring: what was returned first is lent first. */
  readonly #free: number[];
  #freeHead = 0;
  #freeCount: number;
  /** The entry whose buffer the disk controller is filling, and with which unit. */
  #loading = NONE;
  #loadingUnit = 0;

  /** `superFrameBytes` is the largest frame that the NIC segments itself, or 0. */
  constructor(limits: Limits, superFrameBytes: number, counters: Counters) {
    this.#counters = counters;
    this.buffers = limits.buffers;
    this.units = new Uint8Array(limits.buffers * UNIT_BYTES);
    this.receiveFrame = new Uint8Array(FRAME_BYTES);
    this.controlFrame = new Uint8Array(FRAME_BYTES);
    const pseudoBytes = Math.max(FRAME_BYTES, superFrameBytes);
    this.pseudoFrame = new Uint8Array(new ArrayBuffer(FRAME_SHIFT_BYTES + pseudoBytes), FRAME_SHIFT_BYTES);
    this.#perSlot = limits.buffersPerSlot;
    this.#mask = limits.buffersPerSlot - 1;
    const entries = limits.slots * limits.buffersPerSlot;
    // Plain arrays: on XS reading one costs a third of what a typed array costs.
    this.#bufferOf = new Array<number>(entries).fill(NONE);
    this.#unitOf = new Array<number>(entries).fill(NONE);
    this.#entryOf = new Array<number>(limits.buffers).fill(NONE);
    this.#isSent = new Array<boolean>(limits.buffers).fill(false);
    this.#free = new Array<number>(limits.buffers).fill(0);
    for (let i = 0; i < limits.buffers; i++) this.#free[i] = i;
    this.#freeCount = limits.buffers;
  }

  /** Position of a unit in {@link units}, or -1 when it is not there. */
  find(slot: number, unit: number): number {
    const entry = slot * this.#perSlot + (unit & this.#mask);
    return this.#unitOf[entry] === unit ? this.#bufferOf[entry]! * UNIT_BYTES : NONE;
  }

  /** How many of `wanted` bytes, from `within` the unit on, are there without a gap. */
  atHand(slot: number, unit: number, within: number, wanted: number): number {
    let have = 0;
    let next = unit;
    for (let room = UNIT_BYTES - within; have < wanted; room = UNIT_BYTES) {
      if (this.find(slot, next++) < 0) return have;
      have += room;
    }
    return wanted;
  }

  /**
   * How many bytes from `position`, where the unit begins, are those of the unit and of the ones after it; not more
   * than it takes to have `wanted`. Buffers are lent in their order in memory, so that units read one after the
   * other mostly are neighbours.
   */
  inRow(slot: number, unit: number, position: number, wanted: number): number {
    const first = slot * this.#perSlot;
    const mask = this.#mask;
    const unitOf = this.#unitOf;
    const bufferOf = this.#bufferOf;
    let row = UNIT_BYTES;
    for (let next = unit + 1; row < wanted; next++) {
      const entry = first + (next & mask);
      if (unitOf[entry] !== next || bufferOf[entry]! * UNIT_BYTES !== position + row) return row;
      row += UNIT_BYTES;
    }
    return row;
  }

  /**
   * Lends a buffer for one unit and returns its position; {@link THERE} when the unit is there already, or -1 when
   * no buffer is to be had. One unit is being filled at a time; {@link filled} or {@link unfilled} follows. A slot
   * holds consecutive units: one that shares the new unit's place goes first. `reclaim` allows to take a sent unit
   * of any slot.
   */
  lend(slot: number, unit: number, reclaim: boolean): number {
    const entry = slot * this.#perSlot + (unit & this.#mask);
    const held = this.#unitOf[entry]!;
    if (held === unit) return THERE;
    if (held >= 0) this.#giveBackEntry(entry);
    if (this.#freeCount === 0 && !(reclaim && this.#reclaim())) return NONE;
    const buffer = this.#free[this.#freeHead]!;
    if (++this.#freeHead === this.buffers) this.#freeHead = 0;
    this.#freeCount--;
    this.#loading = entry;
    this.#loadingUnit = unit;
    this.#bufferOf[entry] = buffer;
    this.#entryOf[buffer] = entry;
    if (++this.lent > this.highWater) this.highWater = this.lent;
    return buffer * UNIT_BYTES;
  }

  /** The lent buffer holds its unit now. */
  filled(): void {
    this.#unitOf[this.#loading] = this.#loadingUnit;
    this.#loading = NONE;
  }

  /** The lent buffer could not be filled, or is not wanted any more. */
  unfilled(): void {
    if (this.#loading < 0) return;
    this.#setFree(this.#bufferOf[this.#loading]!);
    this.#loading = NONE;
  }

  /** The unit was sent: it stays until it is acknowledged, or until its buffer is needed. */
  sent(slot: number, unit: number): void {
    const entry = slot * this.#perSlot + (unit & this.#mask);
    if (this.#unitOf[entry] !== unit) return;
    const buffer = this.#bufferOf[entry]!;
    if (this.#isSent[buffer]!) return;
    this.#isSent[buffer] = true;
    this.#sentCount++;
  }

  /**
   * Takes a sent unit's buffer back; false when there is none. The hand goes round in the order in which buffers are
   * lent and reclaimed, so that under pressure the oldest goes first.
   */
  #reclaim(): boolean {
    if (this.#sentCount === 0) return false;
    const isSent = this.#isSent;
    let hand = this.#hand;
    while (!isSent[hand]!) hand = hand + 1 === this.buffers ? 0 : hand + 1;
    this.#hand = hand + 1 === this.buffers ? 0 : hand + 1;
    this.#counters.bufferReclaimed++;
    this.#giveBackEntry(this.#entryOf[hand]!);
    return true;
  }

  /** Returns the buffer of one unit; does nothing when the slot does not hold it. */
  giveBack(slot: number, unit: number): void {
    const entry = slot * this.#perSlot + (unit & this.#mask);
    if (this.#unitOf[entry] === unit) this.#giveBackEntry(entry);
  }

  /** Returns the buffers of all units from `low` on and below `unit` (step 132). */
  giveBackBelow(slot: number, low: number, unit: number): void {
    if (unit - low <= this.#perSlot) {
      for (let i = low; i < unit; i++) this.giveBack(slot, i);
      return;
    }
    const first = slot * this.#perSlot;
    const end = first + this.#perSlot;
    for (let entry = first; entry < end; entry++) {
      const held = this.#unitOf[entry]!;
      if (held >= 0 && held < unit) this.#giveBackEntry(entry);
    }
  }

  /** Returns every buffer of a slot, except one that is being filled. */
  giveBackAll(slot: number): void {
    const first = slot * this.#perSlot;
    const end = first + this.#perSlot;
    for (let entry = first; entry < end; entry++) {
      if (this.#unitOf[entry]! >= 0) this.#giveBackEntry(entry);
    }
  }

  /**
   * Returns the buffer of the farthest unsent unit at or after `unit` that a slot holds; false when there is none.
   * For the rare case that all memory is read-ahead.
   */
  steal(slot: number, unit: number): boolean {
    const first = slot * this.#perSlot;
    const end = first + this.#perSlot;
    let farthest = NONE;
    for (let entry = first; entry < end; entry++) {
      const held = this.#unitOf[entry]!;
      if (held < unit || this.#isSent[this.#bufferOf[entry]!]!) continue;
      if (farthest < 0 || held > this.#unitOf[farthest]!) farthest = entry;
    }
    if (farthest < 0) return false;
    this.#counters.bufferStolen++;
    this.#giveBackEntry(farthest);
    return true;
  }

  #giveBackEntry(entry: number): void {
    const buffer = this.#bufferOf[entry]!;
    if (this.#isSent[buffer]!) {
      this.#isSent[buffer] = false;
      this.#sentCount--;
    }
    this.#unitOf[entry] = NONE;
    this.#setFree(buffer);
  }

  #setFree(buffer: number): void {
    let i = this.#freeHead + this.#freeCount++;
    if (i >= this.buffers) i -= this.buffers;
    this.#free[i] = buffer;
    this.lent--;
  }
}
