/**
 * TSval as a non-decreasing function of the sequence number (decision 4): which value the bytes from a position (or
 * an offset) on carry. A value, once stated, never changes, whoever sends or sends again.
 */
import { emitTimestampMark, MAX_TIMESTAMP_MARKS } from '../../wire/atcp/ack-down.js';
import { seqLeq } from '../../wire/sequence.js';

export class TimestampMarks {
  readonly #from = new Float64Array(MAX_TIMESTAMP_MARKS);
  readonly #tsVal = new Uint32Array(MAX_TIMESTAMP_MARKS);
  count = 0;

  /** Bytes from `from` on, which nobody was granted yet, carry `tsVal`. */
  mark(from: number, tsVal: number): void {
    const last = this.count - 1;
    if (last >= 0 && seqLeq(tsVal, this.#tsVal[last]!)) return;
    if (last >= 0 && this.#from[last] === from) {
      // No byte carries the last value.
      this.#tsVal[last] = tsVal;
      return;
    }
    // With every place taken the new bytes keep the last value: late for the client's echo, but never going back.
    if (this.count === MAX_TIMESTAMP_MARKS) return;
    this.#from[this.count] = from;
    this.#tsVal[this.count] = tsVal;
    this.count++;
  }

  /** The value of the byte at `from`; one before the first mark has that mark's. Only when {@link count} is not 0. */
  at(from: number): number {
    let i = this.count - 1;
    while (i > 0 && this.#from[i]! > from) i--;
    return this.#tsVal[i]!;
  }

  /** The latest value, and where it begins. Only when {@link count} is not 0. */
  get latest(): number {
    return this.#tsVal[this.count - 1]!;
  }

  get latestFrom(): number {
    return this.#from[this.count - 1]!;
  }

  /** Forgets marks that only concern bytes below `offset`. */
  acknowledge(offset: number): void {
    let old = 0;
    while (old + 1 < this.count && this.#from[old + 1]! <= offset) old++;
    if (old === 0) return;
    this.#from.copyWithin(0, old, this.count);
    this.#tsVal.copyWithin(0, old, this.count);
    this.count -= old;
  }

  /** Writes all marks into the statement at `at`. */
  emit(b: Uint8Array, at: number): void {
    for (let i = 0; i < this.count; i++) emitTimestampMark(b, at, i, this.#from[i]!, this.#tsVal[i]!);
  }
}
