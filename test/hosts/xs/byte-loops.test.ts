import assert from 'node:assert/strict';
import * as reference from '../../../src/wire/byte-loops.js';
import { LOOP_NAMES, runTwinCase } from '../../vectors/twin-cases.js';
import { compileProject, runOnXs, type Run } from './xs.js';

const MAIN = 'test/vectors/twin-main.js';
const CASES = 400;

describe('C twins of the byte loops', function () {
  this.timeout(120_000); // The first run compiles XS.
  let result: Run;

  before(async () => {
    compileProject('tsconfig.device.json', MAIN);
    result = await runOnXs(MAIN, [`${CASES}`]);
    assert.equal(result.status, 0, result.errors);
  });

  it('cover every loop of the reference', () => {
    assert.deepEqual([...LOOP_NAMES].sort(), Object.keys(reference).sort());
  });

  for (const name of LOOP_NAMES) {
    it(`${name}: same results as the reference in ${CASES} random cases`, () => {
      const digests = result.lines.filter((line) => line.startsWith(`${name} `));
      assert.equal(digests.length, CASES);
      for (let n = 0; n < CASES; n++) {
        assert.equal(digests[n], `${name} ${n} ${runTwinCase(reference, name, n)}`);
      }
    });
  }

  it('refuse ranges outside of their arrays and touch nothing', () => {
    const refusals = result.lines.filter((line) => line.includes(': '));
    assert.ok(refusals.length >= 26);
    for (const line of refusals) assert.match(line, /^(RangeError|TypeError): /);
    assert.equal(result.lines.at(-1), 'untouched');
  });
});

describe('the cases themselves', () => {
  it('tell a wrong loop from a right one', () => {
    const wrong = {
      ...reference,
      // Forgets the last byte of odd lengths.
      sum16: (b: Uint8Array, at: number, length: number, sum: number) =>
        reference.sum16(b, at, length & ~1, sum),
      // Writes one byte too many.
      fill: (b: Uint8Array, at: number, length: number, value: number) =>
        reference.fill(b, at, length + 1, value),
    };
    for (const name of ['sum16', 'fill'] as const) {
      let different = 0;
      for (let n = 0; n < CASES; n++) {
        if (runTwinCase(wrong, name, n) !== runTwinCase(reference, name, n)) different++;
      }
      assert.ok(different > CASES / 10, `${name}: only ${different} cases noticed`);
    }
  });
});
