/**
 * Writes pages of directories: the answer to `list`, entry by entry in the order of the card's links, to the buffer
 * that its slot has for unit 0. One entry a call, so that reads for others go on in between; the place in the
 * directory is the delegation's, and what is here is good for one call.
 */
import { LIST_RESULT_MAX_BYTES, ListEntry, ListResult } from '../wire/atcp/ack-up.js';
import { copy, fill } from '../wire/byte-loops.js';
import { put16, put32, put64 } from '../wire/bytes.js';
import type { Delegation } from './delegation.js';
import { DiskResult } from './disk-controller.js';
import type { DirectoryCursor, DiskController } from './disk-controller.js';
import type { MemoryController } from './memory-controller.js';

/** What came of one step. */
export const PageStep = Object.freeze({
  /** An entry was written; there are more. */
  worked: 0,
  /** The card is busy. */
  waiting: 1,
  /** The page is full, or the directory is at its end. */
  complete: 2,
  /** See {@link DirectoryPages.result}. */
  failed: 3,
} as const);
export type PageStep = (typeof PageStep)[keyof typeof PageStep];

export class DirectoryPages {
  /** Why a step failed. */
  result: DiskResult = DiskResult.ok;
  readonly #disk: DiskController;
  readonly #memory: MemoryController;
  readonly #cursor: DirectoryCursor;

  constructor(disk: DiskController, memory: MemoryController) {
    this.#disk = disk;
    this.#memory = memory;
    this.#cursor = disk.createCursor();
  }

  /** Begins the page that the delegation asks for; false when no buffer is to be had. */
  begin(d: Delegation): boolean {
    const at = this.#memory.lend(d.slot, 0, true);
    if (at < 0) return false;
    this.#memory.filled();
    fill(this.#memory.units, at, ListResult.entries, 0);
    d.pageBytes = ListResult.entries;
    if (d.cursor === 0) d.cursor = d.handle.firstChild;
    return true;
  }

  /** Abandons what was asked of the card. */
  cancel(): void {
    this.#disk.cancel(this.#cursor);
  }

  step(nowUs: number, d: Delegation): PageStep {
    if (d.cursor === 0) return PageStep.complete;
    const cursor = this.#cursor;
    const result = this.#disk.child(nowUs, d.handle, d.cursor, d.pageEntries + 1, cursor);
    if (result === DiskResult.pending) return PageStep.waiting;
    // A child's path is its parent's, a slash unless that is the root, and its name.
    const nameAt = d.nameBytes === 0 ? 0 : d.nameBytes + 1;
    const nameBytes = cursor.pathBytes - nameAt;
    if (result !== DiskResult.ok || nameBytes < 1) {
      this.result = result === DiskResult.ok ? DiskResult.badMetadata : result;
      return PageStep.failed;
    }
    const entryBytes = ListEntry.name + nameBytes;
    if (d.pageBytes + entryBytes > LIST_RESULT_MAX_BYTES) return PageStep.complete;
    this.#write(d, nameAt, nameBytes);
    d.pageBytes += entryBytes;
    d.pageEntries++;
    d.cursor = cursor.nextSibling;
    this.#count(d);
    return d.cursor === 0 ? PageStep.complete : PageStep.worked;
  }

  #write(d: Delegation, nameAt: number, nameBytes: number): void {
    const b = this.#memory.units;
    const cursor = this.#cursor;
    const at = this.#memory.find(d.slot, 0) + d.pageBytes;
    put64(b, at + ListEntry.size, cursor.sizeBytes);
    put64(b, at + ListEntry.modified, cursor.modifiedMs);
    b[at + ListEntry.kind] = cursor.kind;
    b[at + ListEntry.nameLength] = nameBytes;
    copy(cursor.path, nameAt, b, at + ListEntry.name, nameBytes);
  }

  #count(d: Delegation): void {
    const b = this.#memory.units;
    const at = this.#memory.find(d.slot, 0);
    put32(b, at + ListResult.cursor, d.cursor);
    put16(b, at + ListResult.count, d.pageEntries);
  }
}
