import assert from 'node:assert/strict';
import { RttEstimator } from '../../../src/front-end/tcp/rtt-estimator.js';
import { DEFAULT_TCP_SETTINGS, checkSettings } from '../../../src/front-end/tcp/settings.js';

const settings = { ...DEFAULT_TCP_SETTINGS, minRtoUs: 1_000, maxRtoUs: 60_000_000 };

describe('RttEstimator', () => {
  it('follows RFC 6298 2', () => {
    const rtt = new RttEstimator(settings);
    assert.equal(rtt.rtoUs, 1_000_000);
    rtt.sample(100_000);
    assert.equal(rtt.srttUs, 100_000);
    assert.equal(rtt.rtoUs, 300_000);
    rtt.sample(180_000);
    // RTTVAR = 0.75 · 50,000 + 0.25 · 80,000; SRTT = 0.875 · 100,000 + 0.125 · 180,000
    assert.equal(rtt.srttUs, 110_000);
    assert.equal(rtt.rtoUs, 110_000 + 4 * 57_500);
  });

  it('never falls below SRTT and the clock’s granularity', () => {
    const rtt = new RttEstimator(settings);
    for (let i = 0; i < 200; i++) rtt.sample(50_000);
    assert.equal(Math.round(rtt.rtoUs), 51_000);
  });

  it('backs off by doubling, up to the maximum, until there is progress', () => {
    const rtt = new RttEstimator(settings);
    rtt.sample(100_000);
    const timeouts = [1, 2, 3].map(() => {
      rtt.backOff();
      return rtt.rtoUs;
    });
    assert.deepEqual(timeouts, [600_000, 1_200_000, 2_400_000]);
    for (let i = 0; i < 20; i++) rtt.backOff();
    assert.equal(rtt.rtoUs, 60_000_000);
    rtt.progress();
    assert.equal(rtt.rtoUs, 300_000);
  });

  it('keeps to the minimum', () => {
    const rtt = new RttEstimator(DEFAULT_TCP_SETTINGS);
    rtt.sample(500);
    assert.equal(rtt.rtoUs, 200_000);
  });
});

describe('checkSettings', () => {
  it('accepts the defaults, and names what can not be', () => {
    checkSettings(DEFAULT_TCP_SETTINGS);
    for (const [name, value] of [
      ['mtuBytes', 575],
      ['receiveBufferBytes', 2 ** 31],
      ['sendBufferBytes', 0],
      ['minRtoUs', 0],
      ['initialRtoUs', 100],
      ['delayedAckUs', 600_000],
      ['maxRetransmissions', 0],
      ['maxProbes', Number.NaN],
    ] as const) {
      const settings = { ...DEFAULT_TCP_SETTINGS, [name]: value };
      assert.throws(() => checkSettings(settings), new RegExp(`^RangeError: ${name} is`), name);
    }
  });
});
