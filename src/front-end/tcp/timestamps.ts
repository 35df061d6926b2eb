/**
 * The timestamps option (RFC 7323) of one connection, both directions.
 *
 * What we send: TSval is a function of the sequence number that never goes back (decision 4), since clocks of boards
 * differ and a client drops what is 2 ms behind (PAWS). A range gets its value when it is granted, and keeps it when
 * it is sent again; an empty segment carries what the next byte would. So TSecr tells when a range was granted, not
 * when it left, nor which of two sendings arrived: round trips are measured by the reports of who sent
 * ({@link RoundTrips}), and not by TSecr.
 *
 * What we receive: a segment older than the one that the stream last grew by is dropped (PAWS, 5).
 */
import { seqDiff, seqLeq } from '../../wire/sequence.js';
import type { TcpOptions } from '../../wire/tcp.js';
import { TimestampMarks } from './timestamp-marks.js';

const TICK_US = 1_000;
/** 5.5: after so long without news the last TSval of the client may be more than half its range behind. */
const OUTDATED_US = 24 * 24 * 3600 * 1e6;
/** Marks are as many as a statement can carry: a round trip must do with about so many values. */
const VALUES_A_ROUND_TRIP = 6;

/** TSval of a clock of 1 ms that begins somewhere else for each 4-tuple (7.1). Never 0. */
export function timestampAt(nowUs: number, offset: number): number {
  return (Math.floor(nowUs / TICK_US) + offset) >>> 0 || 1;
}

/** What the client's side of the option is at the start: its latest TSval. */
export interface TimestampStart {
  readonly offset: number;
  readonly tsRecent: number;
}

export class Timestamps {
  /** TS.Recent: what TSecr of our segments is. */
  tsRecent: number;
  private readonly offset: number;
  private readonly marks = new TimestampMarks();
  private recentUs: number;

  constructor(start: TimestampStart, nowUs: number) {
    this.offset = start.offset;
    this.tsRecent = start.tsRecent;
    this.recentUs = nowUs;
  }

  /** TSval of a segment at `position`; `edge` is the granted edge, SND.NXT, before it. */
  valueAt(position: number, edge: number, srttUs: number, nowUs: number): number {
    const { marks } = this;
    if (position < edge && marks.count > 0) return marks.at(position);
    const now = timestampAt(nowUs, this.offset);
    const isSpent = marks.count > 0 && marks.latestFrom !== edge;
    const pauseTicks = srttUs / VALUES_A_ROUND_TRIP / TICK_US;
    if (!isSpent || seqDiff(now, marks.latest) >= pauseTicks) marks.mark(edge, now);
    return marks.latest;
  }

  /** Nothing below `sndUna` is sent any more. */
  acknowledge(sndUna: number): void {
    this.marks.acknowledge(sndUna);
  }

  /** R1 of 5.3: false for an old duplicate, which is to be answered with an ACK and dropped. */
  isNew(options: TcpOptions, nowUs: number): boolean {
    return seqLeq(this.tsRecent, options.tsVal) || nowUs - this.recentUs > OUTDATED_US;
  }

  /** R3: `position` is SEG.SEQ of an acceptable segment. */
  note(options: TcpOptions, position: number, lastAckSent: number, nowUs: number): void {
    if (position > lastAckSent) return;
    this.tsRecent = options.tsVal;
    this.recentUs = nowUs;
  }
}
