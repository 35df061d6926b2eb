/**
 * The inside of {@link peerLab}: the laboratory's network with the kernel's TCP and nginx where the front-end would
 * be, and the command in the client's namespace. Argument: a file with a {@link PeerConfiguration}.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LAB_ADDRESS } from '../../../src/lab/configuration.js';
import { makeNetwork, switchProcesses } from '../../../src/lab/network.js';
import { LabProcess } from '../../../src/lab/processes.js';
import type { PeerConfiguration } from './peer.js';

const NGINX_TIMEOUT_MS = 10_000;
const SWITCH = fileURLToPath(new URL('../../../src/lab/switch/main.js', import.meta.url));
const { vip, prefixBits, webPort } = LAB_ADDRESS;

function nginxConfiguration({ directory, files }: PeerConfiguration): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(directory, name)};`,
  );
  return `
daemon off; master_process off; pid ${join(directory, 'nginx.pid')}; error_log stderr;
events { worker_connections 256; }
http {
  access_log off; sendfile on; ${temporary.join(' ')}
  server { listen ${vip}:${webPort}; root ${files}; }
}
`;
}

/** The route names the congestion control: new namespaces may have another default. */
function giveAddress(): void {
  const ip = (...args: string[]): void => void execFileSync('ip', ['-n', 'front-end', ...args]);
  ip('address', 'add', `${vip}/${prefixBits}`, 'dev', 'eth0', 'noprefixroute');
  const network = `${vip.replace(/\d+$/, '0')}/${prefixBits}`;
  ip('route', 'add', network, 'dev', 'eth0', 'src', vip, 'congctl', 'cubic');
}

async function startNginx(configuration: PeerConfiguration): Promise<ChildProcess> {
  const file = join(configuration.directory, 'nginx.conf');
  writeFileSync(file, nginxConfiguration(configuration));
  const inside = ['netns', 'exec', 'front-end'];
  const nginx = spawn('ip', [...inside, 'nginx', '-c', file, '-p', configuration.directory], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const endMs = Date.now() + NGINX_TIMEOUT_MS;
  const probe = ['curl', '-s', '-o', '/dev/null', `http://${vip}:${webPort}/`];
  while (spawnSync('ip', [...inside, ...probe]).status !== 0) {
    if (nginx.exitCode !== null || Date.now() > endMs) throw new Error('nginx does not answer');
    await sleep(50);
  }
  return nginx;
}

async function main(): Promise<number> {
  const configuration = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as PeerConfiguration;
  makeNetwork(configuration.lab);
  giveAddress();
  const switches = switchProcesses(configuration.lab).map(
    ({ name, configuration: switching }) =>
      new LabProcess(name, process.execPath, [SWITCH, JSON.stringify(switching)], false),
  );
  await Promise.all(switches.map(({ ready }) => ready));
  const nginx = await startNginx(configuration);
  const [program, ...args] = configuration.lab.command;
  const client = spawnSync('ip', ['netns', 'exec', 'client', program!, ...args], { stdio: 'inherit' });
  nginx.kill();
  for (const each of switches) await each.stop();
  return client.status ?? 1;
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
