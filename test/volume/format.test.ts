import assert from 'node:assert/strict';
import * as bitmap from '../../src/volume/bitmap.js';
import * as checksum from '../../src/volume/checksum-sector.js';
import { emitExtent } from '../../src/volume/extent.js';
import * as mbr from '../../src/volume/mbr.js';
import * as index from '../../src/volume/name-index.js';
import * as record from '../../src/volume/record.js';
import { sealSector, volumeSeed } from '../../src/volume/sector.js';
import { emitState, parseState, VolumeState } from '../../src/volume/state.js';
import { emitted, sectorOf, slowCrc32c, VOLUME_ID } from './fixtures.js';

const SEED = volumeSeed(VOLUME_ID, 0);

/** Every byte of the sector, changed, must be noticed by `check`, at an odd place of a larger buffer. */
function assertEveryByteCounts(sector: Uint8Array, check: (b: Uint8Array, at: number) => string): void {
  const b = new Uint8Array(sector.length + 7);
  b.set(sector, 7);
  assert.equal(check(b, 7), 'ok');
  for (let i = 0; i < sector.length; i++) {
    b[7 + i]! ^= 0x40;
    assert.notEqual(check(b, 7), 'ok', `byte ${i}`);
    b[7 + i]! ^= 0x40;
  }
}

describe('volume seed', () => {
  it('is the CRC-32C of the id', () => {
    assert.equal(slowCrc32c(Buffer.from('123456789')), 0xe3069283);
    assert.equal(SEED, slowCrc32c(VOLUME_ID));
  });
});

describe('master boot record', () => {
  const sector = emitted((b, at) => mbr.emitMbr(b, at, 2048, 0x01020304));

  it('has exactly one entry, of a type that no PC formats', () => {
    const expected = Buffer.alloc(512);
    Buffer.from('00feffff da feffff 00080000 04030201'.replaceAll(' ', ''), 'hex').copy(expected, 446);
    Buffer.from('55aa', 'hex').copy(expected, 510);
    assert.deepEqual(Buffer.from(sector), expected);
  });

  it('is read back, from any of the four entries', () => {
    assert.equal(mbr.checkMbr(sector, 0), 'ok');
    assert.equal(mbr.partitionStart(sector, 0), 2048);
    assert.equal(mbr.partitionSectors(sector, 0), 0x01020304);
    const moved = sector.slice();
    moved.copyWithin(446 + 48, 446, 446 + 16);
    moved[446 + 4] = 0x0c;
    moved[446 + 48 + 8] = 0x34;
    assert.equal(mbr.checkMbr(moved, 0), 'ok');
    assert.equal(mbr.partitionStart(moved, 0), 0x0834);
  });

  it('is told from what other disks have', () => {
    const fat = sector.slice();
    fat[446 + 4] = 0x0c;
    assert.equal(mbr.checkMbr(fat, 0), 'no-partition');
    assert.equal(mbr.checkMbr(new Uint8Array(512), 0), 'no-mbr');
    const unsigned = sector.slice();
    unsigned[511] = 0;
    assert.equal(mbr.checkMbr(unsigned, 0), 'no-mbr');
  });
});

describe('index bucket', () => {
  const hash = Uint8Array.from([0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]);
  const sector = emitted((b, at) => {
    index.emitBucket(b, at, 0x0a0b0c);
    assert.equal(index.addEntry(b, at, hash, 0, 0x01020304, record.ObjectKind.directory), true);
    index.setOverflowed(b, at);
    sealSector(b, at, SEED);
  });

  it('has the bytes of the specification', () => {
    assert.deepEqual(
      sector,
      sectorOf(SEED, { 0: '41544958 000a0b0c 0001 0001', 12: '1122334455667788 01020304 00000002' }),
    );
  });

  it('is checked in every byte, and for its place and count', () => {
    assertEveryByteCounts(sector, (b, at) => index.checkBucket(b, at, SEED, 0x0a0b0c));
    assert.equal(index.checkBucket(sector, 0, SEED, 0x0a0b0d), 'number');
    assert.equal(index.checkBucket(sector, 0, SEED ^ 1, 0x0a0b0c), 'crc');
    assert.equal(index.checkBucket(new Uint8Array(512), 0, SEED, 0), 'magic');
    assert.equal(index.checkBucket(sectorOf(SEED, { 0: '41544958 00000000 0020' }), 0, SEED, 0), 'count');
  });

  it('finds entries by the whole hash', () => {
    assert.equal(index.findEntry(sector, 0, hash, 0), 0);
    for (let i = 0; i < 8; i++) {
      const other = hash.slice();
      other[i]! ^= 1;
      assert.equal(index.findEntry(sector, 0, other, 0), -1);
    }
    assert.equal(index.entryRecord(sector, 0, 0), 0x01020304);
    assert.equal(index.entryKind(sector, 0, 0), 2);
    assert.equal(index.bucketOverflowed(sector, 0), true);
    assert.equal(index.homeBucket(hash, 0, 0x100), 0x44);
    assert.equal(index.homeBucket(Uint8Array.from([0xff, 0xff, 0xff, 0xff]), 0, 2 ** 31), 0x7fffffff);
  });

  it('takes 31 entries', () => {
    const b = new Uint8Array(512).fill(0xa5);
    index.emitBucket(b, 0, 1);
    for (let i = 0; i < 31; i++)
      assert.equal(index.addEntry(b, 0, Uint8Array.of(i, 0, 0, 0, 0, 0, 0, 9), 0, i, 1), true);
    sealSector(b, 0, SEED);
    const full = b.slice();
    assert.equal(index.addEntry(b, 0, hash, 0, 1, 1), false);
    assert.deepEqual(b, full);
    assert.equal(index.checkBucket(b, 0, SEED, 1), 'ok');
    assert.equal(index.findEntry(b, 0, Uint8Array.of(30, 0, 0, 0, 0, 0, 0, 9), 0), 30);
    assert.equal(index.entryRecord(b, 0, 30), 30);
    assert.equal(index.bucketOverflowed(b, 0), false);
  });
});

