/** Runs modules of the device project on the XS executable, for tests. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { xsCommand } from '../../../hosts/virtual-board/launch.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface Run {
  readonly status: number | null;
  readonly lines: readonly string[];
  readonly errors: string;
}

type Project = 'tsconfig.device.json' | 'tsconfig.node.json';

const upToDate = new Set<Project>();

/**
 * Brings dist/ up to date, once a test run. Type errors are the business of the type check; what counts here is the
 * JavaScript.
 */
export function compileProject(project: Project, needed: string): void {
  if (upToDate.has(project)) return;
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-b', project], { cwd: ROOT, encoding: 'utf8' });
  if (!existsSync(join(ROOT, 'dist', needed)))
    throw new Error(`tsc -b ${project} left no dist/${needed}\n${stdout}`);
  upToDate.add(project);
  upToDate.add('tsconfig.device.json'); // The node project refers to it.
}

/** Runs a compiled module to its end; `reference` keeps the byte loops in TypeScript. */
export async function runOnXs(module: string, args: readonly string[] = [], reference = false): Promise<Run> {
  return run([...(await xsCommand(module, undefined, !reference)), ...args]);
}

export function run(command: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.once('error', reject);
    child.once('close', (status) =>
      resolve({ status, lines: output.split('\n').filter((line) => line !== ''), errors }),
    );
  });
}
