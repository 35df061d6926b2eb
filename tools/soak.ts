/**
 * `npm run soak`: what takes longer than the tests may. Three boards on XS deliver 5,000 small files and one of
 * 100 MB, byte for byte, with 1 and 16 connections, one request at a time and pipelined, on a clean network and on
 * a bad one. Prints a table; ends with status 0 when every byte was right.
 *
 *   npm run soak -- --small 500 --big 10000000 --board node --seed 7
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeTree } from './soak/tree.js';

const { values } = parseArgs({
  options: {
    small: { type: 'string', default: '5000' },
    big: { type: 'string', default: String(100 << 20) },
    board: { type: 'string', default: 'xs' },
    boards: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const BAD_NETWORK = [
  '--loss',
  '0.02',
  '--reorder',
  '0.02',
  '--duplicate',
  '0.01',
  '--corrupt',
  '0.005',
  '--faults-on',
  'all',
];
const NETWORKS = { clean: [] as string[], bad: [...BAD_NETWORK, '--seed', values.seed] };

const folder = mkdtempSync(join(tmpdir(), 'atcp-soak-'));
const site = join(folder, 'site');
let failures = 0;

try {
  mkdirSync(site);
  const list = join(folder, 'files.json');
  writeFileSync(list, JSON.stringify(writeTree(site, Number(values.small), Number(values.big))));
  for (const [network, faults] of Object.entries(NETWORKS))
    for (const connections of [1, 16])
      for (const depth of [1, 8]) {
        const name = `${network}, ${connections} connection${connections > 1 ? 's' : ''}, ${depth > 1 ? 'pipelined' : 'keep-alive'}`;
        if (values.only !== undefined && !name.includes(values.only)) continue;
        const client = [
          process.execPath,
          path('../dist/tools/soak/download.js'),
          list,
          `${connections}`,
          `${depth}`,
        ];
        const lab = [
          'lab',
          '--boards',
          values.boards,
          '--board',
          values.board,
          '--files',
          site,
          ...faults,
          '--',
        ];
        const run = spawnSync(process.execPath, [path('../src/cli/launch.mjs'), ...lab, ...client], {
          encoding: 'utf8',
        });
        if (run.status !== 0) failures++;
        process.stdout.write(
          `${run.status === 0 ? 'ok    ' : 'FAILED'}  ${name}: ${run.stdout.trim()} ${run.stderr.trim()}\n`,
        );
      }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(failures === 0 ? 'soak: every byte was right\n' : `soak: ${failures} FAILED\n`);
process.exit(failures === 0 ? 0 : 1);
