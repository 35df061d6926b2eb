/** Decides, before a byte is written, which record and which blocks every object of a tree gets. */
import { sipHash } from '../../wire/byte-loops.js';
import { MAX_OBJECT_BYTES } from '../limits.js';
import { HASH_BYTES } from '../name-index.js';
import { CONTINUATION_EXTENTS, INLINE_BYTES, INLINE_EXTENTS, VERSION_BYTES } from '../record.js';
import type { Allocator, Extent } from './allocator.js';
import { VolumeError } from './error.js';
import { ROOT_RECORD } from './layout.js';
import type { SourceNode } from './source-tree.js';

export interface PlannedObject {
  readonly source: SourceNode;
  readonly record: number;
  readonly parent: number;
  readonly previousSibling: number;
  readonly nextSibling: number;
  /** Set once the children have their numbers. */
  firstChild: number;
  /** Content goes into the record. */
  readonly inline: boolean;
  readonly extents: readonly Extent[];
  /** Same for all extents of the object, different for every object; 0 without extents. */
  readonly tag: number;
  /** Record numbers of the continuations. */
  continuations: readonly number[];
  /** Set when the content has been read. */
  version: Uint8Array;
  /** Set when the content has been read, if the record is to hold it. */
  content: Uint8Array | undefined;
}

export interface Plan {
  /** In the order of their records, the root first; `objects[i]` has record {@link ROOT_RECORD} + i. */
  readonly objects: readonly PlannedObject[];
  /** Records in use, the state's and the continuations' included. */
  readonly recordsUsed: number;
  /** Behind the last block in use. */
  readonly blocksEnd: number;
  readonly blocksInUse: number;
  readonly contentBytes: number;
  readonly nextTag: number;
}

/**
 * Breadth first: the children of a directory have neighbouring records in the order of their names, so that a board
 * lists it by reading on, and neighbouring data.
 */
export function planObjects(root: SourceNode, allocator: Allocator): Plan {
  const objects: PlannedObject[] = [];
  let nextRecord = ROOT_RECORD;
  let nextTag = 1;
  let contentBytes = 0;
  let blocksInUse = 0;

  const add = (source: SourceNode, parent: number, previousSibling: number, isLast: boolean): void => {
    if (source.sizeBytes > MAX_OBJECT_BYTES) {
      throw new VolumeError(`${source.file} is larger than the 16 TiB that an object may have`, 'split it');
    }
    const inline = !source.isDirectory && source.sizeBytes <= INLINE_BYTES;
    const extents = inline || source.isDirectory ? [] : allocator.allocate(source.sizeBytes);
    const record = nextRecord++;
    objects.push({
      source,
      record,
      parent,
      previousSibling,
      nextSibling: isLast ? 0 : record + 1,
      firstChild: 0,
      inline,
      extents,
      tag: extents.length === 0 ? 0 : nextTag++,
      continuations: [],
      version: new Uint8Array(VERSION_BYTES),
      content: undefined,
    });
    contentBytes += source.sizeBytes;
    for (const extent of extents) blocksInUse += extent.blocks;
  };

  add(root, 0, 0, true);
  // `objects` grows while it is walked: that is what makes it breadth first.
  for (let i = 0; i < objects.length; i++) {
    const object = objects[i]!;
    const { children } = object.source;
    if (children.length > 0) object.firstChild = nextRecord;
    children.forEach((child, place) => {
      add(child, object.record, place === 0 ? 0 : nextRecord - 1, place === children.length - 1);
    });
  }

  for (const object of objects) {
    const more = Math.ceil(Math.max(0, object.extents.length - INLINE_EXTENTS) / CONTINUATION_EXTENTS);
    object.continuations = Array.from({ length: more }, () => nextRecord++);
  }
  return { objects, recordsUsed: nextRecord, blocksEnd: allocator.end, blocksInUse, contentBytes, nextTag };
}

/** The hash of every object's path, {@link HASH_BYTES} each; `undefined` when two are the same under this key. */
export function hashPaths(objects: readonly PlannedObject[], key: Uint8Array): Uint8Array | undefined {
  const hashes = Buffer.alloc(objects.length * HASH_BYTES);
  const seen = new Set<string>();
  objects.forEach((object, i) => {
    const { path } = object.source;
    sipHash(key, 0, path, 0, path.length, hashes, i * HASH_BYTES);
    seen.add(hashes.toString('latin1', i * HASH_BYTES, (i + 1) * HASH_BYTES));
  });
  return seen.size === objects.length ? hashes : undefined;
}
