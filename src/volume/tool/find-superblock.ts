/** Finds the superblock that counts, by the same rules as a board (`back-end/disk-mount.ts`). */
import { PARTITION_START } from '../limits.js';
import { checkMbr, partitionSectors, partitionStart } from '../mbr.js';
import type { VolumeProblem } from '../problem.js';
import { isIntact, parseSuperblock, Superblock } from '../superblock.js';
import type { Medium } from './medium.js';

export interface FoundSuperblock {
  readonly startSector: number;
  readonly mbrProblem: VolumeProblem;
  /** Sectors of the medium where the copies should be. */
  readonly sectorA: number;
  readonly sectorB: number;
  readonly problemA: VolumeProblem;
  readonly problemB: VolumeProblem;
  readonly a: Superblock;
  readonly b: Superblock;
  /** The copy that counts, or `undefined`. */
  readonly superblock: Superblock | undefined;
  /** Why there is no volume, or 'ok'. */
  readonly problem: VolumeProblem;
}

export function findSuperblock(medium: Medium): FoundSuperblock {
  const mbr = medium.sectorCount > 0 ? Buffer.from(medium.sector(0)) : undefined;
  const mbrProblem = mbr === undefined ? 'truncated' : checkMbr(mbr, 0);
  // Another disk's partitions: whatever lies where a volume would be is not one.
  if (mbrProblem === 'no-partition') {
    return { ...lookAt(medium, PARTITION_START, 0), mbrProblem, superblock: undefined, problem: mbrProblem };
  }
  if (mbr !== undefined && mbrProblem === 'ok') {
    const byEntry = lookAt(medium, partitionStart(mbr, 0), partitionSectors(mbr, 0));
    if (isIntact(byEntry.problemA) || isIntact(byEntry.problemB)) return { ...byEntry, mbrProblem };
  }
  // A damaged LBA 0 is no reason to lose the volume: it is where `atcp volume make` puts it.
  const byDefault = lookAt(medium, PARTITION_START, medium.sectorCount - PARTITION_START);
  const isThere = isIntact(byDefault.problemA) || isIntact(byDefault.problemB);
  return { ...byDefault, mbrProblem: mbrProblem === 'ok' && isThere ? 'no-partition' : mbrProblem };
}

function lookAt(medium: Medium, startSector: number, sectors: number): Omit<FoundSuperblock, 'mbrProblem'> {
  const sectorB = startSector + sectors - 1;
  const a = new Superblock();
  const b = new Superblock();
  const problemA = parseCopy(medium, startSector, a);
  const problemB = parseCopy(medium, sectorB, b);
  const found = { startSector, sectorA: startSector, sectorB, problemA, problemB, a, b };
  const bCounts = isIntact(problemB) && !(isIntact(problemA) && a.generation >= b.generation);
  const problem = bCounts ? problemB : problemA;
  if (problem !== 'ok') return { ...found, superblock: undefined, problem };
  const superblock = bCounts ? b : a;
  const isWhole = startSector + superblock.volumeSectors <= medium.sectorCount;
  return { ...found, superblock, problem: isWhole ? 'ok' : 'truncated' };
}

function parseCopy(medium: Medium, sector: number, into: Superblock): VolumeProblem {
  if (sector < 0 || sector >= medium.sectorCount) return 'truncated';
  return parseSuperblock(medium.sector(sector), 0, 0, into);
}
