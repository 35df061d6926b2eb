/** Checks which blocks objects have, against each other and against the allocation bitmap. */
import { BITMAP_BLOCKS, bitmapFreeBlocks, blockInUse, checkBitmap } from '../bitmap.js';
import { dataSectorOf, lastUnitSectors, unitsForBytes, unitsInExtent } from '../extent.js';
import { BLOCK_SECTORS } from '../limits.js';
import { ObjectKind } from '../record.js';
import {
  nameOf,
  recordSector,
  type CheckContext,
  type CheckedExtent,
  type CheckedRecord,
  type CheckedRecords,
} from './check-context.js';

/** A run of data units that lie in one extent. */
export interface DataRun {
  readonly object: CheckedRecord;
  /** First sector of the extent, counted from the start of the volume. */
  readonly sector: number;
  readonly tag: number;
  readonly firstUnit: number;
  readonly units: number;
}

/** Follows every object's extents; returns where its data lies. */
export function checkExtents(context: CheckContext, records: CheckedRecords, used: Uint8Array): DataRun[] {
  const runs: DataRun[] = [];
  const claimed = new Set<number>();
  for (const object of records.values()) {
    if (object.kind !== ObjectKind.file && object.kind !== ObjectKind.directory) continue;
    context.report.contentBytes += object.sizeBytes;
    if (object.inline) continue;
    const extents = allExtents(context, records, object, claimed);
    if (extents === undefined) continue;
    takeBlocks(context, object, extents, used);
    placeUnits(context, object, extents, runs);
  }
  for (const record of records.values()) {
    if (record.kind !== ObjectKind.continuation || claimed.has(record.number)) continue;
    context.report.add(recordSector(context, record.number), `record ${record.number} continues no object`);
  }
  return runs;
}

function allExtents(
  context: CheckContext,
  records: CheckedRecords,
  object: CheckedRecord,
  claimed: Set<number>,
): CheckedExtent[] | undefined {
  const extents = [...object.extents];
  let ordinal = 0;
  for (let number = object.continuation; number !== 0;) {
    ordinal++;
    const record = records.get(number);
    const belongs =
      record !== undefined &&
      record.kind === ObjectKind.continuation &&
      record.owner === object.number &&
      record.ordinal === ordinal &&
      !claimed.has(number);
    if (!belongs) {
      const sector = recordSector(context, object.number);
      context.report.add(sector, `${nameOf(object)}: record ${number} is not its continuation ${ordinal}`);
      return undefined;
    }
    claimed.add(number);
    extents.push(...record.extents);
    number = record.continuation;
  }
  return extents;
}

function takeBlocks(
  context: CheckContext,
  object: CheckedRecord,
  extents: readonly CheckedExtent[],
  used: Uint8Array,
): void {
  for (const { startBlock, blocks } of extents) {
    if (blocks === 0 || startBlock + blocks > used.length) continue;
    for (let block = startBlock; block < startBlock + blocks; block++) {
      if (used[block] === 1) {
        context.report.add(
          recordSector(context, object.number),
          `${nameOf(object)}: block ${block} belongs to another extent too`,
        );
        break;
      }
      used[block] = 1;
    }
  }
}

function placeUnits(
  context: CheckContext,
  object: CheckedRecord,
  extents: readonly CheckedExtent[],
  runs: DataRun[],
): void {
  const { superblock, report } = context;
  const sector = recordSector(context, object.number);
  const units = unitsForBytes(object.sizeBytes);
  let unit = 0;
  for (const [i, { startBlock, blocks, tag }] of extents.entries()) {
    const rest = units - unit;
    const endsHere =
      rest > 0 && dataSectorOf(rest - 1) + lastUnitSectors(object.sizeBytes) <= blocks * BLOCK_SECTORS;
    const here = endsHere ? rest : Math.min(rest, unitsInExtent(blocks));
    if (here === 0 || startBlock + blocks > superblock.dataBlocks) {
      report.addProblem(sector, `${nameOf(object)}, extent ${i}`, 'extent');
      return;
    }
    runs.push({
      object,
      sector: superblock.dataStart + startBlock * BLOCK_SECTORS,
      tag,
      firstUnit: unit,
      units: here,
    });
    unit += here;
  }
  if (unit !== units) report.addProblem(sector, nameOf(object), 'size');
}

/** Compares the bitmap with the blocks in use. */
export async function checkBitmapRegion(context: CheckContext, used: Uint8Array): Promise<void> {
  const { superblock, report, state } = context;
  let freeBlocks = 0;
  for (let number = 0; number < superblock.bitmapSectors; number++) {
    const sector = context.start + superblock.bitmapStart + number;
    const b = context.medium.sector(sector);
    const problem = checkBitmap(b, 0, context.seed, number);
    report.addProblem(sector, `bitmap sector ${number}`, problem);
    const first = number * BITMAP_BLOCKS;
    let free = 0;
    let wrong = 0;
    for (let i = 0; i < BITMAP_BLOCKS; i++) {
      // Beyond the volume's last block (undefined here), bits are set.
      const inUse = used[first + i] !== 0;
      if (!inUse) free++;
      if (problem === 'ok' && blockInUse(b, 0, i) !== inUse) {
        if (wrong++ === 0) {
          const says = inUse ? 'in use, and the bitmap has it free' : 'free, and the bitmap has it in use';
          report.add(sector, `bitmap sector ${number}: block ${first + i} is ${says}`);
        }
      }
    }
    freeBlocks += free;
    if (problem === 'ok' && bitmapFreeBlocks(b, 0) !== free) {
      report.add(
        sector,
        `bitmap sector ${number}: ${free} blocks are free, it says ${bitmapFreeBlocks(b, 0)}`,
      );
    }
    await context.pause.breathe();
  }
  report.freeBlocks = freeBlocks;
  if (state !== undefined && state.freeBlocks !== freeBlocks) {
    report.add(
      recordSector(context, 0),
      `${freeBlocks} blocks are free, the volume's state says ${state.freeBlocks}`,
    );
  }
}
