import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Counters } from '../../src/back-end/counters.js';
import { boardLimits } from '../../src/back-end/limits.js';
import { MemoryController, THERE } from '../../src/back-end/memory-controller.js';
import { UNIT_BYTES } from '../../src/volume/limits.js';

const LIMITS = { ...boardLimits, slots: 3, buffers: 4, buffersPerSlot: 4, readAheadUnits: 2 };

function memoryOf(limits = LIMITS): { memory: MemoryController; counters: Counters } {
  const counters = new Counters();
  return { memory: new MemoryController(limits, 0, counters), counters };
}

function fill(memory: MemoryController, slot: number, unit: number): number {
  const position = memory.lend(slot, unit, true);
  assert.ok(position >= 0);
  memory.filled();
  return position;
}

describe('memory controller', () => {
  it('lends a unit, finds it, and takes it back', () => {
    const { memory } = memoryOf();
    assert.equal(memory.find(1, 9), -1);
    const position = memory.lend(1, 9, false);
    assert.equal(memory.find(1, 9), -1, 'not there before it is filled');
    memory.filled();
    assert.equal(memory.find(1, 9), position);
    assert.equal(memory.lend(1, 9, true), THERE);
    assert.equal(memory.find(1, 5), -1, 'a unit that would have the same place');
    assert.equal(memory.find(0, 9), -1, 'another slot');
    assert.equal(memory.lent, 1);
    memory.giveBack(1, 9);
    assert.equal(memory.find(1, 9), -1);
    assert.equal(memory.lent, 0);
    assert.equal(memory.highWater, 1);
  });

  it('takes back what could not be filled', () => {
    const { memory } = memoryOf();
    memory.lend(0, 0, false);
    memory.unfilled();
    memory.unfilled();
    assert.equal(memory.lent, 0);
    for (let unit = 0; unit < 4; unit++) fill(memory, 0, unit);
    assert.equal(memory.lent, 4);
  });

  it('lends disjoint places inside the memory', () => {
    const { memory } = memoryOf();
    const positions = [fill(memory, 0, 0), fill(memory, 1, 0), fill(memory, 1, 1), fill(memory, 2, 7)];
    assert.deepEqual(
      [...positions].sort((a, b) => a - b),
      [0, 1, 2, 3].map((i) => i * UNIT_BYTES),
    );
    assert.equal(memory.units.length, 4 * UNIT_BYTES);
  });

  it('reclaims sent units only, and only when told to', () => {
    const { memory, counters } = memoryOf();
    for (let unit = 0; unit < 4; unit++) fill(memory, 0, unit);
    memory.sent(0, 1);
    memory.sent(0, 0);
    memory.sent(0, 1);
    assert.equal(memory.lend(1, 0, false), -1);
    fill(memory, 1, 0);
    fill(memory, 1, 1);
    assert.equal(memory.find(0, 0), -1);
    assert.equal(memory.find(0, 1), -1);
    assert.equal(memory.lend(1, 2, true), -1, 'what was not sent stays');
    assert.equal(counters.bufferReclaimed, 2);
    assert.equal(memory.lent, 4);
  });

  it('reclaims in the order of lending when all memory is in use', () => {
    const { memory } = memoryOf({ ...LIMITS, buffersPerSlot: 16 });
    for (let unit = 0; unit < 16; unit++) {
      fill(memory, 0, unit);
      memory.sent(0, unit);
      for (let old = 0; old <= unit; old++) assert.equal(memory.find(0, old) >= 0, old > unit - 4, `${old}`);
    }
  });

  it('gives the place of a unit to a later one of the same slot', () => {
    const { memory } = memoryOf();
    fill(memory, 0, 2);
    fill(memory, 0, 6);
    assert.equal(memory.find(0, 2), -1);
    assert.ok(memory.find(0, 6) >= 0);
    assert.equal(memory.lent, 1);
  });

  it('returns what lies below a unit, and all of a slot', () => {
    const { memory } = memoryOf();
    for (let unit = 4; unit < 7; unit++) fill(memory, 0, unit);
    fill(memory, 1, 4);
    memory.giveBackBelow(0, 0, 6);
    assert.equal(memory.find(0, 5), -1);
    assert.ok(memory.find(0, 6) >= 0);
    assert.ok(memory.find(1, 4) >= 0);
    memory.giveBackAll(0);
    memory.giveBackAll(1);
    assert.equal(memory.lent, 0);
  });

  it('counts bytes at hand up to the first gap', () => {
    const { memory } = memoryOf();
    fill(memory, 0, 3);
    fill(memory, 0, 4);
    fill(memory, 0, 6);
    assert.equal(memory.atHand(0, 3, 100, 50), 50);
    assert.equal(memory.atHand(0, 3, 100, 4000), 4000);
    assert.equal(memory.atHand(0, 3, 100, 20_000), 2 * UNIT_BYTES - 100);
    assert.equal(memory.atHand(0, 5, 0, 1), 0);
  });

  it('knows what lies in a row', () => {
    const { memory } = memoryOf();
    const first = fill(memory, 0, 3);
    fill(memory, 0, 4);
    fill(memory, 1, 0);
    const behind = fill(memory, 0, 5);
    assert.equal(behind, first + 3 * UNIT_BYTES);
    assert.equal(memory.inRow(0, 3, first, 20_000), 2 * UNIT_BYTES, 'unit 5 is elsewhere');
    assert.equal(memory.inRow(0, 3, first, 4096), UNIT_BYTES, 'no more than is wanted');
    assert.equal(memory.inRow(0, 5, behind, 20_000), UNIT_BYTES, 'unit 6 is not there');
    memory.giveBack(0, 4);
    assert.equal(memory.inRow(0, 3, first, 20_000), UNIT_BYTES);
  });

  it('steals the farthest unsent unit from a position on', () => {
    const { memory, counters } = memoryOf();
    for (let unit = 0; unit < 4; unit++) fill(memory, 0, unit);
    memory.sent(0, 3);
    assert.equal(memory.steal(1, 0), false);
    assert.equal(memory.steal(0, 3), false);
    assert.equal(memory.steal(0, 1), true);
    assert.equal(memory.find(0, 2), -1);
    assert.ok(memory.find(0, 1) >= 0);
    assert.equal(counters.bufferStolen, 1);
  });

  it('keeps its books under any sequence of calls', () => {
    const call = fc.record({
      what: fc.constantFrom('fill', 'unfilled', 'sent', 'giveBack', 'below', 'all', 'steal'),
      slot: fc.nat(2),
      unit: fc.nat(20),
      reclaim: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 200 }), (calls) => {
        const { memory } = memoryOf();
        // Every filled unit is stamped; what is found must carry the stamp.
        for (const { what, slot, unit, reclaim } of calls) {
          if (what === 'fill' || what === 'unfilled') {
            const there = memory.find(slot, unit) >= 0;
            const position = memory.lend(slot, unit, reclaim);
            assert.equal(position === THERE, there);
            if (position < 0) continue;
            memory.units[position] = slot;
            memory.units[position + 1] = unit;
            if (what === 'fill') memory.filled();
            else memory.unfilled();
          } else if (what === 'sent') memory.sent(slot, unit);
          else if (what === 'giveBack') memory.giveBack(slot, unit);
          else if (what === 'below') memory.giveBackBelow(slot, 0, unit);
          else if (what === 'all') memory.giveBackAll(slot);
          else memory.steal(slot, unit);
          let found = 0;
          for (let s = 0; s < 3; s++) {
            for (let u = 0; u <= 20; u++) {
              const position = memory.find(s, u);
              if (position < 0) continue;
              found++;
              assert.deepEqual([memory.units[position], memory.units[position + 1]], [s, u]);
            }
          }
          assert.equal(memory.lent, found);
          assert.ok(memory.lent <= memory.highWater && memory.highWater <= 4);
        }
        for (let slot = 0; slot < 3; slot++) memory.giveBackAll(slot);
        assert.equal(memory.lent, 0);
        for (let i = 0; i < 4; i++) fill(memory, 0, i);
      }),
    );
  });
});
