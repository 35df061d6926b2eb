/**
 * Recovery with a client that reports what it has (SACK, RFC 2018): RACK decides what is lost, proportional rate
 * reduction how much follows, a tail loss probe asks when nothing comes, and what turns out to have been needless
 * is undone: by duplicates that the client reports (DSACK, RFC 2883), or, after a timeout, by bytes that arrive
 * although only others were sent again (F-RTO, RFC 5682 3).
 */
import type { TcpOptions } from '../../wire/tcp.js';
import type { FrontEndCounters } from '../counters.js';
import type { CongestionControl } from './congestion.js';
import { ProportionalRateReduction } from './prr.js';
import { Rack } from './rack.js';
import type { Acknowledgment, Flight, Recovery } from './recovery.js';
import { RoundTrips } from './round-trips.js';
import type { RttEstimator } from './rtt-estimator.js';
import { Scoreboard } from './scoreboard.js';
import { unwrap } from './segment.js';
import { SpuriousRecovery } from './spurious-recovery.js';
import { TailLossProbe } from './tail-loss-probe.js';

type Phase = 'open' | 'fast' | 'timeout';

export class SackRecovery implements Recovery {
  private readonly flight: Flight;
  private readonly congestion: CongestionControl;
  private readonly rtt: RttEstimator;
  private readonly counters: FrontEndCounters;
  private readonly scoreboard: Scoreboard;
  private readonly rack: Rack;
  private readonly prr: ProportionalRateReduction;
  private readonly probe: TailLossProbe;
  private readonly spurious = new SpuriousRecovery();
  private readonly roundTrips: RoundTrips;
  private phase: Phase = 'open';
  /** SND.NXT when the episode began: RecoveryPoint of RFC 6675. */
  private recoveryPoint: number;
  /** The next lost segment goes out however full the pipe is. */
  private urgent = false;
  /** F-RTO watches: nothing beyond what the timeout sent again was sent again. */
  private watchesTimeout = false;

  constructor(flight: Flight, congestion: CongestionControl, rtt: RttEstimator, counters: FrontEndCounters) {
    this.flight = flight;
    this.congestion = congestion;
    this.rtt = rtt;
    this.counters = counters;
    this.recoveryPoint = flight.sndUna;
    this.scoreboard = new Scoreboard(flight.sndUna);
    this.rack = new Rack(rtt, flight);
    this.prr = new ProportionalRateReduction(flight);
    this.probe = new TailLossProbe(rtt);
    this.roundTrips = new RoundTrips(rtt, congestion, this.rack);
  }

  get recovering(): boolean {
    return this.phase !== 'open';
  }

  get timerAtUs(): number {
    return Math.min(this.rack.timerAtUs, this.probe.atUs);
  }

  get pipeBytes(): number {
    return this.scoreboard.pipeBytes;
  }

  get roomBytes(): number {
    const room =
      this.phase === 'fast' ? this.prr.roomBytes : this.congestion.cwndBytes - this.scoreboard.pipeBytes;
    return this.urgent ? Math.max(room, this.flight.segmentBytes) : room;
  }

  nextLost(): number {
    return this.scoreboard.nextLost(this.flight.sndUna);
  }

  lostRunEnd(from: number): number {
    return this.scoreboard.lostRunEnd(from);
  }

  onGranted(to: number, nowUs: number): void {
    const bytes = to - this.scoreboard.edge;
    if (bytes <= 0) return;
    this.scoreboard.grant(to, nowUs);
    if (this.phase === 'fast') this.prr.onSent(bytes);
  }

  onLeft(from: number, to: number, atUs: number, again: boolean): void {
    this.scoreboard.markLeft(from, to, atUs, again);
    if (!again && to <= this.flight.sndUna) this.roundTrips.onLateReport(to, atUs, this.flight.sndNxt);
    this.scheduleProbe(atUs);
  }

  onResent(from: number, to: number, nowUs: number): void {
    this.urgent = false;
    this.scoreboard.resend(from, to, nowUs);
    this.spurious.onResent(from, to);
    this.roundTrips.onResent(to);
    if (this.phase === 'fast') this.prr.onSent(to - from);
  }

