import assert from 'node:assert/strict';
import { PaceMeter } from '../../../hosts/linux/pace-meter.js';

describe('PaceMeter', () => {
  /** One frame a wake, `gapMs` apart: how many wakes until it rests, up to 1,000. */
  function wakesUntilRest(gapMs: number): number {
    const meter = new PaceMeter();
    for (let wakes = 1; wakes <= 1000; wakes++) if (meter.next(1, 5 + wakes * gapMs) === 'rest') return wakes;
    return Infinity;
  }

  it('wakes for every frame of sparse traffic', () => {
    assert.equal(wakesUntilRest(1), Infinity);
    assert.equal(wakesUntilRest(0.1), Infinity);
  });

  it('rests soon when frames come one by one but densely', () => {
    assert.ok(wakesUntilRest(0.01) <= 17);
    assert.ok(wakesUntilRest(0.05) <= 40);
  });

  it('rests after one large batch, goes on while ticks bring many, wakes when they bring few', () => {
    const meter = new PaceMeter();
    assert.equal(meter.next(1, 10), 'wake');
    assert.equal(meter.next(64, 10.2), 'rest');
    assert.equal(meter.next(40, 11.4), 'rest');
    assert.equal(meter.next(30, 12.5), 'rest');
    assert.equal(meter.next(3, 13.6), 'wake');
    assert.equal(meter.next(0, 15), 'wake');
  });

  it('is not misled by a burst long ago', () => {
    const meter = new PaceMeter();
    meter.next(15, 10);
    assert.equal(meter.next(1, 500), 'wake');
    assert.equal(meter.next(1, 500.1), 'wake');
  });
});
