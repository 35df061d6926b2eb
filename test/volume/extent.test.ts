import fc from 'fast-check';
import assert from 'node:assert/strict';
import * as extent from '../../src/volume/extent.js';

/** The layout of an extent as the specification says it, one sector after the other. */
function layOut(sectors: number): { checksum: number[]; data: number[] } {
  const checksum: number[] = [];
  const data: number[] = [];
  let sector = 0;
  while (sector < sectors) {
    const group = sector++;
    for (let unit = 0; unit < 127 && sector + 8 <= sectors; unit++, sector += 8) {
      checksum.push(group);
      data.push(sector);
    }
    if (data.length % 127 !== 0 || data.length === 0 || sector + 9 > sectors) break;
  }
  return { checksum, data };
}

describe('extent arithmetic', () => {
  it('agrees with laying out one sector after the other', () => {
    for (const blocks of [1, 2, 3, 126, 127, 128, 129, 254, 255, 256, 1017, 1018, 2500]) {
      const { checksum, data } = layOut(blocks * 8);
      assert.equal(extent.unitsInExtent(blocks), data.length, `${blocks} blocks`);
      data.forEach((sector, unit) => {
        assert.equal(extent.dataSectorOf(unit), sector);
        assert.equal(extent.checksumSectorOf(unit), checksum[unit]);
      });
    }
  });

  it('gives exact figures', () => {
    assert.deepEqual(
      [0, 1, 3584, 3585, 4096, 7168, 7680, 7681].map(extent.blocksForBytes),
      [0, 1, 1, 2, 2, 2, 2, 3],
    );
    assert.equal(extent.sectorsForBytes(127 * 4096), 1017);
    assert.equal(extent.sectorsForBytes(127 * 4096 + 1), 1019);
    assert.equal(extent.blocksForBytes(127 * 4096), 128);
    assert.equal(extent.unitsInExtent(128), 127);
    assert.equal(extent.unitsInExtent(2 ** 29), Math.floor((2 ** 32 * 127) / 1017));
    assert.deepEqual([1, 512, 513, 4095, 4096, 4097].map(extent.lastUnitSectors), [1, 1, 2, 8, 8, 1]);
  });

  it('gives the smallest extent for an object', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4_000_000 }), (bytes) => {
        const blocks = extent.blocksForBytes(bytes);
        const units = extent.unitsForBytes(bytes);
        const end = extent.dataSectorOf(units - 1) + extent.lastUnitSectors(bytes);
        assert.equal(end, extent.sectorsForBytes(bytes));
        assert.ok(end <= blocks * 8 && end > (blocks - 1) * 8);
      }),
    );
  });

  it('lets an extent of whole units be cut off behind any of them: appending touches no sector in use', () => {
    for (let units = 1; units < 1300; units++) {
      assert.equal(extent.unitsInExtent(extent.blocksForBytes(units * 4096)), units);
    }
  });

  it('writes and reads the three fields', () => {
    const b = new Uint8Array(20).fill(0xa5);
    assert.equal(extent.emitExtent(b, 4, 0x01020304, 0xf0e0d0c0, 0xffffffff), 12);
    assert.equal(Buffer.from(b).toString('hex'), 'a5a5a5a501020304f0e0d0c0ffffffffa5a5a5a5');
    assert.equal(extent.extentStart(b, 4), 0x01020304);
    assert.equal(extent.extentBlocks(b, 4), 0xf0e0d0c0);
    assert.equal(extent.extentTag(b, 4), 0xffffffff);
  });
});
