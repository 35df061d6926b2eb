/**
 * `npm test`: every check in order, then one line `N passed, N failed`. A check that is not a test run counts as
 * one test.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);
const scratch = mkdtempSync(join(tmpdir(), 'atcp-test-'));
let passed = 0;
let failed = 0;

function check(name, command, args) {
  process.stdout.write(`\n== ${name}\n`);
  const started = Date.now();
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (result.status === 0) passed++;
  else failed++;
  process.stdout.write(`== ${name}: ${result.status === 0 ? 'passed' : 'FAILED'} (${seconds} s)\n`);
}

/** Runs mocha; counts its tests. A run without a test, or with a pending one, is a failure. */
function mocha(name, ...globs) {
  process.stdout.write(`\n== ${name}\n`);
  const started = Date.now();
  const report = join(scratch, `${name.replace(/\W+/g, '-')}.json`);
  const args = [
    '--reporter',
    join(root, 'tools', 'mocha-reporter.cjs'),
    '--reporter-option',
    `output=${report}`,
  ];
  const result = spawnSync(bin('mocha'), [...args, ...globs], { cwd: root, stdio: 'inherit' });
  let stats = { passes: 0, failures: 0, pending: 0 };
  try {
    stats = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    // No report: mocha itself failed; counted below.
  }
  passed += stats.passes;
  failed += stats.failures + stats.pending;
  if (stats.passes === 0 || (result.status !== 0 && stats.failures + stats.pending === 0)) failed++;
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stdout.write(
    `== ${name}: ${stats.passes} passed, ${stats.failures + stats.pending} failed (${seconds} s)\n`,
  );
}

try {
  check('format', bin('prettier'), ['--check', '--log-level=warn', '.']);
  check('lint and layering', bin('eslint'), ['.', '--max-warnings', '0']);
  check('types', bin('tsc'), ['-b']);
  check('state diagram', bin('tsx'), ['tools/state-diagram.ts', '--check']);
  mocha(
    'unit',
    'test/{wire,volume,back-end,drivers,front-end,services,cli,conformance,hostile}/**/*.test.ts',
    'test/lab/{switch,pcapng,analysis}/**/*.test.ts',
  );
  mocha('simulation', 'test/simulation/**/*.test.ts');
  mocha('XS', 'test/hosts/**/*.test.ts');
  mocha('lab', 'test/lab/{system,web,tftp,stream,hostile,faults}/**/*.test.ts');
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
