/** What every board of a simulation holds; the card is made once a process, and is the same in each. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeVolume } from '../volume/tool/make.js';

const SIZES = [
  ...[0, 1, 100, 511, 512, 700, 1_000, 1_459, 1_460, 1_461, 2_920, 4_095, 4_096, 4_097, 8_000, 10_000],
  ...[16_384, 30_000, 65_536, 100_000, 150_000, 200_000],
];
const LARGE_BYTES = 1_500_000;
const MODIFIED = new Date(1_700_000_000_000);

/** Files below this number are small. */
export const SMALL_FILES = 16;
/** By number of the file; the last one is large. */
export const FILE_SIZES: readonly number[] = Object.freeze([...SIZES, LARGE_BYTES]);

export interface Site {
  /** The image of the card; not to be changed. */
  readonly card: Uint8Array;
  /** By number of the file. */
  readonly contents: readonly Uint8Array[];
}

/** Path of a file on the card, which is also that of its URL behind the slash. */
export function fileName(file: number): string {
  return file % 3 === 0 ? `files/number-${file}.bin` : `file-${file}.bin`;
}

/** Bytes that depend on the file, and in which no two units are alike. */
function content(file: number, length: number): Uint8Array {
  const b = new Uint8Array(length);
  let state = (file * 2_654_435_761 + 12_345) >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    b[i] = state >>> 24;
  }
  return b;
}

let made: Promise<Site> | undefined;

export function site(): Promise<Site> {
  return (made ??= makeSite());
}

async function makeSite(): Promise<Site> {
  const contents = FILE_SIZES.map((size, file) => content(file, size));
  const directory = mkdtempSync(join(tmpdir(), 'atcp-simulate-'));
  try {
    const from = join(directory, 'content');
    contents.forEach((bytes, file) => {
      const path = join(from, fileName(file));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
      utimesSync(path, MODIFIED, MODIFIED);
    });
    for (const folder of [join(from, 'files'), from]) utimesSync(folder, MODIFIED, MODIFIED);
    const image = join(directory, 'card.img');
    await makeVolume({
      image,
      from,
      sizeBytes: 4 << 20,
      volumeId: new Uint8Array(16).fill(0x51),
      hashKey: new Uint8Array(16).fill(0x52),
    });
    return { card: new Uint8Array(readFileSync(image)), contents };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
