import fc from 'fast-check';
import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { checkVolume, formatFinding } from '../../../src/volume/tool/check.js';
import { extractTree } from '../../../src/volume/tool/extract.js';
import { makeVolume, type MadeVolume, type MakeVolumeOptions } from '../../../src/volume/tool/make.js';
import { VolumeReader } from '../../../src/volume/tool/volume-reader.js';
import {
  filesArbitrary,
  noise,
  readTree,
  ScatterAllocator,
  scratchDirectory,
  writeTree,
  type Files,
} from '../fixtures.js';

const scratch = scratchDirectory();
let count = 0;

/** Makes a volume from files. */
async function made(
  files: Files,
  options: Partial<MakeVolumeOptions> = {},
): Promise<MadeVolume & { image: string; from: string }> {
  const from = scratch.path(`from-${count}`);
  const image = scratch.path(`volume-${count++}.img`);
  writeTree(from, files);
  return { ...(await makeVolume({ image, from, freeBytes: 0, ...options })), image, from };
}

/** Copies everything out again. */
async function extracted(image: string): Promise<string> {
  const to = scratch.path(`to-${count++}`);
  const reader = new VolumeReader(image);
  try {
    await extractTree(reader, reader.find('/'), to);
  } finally {
    reader.close();
  }
  return to;
}

