/**
 * `timestamps`: what TCP timestamps (RFC 7323) cost and bring, as goodput with them ÷ goodput without, a board's link
 * at 20 Mbit/s, the kernel's TCP as the client. `detail` has the same for a bad network, with the front-end's
 * counters of recoveries and what the client's kernel rejected by PAWS, and the share of the front-end's own bytes.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STATUS_PATH, type Status } from '../../src/control/protocol.js';
import { parseMac } from '../../src/front-end/index.js';
import { LAB_ADDRESS } from '../../src/lab/configuration.js';
import { readPcapng } from '../../src/lab/pcapng/reader.js';
import { content, inFolder, lab } from './lab/laboratory.js';
import { frontEndTraffic } from './lab/traffic.js';
import { result, type BenchResult } from './result.js';

/** Where it is reached, timestamps should be agreed to by default. */
const MARK = 1;
const SHAPED_BYTES = 8 << 20;
const BAD_BYTES = 2 << 20;
const RUNS = 3;
const SEEDS = 6;
const SHAPED = ['--rate', '20'];
const BAD = ['--loss', '0.02', '--reorder', '0.05', '--duplicate', '0.01', '--delay', '10'];
const COUNTERS = [
  'fastRecoveries',
  'recoveriesUndone',
  'retransmissionTimeouts',
  'retransmittedBytes',
] as const;

interface Measured {
  readonly bytesPerS: number;
  /** Payload of a segment on average, and bytes of the front-end for each byte of the client's. */
  readonly segmentBytes: number;
  readonly frontEndFraction: number;
  readonly counters: Readonly<Record<(typeof COUNTERS)[number], number>>;
  /** Segments that the client dropped because their TSval was old (PAWSEstab of Linux). */
  readonly pawsDrops: number;
}

export async function run(log: (line: string) => void): Promise<BenchResult> {
  const all = {
    with: { shaped: [] as Measured[], bad: [] as Measured[] },
    without: { shaped: [] as Measured[], bad: [] as Measured[] },
  };
  await inFolder(async (folder) => {
    mkdirSync(join(folder, 'site'));
    writeFileSync(join(folder, 'site', 'shaped.bin'), content(SHAPED_BYTES, 1));
    writeFileSync(join(folder, 'site', 'bad.bin'), content(BAD_BYTES, 1));
    for (const kind of ['shaped', 'bad'] as const)
      for (let i = 1; i <= (kind === 'bad' ? SEEDS : RUNS); i++)
        for (const which of ['with', 'without'] as const) {
          const network = kind === 'bad' ? [...BAD, '--seed', `${i}`] : SHAPED;
          const measured = await download(
            folder,
            kind,
            which === 'with' ? [...network, '--timestamps'] : network,
          );
          all[which][kind].push(measured);
          log(`${kind} ${i}, ${which}: ${(measured.bytesPerS / 1e6).toFixed(3)} MB/s`);
        }
  });
  const value = mean(all.with.shaped, 'bytesPerS') / mean(all.without.shaped, 'bytesPerS');
  return result('timestamps', Number(value.toFixed(4)), 'of the goodput without', 'higher', MARK, {
    fileBytes: { shaped: SHAPED_BYTES, bad: BAD_BYTES },
    badNetwork: BAD.join(' '),
    badNetworkRatio: Number(
      (mean(all.with.bad, 'bytesPerS') / mean(all.without.bad, 'bytesPerS')).toFixed(4),
    ),
    ...all,
  });
}

function mean(runs: readonly Measured[], of: 'bytesPerS'): number {
  return runs.reduce((sum, measured) => sum + measured[of], 0) / runs.length;
}

async function download(
  folder: string,
  kind: 'shaped' | 'bad',
  options: readonly string[],
): Promise<Measured> {
  const pcap = join(folder, 'lab.pcapng');
  const curl = `curl -sS --fail -o /dev/null -w '%{size_download} %{time_total}\\n' http://${LAB_ADDRESS.vip}/${kind}.bin`;
  const status = `curl -sS --unix-socket "$ATCP_CONTROL" http://control${STATUS_PATH}`;
  const site = ['--board', 'node', '--files', join(folder, 'site'), '--pcap', pcap];
  const command = `${curl} && ${status} && echo && grep TcpExt /proc/net/netstat`;
  const [times, json, names, values] = (await lab([...site, ...options], ['sh', '-c', command])).split('\n');
  const [bytes, seconds] = times!.split(' ').map(Number);
  const fileBytes = kind === 'bad' ? BAD_BYTES : SHAPED_BYTES;
  if (bytes !== fileBytes) throw new Error(`curl got ${bytes} bytes of ${fileBytes}`);
  const traffic = frontEndTraffic(readPcapng(pcap), parseMac(LAB_ADDRESS.vipMac));
  rmSync(pcap);
  const counted = (JSON.parse(json!) as Status).counters.frontEnd;
  return {
    bytesPerS: Math.round(fileBytes / seconds!),
    segmentBytes: Math.round(traffic.boardPayloadBytes / traffic.boardSegments),
    frontEndFraction: Number((traffic.bytes / fileBytes).toFixed(4)),
    counters: Object.fromEntries(COUNTERS.map((name) => [name, counted[name]])) as Measured['counters'],
    pawsDrops: Number(values!.split(' ')[names!.split(' ').indexOf('PAWSEstab')]),
  };
}
