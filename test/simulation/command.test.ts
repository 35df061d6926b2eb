import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { planFromSeed, type Plan } from '../../src/simulation/index.js';

const MAIN = fileURLToPath(new URL('../../src/cli/launch.mjs', import.meta.url));

describe('atcp simulate', function () {
  this.timeout(300_000);
  let folder: string;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'atcp-test-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function simulate(...args: string[]): { status: number | null; output: string; errors: string } {
    const run = spawnSync(process.execPath, [MAIN, 'simulate', ...args], { encoding: 'utf8', cwd: folder });
    return { status: run.status, output: run.stdout, errors: run.stderr };
  }

  /** A plan whose client wants what the server cannot give: the simulation must find that out. */
  function wrongPlan(): Plan {
    const plan = planFromSeed(3);
    const clients = plan.clients.map((client) => ({
      ...client,
      ending: 'close' as const,
      requests: [{ method: 'GET' as const, file: 2, range: [5_000, 6_000] as const }],
    }));
    return { ...plan, clients, events: [] };
  }

  it('prints every frame of one seed, and the summary', () => {
    const { status, output } = simulate('--seed', '3', '--verbose');
    assert.equal(status, 0, output);
    assert.match(output, /client-1 +→ front-end +TCP \d+→80 \[S\] \d+ ack 0 win \d+/);
    assert.match(
      output,
      /front-end → board-1 +ATCP statements #\d+ \| 25 (read|relay) \d+ seq \d+ from 0 \| 29 /,
    );
    assert.match(output, /board-1 +→ client-\d +TCP 80→\d+ \[P?\.\]/);
    assert.match(output, /^trace [0-9a-f]{16}$/m);
    assert.match(output, /^1 seeds, 0 failed/m);
  });

  it('a failure ends with status 1 and says what, when and where', () => {
    const file = join(folder, 'plan.json');
    writeFileSync(file, JSON.stringify(wrongPlan()));
    const { status, output } = simulate('--plan', file);
    assert.equal(status, 1);
    assert.match(output, /^FAILED seed 3 at \d+\.\d{6} s: client \d: not the reply to .*416/m);
  });

  it('names what is wrong with its arguments', () => {
    for (const [args, message] of [
      [['--seeds', 'x'], /--seeds <n>.*whole number/],
      [['--verbose'], /--verbose prints one seed/],
      [['--plan', '/does/not/exist'], /holds no plan/],
    ] as const) {
      const { status, errors } = simulate(...args);
      assert.equal(status, 1);
      assert.match(errors, message);
    }
  });

  it('writes no file when nothing fails', () => {
    const { status, output } = simulate('--seeds', '3', '--jobs', '2');
    assert.equal(status, 0, output);
    assert.match(output, /^3 seeds \(1 … 3\), 0 failed/m);
    assert.throws(() => readFileSync(join(folder, 'simulate-1.json')));
  });
});
