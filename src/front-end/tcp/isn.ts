/**
 * Initial sequence numbers (RFC 6528): ISN = M + F(local address, local port, remote address, remote port, key),
 * with M a clock of 4 µs ticks and F SipHash-2-4 under a key that lasts as long as the stack.
 */
import { get32, put16 } from '../../wire/bytes.js';
import { sipHash } from '../../wire/byte-loops.js';
import type { IpAddress } from '../link/ip-address.js';

/** Fills `length` bytes of `b` from `at` with what nobody can predict. */
export interface Entropy {
  fill(b: Uint8Array, at: number, length: number): void;
}

export const SIP_KEY_BYTES = 16;
export const TUPLE_HASH_BYTES = 8;
const TUPLE_BYTES = 36;
const FLOW_LABEL_BITS = 20;
const TICK_US = 4;

/** Where the timestamps of a 4-tuple begin (RFC 7323 7.1): the half of F that its sequence numbers do not tell. */
export function timestampOffset(tupleHash: Uint8Array): number {
  return get32(tupleHash, 4);
}

export class IsnGenerator {
  private readonly key = new Uint8Array(SIP_KEY_BYTES);
  private readonly tuple = new Uint8Array(TUPLE_BYTES);
  private readonly hash = new Uint8Array(TUPLE_HASH_BYTES);

  constructor(entropy: Entropy) {
    entropy.fill(this.key, 0, SIP_KEY_BYTES);
  }

  next(
    localAddress: IpAddress,
    localPort: number,
    remoteAddress: IpAddress,
    remotePort: number,
    nowUs: number,
  ): number {
    const f = get32(this.tupleHash(localAddress, localPort, remoteAddress, remotePort), 0);
    return (Math.floor(nowUs / TICK_US) + f) >>> 0;
  }

  /** The flow label of a connection: nothing follows from it about others (RFC 6437 2), nor about the ISN. */
  flowLabel(
    localAddress: IpAddress,
    localPort: number,
    remoteAddress: IpAddress,
    remotePort: number,
  ): number {
    return (
      get32(this.tupleHash(localAddress, localPort, remoteAddress, remotePort), 4) >>> (32 - FLOW_LABEL_BITS)
    );
  }

  /** F in full: 8 bytes that nobody else can tell from random ones, valid until the next call. */
  tupleHash(
    localAddress: IpAddress,
    localPort: number,
    remoteAddress: IpAddress,
    remotePort: number,
  ): Uint8Array {
    localAddress.write(this.tuple, 0);
    remoteAddress.write(this.tuple, 16);
    put16(this.tuple, 32, localPort);
    put16(this.tuple, 34, remotePort);
    sipHash(this.key, 0, this.tuple, 0, TUPLE_BYTES, this.hash, 0);
    return this.hash;
  }
}
