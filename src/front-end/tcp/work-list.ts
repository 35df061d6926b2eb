/** First in, first out; keeps its memory. An item stays out once taken, whatever happens to the taker. */
export class WorkList<T> {
  private readonly items: T[] = [];
  private head = 0;

  get empty(): boolean {
    return this.head === this.items.length;
  }

  push(item: T): void {
    this.items.push(item);
  }

  take(): T | undefined {
    if (this.empty) return undefined;
    const item = this.items[this.head++];
    if (this.empty) {
      this.items.length = 0;
      this.head = 0;
    }
    return item;
  }
}
