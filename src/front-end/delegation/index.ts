/** What the delegation layer offers to programs; part of the public API. */
export { BackEnds, type BackEndsOptions } from './back-ends.js';
export type { Board, BoardState } from './board.js';
export type { ProvisionedBoard } from './boards.js';
export { connectBackEnds, type ConnectBackEndsOptions } from './connect.js';
export { DelegationCounters } from './counters.js';
export {
  AbandonedError,
  BoardFailedError,
  DelegationError,
  NoBoardError,
  NotADirectoryError,
  NotAFileError,
  ObjectChangedError,
  ObjectNotFoundError,
  RangeNotInObjectError,
} from './errors.js';
export type { ObjectEntry } from './list-question.js';
export type { ObjectFacts } from './stat-question.js';
export { DEFAULT_TIMING, type DelegationTiming } from './limits.js';
export type { ObjectRange } from './read-command.js';
export { MAX_RELAY_TAGS, type RelayedRequest } from './relay-command.js';
