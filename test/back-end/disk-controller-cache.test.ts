import assert from 'node:assert/strict';
import { SectorCache } from '../../src/back-end/disk-cache.js';

/** Brings a sector into the cache as the reader does; returns its slot. */
function bring(cache: SectorCache, sector: number, seed = 0): number {
  const found = cache.find(sector, seed, 0);
  if (found >= 0) return found;
  const slot = cache.evict();
  assert.equal(cache.evict(), slot, 'until it is kept, the same slot');
  cache.keep(slot, sector, seed);
  return slot;
}

describe('disk controller: sector cache', () => {
  it('keeps what was used last', () => {
    const cache = new SectorCache(3);
    assert.equal(cache.bytes.length, 3 * 512);
    const slots = [11, 12, 13].map((sector) => bring(cache, sector));
    assert.deepEqual([...slots].sort(), [0, 1, 2]);
    assert.equal(cache.find(11, 0, 2), slots[0]);
    assert.equal(bring(cache, 14), slots[1], '12 is the one not used for the longest time');
    assert.equal(cache.find(12, 0, 0), -1);
    assert.equal(bring(cache, 15), slots[2], 'then 13');
    for (const sector of [11, 14, 15]) assert.notEqual(cache.find(sector, 0, 0), -1);
  });

  it('finds by sector and seed, whatever the hint', () => {
    const cache = new SectorCache(2);
    const slot = bring(cache, 7, 100);
    for (const hint of [0, 1, 2, 99, -1]) {
      assert.equal(cache.find(7, 100, hint), slot);
      assert.equal(cache.find(7, 101, hint), -1);
      assert.equal(cache.find(8, 100, hint), -1);
    }
    cache.clear();
    assert.equal(cache.find(7, 100, slot), -1);
  });
});
