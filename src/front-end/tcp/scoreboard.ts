/**
 * What is known of every byte between SND.UNA and SND.NXT: when it was handed out, when it had left, whether the
 * client has it (RFC 2018), whether it is taken for lost and whether it was sent again (RFC 6675 3, RFC 8985 5.1).
 * Bytes of one fate share a record, so there are about as many records as there were grants and reports within a
 * round trip, plus the holes. Positions are unwrapped sequence numbers. Memory grows with the number of records up
 * to a bound and is kept: nothing is allocated for a segment or an ACK.
 */

/** Why a record's bytes need not be waited for, or have been waited for already. */
export const Mark = Object.freeze({
  none: 0,
  /** The client has it. */
  sacked: 1,
  /** Taken for lost, and not sent again since. */
  lost: 2,
  /** Sent again since it was first sent. */
  resent: 4,
} as const);

/** What follows within one reading of the clock is this much later. */
const TICK_US = 1 / 1024;
const FIRST_RECORDS = 8;
/** Beyond this neighbours are joined; what does not fit then is found out by a timeout. */
export const MAX_RECORDS = 1024;

/** Hears of each run of bytes that the client turns out to have. */
export interface DeliveryListener {
  /**
   * [start, end) arrived. It was handed out at `statedUs` and had left by `leftUs` (Infinity: not reported yet);
   * `whole`: the byte at `end` - 1 was the last one that was known to have left then.
   */
  onDelivered(
    start: number,
    end: number,
    statedUs: number,
    leftUs: number,
    whole: boolean,
    resent: boolean,
  ): void;
}

export class Scoreboard {
  /** SND.UNA and SND.NXT, as far as told. */
  una: number;
  edge: number;
  sackedBytes = 0;
  /** Lost, and not on its way again. */
  lostBytes = 0;
  // Record i is [start(i), start(i + 1)), the last one ends at the edge.
  private start = new Float64Array(FIRST_RECORDS);
  private stated = new Float64Array(FIRST_RECORDS);
  private left = new Float64Array(FIRST_RECORDS);
  private marks = new Uint8Array(FIRST_RECORDS);
  /** When bytes were handed out last: for the first time, and again. */
  private grantUs = -Infinity;
  private resendUs = -Infinity;
  private head = 0;
  private tail = 0;

  constructor(una: number) {
    this.una = una;
    this.edge = una;
  }

  /** Outstanding, and neither arrived nor lost (RFC 6675 4, "pipe"). */
  get pipeBytes(): number {
    return this.edge - this.una - this.sackedBytes - this.lostBytes;
  }

  /** The last byte below {@link edge} is known to have left. */
  get lastLeft(): boolean {
    return this.head < this.tail && this.left[this.tail - 1] !== Infinity;
  }

  /** … and so is every other byte. */
  get allLeft(): boolean {
    for (let i = this.tail - 1; i >= this.head; i--) if (this.left[i] === Infinity) return false;
    return this.head < this.tail;
  }

  get records(): number {
    return this.tail - this.head;
  }

  // What was sent. Repetitions leave before the new bytes of their batch, and after those of earlier ones.

  /** Bytes up to `to` were handed out at `nowUs`. */
  grant(to: number, nowUs: number): void {
    if (to <= this.edge) return;
    this.grantUs = Math.max(nowUs, this.resendUs);
    const last = this.tail - 1;
    const open = last >= this.head && this.left[last] === Infinity && this.marks[last] === Mark.none;
    if (!(open && this.stated[last] === this.grantUs)) {
      if (this.reserve(1)) {
        const i = this.tail++;
        this.start[i] = this.edge;
        this.stated[i] = this.grantUs;
        this.left[i] = Infinity;
        this.marks[i] = Mark.none;
      } else this.reopen();
    }
    this.edge = to;
  }

  /** [from, to) had left by `atUs`: first transmissions, or retransmissions if `again`. */
  markLeft(from: number, to: number, atUs: number, again: boolean): void {
    const low = Math.max(from, this.una);
    const high = Math.min(to, this.edge);
    if (low >= high || !this.reserve(2)) return;
    const wanted = again ? Mark.resent : Mark.none;
    const first = this.find(low);
    let i = first;
    for (let at = low; at < high; i++) {
      const end = Math.min(this.endOf(i), high);
      if (this.marks[i] === wanted && this.left[i] === Infinity) {
        i = this.isolate(i, at, end);
        this.left[i] = Math.max(atUs, this.stated[i]!);
      }
      at = end;
    }
    this.join(first, i);
  }

