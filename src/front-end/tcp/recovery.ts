/**
 * Which bytes are taken for lost, and how far they have been sent again: fast retransmit and recovery with SACK
 * (RFC 6675) or without (RFC 6582, where each duplicate ACK stands for one segment that arrived), and the return
 * to SND.UNA after a timeout (RFC 6298 5.4). All three are the same two edges: below {@link lostEdge} whatever
 * the client is not known to have is lost, and below {@link resentEdge} it is already on its way again. What is
 * outstanding beyond that is the "pipe" which the congestion window bounds.
 */
import type { FrontEndCounters } from '../counters.js';
import type { CongestionControl } from './congestion.js';
import { DUP_THRESH, Scoreboard } from './scoreboard.js';
import type { TcpOptions } from '../../wire/tcp.js';
import { unwrap } from './segment.js';

/** What recovery must know of the sender. */
export interface Flight {
  readonly sndUna: number;
  readonly sndNxt: number;
  readonly segmentBytes: number;
  /** End of the segment that begins at SND.UNA. */
  headSegmentEnd(): number;
  /** The highest position that is known to have left. */
  sentEdge(): number;
}

type Phase = 'open' | 'fast' | 'timeout';

export class Recovery {
  /** Bytes below are lost unless the client is known to have them. */
  lostEdge: number;
  /** Lost bytes below were sent again (HighRxt of RFC 6675). */
  resentEdge: number;
  /** The next lost segment goes out however full the pipe is (RFC 6675 5, step 4.3). */
  urgent = false;
  private phase: Phase = 'open';
  /** SND.NXT when the episode began: RecoveryPoint of RFC 6675, "recover" of RFC 6582. */
  private recover: number;
  private duplicateAcks = 0;
  /** Without SACK: bytes that duplicate ACKs stand for. */
  private countedBytes = 0;
  private readonly sack: boolean;
  private scoreboard: Scoreboard | undefined = undefined;
  private readonly flight: Flight;
  private readonly congestion: CongestionControl;
  private readonly counters: FrontEndCounters;

  constructor(
    flight: Flight,
    congestion: CongestionControl,
    iss: number,
    sack: boolean,
    counters: FrontEndCounters,
  ) {
    this.flight = flight;
    this.counters = counters;
    this.congestion = congestion;
    this.sack = sack;
    this.recover = iss;
    this.lostEdge = iss;
    this.resentEdge = iss;
  }

  get recovering(): boolean {
    return this.phase !== 'open';
  }

  /** Outstanding bytes that may still be in the network (RFC 6675 4, SetPipe). */
  pipeBytes(): number {
    const { sndUna, sndNxt } = this.flight;
    const from = Math.max(this.resentEdge, sndUna);
    let pipe = sndNxt - sndUna - (this.scoreboard?.bytes ?? this.countedBytes);
    if (this.lostEdge > from) {
      pipe -= this.lostEdge - from - (this.scoreboard?.bytesWithin(from, this.lostEdge) ?? 0);
    }
    return Math.max(0, pipe);
  }

  /** Where the next lost bytes begin, at or above {@link resentEdge}; {@link lostEdge} when there are none. */
  nextLost(): number {
    const from = Math.max(this.resentEdge, this.flight.sndUna);
    return Math.min(this.lostEdge, this.scoreboard?.firstMissing(from) ?? from);
  }

  /** Where the run of lost bytes that begins at `from` ends. */
  lostRunEnd(from: number): number {
    return Math.min(this.lostEdge, this.scoreboard?.nextHeld(from) ?? Infinity);
  }

  /** Takes the SACK blocks of an ACK in; true when they tell something new. */
  readSack(options: TcpOptions): boolean {
    if (!this.sack || options.sackBlocks === 0) return false;
    const { sndUna, sndNxt } = this.flight;
    let news = false;
    for (let i = 0; i < options.sackBlocks; i++) {
      const start = unwrap(options.sackEdges[2 * i]!, sndUna);
      const end = unwrap(options.sackEdges[2 * i + 1]!, sndUna);
      // A block at or below SND.UNA reports a duplicate (RFC 2883); one beyond SND.NXT is nonsense.
      if (start >= end || end <= sndUna || end > sndNxt) continue;
      this.scoreboard ??= new Scoreboard();
      if (this.scoreboard.add(Math.max(start, sndUna), end)) news = true;
    }
    return news;
  }

