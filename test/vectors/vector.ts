/**
 * Test vectors that run on every engine: V8, XS on a PC, XS on a microcontroller. Device code like the firmware
 * itself, so no test library; a vector throws when it fails.
 */
export interface Vector {
  readonly name: string;
  run(): void;
}

/** The vectors of a file. Frozen, because a linker that preloads them says what is not. */
export function vectors(...list: Vector[]): readonly Vector[] {
  for (const vector of list) Object.freeze(vector);
  return Object.freeze(list);
}

/** What emitters write into: a byte that they forget shows. */
export const DIRT = 0xa5;

export function dirty(length: number): Uint8Array {
  const b = new Uint8Array(length);
  for (let i = 0; i < length; i++) b[i] = DIRT;
  return b;
}

/** Bytes from hexadecimal digits; blanks are for the reader. */
export function bytes(hex: string): Uint8Array {
  const digits = hex.replaceAll(' ', '');
  const b = new Uint8Array(digits.length / 2);
  for (let i = 0; i < b.length; i++) b[i] = parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return b;
}

/** The bytes of an ASCII text. */
export function ascii(text: string): Uint8Array {
  const b = new Uint8Array(text.length);
  for (let i = 0; i < b.length; i++) b[i] = text.charCodeAt(i);
  return b;
}

/** 0, 1, 2 … modulo 256. */
export function counting(length: number): Uint8Array {
  const b = new Uint8Array(length);
  for (let i = 0; i < length; i++) b[i] = i;
  return b;
}

export function toHex(b: Uint8Array, at = 0, length = b.length): string {
  let text = '';
  for (let i = at; i < at + length; i++) text += (b[i]! + 0x100).toString(16).slice(1);
  return text;
}

export function expectValue(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what}: got ${String(actual)}, expected ${String(expected)}`);
}

export function expectBytes(b: Uint8Array, at: number, expectedHex: string, what: string): void {
  const expected = toHex(bytes(expectedHex));
  const actual = toHex(b, at, expected.length / 2);
  if (actual !== expected) throw new Error(`${what}: got ${actual}, expected ${expected}`);
}

/**
 * Runs `emit` into a dirty buffer and expects exactly those bytes, that length returned, and dirt around them.
 */
export function expectEmitted(
  emit: (b: Uint8Array, at: number) => number,
  expectedHex: string,
  what: string,
): void {
  const margin = 8;
  const length = bytes(expectedHex).length;
  const b = dirty(margin + length + margin);
  expectValue(emit(b, margin), length, `${what}: returned length`);
  expectBytes(b, margin, expectedHex, what);
  expectDirt(b, 0, margin, `${what}: before it`);
  expectDirt(b, margin + length, margin, `${what}: behind it`);
}

export function expectDirt(b: Uint8Array, at: number, length: number, what: string): void {
  for (let i = at; i < at + length; i++) {
    if (b[i] !== DIRT) throw new Error(`${what}: byte ${i} was written`);
  }
}
