/**
 * `flood`: goodput of running downloads under a flood of SYNs, a port scan and random segments, ÷ goodput without,
 * in turns within one run of the laboratory. `detail` has every turn, how much the front-end's memory grew, and
 * what it counted. The mark is met only if the memory grew by less than 64 MB, too.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FloodReport } from './flood/client.js';
import { result, type BenchResult } from './result.js';

const FILE_BYTES = 16 << 20;
export const MEMORY_MARK_BYTES = 64 << 20;
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** A laboratory with two boards under attack, `turns` times `turnMs` in peace and as long under attack. */
export function siege(turns: number, turnMs: number): FloodReport {
  const folder = mkdtempSync(join(tmpdir(), 'atcp-bench-'));
  try {
    const site = join(folder, 'site');
    mkdirSync(site);
    writeFileSync(join(site, 'large.bin'), Buffer.alloc(FILE_BYTES, 'payload '));
    const lab = ['lab', '--boards', '2', '--board', 'node', '--switch', 'bridge', '--files', site, '--'];
    const program = [process.execPath, '--import', 'tsx', path('flood/client.ts')];
    const client = [...program, 'large.bin', String(turns), String(turnMs)];
    const run = spawnSync(process.execPath, [path('../../src/cli/launch.mjs'), ...lab, ...client], {
      cwd: path('../..'),
      encoding: 'utf8',
    });
    if (run.status !== 0) throw new Error(`the laboratory failed: ${run.stderr}`);
    return JSON.parse(run.stdout) as FloodReport;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Goodput under attack ÷ goodput in peace, over all turns. */
export function keptShare({ turns }: FloodReport): number {
  const sum = (of: 'quiet' | 'flooded'): number => turns.reduce((all, turn) => all + turn[of], 0);
  return sum('flooded') / sum('quiet');
}

export function run(log: (line: string) => void): Promise<BenchResult> {
  const report = siege(4, 3_000);
  for (const { quiet, flooded } of report.turns)
    log(`${(quiet / 1e6).toFixed(1)} MB/s in peace, ${(flooded / 1e6).toFixed(1)} MB/s under attack`);
  const grownBytes = report.memory.highest - report.memory.before;
  log(`the front-end's memory grew by ${(grownBytes / 2 ** 20).toFixed(1)} MB`);
  const measured = result('flood', keptShare(report), 'fraction of the goodput', 'higher', 0.7, {
    ...report,
  });
  return Promise.resolve({ ...measured, met: measured.met && grownBytes < MEMORY_MARK_BYTES });
}
