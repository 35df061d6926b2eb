/**
 * The control socket: HTTP/1.1 over a Unix socket of the front-end's process.
 *
 *   GET /status                  one {@link Status} as JSON
 *   GET /trace[?statements=1]    one {@link TraceLine} as JSON a line, until the client leaves
 */
import type { FrontEndStatus, TraceEvent } from '../front-end/index.js';

export interface ProcessStatus {
  readonly pid: number;
  readonly uptimeMs: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  /** Outside the heap: packet rings and buffers. */
  readonly externalBytes: number;
  readonly cpuUserMs: number;
  readonly cpuSystemMs: number;
}

export interface Status extends FrontEndStatus {
  readonly process: ProcessStatus;
}

/** The first line of a trace: from here on nothing is missed. `atUs` is the events' clock, for the time of day. */
export interface TraceStart {
  readonly event: 'listening';
  readonly address: string;
  readonly address6: string | null;
  readonly atUs: number;
  readonly unixTimeMs: number;
}

/** The client did not read fast enough. */
export interface TraceGap {
  readonly event: 'missed';
  readonly events: number;
  readonly atUs: number;
}

export type TraceLine = TraceEvent | TraceStart | TraceGap;

export const STATUS_PATH = '/status';
export const TRACE_PATH = '/trace';
export const STATEMENTS_PARAMETER = 'statements';
