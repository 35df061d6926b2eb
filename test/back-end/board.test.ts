/** The firmware as a whole: one board against a card, a NIC and a front-end. */
import assert from 'node:assert/strict';
import { DelegationState, Reason } from '../../src/wire/atcp/ack-up.js';
import { get64 } from '../../src/wire/bytes.js';
import { Rig } from './support/rig.js';
import { ackDown, readCommand, statCommand } from './support/statements.js';
import { pattern, volumeImage } from './support/volume-image.js';

const FILE = pattern(100_000, 1);

describe('Board', () => {
  let image: Uint8Array;

  before(async () => {
    image = await volumeImage(new Map([['file', FILE]]));
  });

  it('answers stat', () => {
    const rig = new Rig(image);
    rig.connect();
    rig.state(statCommand('file'));
    const report = rig.report();
    assert.equal(report.state, DelegationState.done);
    assert.equal(report.reason, Reason.none);
    assert.equal(get64(report.result, 0), FILE.length);
  });

  it('sends a file as far as it is granted, to the last byte', () => {
    const rig = new Rig(image);
    rig.connect();
    rig.state(readCommand(), ackDown({ granted: 14_600 }));
    rig.run(20_000);
    assert.deepEqual(rig.stream(), FILE.subarray(0, 14_600));
    assert.equal(rig.report().sentUpTo, 14_600);
    rig.state(ackDown({ version: 2, acknowledged: 14_600, granted: FILE.length }));
    rig.run(100_000);
    assert.deepEqual(rig.stream(), FILE);
    assert.equal(rig.report().state, DelegationState.sent);
  });
});
