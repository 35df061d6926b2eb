/** The outside of a laboratory: cards are made, the sandbox is started, its status is handed on. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { makeVolume } from '../volume/tool/make.js';
import type { BoardKill, BoardKind, LabConfiguration, SwitchKind, WebMode } from './configuration.js';
import type { Faults, FaultsOn } from './switch/faults.js';
import { checkNamespaces, spawnInNamespaces } from './namespaces.js';

export interface LabOptions {
  /** One kind a board. */
  readonly boards: readonly BoardKind[];
  /** What the boards hold; an empty volume when left out. */
  readonly files?: string | undefined;
  readonly switch: SwitchKind;
  readonly faults: Faults;
  readonly faultsOn: FaultsOn;
  readonly rateMbit?: number | undefined;
  readonly seed: number;
  readonly pcap?: string | undefined;
  readonly webMode: WebMode;
  readonly timestamps?: boolean | undefined;
  readonly kills: readonly BoardKill[];
  readonly verbose: boolean;
  readonly progress: boolean;
  readonly command: readonly string[];
}

/** Runs the command in a laboratory; resolves with its exit status. Everything made for it is gone afterwards. */
export async function runLab(options: LabOptions): Promise<number> {
  checkNamespaces();
  const directory = mkdtempSync(join(tmpdir(), 'atcp-lab-'));
  try {
    const configurationFile = join(directory, 'lab.json');
    writeFileSync(configurationFile, JSON.stringify(await prepare(options, directory)), { mode: 0o600 });
    return await runSandbox(configurationFile);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function prepare(options: LabOptions, directory: string): Promise<LabConfiguration> {
  const image = join(directory, 'card.img');
  await makeVolume({ image, from: options.files, progress: options.progress });
  return {
    directory,
    boards: options.boards.map((kind, index) => ({ id: index + 1, kind, image })),
    secret: randomBytes(16).toString('hex'),
    switch: options.switch,
    faults: options.faults,
    faultsOn: options.faultsOn,
    rateMbit: options.rateMbit,
    seed: options.seed,
    pcap: options.pcap === undefined ? undefined : resolve(options.pcap),
    webMode: options.webMode,
    timestamps: options.timestamps === true,
    kills: options.kills,
    verbose: options.verbose,
    command: options.command,
  };
}

function runSandbox(configurationFile: string): Promise<number> {
  const sandbox = fileURLToPath(new URL('./sandbox.js', import.meta.url));
  const child = spawnInNamespaces(
    process.execPath,
    [sandbox, configurationFile],
    ['inherit', 'inherit', 'inherit', 'pipe'],
    process.env,
  );
  // unshare itself ignores signals: the pipe tells the inside which one came.
  const forward = (signal: NodeJS.Signals): void => void (child.stdio[3] as Writable).write(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, forward);
  return new Promise<number>((resolvePromise, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolvePromise(code ?? 128 + constants.signals[signal!]));
  }).finally(() => {
    for (const signal of signals) process.off(signal, forward);
  });
}
