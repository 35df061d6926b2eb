/**
 * CUBIC (RFC 9438) with the initial window of RFC 6928, byte counting and HyStart++ (RFC 9406). Windows are kept in
 * bytes; the cubic function counts segments and seconds, as in the RFC.
 *
 * Nothing is paced. Credit is stated once a drain, in step with the ACKs of the last millisecond, and a board's own
 * link spaces what it sends; the bursts that remain (after idleness, at the end of a recovery) are bounded by
 * RFC 5681's restart window and by proportional rate reduction. A pacing timer would add statements, which are the
 * front-end's whole traffic, to smooth what is smoother already.
 */
import { initialWindow, type CongestionControl } from './congestion.js';
import { HyStart } from './hystart.js';

/** 4.6, 5: segments per second cubed; and the factor of a reduction. */
const C = 0.4;
const BETA = 0.7;
/** 4.3: additive increase that gives Reno's share with this factor. */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA);
const US_PER_S = 1e6;

export class Cubic implements CongestionControl {
  private smss: number;
  private readonly initialWindowBytes: number;
  private cwnd: number;
  private ssthresh = Infinity;
  private readonly hyStart = new HyStart();
  /** W_max and cwnd_prior, in bytes; 0 before the first loss. */
  private wMax = 0;
  private cwndPrior = 0;
  /** When this stage of congestion avoidance began; -1: it has not. */
  private epochUs = -1;
  /** K, in seconds. */
  private k = 0;
  private wEst = 0;
  // What undo() brings back.
  private undoCwnd = 0;
  private undoSsthresh = 0;
  private undoWMax = 0;
  private undoCwndPrior = 0;

  /** `synAckRepeated`: RFC 5681 3.1. */
  constructor(segmentBytes: number, synAckRepeated: boolean) {
    this.smss = segmentBytes;
    this.initialWindowBytes = initialWindow(segmentBytes, synAckRepeated);
    this.cwnd = this.initialWindowBytes;
  }

  get cwndBytes(): number {
    return this.cwnd;
  }

  get ssthreshBytes(): number {
    return this.ssthresh;
  }

  get inSlowStart(): boolean {
    return this.cwnd < this.ssthresh;
  }

  onAcknowledged(bytes: number, srttUs: number, nowUs: number): void {
    let rest = bytes;
    if (this.inSlowStart) {
      const growth = Math.min(
        this.isFirstSlowStart ? this.hyStart.growth(bytes) : bytes,
        this.ssthresh - this.cwnd,
      );
      this.cwnd += growth;
      if (this.inSlowStart) return;
      rest -= growth;
    }
    this.avoidCongestion(rest, srttUs, nowUs);
  }

  onRoundTrip(rttUs: number, sndUna: number, sndNxt: number): void {
    if (!this.isFirstSlowStart) return;
    this.hyStart.onRoundTrip(rttUs, sndUna, sndNxt);
    if (this.hyStart.finished) this.ssthresh = this.cwnd;
  }

  onLoss(flightBytes: number): void {
    this.save();
    this.reduce(flightBytes);
    this.cwnd = this.ssthresh;
  }

  onRecovered(pipeBytes: number): void {
    // No burst when little is left under way (RFC 6582 3.2, step 3, option 1).
    this.cwnd = Math.min(this.ssthresh, Math.max(pipeBytes, this.smss) + this.initialWindowBytes);
  }

  onTimeout(flightBytes: number, again: boolean): void {
    if (!again) {
      this.save();
      this.reduce(flightBytes);
    }
    this.cwnd = this.smss;
  }

  undo(): void {
    this.cwnd = Math.max(this.cwnd, this.undoCwnd);
    this.ssthresh = Math.max(this.ssthresh, this.undoSsthresh);
    this.wMax = this.undoWMax;
    this.cwndPrior = this.undoCwndPrior;
    this.epochUs = -1;
  }

  setSegmentBytes(segmentBytes: number): void {
    this.smss = segmentBytes;
  }

  onIdle(idleUs: number): void {
    this.cwnd = Math.min(this.cwnd, this.initialWindowBytes);
    // The time without sending is no time in which the window might have grown (4.2.1 and 5.8).
    if (this.epochUs >= 0) this.epochUs += idleUs;
  }

  private get isFirstSlowStart(): boolean {
    return this.ssthresh === Infinity;
  }

  /** 4.2 to 4.5. */
  private avoidCongestion(bytes: number, srttUs: number, nowUs: number): void {
    if (this.epochUs < 0) this.beginEpoch(nowUs);
    const acked = bytes / this.cwnd;
    this.wEst += (this.wEst < this.cwndPrior ? ALPHA : 1) * acked * this.smss;
    const elapsed = (nowUs - this.epochUs) / US_PER_S;
    if (this.cubicAt(elapsed) < this.wEst) {
      this.cwnd = Math.max(this.cwnd, this.wEst);
      return;
    }
    const target = Math.min(this.cubicAt(elapsed + srttUs / US_PER_S), 1.5 * this.cwnd);
    this.cwnd += Math.max(0, target - this.cwnd) * acked;
  }

  private beginEpoch(nowUs: number): void {
    this.epochUs = nowUs;
    this.wEst = this.cwnd;
    // Above W_max, or after slow start without a loss: the plateau is here (4.2, 4.10).
    if (this.cwnd >= this.wMax) this.wMax = this.cwnd;
    this.k = Math.cbrt((this.wMax - this.cwnd) / this.smss / C);
  }

  /** W_cubic(t), in bytes. */
  private cubicAt(seconds: number): number {
    return this.wMax + C * (seconds - this.k) ** 3 * this.smss;
  }

  /** 4.6 and 4.7 (fast convergence). */
  private reduce(flightBytes: number): void {
    this.wMax = this.cwnd < this.wMax ? (this.cwnd * (1 + BETA)) / 2 : this.cwnd;
    this.cwndPrior = this.cwnd;
    // What SACK and a reordering window let go out beyond the window is no reason for a larger one.
    this.ssthresh = Math.max(Math.min(flightBytes, this.cwnd) * BETA, 2 * this.smss);
    this.epochUs = -1;
  }

  private save(): void {
    this.undoCwnd = this.cwnd;
    this.undoSsthresh = this.ssthresh;
    this.undoWMax = this.wMax;
    this.undoCwndPrior = this.cwndPrior;
  }
}
