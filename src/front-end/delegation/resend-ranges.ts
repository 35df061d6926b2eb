/** The ranges that one board is to send again, kept until it reports that it did (ATCP_ACK 29, resend ranges). */
import { emitResendRange, MAX_RESEND_RANGES } from '../../wire/atcp/ack-down.js';

/** Who wants to know what a board has sent again. */
export interface ResendListener {
  onResent(from: number, to: number, atUs: number): void;
}

export class ResendRanges {
  // In rising generations.
  readonly #generation = new Uint32Array(MAX_RESEND_RANGES);
  readonly #from = new Float64Array(MAX_RESEND_RANGES);
  readonly #to = new Float64Array(MAX_RESEND_RANGES);
  #next = 1;
  count = 0;

  add(from: number, to: number): void {
    let start = from;
    let end = to;
    if (this.count === MAX_RESEND_RANGES) {
      // No place left: the oldest range becomes part of the new one, with what lies between them.
      start = Math.min(start, this.#from[0]!);
      end = Math.max(end, this.#to[0]!);
      this.#remove(0);
    }
    this.#generation[this.count] = this.#next++;
    this.#from[this.count] = start;
    this.#to[this.count] = end;
    this.count++;
  }

  /** The highest generation handed out. */
  get latest(): number {
    return this.#next - 1;
  }

  /** No place for another one. */
  get full(): boolean {
    return this.count === MAX_RESEND_RANGES;
  }

  /** The board has executed every range up to this generation, by `atUs`. */
  executed(generation: number, listener?: ResendListener, atUs = 0): void {
    while (this.count > 0 && this.#generation[0]! <= generation) {
      listener?.onResent(this.#from[0]!, this.#to[0]!, atUs);
      this.#remove(0);
    }
  }

  /** The client has everything below `offset`. */
  acknowledge(offset: number): void {
    for (let i = this.count - 1; i >= 0; i--) {
      if (this.#to[i]! <= offset) this.#remove(i);
      else if (this.#from[i]! < offset) this.#from[i] = offset;
    }
  }

  /** Writes all ranges into the statement at `at`. */
  emit(b: Uint8Array, at: number): void {
    for (let i = 0; i < this.count; i++)
      emitResendRange(b, at, i, this.#generation[i]!, this.#from[i]!, this.#to[i]!);
  }

  #remove(i: number): void {
    this.#generation.copyWithin(i, i + 1, this.count);
    this.#from.copyWithin(i, i + 1, this.count);
    this.#to.copyWithin(i, i + 1, this.count);
    this.count--;
  }
}
