/** What the benchmarks share that run in a laboratory: content, folders, `atcp lab`. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const launcher = fileURLToPath(new URL('../../../src/cli/launch.mjs', import.meta.url));

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with its output. */
export function runProgram(program: string, args: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => void (output[name] += text));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...output }));
  });
}

/** `atcp lab` around `command`; its standard output. Throws when the command failed. */
export async function lab(options: readonly string[], command: readonly string[]): Promise<string> {
  const run = await runProgram(process.execPath, [launcher, 'lab', ...options, '--', ...command]);
  if (run.status !== 0) throw new Error(`the laboratory ended with status ${run.status}: ${run.stderr}`);
  return run.stdout;
}

/** A temporary folder for `use`; it goes afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'atcp-bench-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bytes of a linear congruential generator: different everywhere, the same each time. */
export function content(bytes: number, seed: number): Buffer {
  const b = Buffer.alloc(bytes);
  let state = seed;
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    b[i] = state >>> 24;
  }
  return b;
}
