/**
 * Memory controller of claim 10 (memory 70 of Fig. 11): every buffer that the firmware has, made once. Unit
 * buffers are lent to slots; what was sent stays until it is acknowledged while memory lasts ([0031]), and the
 * oldest of it goes first when another slot needs a buffer: the card still has it.
 */
import { UNIT_BYTES } from '../volume/limits.js';
import type { Counters } from './counters.js';
import { FRAME_BYTES } from './limits.js';
import type { Limits } from './limits.js';

/** No buffer, no entry, no neighbour in a list. */
const NONE = -1;

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
  /** By buffer: its entry, and its neighbours in the list of sent units, oldest first. */
  readonly #entryOf: number[];
  readonly #older: number[];
  readonly #newer: number[];
  readonly #isSent: boolean[];
  #oldest = NONE;
  #newest = NONE;
  readonly #free: number[];
  #freeCount: number;
  /** The buffer that the disk controller is filling; it becomes an entry with {@link filled}. */
  #loading = NONE;
  #loadingSlot = NONE;
  #loadingUnit = 0;

  /** `superFrameBytes` is the largest frame that the NIC segments itself, or 0. */
  constructor(limits: Limits, superFrameBytes: number, counters: Counters) {
    this.#counters = counters;
    this.buffers = limits.buffers;
    this.units = new Uint8Array(limits.buffers * UNIT_BYTES);
    this.receiveFrame = new Uint8Array(FRAME_BYTES);
    this.controlFrame = new Uint8Array(FRAME_BYTES);
    this.pseudoFrame = new Uint8Array(Math.max(FRAME_BYTES, superFrameBytes));
    this.#perSlot = limits.buffersPerSlot;
    this.#mask = limits.buffersPerSlot - 1;
    const entries = limits.slots * limits.buffersPerSlot;
    // Plain arrays: on XS reading one costs a third of what a typed array costs.
    this.#bufferOf = new Array<number>(entries).fill(NONE);
    this.#unitOf = new Array<number>(entries).fill(NONE);
    this.#entryOf = new Array<number>(limits.buffers).fill(NONE);
    this.#older = new Array<number>(limits.buffers).fill(NONE);
    this.#newer = new Array<number>(limits.buffers).fill(NONE);
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
   * Lends a buffer for one unit and returns its position, or -1 when none is to be had. One unit is being filled
   * at a time; {@link filled} or {@link unfilled} follows. A slot holds consecutive units: one that shares the
   * new unit's place goes first. `reclaim` allows to take the oldest sent unit of any slot.
   */
  lend(slot: number, unit: number, reclaim: boolean): number {
    const entry = slot * this.#perSlot + (unit & this.#mask);
    if (this.#unitOf[entry]! >= 0) this.#giveBackEntry(entry);
    if (this.#freeCount === 0) {
      if (!reclaim || this.#oldest < 0) return NONE;
      this.#counters.bufferReclaimed++;
      this.#giveBackEntry(this.#entryOf[this.#oldest]!);
    }
    const buffer = this.#free[--this.#freeCount]!;
    this.#loading = buffer;
    this.#loadingSlot = slot;
    this.#loadingUnit = unit;
    if (++this.lent > this.highWater) this.highWater = this.lent;
    return buffer * UNIT_BYTES;
  }

  /** The lent buffer holds its unit now. */
  filled(): void {
    const unit = this.#loadingUnit;
    const buffer = this.#loading;
    const entry = this.#loadingSlot * this.#perSlot + (unit & this.#mask);
    this.#loading = NONE;
    this.#bufferOf[entry] = buffer;
    this.#unitOf[entry] = unit;
    this.#entryOf[buffer] = entry;
  }

  /** The lent buffer could not be filled, or is not wanted any more. */
  unfilled(): void {
    if (this.#loading < 0) return;
    this.#free[this.#freeCount++] = this.#loading;
    this.#loading = NONE;
    this.lent--;
  }

  /** The unit was sent: it stays until it is acknowledged, or until its buffer is needed. */
  sent(slot: number, unit: number): void {
    const entry = slot * this.#perSlot + (unit & this.#mask);
    const buffer = this.#bufferOf[entry]!;
    if (this.#unitOf[entry] !== unit || this.#isSent[buffer]!) return;
    const newest = this.#newest;
    this.#isSent[buffer] = true;
    this.#older[buffer] = newest;
    this.#newer[buffer] = NONE;
    if (newest >= 0) this.#newer[newest] = buffer;
    else this.#oldest = buffer;
    this.#newest = buffer;
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
    if (this.#isSent[buffer]!) this.#unlink(buffer);
    this.#unitOf[entry] = NONE;
    this.#free[this.#freeCount++] = buffer;
    this.lent--;
  }

  #unlink(buffer: number): void {
    const older = this.#older[buffer]!;
    const newer = this.#newer[buffer]!;
    if (older >= 0) this.#newer[older] = newer;
    else this.#oldest = newer;
    if (newer >= 0) this.#older[newer] = older;
    else this.#newest = older;
    this.#isSent[buffer] = false;
  }
}
