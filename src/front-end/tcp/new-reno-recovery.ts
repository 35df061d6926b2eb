/**
 * Recovery with a client that does not report what it has: three duplicate ACKs mean a loss, each duplicate stands
 * for one segment that arrived, and a partial acknowledgment shows the next loss (NewReno, RFC 5681 3.2, RFC 6582).
 * Below {@link NewRenoRecovery.lostEdge} everything is lost, below {@link NewRenoRecovery.resentEdge} it is already
 * on its way again.
 */
import type { FrontEndCounters } from '../counters.js';
import type { CongestionControl } from './congestion.js';
import type { Acknowledgment, Flight, Recovery } from './recovery.js';
import { RoundTrips } from './round-trips.js';
import type { RttEstimator } from './rtt-estimator.js';
import { Scoreboard } from './scoreboard.js';

const DUP_THRESH = 3;

type Phase = 'open' | 'fast' | 'timeout';

export class NewRenoRecovery implements Recovery {
  /** Losses show themselves by ACKs, and by the retransmission timer. */
  readonly timerAtUs = Infinity;
  private readonly flight: Flight;
  private readonly congestion: CongestionControl;
  private readonly rtt: RttEstimator;
  private readonly counters: FrontEndCounters;
  /** Times of sending, for the round trip. */
  private readonly scoreboard: Scoreboard;
  private readonly roundTrips: RoundTrips;
  private lostEdge: number;
  private resentEdge: number;
  /** The next lost segment goes out however full the pipe is. */
  private urgent = false;
  private phase: Phase = 'open';
  /** SND.NXT when the episode began ("recover"). */
  private recover: number;
  private duplicateAcks = 0;
  /** Bytes that duplicate ACKs stand for. */
  private countedBytes = 0;

  constructor(flight: Flight, congestion: CongestionControl, rtt: RttEstimator, counters: FrontEndCounters) {
    const { sndUna } = flight;
    this.flight = flight;
    this.congestion = congestion;
    this.rtt = rtt;
    this.counters = counters;
    this.scoreboard = new Scoreboard(sndUna);
    this.roundTrips = new RoundTrips(rtt, congestion);
    this.recover = sndUna - 1;
    this.lostEdge = sndUna;
    this.resentEdge = sndUna;
  }

  get recovering(): boolean {
    return this.phase !== 'open';
  }

  get pipeBytes(): number {
    const { sndUna, sndNxt } = this.flight;
    const lost = Math.max(0, this.lostEdge - Math.max(this.resentEdge, sndUna));
    return Math.max(0, sndNxt - sndUna - this.countedBytes - lost);
  }

  get roomBytes(): number {
    const room = this.congestion.cwndBytes - this.pipeBytes;
    return this.urgent ? Math.max(room, this.flight.segmentBytes) : room;
  }

  nextLost(): number {
    const from = Math.max(this.resentEdge, this.flight.sndUna);
    return from < this.lostEdge ? from : -1;
  }

  lostRunEnd(): number {
    return this.lostEdge;
  }

  onGranted(to: number, nowUs: number): void {
    this.scoreboard.grant(to, nowUs);
  }

  onLeft(from: number, to: number, atUs: number, again: boolean): void {
    this.scoreboard.markLeft(from, to, atUs, again);
    if (!again && to <= this.flight.sndUna) this.roundTrips.onLateReport(to, atUs, this.flight.sndNxt);
  }

  onResent(from: number, to: number, nowUs: number): void {
    this.urgent = false;
    this.resentEdge = to;
    this.scoreboard.resend(from, to, nowUs);
    this.roundTrips.onResent(to);
    this.roundTrips.onHeldUp(this.flight.sndNxt);
  }

  onAck({ ack, duplicate, limited }: Acknowledgment, nowUs: number): void {
    const una = this.scoreboard.una;
    if (ack > una) {
      this.roundTrips.begin(nowUs);
      this.scoreboard.acknowledge(ack, this.roundTrips);
      this.roundTrips.finish(una, ack, this.flight.sndNxt);
      this.onAdvance(ack - una, limited, nowUs);
    } else if (duplicate) this.onDuplicate();
  }

  onTimer(): boolean {
    return false;
  }

  onProbed(): void {
    // Probes need SACK (RFC 8985 7.2).
  }

  onTimeout(again: boolean): void {
    const { sndUna, sndNxt } = this.flight;
    this.congestion.onTimeout(sndNxt - sndUna, again);
    this.lose(Math.max(this.flight.sentEdge(), this.flight.headSegmentEnd()));
  }

  /** What was handed out, and is not known to have left, leaves meanwhile in the old size. */
  onTooLarge(): void {
    this.lose(this.flight.sndNxt);
  }

  private lose(edge: number): void {
    const { sndUna, sndNxt } = this.flight;
    this.phase = 'timeout';
    this.recover = sndNxt;
    this.countedBytes = 0;
    this.duplicateAcks = 0;
    this.lostEdge = edge;
    this.resentEdge = sndUna;
    this.urgent = true;
  }

  private onAdvance(ackedBytes: number, limited: boolean, nowUs: number): void {
    this.duplicateAcks = 0;
    if (this.phase === 'open') {
      this.countedBytes = 0;
      if (limited) this.congestion.onAcknowledged(ackedBytes, this.rtt.srttUs, nowUs);
    } else if (this.flight.sndUna >= this.recover) {
      this.leave();
    } else if (this.phase === 'timeout') {
      const grownBytes = Math.min(ackedBytes, this.flight.segmentBytes);
      this.congestion.onAcknowledged(grownBytes, this.rtt.srttUs, nowUs);
    } else {
      this.onPartialAck(ackedBytes);
    }
  }

  private onDuplicate(): void {
    this.duplicateAcks++;
    if (this.phase === 'timeout') return;
    this.countSegment();
    if (this.phase === 'open' && this.duplicateAcks >= DUP_THRESH) this.enter();
  }

  private enter(): void {
    const { sndUna, sndNxt } = this.flight;
    // Duplicate ACKs of what a timeout sent again needlessly are no sign of loss (RFC 6582 3.2, step 2).
    if (sndUna <= this.recover) return;
    this.counters.fastRecoveries++;
    this.phase = 'fast';
    this.recover = sndNxt;
    this.lostEdge = this.flight.headSegmentEnd();
    this.resentEdge = sndUna;
    this.urgent = true;
    this.congestion.onLoss(sndNxt - sndUna);
  }

  /** Progress, but the next segment is missing as well (RFC 6582 3.2, step 3). */
  private onPartialAck(ackedBytes: number): void {
    const { sndUna } = this.flight;
    this.countedBytes = Math.max(0, this.countedBytes - Math.max(0, ackedBytes - this.flight.segmentBytes));
    if (this.resentEdge > sndUna) return;
    this.resentEdge = sndUna;
    this.lostEdge = this.flight.headSegmentEnd();
    this.urgent = true;
  }

  private countSegment(): void {
    const { sndUna, sndNxt, segmentBytes } = this.flight;
    // Something is missing, so not everything can have arrived.
    this.countedBytes = Math.max(
      0,
      Math.min(this.countedBytes + segmentBytes, sndNxt - sndUna - segmentBytes),
    );
  }

  private leave(): void {
    const { sndUna } = this.flight;
    if (this.phase === 'fast') this.congestion.onRecovered(this.pipeBytes);
    this.phase = 'open';
    this.countedBytes = 0;
    this.lostEdge = sndUna;
    this.resentEdge = sndUna;
    this.urgent = false;
  }
}
