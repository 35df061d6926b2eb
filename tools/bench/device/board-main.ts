/**
 * The firmware under measurement, on the emulated board under `-icount`: the real drivers, card and NIC, and a
 * front-end in the same program that opens a session, gives commands and states credits. Only what Board.step()
 * executes and allocates is counted. Frames for the board are put into the NIC's receive ring as the controller
 * would put them, so the whole run repeats to the instruction.
 *
 * Argument: delegations_warm-up_measured_profile interval in µs or 0_1 for the W5500 instead of the GEM_workload.
 * Warm-up and measured are segments when files are read, else commands.
 */
import './globals.js';
import * as mcu from '../../../hosts/qemu/device/mcu.js';
import { McuConsole, SeededEntropy } from '../../../hosts/qemu/device/ports.js';
import { makeCard } from '../../../hosts/qemu/device/qemu-board.js';
import { Board } from '../../../src/back-end/board.js';
import { CHECKSUM_CACHE_SECTORS, METADATA_CACHE_SECTORS } from '../../../src/back-end/disk-controller.js';
import { SECTOR_BYTES } from '../../../src/volume/sector.js';
import { CommandFlag } from '../../../src/wire/atcp/command.js';
import { AtcpType } from '../../../src/wire/atcp/header.js';
import { TestFrontEnd } from '../../../test/back-end/support/front-end.js';
import {
  ackDown,
  listCommand,
  readCommand,
  relayCommand,
  template,
  watermark,
  type ReadOptions,
} from '../../../test/back-end/support/statements.js';
import { Workload } from './workload.js';
import { GemLink, W5500Link, type Link } from './links.js';

const SEGMENT_BYTES = 1460;
/** What a front-end with a 64 KB window grants at once, and after how many segments it states a new credit. */
const WINDOW_SEGMENTS = 44;
const STATEMENT_SEGMENTS = 8;
const BOARD_ID = 1;
/** Bits a second of each paced delegation: little enough that the pacer has something to do. */
const PACE = 4_000_000;
/** More than a relayed reply has. */
const RELAY_GRANTED = 1_000_000;
/** How long a statement may take to be acted on. */
const ANSWER_US = 20_000;

class Bench {
  readonly board: Board;
  readonly link: Link;
  instructions = 0;
  slots = 0;
  chunkBytes = 0;
  collections = 0;
  steps = 0;
  private readonly frontEnd: TestFrontEnd;
  private framing: ReadOptions = {};
  private paced = false;

  constructor(w5500: boolean) {
    const macAddress = Uint8Array.of(0x02, 0xa7, 0xc9, 0, 1, 1);
    const boardKey = new Uint8Array(16).fill(3);
    this.link = w5500 ? new W5500Link(macAddress) : new GemLink(macAddress);
    const ports = {
      nic: this.link.nic,
      disk: makeCard(),
      entropy: new SeededEntropy(new Uint8Array(16)),
      console: new McuConsole(),
    };
    const pseudoSources = [{ address: Uint8Array.of(10, 77, 0, 10), port: 80 }];
    this.board = new Board(ports, { boardId: BOARD_ID, boardKey, pseudoSources, etherType: 0x88b5 });
    mcu.collectGarbage();
    reportMemory();
    this.frontEnd = new TestFrontEnd(BOARD_ID, boardKey, macAddress);
  }

  /** One step of the firmware, accounted for. */
  step(): number {
    const nowUs = mcu.nowUs();
    const collections = mcu.memory(mcu.Memory.collections);
    const slots = mcu.memory(mcu.Memory.slots);
    const chunks = mcu.memory(mcu.Memory.chunks);
    mcu.profileGate(true);
    const before = mcu.instructions();
    const wakeUs = this.board.step(nowUs);
    const after = mcu.instructions();
    mcu.profileGate(false);
    this.instructions += (after - before) & 0x7fff_ffff;
    this.slots += mcu.memory(mcu.Memory.slots) - slots;
    this.chunkBytes += mcu.memory(mcu.Memory.chunks) - chunks;
    this.collections += mcu.memory(mcu.Memory.collections) - collections;
    this.steps++;
    mcu.feedWatchdog();
    return wakeUs;
  }

  forget(): void {
    this.instructions = this.slots = this.chunkBytes = this.collections = this.steps = 0;
  }

  get segments(): number {
    return this.board.counters.replySent119;
  }

  run(us: number): void {
    const endUs = mcu.nowUs() + us;
    while (mcu.nowUs() < endUs) {
      const wakeUs = this.step();
      if (wakeUs > mcu.nowUs()) mcu.waitUntil(Math.min(wakeUs, endUs));
    }
  }

  connect(): void {
    for (let tries = 0; tries < 100 && this.link.nic.transmitted === 0; tries++) this.run(50_000);
    const announce = this.frontEnd.read(this.link.lastFrame());
    if (announce.type !== AtcpType.announce) throw new Error('the board does not announce itself');
    this.frontEnd.heard(announce);
    this.link.inject(this.frontEnd.open());
    this.run(3_000_000);
  }

  /** Hands a statement to the board, and time to act on it. */
  say(statement: Uint8Array): void {
    this.link.inject(this.frontEnd.statements(statement));
    this.run(ANSWER_US);
  }

