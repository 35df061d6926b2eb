/** The tree that the soak serves: 5,000 small files and one of 100 MB, the same bytes each time. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TreeFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

const FOLDERS = 50;

/** Bytes of a linear congruential generator; every file has its own seed. */
function content(bytes: number, seed: number): Buffer {
  const b = Buffer.alloc(bytes);
  let state = seed;
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    b[i] = state >>> 24;
  }
  return b;
}

/** Writes `small` small files (0 to 9 KB) and one of `bigBytes`; returns what is there. */
export function writeTree(folder: string, small: number, bigBytes: number): TreeFile[] {
  const files: TreeFile[] = [];
  const add = (path: string, bytes: Buffer): void => {
    writeFileSync(join(folder, path), bytes);
    files.push({ path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  };
  for (let i = 0; i < FOLDERS; i++) mkdirSync(join(folder, `d${i}`), { recursive: true });
  for (let i = 0; i < small; i++) add(`d${i % FOLDERS}/f${i}.bin`, content((i * 37) % 9000, i + 1));
  add('big.bin', content(bigBytes, 0));
  return files;
}
