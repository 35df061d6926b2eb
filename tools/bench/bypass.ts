/**
 * `bypass`: bytes in and out of the front-end for each byte that clients get, of a large file in single frames. The
 * client is the kernel's TCP; what the front-end sends and gets is counted in a capture of the switch, frame by
 * frame, each as long as it is on a wire. The board's link runs at 100 Mbit/s, as a real board's; `detail` has
 * an unlimited one as well. The client's kernel gathers ACKs when it is busy: `withAnAckEverySecondSegment` is what the
 * same exchange costs when it does not.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMac } from '../../src/front-end/index.js';
import { LAB_ADDRESS } from '../../src/lab/configuration.js';
import { readPcapng } from '../../src/lab/pcapng/reader.js';
import { content, inFolder, lab } from './lab/laboratory.js';
import {
  CLIENT_ACKS,
  MIN_FRAME_BYTES,
  frontEndTraffic,
  type FrontEndTraffic,
  type Share,
} from './lab/traffic.js';
import { result, type BenchResult } from './result.js';

const MARK = 0.08;
const FILE_BYTES = 32 << 20;
const RUNS = 5;
const RATE_MBIT = 100;

const rounded = (value: number): number => Number(value.toFixed(5));
const fraction = ({ bytes }: { bytes: number }): number => rounded(bytes / FILE_BYTES);

export async function run(log: (line: string) => void): Promise<BenchResult> {
  const { shaped, free } = await inFolder(async (folder) => {
    mkdirSync(join(folder, 'site'));
    writeFileSync(join(folder, 'site', 'large.bin'), content(FILE_BYTES, 1));
    return {
      shaped: await downloads(folder, ['--rate', `${RATE_MBIT}`], log),
      free: await downloads(folder, [], log),
    };
  });
  const median = middle(shaped);
  log(table(median.shares));
  return result('bypass', fraction(median), 'fraction', 'lower', MARK, {
    fileBytes: FILE_BYTES,
    boardMbit: RATE_MBIT,
    ...summary(shaped),
    unlimitedLink: summary(free),
  });
}

function middle(runs: readonly FrontEndTraffic[]): FrontEndTraffic {
  return [...runs].sort((a, b) => a.bytes - b.bytes)[(RUNS - 1) / 2]!;
}

function summary(runs: readonly FrontEndTraffic[]): Record<string, unknown> {
  const { shares, boardSegments, boardPayloadBytes } = middle(runs);
  return {
    runs: runs.map(fraction),
    segmentBytes: rounded(boardPayloadBytes / boardSegments),
    segmentsPerClientAck: rounded(boardSegments / (shares[CLIENT_ACKS]?.frames ?? 1)),
    withAnAckEverySecondSegment: rounded(everySecond(middle(runs)) / FILE_BYTES),
    parts: Object.fromEntries(
      Object.entries(shares).map(([name, share]) => [name, { ...share, fraction: fraction(share) }]),
    ),
  };
}

/** What it were, did the client's kernel not gather its ACKs: the most that a client makes of it without a loss. */
function everySecond({ bytes, shares, boardSegments }: FrontEndTraffic): number {
  const counted = shares[CLIENT_ACKS]?.bytes ?? 0;
  return bytes - counted + (boardSegments / 2) * MIN_FRAME_BYTES;
}

async function downloads(
  folder: string,
  options: readonly string[],
  log: (line: string) => void,
): Promise<FrontEndTraffic[]> {
  const pcap = join(folder, 'lab.pcapng');
  const url = `http://${LAB_ADDRESS.vip}/large.bin`;
  const client = ['curl', '-sS', '--fail', '-o', '/dev/null', '-w', '%{size_download}', url];
  const runs: FrontEndTraffic[] = [];
  while (runs.length < RUNS) {
    const site = ['--board', 'node', '--files', join(folder, 'site'), '--pcap', pcap];
    const got = await lab([...site, ...options], client);
    if (Number(got) !== FILE_BYTES) throw new Error(`curl got ${got} bytes of ${FILE_BYTES}`);
    const traffic = frontEndTraffic(readPcapng(pcap), parseMac(LAB_ADDRESS.vipMac));
    rmSync(pcap);
    runs.push(traffic);
    log(`run ${runs.length} ${options.join(' ')}: ${fraction(traffic)}`);
  }
  return runs;
}

function table(shares: Readonly<Record<string, Share>>): string {
  const rows = Object.entries(shares).map(([name, share]) => {
    const { frames, bytes } = share;
    return `  ${name.padEnd(22)}${`${frames}`.padStart(8)} frames${`${bytes}`.padStart(10)} bytes   ${fraction(share)}`;
  });
  return rows.join('\n');
}
