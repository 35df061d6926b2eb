import assert from 'node:assert/strict';
import { NewReno } from '../../../src/front-end/tcp/congestion.js';

const MSS = 1000;

describe('NewReno', () => {
  it('starts with the window of RFC 6928, or one segment after a lost SYN-ACK', () => {
    assert.equal(new NewReno(1460, false).cwndBytes, 14_600);
    assert.equal(new NewReno(536, false).cwndBytes, 5_360);
    assert.equal(new NewReno(8960, false).cwndBytes, 17_920);
    assert.equal(new NewReno(1460, true).cwndBytes, 1460);
  });

  it('doubles in slow start, then grows by one segment a window', () => {
    const reno = new NewReno(MSS, false);
    reno.onAcknowledged(10_000);
    assert.equal(reno.cwndBytes, 20_000);
    reno.onLoss(20_000);
    assert.equal(reno.cwndBytes, 10_000);
    assert.equal(reno.inSlowStart, false);
    reno.onAcknowledged(9_999);
    assert.equal(reno.cwndBytes, 10_000);
    reno.onAcknowledged(1);
    assert.equal(reno.cwndBytes, 11_000);
    reno.onAcknowledged(10_999);
    assert.equal(reno.cwndBytes, 11_000);
  });

  it('halves what was outstanding, but not below two segments (RFC 5681 3.1)', () => {
    const reno = new NewReno(MSS, false);
    reno.onLoss(3_000);
    assert.equal(reno.cwndBytes, 2_000);
    reno.onLoss(100);
    assert.equal(reno.cwndBytes, 2_000);
  });

  it('falls to one segment at a timeout, and halves only once for repeated ones', () => {
    const reno = new NewReno(MSS, false);
    reno.onTimeout(10_000, false);
    assert.equal(reno.cwndBytes, MSS);
    reno.onTimeout(1_000, true);
    assert.equal(reno.cwndBytes, MSS);
    reno.onAcknowledged(4_000);
    assert.equal(reno.cwndBytes, 5_000);
    assert.equal(reno.inSlowStart, false, 'the threshold is half of the 10,000');
  });

  it('does not slow start beyond the threshold within one acknowledgment', () => {
    const reno = new NewReno(MSS, false);
    reno.onTimeout(10_000, false);
    reno.onAcknowledged(6_000);
    assert.equal(reno.cwndBytes, 5_000);
  });

  it('leaves recovery without a burst', () => {
    const reno = new NewReno(MSS, false);
    reno.onLoss(10_000);
    reno.onRecovered(500);
    assert.equal(reno.cwndBytes, 2_000);
    reno.onLoss(10_000);
    reno.onRecovered(9_000);
    assert.equal(reno.cwndBytes, 5_000);
  });

  it('restarts after idleness with the initial window', () => {
    const reno = new NewReno(MSS, false);
    reno.onAcknowledged(50_000);
    reno.onIdle();
    assert.equal(reno.cwndBytes, 10_000);
  });
});
