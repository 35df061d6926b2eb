/**
 * From a 4-tuple to what stands for it: a handshake, a connection, a TIME-WAIT. The local address is the front-end's
 * own, so the key is (remote address, remote port, local port). Entries are chained within their buckets by a
 * field of their own: looking up allocates nothing, and a key from the network can't be chosen to collide
 * because the hash is seeded.
 */
import type { Segment } from './segment.js';

export interface TableEntry {
  readonly remoteAddress: number;
  readonly remotePort: number;
  readonly localPort: number;
  /** The table's to write. */
  nextInBucket: TableEntry | undefined;
  /** A segment of this 4-tuple; the object is the caller's and is used again. */
  onSegment(segment: Segment, nowUs: number): void;
}

const FIRST_BUCKETS = 1024;

export class ConnectionTable {
  private buckets: (TableEntry | undefined)[];
  private count = 0;
  private readonly seed: number;

  /** `seed`: 32 unpredictable bits. */
  constructor(seed: number) {
    this.seed = seed;
    this.buckets = new Array<TableEntry | undefined>(FIRST_BUCKETS).fill(undefined);
  }

  get size(): number {
    return this.count;
  }

  find(remoteAddress: number, remotePort: number, localPort: number): TableEntry | undefined {
    let entry = this.buckets[this.bucketOf(remoteAddress, remotePort, localPort)];
    while (
      entry !== undefined &&
      (entry.remoteAddress !== remoteAddress ||
        entry.remotePort !== remotePort ||
        entry.localPort !== localPort)
    ) {
      entry = entry.nextInBucket;
    }
    return entry;
  }

  /** Adds an entry whose 4-tuple is not in the table. */
  add(entry: TableEntry): void {
    if (this.count >= this.buckets.length) this.grow();
    this.link(entry);
    this.count++;
  }

  /** Takes this very entry out; nothing happens when it is not in. */
  remove(entry: TableEntry): void {
    const bucket = this.bucketOf(entry.remoteAddress, entry.remotePort, entry.localPort);
    let before: TableEntry | undefined;
    for (let here = this.buckets[bucket]; here !== undefined; here = here.nextInBucket) {
      if (here === entry) {
        if (before === undefined) this.buckets[bucket] = here.nextInBucket;
        else before.nextInBucket = here.nextInBucket;
        here.nextInBucket = undefined;
        this.count--;
        return;
      }
      before = here;
    }
  }

  *entries(): Generator<TableEntry> {
    for (const first of this.buckets)
      for (let entry = first; entry !== undefined; entry = entry.nextInBucket) yield entry;
  }

  private grow(): void {
    const old = this.buckets;
    this.buckets = new Array<TableEntry | undefined>(old.length * 2).fill(undefined);
    for (const first of old) {
      let entry = first;
      while (entry !== undefined) {
        const next: TableEntry | undefined = entry.nextInBucket;
        this.link(entry);
        entry = next;
      }
    }
  }

  private link(entry: TableEntry): void {
    const bucket = this.bucketOf(entry.remoteAddress, entry.remotePort, entry.localPort);
    entry.nextInBucket = this.buckets[bucket];
    this.buckets[bucket] = entry;
  }

  /** Two multiply-xorshift rounds (the finaliser of MurmurHash3) over the seeded key. */
  private bucketOf(remoteAddress: number, remotePort: number, localPort: number): number {
    let h = Math.imul(remoteAddress ^ this.seed, 0x85ebca6b);
    h ^= h >>> 13;
    h = Math.imul(h ^ (remotePort << 16) ^ localPort ^ (this.seed >>> 7), 0xc2b2ae35);
    h ^= h >>> 16;
    return h & (this.buckets.length - 1);
  }
}
