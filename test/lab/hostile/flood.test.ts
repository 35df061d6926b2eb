/** A flood of SYNs, a scan and random segments against a real laboratory, while clients download. */
import assert from 'node:assert/strict';
import { MEMORY_MARK_BYTES, keptShare, siege } from '../../../tools/bench/flood.js';
import type { FloodReport } from '../../../tools/bench/flood/client.js';

describe('lab: 20,000 SYNs a second', function () {
  this.timeout(120_000);
  let report: FloodReport;
  before(() => {
    report = siege(2, 2_000);
  });

  it('keeps running downloads running', () => {
    assert.ok(report.synsPerS > 10_000, `${report.synsPerS} SYNs a second`);
    // `npm run bench -- flood` measures it; here other things may run on the machine.
    assert.ok(keptShare(report) > 0.5, JSON.stringify(report.turns));
    assert.equal(report.failed, 0);
  });

  it('serves new clients, by cookies', () => {
    assert.ok(report.counters['synCookiesSent']! > 10_000);
    assert.ok(report.newConnections.opened > 5);
    assert.ok(report.counters['synCookiesTaken']! >= report.newConnections.opened - 1);
  });

  it('needs less than 64 MB more memory', () => {
    const { before, highest } = report.memory;
    assert.ok(highest - before < MEMORY_MARK_BYTES, `${highest - before} bytes more`);
  });
});
