/** A look inside a front-end that runs; part of the public API. */
export {
  MAX_LISTED_CONNECTIONS,
  statusOf,
  type BoardStatus,
  type ConnectionStatus,
  type FrontEndStatus,
  type PieceStatus,
  type SpanStatus,
} from './status.js';
export type { StepCount } from './steps.js';
export { Trace, type TraceEvent, type TraceListener } from './trace.js';
