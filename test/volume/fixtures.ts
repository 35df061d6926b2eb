/** What the tests of volumes share: scratch directories, random trees, allocators, and a second CRC-32C. */
import fc from 'fast-check';
import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dataSectorOf, lastUnitSectors, unitsForBytes, unitsInExtent } from '../../src/volume/extent.js';
import { BLOCK_SECTORS } from '../../src/volume/limits.js';
import type { Allocator, Extent } from '../../src/volume/tool/allocator.js';

export const SECTOR = 512;
export const VOLUME_ID = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);

/** A directory for one `describe`, gone afterwards. */
export function scratchDirectory(): { readonly path: (name: string) => string } {
  let directory = '';
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'atcp-volume-'));
  });
  after(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return { path: (name) => join(directory, name) };
}

/** CRC-32C bit by bit, straight from the polynomial (RFC 3720 B.4): shares nothing with the tables under test. */
export function slowCrc32c(bytes: Uint8Array, start = 0): number {
  let crc = ~start;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

/** 512 bytes: `hex` (spaces allowed) at the given offsets, zeros elsewhere, and the CRC from `seed`. */
export function sectorOf(seed: number, parts: Readonly<Record<number, string>>): Uint8Array {
  const sector = Buffer.alloc(SECTOR);
  for (const [at, hex] of Object.entries(parts)) {
    Buffer.from(hex.replaceAll(' ', ''), 'hex').copy(sector, Number(at));
  }
  sector.writeUInt32BE(slowCrc32c(sector.subarray(0, 508), seed), 508);
  return new Uint8Array(sector);
}

/** A buffer of 0xA5 in which only 512 bytes from 100 on may change; returns them. */
export function emitted(emit: (b: Uint8Array, at: number) => void): Uint8Array {
  const b = new Uint8Array(100 + SECTOR + 100).fill(0xa5);
  emit(b, 100);
  assert.ok(b.subarray(0, 100).every((byte) => byte === 0xa5));
  assert.ok(b.subarray(100 + SECTOR).every((byte) => byte === 0xa5));
  return b.slice(100, 100 + SECTOR);
}

/** Reproducible bytes that are not zero for long. */
export function noise(length: number, seed: number): Buffer {
  const b = Buffer.alloc(length);
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    b[i] = state >>> 24;
  }
  return b;
}

/** Path in the volume → content. */
export type Files = Readonly<Record<string, Uint8Array>>;

/** Writes the files below `directory`, all with the same time. */
export function writeTree(directory: string, files: Files, timeMs = 1_700_000_000_123): void {
  mkdirSync(directory, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  const entries = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  for (const entry of ['.', ...entries]) utimesSync(join(directory, entry), timeMs / 1000, timeMs / 1000);
}

/** All files below a directory. */
export function readTree(directory: string): Record<string, Buffer> {
  const files: Record<string, Buffer> = {};
  for (const entry of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const file = join(directory, entry);
    if (statSync(file).isFile()) files[entry] = readFileSync(file);
  }
  return files;
}

/** Sizes around every boundary of the format, and others. */
export const sizeArbitrary: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 1, 179, 180, 181, 511, 512, 513, 3583, 3584, 3585, 4095, 4096, 4097, 8192),
  fc.constantFrom(127 * 4096 - 1, 127 * 4096, 127 * 4096 + 1, 2 * 127 * 4096 + 513),
  fc.nat({ max: 20_000 }),
);

const nameArbitrary = fc
  .string({
    unit: fc.constantFrom('a', 'b', 'Z', '7', '.', '-', ' ', 'é', 'e\u0301', '漢', '\n'),
    minLength: 1,
    maxLength: 12,
  })
  .filter((name) => name !== '.' && name !== '..');

/** Trees of files, up to four levels deep; names in any normalisation form. */
export const filesArbitrary: fc.Arbitrary<Record<string, Uint8Array>> = fc
  .array(fc.tuple(fc.array(nameArbitrary, { minLength: 1, maxLength: 4 }), sizeArbitrary), { maxLength: 24 })
  .map((entries) => {
    const files: Record<string, Uint8Array> = {};
    const taken = new Set<string>();
    for (const [i, [components, size]] of entries.entries()) {
      const normal = components.map((component) => component.normalize('NFC'));
      const prefixes = normal.map((_, n) => normal.slice(0, n + 1).join('/'));
      const path = prefixes.at(-1)!;
      const clashes = taken.has(path) || prefixes.slice(0, -1).some((prefix) => prefix in files);
      if (clashes) continue;
      for (const prefix of prefixes) taken.add(prefix);
      files[path] = noise(size, i + 1);
    }
    return files;
  });

/** Extents of `blocks` blocks each, in no order and with gaps between them. */
export class ScatterAllocator implements Allocator {
  end = 0;
  private readonly blocks: number;
  private random: number;

  constructor(blocks: number, seed: number) {
    assert.ok(unitsInExtent(blocks) > 0, 'an extent before the last must hold a unit');
    this.blocks = blocks;
    this.random = seed >>> 0;
  }

  allocate(sizeBytes: number): Extent[] {
    let rest = unitsForBytes(sizeBytes);
    let count = 1;
    while (dataSectorOf(rest - 1) + lastUnitSectors(sizeBytes) > this.blocks * BLOCK_SECTORS) {
      rest -= unitsInExtent(this.blocks);
      count++;
    }
    const starts = Array.from({ length: count }, () => {
      const startBlock = this.end + (this.next() % 3);
      this.end = startBlock + this.blocks;
      return startBlock;
    });
    for (let i = starts.length - 1; i > 0; i--) {
      const j = this.next() % (i + 1);
      [starts[i], starts[j]] = [starts[j]!, starts[i]!];
    }
    return starts.map((startBlock) => ({ startBlock, blocks: this.blocks }));
  }

  private next(): number {
    this.random = (Math.imul(this.random, 1_664_525) + 1_013_904_223) >>> 0;
    return this.random >>> 8;
  }
}
