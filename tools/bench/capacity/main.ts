/**
 * The front-end with its web service and one board of the real firmware in a process of their own, and clients beside
 * them. Arguments: how many connections, the image of a card, the object's path and its file. Prints a line of JSON.
 * Needs `--expose-gc`: memory is measured after a collection.
 */
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { Board } from '../../../src/back-end/board.js';
import type { DiskPort, NicPort } from '../../../src/back-end/ports.js';
import { PortStatus } from '../../../src/back-end/ports.js';
import { BackEnds, FrontEndHost, createServer, nodeEntropy } from '../../../src/front-end/index.js';
import { createWebServer } from '../../../src/services/web/index.js';
import { EtherType, etherType } from '../../../src/wire/ethernet.js';
import { Clients } from './clients.js';

const SECTOR_BYTES = 512;
const VIP = '10.77.0.10';
const VIP_NUMBER = 0x0a4d_000a;
const PORT = 80;
const MAC = Uint8Array.of(2, 0xa7, 0xc9, 0, 0, 0x10);
const BOARD_MAC = Uint8Array.of(2, 0xa7, 0xc9, 0, 1, 1);
const KEY = new Uint8Array(16).fill(7);
/** Connections that have something under way at one time. */
const WAVE = 256;
/** What only the first connections need (compiled code, pools) is not counted. */
const WARM_UP = 2_000;
const DAY_MS = 86_400_000;

const [countText, image, path, file] = process.argv.slice(2);
const count = Number(countText);
const nowUs = (): number => performance.now() * 1000;

class MemoryDisk implements DiskPort {
  private readonly card = readFileSync(image!);

  get sectorCount(): number {
    return this.card.length / SECTOR_BYTES;
  }

  open(): PortStatus {
    return PortStatus.ok;
  }

  read(_nowUs: number, sector: number, sectors: number, b: Uint8Array, at: number): PortStatus {
    b.set(this.card.subarray(sector * SECTOR_BYTES, (sector + sectors) * SECTOR_BYTES), at);
    return PortStatus.ok;
  }

  write(): PortStatus {
    return PortStatus.unsupported;
  }
}

class Wire implements NicPort {
  readonly macAddress = BOARD_MAC;
  readonly segmentationBytes = 0;
  readonly toBoard: Uint8Array[] = [];
  readonly toFrontEnd: Uint8Array[] = [];
  readonly toClients: Uint8Array[] = [];

  open(): PortStatus {
    return PortStatus.ok;
  }

  linkUp(): boolean {
    return true;
  }

  receive(b: Uint8Array, at: number, capacity: number): number {
    const frame = this.toBoard.shift();
    if (frame === undefined || frame.length > capacity) return 0;
    b.set(frame, at);
    return frame.length;
  }

  transmit(b: Uint8Array, at: number, length: number): boolean {
    const frame = b.slice(at, at + length);
    if (etherType(frame, 0) === EtherType.atcp) this.toFrontEnd.push(frame);
    else this.toClients.push(frame);
    return true;
  }

  /** From the front-end. */
  fromFrontEnd(b: Uint8Array, at: number, length: number): boolean {
    const frame = b.slice(at, at + length);
    const type = etherType(frame, 0);
    if (type === EtherType.atcp) this.toBoard.push(frame);
    else if (type === EtherType.ipv4) this.toClients.push(frame);
    return true;
  }
}

const wire = new Wire();
const host = new FrontEndHost({
  macAddress: MAC,
  address: VIP,
  transmit: (b, at, length) => wire.fromFrontEnd(b, at, length),
  entropy: nodeEntropy,
  clock: nowUs,
});
const backEnds = new BackEnds({
  provisioning: [{ id: 1, key: KEY }],
  macAddress: MAC,
  epoch: 1,
  entropy: nodeEntropy,
  transmit: host.transmit,
  unixTimeMs: Date.now,
  onWork: () => undefined,
});
host.addPart(backEnds);
const web = createWebServer({
  backEnds,
  configuration: { maxConnections: count, keepAliveTimeoutMs: DAY_MS, progressTimeoutMs: DAY_MS },
});
createServer({ host }).attachHttp(web).listen(PORT);
const board = new Board(
  {
    nic: wire,
    disk: new MemoryDisk(),
    entropy: { fill: (b, at, length) => void randomFillSync(b, at, length) },
    console: { write: () => undefined },
  },
  {
    boardId: 1,
    boardKey: KEY,
    pseudoSources: [{ address: Uint8Array.of(10, 77, 0, 10), port: PORT }],
    etherType: EtherType.atcp,
  },
);
const clients = new Clients(
  count,
  { macAddress: MAC, address: VIP_NUMBER, port: PORT },
  path!,
  readFileSync(file!),
  (frame, length) => wire.toFrontEnd.push(frame.slice(0, length)),
);

/** Everything that can happen now. */
async function step(): Promise<void> {
  for (const frame of wire.toFrontEnd.splice(0)) host.onFrame(frame, 0, frame.length, nowUs());
  host.endOfBatch(nowUs());
  await turn();
  host.endOfBatch(nowUs());
  for (let i = 0; i < 64; i++) board.step(nowUs());
  for (const frame of wire.toClients.splice(0)) clients.receive(frame);
}

/** `begin` for the clients from `first` on, no more than a wave at a time; until all have their answers. */
async function serve(first: number, end: number, begin: (client: number) => void): Promise<void> {
  const before = clients.answers;
  for (let next = first; clients.answers - before < end - first;) {
    while (next < end && next - first - (clients.answers - before) < WAVE) begin(next++);
    await step();
    if (clients.lost > 0) throw new Error(`${clients.lost} connections were lost`);
  }
}

interface Memory {
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly bufferBytes: number;
}

/** The garbage of what has happened is not held by connections. */
async function memory(): Promise<Memory> {
  for (let i = 0; i < 3; i++) {
    await step();
    globalThis.gc!();
  }
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return { residentBytes: rss, heapBytes: heapUsed, bufferBytes: arrayBuffers };
}

while (!backEnds.boards.every((each) => each.available)) await step();
await serve(0, WARM_UP, (client) => clients.open(client));
const before = await memory();
const startedMs = performance.now();
await serve(WARM_UP, count, (client) => clients.open(client));
const openedMs = performance.now() - startedMs;
const after = await memory();
const held = host.tcp.connections;
const secondMs = performance.now();
await serve(0, count, (client) => clients.ask(client));
const each = (bytes: (of: Memory) => number): number =>
  Math.round((bytes(after) - bytes(before)) / (count - WARM_UP));
process.stdout.write(
  `${JSON.stringify({
    held,
    answers: clients.answers,
    stillOpen: host.tcp.connections,
    bytesEach: {
      heap: each(({ heapBytes }) => heapBytes),
      buffers: each(({ bufferBytes }) => bufferBytes),
      resident: each(({ residentBytes }) => residentBytes),
    },
    residentBytes: after.residentBytes,
    opensPerSecond: Math.round((count - WARM_UP) / (openedMs / 1000)),
    repliesPerSecondWhenFull: Math.round(count / ((performance.now() - secondMs) / 1000)),
    boardRefusals: backEnds.counters.delegationsBusy,
  })}\n`,
);
process.exit(0);
