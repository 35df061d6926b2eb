/**
 * Random calls of the byte loops, the same on every engine: case `n` is a function of n alone, and what it gives
 * is one number over the result and every byte of the buffers afterwards. Two implementations that agree on all
 * cases do the same. Nothing here uses the byte loops itself.
 */
export interface ByteLoops {
  copy(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, length: number): void;
  fill(b: Uint8Array, at: number, length: number, value: number): void;
  equal(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, length: number): boolean;
  sum16(b: Uint8Array, at: number, length: number, sum: number): number;
  copySum16(
    from: Uint8Array,
    fromAt: number,
    to: Uint8Array,
    toAt: number,
    length: number,
    sum: number,
  ): number;
  get16(b: Uint8Array, at: number): number;
  get32(b: Uint8Array, at: number): number;
  get64(b: Uint8Array, at: number): number;
  put16(b: Uint8Array, at: number, value: number): void;
  put32(b: Uint8Array, at: number, value: number): void;
  put64(b: Uint8Array, at: number, value: number): void;
  crc7(b: Uint8Array, at: number, length: number, crc: number): number;
  crc16(b: Uint8Array, at: number, length: number, crc: number): number;
  crc32c(b: Uint8Array, at: number, length: number, crc: number): number;
  sipHash(
    key: Uint8Array,
    keyAt: number,
    b: Uint8Array,
    at: number,
    length: number,
    out: Uint8Array,
    outAt: number,
  ): void;
}

export const LOOP_NAMES = [
  ...(['copy', 'fill', 'equal', 'sum16', 'copySum16', 'crc7', 'crc16', 'crc32c', 'sipHash'] as const),
  ...(['get16', 'get32', 'get64', 'put16', 'put32', 'put64'] as const),
] as const;

/** xorshift32 (Marsaglia 2003). */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e37_79b9) | 1;
    for (let i = 0; i < 4; i++) this.next();
  }

  /** 0 … 2^32 - 1 */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** 0 … limit - 1 */
  below(limit: number): number {
    return this.next() % limit;
  }

  /** Often short and around word sizes, sometimes as long as a frame. */
  length(): number {
    const kind = this.below(4);
    if (kind === 0) return this.below(4);
    if (kind === 1) return this.below(40);
    return this.below(kind === 2 ? 300 : 1600);
  }

  bytes(length: number): Uint8Array {
    const b = new Uint8Array(length);
    // All zeros and all ones are the edges of sums and CRCs.
    const kind = this.below(8);
    for (let i = 0; i < length; i++) b[i] = kind === 0 ? 0 : kind === 1 ? 0xff : this.next();
    return b;
  }
}

/** FNV-1a over bytes and numbers. */
class Digest {
  value = 0x811c_9dc5;

  byte(byte: number): void {
    this.value = Math.imul(this.value ^ byte, 0x0100_0193) >>> 0;
  }

  word(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.byte((value >>> shift) & 0xff);
  }

  bytes(b: Uint8Array): void {
    for (let i = 0; i < b.length; i++) this.byte(b[i]!);
  }
}

/** A range of some buffer: bytes before and behind it must neither count nor change. */
interface Range {
  readonly b: Uint8Array;
  readonly at: number;
  readonly length: number;
}

function randomRange(random: Random, length: number): Range {
  const at = random.below(9);
  // Half of the ranges end where the buffer ends; some buffers are a view that starts amid another one.
  const b = random.bytes(at + length + (random.below(2) === 0 ? 0 : random.below(9)));
  if (random.below(3) > 0) return { b, at, length };
  const skip = random.below(at + 1);
  return { b: new Uint8Array(b.buffer, skip, b.length - skip), at: at - skip, length };
}

type Case = (loops: ByteLoops, random: Random, digest: Digest) => void;

