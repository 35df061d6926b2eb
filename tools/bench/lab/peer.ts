/** A peer to compare with: nginx over the kernel's CUBIC, behind the very switch that a laboratory has. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LabConfiguration } from '../../../src/lab/configuration.js';
import { spawnInNamespaces } from '../../../src/lab/namespaces.js';
import type { Faults } from '../../../src/lab/switch/faults.js';

export interface PeerConfiguration {
  readonly directory: string;
  /** What nginx serves. */
  readonly files: string;
  readonly lab: LabConfiguration;
}

/** "1.22.1"; throws with the cure when there is none. */
export function nginxVersion(): string {
  const said = spawnSync('nginx', ['-v'], { encoding: 'utf8' });
  const version = /nginx\/([\d.]+)/.exec(said.stderr ?? '')?.[1];
  if (version === undefined)
    throw new Error('this benchmark compares with nginx: install it (Debian: apt-get install nginx-light)');
  return version;
}

/** Runs `command` as the client of nginx; resolves with its standard output. Throws when it failed. */
export async function peerLab(
  files: string,
  faults: Faults,
  seed: number,
  command: readonly string[],
): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'atcp-peer-'));
  try {
    const lab: LabConfiguration = {
      directory,
      boards: [],
      secret: '',
      switch: 'virtual',
      faults,
      faultsOn: 'client',
      rateMbit: undefined,
      seed,
      pcap: undefined,
      webMode: 'decoded',
      timestamps: false,
      kills: [],
      verbose: false,
      command,
    };
    const configurationFile = join(directory, 'peer.json');
    writeFileSync(configurationFile, JSON.stringify({ directory, files, lab } satisfies PeerConfiguration));
    return await runInside(configurationFile);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The compiled program: what runs in namespaces starts no compiler. */
function runInside(configurationFile: string): Promise<string> {
  const main = fileURLToPath(new URL('../../../dist/tools/bench/lab/peer-main.js', import.meta.url));
  const child = spawnInNamespaces(
    process.execPath,
    [main, configurationFile],
    ['ignore', 'pipe', 'pipe'],
    process.env,
  );
  let output = '';
  let complaints = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => void (output += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => void (complaints += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      if (status === 0) resolve(output);
      else reject(new Error(`the laboratory of nginx ended with status ${status}: ${complaints}`));
    });
  });
}
