/** Runs a scenario of a test in network, mount and process namespaces of its own, which end with it. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { checkNamespaces, spawnInNamespaces } from '../../../src/lab/namespaces.js';

const TIMEOUT_MS = 60_000;

export type Scenarios = Record<string, () => Promise<void> | void>;

/**
 * Runs the scenario `name` of the module `worker` (a URL), which calls {@link runScenario}. Rejects with what it
 * printed when it fails, or when namespaces can't be made here.
 */
export async function inNamespace(
  worker: URL,
  name: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<void> {
  checkNamespaces();
  const args = ['--import=tsx', fileURLToPath(worker), name];
  const env = { ...process.env, ...environment };
  const child = spawnInNamespaces(process.execPath, args, ['ignore', 'pipe', 'pipe'], env);
  let said = '';
  child.stdout!.on('data', (data: Buffer) => (said += data.toString()));
  child.stderr!.on('data', (data: Buffer) => (said += data.toString()));
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  const status = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? String(code)));
  });
  clearTimeout(timer);
  if (status !== '0') throw new Error(`The scenario "${name}" ended with ${status}:\n${said}`);
}

/** In the worker: runs the scenario that the command line names. The process then has to end by itself. */
export async function runScenario(scenarios: Scenarios): Promise<void> {
  await scenarios[process.argv[2]!]!();
}

export function ip(line: string): void {
  execFileSync('ip', line.split(' '));
}

/** A pair of Ethernet interfaces connected to each other, on which the kernel says nothing by itself. */
export function makeVeth(a: string, b: string): void {
  ip(`link add ${a} type veth peer name ${b}`);
  for (const name of [a, b]) {
    ip(`link set ${name} addrgenmode none`);
    ip(`link set ${name} up`);
  }
}
