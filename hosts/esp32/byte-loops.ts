/**
 * The C twins of src/wire/byte-loops.ts (hosts/xs/native/byte-loops.c) as xsc binds them: the manifest puts this
 * module in the other's place.
 */
import type * as Reference from '../../src/wire/byte-loops.js';
import type * as Twins from './byte-loops.js';

// xsc makes a host function of each only if it passes exactly its own parameters on.

export function copy(
  this: unknown,
  from: Uint8Array,
  fromAt: number,
  to: Uint8Array,
  toAt: number,
  length: number,
): void {
  native('xs_bytes_copy').call(this, from, fromAt, to, toAt, length);
}

export function fill(this: unknown, b: Uint8Array, at: number, length: number, value: number): void {
  native('xs_bytes_fill').call(this, b, at, length, value);
}

export function equal(
  this: unknown,
  a: Uint8Array,
  aAt: number,
  b: Uint8Array,
  bAt: number,
  length: number,
): boolean {
  return native('xs_bytes_equal').call(this, a, aAt, b, bAt, length) as boolean;
}

export function sum16(this: unknown, b: Uint8Array, at: number, length: number, sum: number): number {
  return native('xs_bytes_sum16').call(this, b, at, length, sum) as number;
}

export function copySum16(
  this: unknown,
  from: Uint8Array,
  fromAt: number,
  to: Uint8Array,
  toAt: number,
  length: number,
  sum: number,
): number {
  return native('xs_bytes_copy_sum16').call(this, from, fromAt, to, toAt, length, sum) as number;
}

export function get16(this: unknown, b: Uint8Array, at: number): number {
  return native('xs_bytes_get16').call(this, b, at) as number;
}

export function get32(this: unknown, b: Uint8Array, at: number): number {
  return native('xs_bytes_get32').call(this, b, at) as number;
}

export function get64(this: unknown, b: Uint8Array, at: number): number {
  return native('xs_bytes_get64').call(this, b, at) as number;
}

export function put16(this: unknown, b: Uint8Array, at: number, value: number): void {
  native('xs_bytes_put16').call(this, b, at, value);
}

export function put32(this: unknown, b: Uint8Array, at: number, value: number): void {
  native('xs_bytes_put32').call(this, b, at, value);
}

export function put64(this: unknown, b: Uint8Array, at: number, value: number): void {
  native('xs_bytes_put64').call(this, b, at, value);
}

export function crc7(this: unknown, b: Uint8Array, at: number, length: number, crc: number): number {
  return native('xs_bytes_crc7').call(this, b, at, length, crc) as number;
}

export function crc16(this: unknown, b: Uint8Array, at: number, length: number, crc: number): number {
  return native('xs_bytes_crc16').call(this, b, at, length, crc) as number;
}

export function crc32c(this: unknown, b: Uint8Array, at: number, length: number, crc: number): number {
  return native('xs_bytes_crc32c').call(this, b, at, length, crc) as number;
}

export function sipHash(
  this: unknown,
  key: Uint8Array,
  keyAt: number,
  b: Uint8Array,
  at: number,
  length: number,
  out: Uint8Array,
  outAt: number,
): void {
  native('xs_bytes_sip_hash').call(this, key, keyAt, b, at, length, out, outAt);
}

/** These two fail to compile when the reference has a loop that is not here, or the other way round. */
type Covers<Actual extends Expected, Expected> = Actual;
export type HasEveryLoop = Covers<typeof Twins, typeof Reference>;
export type HasNoOther = Covers<typeof Reference, typeof Twins>;