  onAck(acknowledgment: Acknowledgment, nowUs: number): void {
    const { ack, options, limited } = acknowledgment;
    const { flight, scoreboard, roundTrips } = this;
    const una = scoreboard.una;
    const isSackless = options.sackBlocks === 0;
    if (isSackless && ack <= una && this.phase === 'open' && !this.probe.underWay) return;
    roundTrips.begin(nowUs);
    roundTrips.originalUpTo = this.recoveryPoint;
    const needlessBytes = isSackless ? 0 : this.readDsack(options, ack);
    if (ack > una) scoreboard.acknowledge(ack, roundTrips);
    if (!isSackless) this.readSack(options);
    roundTrips.finish(una, scoreboard.una, flight.sndNxt);
    if (roundTrips.deliveredBytes > 0) this.probe.onNews();
    const isEmptyDuplicate = acknowledgment.duplicate && isSackless;
    const repaired = this.probe.onAck(ack, needlessBytes > 0, isEmptyDuplicate);
    if (repaired) this.congestion.onLoss(flight.sndNxt - una);
    if (needlessBytes > 0) this.onNeedless();
    this.advance(ack - una, limited, nowUs);
  }

  onTimer(nowUs: number): boolean {
    if (nowUs >= this.rack.timerAtUs) this.detectLoss(0, nowUs);
    if (nowUs < this.probe.atUs) return false;
    this.probe.cancel();
    this.counters.tailLossProbes++;
    return true;
  }

  onProbed(isRetransmission: boolean, nowUs: number): void {
    this.probe.onSent(this.flight.sndNxt, isRetransmission);
    this.scheduleProbe(nowUs);
  }

  /** RFC 6298 5.4 and RFC 8985 6.3. */
  onTimeout(again: boolean, nowUs: number): void {
    const { sndUna, sndNxt } = this.flight;
    this.congestion.onTimeout(sndNxt - sndUna, again);
    this.probe.forget();
    // A client that still had what it reported would have acknowledged this byte (reneging, RFC 2018 8).
    if (this.scoreboard.holds(sndUna)) this.scoreboard.forgetSacked();
    this.rack.expire(this.scoreboard, nowUs);
    this.scoreboard.loseHead(this.flight.headSegmentEnd());
    this.watchesTimeout = this.phase === 'open';
    this.phase = 'timeout';
    this.recoveryPoint = sndNxt;
    this.urgent = true;
    if (again) this.spurious.end();
    else this.spurious.begin();
  }

  onTooLarge(): void {
    const { scoreboard } = this;
    this.probe.forget();
    this.rack.timerAtUs = Infinity;
    scoreboard.loseHead(scoreboard.edge);
    this.watchesTimeout = false;
    this.spurious.end();
    this.urgent = true;
    if (this.phase !== 'open') return;
    this.phase = 'timeout';
    this.recoveryPoint = this.flight.sndNxt;
  }

  // Inside.

  /** The consequences of an ACK that moved SND.UNA by `ackedBytes`, possibly by none. */
  private advance(ackedBytes: number, limited: boolean, nowUs: number): void {
    const { deliveredBytes, originalBytes } = this.roundTrips;
    if (this.phase === 'timeout' && this.watchesTimeout && deliveredBytes > 0)
      this.judgeTimeout(originalBytes);
    if (this.phase !== 'open' && this.scoreboard.una >= this.recoveryPoint) this.leave();
    else if (this.phase === 'timeout' && ackedBytes > 0) {
      this.congestion.onAcknowledged(Math.min(ackedBytes, this.flight.segmentBytes), this.rtt.srttUs, nowUs);
    } else if (this.phase === 'open' && limited && ackedBytes > 0) {
      this.congestion.onAcknowledged(ackedBytes, this.rtt.srttUs, nowUs);
    }
    this.detectLoss(deliveredBytes, nowUs);
    this.scheduleProbe(nowUs);
  }

  private detectLoss(deliveredBytes: number, nowUs: number): void {
    const { scoreboard, rack } = this;
    rack.timerAtUs = Infinity;
    if (scoreboard.sackedBytes > 0 || this.phase !== 'open') {
      const fack = rack.highestDelivered;
      const spanStart = fack > scoreboard.una ? this.flight.spanStart(fack - 1) : fack;
      const lostBytes = rack.detect(scoreboard, spanStart, this.phase !== 'open', nowUs);
      if (lostBytes > 0 && this.phase === 'open') this.enter(deliveredBytes);
    }
    if (this.phase === 'fast') this.prr.onDelivered(deliveredBytes, scoreboard.pipeBytes);
  }

