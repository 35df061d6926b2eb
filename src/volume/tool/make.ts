/** Makes volumes: `atcp volume make`, and the laboratory's cards. */
import { randomBytes } from 'node:crypto';
import type { Geometry } from '../geometry.js';
import { PARTITION_START } from '../limits.js';
import { emitMbr } from '../mbr.js';
import { ObjectKind } from '../record.js';
import { SECTOR_BYTES, volumeSeed, VOLUME_ID_BYTES } from '../sector.js';
import { emitSuperblock, HASH_KEY_BYTES, Superblock } from '../superblock.js';
import { ContiguousAllocator, type Allocator } from './allocator.js';
import { ContentWriter } from './content-writer.js';
import { VolumeError } from './error.js';
import { openTarget, type ImageTarget } from './image-target.js';
import { ImageWriter } from './image-writer.js';
import { chooseGeometry, ROOT_RECORD, type LayoutOptions } from './layout.js';
import { buildIndex, MetadataWriter } from './metadata-writer.js';
import { Pause } from './pause.js';
import { hashPaths, planObjects, type Plan, type PlannedObject } from './plan.js';
import { withProgress, type Progress } from './progress.js';
import { EMPTY_TREE, readSourceTree } from './source-tree.js';
import { VersionHash } from './version.js';

export interface MakeVolumeOptions extends LayoutOptions {
  /** The image file, or the block device of a card, that becomes the volume. */
  readonly image: string;
  /** A directory whose content the volume gets; without it the volume is empty. */
  readonly from?: string | undefined;
  /** Replaces an image that exists; needed for a card. */
  readonly replace?: boolean | undefined;
  /** 16 bytes; random by default. */
  readonly volumeId?: Uint8Array | undefined;
  /** Key of the name index, 16 bytes; random by default. With it and the id, the image is reproducible. */
  readonly hashKey?: Uint8Array | undefined;
  /** Shows a progress bar on standard error. */
  readonly progress?: boolean | undefined;
  /** Ends the work early; nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
  /** Decides which blocks objects get. */
  readonly allocator?: Allocator | undefined;
}

export interface MadeVolume {
  readonly sizeBytes: number;
  /** 16 bytes. */
  readonly volumeId: Uint8Array;
  /** Version of the root directory: equal for volumes with equal content. */
  readonly rootVersion: Uint8Array;
  readonly files: number;
  /** The root not counted. */
  readonly directories: number;
  readonly contentBytes: number;
  readonly freeBlocks: number;
  readonly geometry: Geometry;
  /** What of the directory was left out and why, one line each. */
  readonly skipped: readonly string[];
}

/**
 * Makes a volume and fills it; a file appears under its name only when it is complete.
 * @throws {VolumeError} naming cause and cure
 */
export async function makeVolume(options: MakeVolumeOptions): Promise<MadeVolume> {
  return withProgress(options.progress === true, 'filling', async (progress) => {
    const pause = new Pause(options.signal);
    const target = openTarget(options.image, options.replace === true);
    try {
      const made = await make(target, options, pause, progress);
      target.commit();
      return made;
    } finally {
      target.discard();
    }
  });
}

