/** `atcp start`: the whole system on this machine, checked with curl, shown as a ladder, open to a browser. */
import { Command, InvalidArgumentError } from 'commander';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatLadder, ladderOf } from '../lab/analysis/ladder.js';
import { payloadShare } from '../lab/analysis/payload-share.js';
import { LAB_ADDRESS, type BoardKind } from '../lab/configuration.js';
import { runLab, type LabOptions } from '../lab/lab.js';
import { checkNamespaces } from '../lab/namespaces.js';
import { readPcapng } from '../lab/pcapng/reader.js';
import { NO_FAULTS } from '../lab/switch/faults.js';
import { listenOutside } from '../lab/relay.js';
import { makeSampleSite } from '../lab/sample-site.js';

const LADDER_PATH = '/pictures/plate%201.png';

interface StartFlags {
  once: boolean;
  port: number;
  board: BoardKind;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError('a port from 0 to 65535 is wanted');
  return value;
}

export function startCommand(): Command {
  return new Command('start')
    .description(
      'the whole system on this machine: a board, a sample volume, a check with curl, a page to open',
    )
    .option('--once', 'stop after the check, with its status', false)
    .option('--port <n>', 'port on 127.0.0.1 for the browser, 0 for any', port, 8080)
    .option('--board <kind>', 'what runs the firmware: xs or node', 'xs')
    .action(start);
}

async function start(flags: StartFlags): Promise<void> {
  checkNamespaces();
  const directory = mkdtempSync(join(tmpdir(), 'atcp-start-'));
  try {
    const site = join(directory, 'site');
    const files = makeSampleSite(site);
    writeFileSync(join(directory, 'files.json'), JSON.stringify(files));
    const lab: Omit<LabOptions, 'command'> = {
      boards: [flags.board],
      files: site,
      switch: 'virtual',
      faults: NO_FAULTS,
      faultsOn: 'client',
      seed: 1,
      webMode: 'decoded',
      kills: [],
      verbose: false,
      progress: false,
    };
    process.exitCode = await check(lab, directory);
    if (process.exitCode === 0 && !flags.once) await serve(lab, directory, flags.port);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const compiled = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

async function check(lab: Omit<LabOptions, 'command'>, directory: string): Promise<number> {
  const pcap = join(directory, 'start.pcapng');
  process.stdout.write('Self-check: curl fetches every file of the sample from one board.\n\n');
  const status = await runLab({
    ...lab,
    pcap,
    command: [process.execPath, compiled('../lab/self-check.js'), join(directory, 'files.json')],
  });
  const frames = [...readPcapng(pcap)];
  const rungs = ladderOf(frames, LAB_ADDRESS.vip, LADDER_PATH);
  process.stdout.write(
    `\nOne request as it was on the wire, with the numbers of Fig. 2:\n\n${formatLadder(rungs)}\n\n`,
  );
  const share = payloadShare(frames, [LAB_ADDRESS.vip, LAB_ADDRESS.vip6]);
  const bodyBytes = share.boardBodyBytes + share.frontEndBodyBytes;
  const percent = bodyBytes === 0 ? 0 : (100 * share.frontEndBodyBytes) / bodyBytes;
  process.stdout.write(
    `Bodies: ${share.boardBodyBytes.toLocaleString('en')} bytes sent by the board, ` +
      `${share.frontEndBodyBytes.toLocaleString('en')} by the front-end (${percent.toFixed(4)} %: the 404 page); ` +
      `HTTP heads from the front-end: ${share.headBytes.toLocaleString('en')} bytes.\n`,
  );
  const passed = status === 0 && rungs.length > 0 && share.boardBodyBytes > 0;
  process.stdout.write(passed ? '\nSelf-check passed.\n' : '\nSelf-check FAILED.\n');
  return passed ? 0 : status || 1;
}

async function serve(lab: Omit<LabOptions, 'command'>, directory: string, wanted: number): Promise<void> {
  const socket = join(directory, 'relay.sock');
  let outside;
  try {
    outside = await listenOutside(wanted, socket);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    outside = await listenOutside(0, socket);
  }
  const { port: chosen } = outside.address() as AddressInfo;
  process.stdout.write(`\nOpen  http://127.0.0.1:${chosen}/  in a browser; Ctrl-C ends it.\n`);
  await runLab({ ...lab, command: [process.execPath, compiled('../lab/relay-main.js'), socket] });
  outside.close();
}
