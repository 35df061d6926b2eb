/** Chooses the sizes of a volume's regions and lays them out. */
import { BITMAP_BLOCKS } from '../bitmap.js';
import { checkGeometry, type Geometry } from '../geometry.js';
import { BLOCK_BYTES, BLOCK_SECTORS, PARTITION_START } from '../limits.js';
import { SECTOR_BYTES } from '../sector.js';
import { VolumeError } from './error.js';
import { formatSize } from './size.js';

/** Bytes of card per record: boards serve files, and few of those are smaller than this. */
const BYTES_PER_RECORD = 32 * 1024;
const LEAST_RECORDS = 256;
/** More records by default would make the index of a large card slow to write; `--records` still allows them. */
const MOST_DEFAULT_RECORDS = 2 ** 20;
/** Mean entries per bucket when every record is in use: half of the 31, so that buckets rarely overflow. */
const ENTRIES_PER_BUCKET = 16;
const LEAST_BUCKETS = 4;
const DEFAULT_PROBE_LIMIT = 8;
const REGION_ALIGNMENT = 8;
/** Free space in a volume whose size was chosen by the tool: sparse, so it costs nothing before it is used. */
export const DEFAULT_FREE_BYTES = 64 * 2 ** 20;
export const ROOT_RECORD = 1;

export interface LayoutRequest {
  readonly volumeSectors: number;
  readonly recordCount: number;
  readonly bucketCount: number;
  readonly probeLimit: number;
  readonly journalSectors: number;
}

/** Lays out the regions; the data region gets what the others leave. `undefined` when nothing is left. */
export function layOut(request: LayoutRequest): Geometry | undefined {
  const journalStart = REGION_ALIGNMENT;
  const indexStart = align(journalStart + request.journalSectors);
  const recordStart = align(indexStart + request.bucketCount);
  const bitmapStart = align(recordStart + request.recordCount);
  const rest = request.volumeSectors - 1 - bitmapStart;
  // As many blocks as fit with their share of the bitmap, whose end is then aligned.
  let dataBlocks = Math.floor(rest / (BLOCK_SECTORS + 1 / BITMAP_BLOCKS));
  let dataStart = 0;
  for (; dataBlocks > 0; dataBlocks--) {
    dataStart = align(bitmapStart + Math.ceil(dataBlocks / BITMAP_BLOCKS));
    if (dataStart + dataBlocks * BLOCK_SECTORS < request.volumeSectors) break;
  }
  if (dataBlocks <= 0) return undefined;
  const geometry: Geometry = {
    ...request,
    journalStart,
    indexStart,
    recordStart,
    bitmapStart,
    bitmapSectors: Math.ceil(dataBlocks / BITMAP_BLOCKS),
    dataStart,
    dataBlocks,
    rootRecord: ROOT_RECORD,
  };
  if (checkGeometry(geometry) !== 'ok') throw new Error('a laid out volume must have a valid geometry');
  return geometry;
}

function align(sector: number): number {
  return Math.ceil(sector / REGION_ALIGNMENT) * REGION_ALIGNMENT;
}

export interface Demand {
  /** Records in use, the state's included. */
  readonly records: number;
  readonly dataBlocks: number;
}

export interface LayoutOptions {
  /** Size of the image or card; chosen to fit when omitted. */
  readonly sizeBytes?: number | undefined;
  readonly freeBytes?: number | undefined;
  readonly recordCount?: number | undefined;
  readonly bucketCount?: number | undefined;
  readonly probeLimit?: number | undefined;
}

/** @throws {VolumeError} when what is demanded does not fit into what the options allow */
export function chooseGeometry(demand: Demand, options: LayoutOptions): Geometry {
  if (options.recordCount !== undefined && options.recordCount < demand.records) {
    throw new VolumeError(
      `there are ${demand.records - 1} files and directories, and the volume is to have ${options.recordCount - 1} records`,
      `ask for at least ${demand.records - 1}, or let the tool choose`,
    );
  }
  const sizeBytes = options.sizeBytes ?? fittingSize(demand, options);
  const geometry = layOut(requestFor(sizeBytes, demand, options));
  if (geometry !== undefined && geometry.dataBlocks >= demand.dataBlocks) return geometry;
  const room = (geometry?.dataBlocks ?? 0) * BLOCK_BYTES;
  const least = fittingSize(demand, { ...options, freeBytes: 0 });
  throw new VolumeError(
    `the volume is too small: ${formatSize(sizeBytes)} leave ${formatSize(room)} for data, and ` +
      `${formatSize(demand.dataBlocks * BLOCK_BYTES)} are needed`,
    `make it ${least / 2 ** 20}M or larger, or let the tool choose the size`,
  );
}

/** The smallest power of two that holds the demand and the free space: emulated SD cards must have such sizes. */
function fittingSize(demand: Demand, options: LayoutOptions): number {
  const freeBlocks = Math.ceil((options.freeBytes ?? DEFAULT_FREE_BYTES) / BLOCK_BYTES);
  for (let sizeBytes = 2 ** 21; sizeBytes < 2 ** 42; sizeBytes *= 2) {
    const geometry = layOut(requestFor(sizeBytes, demand, options));
    if (geometry !== undefined && geometry.dataBlocks >= demand.dataBlocks + freeBlocks) return sizeBytes;
  }
  throw new VolumeError('the files do not fit into a volume of 2 TiB', 'spread them over several volumes');
}

function requestFor(sizeBytes: number, demand: Demand, options: LayoutOptions): LayoutRequest {
  const volumeSectors = Math.floor(sizeBytes / SECTOR_BYTES) - PARTITION_START;
  if (volumeSectors > 0xffff_ffff) {
    throw new VolumeError(
      `${formatSize(sizeBytes)} are more than a volume can have`,
      'make it 2047G or smaller',
    );
  }
  const byCapacity = Math.min(MOST_DEFAULT_RECORDS, Math.floor(sizeBytes / BYTES_PER_RECORD));
  const byDemand = demand.records + Math.ceil(demand.records / 4);
  const recordCount = options.recordCount ?? Math.max(LEAST_RECORDS, byCapacity, byDemand);
  const bucketCount =
    options.bucketCount ?? Math.max(LEAST_BUCKETS, powerOfTwoFrom(recordCount / ENTRIES_PER_BUCKET));
  return {
    volumeSectors,
    recordCount,
    bucketCount,
    probeLimit: options.probeLimit ?? Math.min(DEFAULT_PROBE_LIMIT, bucketCount),
    journalSectors: sizeBytes < 64 * 2 ** 20 ? 128 : 512,
  };
}

function powerOfTwoFrom(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, value)));
}
