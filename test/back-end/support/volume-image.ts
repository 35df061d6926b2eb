/** Volumes for tests, made by the project's own tool from files that a seed fills. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeVolume } from '../../../src/volume/tool/make.js';

/** `length` bytes that depend on `seed`, and in which no two units are alike. */
export function pattern(length: number, seed: number): Uint8Array {
  const b = new Uint8Array(length);
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    b[i] = state >>> 24;
  }
  return b;
}

/** The image of a volume with these files, by path. */
export async function volumeImage(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const directory = mkdtempSync(join(tmpdir(), 'atcp-test-'));
  try {
    for (const [path, content] of files) {
      const file = join(directory, 'content', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
    const image = join(directory, 'volume.img');
    await makeVolume({ image, from: join(directory, 'content'), sizeBytes: 8 * 2 ** 20 });
    return new Uint8Array(readFileSync(image));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
