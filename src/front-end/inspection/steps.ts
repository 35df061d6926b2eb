/** The counters that stand for numbered steps and points of the patent's figures. */
import type { FrontEndCounters } from '../counters.js';
import type { DelegationCounters } from '../delegation/counters.js';

/** Sums of what boards say in their heartbeats. */
export interface BoardSums {
  readonly framesReceived: number;
  readonly framesDiscarded: number;
  readonly pseudoPacketsSent: number;
}

export interface StepCount {
  readonly figure: number;
  /** A step's number, a point's letter, or (Fig. 2) a packet's number. */
  readonly step: string;
  readonly meaning: string;
  readonly counter: string;
  readonly count: number;
}

type Row =
  | readonly [figure: number, step: string, of: 'frontEnd', counter: keyof FrontEndCounters, meaning: string]
  | readonly [
      figure: number,
      step: string,
      of: 'delegation',
      counter: keyof DelegationCounters,
      meaning: string,
    ]
  | readonly [figure: number, step: string, of: 'boards', counter: keyof BoardSums, meaning: string];

const ROWS: readonly Row[] = [
  [2, '21', 'frontEnd', 'synReceived21', 'SYN from a client'],
  [2, '22', 'frontEnd', 'synAckSent22', 'SYN-ACK to a client'],
  [2, '23', 'frontEnd', 'connectionsOpened23', 'ACK that opened a connection'],
  [5, '107', 'delegation', 'step107CommandsSent', 'point A: command 25 sent to a board'],
  [7, '118', 'boards', 'pseudoPacketsSent', 'pseudo packets 26 sent by boards'],
  [8, '120', 'delegation', 'step120AcksChecked', 'point D: ACK 27 from a board, connection checked'],
  [8, '121', 'delegation', 'step121AcksDiscarded', 'discarded: not a command of ours'],
  [8, '121', 'delegation', 'step121AcksStale', 'discarded: a newer one was here'],
  [8, '121', 'delegation', 'step121AcksBeyondGrant', 'discarded: more than was granted'],
  [8, '122', 'delegation', 'step122SizesTaken', 'size of what was sent taken'],
  [8, '123', 'delegation', 'step123ExpectedMoved', 'expected acknowledgment moved on'],
  [9, '124', 'frontEnd', 'pointEAcksReceived', 'point E: ACK 28 from a client, connection checked'],
  [9, '126', 'frontEnd', 'step126NoConnection', 'discarded: no connection'],
  [9, '126', 'frontEnd', 'step126AckBeyondSent', 'discarded by 125: beyond what was granted'],
  [9, '126', 'frontEnd', 'step126AckTooOld', 'discarded by 125: older than any window'],
  [9, '127', 'frontEnd', 'step127Emptied', 'buffer emptied'],
  [9, '127', 'frontEnd', 'step127EmptiedBytes', '… bytes'],
  [9, '127', 'delegation', 'step127Freed', '… of a board'],
  [10, 'F', 'delegation', 'pointFStatementsSent', 'point F: ACK 29 sent to a board'],
  [10, '128', 'boards', 'framesReceived', 'frames received by boards'],
  [10, '131', 'boards', 'framesDiscarded', 'frames discarded by boards'],
];

export function countSteps(
  frontEnd: FrontEndCounters,
  delegation: DelegationCounters,
  boards: BoardSums,
): StepCount[] {
  const sources: Readonly<Record<Row[2], object>> = { frontEnd, delegation, boards };
  return ROWS.map(([figure, step, of, counter, meaning]) => ({
    figure,
    step,
    meaning,
    counter,
    count: (sources[of] as Readonly<Record<string, number>>)[counter]!,
  }));
}
