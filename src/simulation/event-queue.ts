/** Virtual time: what happens when, in order. Nothing in this folder looks at a real clock. */

interface Event {
  readonly atUs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A binary heap; events of one moment happen in the order in which they were asked for. */
export class EventQueue {
  nowUs = 0;
  /** Events that happened. */
  count = 0;
  readonly #heap: Event[] = [];
  #order = 0;

  /** When the next event is due; Infinity when there is none. */
  get nextUs(): number {
    return this.#heap.length === 0 ? Infinity : this.#heap[0]!.atUs;
  }

  at(atUs: number, run: () => void): void {
    const heap = this.#heap;
    const event = { atUs: Math.max(atUs, this.nowUs), order: this.#order++, run };
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = event;
  }

  in(us: number, run: () => void): void {
    this.at(this.nowUs + us, run);
  }

  /** Does what is due by {@link nowUs}. */
  runDue(): void {
    while (this.nextUs <= this.nowUs) {
      this.count++;
      this.#take().run();
    }
  }

  #take(): Event {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order);
}
