/**
 * The loops that touch every byte of a packet or a sector, and the fields of several bytes. This file is the
 * reference in TypeScript; an engine that interprets (XS) swaps the whole module for a C twin with the same
 * exports, and a property test holds the two equal. None allocates, none throws when the given ranges lie inside
 * the arrays.
 *
 * Sources: RFC 1071 (Internet checksum), [SD] 4.5 (CRC7, CRC16), RFC 3720 B.4 (CRC-32C),
 * Aumasson & Bernstein, "SipHash: a fast short-input PRF" (SipHash-2-4).
 */

const U32 = 0x1_0000_0000;

/** Copies `length` bytes; the ranges may overlap only if both arrays are the same and `to` is not after `from`. */
export function copy(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, length: number): void {
  for (let i = 0; i < length; i++) to[toAt + i] = from[fromAt + i]!;
}

export function fill(b: Uint8Array, at: number, length: number, value: number): void {
  for (let i = 0; i < length; i++) b[at + i] = value;
}

export function equal(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

/**
 * Adds big-endian 16-bit words to `sum` with end-around carry (RFC 1071); an odd last byte counts as a high
 * byte. Returns the folded 16-bit sum, not yet complemented.
 */
export function sum16(b: Uint8Array, at: number, length: number, sum: number): number {
  let total = sum;
  const even = at + (length & ~1);
  for (let i = at; i < even; i += 2) total += (b[i]! << 8) | b[i + 1]!;
  if (length & 1) total += b[even]! << 8;
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x1_0000);
  return total;
}

/** {@link copy}, and {@link sum16} of what was copied: one pass for a segment's payload. */
export function copySum16(
  from: Uint8Array,
  fromAt: number,
  to: Uint8Array,
  toAt: number,
  length: number,
  sum: number,
): number {
  copy(from, fromAt, to, toAt, length);
  return sum16(to, toAt, length, sum);
}

// Big-endian unsigned integers. Numbers of 64-bit fields stay below 2^53 and are plain numbers.

export function get16(b: Uint8Array, at: number): number {
  return (b[at]! << 8) | b[at + 1]!;
}

export function get32(b: Uint8Array, at: number): number {
  return ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0;
}

