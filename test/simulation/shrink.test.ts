import assert from 'node:assert/strict';
import { planFromSeed, shrink, type Plan } from '../../src/simulation/index.js';

describe('simulation: shrinking', () => {
  function faults(plan: Plan): number {
    const cables = [plan.frontEnd.cable, ...[...plan.boards, ...plan.clients].map(({ cable }) => cable)];
    return cables
      .flatMap(({ up, down }) => [up, down])
      .reduce((sum, { loss, duplicate, reorder, corrupt }) => sum + loss + duplicate + reorder + corrupt, 0);
  }

  it('leaves what the failure needs, and nothing else', async () => {
    const plan: Plan = {
      ...planFromSeed(9),
      boards: [planFromSeed(9).boards[0]!, planFromSeed(10).boards[0]!, planFromSeed(11).boards[0]!],
      clients: [...planFromSeed(9).clients, ...planFromSeed(10).clients],
      events: [
        { atUs: 5, kind: 'frontEndPaused', forUs: 100_000 },
        { atUs: 6, kind: 'reboot', board: 2, forUs: 100_000 },
      ],
    };
    // It fails while there are two boards, and the reboot of the last.
    const fails = ({ boards, events }: Plan): Promise<boolean> => {
      const reboot = events.find(({ kind }) => kind === 'reboot');
      return Promise.resolve(
        boards.length >= 2 && reboot !== undefined && 'board' in reboot && reboot.board === boards.length - 1,
      );
    };
    const smallest = await shrink(plan, { fails, mostRuns: 5_000 });
    assert.equal(await fails(smallest), true);
    assert.equal(smallest.boards.length, 2);
    assert.equal(smallest.clients.length, 1);
    assert.equal(smallest.clients[0]!.requests.length, 1);
    assert.deepEqual(
      smallest.events.map(({ kind }) => kind),
      ['reboot'],
    );
    assert.equal(faults(smallest), 0);
  });

  it('gives back the plan that nothing can be taken from', async () => {
    const plan = planFromSeed(1);
    assert.equal(await shrink(plan, { fails: () => Promise.resolve(false) }), plan);
  });

  it('spends no more runs than it may', async () => {
    let runs = 0;
    await shrink(planFromSeed(2), { fails: () => Promise.resolve(++runs > 0), mostRuns: 7 });
    assert.equal(runs, 7);
  });
});
