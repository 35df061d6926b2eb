/** What the disk controller answers, the state that it is in, and what it counts. */
import { PortStatus } from './ports.js';

/** Results below {@link FIRST_OWN_RESULT} are the disk port's and say what the card did. */
export const DiskResult = Object.freeze({
  ...PortStatus,
  /** The volume is sound and has no such object. */
  notFound: 32,
  /** Data and its checksum differ, or the checksum sector is not this object's; repeated reads did not help. */
  checksum: 33,
  /** A record or an index bucket is damaged; repeated reads did not help. `DiskController.problem` says how. */
  badMetadata: 34,
  /** No volume is mounted (now): see `DiskController.state`. */
  notReady: 35,
  /** The handle was filled from a volume that is no longer there: look the object up again. */
  stale: 36,
  /** The object is not of the kind that has what was asked for. */
  wrongKind: 37,
  /** The object ends before this unit. */
  beyondEnd: 38,
} as const);
export type DiskResult = (typeof DiskResult)[keyof typeof DiskResult];

const FIRST_OWN_RESULT = 32;

/** True when it is the card that failed, not the volume on it. */
export function isCardError(result: DiskResult): boolean {
  return result > DiskResult.pending && result < FIRST_OWN_RESULT;
}

export const DiskState = Object.freeze({
  /** The port is being opened. */
  opening: 0,
  /** The card answers; the volume on it is being looked for. */
  mounting: 1,
  ready: 2,
  /** No card in the slot. */
  noCard: 3,
  /** A card without a volume that this firmware can read: `problem` says why. */
  noVolume: 4,
  /** The card fails: `cardStatus` says how. */
  failed: 5,
} as const);
export type DiskState = (typeof DiskState)[keyof typeof DiskState];

/** Events since boot, for the board's announcements and its console. */
export class DiskCounters {
  mounts = 0;
  lookups = 0;
  notFound = 0;
  unitsRead = 0;
  sectorsRead = 0;
  /** Sectors read again, for whatever reason. */
  retries = 0;
  /** Failing port calls. */
  cardErrors = 0;
  /** Reads that ended in {@link DiskResult.checksum}. */
  checksumErrors = 0;
  /** Operations that ended in {@link DiskResult.badMetadata}. */
  metadataErrors = 0;
}
