/** Virtual time: what happens when, in order. Nothing here looks at a real clock. */

interface Event {
  readonly atUs: number;
  readonly run: () => void;
}

export class Clock {
  nowUs = 10_000_000;
  /** In order of time, the first one last: most new events are later than all others. */
  readonly #events: Event[] = [];

  get nextUs(): number {
    return this.#events.at(-1)?.atUs ?? Infinity;
  }

  /** Events of one moment happen in the order in which they were asked for. */
  at(atUs: number, run: () => void): void {
    const events = this.#events;
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (events[middle]!.atUs > atUs) low = middle + 1;
      else high = middle;
    }
    events.splice(low, 0, { atUs, run });
  }

  in(us: number, run: () => void): void {
    this.at(this.nowUs + us, run);
  }

  /** Does what is due. */
  runDue(): void {
    while (this.nextUs <= this.nowUs) this.#events.pop()!.run();
  }
}
