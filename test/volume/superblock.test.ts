import assert from 'node:assert/strict';
import { checkGeometry } from '../../src/volume/geometry.js';
import { emitSuperblock, isIntact, parseSuperblock, Superblock } from '../../src/volume/superblock.js';
import { emitted, sectorOf, VOLUME_ID } from './fixtures.js';

function sample(): Superblock {
  const superblock = new Superblock();
  superblock.volumeId.set(VOLUME_ID);
  superblock.hashKey.set(Uint8Array.from({ length: 16 }, (_, i) => 0x10 + i));
  return Object.assign(superblock, {
    generation: 0x1_0000_0002,
    volumeSectors: 0x8000,
    journalStart: 8,
    journalSectors: 0x80,
    indexStart: 0x88,
    bucketCount: 0x10,
    recordStart: 0x98,
    recordCount: 0x100,
    bitmapStart: 0x198,
    bitmapSectors: 1,
    dataStart: 0x1a0,
    dataBlocks: 0xf00,
    rootRecord: 1,
    probeLimit: 4,
  });
}

const PARTS = {
  0: '41544350564f4c31 0001 0000',
  24: 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf 101112131415161718191a1b1c1d1e1f',
  56: '0000000100000002 00008000',
  68: '00000008 00000080 00000088 00000010 00000098 00000100',
  92: '00000198 00000001 000001a0 00000f00 00000001 00000004',
};

describe('superblock', () => {
  it('has the bytes of the specification', () => {
    assert.deepEqual(
      emitted((b, at) => emitSuperblock(b, at, sample())),
      sectorOf(0, PARTS),
    );
  });

  it('is read back from an odd place', () => {
    const b = new Uint8Array(515);
    b.set(sectorOf(0, PARTS), 3);
    const read = new Superblock();
    assert.equal(parseSuperblock(b, 3, 0, read), 'ok');
    assert.deepEqual(read, sample());
  });

  it('says what is wrong', () => {
    const parse = (parts: Record<number, string>, known = 0): string =>
      parseSuperblock(sectorOf(0, { ...PARTS, ...parts }), 0, known, new Superblock());
    assert.equal(parse({}), 'ok');
    assert.equal(parse({ 7: '32' }), 'magic');
    assert.equal(parse({ 8: '0002' }), 'format-version');
    assert.equal(parse({ 10: '0009' }), 'ok', 'a minor version adds what older readers need not know');
    assert.equal(parse({ 12: 'ffffffffffffffff' }), 'ok', 'compatible and read-only features stop no reader');
    assert.equal(parse({ 20: '00000001' }), 'feature');
    assert.equal(parse({ 20: '00000001' }, 1), 'ok');
    assert.equal(parse({ 20: '80000001' }, 1), 'feature');
    assert.equal(parse({ 64: '00007000' }), 'geometry');
    const damaged = sectorOf(0, PARTS);
    damaged[200] = 1;
    assert.equal(parseSuperblock(damaged, 0, 0, new Superblock()), 'crc');
  });

  it('takes part in the choice by generation as long as it is intact', () => {
    assert.deepEqual(
      (['ok', 'feature', 'format-version', 'geometry', 'magic', 'crc', 'truncated'] as const).map(isIntact),
      [true, true, true, true, false, false, false],
    );
    const newer = new Superblock();
    assert.equal(parseSuperblock(sectorOf(0, { ...PARTS, 8: '0009' }), 0, 0, newer), 'format-version');
    assert.equal(newer.generation, 0x1_0000_0002);
  });
});

describe('geometry', () => {
  const wrong: Partial<Superblock>[] = [
    { journalStart: 0 },
    { journalSectors: 0x81 },
    { indexStart: 0x87 },
    { bucketCount: 0x11 },
    { bucketCount: 0 },
    { bucketCount: 0x0c },
    { recordCount: 0x101 },
    { recordCount: 0xffffffff },
    { bitmapSectors: 0 },
    { bitmapSectors: 9 },
    { dataStart: 0x198 },
    { dataBlocks: 0xfcc },
    { volumeSectors: 0x1a0 + 0xf00 * 8 },
    { probeLimit: 0 },
    { probeLimit: 17 },
    { rootRecord: 0 },
    { rootRecord: 0x100 },
  ];
  for (const change of wrong) {
    it(`refuses ${JSON.stringify(change)}`, () => {
      assert.equal(checkGeometry(sample()), 'ok');
      assert.equal(checkGeometry(Object.assign(sample(), change)), 'geometry');
    });
  }

  it('wants a bitmap for every block', () => {
    const most = Object.assign(sample(), { dataBlocks: 3968, volumeSectors: 0xffff });
    assert.equal(checkGeometry(most), 'ok');
    assert.equal(checkGeometry(Object.assign(most, { dataBlocks: 3969 })), 'geometry');
  });
});