/** Reads a 64-bit field; all ones gives -1, other values of 2^53 or more lose precision. */
export function get64(b: Uint8Array, at: number): number {
  const high = get32(b, at);
  const low = get32(b, at + 4);
  if (high === 0xffff_ffff && low === 0xffff_ffff) return -1;
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

/** Writes a 64-bit field, an integer from -1 (all ones) to 2^53 - 1. */
export function put64(b: Uint8Array, at: number, value: number): void {
  put32(b, at, Math.floor(value / U32));
  put32(b, at + 4, value < 0 ? 0xffff_ffff : value % U32);
}

const CRC7 = table(256, (i) => {
  let crc = i;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? (crc << 1) ^ (0x09 << 1) : crc << 1;
  return crc & 0xff;
});

const CRC16 = table(256, (i) => {
  let crc = i << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

const CRC32C = table(256, (i) => {
  let crc = i;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

function table(size: number, entry: (i: number) => number): Uint32Array {
  const values = new Uint32Array(size);
  for (let i = 0; i < size; i++) values[i] = entry(i);
  return values;
}

/** CRC7 of SD commands (x^7 + x^3 + 1), in the upper seven bits of a byte; start with `crc` 0. */
export function crc7(b: Uint8Array, at: number, length: number, crc: number): number {
  for (let i = at; i < at + length; i++) crc = CRC7[crc ^ b[i]!]!;
  return crc;
}

/** CRC16 of SD data blocks (CCITT, x^16 + x^12 + x^5 + 1); start with `crc` 0. */
export function crc16(b: Uint8Array, at: number, length: number, crc: number): number {
  for (let i = at; i < at + length; i++) crc = ((crc << 8) & 0xffff) ^ CRC16[(crc >>> 8) ^ b[i]!]!;
  return crc;
}

/** CRC-32C (Castagnoli). Start with 0; feed the result back in to continue. */
export function crc32c(b: Uint8Array, at: number, length: number, crc: number): number {
  let state = ~crc;
  for (let i = at; i < at + length; i++) state = (state >>> 8) ^ CRC32C[(state ^ b[i]!) & 0xff]!;
  return ~state >>> 0;
}

function le32(b: Uint8Array, at: number): number {
  return b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24);
}

function putLe32(b: Uint8Array, at: number, value: number): void {
  b[at] = value;
  b[at + 1] = value >>> 8;
  b[at + 2] = value >>> 16;
  b[at + 3] = value >>> 24;
}

/**
 * SipHash-2-4 with a 128-bit key and a 64-bit result, written to `out` in the paper's byte order (little-endian).
 * The four 64-bit words are pairs of 32-bit integers, for engines that have no cheap 64-bit integer.
 */
export function sipHash(
  key: Uint8Array,
  keyAt: number,
  b: Uint8Array,
  at: number,
  length: number,
  out: Uint8Array,
  outAt: number,
): void {
  const k0l = le32(key, keyAt);
  const k0h = le32(key, keyAt + 4);
  const k1l = le32(key, keyAt + 8);
  const k1h = le32(key, keyAt + 12);
  let v0l = k0l ^ 0x70736575;
  let v0h = k0h ^ 0x736f6d65;
  let v1l = k1l ^ 0x6e646f6d;
  let v1h = k1h ^ 0x646f7261;
  let v2l = k0l ^ 0x6e657261;
  let v2h = k0h ^ 0x6c796765;
  let v3l = k1l ^ 0x79746573;
  let v3h = k1h ^ 0x74656462;

  const words = length >>> 3;
  for (let word = 0; word < words + 3; word++) {
    // Words 0 … words-1 are the message; word `words` is the padded tail; the last two do the finalisation.
    let ml = 0;
    let mh = 0;
    let rounds = 2;
    if (word < words) {
      ml = le32(b, at + word * 8);
      mh = le32(b, at + word * 8 + 4);
    } else if (word === words) {
      const tail = at + words * 8;
      const rest = length & 7;
      for (let i = 0; i < rest; i++) {
        if (i < 4) ml |= b[tail + i]! << (8 * i);
        else mh |= b[tail + i]! << (8 * (i - 4));
      }
      mh |= length << 24;
    } else if (word === words + 1) {
      v2l ^= 0xff;
      rounds = 4;
    } else break;
    v3l ^= ml;
    v3h ^= mh;
    for (let round = 0; round < rounds; round++) {
      let l: number;
      // v0 += v1; v1 <<<= 13; v1 ^= v0; v0 <<<= 32
      l = (v0l >>> 0) + (v1l >>> 0);
      v0h = (v0h + v1h + (l > 0xffff_ffff ? 1 : 0)) | 0;
      v0l = l | 0;
      l = (v1l << 13) | (v1h >>> 19);
      v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
      v1l = l ^ v0l;
      l = v0l;
      v0l = v0h;
      v0h = l;
      // v2 += v3; v3 <<<= 16; v3 ^= v2
      l = (v2l >>> 0) + (v3l >>> 0);
      v2h = (v2h + v3h + (l > 0xffff_ffff ? 1 : 0)) | 0;
      v2l = l | 0;
      l = (v3l << 16) | (v3h >>> 16);
      v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
      v3l = l ^ v2l;
      // v0 += v3; v3 <<<= 21; v3 ^= v0
      l = (v0l >>> 0) + (v3l >>> 0);
      v0h = (v0h + v3h + (l > 0xffff_ffff ? 1 : 0)) | 0;
      v0l = l | 0;
      l = (v3l << 21) | (v3h >>> 11);
      v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
      v3l = l ^ v0l;
      // v2 += v1; v1 <<<= 17; v1 ^= v2; v2 <<<= 32
      l = (v2l >>> 0) + (v1l >>> 0);
      v2h = (v2h + v1h + (l > 0xffff_ffff ? 1 : 0)) | 0;
      v2l = l | 0;
      l = (v1l << 17) | (v1h >>> 15);
      v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
      v1l = l ^ v2l;
      l = v2l;
      v2l = v2h;
      v2h = l;
    }
    v0l ^= ml;
    v0h ^= mh;
  }
  putLe32(out, outAt, v0l ^ v1l ^ v2l ^ v3l);
  putLe32(out, outAt + 4, v0h ^ v1h ^ v2h ^ v3h);
}
