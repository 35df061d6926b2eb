/**
 * The command of the laboratory that `bench flood` makes: downloads without end, attacks every other turn, and
 * prints {@link FloodReport} as JSON. Arguments: the path to download, pairs of turns, milliseconds of a turn.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { PacketLink } from '../../../hosts/linux/packet-link.js';
import { controlPath, fetchStatus } from '../../../src/control/client.js';
import { AttackFrames } from './attack-frames.js';

export interface FloodReport {
  /** Bytes of payload a second. */
  readonly turns: readonly { readonly quiet: number; readonly flooded: number }[];
  /** Frames a second that the attacker got rid of, of each kind together. */
  readonly attackFramesPerS: number;
  readonly synsPerS: number;
  /** Of the front-end's process, resident, in bytes: after the first turns in peace, and the highest since. */
  readonly memory: { readonly before: number; readonly highest: number };
  /** Downloads on new connections that were begun and completed during attacks, and how long their heads took. */
  readonly newConnections: { readonly opened: number; readonly slowestMs: number };
  readonly failed: number;
  readonly counters: Readonly<Record<string, number>>;
}

const [path, turnCount, turnMs] = [process.argv[2]!, Number(process.argv[3]), Number(process.argv[4])];
const SYNS_PER_S = 20_000;
/** Frames of a scan and random segments, a second each. */
const OTHERS_PER_S = 2_000;
const CONNECTIONS = 2;
const TICK_MS = 1;

const url = `${process.env['ATCP_URL']!}/${path}`;
const control = controlPath(undefined, process.env);
const agent = new Agent({ keepAlive: true });
let received = 0;
let failed = 0;
let ending = false;
let attacking = false;
let attackMs = 0;
let syns = 0;
let sent = 0;

/** Resolves with the milliseconds to the head. */
function download(over: Agent | undefined, whole: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const request = get(url, over === undefined ? { agent: false } : { agent: over }, (response) => {
      const headMs = performance.now() - begun;
      response.on('data', (chunk: Buffer) => (received += chunk.length));
      response.on('end', () => resolve(headMs));
      response.on('error', reject);
      if (whole) return;
      response.removeAllListeners('error');
      response.on('error', () => undefined);
      request.destroy();
      resolve(headMs);
    });
    request.on('error', reject);
  });
}

async function downloadForever(): Promise<void> {
  while (!ending)
    await download(agent, true).catch(() => {
      if (!ending) failed++;
    });
}

let opened = 0;
let slowestMs = 0;
async function openForever(): Promise<void> {
  while (!ending) {
    await sleep(100);
    if (!attacking) continue;
    try {
      slowestMs = Math.max(slowestMs, await download(undefined, false));
      opened++;
    } catch {
      if (!ending) failed++;
    }
  }
}

const link = new PacketLink('eth0');
link.start({
  onFrame: () => undefined,
  onBatchEnd: () => 'rest',
  onLost: (error) => {
    throw error;
  },
});
const frames = new AttackFrames();

/** Sends what is due by the clock, so that a late timer is made up for. */
async function attack(ms: number): Promise<void> {
  const begun = performance.now();
  attacking = true;
  let dueSyns = 0;
  let dueOthers = 0;
  for (let now = begun; now < begun + ms; now = performance.now()) {
    const elapsed = (now - begun) / 1000;
    for (; dueSyns < elapsed * SYNS_PER_S; dueSyns++) {
      const frame = frames.syn();
      if (!link.send(frame, 0, frame.length)) link.flush();
      else syns++;
    }
    for (; dueOthers < elapsed * OTHERS_PER_S; dueOthers++)
      for (const frame of [frames.scan(), frames.randomSegment()])
        if (link.send(frame, 0, frame.length)) sent++;
    link.flush();
    await sleep(TICK_MS);
  }
  attacking = false;
  attackMs += performance.now() - begun;
}

async function measure(during: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  const before = received;
  await during();
  return (received - before) / ((performance.now() - begun) / 1000);
}

function frontEndPid(): number {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'latin1').split('\0');
      if (words.some((word) => word.endsWith('/front-end-main.js'))) return Number(name);
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error('no front-end runs here: this is for the command of a laboratory');
}

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]) * 1024;
}

const pid = frontEndPid();
for (let i = 0; i < CONNECTIONS; i++) void downloadForever();
void openForever();
// Until code is compiled and windows are open.
await sleep(turnMs);
let before = 0;
let highest = 0;
const watch = setInterval(() => (highest = Math.max(highest, residentBytes(pid))), 100);
const turns: { quiet: number; flooded: number }[] = [];
for (let i = 0; i < turnCount; i++) {
  const quiet = await measure(() => sleep(turnMs));
  if (i === 0) before = highest = residentBytes(pid);
  turns.push({ quiet, flooded: await measure(() => attack(turnMs)) });
}
clearInterval(watch);
ending = true;
const { counters } = await fetchStatus(control);
const report: FloodReport = {
  turns,
  attackFramesPerS: Math.round((1000 * (syns + sent)) / attackMs),
  synsPerS: Math.round((1000 * syns) / attackMs),
  memory: { before, highest },
  newConnections: { opened, slowestMs: Math.round(slowestMs) },
  failed,
  counters: { ...counters.frontEnd },
};
process.stdout.write(JSON.stringify(report));
link.close();
process.exit(0);
