/** Numbers and bytes in program arguments; every error names the argument and what it may be. */

/** A decimal or 0x… integer from `min` to `max`. */
export function parseInteger(name: string, text: string, min: number, max: number): number {
  const value = /^(0x[0-9a-f]+|[0-9]+)$/i.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max))
    throw new Error(`${name} ${text} is not an integer from ${min} to ${max}`);
  return value;
}

/** Exactly `bytes` bytes in hexadecimal. */
export function parseHex(name: string, text: string, bytes: number): Uint8Array {
  if (text.length !== bytes * 2 || !/^[0-9a-f]*$/i.test(text)) {
    throw new Error(`${name} must be ${bytes} bytes in hexadecimal`);
  }
  const value = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) value[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return value;
}
