/**
 * The command of a hostile laboratory, in the client's namespace: round after round it floods front-end and boards
 * with hostile frames while curl downloads, says a megabyte of headers, and looks what all that has left behind.
 * Arguments: rounds, the path to download, its SHA-256. Prints {@link SiegeReport} as JSON.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PacketLink } from '../../../hosts/linux/packet-link.js';
import { controlPath, fetchStatus } from '../../../src/control/client.js';
import { EtherType, etherType } from '../../../src/wire/ethernet.js';
import { HostileFrames } from './hostile-frames.js';

export interface SiegeReport {
  readonly frames: number;
  /** Downloads that were byte-exact, and all of them. */
  readonly exact: number;
  readonly downloads: number;
  /** What was answered to a megabyte of headers. */
  readonly largeHead: string;
  /** After the second round, and after the last one. */
  readonly memory: readonly Memory[];
  readonly counters: Readonly<Record<string, number>>;
  readonly left: {
    readonly connections: number;
    readonly commands: number;
    readonly slots: number;
    readonly buffers: number;
  };
  readonly framesDiscardedByBoards: number;
}

export interface Memory {
  /** V8's heap and what it holds outside, after a forced garbage collection. */
  readonly frontEndLiveBytes: number;
  readonly frontEndRssBytes: number;
  /** Of each board's process. */
  readonly boardRssBytes: readonly number[];
}

const FRAMES_AT_ONCE = 16;
const PAUSE_MS = 4;
const PARALLEL = 3;

const [rounds, path, sha256] = process.argv.slice(2) as [string, string, string];
/** Of both families, where there are two. */
const urls = [process.env['ATCP_URL']!, process.env['ATCP_URL6'] ?? process.env['ATCP_URL']!];
const boards = Number(process.env['ATCP_BOARDS']);
const control = controlPath(undefined, process.env);
const run = promisify(execFile);

const hostile = new HostileFrames(1, boards);
const link = new PacketLink('eth0', { promiscuous: true });
let frames = 0;
let exact = 0;
let downloads = 0;

link.start({
  onFrame(b, at, length) {
    if (etherType(b, at) !== EtherType.atcp || hostile.overheard.length >= 100) return;
    hostile.overheard.push(b.slice(at, at + length));
  },
  onBatchEnd: () => 'rest',
  onLost(error) {
    throw error;
  },
});

async function download(): Promise<void> {
  const url = urls[downloads++ % urls.length]!;
  const { stdout } = await run('curl', ['-gsS', '--fail', '--max-time', '30', `${url}/${path}`], {
    encoding: 'buffer',
    maxBuffer: 64 << 20,
  });
  if (createHash('sha256').update(stdout).digest('hex') === sha256) exact++;
}

async function round(): Promise<void> {
  let done = false;
  const all = Promise.allSettled(Array.from({ length: PARALLEL }, download)).then((results) => {
    for (const result of results)
      if (result.status === 'rejected') process.stderr.write(`${String(result.reason)}\n`);
    done = true;
  });
  const endMs = Date.now() + 1_500;
  while (!done || Date.now() < endMs) {
    for (let i = 0; i < FRAMES_AT_ONCE; i++) {
      const frame = hostile.next();
      if (link.send(frame, 0, frame.length)) frames++;
    }
    link.flush();
    await sleep(PAUSE_MS);
  }
  await all;
  await download();
}

/** What the server answers before it ends the connection. */
function sayLargeHead(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(80, process.env['ATCP_VIP']!);
    let answer = '';
    socket.setTimeout(15_000, () => reject(new Error('the connection was not closed')));
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer.split('\r\n')[0]!));
    socket.write('GET / HTTP/1.1\r\nHost: site\r\n');
    for (let i = 0; i < 1024; i++) socket.write(`X-Header-${i}: ${'v'.repeat(1000)}\r\n`);
  });
}

/** Processes whose command line has a word that ends like this. */
function processes(suffix: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
        // Not `ip netns exec`, which has become the program itself.
        return words.some((word) => word.endsWith(suffix));
      } catch {
        return false;
      }
    });
}

function rssBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]) * 1024;
}

/** See memory-hook.cjs. */
async function measure(): Promise<Memory> {
  const file = process.env['ATCP_TEST_MEMORY']!;
  rmSync(file, { force: true });
  const [frontEnd] = processes('/front-end-main.js');
  process.kill(frontEnd!, 'SIGUSR2');
  for (let i = 0; i < 100; i++) {
    await sleep(50);
    try {
      const { heapUsed, external, rss } = JSON.parse(readFileSync(file, 'utf8')) as NodeJS.MemoryUsage;
      const boardRssBytes = processes('/atcp-xs').map(rssBytes);
      return { frontEndLiveBytes: heapUsed + external, frontEndRssBytes: rss, boardRssBytes };
    } catch {
      // Not written yet.
    }
  }
  throw new Error('the front-end did not say how much memory it has');
}

/** Waits until nothing is under way, and returns what is left if that does not come. */
async function settle(): Promise<SiegeReport['left']> {
  for (let i = 0; ; i++) {
    const status = await fetchStatus(control);
    const { open, handshakes, quarantined } = status.connectionCounts;
    const left = {
      connections: open + handshakes + quarantined,
      commands: status.delegations.outstanding.length + status.delegations.waiting,
      slots: status.boards.reduce((sum, { heartbeat }) => sum + heartbeat.slotsUsed, 0),
      buffers: status.boards.reduce((sum, { heartbeat }) => sum + heartbeat.buffersLent, 0),
    };
    if (i === 40 || Object.values(left).every((value) => value === 0)) return left;
    await sleep(250);
  }
}

const memory: Memory[] = [];
let largeHead = '';
for (let i = 0; i < Number(rounds); i++) {
  await round();
  largeHead = await sayLargeHead();
  await settle();
  // The first rounds compile code, and grow what grows once.
  if (i === 1 || i === Number(rounds) - 1) memory.push(await measure());
}
const left = await settle();
const { counters, boards: boardStatus } = await fetchStatus(control);
const report: SiegeReport = {
  frames,
  exact,
  downloads,
  largeHead,
  memory,
  counters: { ...counters.frontEnd, ...counters.delegation },
  left,
  framesDiscardedByBoards: boardStatus.reduce((sum, { heartbeat }) => sum + heartbeat.framesDiscarded, 0),
};
process.stdout.write(JSON.stringify(report));
link.close();
