/** The receiving half of a client's TCP: what is in order, what came early, the window, SACK and D-SACK. */

/** Offsets within the stream; the end is not included. */
export type Range = readonly [number, number];

interface Early {
  start: number;
  end: number;
  /** In order; neighbours touch. */
  readonly pieces: Uint8Array[];
}

export class StreamReceiver {
  /** Everything below is there. */
  next = 0;
  /** Bytes in order that the program has not read yet. */
  unread = 0;
  /** Where the stream ends, once a FIN has said so. */
  finAt = Infinity;
  /** What came twice, for the next ACK (RFC 2883). */
  duplicate: Range | undefined;
  readonly #bufferBytes: number;
  readonly #onBytes: (bytes: Uint8Array) => void;
  readonly #early: Early[] = [];
  /** The range in which the last early bytes lie; it is told first (RFC 2018 4). */
  #latest = -1;
  /** The right edge of the window that was offered; it never moves back. */
  #edge: number;

  constructor(bufferBytes: number, onBytes: (bytes: Uint8Array) => void) {
    this.#bufferBytes = bufferBytes;
    this.#edge = bufferBytes;
    this.#onBytes = onBytes;
  }

  /** The window that may be offered now. */
  get windowBytes(): number {
    return Math.max(0, this.#bufferBytes - this.unread);
  }

  get edge(): number {
    return this.#edge;
  }

  /** A window of so many bytes has been offered. */
  offered(bytes: number): void {
    this.#edge = Math.max(this.#edge, this.next + bytes);
  }

  get hasEarly(): boolean {
    return this.#early.length > 0;
  }

  get finished(): boolean {
    return this.next > this.finAt;
  }

  /** Text at `start`; returns true when it was not simply the next. Bytes beyond the window are dropped. */
  take(start: number, bytes: Uint8Array): boolean {
    const end = Math.min(start + bytes.length, this.#edge, this.finAt);
    if (end <= this.next) {
      if (bytes.length > 0) this.duplicate = [start, start + bytes.length];
      return true;
    }
    if (start > this.next) {
      if (end > start) this.#keep(start, bytes.subarray(0, end - start));
      return true;
    }
    this.#advance(bytes.subarray(this.next - start, end - start));
    const filled = this.hasEarly;
    this.#takeEarly();
    return filled;
  }

  /** The FIN is in order: it counts. */
  takeFin(): void {
    if (this.next === this.finAt) this.next++;
  }

  /** Up to `most` ranges for the SACK option, D-SACK first; the duplicate is told once. */
  sackRanges(most: number): Range[] {
    const early = this.#early.map(({ start, end }): Range => [start, end]);
    const at = this.#early.findIndex(({ start, end }) => start <= this.#latest && this.#latest < end);
    if (at > 0) early.unshift(...early.splice(at, 1));
    const { duplicate } = this;
    this.duplicate = undefined;
    return (duplicate === undefined ? early : [duplicate, ...early]).slice(0, most);
  }

  #advance(bytes: Uint8Array): void {
    this.next += bytes.length;
    this.unread += bytes.length;
    this.#onBytes(bytes);
  }

  #keep(start: number, bytes: Uint8Array): void {
    this.#latest = start;
    const end = start + bytes.length;
    const early = this.#early;
    let index = early.findIndex((piece) => piece.end >= start);
    if (index < 0) index = early.length;
    const found = early[index];
    if (found === undefined || found.start > end) {
      early.splice(index, 0, { start, end, pieces: [bytes] });
      return;
    }
    if (start >= found.start && end <= found.end) {
      this.duplicate = [start, end];
      return;
    }
    if (start < found.start) {
      found.pieces.unshift(bytes.subarray(0, found.start - start));
      found.start = start;
    }
    if (end <= found.end) return;
    found.pieces.push(bytes.subarray(found.end - start));
    found.end = end;
    this.#merge(index);
  }

  /** What the range at `index` now reaches becomes part of it. */
  #merge(index: number): void {
    const early = this.#early;
    const range = early[index]!;
    for (
      let next = early[index + 1];
      next !== undefined && next.start <= range.end;
      next = early[index + 1]
    ) {
      early.splice(index + 1, 1);
      let from = next.start;
      for (const piece of next.pieces) {
        const known = Math.max(0, range.end - from);
        if (known < piece.length) {
          range.pieces.push(piece.subarray(known));
          range.end = from + piece.length;
        }
        from += piece.length;
      }
    }
  }

  #takeEarly(): void {
    for (
      let first = this.#early[0];
      first !== undefined && first.start <= this.next;
      first = this.#early[0]
    ) {
      this.#early.shift();
      let from = first.start;
      for (const piece of first.pieces) {
        const known = this.next - from;
        from += piece.length;
        if (known < piece.length) this.#advance(piece.subarray(Math.max(0, known)));
      }
    }
  }
}
