/** Helpers of the laboratory's tests: run `atcp`, make files, ask tshark. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
const launch = join(root, 'src/cli/launch.mjs');

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function atcp(...args: string[]): Run {
  const run = spawnSync(process.execPath, [launch, ...args], { encoding: 'utf8', maxBuffer: 64 << 20 });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}

/** Starts `atcp` as its own process group, as a shell does; its temporary files are made in `scratch`. */
export function startAtcp(scratch: string, ...args: string[]): ChildProcess {
  return spawn(process.execPath, [launch, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: scratch },
  });
}

/** Pseudo-random bytes that differ at every offset and compress badly. */
export function content(bytes: number, seed: number): Buffer {
  const b = Buffer.alloc(bytes);
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    b[i] = state >>> 24;
  }
  return b;
}

export function writeTree(folder: string, files: Record<string, Buffer>): void {
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Every file below `folder`, as path → SHA-256. */
export function digests(folder: string, prefix = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
    const path = join(prefix, entry.name);
    if (entry.isDirectory()) Object.assign(found, digests(folder, path));
    else found[path] = sha256(readFileSync(join(folder, path)));
  }
  return found;
}

/** tshark's answer, one row a packet, one column a field. Checksums are verified. */
export function tshark(pcap: string, filter: string, ...fields: string[]): string[][] {
  const check = ['ip', 'tcp', 'udp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`]);
  const run = spawnSync(
    'tshark',
    ['-n', '-r', pcap, ...check, '-Y', filter, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])],
    { encoding: 'utf8', maxBuffer: 256 << 20 },
  );
  if (run.status !== 0) throw new Error(`tshark failed: ${run.error?.message ?? run.stderr}`);
  return run.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}