  /** From now on commands ask for numbered UDP datagrams, at a pace. */
  pace(): void {
    this.paced = true;
    const flags = CommandFlag.restartable | CommandFlag.numbered;
    this.framing = { template: template({ udp: true, datagramHeader: [0, 3, 0, 0] }), flags };
  }

  command(delegations: number): void {
    for (let counter = 1; counter <= delegations; counter++) {
      this.link.inject(this.frontEnd.statements(readCommand({ counter, name: 'file', ...this.framing })));
      this.run(2_000);
    }
  }

  /** Acknowledges `done` segments of each delegation and grants a window behind them. */
  state(delegations: number, version: number, done: number): void {
    const statements: Uint8Array[] = [];
    for (let counter = 1; counter <= delegations; counter++)
      statements.push(
        ackDown({
          counter,
          version,
          acknowledged: done * SEGMENT_BYTES,
          granted: (done + WINDOW_SEGMENTS) * SEGMENT_BYTES,
          ...(this.paced ? { acknowledgment: PACE } : {}),
        }),
      );
    this.link.inject(this.frontEnd.statements(...statements));
  }
}

function reportMemory(): void {
  for (const [name, figure] of Object.entries(mcu.Memory)) mcu.print(`memory ${name} ${mcu.memory(figure)}`);
}

/** What the front-end has stated last. */
class Stated {
  next = 0;
  version = 0;
}

/** Serves until so many segments are sent; the credit follows what was sent. */
function serve(bench: Bench, stated: Stated, delegations: number, until: number): void {
  const each = delegations === 1 ? STATEMENT_SEGMENTS : WINDOW_SEGMENTS;
  let idle = 0;
  while (bench.segments < until) {
    const done = Math.floor(bench.segments / delegations / each) * each;
    if (done >= stated.next) {
      stated.next = done + each;
      bench.state(delegations, ++stated.version, done);
    }
    const before = bench.segments;
    const wakeUs = bench.step();
    idle = bench.segments === before ? idle + 1 : 0;
    if (idle > 10_000) throw new Error(`the board sends nothing after ${bench.segments} segments`);
    if (wakeUs > mcu.nowUs()) mcu.waitUntil(wakeUs);
  }
}

/** Gives commands that a page of the root directory or a small file answers, one after the other. */
function answer(bench: Bench, workload: Workload, first: number, count: number): void {
  for (let counter = first; counter < first + count; counter++) {
    const answered = bench.board.counters.ackSent119 + bench.segments;
    if (workload === Workload.list) bench.say(listCommand('', { counter }));
    else {
      bench.say(relayCommand('small', { counter }));
      bench.say(ackDown({ counter, granted: RELAY_GRANTED }));
    }
    const now = bench.board.counters.ackSent119 + bench.segments;
    if (now === answered) throw new Error(`command ${counter} was not answered`);
    bench.say(watermark(counter));
    if (bench.board.slotsUsed !== 0) throw new Error(`command ${counter} was not released`);
  }
}

function readArguments(): number[] {
  const text = new Uint8Array(128);
  const length = mcu.commandLine(text, text.length);
  return String.fromCharCode(...text.subarray(0, length))
    .split('_')
    .map(Number);
}

/** What a step costs when it is counted and does nothing, and the unit of the count. */
function calibrate(): void {
  const before = mcu.instructions();
  const between = mcu.instructions();
  mcu.spin(100_000);
  const after = mcu.instructions();
  mcu.print(`calibration ${between - before} ${after - between}`);
}

function main(): void {
  const [delegations, warmUp, measured, profileUs, w5500, workload] = readArguments() as [
    ...[delegations: number, warmUp: number, measured: number],
    ...[profileUs: number, w5500: number, workload: Workload],
  ];
  calibrate();
  const bench = new Bench(w5500 === 1);
  bench.connect();
  const stated = new Stated();
  const reads = workload === Workload.read || workload === Workload.datagrams;
  if (workload === Workload.datagrams) bench.pace();
  if (reads) {
    bench.command(delegations);
    serve(bench, stated, delegations, warmUp);
  } else answer(bench, workload, 1, warmUp);
  bench.forget();
  const first = bench.segments;
  if (profileUs > 0) mcu.profileStart(profileUs);
  if (reads) serve(bench, stated, delegations, warmUp + measured);
  else answer(bench, workload, 1 + warmUp, measured);
  if (profileUs > 0) mcu.profileStop();
  const { instructions, slots, chunkBytes, collections, steps, segments, board } = bench;
  mcu.print(`result segments ${segments - first}`);
  mcu.print(`result instructions ${instructions}`);
  mcu.print(`result slots ${slots}`);
  mcu.print(`result chunkBytes ${chunkBytes}`);
  mcu.print(`result collections ${collections}`);
  mcu.print(`result steps ${steps}`);
  mcu.print(`result slotsUsed ${board.slotsUsed}`);
  const memory = board.memory;
  mcu.print(`result buffersHighWater ${memory.highWater}`);
  mcu.print(`result unitBufferBytes ${memory.units.length}`);
  mcu.print(`result sectorCacheBytes ${(METADATA_CACHE_SECTORS + CHECKSUM_CACHE_SECTORS) * SECTOR_BYTES}`);
  const frames = memory.receiveFrame.length + memory.controlFrame.length + memory.pseudoFrame.length;
  mcu.print(`result frameBytes ${frames}`);
  reportMemory();
  mcu.print('end');
  mcu.exit(0);
}

mcu.start(main);
