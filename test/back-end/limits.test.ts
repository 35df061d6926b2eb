import assert from 'node:assert/strict';
import { boardLimits, checkLimits } from '../../src/back-end/limits.js';
import type { Limits } from '../../src/back-end/limits.js';

describe('limits', () => {
  it('of a board go together, and are frozen', () => {
    checkLimits(boardLimits);
    assert.ok(Object.isFrozen(boardLimits));
  });

  const wrong: Partial<Limits>[] = [
    { slots: 0 },
    { buffers: 1 },
    { buffers: 0x8000 },
    { buffersPerSlot: 12 },
    { buffersPerSlot: 1, readAheadUnits: 1 },
    { readAheadUnits: 1 },
    { readAheadUnits: 32 },
    { unitsPerTurn: 0 },
    { segmentsPerStep: 0 },
    { framesPerStep: 0 },
    { unitsPerStep: 0 },
    { rememberedIds: 100 },
    { rememberedIds: 8 },
    { busyHintMs: 0x1_0000 },
    { shortestHeartbeatUs: 2_000_000 },
    { devicePollUs: 0 },
    { answers: 0 },
  ];
  for (const each of wrong) {
    it(`refuses ${JSON.stringify(each)}, naming the rule`, () => {
      assert.throws(() => checkLimits({ ...boardLimits, ...each }), {
        name: 'RangeError',
        message: /^Inconsistent limits: .+limits\.ts/,
      });
    });
  }
});
