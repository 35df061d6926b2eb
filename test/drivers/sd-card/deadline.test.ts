import assert from 'node:assert/strict';
import { Deadline } from '../../../drivers/sd-card/deadline.js';
import { PortStatus } from '../../../src/back-end/ports.js';

describe('SD card deadline', () => {
  it('counts from the second call, since the first may have begun long before the wait', () => {
    const deadline = new Deadline();
    assert.equal(deadline.check(1_000, 100), PortStatus.pending);
    assert.equal(deadline.check(9_000, 100), PortStatus.pending);
    assert.equal(deadline.check(9_099, 100), PortStatus.pending);
    assert.equal(deadline.check(9_100, 100), PortStatus.timeout);
  });

  it('begins anew after it was cleared, and after a timeout', () => {
    const deadline = new Deadline();
    deadline.check(0, 100);
    deadline.check(10, 100);
    deadline.clear();
    assert.equal(deadline.check(500, 100), PortStatus.pending);
    assert.equal(deadline.check(600, 100), PortStatus.pending);
    assert.equal(deadline.check(700, 100), PortStatus.timeout);
    assert.equal(deadline.check(10_000, 100), PortStatus.pending);
    assert.equal(deadline.check(20_000, 100), PortStatus.pending);
  });
});
