import fc from 'fast-check';
import assert from 'node:assert/strict';
import { DiskResult, DiskState, type ObjectHandle } from '../../src/back-end/disk-controller.js';
import { addEntry } from '../../src/volume/name-index.js';
import { sealSector, volumeSeed } from '../../src/volume/sector.js';
import { sipHash } from '../../src/wire/byte-loops.js';
import { Board, cardMaker, type Card } from '../volume/board.js';
import { noise, ScatterAllocator, SECTOR, type Files } from '../volume/fixtures.js';

const cardWith = cardMaker();
const START = 2048;
const FILES: Files = Object.fromEntries([
  ...Array.from({ length: 30 }, (_, i) => [`d${i % 3}/f${i}`, noise(i * 700, i)] as const),
  ['big', noise(127 * 4096 + 5000, 99)] as const,
]);

/** Sectors that are not all zeros: everything in use, as the files are noise. */
function sectorsInUse(image: Buffer): number[] {
  const sectors: number[] = [];
  for (let sector = 0; sector < image.length / SECTOR; sector++) {
    if (image.subarray(sector * SECTOR, (sector + 1) * SECTOR).some((byte) => byte !== 0))
      sectors.push(sector);
  }
  return sectors;
}

/** Reads all files; each answer must be the truth or an error. Returns the number of errors. */
function readAll(board: Board, files: Files): number {
  let errors = 0;
  for (const [path, content] of Object.entries(files)) {
    const handle = board.controller.createHandle();
    const found = board.lookup(handle, path);
    if (found !== DiskResult.ok) {
      assert.equal(found, DiskResult.badMetadata, 'an object that exists is never "not found"');
      errors++;
      continue;
    }
    assert.equal(handle.sizeBytes, content.length);
    for (let unit = 0; unit < handle.units; unit++) {
      const { result, bytes } = board.unit(handle, unit);
      if (result === DiskResult.ok) {
        assert.ok(bytes.equals(content.subarray(unit * 4096, unit * 4096 + 4096)), `${path}, unit ${unit}`);
      } else {
        assert.ok(result === DiskResult.checksum || result === DiskResult.badMetadata);
        errors++;
      }
    }
  }
  return errors;
}

function sector(card: Card, number: number): Buffer {
  const at = (START + number) * SECTOR;
  return card.disk.image.subarray(at, at + SECTOR);
}

function exchange(card: Card, a: number, b: number): void {
  const kept = Buffer.from(sector(card, a));
  sector(card, b).copy(sector(card, a));
  kept.copy(sector(card, b));
}

