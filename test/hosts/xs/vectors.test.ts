import assert from 'node:assert/strict';
import { allVectors } from '../../vectors/index.js';
import { compileProject, runOnXs, type Run } from './xs.js';

const MAIN = 'test/vectors/xs-main.js';

describe('vectors on Node', () => {
  for (const vector of allVectors) it(vector.name, () => vector.run());

  it('have different names', () => {
    assert.equal(new Set(allVectors.map((vector) => vector.name)).size, allVectors.length);
  });
});

for (const reference of [false, true]) {
  describe(`vectors on XS, byte loops in ${reference ? 'TypeScript' : 'C'}`, function () {
    this.timeout(120_000); // The first run compiles XS.
    let result: Run;

    before(async () => {
      compileProject('tsconfig.device.json', MAIN);
      result = await runOnXs(MAIN, [], reference);
    });

    allVectors.forEach((vector, i) => {
      it(vector.name, () => {
        const line = result.lines.findIndex((text) => text.endsWith(`ok ${i + 1} - ${vector.name}`));
        assert.notEqual(line, -1, `no result; XS ended with ${result.status}: ${result.errors}`);
        assert.match(result.lines[line]!, /^ok/, result.lines[line + 1]);
      });
    });

    it('end with status 0', () => assert.equal(result.status, 0, result.errors));
  });
}
