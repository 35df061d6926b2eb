/**
 * Big-endian reads and writes of unsigned integers: the only place where wire and volume code touches
 * single bytes of a multi-byte field. Numbers of 64-bit fields stay below 2^53 and are plain numbers.
 */

export const U32 = 0x1_0000_0000;

/** An "unknown" or "to the end" 64-bit field: all ones on the wire, -1 in code. */
export const UNKNOWN_U64 = -1;

export function get16(b: Uint8Array, at: number): number {
  return (b[at]! << 8) | b[at + 1]!;
}

export function get32(b: Uint8Array, at: number): number {
  return ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0;
}

/** Reads a 64-bit field; all ones gives {@link UNKNOWN_U64}, other values of 2^53 or more lose precision. */
export function get64(b: Uint8Array, at: number): number {
  const high = get32(b, at);
  const low = get32(b, at + 4);
  if (high === 0xffff_ffff && low === 0xffff_ffff) return UNKNOWN_U64;
  return high * U32 + low;
}

export function put16(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 8;
  b[at + 1] = value;
}

export function put32(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 24;
  b[at + 1] = value >>> 16;
  b[at + 2] = value >>> 8;
  b[at + 3] = value;
}

export function put64(b: Uint8Array, at: number, value: number): void {
  if (value === UNKNOWN_U64) {
    put32(b, at, 0xffff_ffff);
    put32(b, at + 4, 0xffff_ffff);
    return;
  }
  put32(b, at, Math.floor(value / U32));
  put32(b, at + 4, value % U32);
}