describe('record', () => {
  const fields: record.RecordFields = {
    number: 0x01020304,
    kind: record.ObjectKind.file,
    inline: false,
    extentCount: 1,
    version: Uint8Array.from({ length: 16 }, (_, i) => 0xf0 + i),
    sizeBytes: 0x0234_5678_9abc,
    modifiedMs: 0x018b_cfe5_687b,
    parent: 0x11111111,
    firstChild: 0,
    nextSibling: 0x33333333,
    previousSibling: 0x44444444,
    continuation: 0x55555555,
    path: Buffer.from('a/ä'),
  };
  const sector = emitted((b, at) => {
    record.emitRecord(b, at, fields);
    emitExtent(b, at + record.RECORD_AREA, 7, 8, 9);
    sealSector(b, at, SEED);
  });

  it('has the bytes of the specification', () => {
    const expected = sectorOf(SEED, {
      0: '41545243 01020304 01 00 0004 0001 0000',
      16: 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff',
      32: '0000023456789abc 0000018bcfe5687b',
      48: '11111111 00000000 33333333 44444444 55555555',
      72: '612fc3a4',
      328: '00000007 00000008 00000009',
    });
    assert.deepEqual(sector, expected);
  });

  it('gives its fields back', () => {
    const b = new Uint8Array(600);
    b.set(sector, 3);
    assert.equal(record.recordKind(b, 3), 1);
    assert.equal(record.recordIsInline(b, 3), false);
    assert.equal(record.recordPathBytes(b, 3), 4);
    assert.equal(record.recordExtentCount(b, 3), 1);
    assert.equal(record.recordSize(b, 3), fields.sizeBytes);
    assert.equal(record.recordModifiedMs(b, 3), fields.modifiedMs);
    assert.equal(record.recordParent(b, 3), 0x11111111);
    assert.equal(record.recordFirstChild(b, 3), 0);
    assert.equal(record.recordNextSibling(b, 3), 0x33333333);
    assert.equal(record.recordPreviousSibling(b, 3), 0x44444444);
    assert.equal(record.recordContinuation(b, 3), 0x55555555);
  });

  it('is checked in every byte, and says what is wrong', () => {
    assertEveryByteCounts(sector, (b, at) => record.checkRecord(b, at, SEED, 0x01020304));
    const check = (parts: Record<number, string>, number = 1): string =>
      record.checkRecord(sectorOf(SEED, { 0: '41545243 00000001 01', ...parts }), 0, SEED, number);
    assert.equal(check({}), 'ok');
    assert.equal(check({ 0: '41545244 00000001 01' }), 'magic');
    assert.equal(check({}, 2), 'number');
    assert.equal(check({ 8: '00' }), 'kind');
    assert.equal(check({ 8: '05' }), 'kind');
    assert.equal(check({ 10: '00ff' }), 'ok');
    assert.equal(check({ 10: '0100' }), 'path');
    assert.equal(check({ 12: '000f' }), 'ok');
    assert.equal(check({ 12: '0010' }), 'count');
    assert.equal(check({ 32: '0000100000000000' }), 'ok');
    assert.equal(check({ 32: '0000100000000001' }), 'size');
    assert.equal(check({ 32: 'ffffffffffffffff' }), 'size');
    assert.equal(check({ 9: '01', 32: '00000000000000b4' }), 'ok');
    assert.equal(check({ 9: '01', 32: '00000000000000b5' }), 'size');
    assert.equal(check({ 8: '03', 12: '0028' }), 'ok');
    assert.equal(check({ 8: '03', 12: '0029' }), 'count');
  });

  it('continues in another sector', () => {
    const continuation = emitted((b, at) => {
      record.emitContinuation(b, at, 0x0a, 0x0b, 2, 0x0c, 1);
      emitExtent(b, at + record.CONTINUATION_AREA, 1, 2, 3);
      sealSector(b, at, SEED);
    });
    const expected = sectorOf(SEED, {
      0: '41545243 0000000a 03 000000 0001 0000',
      16: '0000000b 00000002 0000000c',
      28: '00000001 00000002 00000003',
    });
    assert.deepEqual(continuation, expected);
    assert.equal(record.continuationOwner(continuation, 0), 0x0b);
    assert.equal(record.continuationOrdinal(continuation, 0), 2);
    assert.equal(record.continuationNext(continuation, 0), 0x0c);
    assertEveryByteCounts(continuation, (b, at) => record.checkRecord(b, at, SEED, 0x0a));
  });
});

