import { explain } from './error.js';
import type { VolumeProblem } from '../problem.js';

export interface Finding {
  /** First sector of the medium that it is about. */
  readonly sector: number;
  /** Sectors that it is about: more than one for a data unit. */
  readonly sectors: number;
  readonly what: string;
}

/** What a check found and what it looked at. */
export class CheckReport {
  readonly findings: Finding[] = [];
  files = 0;
  directories = 0;
  contentBytes = 0;
  freeBlocks = 0;

  add(sector: number, what: string, sectors = 1): void {
    this.findings.push({ sector, sectors, what });
  }

  addProblem(sector: number, what: string, problem: VolumeProblem): void {
    if (problem !== 'ok') this.add(sector, `${what}: ${explain(problem)}`);
  }
}

/** "sector 12: …" or "sectors 12-19: …". */
export function formatFinding(finding: Finding): string {
  const { sector, sectors, what } = finding;
  return sectors === 1 ? `sector ${sector}: ${what}` : `sectors ${sector}-${sector + sectors - 1}: ${what}`;
}