  /** SND.UNA moved up by `ackedBytes`; `limited` when the congestion window was what held the sender back. */
  onAdvance(ackedBytes: number, limited: boolean): void {
    const { sndUna } = this.flight;
    this.scoreboard?.advance(sndUna);
    this.duplicateAcks = 0;
    if (this.phase === 'open') {
      this.countedBytes = 0;
      if (limited) this.congestion.onAcknowledged(ackedBytes);
      if (this.scoreboard !== undefined) this.detectLoss();
    } else if (sndUna >= this.recover) {
      this.leave();
    } else if (this.phase === 'timeout') {
      this.congestion.onAcknowledged(Math.min(ackedBytes, this.flight.segmentBytes));
      this.raiseLostEdge();
    } else {
      this.onPartialAck(ackedBytes);
    }
  }

  /** An ACK that leaves SND.UNA where it is while data is outstanding; `sackNews` from {@link readSack}. */
  onDuplicate(sackNews: boolean): void {
    if (this.sack && !sackNews) return;
    this.duplicateAcks++;
    if (this.phase === 'timeout') {
      this.raiseLostEdge();
      return;
    }
    if (!this.sack) this.countSegment();
    if (this.phase === 'open') this.detectLoss();
    else this.raiseLostEdge();
  }

  /** The retransmission timer expired: everything that was sent is taken for lost. */
  onTimeout(again: boolean): void {
    const { sndUna, sndNxt } = this.flight;
    this.congestion.onTimeout(sndNxt - sndUna, again);
    // A client that dropped what it had reported (reneging, RFC 2018 8): it would have acknowledged this byte.
    if (this.scoreboard?.holds(sndUna)) this.scoreboard.clear();
    this.phase = 'timeout';
    this.recover = sndNxt;
    this.countedBytes = 0;
    this.duplicateAcks = 0;
    this.lostEdge = Math.max(this.flight.sentEdge(), this.flight.headSegmentEnd());
    this.resentEdge = sndUna;
    this.urgent = true;
  }

  private detectLoss(): void {
    const { sndUna } = this.flight;
    const reported = this.scoreboard?.lostEdge(this.flight.segmentBytes) ?? -Infinity;
    if (this.duplicateAcks < DUP_THRESH && reported <= sndUna) return;
    // Duplicate ACKs of what a timeout sent again needlessly are no sign of loss (RFC 6582 3.2, step 2).
    if (!this.sack && sndUna <= this.recover) return;
    this.counters.fastRecoveries++;
    this.phase = 'fast';
    this.recover = this.flight.sndNxt;
    this.lostEdge = Math.max(this.flight.headSegmentEnd(), reported);
    this.resentEdge = sndUna;
    this.urgent = true;
    this.congestion.onLoss(this.flight.sndNxt - sndUna);
  }

  /** Progress, but the next segment is missing as well (RFC 6582 3.2, step 3). */
  private onPartialAck(ackedBytes: number): void {
    const { sndUna } = this.flight;
    this.countedBytes = Math.max(0, this.countedBytes - Math.max(0, ackedBytes - this.flight.segmentBytes));
    this.raiseLostEdge();
    if (this.resentEdge > sndUna) return;
    this.resentEdge = sndUna;
    this.lostEdge = Math.max(this.lostEdge, this.flight.headSegmentEnd());
    this.urgent = true;
  }

  private raiseLostEdge(): void {
    if (this.scoreboard === undefined) return;
    this.lostEdge = Math.max(this.lostEdge, this.scoreboard.lostEdge(this.flight.segmentBytes));
  }

  private countSegment(): void {
    const { sndUna, sndNxt, segmentBytes } = this.flight;
    // Something is missing, so not everything can have arrived.
    this.countedBytes = Math.max(0, Math.min(this.countedBytes + segmentBytes, sndNxt - sndUna - segmentBytes));
  }

  private leave(): void {
    const { sndUna, sndNxt } = this.flight;
    if (this.phase === 'fast') this.congestion.onRecovered(sndNxt - sndUna);
    this.phase = 'open';
    this.countedBytes = 0;
    this.lostEdge = sndUna;
    this.resentEdge = sndUna;
    this.urgent = false;
  }
}
