/**
 * Initial sequence numbers (RFC 6528): ISN = M + F(local address, local port, remote address, remote port, key),
 * with M a clock of 4 µs ticks and F SipHash-2-4 under a key that lasts as long as the stack.
 */
import { get32, put16, put32 } from '../../wire/bytes.js';
import { sipHash } from '../../wire/byte-loops.js';

/** Fills `length` bytes of `b` from `at` with what nobody can predict. */
export interface Entropy {
  fill(b: Uint8Array, at: number, length: number): void;
}

export const SIP_KEY_BYTES = 16;
export const TUPLE_HASH_BYTES = 8;
const TUPLE_BYTES = 12;
const TICK_US = 4;

export class IsnGenerator {
  private readonly key = new Uint8Array(SIP_KEY_BYTES);
  private readonly tuple = new Uint8Array(TUPLE_BYTES);
  private readonly hash = new Uint8Array(TUPLE_HASH_BYTES);

  constructor(entropy: Entropy) {
    entropy.fill(this.key, 0, SIP_KEY_BYTES);
  }

  next(
    localAddress: number,
    localPort: number,
    remoteAddress: number,
    remotePort: number,
    nowUs: number,
  ): number {
    const f = get32(this.tupleHash(localAddress, localPort, remoteAddress, remotePort), 0);
    return (Math.floor(nowUs / TICK_US) + f) >>> 0;
  }

  /** F in full: 8 bytes that nobody else can tell from random ones, valid until the next call. */
  tupleHash(localAddress: number, localPort: number, remoteAddress: number, remotePort: number): Uint8Array {
    put32(this.tuple, 0, localAddress);
    put32(this.tuple, 4, remoteAddress);
    put16(this.tuple, 8, localPort);
    put16(this.tuple, 10, remotePort);
    sipHash(this.key, 0, this.tuple, 0, TUPLE_BYTES, this.hash, 0);
    return this.hash;
  }
}
