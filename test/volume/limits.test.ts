import assert from 'node:assert/strict';
import { BITMAP_BLOCKS } from '../../src/volume/bitmap.js';
import { EXTENT_BYTES } from '../../src/volume/extent.js';
import * as limits from '../../src/volume/limits.js';
import { BUCKET_ENTRIES } from '../../src/volume/name-index.js';
import * as record from '../../src/volume/record.js';
import { SECTOR_BYTES, SECTOR_CRC } from '../../src/volume/sector.js';

describe('the sizes of the volume format', () => {
  it('fit one another', () => {
    assert.equal(limits.BLOCK_BYTES, limits.BLOCK_SECTORS * SECTOR_BYTES);
    assert.equal(limits.UNIT_BYTES, limits.UNIT_SECTORS * SECTOR_BYTES);
    assert.equal(limits.GROUP_UNITS * 4, SECTOR_CRC);
    assert.equal(limits.GROUP_SECTORS, 1 + limits.GROUP_UNITS * limits.UNIT_SECTORS);
    assert.equal(limits.MAX_OBJECT_BYTES, 2 ** 32 * limits.UNIT_BYTES);
    assert.ok(Number.isSafeInteger(limits.MAX_OBJECT_BYTES));
  });

  it('fill their sectors up to the CRC', () => {
    assert.equal(12 + BUCKET_ENTRIES * 16, SECTOR_CRC);
    assert.equal(12 + BITMAP_BLOCKS / 8, SECTOR_CRC);
    assert.equal(record.RECORD_AREA + record.RECORD_AREA_BYTES, SECTOR_CRC);
    assert.equal(record.INLINE_EXTENTS * EXTENT_BYTES, record.RECORD_AREA_BYTES);
    assert.equal(record.CONTINUATION_AREA + record.CONTINUATION_EXTENTS * EXTENT_BYTES, SECTOR_CRC);
    assert.ok(record.RECORD_PATH + limits.MAX_PATH_BYTES <= record.RECORD_AREA);
    assert.ok(record.INLINE_BYTES <= SECTOR_BYTES);
  });
});
