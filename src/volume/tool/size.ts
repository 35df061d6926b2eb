import { VolumeError } from './error.js';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['K', 2 ** 10],
  ['M', 2 ** 20],
  ['G', 2 ** 30],
  ['T', 2 ** 40],
]);

/** "64M", "4G", "1.5G", "1048576" (bytes) → bytes; units are powers of 1,024, an "iB" or "B" behind them allowed. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:iB|B)?$/i.exec(text.trim());
  const bytes = match ? Math.floor(Number(match[1]) * UNITS.get(match[2]!.toUpperCase())!) : NaN;
  if (!Number.isSafeInteger(bytes) || bytes <= 0) {
    throw new VolumeError(`"${text}" is not a size`, 'write a number with K, M, G or T, such as 64M or 4G');
  }
  return bytes;
}

/** 67108864 → "64 MiB"; at most one decimal. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  const names = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  while (value >= 1024 && unit < names.length - 1) {
    value /= 1024;
    unit++;
  }
  const rounded = Math.round(value * 10) / 10;
  return `${rounded} ${names[unit]}`;
}