  /** [from, to) is on its way again from `nowUs` on. */
  resend(from: number, to: number, nowUs: number): void {
    if (!this.reserve(2)) return;
    this.resendUs = Math.max(nowUs, this.grantUs + TICK_US);
    const first = this.find(from);
    let i = first;
    for (let at = from; at < to; i++) {
      const end = Math.min(this.endOf(i), to);
      const marks = this.marks[i]!;
      if ((marks & Mark.sacked) === 0) {
        i = this.isolate(i, at, end);
        if ((marks & Mark.lost) !== 0) this.lostBytes -= end - at;
        this.marks[i] = Mark.resent;
        this.stated[i] = this.resendUs;
        this.left[i] = Infinity;
      }
      at = end;
    }
    this.join(first, i);
  }

  // What arrived.

  /** The client has everything below `una`. */
  acknowledge(una: number, listener: DeliveryListener): void {
    while (this.head < this.tail && this.start[this.head]! < una) {
      const i = this.head;
      const end = Math.min(this.endOf(i), una);
      const whole = end === this.endOf(i);
      this.arrive(i, this.start[i]!, end, listener);
      if ((this.marks[i]! & Mark.sacked) !== 0) this.sackedBytes -= end - this.start[i]!;
      if (whole) this.head++;
      else this.start[i] = end;
    }
    if (this.head === this.tail) this.head = this.tail = 0;
    this.una = una;
  }

  /** The client has [from, to), which lies between {@link una} and {@link edge}; returns how much of it is news. */
  sack(from: number, to: number, listener: DeliveryListener): number {
    let news = 0;
    // With no place left the news waits for an acknowledgment that says the same.
    if (!this.reserve(2)) return 0;
    const first = this.find(from);
    let i = first;
    for (let at = from; at < to; i++) {
      const end = Math.min(this.endOf(i), to);
      if ((this.marks[i]! & Mark.sacked) === 0) {
        news += end - at;
        this.arrive(i, at, end, listener);
        i = this.isolate(i, at, end);
        this.marks[i] = Mark.sacked;
        this.stated[i] = 0;
        this.left[i] = 0;
      }
      at = end;
    }
    this.sackedBytes += news;
    if (news > 0) this.join(first, i);
    return news;
  }

  /** The client seems to have dropped what it reported (reneging, RFC 2018 8): nothing above {@link una} is there. */
  forgetSacked(): void {
    for (let i = this.head; i < this.tail; i++) {
      if ((this.marks[i]! & Mark.sacked) === 0) continue;
      this.marks[i] = Mark.lost;
      this.lostBytes += this.endOf(i) - this.start[i]!;
    }
    this.sackedBytes = 0;
    this.join(this.head, this.tail);
  }

  /** What is lost no longer is: it was not lost at all. */
  forgetLost(): void {
    for (let i = this.head; i < this.tail; i++) this.marks[i]! &= ~Mark.lost;
    this.lostBytes = 0;
    this.join(this.head, this.tail);
  }

  /** At least how many segments above {@link una} the client has. */
  sackedSegments(segmentBytes: number): number {
    let segments = 0;
    for (let i = this.head; i < this.tail; i++) {
      if ((this.marks[i]! & Mark.sacked) === 0) continue;
      segments += Math.ceil((this.endOf(i) - this.start[i]!) / segmentBytes);
    }
    return segments;
  }

  // The records, for those who look for losses. Numbers stay valid until anything else is called.

