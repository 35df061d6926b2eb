/**
 * TSval as a non-decreasing function of the sequence (decision 4): the marks of the latest statement. A segment
 * carries the value that holds at its first byte, whenever and however often it is sent.
 */
import {
  ackTimestampMarkCount,
  MAX_TIMESTAMP_MARKS,
  timestampMarkFrom,
  timestampMarkTsVal,
} from '../wire/atcp/ack-down.js';

/** The marks of all slots: an array costs XS more than the eight numbers in it. */
export class MarkMemory {
  readonly from: Float64Array;
  readonly tsVals: Uint32Array;

  constructor(slots: number) {
    this.from = new Float64Array(slots * MAX_TIMESTAMP_MARKS);
    this.tsVals = new Uint32Array(slots * MAX_TIMESTAMP_MARKS);
  }
}

export class TimestampMarks {
  count = 0;
  readonly #from: Float64Array;
  readonly #tsVals: Uint32Array;
  /** Where these marks begin. */
  readonly #first: number;

  constructor(memory: MarkMemory, slot: number) {
    this.#from = memory.from;
    this.#tsVals = memory.tsVals;
    this.#first = slot * MAX_TIMESTAMP_MARKS;
  }

  clear(): void {
    this.count = 0;
  }

  /** Takes the marks of an ATCP_ACK 29, which are in ascending order of offset. */
  load(b: Uint8Array, at: number): void {
    const count = ackTimestampMarkCount(b, at);
    for (let i = 0; i < count; i++) {
      this.#from[this.#first + i] = timestampMarkFrom(b, at, i);
      this.#tsVals[this.#first + i] = timestampMarkTsVal(b, at, i);
    }
    this.count = count;
  }

  /** TSval at `offset`, which may lie before the first mark: then it is that mark's. Only when {@link count} is not 0. */
  at(offset: number): number {
    let i = this.#first + this.count - 1;
    while (i > this.#first && this.#from[i]! > offset) i--;
    return this.#tsVals[i]!;
  }

  /** Up to which offset TSval is that of `offset`, or Infinity. */
  endOf(offset: number): number {
    // The first mark's value holds before it, too.
    const end = this.#first + this.count;
    for (let i = this.#first + 1; i < end; i++) if (this.#from[i]! > offset) return this.#from[i]!;
    return Infinity;
  }
}
