import assert from 'node:assert/strict';
import { ProportionalRateReduction } from '../../../src/front-end/tcp/prr.js';

const MSS = 1000;

describe('proportional rate reduction (RFC 6937)', () => {
  /** The client reports one segment after the other; returns what is sent for each. */
  function run(flight: number, ssthresh: number, lost: number): number[] {
    const prr = new ProportionalRateReduction({ segmentBytes: MSS });
    prr.begin(flight * MSS, ssthresh * MSS);
    let pipe = (flight - lost) * MSS;
    const sent: number[] = [];
    for (let i = 0; i < flight - lost; i++) {
      pipe -= MSS;
      prr.onDelivered(MSS, pipe);
      const segments = Math.floor(prr.roomBytes / MSS);
      prr.onSent(segments * MSS);
      pipe += segments * MSS;
      sent.push(segments);
    }
    return sent;
  }

  it('sends seven for ten that arrive when the window shrinks to 0.7, evenly', () => {
    const sent = run(20, 14, 1);
    assert.equal(sent[0], 1, 'the retransmission at once');
    assert.ok(sent.every((segments) => segments <= 1));
    const total = sent.reduce((sum, segments) => sum + segments, 0);
    assert.ok(total >= 13 && total <= 14, `${total}`);
  });

  it('grows back to the threshold, but not in a burst, when more was lost than the reduction', () => {
    const sent = run(20, 14, 15);
    assert.ok(
      sent.every((segments) => segments <= 2),
      `${sent}`,
    );
    assert.ok(sent.reduce((sum, segments) => sum + segments, 0) >= 8);
  });

  it('lets the first retransmission out however full the pipe is', () => {
    const prr = new ProportionalRateReduction({ segmentBytes: MSS });
    prr.begin(100 * MSS, 50 * MSS);
    prr.onDelivered(0, 99 * MSS);
    assert.equal(prr.roomBytes, MSS);
    prr.onSent(MSS);
    prr.onDelivered(0, 99 * MSS);
    assert.ok(prr.roomBytes <= 0);
  });
});