const CASES: Record<(typeof LOOP_NAMES)[number], Case> = {
  copy(loops, random, digest) {
    const length = random.length();
    const from = randomRange(random, length);
    if (random.below(2) === 0) {
      const to = randomRange(random, length);
      loops.copy(from.b, from.at, to.b, to.at, length);
      digest.bytes(to.b);
    } else {
      loops.copy(from.b, from.at, from.b, random.below(from.at + 1), length);
    }
    digest.bytes(from.b);
  },
  fill(loops, random, digest) {
    const { b, at, length } = randomRange(random, random.length());
    loops.fill(b, at, length, random.below(600));
    digest.bytes(b);
  },
  equal(loops, random, digest) {
    const length = random.length();
    const a = randomRange(random, length);
    const b = randomRange(random, length);
    for (let i = 0; i < length; i++) b.b[b.at + i] = a.b[a.at + i]!;
    if (length > 0 && random.below(2) === 0) b.b[b.at + random.below(length)]! ^= 1 << random.below(8);
    digest.word(loops.equal(a.b, a.at, b.b, b.at, length) ? 1 : 0);
  },
  sum16(loops, random, digest) {
    const { b, at, length } = randomRange(random, random.length());
    const start = [0, 0xffff, random.next(), random.next() * 0x10_0000][random.below(4)]!;
    digest.word(loops.sum16(b, at, length, start));
  },
  copySum16(loops, random, digest) {
    const length = random.length();
    const from = randomRange(random, length);
    const to = randomRange(random, length);
    const start = [0, 0xffff, random.next()][random.below(3)]!;
    digest.word(loops.copySum16(from.b, from.at, to.b, to.at, length, start));
    digest.bytes(to.b);
  },
  get16(loops, random, digest) {
    const { b, at } = randomRange(random, 2);
    digest.word(loops.get16(b, at));
  },
  get32(loops, random, digest) {
    const { b, at } = randomRange(random, 4);
    const value = loops.get32(b, at);
    digest.byte(value < 0 ? 1 : 0);
    digest.word(value);
  },
  get64(loops, random, digest) {
    const { b, at } = randomRange(random, 8);
    // Half of them small enough for an integer of the engine.
    if (random.below(2) === 0) for (let i = 0; i < 4; i++) b[at + i] = 0;
    const value = loops.get64(b, at);
    digest.word(Math.floor(value / 0x1_0000_0000));
    digest.word(value);
  },
  put16(loops, random, digest) {
    const { b, at } = randomRange(random, 2);
    loops.put16(b, at, random.next() - 0x8000_0000);
    digest.bytes(b);
  },
  put32(loops, random, digest) {
    const { b, at } = randomRange(random, 4);
    // As some write it: signed, or already beyond 32 bits.
    loops.put32(b, at, [random.next(), random.next() | 0, random.next() * 16][random.below(3)]!);
    digest.bytes(b);
  },
  put64(loops, random, digest) {
    const { b, at } = randomRange(random, 8);
    loops.put64(b, at, [-1, random.next(), random.next() >>> 1, random.next() * 0x20_0000][random.below(4)]!);
    digest.bytes(b);
  },
  crc7(loops, random, digest) {
    const { b, at, length } = randomRange(random, random.length());
    digest.word(loops.crc7(b, at, length, random.below(128) << 1));
  },
  crc16(loops, random, digest) {
    const { b, at, length } = randomRange(random, random.length());
    digest.word(loops.crc16(b, at, length, random.below(0x1_0000)));
  },
  crc32c(loops, random, digest) {
    const { b, at, length } = randomRange(random, random.length());
    digest.word(loops.crc32c(b, at, length, random.next()));
  },
  sipHash(loops, random, digest) {
    const key = randomRange(random, 16);
    const message = randomRange(random, random.length());
    const out = randomRange(random, 8);
    loops.sipHash(key.b, key.at, message.b, message.at, message.length, out.b, out.at);
    digest.bytes(out.b);
  },
};

/** What case `n` of a loop gives. */
export function runTwinCase(loops: ByteLoops, name: (typeof LOOP_NAMES)[number], n: number): number {
  const digest = new Digest();
  CASES[name](loops, new Random(n + 1), digest);
  return digest.value;
}
