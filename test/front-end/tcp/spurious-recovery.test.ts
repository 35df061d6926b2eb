import assert from 'node:assert/strict';
import { SpuriousRecovery } from '../../../src/front-end/tcp/spurious-recovery.js';

describe('SpuriousRecovery', () => {
  it('is proven when every byte that was sent again came twice', () => {
    const spurious = new SpuriousRecovery();
    spurious.begin();
    spurious.onResent(1000, 3000);
    spurious.onResent(5000, 6000);
    assert.equal(spurious.onDuplicate(1000, 2000), 1000);
    assert.equal(spurious.onDuplicate(2000, 3000), 1000);
    assert.equal(spurious.isProven, false);
    assert.equal(spurious.onDuplicate(5000, 6000), 1000);
    assert.equal(spurious.isProven, true);
  });

  it('counts a byte that was sent again twice as needed at least once', () => {
    const spurious = new SpuriousRecovery();
    spurious.begin();
    spurious.onResent(0, 1000);
    spurious.onDuplicate(0, 1000);
    spurious.onResent(0, 1000);
    assert.equal(spurious.isProven, false);
  });

  it('does not count duplicates of what was not sent again, nor one report twice', () => {
    const spurious = new SpuriousRecovery();
    spurious.begin();
    spurious.onResent(1000, 2000);
    assert.equal(spurious.onDuplicate(2000, 3000), 0);
    assert.equal(spurious.onDuplicate(500, 1500), 500);
    assert.equal(spurious.onDuplicate(500, 1500), 0);
    assert.equal(spurious.isProven, false);
  });

  it('proves nothing outside an episode, nor about one that has ended', () => {
    const spurious = new SpuriousRecovery();
    spurious.onResent(0, 1000);
    assert.equal(spurious.onDuplicate(0, 1000), 1000);
    assert.equal(spurious.isProven, false);
    spurious.begin();
    spurious.onResent(0, 1000);
    spurious.end();
    spurious.onDuplicate(0, 1000);
    assert.equal(spurious.isProven, false);
  });
});
