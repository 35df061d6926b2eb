/**
 * TSval must be a non-decreasing function of the sequence number, whoever sends (RFC 7323 5.3; README 5.2): looks at
 * the text that leaves for every client.
 */
import type { Segment } from './client/packet.js';

interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly tsVal: number;
}

export class TimestampWatch {
  readonly #violation: (what: string) => void;
  #first: number | undefined;
  /** By position in the stream. */
  #stretches: Stretch[] = [];

  constructor(violation: (what: string) => void) {
    this.#violation = violation;
  }

  onText(segment: Segment): void {
    if (segment.timestamps === undefined || segment.payload.length === 0) return;
    this.#first ??= segment.sequence;
    const start = (segment.sequence - this.#first) | 0;
    const [tsVal] = segment.timestamps;
    const added = { start, end: start + segment.payload.length, tsVal };
    const stretches = this.#stretches;
    let index = stretches.length;
    while (index > 0 && stretches[index - 1]!.start > start) index--;
    const before = stretches[index - 1];
    const after = stretches[index];
    if (before !== undefined && ((tsVal - before.tsVal) | 0) < 0) this.#report(added, before);
    if (after !== undefined && ((after.tsVal - tsVal) | 0) < 0) this.#report(after, added);
    if (before === undefined || before.end < added.end || before.tsVal !== tsVal)
      stretches.splice(index, 0, added);
    // Of what is long gone nobody sends anything again.
    if (stretches.length > 2_000) this.#stretches = stretches.slice(1_000);
  }

  #report(later: Stretch, earlier: Stretch): void {
    this.#violation(
      `bytes ${later.start} to ${later.end} carry TSval ${later.tsVal}, and those from ${earlier.start} on ${earlier.tsVal}`,
    );
  }
}
