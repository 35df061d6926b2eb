/** What can go wrong with a delegated command, as a program sees it. Each message names the cause and a cure. */
import { Reason } from '../../wire/atcp/ack-up.js';

export class DelegationError extends Error {
  override name = 'DelegationError';
  /** Stable name for programs, like Node's own `code`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export class ObjectNotFoundError extends DelegationError {
  override name = 'ObjectNotFoundError';

  constructor(objectName: string) {
    super('ENOENT', `no board holds "${objectName}"; put it on the volume with "atcp volume"`);
  }
}

export class ObjectChangedError extends DelegationError {
  override name = 'ObjectChangedError';

  constructor(objectName: string) {
    super('ESTALE', `"${objectName}" is no longer the version that was asked for; ask for its facts again`);
  }
}

export class NotAFileError extends DelegationError {
  override name = 'NotAFileError';

  constructor(objectName: string) {
    super('EISDIR', `"${objectName}" is a directory; ask for a file within it`);
  }
}

export class NotADirectoryError extends DelegationError {
  override name = 'NotADirectoryError';

  constructor(objectName: string) {
    super('ENOTDIR', `"${objectName}" is a file; ask for the directory that it is in`);
  }
}

export class RangeNotInObjectError extends DelegationError {
  override name = 'RangeNotInObjectError';

  constructor(objectName: string) {
    super('ERANGE', `the range does not lie within "${objectName}"; ask for its size first`);
  }
}

export class NoBoardError extends DelegationError {
  override name = 'NoBoardError';

  constructor(detail: string) {
    super('ENOBOARD', `no board can take the command: ${detail}`);
  }
}

export class BoardFailedError extends DelegationError {
  override name = 'BoardFailedError';
  readonly boardId: number;

  constructor(boardId: number, detail: string) {
    super('EBOARD', `board ${boardId} could not do it: ${detail}`);
    this.boardId = boardId;
  }
}

export class AbandonedError extends DelegationError {
  override name = 'AbandonedError';

  constructor() {
    super('ECONNRESET', 'the connection ended before its reply did');
  }
}

const DETAILS: Readonly<Record<number, string>> = Object.freeze({
  [Reason.noCard]: 'it has no SD card; insert one',
  [Reason.noVolume]: 'its card holds no object volume; make one with "atcp volume make"',
  [Reason.cardError]: 'its card does not read or write; replace it',
  [Reason.checksum]: 'data on its card is damaged; run "atcp volume check"',
  [Reason.badCommand]: 'it did not understand the command; bring its firmware to the front-end’s version',
  [Reason.unknownOpcode]: 'its firmware does not know the command; bring it to the front-end’s version',
  [Reason.forbiddenSource]:
    'it may not speak for this address; provision it with the front-end’s address and port',
  [Reason.leaseEnded]: 'it heard nothing from the front-end for the length of a lease; look at the data link',
  [Reason.evicted]: 'it gave the slot to another command',
  [Reason.noSlot]: 'it has no free slot',
});

/** The error for a reason that a board gave in ATCP_ACK 27. */
export function errorForReason(reason: number, boardId: number, objectName: string): DelegationError {
  switch (reason) {
    case Reason.notFound:
      return new ObjectNotFoundError(objectName);
    case Reason.versionMismatch:
      return new ObjectChangedError(objectName);
    case Reason.notAFile:
      return new NotAFileError(objectName);
    case Reason.notADirectory:
      return new NotADirectoryError(objectName);
    case Reason.range:
      return new RangeNotInObjectError(objectName);
    default:
      return new BoardFailedError(boardId, DETAILS[reason] ?? `reason ${reason}`);
  }
}

/** The board has only lost, or never had, a slot for it: it may well have one the next time. */
export function isSlotLoss(reason: number): boolean {
  return reason === Reason.leaseEnded || reason === Reason.evicted || reason === Reason.noSlot;
}