describe('checksum sector', () => {
  it('is bound to volume, write and place', () => {
    assert.equal(checksum.checksumSeed(0, 0, 0), 0);
    assert.equal(checksum.checksumSeed(0x12345678, 0x0f0f0f0f, 0), 0x1d3b5977);
    assert.equal(checksum.checksumSeed(0, 0, 127), Number((127n * 0x9e3779b1n) & 0xffffffffn));
    const seed = checksum.checksumSeed(SEED, 5, 127);
    const sector = emitted((b, at) => {
      b.fill(0, at, at + 512);
      checksum.setUnitCrc(b, at, 0, 0x01020304);
      checksum.setUnitCrc(b, at, 126, 0xfffefdfc);
      sealSector(b, at, seed);
    });
    assert.deepEqual(sector, sectorOf(seed, { 0: '01020304', 504: 'fffefdfc' }));
    assert.equal(checksum.unitCrc(sector, 0, 126), 0xfffefdfc);
    assertEveryByteCounts(sector, (b, at) => checksum.checkChecksumSector(b, at, seed));
    for (const other of [
      checksum.checksumSeed(SEED ^ 1, 5, 127),
      checksum.checksumSeed(SEED, 6, 127),
      checksum.checksumSeed(SEED, 5, 0),
      checksum.checksumSeed(SEED, 5, 254),
    ]) {
      assert.equal(checksum.checkChecksumSector(sector, 0, other), 'crc');
    }
  });
});

describe('bitmap sector', () => {
  it('has the bytes of the specification', () => {
    const sector = emitted((b, at) => {
      bitmap.emitBitmap(b, at, 3, 3968);
      for (const block of [0, 9, 3967]) bitmap.takeBlock(b, at, block);
      sealSector(b, at, SEED);
    });
    assert.deepEqual(sector, sectorOf(SEED, { 0: '4154424d 00000003 0f7d 0000 8040', 507: '01' }));
    assert.equal(bitmap.bitmapFreeBlocks(sector, 0), 3965);
    assert.deepEqual(
      [0, 1, 8, 9, 10, 3966, 3967].map((block) => bitmap.blockInUse(sector, 0, block)),
      [true, false, false, true, false, false, true],
    );
    assertEveryByteCounts(sector, (b, at) => bitmap.checkBitmap(b, at, SEED, 3));
    assert.equal(bitmap.checkBitmap(sector, 0, SEED, 4), 'number');
    assert.equal(bitmap.checkBitmap(sectorOf(SEED, { 0: '4154424d 00000000 0f81' }), 0, SEED, 0), 'count');
  });

  it('marks what lies beyond the volume as in use', () => {
    for (const blocks of [0, 1, 7, 8, 9, 3961, 3967, 3968]) {
      const b = emitted((to, at) => bitmap.emitBitmap(to, at, 0, blocks));
      assert.equal(bitmap.bitmapFreeBlocks(b, 0), blocks);
      for (let i = 0; i < 3968; i++) assert.equal(bitmap.blockInUse(b, 0, i), i >= blocks, `${blocks}: ${i}`);
    }
  });
});

describe('volume state', () => {
  it('has the bytes of the specification and is read back', () => {
    const state = Object.assign(new VolumeState(), {
      recordsUsed: 1,
      firstFreeRecord: 2,
      freeRecords: 3,
      freeBlocks: 4,
      nextTag: 5,
      allocationCursor: 6,
      journalPosition: 0x7_0000_0007,
      watermarkEpoch: 8,
      watermarkCounter: 0xffffffff,
    });
    const sector = emitted((b, at) => emitState(b, at, SEED, state));
    const expected = sectorOf(SEED, {
      0: '41545354 00000000 00000001 00000002 00000003 00000004 00000005 00000006',
      32: '0000000700000007 00000008 ffffffff',
    });
    assert.deepEqual(sector, expected);
    const read = new VolumeState();
    assert.equal(parseState(sector, 0, SEED, read), 'ok');
    assert.deepEqual(read, state);
    assertEveryByteCounts(sector, (b, at) => parseState(b, at, SEED, read));
  });
});
