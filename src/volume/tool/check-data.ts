/** Verifies all data against its checksums. */
import { crc32c } from '../../wire/byte-loops.js';
import { checkChecksumSector, checksumSeed, unitCrc } from '../checksum-sector.js';
import { dataSectorOf } from '../extent.js';
import { GROUP_SECTORS, GROUP_UNITS, UNIT_BYTES, UNIT_SECTORS } from '../limits.js';
import { SECTOR_BYTES } from '../sector.js';
import { nameOf, type CheckContext } from './check-context.js';
import type { DataRun } from './check-space.js';
import type { Progress } from './progress.js';

export async function checkData(
  context: CheckContext,
  runs: readonly DataRun[],
  progress: Progress,
): Promise<void> {
  const b = Buffer.alloc(GROUP_SECTORS * SECTOR_BYTES);
  const totalBytes = runs.reduce((sum, run) => sum + run.units * UNIT_BYTES, 0);
  let doneBytes = 0;
  for (const run of runs) {
    const end = run.firstUnit + run.units;
    let { sector } = run;
    for (let unit = run.firstUnit; unit < end; unit += GROUP_UNITS, sector += GROUP_SECTORS) {
      const units = Math.min(GROUP_UNITS, end - unit);
      checkGroup(context, run, sector, unit, units, b);
      progress((doneBytes += units * UNIT_BYTES), totalBytes);
      await context.pause.breathe();
    }
  }
}

function checkGroup(
  context: CheckContext,
  run: DataRun,
  sector: number,
  firstUnit: number,
  units: number,
  b: Buffer,
): void {
  const bytes = Math.min((firstUnit + units) * UNIT_BYTES, run.object.sizeBytes) - firstUnit * UNIT_BYTES;
  const sectors = 1 + Math.ceil(bytes / SECTOR_BYTES);
  context.medium.read(context.start + sector, sectors, b);
  const problem = checkChecksumSector(b, 0, checksumSeed(context.seed, run.tag, firstUnit));
  const what = nameOf(run.object);
  if (problem !== 'ok') {
    const last = firstUnit + units - 1;
    context.report.addProblem(
      context.start + sector,
      `checksums of ${what}, units ${firstUnit}-${last}`,
      problem,
    );
    return;
  }
  for (let i = 0; i < units; i++) {
    const at = dataSectorOf(i) * SECTOR_BYTES;
    const unitSectors = Math.min(UNIT_SECTORS, sectors - dataSectorOf(i));
    if (crc32c(b, at, unitSectors * SECTOR_BYTES, 0) === unitCrc(b, 0, i)) continue;
    context.report.add(
      context.start + sector + dataSectorOf(i),
      `data of ${what}, unit ${firstUnit + i}: differs from its checksum (CRC-32C)`,
      unitSectors,
    );
  }
}
