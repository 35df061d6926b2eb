/**
 * Timers on a value clock: a binary heap of things that want to be woken. Each item has one place in the heap and
 * keeps its own deadlines. An item whose deadline moves away stays where it is, wakes early and schedules itself
 * again, so that restarting a retransmission timer with every ACK costs one comparison.
 */
export interface Timed {
  /** When the heap wakes it; the heap's to write. */
  wakeUs: number;
  /** Its place in the heap, -1 while it is not in; the heap's to write. */
  heapIndex: number;
  /** Time has come, or has come once; the item schedules itself again if it still waits for something. */
  onTimer(nowUs: number): void;
}

export class TimerHeap {
  private readonly items: Timed[] = [];

  /** When {@link run} has something to do; Infinity when nothing waits. */
  get nextUs(): number {
    return this.items.length === 0 ? Infinity : this.items[0]!.wakeUs;
  }

  get size(): number {
    return this.items.length;
  }

  /** Wakes `item` at `atUs` or before. */
  schedule(item: Timed, atUs: number): void {
    if (atUs === Infinity) return;
    if (item.heapIndex === -1) {
      item.wakeUs = atUs;
      item.heapIndex = this.items.length;
      this.items.push(item);
      this.siftUp(item);
    } else if (atUs < item.wakeUs) {
      item.wakeUs = atUs;
      this.siftUp(item);
    }
  }

  cancel(item: Timed): void {
    const index = item.heapIndex;
    if (index === -1) return;
    item.heapIndex = -1;
    const last = this.items.pop()!;
    if (last === item) return;
    last.heapIndex = index;
    this.items[index] = last;
    this.siftUp(last);
    this.siftDown(last);
  }

  /** Wakes every item whose time has come; bounded, even if items keep scheduling themselves for now. */
  run(nowUs: number): void {
    for (let bound = this.items.length; bound > 0 && this.nextUs <= nowUs; bound--) {
      const item = this.items[0]!;
      this.cancel(item);
      item.onTimer(nowUs);
    }
  }

  private siftUp(item: Timed): void {
    let index = item.heapIndex;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.items[parentIndex]!;
      if (parent.wakeUs <= item.wakeUs) break;
      this.place(parent, index);
      index = parentIndex;
    }
    this.place(item, index);
  }

  private siftDown(item: Timed): void {
    let index = item.heapIndex;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= this.items.length) break;
      const right = this.items[childIndex + 1];
      if (right !== undefined && right.wakeUs < this.items[childIndex]!.wakeUs) childIndex++;
      const child = this.items[childIndex]!;
      if (child.wakeUs >= item.wakeUs) break;
      this.place(child, index);
      index = childIndex;
    }
    this.place(item, index);
  }

  private place(item: Timed, index: number): void {
    this.items[index] = item;
    item.heapIndex = index;
  }
}
