/** From a data unit of an object to the extent that holds it: through the record's extents and its continuations. */
import {
  dataSectorOf,
  EXTENT_BYTES,
  extentBlocks,
  extentStart,
  extentTag,
  lastUnitSectors,
  unitsInExtent,
} from '../volume/extent.js';
import { BLOCK_SECTORS } from '../volume/limits.js';
import {
  CONTINUATION_AREA,
  continuationNext,
  continuationOrdinal,
  continuationOwner,
  ObjectKind,
  recordExtentCount,
  recordKind,
} from '../volume/record.js';
import { SECTOR_BYTES } from '../volume/sector.js';
import type { Superblock } from '../volume/superblock.js';
import type { ObjectHandle } from './disk-handle.js';
import { DiskResult } from './disk-result.js';
import type { SectorReader } from './disk-sectors.js';

/**
 * Makes the extent with unit `unit` (of the object) the handle's current one. Forward from the last one; back only
 * from the start, which costs no more than the first read did.
 */
export function locateUnit(
  nowUs: number,
  reader: SectorReader,
  superblock: Superblock,
  handle: ObjectHandle,
  unit: number,
): DiskResult {
  if (unit < handle.extentFirstUnit) handle.rewind();
  while (unit >= handle.extentFirstUnit + handle.extentUnits) {
    const result = nextExtent(nowUs, reader, superblock, handle);
    if (result !== DiskResult.ok) return result;
  }
  return DiskResult.ok;
}

/** Goes on to the next extent, or into the next continuation (and then its first extent at the next call). */
function nextExtent(
  nowUs: number,
  reader: SectorReader,
  superblock: Superblock,
  handle: ObjectHandle,
): DiskResult {
  const index = handle.extentIndex + 1;
  if (handle.extentList === 0) {
    if (index >= handle.extentCount) {
      return enterContinuation(nowUs, reader, superblock, handle, handle.continuation);
    }
    return takeExtent(reader, superblock, handle, index, handle.area, index * EXTENT_BYTES);
  }
  const slot = reader.record(nowUs, handle.extentList);
  if (slot < 0) return reader.result;
  const b = reader.metadata.bytes;
  const at = slot * SECTOR_BYTES;
  if (index >= recordExtentCount(b, at)) {
    return enterContinuation(nowUs, reader, superblock, handle, continuationNext(b, at));
  }
  return takeExtent(reader, superblock, handle, index, b, at + CONTINUATION_AREA + index * EXTENT_BYTES);
}

function enterContinuation(
  nowUs: number,
  reader: SectorReader,
  superblock: Superblock,
  handle: ObjectHandle,
  number: number,
): DiskResult {
  const slot = reader.record(nowUs, number);
  if (slot < 0) return reader.result;
  const b = reader.metadata.bytes;
  const at = slot * SECTOR_BYTES;
  const belongs =
    recordKind(b, at) === ObjectKind.continuation &&
    continuationOwner(b, at) === handle.recordNumber &&
    continuationOrdinal(b, at) === handle.extentListOrdinal + 1 &&
    recordExtentCount(b, at) > 0;
  if (!belongs) return reader.inconsistent('link', superblock.recordStart + number);
  handle.extentList = number;
  handle.extentListOrdinal++;
  handle.extentIndex = -1;
  return DiskResult.ok;
}

function takeExtent(
  reader: SectorReader,
  superblock: Superblock,
  handle: ObjectHandle,
  index: number,
  b: Uint8Array,
  at: number,
): DiskResult {
  const start = extentStart(b, at);
  const blocks = extentBlocks(b, at);
  const firstUnit = handle.extentFirstUnit + handle.extentUnits;
  const unitsLeft = handle.units - firstUnit;
  let units = unitsInExtent(blocks);
  // The object's shorter last unit may fit where a whole one does not.
  const endsHere =
    unitsLeft > 0 &&
    dataSectorOf(unitsLeft - 1) + lastUnitSectors(handle.sizeBytes) <= blocks * BLOCK_SECTORS;
  if (endsHere) units = unitsLeft;
  if (units === 0 || start + blocks > superblock.dataBlocks) {
    return reader.inconsistent('extent', superblock.recordStart + handle.recordNumber);
  }
  handle.extentIndex = index;
  handle.extentFirstUnit = firstUnit;
  handle.extentUnits = units;
  handle.extentSector = superblock.dataStart + start * BLOCK_SECTORS;
  handle.extentTag = extentTag(b, at);
  return DiskResult.ok;
}
