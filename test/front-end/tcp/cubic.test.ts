import assert from 'node:assert/strict';
import { initialWindow } from '../../../src/front-end/tcp/congestion.js';
import { Cubic } from '../../../src/front-end/tcp/cubic.js';
import { HyStart } from '../../../src/front-end/tcp/hystart.js';
import { MS, SECOND } from '../rig.js';

const MSS = 1000;

/** Acknowledges one window a round trip, segment by segment, for `us`; returns the time. */
function roundTrips(cubic: Cubic, fromUs: number, us: number, rttUs: number): number {
  let nowUs = fromUs;
  while (nowUs < fromUs + us) {
    const segments = Math.floor(cubic.cwndBytes / MSS);
    for (let i = 0; i < segments; i++) cubic.onAcknowledged(MSS, rttUs, nowUs + (i * rttUs) / segments);
    nowUs += rttUs;
  }
  return nowUs;
}

describe('initialWindow', () => {
  it('is that of RFC 6928, or one segment after a lost SYN-ACK', () => {
    assert.equal(initialWindow(1460, false), 14_600);
    assert.equal(initialWindow(536, false), 5_360);
    assert.equal(initialWindow(8960, false), 17_920);
    assert.equal(initialWindow(1460, true), 1460);
  });
});

describe('Cubic (RFC 9438)', () => {
  it('doubles in slow start, however few ACKs tell of it', () => {
    const cubic = new Cubic(MSS, false);
    cubic.onAcknowledged(10_000, 1000, 0);
    assert.equal(cubic.cwndBytes, 20_000);
    assert.equal(cubic.inSlowStart, true);
  });

  it('keeps 0.7 of what was outstanding, but not less than two segments (4.6)', () => {
    const cubic = new Cubic(MSS, false);
    cubic.onLoss(10_000);
    assert.equal(cubic.cwndBytes, 7_000);
    assert.equal(cubic.inSlowStart, false);
    cubic.onLoss(1_000);
    assert.equal(cubic.cwndBytes, 2_000);
  });

  for (const [rttUs, startSegments] of [
    [100 * MS, 1000],
    [200 * MS, 400],
  ] as const) {
    it(`follows W_cubic(t) from ${startSegments} segments at ${rttUs / MS} ms`, () => {
      const cubic = new Cubic(MSS, false);
      cubic.onAcknowledged(startSegments * MSS - 10_000, rttUs, 0);
      cubic.onLoss(startSegments * MSS);
      // 4.2: W_cubic(t) = C (t - K)³ + W_max with K = ∛((W_max - cwnd) / C), in segments and seconds.
      const k = Math.cbrt((0.3 * startSegments) / 0.4);
      let nowUs = SECOND;
      for (const seconds of [2, k, k + 2, k + 5]) {
        nowUs = roundTrips(cubic, nowUs, (seconds + 1) * SECOND - nowUs, rttUs);
        const expected = 0.4 * ((nowUs - SECOND) / SECOND - k) ** 3 + startSegments;
        const segments = cubic.cwndBytes / MSS;
        assert.ok(
          Math.abs(segments - expected) < 0.02 * expected,
          `${seconds} s: ${segments}, not ${expected}`,
        );
      }
    });
  }

  it('grows as Reno would where that is faster: a short round trip, a small window (4.3)', () => {
    const cubic = new Cubic(MSS, false);
    cubic.onAcknowledged(10_000, MS, 0);
    cubic.onLoss(20_000);
    assert.equal(cubic.cwndBytes, 14_000);
    roundTrips(cubic, 0, 10 * MS, 1 * MS);
    // Ten round trips of 3 · 0.3 / 1.7 segments each.
    assert.ok(Math.abs(cubic.cwndBytes - 19_300) < 200, `${cubic.cwndBytes}`);
  });

  it('gives way when a loss comes before the old window was reached (4.7)', () => {
    const cubic = new Cubic(MSS, false);
    cubic.onAcknowledged(90_000, 1000, 0);
    cubic.onLoss(100_000);
    cubic.onLoss(70_000);
    // W_max is 70 · 0.85 segments, not 70: the plateau of 59.5 is reached from 49 after K = ∛(10.5 / 0.4) ≈ 2.97 s.
    const nowUs = roundTrips(cubic, 0, 2.97 * SECOND, 200 * MS);
    assert.ok(nowUs > 0 && Math.abs(cubic.cwndBytes - 59_500) < 800, `${cubic.cwndBytes}`);
  });

  it('falls to one segment at a timeout, and reduces only once for repeated ones', () => {
    const cubic = new Cubic(MSS, false);
    cubic.onTimeout(10_000, false);
    assert.equal(cubic.cwndBytes, MSS);
    cubic.onTimeout(1_000, true);
    cubic.onAcknowledged(6_000, 1000, 0);
    assert.equal(cubic.cwndBytes, 7_000, 'slow start up to 0.7 of the 10,000');
    assert.equal(cubic.inSlowStart, false);
  });

  it('goes back to where it was when the loss was none', () => {
    const cubic = new Cubic(MSS, false);
    cubic.onAcknowledged(40_000, 1000, 0);
    cubic.onLoss(50_000);
    cubic.undo();
    assert.equal(cubic.cwndBytes, 50_000);
    assert.equal(cubic.inSlowStart, true);
    cubic.onTimeout(50_000, false);
    cubic.onTimeout(50_000, true);
    cubic.undo();
    assert.equal(cubic.cwndBytes, 50_000);
  });

  it('restarts after idleness with the initial window', () => {
    const cubic = new Cubic(MSS, false);
    cubic.onAcknowledged(50_000, 1000, 0);
    cubic.onIdle(2 * SECOND);
    assert.equal(cubic.cwndBytes, 10_000);
  });
});

