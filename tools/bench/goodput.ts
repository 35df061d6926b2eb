/**
 * `goodput`: how fast a client gets a file over a bad network, compared with nginx over the kernel's CUBIC behind
 * the same switch with the same seeds. Every download is compared byte for byte.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { LAB_ADDRESS } from '../../src/lab/configuration.js';
import { content, inFolder, lab } from './lab/laboratory.js';
import { nginxVersion, peerLab } from './lab/peer.js';
import { result, type BenchResult } from './result.js';

const MARK = 0.8;
const SEEDS = Array.from({ length: 10 }, (_, i) => i + 1);
const FILE_BYTES = 1 << 20;
/** The same file some times over one connection after the other: a run is less of a lottery then. */
const DOWNLOADS = 2;
const FAULTS = { loss: 0.05, reorder: 0.1, duplicate: 0.05, corrupt: 0, delayMs: 20 };

interface Times {
  readonly atcp: number[];
  readonly nginx: number[];
}

const rounded = (value: number): number => Number(value.toFixed(3));

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

export async function run(log: (line: string) => void): Promise<BenchResult> {
  const nginx = nginxVersion();
  const { atcp: ours, nginx: theirs } = await inFolder((folder) => measure(folder, log));
  const value = median(ours) / median(theirs);
  return result('goodput', rounded(value), 'of nginx over CUBIC', 'higher', MARK, {
    fileBytes: FILE_BYTES,
    downloadsPerRun: DOWNLOADS,
    faultsOnClientPort: FAULTS,
    seeds: SEEDS,
    medianBytesPerSecond: { atcp: Math.round(median(ours)), nginx: Math.round(median(theirs)) },
    bytesPerSecond: { atcp: ours.map(Math.round), nginx: theirs.map(Math.round) },
    peer: `nginx ${nginx}, Linux ${release()}, CUBIC`,
  });
}

async function measure(folder: string, log: (line: string) => void): Promise<Times> {
  const site = join(folder, 'site');
  mkdirSync(site);
  const file = content(FILE_BYTES, 1);
  writeFileSync(join(site, 'file.bin'), file);
  const { loss, reorder, duplicate, delayMs } = FAULTS;
  const flags = ['--loss', loss, '--reorder', reorder, '--duplicate', duplicate, '--delay', delayMs];
  const times: Times = { atcp: [], nginx: [] };
  for (const seed of SEEDS) {
    const options = ['--board', 'node', '--files', site, ...flags.map(String), '--seed', `${seed}`];
    times.atcp.push(await goodput(folder, file, (client) => lab(options, client)));
    times.nginx.push(await goodput(folder, file, (client) => peerLab(site, FAULTS, seed, client)));
    log(`seed ${seed}: ${Math.round(times.atcp.at(-1)!)} B/s, nginx ${Math.round(times.nginx.at(-1)!)} B/s`);
  }
  return times;
}

/** Bytes per second of the downloads of one run. */
async function goodput(
  folder: string,
  file: Buffer,
  run: (client: readonly string[]) => Promise<string>,
): Promise<number> {
  const names = Array.from({ length: DOWNLOADS }, (_, i) => join(folder, `got-${i}`));
  const url = `http://${LAB_ADDRESS.vip}/file.bin`;
  const curl = (name: string): string =>
    `curl -sS --fail --max-time 300 -o ${name} -w '%{time_total}\\n' ${url}`;
  const said = await run(['sh', '-c', names.map(curl).join(' && ')]);
  for (const name of names) {
    if (!readFileSync(name).equals(file)) throw new Error('a download is not what was sent');
    rmSync(name);
  }
  const seconds = said.trim().split('\n').map(Number);
  return (DOWNLOADS * FILE_BYTES) / seconds.reduce((sum, each) => sum + each, 0);
}
