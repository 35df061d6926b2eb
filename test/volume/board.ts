/** A card in memory with a volume on it, and a disk controller on a virtual clock that reads it. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { DiskController, DiskResult, type ObjectHandle } from '../../src/back-end/disk-controller.js';
import { makeVolume, type MadeVolume, type MakeVolumeOptions } from '../../src/volume/tool/make.js';
import { scratchDirectory, writeTree, type Files } from './fixtures.js';
import { MemoryDisk } from './memory-disk.js';

export interface Card extends MadeVolume {
  readonly disk: MemoryDisk;
  readonly path: string;
}

/** Makes cards; call it where `before` and `after` may be called. */
export function cardMaker(): (files: Files, options?: Partial<MakeVolumeOptions>) => Promise<Card> {
  const scratch = scratchDirectory();
  let cards = 0;
  return async (files, options = {}) => {
    const name = `card-${cards++}`;
    const directory = scratch.path(name);
    const path = scratch.path(`${name}.img`);
    writeTree(directory, files);
    const made = await makeVolume({ image: path, from: directory, freeBytes: 0, ...options });
    rmSync(directory, { recursive: true });
    return { ...made, path, disk: new MemoryDisk(readFileSync(path), cards) };
  };
}

/** A virtual clock that every call moves on. */
export class Clock {
  nowUs = 0;

  /** Repeats a call until it has a final answer. */
  finish(call: (nowUs: number) => DiskResult): DiskResult {
    for (let i = 0; i < 100_000; i++) {
      this.nowUs += 10;
      const result = call(this.nowUs);
      if (result !== DiskResult.pending) return result;
    }
    return assert.fail('an operation never ends');
  }

  /** Steps until the controller no longer wants to be called at once; returns the time it named. */
  settle(controller: DiskController): number {
    for (let i = 0; i < 100_000; i++) {
      this.nowUs += 10;
      const next = controller.step(this.nowUs);
      if (next > this.nowUs) return next;
    }
    return assert.fail('mounting never ends');
  }
}

export class Board {
  readonly clock = new Clock();
  readonly controller: DiskController;

  constructor(disk: MemoryDisk, metadataSectors?: number, checksumSectors?: number) {
    this.controller = new DiskController(disk, metadataSectors, checksumSectors);
    this.clock.settle(this.controller);
  }

  lookup(handle: ObjectHandle, path: string): DiskResult {
    const name = Buffer.from(`[${path}]`);
    return this.clock.finish((nowUs) => this.controller.lookup(nowUs, handle, name, 1, name.length - 2));
  }

  /** The handle of an object that must exist. */
  open(path: string): ObjectHandle {
    const handle = this.controller.createHandle();
    assert.equal(this.lookup(handle, path), DiskResult.ok, path);
    return handle;
  }

  unit(handle: ObjectHandle, unit: number): { result: DiskResult; bytes: Buffer } {
    const b = Buffer.alloc(4096 + 200, 0xa5);
    const result = this.clock.finish((nowUs) => this.controller.readUnit(nowUs, handle, unit, b, 100));
    assert.ok(
      b.subarray(0, 100).every((byte) => byte === 0xa5),
      'nothing before the unit is touched',
    );
    assert.ok(
      b.subarray(4196).every((byte) => byte === 0xa5),
      'nothing behind the unit is touched',
    );
    return { result, bytes: b.subarray(100, 100 + handle.unitBytes(unit)) };
  }

  /** The whole content, or the first result that is not `ok`. */
  content(handle: ObjectHandle): Buffer | DiskResult {
    const pieces: Buffer[] = [];
    for (let unit = 0; unit < handle.units; unit++) {
      const { result, bytes } = this.unit(handle, unit);
      if (result !== DiskResult.ok) return result;
      pieces.push(Buffer.from(bytes));
    }
    return Buffer.concat(pieces);
  }

  assertHolds(files: Files): void {
    for (const [path, content] of Object.entries(files)) {
      const read = this.content(this.open(path));
      assert.ok(Buffer.isBuffer(read) && read.equals(content), path);
    }
  }
}
