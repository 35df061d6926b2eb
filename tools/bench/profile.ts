/** Where the instructions of a segment go: samples of the firmware, by block of Fig. 11 and by function. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Sample } from './board-run.js';

/** By class; what is no method counts for the block of its caller's kind below. */
const BLOCKS: Readonly<Record<string, string>> = {
  SdCard: 'card driver',
  SdBus: 'card driver',
  CardTransfer: 'card driver',
  Deadline: 'card driver',
  SifiveSpi: 'card driver',
  DiskController: 'disk controller',
  SectorReader: 'disk controller',
  SectorCache: 'disk controller',
  ObjectHandle: 'disk controller',
  ObjectReader: 'disk controller',
  MemoryController: 'memory controller',
  SegmentSender: 'packetizer',
  PseudoPacketizer: 'packetizer',
  Template: 'packetizer',
  TimestampMarks: 'packetizer',
  Gem: 'NIC',
  W5500: 'NIC',
  W5500Bus: 'NIC',
  NicController: 'NIC',
  Board: 'dispatch',
  BoardFacts: 'dispatch',
  Delegations: 'dispatch',
  DelegationTable: 'dispatch',
  Session: 'statements',
  StatementReader: 'statements',
  CommandDecoder: 'statements',
  FrameWriter: 'statements',
  Reports: 'statements',
  FrameAuthenticator: 'statements',
  ReplayWindow: 'statements',
  ResendList: 'statements',
  TestFrontEnd: 'bench',
  Bench: 'bench',
  SeededEntropy: 'bench',
};

/** Functions outside of classes, by what calls them. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  locateUnit: 'disk controller',
  unitCrc: 'disk controller',
  checksumSectorOf: 'disk controller',
  dataSectorOf: 'disk controller',
  padded: 'NIC',
  setIpv4Length: 'packetizer',
  main: 'bench',
  serve: 'bench',
  ackDown: 'bench',
};

export interface ProfileRow {
  readonly block: string;
  readonly instructions: number;
  /** Of these in C: loops over bytes, and native functions. */
  readonly inC: number;
}

export interface Profile {
  readonly blocks: readonly ProfileRow[];
  /** The functions that cost most, with the instructions of a segment that they take. */
  readonly functions: readonly { readonly name: string; readonly instructions: number }[];
  readonly symbols: readonly { readonly name: string; readonly instructions: number }[];
}

/** Shares of the samples, as instructions a segment. */
export function profileOf(
  samples: readonly Sample[],
  firmware: string,
  instructionsPerSegment: number,
): Profile {
  const names = keyNames(firmware);
  const symbols = new Symbols(firmware);
  const blocks = new Map<string, { all: number; c: number }>();
  const functions = new Map<string, number>();
  const inC = new Map<string, number>();
  let counted = 0;
  for (const sample of samples) {
    const owner = names.get(sample.owner) ?? '';
    const name = names.get(sample.name) ?? '';
    const block = BLOCKS[owner] ?? FUNCTIONS[name] ?? 'other';
    if (block === 'bench') continue;
    counted++;
    const symbol = symbols.at(sample.pc);
    const isC = /^(xs_|mem|sumOfBytes|fold|received|sip|atcpCrc|crc)/.test(symbol);
    const row = blocks.get(block) ?? { all: 0, c: 0 };
    row.all++;
    if (isC) row.c++;
    blocks.set(block, row);
    add(functions, owner === '' ? name : `${owner}.${name}`);
    add(inC, symbol);
  }
  const scale = instructionsPerSegment / counted;
  return {
    blocks: [...blocks]
      .sort((a, b) => b[1].all - a[1].all)
      .map(([block, row]) => ({
        block,
        instructions: Math.round(row.all * scale),
        inC: Math.round(row.c * scale),
      })),
    functions: largest(functions, scale, 30),
    symbols: largest(inC, scale, 15),
  };
}

export function formatProfile(profile: Profile): string {
  const rows = profile.blocks.map(
    (row) => `${row.block.padEnd(20)}${String(row.instructions).padStart(10)}${String(row.inC).padStart(10)}`,
  );
  const list = (entries: Profile['functions']): string[] =>
    entries.map(({ name, instructions }) => `${name.padEnd(44)}${String(instructions).padStart(10)}`);
  return [
    `${'block'.padEnd(20)}${'a segment'.padStart(10)}${'of it in C'.padStart(10)}`,
    ...rows,
    '',
    'functions of the firmware, what they call in C included:',
    ...list(profile.functions),
    '',
    'functions of XS and of the host:',
    ...list(profile.symbols),
  ].join('\n');
}

function add(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function largest(map: ReadonlyMap<string, number>, scale: number, count: number) {
  return [...map]
    .sort((a, b) => b[1] - a[1])
    .slice(0, count)
    .map(([name, samples]) => ({ name, instructions: Math.round(samples * scale) }));
}

/** Names by identifier: the compiler writes the number behind each in modules.c, which lies beside the firmware. */
function keyNames(firmware: string): Map<number, string> {
  const text = readFileSync(join(dirname(firmware), 'modules.c'), 'utf8');
  return new Map(
    [...text.matchAll(/^\t"(.*)", \/\* (\d+) \*\/$/gm)].map((match) => [Number(match[2]), match[1]!]),
  );
}

/** Functions of C by address. */
class Symbols {
  readonly #starts: readonly { readonly address: number; readonly name: string }[];

  constructor(firmware: string) {
    const listing = execFileSync('riscv64-unknown-elf-nm', ['-n', firmware], { encoding: 'utf8' });
    this.#starts = [...listing.matchAll(/^([0-9a-f]{8}) [tTwW] (\S+)$/gm)].map((match) => ({
      address: parseInt(match[1]!, 16),
      name: match[2]!,
    }));
  }

  at(pc: number): string {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]!.address <= pc) low = middle;
      else high = middle;
    }
    return this.#starts[low]?.name ?? '';
  }
}
