/** Runs the program of device/board-main.ts on the emulated board under `-icount`, and reads what it prints. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFirmware, cardArguments, machineCommand, paddedCopy } from '../../hosts/qemu/launch.js';
import { Workload } from './device/workload.js';
import { makeVolume } from '../../src/volume/tool/make.js';

/** 2^3 ns an instruction: the clock of the firmware runs as on a processor of 125 MIPS. */
const ICOUNT_SHIFT = 3;
const PATIENCE_MS = 120_000;
const FILE_BYTES = 8_000_000;
const SMALL_FILE_BYTES = 10_000;
const WARM_UP_SEGMENTS = 200;

export interface BoardRunOptions {
  readonly delegations: number;
  /** To be measured; commands, unless files are read. */
  readonly segments: number;
  readonly nic?: 'gem' | 'w5500';
  /** Reading when left out. */
  readonly workload?: Workload;
  /** Segments, or commands, before the measured ones. */
  readonly warmUp?: number;
  /** Samples are so many instructions apart; none when left out. */
  readonly profileUs?: number;
}

/** A sample of the profile: identifiers of class and function, and the program counter. */
export interface Sample {
  readonly owner: number;
  readonly name: number;
  readonly pc: number;
}

export interface BoardRun {
  readonly firmware: string;
  readonly segments: number;
  readonly instructionsPerSegment: number;
  /** Figures of the firmware's `result` lines. */
  readonly results: Readonly<Record<string, number>>;
  /** RAM when the board had been made, before anything of the bench. */
  readonly memoryAtBoot: Readonly<Record<string, number>>;
  /** RAM at the end, the bench's own front-end included. */
  readonly memoryAtEnd: Readonly<Record<string, number>>;
  readonly samples: readonly Sample[];
}

export async function runBoard(options: BoardRunOptions): Promise<BoardRun> {
  const firmware = await buildFirmware('tools/bench/device/board-main.js');
  const folder = mkdtempSync(join(tmpdir(), 'atcp-bench-'));
  try {
    const card = await makeCard(folder);
    const nic = options.nic === 'w5500' ? 1 : 0;
    const numbers = [
      ...[options.delegations, options.warmUp ?? WARM_UP_SEGMENTS, options.segments],
      ...[options.profileUs ?? 0, nic, options.workload ?? Workload.read],
    ];
    const command = [
      ...machineCommand(firmware, numbers.join('_')),
      ...cardArguments(card),
      // A crash restarts the board, which ends QEMU then.
      ...['-icount', `shift=${ICOUNT_SHIFT},sleep=off`, '-net', 'none', '-no-reboot'],
    ];
    return read(firmware, await runLines(command, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeCard(folder: string): Promise<string> {
  const content = join(folder, 'content');
  mkdirSync(content);
  writeFileSync(join(content, 'file'), Buffer.alloc(FILE_BYTES, 0x5a));
  writeFileSync(join(content, 'small'), Buffer.alloc(SMALL_FILE_BYTES, 0xa5));
  const image = join(folder, 'card.img');
  await makeVolume({ image, from: content });
  return paddedCopy(image);
}

/**
 * The lines of the UART; rejects when the firmware crashes or does not end. They go to a file: QEMU loses what a pipe
 * does not take at once.
 */
function runLines(command: readonly string[], folder: string): Promise<string[]> {
  const file = join(folder, 'uart');
  const uart = openSync(file, 'w');
  return new Promise((resolve, reject) => {
    const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', uart, 'pipe'] });
    let error = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (error += text));
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(timer);
      closeSync(uart);
      const lines = readFileSync(file, 'utf8').split('\n');
      if (status === 0 && lines.includes('end')) return resolve(lines);
      const last = lines.slice(-20).join('\n');
      reject(new Error(`the emulated board ended with ${status}:\n${last}\n${error}`));
    });
  });
}

function read(firmware: string, lines: readonly string[]): BoardRun {
  const results: Record<string, number> = {};
  const memory: Record<string, number>[] = [];
  const samples: Sample[] = [];
  let overhead = 0;
  for (const line of lines) {
    const [kind, a, b, c] = line.split(' ');
    if (kind === 'result') results[a!] = Number(b);
    else if (kind === 'calibration') overhead = Number(a);
    else if (kind === 'sample') samples.push({ owner: Number(a), name: Number(b), pc: parseInt(c!, 16) });
    else if (kind === 'memory') {
      if (a === 'slots') memory.push({});
      memory.at(-1)![a!] = Number(b);
    }
  }
  const segments = results['segments']!;
  // Reading the counter costs instructions itself, once a step.
  const counted = results['instructions']! - results['steps']! * overhead;
  const instructionsPerSegment = Math.round(counted / 2 ** ICOUNT_SHIFT / segments);
  return {
    firmware,
    segments,
    instructionsPerSegment,
    results,
    memoryAtBoot: memory[0]!,
    memoryAtEnd: memory.at(-1)!,
    samples,
  };
}