  private enter(deliveredBytes: number): void {
    const { flight, congestion } = this;
    this.counters.fastRecoveries++;
    this.phase = 'fast';
    this.recoveryPoint = flight.sndNxt;
    congestion.onLoss(flight.sndNxt - flight.sndUna);
    // What had arrived before this ACK is not under way any more (RFC 9937 6: RecoverFS).
    const { pipeBytes, lostBytes } = this.scoreboard;
    this.prr.begin(pipeBytes + lostBytes + deliveredBytes, congestion.ssthreshBytes);
    this.spurious.begin();
    this.probe.forget();
  }

  private leave(): void {
    if (this.phase === 'fast') this.congestion.onRecovered(this.scoreboard.pipeBytes);
    this.rack.onRecovered();
    this.reopen();
  }

  private reopen(): void {
    this.phase = 'open';
    this.urgent = false;
    this.watchesTimeout = false;
  }

  /** After a timeout bytes arrive that were not sent again: they, or their ACKs, had only been late (RFC 5682). */
  private judgeTimeout(originalBytes: number): void {
    this.watchesTimeout = false;
    if (originalBytes > 0) this.undo();
  }

  /** Something that was sent again had arrived before. */
  private onNeedless(): void {
    this.counters.needlessRetransmissions++;
    this.rack.onNeedless(this.flight.sndUna, this.flight.sndNxt);
    if (this.spurious.isProven) this.undo();
  }

  private undo(): void {
    this.counters.recoveriesUndone++;
    this.congestion.undo();
    this.spurious.end();
    this.scoreboard.forgetLost();
    if (this.phase !== 'open') this.reopen();
  }

  /**
   * Only once everything is known to have left. RFC 8985 7.2 probes outside of recovery; here a recovery, too, may
   * lose everything that was under way, and the shortest retransmission timeout is a hundred round trips of a LAN.
   */
  private scheduleProbe(nowUs: number): void {
    const { scoreboard, probe, flight, phase } = this;
    const isDoubtful = phase === 'open' && scoreboard.sackedBytes > 0;
    if (isDoubtful || scoreboard.pipeBytes === 0 || !this.hasLeft) probe.cancel();
    else probe.schedule(nowUs, scoreboard.pipeBytes <= flight.segmentBytes);
  }

  private get hasLeft(): boolean {
    return this.phase === 'open' ? this.scoreboard.lastLeft : this.scoreboard.allLeft;
  }

  /** A first block that lies below SEG.ACK, or within the second, reports a duplicate (RFC 2883 4). */
  private readDsack(options: TcpOptions, ack: number): number {
    const { sndUna } = this.flight;
    const start = unwrap(options.sackEdges[0]!, sndUna);
    const end = unwrap(options.sackEdges[1]!, sndUna);
    if (start >= end) return 0;
    let isDuplicate = end <= ack;
    if (!isDuplicate && options.sackBlocks > 1) {
      const outerStart = unwrap(options.sackEdges[2]!, sndUna);
      const outerEnd = unwrap(options.sackEdges[3]!, sndUna);
      isDuplicate = outerStart <= start && end <= outerEnd;
    }
    if (!isDuplicate) return 0;
    this.counters.duplicatesReported++;
    return this.spurious.onDuplicate(start, end);
  }

  /** From the lowest block up: the order of arrival is told by time, not by the order of the blocks. */
  private readSack(options: TcpOptions): void {
    const { sndUna, sndNxt } = this.flight;
    let above = sndUna;
    for (let left = options.sackBlocks; left > 0; left--) {
      let start = Infinity;
      let end = 0;
      for (let i = 0; i < options.sackBlocks; i++) {
        const from = unwrap(options.sackEdges[2 * i]!, sndUna);
        const to = unwrap(options.sackEdges[2 * i + 1]!, sndUna);
        // A block at or below SND.UNA reports a duplicate; one beyond SND.NXT is nonsense.
        if (from >= to || to <= above || to > sndNxt || from >= start) continue;
        start = Math.max(from, sndUna);
        end = to;
      }
      if (start === Infinity) return;
      this.scoreboard.sack(start, end, this.roundTrips);
      above = end;
    }
  }
}