describe('disk controller: damaged volumes', () => {
  for (const layout of ['contiguous', 'scattered'] as const) {
    it(`never gives wrong bytes, whatever sector is damaged (${layout})`, async () => {
      const card = await cardWith(
        FILES,
        layout === 'scattered' ? { allocator: new ScatterAllocator(3, 5) } : {},
      );
      const pristine = Buffer.from(card.disk.image);
      const inUse = sectorsInUse(pristine);
      let damaged = 0;
      fc.assert(
        fc.property(
          fc.constantFrom(...inUse),
          fc.array(fc.tuple(fc.nat({ max: 511 }), fc.integer({ min: 1, max: 255 })), {
            minLength: 1,
            maxLength: 4,
          }),
          (number, changes) => {
            for (const [at, mask] of changes) card.disk.image[number * SECTOR + at]! ^= mask;
            const board = new Board(card.disk);
            if (board.controller.state === DiskState.ready && readAll(board, FILES) > 0) damaged++;
            pristine.copy(card.disk.image, number * SECTOR, number * SECTOR, (number + 1) * SECTOR);
          },
        ),
        { numRuns: 80 },
      );
      assert.ok(damaged > 40, `most sectors hold data: ${damaged}`);
      assert.equal(readAll(new Board(card.disk), FILES), 0);
    });
  }

  it('never takes a sound sector for another one', async () => {
    const card = await cardWith(FILES);
    const pristine = Buffer.from(card.disk.image);
    const inUse = sectorsInUse(pristine).filter((number) => number > START);
    fc.assert(
      fc.property(fc.constantFrom(...inUse), fc.constantFrom(...inUse), (a, b) => {
        exchange(card, a - START, b - START);
        const board = new Board(card.disk);
        if (board.controller.state === DiskState.ready) readAll(board, FILES);
        exchange(card, a - START, b - START);
      }),
      { numRuns: 80 },
    );
    assert.ok(card.disk.image.equals(pristine));
  });

  it('does not take what an older object left in the same blocks for the new one', async () => {
    const card = await cardWith({ a: noise(9000, 1), b: noise(9000, 2) });
    const board = new Board(card.disk);
    const [a, b] = [board.open('a'), board.open('b')];
    const blocks = (handle: ObjectHandle): Buffer => {
      const at = (START + card.geometry.dataStart + Buffer.from(handle.area).readUInt32BE(0) * 8) * SECTOR;
      return card.disk.image.subarray(at, at + 3 * 4096);
    };
    // As if the card had lost all writes of b, and held a's intact data and checksums there.
    blocks(a).copy(blocks(b));
    assert.equal(board.unit(b, 0).result, DiskResult.checksum);
    assert.equal(board.controller.counters.checksumErrors, 1);
    assert.equal(board.controller.problem, 'crc');
    assert.equal(
      board.controller.problemSector,
      card.geometry.dataStart + Buffer.from(b.area).readUInt32BE(0) * 8,
    );
    assert.equal(board.unit(a, 0).result, DiskResult.ok);
  });

  it('does not take a remembered checksum sector for that of another object', async () => {
    const card = await cardWith({ a: noise(9000, 1), b: noise(9000, 2) });
    const before = new Board(card.disk);
    const b = sector(card, card.geometry.recordStart + before.open('b').recordNumber);
    b.writeUInt32BE(Buffer.from(before.open('a').area).readUInt32BE(0), 328);
    sealSector(b, 0, volumeSeed(card.volumeId, 0));
    const board = new Board(card.disk);
    assert.equal(board.unit(board.open('a'), 0).result, DiskResult.ok);
    assert.equal(board.unit(board.open('b'), 0).result, DiskResult.checksum);
  });

  it('names the damaged sector and reads it three times', async () => {
    const card = await cardWith(FILES);
    const board = new Board(card.disk);
    const handle = board.open('big');
    const first = card.geometry.dataStart + Buffer.from(handle.area).readUInt32BE(0) * 8;
    sector(card, first + 1017 + 1 + 7)[500]! ^= 0x80;
    const { sectorsRead } = card.disk;
    assert.equal(board.unit(handle, 127).result, DiskResult.checksum);
    assert.equal(card.disk.sectorsRead - sectorsRead, 1 + 3 * 8);
    assert.equal(board.controller.problemSector, first + 1017 + 1);
    assert.equal(board.controller.state, DiskState.ready, 'one bad unit is no reason to begin again');
    assert.equal(board.unit(handle, 126).result, DiskResult.ok);
  });

  it('tells another path with the same hash from a wrong index', async () => {
    const card = await cardWith({ real: noise(300, 1) }, { bucketCount: 4 });
    const board = new Board(card.disk);
    const { hashKey, volumeId, indexStart } = board.controller.superblock;
    const hash = new Uint8Array(8);
    sipHash(hashKey, 0, Buffer.from('wanted'), 0, 6, hash, 0);
    const bucket = new DataView(hash.buffer).getUint32(0) % 4;
    const b = sector(card, indexStart + bucket);
    // An index entry for "wanted" that leads to the record of "real", whose path has another hash.
    assert.ok(addEntry(b, 0, hash, 0, board.open('real').recordNumber, 1));
    sealSector(b, 0, volumeSeed(volumeId, 0));
    const fresh = new Board(card.disk);
    assert.equal(fresh.lookup(fresh.controller.createHandle(), 'wanted'), DiskResult.badMetadata);
    assert.equal(fresh.controller.problem, 'path');
  });

  it('refuses an entry for a record that does not exist', async () => {
    const card = await cardWith({});
    const board = new Board(card.disk);
    const { hashKey, volumeId, indexStart, bucketCount } = board.controller.superblock;
    for (const record of [0, card.geometry.recordCount, 0xffffffff]) {
      const path = Buffer.from(`x${record}`);
      const hash = new Uint8Array(8);
      sipHash(hashKey, 0, path, 0, path.length, hash, 0);
      const b = sector(card, indexStart + (new DataView(hash.buffer).getUint32(0) % bucketCount));
      assert.ok(addEntry(b, 0, hash, 0, record, 1));
      sealSector(b, 0, volumeSeed(volumeId, 0));
      const fresh = new Board(card.disk);
      assert.equal(fresh.lookup(fresh.controller.createHandle(), path.toString()), DiskResult.badMetadata);
      assert.equal(fresh.controller.problem, 'link');
    }
  });

  /** Field offset in the record → bytes, and what the board says about an object with such a record. */
  const contradictions: [string, Record<number, string>, string][] = [
    ['an object without space', { 12: '0000' }, 'link'],
    ['an extent of no blocks', { 332: '00000000' }, 'extent'],
    ['an extent too short for a unit', { 332: '00000001' }, 'extent'],
    ['an extent beyond the data region', { 328: 'ffffff00' }, 'extent'],
    ['extents for a part of the object only', { 12: '0001' }, 'link'],
    ['a continuation that is a file', { 12: '0001', 64: '00000001' }, 'link'],
    ['a continuation that does not exist', { 12: '0001', 64: 'ffffffff' }, 'link'],
  ];
  for (const [what, changes, problem] of contradictions) {
    it(`refuses ${what}`, async () => {
      const card = await cardWith({ a: noise(40_000, 1) }, { allocator: new ScatterAllocator(2, 1) });
      const number = new Board(card.disk).open('a').recordNumber;
      const record = sector(card, card.geometry.recordStart + number);
      for (const [at, hex] of Object.entries(changes)) Buffer.from(hex, 'hex').copy(record, Number(at));
      sealSector(record, 0, volumeSeed(card.volumeId, 0));
      const board = new Board(card.disk);
      const handle = board.open('a');
      const last = board.unit(handle, handle.units - 1).result;
      assert.equal(last, DiskResult.badMetadata);
      assert.equal(board.controller.problem, problem);
      assert.equal(board.controller.counters.metadataErrors, 1);
      assert.equal(board.controller.state, DiskState.ready);
    });
  }

  it('refuses continuations of another object or in another order', async () => {
    for (const [at, value] of [
      [16, 1],
      [20, 2],
      [12, 0],
    ] as const) {
      const card = await cardWith({ a: noise(150_000, 1) }, { allocator: new ScatterAllocator(2, 1) });
      const { continuation } = new Board(card.disk).open('a');
      assert.notEqual(continuation, 0);
      const record = sector(card, card.geometry.recordStart + continuation);
      if (at === 12) record.writeUInt16BE(value, at);
      else record.writeUInt32BE(value, at);
      sealSector(record, 0, volumeSeed(card.volumeId, 0));
      const board = new Board(card.disk);
      const handle = board.open('a');
      assert.equal(board.unit(handle, 14).result, DiskResult.ok, 'the record itself lists 15 units');
      assert.equal(board.unit(handle, 15).result, DiskResult.badMetadata);
      assert.equal(board.controller.problem, 'link');
      assert.equal(board.unit(handle, 3).result, DiskResult.ok);
    }
  });

  it('leaves a ring of siblings', async () => {
    const card = await cardWith({ a: noise(1, 1), b: noise(1, 2) });
    const first = new Board(card.disk);
    const b = sector(card, card.geometry.recordStart + first.open('b').recordNumber);
    b.writeUInt32BE(first.open('a').recordNumber, 56);
    sealSector(b, 0, volumeSeed(card.volumeId, 0));
    const board = new Board(card.disk);
    const cursor = board.controller.createCursor();
    let result = board.clock.finish((t) => board.controller.firstChild(t, board.open(''), cursor));
    let steps = 0;
    for (; result === DiskResult.ok; steps++) {
      result = board.clock.finish((t) => board.controller.nextSibling(t, cursor));
    }
    assert.equal(result, DiskResult.badMetadata);
    assert.ok(steps < card.geometry.recordCount);
  });
});