describe('HyStart++ (RFC 9406)', () => {
  /** One round trip: as many samples as given, then SND.UNA moves to the round's end. */
  function round(hyStart: HyStart, n: number, rttMs: number, samples = 10): void {
    for (let i = 0; i < samples; i++) hyStart.onRoundTrip(rttMs * MS, n * 1000 + i, (n + 1) * 1000);
  }

  it('slows down when the round trip grows by more than an eighth, and ends after five more rounds', () => {
    const hyStart = new HyStart();
    round(hyStart, 0, 100);
    round(hyStart, 1, 112);
    assert.equal(hyStart.conservative, false, '12 ms are less than 12.5');
    round(hyStart, 2, 127);
    assert.equal(hyStart.conservative, true);
    assert.equal(hyStart.growth(4000), 1000);
    for (let n = 3; n < 7; n++) round(hyStart, n, 130);
    assert.equal(hyStart.finished, false);
    round(hyStart, 7, 130);
    assert.equal(hyStart.finished, true);
  });

  it('goes on as before when the round trip falls again', () => {
    const hyStart = new HyStart();
    round(hyStart, 0, 100);
    round(hyStart, 1, 120);
    assert.equal(hyStart.conservative, true);
    round(hyStart, 2, 110);
    assert.equal(hyStart.conservative, false);
    assert.equal(hyStart.growth(4000), 4000);
  });

  it('takes less than 4 ms, and fewer than eight samples, for noise', () => {
    const hyStart = new HyStart();
    round(hyStart, 0, 1);
    round(hyStart, 1, 4.9);
    assert.equal(hyStart.conservative, false);
    round(hyStart, 2, 50, 7);
    assert.equal(hyStart.conservative, false);
  });

  it('ends the slow start of a connection whose queue grows, without a loss', () => {
    const cubic = new Cubic(MSS, false);
    let una = 0;
    for (let n = 0; n < 12; n++) {
      // A bottleneck that holds 100 segments: beyond them each round trip grows longer.
      const window = Math.floor(cubic.cwndBytes / MSS);
      const rttUs = 20 * MS + Math.max(0, window - 100) * 200;
      const sndNxt = una + 2 * window;
      for (let i = 0; i < window; i++) {
        cubic.onRoundTrip(rttUs, una + i, sndNxt);
        cubic.onAcknowledged(MSS, rttUs, n * rttUs);
      }
      una = sndNxt;
    }
    assert.equal(cubic.inSlowStart, false);
    assert.ok(cubic.cwndBytes < 700_000, `${cubic.cwndBytes}: without it 40 MB`);
  });
});
