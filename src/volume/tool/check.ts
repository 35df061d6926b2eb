/** Verifies a whole volume: `atcp volume check`. */
import { volumeSeed } from '../sector.js';
import { parseState, VolumeState } from '../state.js';
import type { Superblock } from '../superblock.js';
import type { CheckContext } from './check-context.js';
import { checkData } from './check-data.js';
import { checkIndex } from './check-index.js';
import { checkJournal } from './check-journal.js';
import { checkRecords } from './check-records.js';
import { CheckReport } from './check-report.js';
import { checkBitmapRegion, checkExtents } from './check-space.js';
import { checkTree } from './check-tree.js';
import { explain } from './error.js';
import { findSuperblock, type FoundSuperblock } from './find-superblock.js';
import { Medium } from './medium.js';
import { Pause } from './pause.js';
import { withProgress, type Progress } from './progress.js';

export { CheckReport, formatFinding, type Finding } from './check-report.js';

export interface CheckOptions {
  /** Shows a progress bar on standard error. */
  readonly progress?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks every sector in use; what is wrong is in the report, each finding with its sector of the medium.
 * @throws {VolumeError} when the medium cannot be opened or read
 */
export async function checkVolume(path: string, options: CheckOptions = {}): Promise<CheckReport> {
  return withProgress(options.progress === true, 'checking', async (progress) => {
    const medium = new Medium(path);
    try {
      return await check(medium, new Pause(options.signal), progress);
    } finally {
      medium.close();
    }
  });
}

async function check(medium: Medium, pause: Pause, progress: Progress): Promise<CheckReport> {
  const report = new CheckReport();
  const found = findSuperblock(medium);
  checkHeads(report, found);
  const { superblock } = found;
  if (superblock === undefined || found.problem !== 'ok') return report;

  const seed = volumeSeed(superblock.volumeId, 0);
  const start = found.startSector;
  const state = readState(medium, report, superblock, start, seed);
  const context: CheckContext = { medium, report, pause, superblock, start, seed, state };
  const records = await checkRecords(context);
  await checkIndex(context, records);
  checkTree(context, records);
  const used = new Uint8Array(superblock.dataBlocks);
  const runs = checkExtents(context, records, used);
  await checkBitmapRegion(context, used);
  await checkJournal(context);
  await checkData(context, runs, progress);
  if (state !== undefined && state.recordsUsed > superblock.recordCount) {
    report.add(start + superblock.recordStart, "the volume's state has more records in use than there are");
  }
  return report;
}

function checkHeads(report: CheckReport, found: FoundSuperblock): void {
  const { superblock } = found;
  report.addProblem(0, 'master boot record', found.mbrProblem);
  if (superblock === undefined && found.mbrProblem === 'no-partition') return;
  const sectors = superblock === undefined ? undefined : found.startSector + superblock.volumeSectors;
  report.addProblem(found.sectorA, 'superblock A', found.problemA);
  report.addProblem(found.sectorB, 'superblock B', found.problemB);
  if (found.problem === 'truncated') {
    report.add(
      found.sectorB,
      `the volume ends at sector ${sectors}, the medium before it: ${explain('truncated')}`,
    );
  }
  if (superblock !== undefined && sectors !== found.sectorB + 1 && found.mbrProblem === 'ok') {
    report.add(0, `the partition ends at sector ${found.sectorB + 1}, the volume at ${sectors}`);
  }
  if (found.problemA === 'ok' && found.problemB === 'ok' && found.a.generation !== found.b.generation) {
    const older = found.a.generation < found.b.generation ? found.sectorA : found.sectorB;
    report.add(older, 'this superblock is older than the other one: a writer was interrupted');
  }
}

function readState(
  medium: Medium,
  report: CheckReport,
  superblock: Superblock,
  start: number,
  seed: number,
): VolumeState | undefined {
  const sector = start + superblock.recordStart;
  const state = new VolumeState();
  const problem = parseState(medium.sector(sector), 0, seed, state);
  report.addProblem(sector, "the volume's state", problem);
  return problem === 'ok' ? state : undefined;
}
