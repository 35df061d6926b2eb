/** The benchmarks of the emulated board, in their short form: that they run, what they print, and the marks. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

interface Printed {
  readonly bench: string;
  readonly value: number;
  readonly unit: string;
  readonly better: string;
  readonly mark: number;
  readonly met: boolean;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The last line of `npm run bench -- NAME --json --short`. */
function bench(name: string): Printed {
  const command = ['--import=tsx', 'tools/bench.ts', name, '--json', '--short'];
  const run = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8', maxBuffer: 16 << 20 });
  assert.equal(run.status, 0, run.stderr);
  const lines = run.stdout.trim().split('\n');
  assert.equal(lines.length, 1, 'with --json nothing but the result goes to standard output');
  const printed = JSON.parse(lines[0]!) as Printed;
  assert.deepEqual(Object.keys(printed), ['bench', 'value', 'unit', 'better', 'mark', 'met', 'detail']);
  assert.equal(printed.bench, name);
  assert.equal(printed.better, 'lower');
  assert.equal(printed.met, printed.value <= printed.mark);
  return printed;
}

describe('benchmarks of the emulated board', function () {
  this.timeout(480_000); // The first one compiles XS.

  it('board: instructions per segment, with both NICs and a profile', () => {
    const { value, unit, mark, detail } = bench('board');
    assert.equal(unit, 'instructions per segment');
    assert.equal(mark, 150_000);
    assert.ok(value > 10_000 && value <= mark, `${value}`);
    const w5500 = detail['w5500OverNullSpi'] as number;
    assert.ok(w5500 > 10_000 && w5500 <= mark, `${w5500}`);
    assert.equal(detail['megabytesPerSecondAt160MHz'], Number(((160 * 1460) / value).toFixed(2)));
    const profile = Object.values(detail['profile'] as Record<string, number>);
    const sum = profile.reduce((total, instructions) => total + instructions, 0);
    assert.ok(Math.abs(sum - value) < value / 50, `the profile accounts for ${sum} of ${value}`);
  });

  it('garbage: none, whatever the command', () => {
    const { value, detail } = bench('garbage');
    assert.equal(value, 0);
    for (const what of ['oneDelegation', 'sixteenDelegations', 'list', 'relay'])
      assert.equal(detail[what], 0);
  });

  it('memory: the parts make the whole, with the built-ins', () => {
    const { value, met, detail } = bench('memory');
    assert.ok(met, `${value} bytes`);
    const parts = ['xsSlots', 'xsChunks', 'xsStack', 'xsBuiltIns', 'cStacks', 'cVariables', 'nicDma'];
    const bytes = parts.map((part) => detail[part] as number);
    for (const part of bytes) assert.ok(part > 0);
    assert.equal(
      bytes.reduce((sum, part) => sum + part, 0),
      value,
    );
    assert.ok((detail['xsStackUsed'] as number) <= (detail['xsStack'] as number) - 512);
  });

  it('size: the parts make the whole, and modules are told', () => {
    const { value, met, detail } = bench('size');
    assert.ok(met, `${value} bytes`);
    const parts = ['engineAndConstants', 'byteCode', 'preloaded', 'initialisedVariables'];
    assert.equal(
      parts.reduce((sum, part) => sum + (detail[part] as number), 0),
      value,
    );
    assert.ok((detail['modules'] as Record<string, number>)['src/back-end/board.js']! > 1000);
  });
});
