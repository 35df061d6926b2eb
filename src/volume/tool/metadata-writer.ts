/** Writes records, name index, bitmap, state and superblocks of a planned volume. */
import { BITMAP_BLOCKS, emitBitmap, takeBlock } from '../bitmap.js';
import { emitExtent, EXTENT_BYTES } from '../extent.js';
import type { Geometry } from '../geometry.js';
import { addEntry, emitBucket, HASH_BYTES, homeBucket, setOverflowed } from '../name-index.js';
import {
  CONTINUATION_AREA,
  CONTINUATION_EXTENTS,
  emitContinuation,
  emitRecord,
  INLINE_EXTENTS,
  ObjectKind,
  RECORD_AREA,
} from '../record.js';
import { sealSector, SECTOR_BYTES } from '../sector.js';
import { emitState, VolumeState } from '../state.js';
import type { Extent } from './allocator.js';
import { VolumeError } from './error.js';
import type { ImageWriter } from './image-writer.js';
import type { Pause } from './pause.js';
import type { Plan, PlannedObject } from './plan.js';

function kindOf(object: PlannedObject): ObjectKind {
  return object.source.isDirectory ? ObjectKind.directory : ObjectKind.file;
}

export class MetadataWriter {
  private readonly writer: ImageWriter;
  private readonly geometry: Geometry;
  private readonly seed: number;
  private readonly pause: Pause;

  constructor(writer: ImageWriter, geometry: Geometry, seed: number, pause: Pause) {
    this.writer = writer;
    this.geometry = geometry;
    this.seed = seed;
    this.pause = pause;
  }

  /** The records of all objects, in order, and behind them their continuations. */
  async writeRecords(plan: Plan): Promise<void> {
    for (const object of plan.objects) {
      this.writeRecord(object);
      await this.pause.breathe();
    }
    for (const object of plan.objects) {
      object.continuations.forEach((number, i) => this.writeContinuation(object, number, i));
      await this.pause.breathe();
    }
  }

  private writeRecord(object: PlannedObject): void {
    const at = this.writer.place(this.geometry.recordStart + object.record, 1);
    const b = this.writer.buffer;
    const extents = object.extents.slice(0, INLINE_EXTENTS);
    emitRecord(b, at, {
      number: object.record,
      kind: kindOf(object),
      inline: object.inline,
      extentCount: extents.length,
      version: object.version,
      sizeBytes: object.source.sizeBytes,
      modifiedMs: object.source.modifiedMs,
      parent: object.parent,
      firstChild: object.firstChild,
      nextSibling: object.nextSibling,
      previousSibling: object.previousSibling,
      continuation: object.continuations[0] ?? 0,
      path: object.source.path,
    });
    if (object.content !== undefined) b.set(object.content, at + RECORD_AREA);
    putExtents(b, at + RECORD_AREA, extents, object.tag);
    sealSector(b, at, this.seed);
  }

  private writeContinuation(object: PlannedObject, number: number, i: number): void {
    const first = INLINE_EXTENTS + i * CONTINUATION_EXTENTS;
    const extents = object.extents.slice(first, first + CONTINUATION_EXTENTS);
    const at = this.writer.place(this.geometry.recordStart + number, 1);
    const b = this.writer.buffer;
    const next = object.continuations[i + 1] ?? 0;
    emitContinuation(b, at, number, object.record, i + 1, next, extents.length);
    putExtents(b, at + CONTINUATION_AREA, extents, object.tag);
    sealSector(b, at, this.seed);
  }

  writeIndex(index: Uint8Array): void {
    const { indexStart, bucketCount } = this.geometry;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const at = this.writer.place(indexStart + bucket, 1);
      this.writer.buffer.set(index.subarray(bucket * SECTOR_BYTES, (bucket + 1) * SECTOR_BYTES), at);
      sealSector(this.writer.buffer, at, this.seed);
    }
  }

  async writeBitmap(plan: Plan): Promise<void> {
    const { bitmapStart, bitmapSectors, dataBlocks } = this.geometry;
    const used = usedBlocks(plan);
    for (let number = 0; number < bitmapSectors; number++) {
      const at = this.writer.place(bitmapStart + number, 1);
      const first = number * BITMAP_BLOCKS;
      const blocks = Math.min(BITMAP_BLOCKS, dataBlocks - first);
      emitBitmap(this.writer.buffer, at, number, blocks);
      for (let i = 0; i < blocks && first + i < plan.blocksEnd; i++) {
        if (used[first + i] === 1) takeBlock(this.writer.buffer, at, i);
      }
      sealSector(this.writer.buffer, at, this.seed);
      await this.pause.breathe();
    }
  }

  writeState(plan: Plan): void {
    const state = new VolumeState();
    state.recordsUsed = plan.recordsUsed;
    state.nextTag = plan.nextTag;
    state.freeBlocks = this.geometry.dataBlocks - plan.blocksInUse;
    state.allocationCursor = plan.blocksEnd % this.geometry.dataBlocks;
    const at = this.writer.place(this.geometry.recordStart, 1);
    emitState(this.writer.buffer, at, this.seed, state);
  }

  /** On media with a past: an empty journal is one whose sectors are not headers of this volume. */
  clearJournal(): void {
    const { journalStart, journalSectors } = this.geometry;
    for (let i = 0; i < journalSectors; i++) this.writer.placeZeros(journalStart + i);
  }
}

function putExtents(b: Uint8Array, at: number, extents: readonly Extent[], tag: number): void {
  extents.forEach((extent, i) => {
    emitExtent(b, at + i * EXTENT_BYTES, extent.startBlock, extent.blocks, tag);
  });
}

function usedBlocks(plan: Plan): Uint8Array {
  const used = new Uint8Array(plan.blocksEnd);
  for (const object of plan.objects) {
    for (const { startBlock, blocks } of object.extents) used.fill(1, startBlock, startBlock + blocks);
  }
  return used;
}

/** The buckets of the index, not sealed yet. @throws {VolumeError} when an entry finds no place */
export function buildIndex(
  plan: Plan,
  hashes: Uint8Array,
  bucketCount: number,
  probeLimit: number,
): Uint8Array {
  const index = new Uint8Array(bucketCount * SECTOR_BYTES);
  for (let bucket = 0; bucket < bucketCount; bucket++) emitBucket(index, bucket * SECTOR_BYTES, bucket);
  plan.objects.forEach((object, i) => {
    const hashAt = i * HASH_BYTES;
    const home = homeBucket(hashes, hashAt, bucketCount);
    for (let probe = 0; probe < probeLimit; probe++) {
      const at = ((home + probe) % bucketCount) * SECTOR_BYTES;
      if (addEntry(index, at, hashes, hashAt, object.record, kindOf(object))) return;
      setOverflowed(index, at);
    }
    throw new VolumeError(
      `the name index is full: ${bucketCount} buckets do not take ${plan.objects.length} objects`,
      'let the tool choose the number of buckets',
    );
  });
  return index;
}
