import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { planFromSeed, simulate } from '../../src/simulation/index.js';

const MAIN = fileURLToPath(new URL('../../src/cli/launch.mjs', import.meta.url));

describe('simulation: seeds', function () {
  this.timeout(1_200_000);

  it('1,000 seeds: every byte right, every connection ended, nothing left over', () => {
    const run = spawnSync(process.execPath, [MAIN, 'simulate', '--seeds', '1000'], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.match(run.stdout, /^1,000 seeds \(1 … 1000\), 0 failed/m);
    // It rains, too.
    for (const fault of [
      'lost',
      'duplicated',
      'reordered',
      'damaged',
      'reboots',
      'wrong bits',
      'card failures',
    ])
      assert.match(run.stdout, new RegExp(`faults: .*\\b${fault} [\\d,]{2,}`), fault);
    for (const event of ['freeze', 'front end paused', 'board unplugged', 'attack'])
      assert.match(run.stdout, new RegExp(`events: .*\\b${event} [\\d,]{2,}`), event);
  });

  it('the same seed gives the same frames at the same times, whatever ran before', async () => {
    const seeds = [2, 3, 17];
    const hashes = async (order: readonly number[]): Promise<Map<number, string>> => {
      const found = new Map<number, string>();
      for (const seed of order) found.set(seed, (await simulate(planFromSeed(seed))).traceHash);
      return found;
    };
    const first = await hashes(seeds);
    const second = await hashes([...seeds].reverse());
    for (const seed of seeds) assert.equal(first.get(seed), second.get(seed), `seed ${seed}`);
    assert.equal(new Set(first.values()).size, seeds.length, 'different seeds differ');
  });
});