async function make(
  target: ImageTarget,
  options: MakeVolumeOptions,
  pause: Pause,
  progress: Progress,
): Promise<MadeVolume> {
  const tree = options.from === undefined ? EMPTY_TREE : await readSourceTree(options.from, pause);
  const plan = planObjects(tree.root, options.allocator ?? new ContiguousAllocator());
  const demand = { records: plan.recordsUsed, dataBlocks: plan.blocksEnd };
  const geometry = chooseGeometry(demand, { ...options, sizeBytes: usableBytes(target, options) });
  const superblock = newSuperblock(geometry, options.volumeId);
  const hashes = chooseHashKey(plan, superblock.hashKey, options.hashKey);
  const index = buildIndex(plan, hashes, geometry.bucketCount, geometry.probeLimit);
  const seed = volumeSeed(superblock.volumeId, 0);

  const sizeBytes = (PARTITION_START + geometry.volumeSectors) * SECTOR_BYTES;
  target.setSize(sizeBytes);
  const writer = new ImageWriter(target.fd, PARTITION_START);
  const metadata = new MetadataWriter(writer, geometry, seed, pause);
  if (!target.isBlank) {
    eraseHeads(writer, geometry);
    metadata.clearJournal();
  }
  await writeContent(plan, new ContentWriter(writer, geometry, seed, pause, counter(plan, progress)));
  await metadata.writeRecords(plan);
  metadata.writeIndex(index);
  await metadata.writeBitmap(plan);
  metadata.writeState(plan);
  // What makes it a volume comes last.
  writeHeads(writer, superblock);
  const directories = plan.objects.filter((object) => object.source.isDirectory).length;
  return {
    sizeBytes,
    volumeId: superblock.volumeId,
    rootVersion: plan.objects[0]!.version,
    files: plan.objects.length - directories,
    directories: directories - 1,
    contentBytes: plan.contentBytes,
    freeBlocks: geometry.dataBlocks - plan.blocksInUse,
    geometry,
    skipped: tree.skipped,
  };
}

/** A file takes any size; a card has its own, of which less may be asked for. */
function usableBytes(target: ImageTarget, options: MakeVolumeOptions): number | undefined {
  if (target.isBlank) return options.sizeBytes;
  if (target.sizeBytes === undefined && options.sizeBytes === undefined) {
    throw new VolumeError(`the size of ${options.image} cannot be found out here`, 'give it with --size');
  }
  return Math.min(target.sizeBytes ?? Infinity, options.sizeBytes ?? Infinity);
}

function newSuperblock(geometry: Geometry, volumeId: Uint8Array | undefined): Superblock {
  const superblock = Object.assign(new Superblock(), geometry);
  superblock.volumeId.set(volumeId ?? randomBytes(VOLUME_ID_BYTES));
  superblock.generation = 1;
  return superblock;
}

/** Puts into `key` the wanted key, or draws keys until no two paths have the same hash: practically the first. */
function chooseHashKey(plan: Plan, key: Uint8Array, wanted: Uint8Array | undefined): Uint8Array {
  for (;;) {
    key.set(wanted ?? randomBytes(HASH_KEY_BYTES));
    const hashes = hashPaths(plan.objects, key);
    if (hashes !== undefined) return hashes;
    if (wanted !== undefined) throw new VolumeError('two paths have the same hash', 'use another hash key');
  }
}

function counter(plan: Plan, progress: Progress): (bytes: number) => void {
  let doneBytes = 0;
  return (bytes) => progress((doneBytes += bytes), plan.contentBytes);
}

async function writeContent(plan: Plan, writer: ContentWriter): Promise<void> {
  for (const object of plan.objects) {
    if (!object.source.isDirectory) await writer.write(object);
  }
  // Children have larger record numbers than their directories, so backwards every child's version is there.
  for (const object of plan.objects.toReversed()) {
    if (object.source.isDirectory) object.version = directoryVersion(plan, object);
  }
}

function directoryVersion(plan: Plan, directory: PlannedObject): Uint8Array {
  const version = new VersionHash(ObjectKind.directory, 0, directory.source.modifiedMs);
  for (const [i, child] of directory.source.children.entries()) {
    version.addChild(child.name, plan.objects[directory.firstChild - ROOT_RECORD + i]!.version);
  }
  return version.finish();
}

function writeHeads(writer: ImageWriter, superblock: Superblock): void {
  emitSuperblock(writer.buffer, writer.place(superblock.volumeSectors - 1, 1), superblock);
  emitSuperblock(writer.buffer, writer.place(0, 1), superblock);
  emitMbr(writer.buffer, writer.place(-PARTITION_START, 1), PARTITION_START, superblock.volumeSectors);
  writer.flush();
}

/** On a card that was something else: from now on it is that no more, and not yet a volume. */
function eraseHeads(writer: ImageWriter, geometry: Geometry): void {
  writer.placeZeros(-PARTITION_START);
  writer.placeZeros(0);
  writer.placeZeros(geometry.volumeSectors - 1);
  writer.flush();
}
