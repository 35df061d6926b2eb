/**
 * From a 4-tuple, of either family, to what stands for it: a handshake, a connection, a TIME-WAIT. Entries are chained
 * within their buckets by a field of their own, so that looking up allocates nothing. Whoever has a /64 chooses from
 * 2^64 addresses, so that it must not be possible to choose keys that collide: the hash is universal.
 */
import type { IpAddress } from '../link/ip-address.js';
import type { Segment } from './segment.js';

export interface TableEntry {
  /** One of our own: the same address is the same object. */
  readonly localAddress: IpAddress;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  readonly localPort: number;
  /** The table's to write. */
  nextInBucket: TableEntry | undefined;
  /** A segment of this 4-tuple; the object is the caller's and is used again. */
  onSegment(segment: Segment, nowUs: number): void;
}

const FIRST_BUCKETS_LOG2 = 10;
/** One a half-word of the remote address, one a port. */
export const HASH_KEYS = 10;

export class ConnectionTable {
  private buckets: (TableEntry | undefined)[];
  private count = 0;
  /** 32 less the logarithm of how many buckets there are. */
  private shift = 32 - FIRST_BUCKETS_LOG2;
  private readonly keys: Int32Array;

  /** `keys`: {@link HASH_KEYS} unpredictable words. */
  constructor(keys: Int32Array) {
    this.keys = keys;
    this.buckets = new Array<TableEntry | undefined>(2 ** FIRST_BUCKETS_LOG2).fill(undefined);
  }

  get size(): number {
    return this.count;
  }

  find(
    localAddress: IpAddress,
    localPort: number,
    remoteAddress: IpAddress,
    remotePort: number,
  ): TableEntry | undefined {
    let entry = this.buckets[this.bucketOf(remoteAddress, remotePort, localPort)];
    while (
      entry !== undefined &&
      (entry.remotePort !== remotePort ||
        entry.localPort !== localPort ||
        entry.localAddress !== localAddress ||
        !entry.remoteAddress.equals(remoteAddress))
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
    this.shift--;
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

  /**
   * The highest bits of a sum of 16-bit words times secret 32-bit keys, modulo 2^32: for up to 2^17 buckets two
   * different keys share one no more often than by chance (Dietzfelbinger, "Universal hashing and k-wise independent
   * random variables via integer arithmetic without primes").
   */
  private bucketOf(remoteAddress: IpAddress, remotePort: number, localPort: number): number {
    const { keys } = this;
    const { w0, w1, w2, w3 } = remoteAddress;
    let h = Math.imul(w3 & 0xffff, keys[0]!) + Math.imul(w3 >>> 16, keys[1]!);
    h += Math.imul(remotePort, keys[2]!) + Math.imul(localPort, keys[3]!);
    h += Math.imul(w2 & 0xffff, keys[4]!) + Math.imul(w2 >>> 16, keys[5]!);
    h += Math.imul(w1 & 0xffff, keys[6]!) + Math.imul(w1 >>> 16, keys[7]!);
    h += Math.imul(w0 & 0xffff, keys[8]!) + Math.imul(w0 >>> 16, keys[9]!);
    return h >>> this.shift;
  }
}
