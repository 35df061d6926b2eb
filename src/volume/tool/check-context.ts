import type { Superblock } from '../superblock.js';
import type { VolumeState } from '../state.js';
import type { CheckReport } from './check-report.js';
import type { Medium } from './medium.js';
import type { Pause } from './pause.js';

/** What the parts of a volume check share. */
export interface CheckContext {
  readonly medium: Medium;
  readonly report: CheckReport;
  readonly pause: Pause;
  readonly superblock: Superblock;
  /** First sector of the partition. */
  readonly start: number;
  readonly seed: number;
  /** `undefined` when its sector is damaged. */
  readonly state: VolumeState | undefined;
}

/** One extent as its record lists it. */
export interface CheckedExtent {
  readonly startBlock: number;
  readonly blocks: number;
  readonly tag: number;
}

/** What the check keeps of a sound record. */
export interface CheckedRecord {
  readonly number: number;
  readonly kind: number;
  readonly path: string;
  readonly pathBytes: Uint8Array;
  readonly sizeBytes: number;
  readonly inline: boolean;
  readonly parent: number;
  readonly firstChild: number;
  readonly nextSibling: number;
  readonly previousSibling: number;
  /** First continuation of an object, next one of a continuation. */
  readonly continuation: number;
  readonly owner: number;
  readonly ordinal: number;
  readonly extents: readonly CheckedExtent[];
}

export type CheckedRecords = ReadonlyMap<number, CheckedRecord>;

export function recordSector(context: CheckContext, number: number): number {
  return context.start + context.superblock.recordStart + number;
}

/** `"a/b.txt"`, or the record's number where there is no path. */
export function nameOf(record: CheckedRecord): string {
  return record.path === '' ? `record ${record.number}` : `"${record.path}"`;
}
