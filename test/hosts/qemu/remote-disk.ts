/** The disk of an emulated board, whose SD driver runs on XS, as a bench for the disk suite. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFirmware, cardArguments, machineCommand } from '../../../hosts/qemu/launch.js';
import type { DiskPort, PortStatus } from '../../../src/back-end/ports.js';
import { PortStatus as Status } from '../../../src/back-end/ports.js';
import type { DiskBench } from '../../drivers/sd-card/disk-suite.js';
import {
  ANSWERS,
  DiskOperation,
  REQUEST_BYTES,
  REQUESTS,
  SECTOR_BYTES,
  SIZE_BYTES,
} from './device/disk-protocol.js';

const PATIENCE_MS = 30_000;
const POLL_MS = 1;
/** Both ends, so that opening waits for nobody; what is not there yet says so. */
const PIPE = constants.O_RDWR | constants.O_NONBLOCK;

class RemoteDisk implements DiskPort {
  readonly #requests: number;
  readonly #answers: number;
  readonly #request = Buffer.alloc(REQUEST_BYTES);
  readonly #status = Buffer.alloc(1);

  constructor(requests: number, answers: number) {
    this.#requests = requests;
    this.#answers = answers;
  }

  get sectorCount(): number {
    this.#ask(DiskOperation.sectorCount, 0, 0);
    const size = Buffer.alloc(SIZE_BYTES);
    this.#take(size);
    return Number(size.readBigUInt64BE());
  }

  open(_nowUs: number): PortStatus {
    return this.#ask(DiskOperation.open, 0, 0);
  }

  read(_nowUs: number, sector: number, count: number, b: Uint8Array, at: number): PortStatus {
    const status = this.#ask(DiskOperation.read, sector, count);
    if (status === Status.ok) this.#take(b.subarray(at, at + count * SECTOR_BYTES));
    return status;
  }

  write(_nowUs: number, sector: number, count: number, b: Uint8Array, at: number): PortStatus {
    return this.#ask(DiskOperation.write, sector, count, b.subarray(at, at + count * SECTOR_BYTES));
  }

  #ask(operation: number, sector: number, count: number, data?: Uint8Array): PortStatus {
    const request = this.#request;
    request[0] = operation;
    request.writeUInt16BE(count, 2);
    request.writeBigInt64BE(BigInt(sector), 4);
    this.#give(request);
    if (data !== undefined) this.#give(data);
    this.#take(this.#status);
    return this.#status[0] as PortStatus;
  }

  #give(b: Uint8Array): void {
    this.#move(b, (at) => writeSync(this.#requests, b, at, b.length - at));
  }

  #take(b: Uint8Array): void {
    this.#move(b, (at) => readSync(this.#answers, b, at, b.length - at, null));
  }

  /** All of `b`, by as many calls as it takes. */
  #move(b: Uint8Array, move: (at: number) => number): void {
    const endMs = Date.now() + PATIENCE_MS;
    for (let at = 0; at < b.length;) {
      try {
        at += move(at);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        if (Date.now() > endMs) throw new Error('the emulated board does not answer', { cause: error });
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
      }
    }
  }
}

/** Starts a board with an empty card of `bytes`, a power of two; above 2 GB QEMU's is one of high capacity. */
export async function makeQemuBench(bytes: number): Promise<DiskBench> {
  const firmware = await buildFirmware('test/hosts/qemu/device/disk-server.js');
  const folder = mkdtempSync(join(tmpdir(), 'atcp-test-'));
  execFileSync('mkfifo', [join(folder, REQUESTS), join(folder, ANSWERS)]);
  const image = join(folder, 'card.img');
  writeFileSync(image, '');
  truncateSync(image, bytes);
  const command = [...machineCommand(firmware, 'none'), ...cardArguments(image), '-net', 'none'];
  const requests = openSync(join(folder, REQUESTS), PIPE);
  const answers = openSync(join(folder, ANSWERS), PIPE);
  const board: ChildProcess = spawn(command[0]!, command.slice(1), { cwd: folder, stdio: 'ignore' });
  return {
    disk: new RemoteDisk(requests, answers),
    sectorCount: bytes / SECTOR_BYTES,
    scratchSector: 1000,
    nowUs: () => 0,
    idle: () => {},
    close: () => {
      board.kill('SIGKILL');
      closeSync(requests);
      closeSync(answers);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
