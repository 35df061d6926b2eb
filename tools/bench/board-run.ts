/** Runs the program of device/board-main.ts on the emulated board under `-icount`, and reads what it prints. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildFirmware, cardArguments, machineCommand, paddedCopy } from '../../hosts/qemu/launch.js';
import { makeVolume } from '../../src/volume/tool/make.js';

/** 2^3 ns an instruction: the clock of the firmware runs as on a processor of 125 MIPS. */
const ICOUNT_SHIFT = 3;
const PATIENCE_MS = 120_000;
const FILE_BYTES = 8_000_000;
const WARM_UP_SEGMENTS = 200;

export interface BoardRunOptions {
  readonly delegations: number;
  readonly segments: number;
  readonly nic?: 'gem' | 'w5500';
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
    const numbers = [options.delegations, WARM_UP_SEGMENTS, options.segments, options.profileUs ?? 0, nic];
    const command = [
      ...machineCommand(firmware, numbers.join('_')),
      ...cardArguments(card),
      ...['-icount', `shift=${ICOUNT_SHIFT},sleep=off`, '-net', 'none'],
    ];
    return read(firmware, await runLines(command));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeCard(folder: string): Promise<string> {
  const content = join(folder, 'content');
  mkdirSync(content);
  writeFileSync(join(content, 'file'), Buffer.alloc(FILE_BYTES, 0x5a));
  const image = join(folder, 'card.img');
  await makeVolume({ image, from: content });
  return paddedCopy(image);
}

/** The lines of the UART; rejects when the firmware crashes or does not end. */
function runLines(command: readonly string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    const lines: string[] = [];
    let error = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text));
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      if (line === 'crash: restarting') child.kill('SIGKILL');
    });
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(timer);
      if (status === 0) resolve(lines);
      else
        reject(
          new Error(`the emulated board ended with ${status}:\n${lines.slice(-20).join('\n')}\n${error}`),
        );
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
