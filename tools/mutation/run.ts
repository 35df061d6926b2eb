/** Bundles a program with one mutation in it, and runs it. */
import { build, type Plugin } from 'esbuild';
import { spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mutation } from './mutations.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Verdict {
  readonly mutation: string;
  /** What found it out: "seed 17", or the script; undefined when nothing did. */
  readonly caughtBy: string | undefined;
  readonly how: string;
  readonly seconds: number;
}

export interface RunOptions {
  /** Seeds from 1 that are tried. */
  readonly seeds: number;
  readonly limitMs: number;
}

/** Tries seeds, or the script that the mutation names. */
export function runMutation(mutation: Mutation, options: RunOptions): Promise<Verdict> {
  return runProgram(mutation.name, mutation.script, mutation, options);
}

/** The script with nothing broken in it. */
export function runUnbroken(script: string, options: RunOptions): Promise<Verdict> {
  return runProgram('nothing', script, undefined, options);
}

async function runProgram(
  name: string,
  script: string | undefined,
  mutation: Mutation | undefined,
  options: RunOptions,
): Promise<Verdict> {
  const started = Date.now();
  const cache = join(ROOT, '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'mutation-'));
  try {
    const program = join(folder, 'program.mjs');
    await bundle(join(ROOT, script ?? 'tools/mutation/seeds-main.ts'), program, mutation);
    const found =
      script === undefined
        ? await trySeeds(program, options)
        : await tryScript(program, script, options.limitMs);
    return { mutation: name, ...found, seconds: (Date.now() - started) / 1000 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function bundle(entry: string, outfile: string, mutation: Mutation | undefined): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
    plugins: mutation === undefined ? [] : [mutate(mutation)],
  });
}

function mutate({ name, file, find, replace }: Mutation): Plugin {
  const path = resolve(ROOT, file);
  return {
    name: 'mutate',
    setup(builder) {
      let mutated = false;
      builder.onLoad({ filter: /\.ts$/ }, (args) => {
        if (args.path !== path) return undefined;
        const parts = readFileSync(path, 'utf8').split(find);
        if (parts.length !== 2)
          throw new Error(`mutation "${name}": its text is ${parts.length - 1} times in ${file}, not once`);
        mutated = true;
        return { contents: parts.join(replace), loader: 'ts' };
      });
      builder.onEnd(() => {
        if (!mutated) throw new Error(`mutation "${name}": ${file} is not part of the program`);
      });
    },
  };
}

type Found = Pick<Verdict, 'caughtBy' | 'how'>;

async function trySeeds(program: string, { seeds, limitMs }: RunOptions): Promise<Found> {
  const { output, timedOut } = await run(process.execPath, [program, '1', `${seeds}`], limitMs);
  if (timedOut) return { caughtBy: 'a seed', how: 'it does not come to an end' };
  const { seed, failure } = JSON.parse(output) as { seed: number; failure?: string };
  return failure === undefined
    ? { caughtBy: undefined, how: `${seeds} seeds passed` }
    : { caughtBy: `seed ${seed}`, how: failure };
}

async function tryScript(program: string, script: string, limitMs: number): Promise<Found> {
  const mocha = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const args = [mocha, '--no-config', '--reporter', 'json', '--timeout', '60000', program];
  const { output, timedOut } = await run(process.execPath, args, limitMs);
  if (timedOut) return { caughtBy: script, how: 'it does not come to an end' };
  const { failures } = JSON.parse(output.slice(output.indexOf('{'))) as { failures: { title: string }[] };
  return failures.length === 0
    ? { caughtBy: undefined, how: `${script} passed` }
    : { caughtBy: script, how: failures[0]!.title };
}

function run(
  command: string,
  args: readonly string[],
  limitMs: number,
): Promise<{ output: string; timedOut: boolean }> {
  return new Promise((done) => {
    let output = '';
    let timedOut = false;
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: ROOT });
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('close', () => {
      clearTimeout(timer);
      done({ output, timedOut });
    });
  });
}