  /** Number of the record that holds `position`, and of the one after the last. */
  find(position: number): number {
    let low = this.head;
    let high = this.tail;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.start[middle]! <= position) low = middle;
      else high = middle;
    }
    return low;
  }

  get first(): number {
    return this.head;
  }

  get end(): number {
    return this.tail;
  }

  startOf(i: number): number {
    return this.start[i]!;
  }

  endOf(i: number): number {
    return i + 1 < this.tail ? this.start[i + 1]! : this.edge;
  }

  marksOf(i: number): number {
    return this.marks[i]!;
  }

  leftUsOf(i: number): number {
    return this.left[i]!;
  }

  /** Takes the record's bytes for lost. */
  markLost(i: number): void {
    if ((this.marks[i]! & (Mark.lost | Mark.sacked)) !== 0) return;
    this.marks[i]! |= Mark.lost;
    this.lostBytes += this.endOf(i) - this.start[i]!;
  }

  /** Takes everything from {@link una} to `to` for lost that the client is not known to have. */
  loseHead(to: number): void {
    const high = Math.min(to, this.edge);
    if (high <= this.una || !this.reserve(1)) return;
    const last = this.isolateEnd(this.find(high - 1), high);
    for (let i = this.head; i <= last; i++) this.markLost(i);
  }

  /** Where lost bytes begin, at or above `from`; -1 when there are none. */
  nextLost(from: number): number {
    if (this.lostBytes === 0) return -1;
    for (let i = this.find(from); i < this.tail; i++) {
      if ((this.marks[i]! & Mark.lost) !== 0) return Math.max(from, this.start[i]!);
    }
    return -1;
  }

  /** Where the run of lost bytes ends that `from` is in. */
  lostRunEnd(from: number): number {
    let i = this.find(from);
    while (i < this.tail && (this.marks[i]! & Mark.lost) !== 0) i++;
    return i < this.tail ? this.start[i]! : this.edge;
  }

  /** True when the client has the byte at `position`. */
  holds(position: number): boolean {
    return this.head < this.tail && (this.marks[this.find(position)]! & Mark.sacked) !== 0;
  }

  private arrive(i: number, start: number, end: number, listener: DeliveryListener): void {
    const marks = this.marks[i]!;
    if ((marks & Mark.sacked) !== 0) return;
    if ((marks & Mark.lost) !== 0) this.lostBytes -= end - start;
    const resent = (marks & Mark.resent) !== 0;
    listener.onDelivered(start, end, this.stated[i]!, this.left[i]!, end === this.endOf(i), resent);
  }

  private isolateEnd(i: number, to: number): number {
    if (to < this.endOf(i)) this.split(i, to);
    return i;
  }

  /** Makes [from, to) of record `i` a record of its own, and returns its number. Room for two was reserved. */
  private isolate(i: number, from: number, to: number): number {
    this.isolateEnd(i, to);
    if (from === this.start[i]) return i;
    this.split(i, from);
    return i + 1;
  }

  private split(i: number, position: number): void {
    const { tail } = this;
    this.start.copyWithin(i + 2, i + 1, tail);
    this.stated.copyWithin(i + 1, i, tail);
    this.left.copyWithin(i + 1, i, tail);
    this.marks.copyWithin(i + 1, i, tail);
    this.start[i + 1] = position;
    this.tail++;
  }

  /** Joins neighbours of one fate among the records from the one before `first` to the one at `last`. */
  private join(first: number, last: number): void {
    const from = Math.max(first, this.head + 1);
    for (let i = Math.min(last, this.tail - 1); i >= from; i--) if (this.alike(i - 1, i)) this.remove(i);
  }

  private alike(i: number, j: number): boolean {
    return (
      this.marks[i] === this.marks[j] && this.left[i] === this.left[j] && this.stated[i] === this.stated[j]
    );
  }

  private remove(i: number): void {
    this.start.copyWithin(i, i + 1, this.tail);
    this.stated.copyWithin(i, i + 1, this.tail);
    this.left.copyWithin(i, i + 1, this.tail);
    this.marks.copyWithin(i, i + 1, this.tail);
    this.tail--;
  }

  /** Makes room for `more` records; false when there is none. Numbers of records change. */
  private reserve(more: number): boolean {
    if (this.tail + more <= this.start.length) return true;
    if (this.head > 0) this.moveDown();
    if (this.tail + more <= this.start.length) return true;
    if (this.start.length < MAX_RECORDS) this.grow();
    else this.coarsen();
    return this.tail + more <= this.start.length;
  }

  private moveDown(): void {
    const { head, tail } = this;
    this.start.copyWithin(0, head, tail);
    this.stated.copyWithin(0, head, tail);
    this.left.copyWithin(0, head, tail);
    this.marks.copyWithin(0, head, tail);
    this.head = 0;
    this.tail = tail - head;
  }

  private grow(): void {
    const capacity = 2 * this.start.length;
    const grown = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const array = new Float64Array(capacity);
      array.set(old);
      return array;
    };
    this.start = grown(this.start);
    this.stated = grown(this.stated);
    this.left = grown(this.left);
    const marks = new Uint8Array(capacity);
    marks.set(this.marks);
    this.marks = marks;
  }

  /** Joins neighbours that differ in their times only; the later ones count, lest something be lost too soon. */
  private coarsen(): void {
    let kept = 0;
    for (let i = 1; i < this.tail; i++) {
      if (this.marks[i] === this.marks[kept]) {
        this.stated[kept] = Math.max(this.stated[kept]!, this.stated[i]!);
        this.left[kept] = Math.max(this.left[kept]!, this.left[i]!);
        continue;
      }
      kept++;
      this.start[kept] = this.start[i]!;
      this.stated[kept] = this.stated[i]!;
      this.left[kept] = this.left[i]!;
      this.marks[kept] = this.marks[i]!;
    }
    this.tail = kept + 1;
  }

  /** No record is left for new bytes: the last one takes them, as if all of it had only been handed out now. */
  private reopen(): void {
    const last = this.tail - 1;
    if ((this.marks[last]! & Mark.sacked) !== 0) this.sackedBytes -= this.edge - this.start[last]!;
    if ((this.marks[last]! & Mark.lost) !== 0) this.lostBytes -= this.edge - this.start[last]!;
    this.marks[last] = Mark.none;
    this.stated[last] = this.grantUs;
    this.left[last] = Infinity;
  }
}
