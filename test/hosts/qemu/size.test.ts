import assert from 'node:assert/strict';
import { ACCEPT, budgetFor, measure, overruns, readBudget, type Sizes } from '../../../tools/size-budget.js';

describe('size of the firmware', function () {
  this.timeout(180_000); // The first run compiles XS.

  it('is within tools/size-budget.json', async () => {
    const found = overruns(await measure(), readBudget());
    const advice = `If that is what it has to cost: ${ACCEPT}, and say why in the commit.`;
    assert.deepEqual(found, [], [...found, advice].join('\n'));
  });
});

describe('the size budget', () => {
  const sizes: Sizes = {
    total: 800_000,
    engineAndConstants: 500_000,
    byteCode: 100_000,
    preloaded: 200_000,
    modules: { 'src/a.js': 1000, 'src/b.js': 5000 },
  };

  it('allows what it was made from, and a little more', () => {
    assert.deepEqual(overruns(sizes, budgetFor(sizes)), []);
    const grown = { ...sizes, modules: { 'src/a.js': 1050, 'src/b.js': 5100, 'src/small.js': 2000 } };
    assert.deepEqual(overruns(grown, budgetFor(sizes)), []);
  });

  it('names what has grown, and by how much', () => {
    const grown = {
      ...sizes,
      byteCode: 111_000,
      modules: { 'src/a.js': 1500, 'src/b.js': 5000, 'src/new.js': 2100 },
    };
    assert.deepEqual(overruns(grown, budgetFor(sizes)), [
      'byte code: 111000 bytes, 984 more than its budget',
      'src/a.js: 1500 bytes, 348 more than its budget',
      'src/new.js: 2100 bytes, 52 more than its budget',
    ]);
  });
});
