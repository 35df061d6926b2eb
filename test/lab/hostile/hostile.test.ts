/** A real laboratory under siege: real processes, real sockets, real curl, XS boards. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { content, root, sha256, writeTree } from '../system/laboratory.js';
import type { SiegeReport } from './attacker.js';

const BOARDS = 2;
const ROUNDS = 5;
const FILE = content(3_000_000, 5);
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

describe('lab: under siege', function () {
  this.timeout(120_000);
  let folder = '';
  let report: SiegeReport;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'atcp-test-'));
    writeTree(join(folder, 'site'), { 'large.bin': FILE });
    const lab = ['lab', '--boards', String(BOARDS), '--board', 'xs', '--files', join(folder, 'site'), '--'];
    const siege = [
      process.execPath,
      '--import',
      'tsx',
      here('attacker.ts'),
      String(ROUNDS),
      'large.bin',
      sha256(FILE),
    ];
    const run = spawnSync(process.execPath, [join(root, 'src/cli/launch.mjs'), ...lab, ...siege], {
      cwd: root,
      encoding: 'utf8',
      env: {
        ...process.env,
        NODE_OPTIONS: `--require ${here('memory-hook.cjs')}`,
        ATCP_TEST_MEMORY: join(folder, 'memory.json'),
      },
    });
    assert.equal(run.status, 0, run.stderr);
    assert.equal(run.stderr, '', 'nothing ended by itself');
    report = JSON.parse(run.stdout) as SiegeReport;
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('delivers every download byte-exact meanwhile, and after it', () => {
    assert.ok(report.frames > 1_000, `${report.frames} hostile frames`);
    assert.equal(report.exact, report.downloads);
    assert.equal(report.downloads, 4 * ROUNDS);
  });

  it('answers a megabyte of headers with 431 and closes', () => {
    assert.equal(report.largeHead, 'HTTP/1.1 431 Request Header Fields Too Large');
  });

  it('counts what it discards, by name', () => {
    const { counters } = report;
    for (const name of [
      'framesMalformed',
      'framesBadTag',
      'framesUnexpected',
      'ipv4CheckFailed',
      'ipv4BadSource',
      'ipv6CheckFailed',
      'ipv6BadSource',
      'ipv6Fragments',
      'ipv6ExtensionsRefused',
      'neighborCheckFailed',
      'icmpCheckFailed',
      'segmentCheckFailed',
      'step126NoConnection',
      'resetsSent',
    ])
      assert.ok(counters[name]! > 10, `${name}: ${counters[name]}`);
    assert.ok(report.framesDiscardedByBoards > 100);
    assert.equal(counters['boardsLost']! + counters['boardsRebooted']!, 0);
  });

  it('keeps nothing: no connection, no command, no slot, no buffer', () => {
    assert.deepEqual(report.left, { connections: 0, commands: 0, slots: 0, buffers: 0 });
  });

  it('has no more memory after the last round than after the second, within 5 %', () => {
    const [first, last] = report.memory;
    const grown = (before: number, after: number): number => (after - before) / before;
    const live = grown(first!.frontEndLiveBytes, last!.frontEndLiveBytes);
    assert.ok(live < 0.05, `front-end, live after garbage collection: ${(100 * live).toFixed(2)} % more`);
    const resident = grown(first!.frontEndRssBytes, last!.frontEndRssBytes);
    assert.ok(resident < 0.05, `front-end, resident: ${(100 * resident).toFixed(2)} % more`);
    assert.equal(last!.boardRssBytes.length, BOARDS);
    for (const [i, bytes] of last!.boardRssBytes.entries()) {
      const board = grown(first!.boardRssBytes[i]!, bytes);
      assert.ok(board < 0.05, `board ${i + 1}, resident: ${(100 * board).toFixed(2)} % more`);
    }
  });
});
