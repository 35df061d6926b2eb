import assert from 'node:assert/strict';
import { Cubic } from '../../../src/front-end/tcp/cubic.js';
import { RoundTrips } from '../../../src/front-end/tcp/round-trips.js';
import { RttEstimator } from '../../../src/front-end/tcp/rtt-estimator.js';
import { DEFAULT_TCP_SETTINGS } from '../../../src/front-end/tcp/settings.js';

const MS = 1_000;

describe('front-end/tcp: round trips', () => {
  let rtt: RttEstimator;
  let trips: RoundTrips;

  beforeEach(() => {
    rtt = new RttEstimator(DEFAULT_TCP_SETTINGS);
    rtt.sample(100 * MS);
    trips = new RoundTrips(rtt, new Cubic(1_000, false));
  });

  /** One ACK for [from, to), which left at `leftUs`. */
  function ack(nowUs: number, from: number, to: number, leftUs: number, resent = false): void {
    trips.begin(nowUs);
    trips.onDelivered(from, to, leftUs, leftUs, true, resent);
    trips.finish(from, to, to);
  }

  it('measures what was sent once', () => {
    ack(400 * MS, 1_000, 2_000, 0);
    assert.equal(rtt.srttUs, 0.875 * 100 * MS + 0.125 * 400 * MS);
  });

  it('measures nothing of what waited behind a hole, though it is acknowledged by itself', () => {
    const before = rtt.rtoUs;
    trips.onResent(2_000);
    trips.onHeldUp(9_000);
    ack(20_000 * MS, 1_000, 2_000, 19_900 * MS, true);
    ack(20_001 * MS, 2_000, 6_000, 0);
    ack(20_002 * MS, 6_000, 9_500, 0);
    assert.equal(rtt.rtoUs, before);
    ack(20_102 * MS, 9_500, 10_000, 20_002 * MS);
    assert.notEqual(rtt.rtoUs, before, 'beyond the hole it measures again');
  });

  it('nor by a report that comes late', () => {
    const before = rtt.rtoUs;
    trips.onResent(2_000);
    trips.onHeldUp(9_000);
    trips.begin(20_000 * MS);
    trips.finish(1_000, 8_000, 9_000);
    trips.onLateReport(8_000, 0, 9_000);
    assert.equal(rtt.rtoUs, before);
  });
});
