/**
 * Where the regions of a volume lie, in sectors from the start of its partition, always in this order:
 *
 *   0 superblock A   journal   name index   records   allocation bitmap   data   last sector: superblock B
 */
import { BLOCK_SECTORS, MAX_PROBES } from './limits.js';
import { BITMAP_BLOCKS } from './bitmap.js';
import type { VolumeProblem } from './problem.js';

export interface Geometry {
  volumeSectors: number;
  journalStart: number;
  journalSectors: number;
  indexStart: number;
  /** A power of two; one sector each. */
  bucketCount: number;
  /** Most buckets that one lookup reads, home bucket included. */
  probeLimit: number;
  recordStart: number;
  /** One sector each, number 0 (the volume's state) included. */
  recordCount: number;
  bitmapStart: number;
  bitmapSectors: number;
  dataStart: number;
  dataBlocks: number;
  /** Record number of the root directory. */
  rootRecord: number;
}

/** Regions in order, inside the partition, and of sizes that fit one another. */
export function checkGeometry(g: Geometry): VolumeProblem {
  const inOrder =
    g.journalStart >= 1 &&
    g.indexStart >= g.journalStart + g.journalSectors &&
    g.recordStart >= g.indexStart + g.bucketCount &&
    g.bitmapStart >= g.recordStart + g.recordCount &&
    g.dataStart >= g.bitmapStart + g.bitmapSectors &&
    g.volumeSectors > g.dataStart + g.dataBlocks * BLOCK_SECTORS;
  if (!inOrder) return 'geometry';
  if (g.bucketCount < 1 || !isPowerOfTwo(g.bucketCount)) return 'geometry';
  if (g.probeLimit < 1 || g.probeLimit > MAX_PROBES || g.probeLimit > g.bucketCount) return 'geometry';
  if (g.rootRecord < 1 || g.rootRecord >= g.recordCount) return 'geometry';
  if (g.bitmapSectors * BITMAP_BLOCKS < g.dataBlocks) return 'geometry';
  return 'ok';
}

function isPowerOfTwo(value: number): boolean {
  return (value & (value - 1)) >>> 0 === 0;
}