async function assertSound(image: string): Promise<void> {
  const { findings } = await checkVolume(image);
  assert.deepEqual(findings.map(formatFinding), []);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

describe('volume make', () => {
  it('makes volumes that are sound and give everything back, whatever they are filled with', async () => {
    await fc.assert(
      fc.asyncProperty(filesArbitrary, fc.nat(), async (files, seed) => {
        const layouts = [{}, { allocator: new ScatterAllocator(2 + (seed % 4), seed) }];
        for (const layout of layouts) {
          const { image, from, files: fileCount, contentBytes } = await made(files, layout);
          await assertSound(image);
          assert.equal(fileCount, Object.keys(files).length);
          assert.equal(
            contentBytes,
            Object.values(files).reduce((sum, content) => sum + content.length, 0),
          );
          const to = await extracted(image);
          assert.deepEqual(readTree(to), readTree(from));
          for (const directory of [from, to]) rmSync(directory, { recursive: true });
          rmSync(image);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('gives equal content equal versions: in another volume, another layout, and after extraction', async () => {
    const files = { 'a/b.txt': noise(5000, 1), c: noise(10, 2) };
    const first = await made(files);
    const second = await made(files, { allocator: new ScatterAllocator(2, 3), sizeBytes: 8 * 2 ** 20 });
    const third = await makeVolume({ image: scratch.path('third.img'), from: await extracted(first.image) });
    assert.equal(hex(first.rootVersion), hex(second.rootVersion));
    assert.equal(hex(first.rootVersion), hex(third.rootVersion));
    assert.notEqual(hex(first.volumeId), hex(second.volumeId));

    // The definition, computed once more: SHA-256 over domain, kind, size, time, content.
    const reader = new VolumeReader(first.image);
    assert.equal(reader.find('c').version, '496440830a586a42e6eded20f6e61976');
    reader.close();
    for (const change of [{ c: noise(10, 3) }, { d: noise(0, 0) }, { 'a/b.txt': noise(5001, 1) }]) {
      const changed = await made({ ...files, ...change });
      assert.notEqual(hex(changed.rootVersion), hex(first.rootVersion));
    }
  });

  it('is the same, byte for byte, for the same id and key', async () => {
    const files = { a: noise(100_000, 1), b: noise(5, 2), 'c/d': noise(4096, 3) };
    const keys = { volumeId: new Uint8Array(16).fill(7), hashKey: new Uint8Array(16).fill(8) };
    const first = await made(files, keys);
    const again = await made(files, keys);
    assert.ok(readFileSync(first.image).equals(readFileSync(again.image)));
  });

  it('stores a small file in its record and a larger one in one extent', async () => {
    const { image, geometry, freeBlocks } = await made({ small: noise(180, 1), large: noise(181, 2) });
    assert.equal(geometry.dataBlocks - freeBlocks, 1);
    const reader = new VolumeReader(image);
    assert.deepEqual(reader.find('small').content, noise(180, 1));
    assert.equal(reader.find('large').content, undefined);
    assert.equal(reader.find('large').extents.length, 12);
    reader.close();
  });

  it('normalises names and refuses two that become one', async () => {
    const { image } = await made({ 'e\u0301/o\u0308': noise(3, 1) });
    const reader = new VolumeReader(image);
    assert.equal(reader.find('\u00e9/\u00f6').path, '\u00e9/\u00f6');
    assert.equal(reader.find('/e\u0301/o\u0308/').sizeBytes, 3);
    reader.close();
    await assert.rejects(
      made({ 'e\u0301': noise(1, 1), '\u00e9': noise(1, 2) }),
      /same name in Unicode.*rename one/,
    );
  });

  it('follows symbolic links and leaves out what leads nowhere or back up', async () => {
    const from = scratch.path('links');
    writeTree(from, { 'real/file': noise(10, 1) });
    symlinkSync('real/file', join(from, 'to-file'));
    symlinkSync('real', join(from, 'to-directory'));
    symlinkSync('..', join(from, 'real/up'));
    symlinkSync('nothing', join(from, 'dangling'));
    const image = scratch.path('links.img');
    const { skipped } = await makeVolume({ image, from });
    assert.deepEqual(Object.keys(readTree(await extracted(image))).sort(), [
      'real/file',
      'to-directory/file',
      'to-file',
    ]);
    assert.equal(skipped.length, 3, skipped.join('\n'));
    assert.match(skipped.join('\n'), /dangling: a symbolic link that leads nowhere/);
    assert.match(skipped.join('\n'), /real\/up: a symbolic link to a directory that it is in/);
    await assertSound(image);
  });

  it('refuses a path of more than 255 bytes, naming it', async () => {
    const at255 = `${'d'.repeat(127)}/${'ä'.repeat(63)}x`;
    assert.equal(Buffer.byteLength(at255), 255);
    await assertSound((await made({ [at255]: noise(1, 1) })).image);
    await assert.rejects(made({ [`${at255}y`]: noise(1, 1) }), /is 256 bytes long.*at most 255.*shorten/);
  });

  it('refuses a name that is not UTF-8', async () => {
    const from = scratch.path('latin1');
    mkdirSync(from);
    writeFileSync(Buffer.concat([Buffer.from(`${from}/`), Buffer.from([0x66, 0xfc, 0x72])]), 'x');
    await assert.rejects(
      makeVolume({ image: scratch.path('latin1.img'), from }),
      /not UTF-8 \(für read as Latin-1\).*rename/,
    );
  });

  it('names what does not fit and what would', async () => {
    const sizeBytes = 4 * 2 ** 20;
    await assert.rejects(
      made({ a: noise(3_500_000, 1) }, { sizeBytes }),
      /too small: 4 MiB.*3\.3 MiB are needed; make it 8M/,
    );
    await assertSound((await made({ a: noise(2_500_000, 1) }, { sizeBytes })).image);
    await assert.rejects(made({}, { sizeBytes: 2 ** 20 }), /too small: 1 MiB leave 0 bytes.*make it 2M/);
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, noise(1, i)]));
    await assert.rejects(
      made(many, { recordCount: 21 }),
      /21 files and directories.*20 records; ask for at least 21/,
    );
    await assertSound((await made(many, { recordCount: 22 })).image);
  });

  it('fills an index to the last entry and refuses one more', async () => {
    const files = (n: number): Files =>
      Object.fromEntries(Array.from({ length: n }, (_, i) => [`f${i}`, noise(1, i)]));
    // 4 buckets of 31 entries, one of them the root's; every bucket may be probed.
    const { image } = await made(files(123), { bucketCount: 4, probeLimit: 4 });
    await assertSound(image);
    const reader = new VolumeReader(image);
    for (let i = 0; i < 123; i++) assert.equal(reader.find(`f${i}`).sizeBytes, 1);
    assert.throws(() => reader.find('f123'), /the volume has no "f123"; list/);
    reader.close();
    await assert.rejects(
      made(files(124), { bucketCount: 4, probeLimit: 4 }),
      /name index is full.*let the tool choose/,
    );
  });

  it('keeps an existing image unless told to replace it, and then keeps it until the new one is complete', async () => {
    const image = scratch.path('existing.img');
    writeFileSync(image, 'precious');
    await assert.rejects(made({}, { image }), /exists already; .*--force/);
    await assert.rejects(
      made({ a: noise(3_500_000, 1) }, { image, replace: true, sizeBytes: 2 ** 21 }),
      /too small/,
    );
    assert.equal(readFileSync(image, 'utf8'), 'precious');
    await made({}, { image, replace: true });
    await assertSound(image);
  });

  it('leaves nothing behind when it is interrupted or fails half-way', async () => {
    const directory = scratch.path('half');
    mkdirSync(directory);
    const image = join(directory, 'card.img');
    const controller = new AbortController();
    const reason = new Error('stop');
    setTimeout(() => controller.abort(reason), 30);
    const files = { a: noise(100, 1) };
    // A large sparse file takes long enough to read.
    const from = scratch.path('half-from');
    writeTree(from, files);
    writeFileSync(join(from, 'large'), '');
    truncateSync(join(from, 'large'), 2 ** 31);
    await assert.rejects(makeVolume({ image, from, signal: controller.signal }), reason);
    assert.deepEqual(readdirSync(directory), []);
    rmSync(from, { recursive: true });
    await assert.rejects(
      makeVolume({ image, from: join(scratch.path('nowhere')) }),
      /no such file or directory; check the path/,
    );
    assert.deepEqual(readdirSync(directory), []);
  });

  it('notices a file that changes while it is copied', async () => {
    const from = scratch.path('changing');
    writeTree(from, { a: noise(2 ** 22, 1), b: noise(4000, 2) });
    const image = scratch.path('changing.img');
    // Planned with one time of modification, copied with another.
    const allocator = new ScatterAllocator(40, 1);
    const allocate = allocator.allocate.bind(allocator);
    allocator.allocate = (sizeBytes) => {
      utimesSync(join(from, 'b'), 1, 1);
      return allocate(sizeBytes);
    };
    await assert.rejects(
      makeVolume({ image, from, allocator }),
      /b changed while it was being copied; run it again/,
    );
  });

  it('chooses a power of two as size, with the free space that was asked for', async () => {
    for (const freeBytes of [0, 5_000_000, 200_000_000]) {
      const { sizeBytes, freeBlocks, image } = await made({ a: noise(100_000, 1) }, { freeBytes });
      assert.equal(Math.log2(sizeBytes) % 1, 0);
      assert.equal(statSync(image).size, sizeBytes);
      assert.ok(freeBlocks * 4096 >= freeBytes);
    }
  });

  it('makes a large volume sparse', async () => {
    const image = scratch.path('large.img');
    const { sizeBytes, freeBlocks } = await makeVolume({ image, sizeBytes: 2 ** 30 });
    assert.equal(sizeBytes, 2 ** 30);
    assert.ok(freeBlocks * 4096 > 0.97 * 2 ** 30);
    assert.ok(statSync(image).blocks * 512 < 4 * 2 ** 20);
    await assertSound(image);
    rmSync(image);
  });
});
