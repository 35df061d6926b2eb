/**
 * Starts a virtual board as a process of its own. The compiled firmware under dist/ runs, on the XS executable or
 * on Node; frames go to and come from UDP ports of 127.0.0.1 in the format of QEMU's `-netdev dgram`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type VirtualBoardKind = 'xs' | 'node';

export interface VirtualBoardOptions {
  readonly kind: VirtualBoardKind;
  /** 1 … 2^32 - 1. */
  readonly id: number;
  /** 16 bytes in hexadecimal. */
  readonly key: string;
  /** As in 02:00:00:00:00:01. */
  readonly mac: string;
  /** Path of the card image. */
  readonly image: string;
  readonly localPort: number;
  readonly remotePort: number;
  /** Addresses that the board may send from: `10.77.0.10`, `10.77.0.10:80`, `[fd77::10]:80`. */
  readonly sources: readonly string[];
  readonly etherType?: number;
  /** Name of the network namespace to run in (`ip netns`). */
  readonly netns?: string;
  /** The board ends when its standard input ends, which the end of whoever holds the other end brings about. */
  readonly withParent?: boolean;
  /** Path of the XS executable; by default the one that hosts/xs/build.mjs makes. */
  readonly xsExecutable?: string;
}

export interface RunningVirtualBoard {
  readonly process: ChildProcess;
  /** Fulfilled when the board serves; rejected with its last words when it ends before. */
  readonly ready: Promise<void>;
  /** Ends the board, by force after two seconds; returns its exit status, or null after a signal. */
  stop(): Promise<number | null>;
}

const PATIENCE_MS = 2000;
const LAST_WORDS_BYTES = 4096;

/** On XS the byte loops are C. */
const SUBSTITUTION = 'src/wire/byte-loops.js=hosts/xs/device/byte-loops.js';

/**
 * Starts the process, which ends with this one at the latest. `onLine` receives each line that the board prints,
 * `ready` included. Throws when the project is not built.
 */
export async function startVirtualBoard(
  options: VirtualBoardOptions,
  onLine: (line: string) => void = () => {},
): Promise<RunningVirtualBoard> {
  const command = await virtualBoardCommand({ ...options, withParent: true });
  const child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (status) => resolve(status));
    child.once('error', () => resolve(null));
  });
  return { process: child, ready: readiness(child, options.id, onLine), stop: () => stop(child, ended) };
}

/**
 * The command line of a board's process, for those who start it themselves. It prints a line `ready` when it serves
 * and ends with status 0 on SIGTERM. The XS engine is built when it is not there.
 */
export async function virtualBoardCommand(options: VirtualBoardOptions): Promise<string[]> {
  return [...namespacePrefix(options), ...(await boardProgram(options)), ...boardArguments(options)];
}

/** The command that runs a module of the device project on XS, without its own arguments. */
export async function xsCommand(module: string, executable?: string, substitute = true): Promise<string[]> {
  const dist = compiledModule(module);
  const engine = executable ?? (await buildEngine());
  return [engine, '--root', dist, ...(substitute ? ['--substitute', SUBSTITUTION] : []), module];
}

async function boardProgram(options: VirtualBoardOptions): Promise<string[]> {
  if (options.kind === 'xs') return xsCommand('hosts/virtual-board/device/xs-main.js', options.xsExecutable);
  const module = 'hosts/virtual-board/node-main.js';
  return [process.execPath, '--enable-source-maps', join(compiledModule(module), module)];
}

function boardArguments(options: VirtualBoardOptions): string[] {
  const named: Record<string, string | number | undefined> = {
    '--id': options.id,
    '--key': options.key,
    '--mac': options.mac,
    '--image': options.image,
    '--local-port': options.localPort,
    '--remote-port': options.remotePort,
    '--ether-type': options.etherType,
    '--with-parent': options.withParent === true ? 'yes' : undefined,
  };
  const args = options.sources.flatMap((source) => ['--source', source]);
  for (const [name, value] of Object.entries(named)) if (value !== undefined) args.push(name, `${value}`);
  return args;
}

function namespacePrefix(options: VirtualBoardOptions): string[] {
  return options.netns === undefined ? [] : ['ip', 'netns', 'exec', options.netns];
}

/** The folder of compiled files, when it has that module. */
function compiledModule(module: string): string {
  const dist = join(projectRoot(), 'dist');
  if (!existsSync(join(dist, module))) {
    throw new Error(`dist/${module} is missing: the project is not built; run "npm run build"`);
  }
  return dist;
}

/** This file runs from its source folder or from dist/; the project is where package.json is. */
function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

async function buildEngine(): Promise<string> {
  const build = join(projectRoot(), 'hosts', 'xs', 'build.mjs');
  const { buildXs } = (await import(build)) as { buildXs: () => Promise<string> };
  return buildXs();
}

function readiness(child: ChildProcess, id: number, onLine: (line: string) => void): Promise<void> {
  const ready = new Promise<void>((resolve, reject) => {
    let lastWords = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-LAST_WORDS_BYTES);
    });
    createInterface({ input: child.stdout! }).on('line', (line) => {
      onLine(line);
      if (line === 'ready') resolve();
    });
    child.once('error', reject);
    child.once('close', (status, signal) => {
      if (status !== 0 && lastWords) onLine(lastWords.trim());
      reject(new Error(`virtual board ${id} ended (${signal ?? status}) before it was ready\n${lastWords}`));
    });
  });
  ready.catch(() => {}); // Whoever waits for it gets the error; who doesn't is not ended by it.
  return ready;
}

async function stop(child: ChildProcess, ended: Promise<number | null>): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  const status = await ended;
  clearTimeout(force);
  return status;
}
