/**
 * Which range of the stream goes out now: the client's window, the congestion window and recovery decide; spans
 * do it (design idea 1). SND.NXT is the granted edge: what lies below may have left, and the client may
 * acknowledge it, whether or not a board has reported so (decision 6).
 */
import type { CongestionControl } from './congestion.js';
import { Cubic } from './cubic.js';
import type { FrontEndCounters } from '../counters.js';
import { NewRenoRecovery } from './new-reno-recovery.js';
import type { Acknowledgment, Flight, Recovery } from './recovery.js';
import { RttEstimator } from './rtt-estimator.js';
import { SackRecovery } from './sack-recovery.js';
import { NO_OPTIONS, type Segment } from './segment.js';
import { SendQueue } from './send-queue.js';
import type { TcpSettings } from './settings.js';
import type { Span, SpanCarrier } from './span.js';

/** A grant of so many segments is worth a statement; less than so many are not worth waiting for. */
const GATHERED_SEGMENTS = 20;
const LEAST_SEGMENTS = 4;

export interface SenderCarrier extends SpanCarrier {
  sendFin(sequence: number): void;
}

/** What the handshake found out for the sender. */
export interface SenderStart {
  readonly iss: number;
  readonly segmentBytes: number;
  /** SND.WND of the segment that completed the handshake, scaled, and that segment's SEG.SEQ (unwrapped). */
  readonly windowBytes: number;
  readonly windowSequence: number;
  readonly sack: boolean;
  /** The SYN-ACK was repeated, so its round trip says nothing (RFC 6298 5.7, RFC 5681 3.1). */
  readonly synAckRepeated: boolean;
  /** Undefined when nobody noted when the SYN-ACK left. */
  readonly handshakeRttUs: number | undefined;
}

export class Sender implements Flight {
  readonly queue: SendQueue;
  readonly rtt: RttEstimator;
  segmentBytes: number;
  /** SND.UNA and SND.NXT, unwrapped. */
  sndUna: number;
  sndNxt: number;
  /** Gather small writes while something is outstanding (Nagle's algorithm, RFC 9293 3.7.4). */
  nagle = false;
  /** When the retransmission timer expires; Infinity while it is off. */
  private retransmitAtUs = Infinity;
  private readonly carrier: SenderCarrier;
  private readonly counters: FrontEndCounters;
  private readonly recovery: Recovery;
  private readonly congestion: CongestionControl;
  private readonly maxRetransmissions: number;
  private sndWnd: number;
  private sndWl1: number;
  private sndWl2: number;
  private maxSndWnd: number;
  /** The highest ack + window that one ACK has offered: ACKs arrive reordered, so the two are never mixed. */
  private sndEdge: number;
  private finQueued = false;
  /** Position of our FIN once it was sent, else Infinity. */
  private finAt = Infinity;
  /** What leaves now leaves again. */
  private resending = false;
  /** The congestion window was what held the sender back when it last ran. */
  private limited = false;
  private lastSendUs: number;
  private timeouts = 0;
  /** The acknowledgment under way; used again for every one. */
  private readonly acknowledgment: Acknowledgment = {
    ack: 0,
    options: NO_OPTIONS,
    duplicate: false,
    limited: false,
  };

  constructor(
    carrier: SenderCarrier,
    start: SenderStart,
    settings: TcpSettings,
    counters: FrontEndCounters,
    nowUs: number,
  ) {
    this.carrier = carrier;
    this.counters = counters;
    this.maxRetransmissions = settings.maxRetransmissions;
    this.segmentBytes = start.segmentBytes;
    this.sndUna = start.iss + 1;
    this.sndNxt = this.sndUna;
    this.sndWnd = start.windowBytes;
    this.maxSndWnd = start.windowBytes;
    this.sndWl1 = start.windowSequence;
    this.sndWl2 = this.sndUna;
    this.sndEdge = this.sndUna + start.windowBytes;
    this.lastSendUs = nowUs;
    this.queue = new SendQueue(this.sndUna);
    this.rtt = new RttEstimator(settings);
    if (start.synAckRepeated) this.rtt.doubt();
    else if (start.handshakeRttUs !== undefined) {
      this.rtt.sample(start.handshakeRttUs);
      this.rtt.bound(start.handshakeRttUs, nowUs);
    }
    this.congestion = new Cubic(start.segmentBytes, start.synAckRepeated);
    const Repair = start.sack ? SackRecovery : NewRenoRecovery;
    this.recovery = new Repair(this, this.congestion, this.rtt, counters);
  }

  get finSent(): boolean {
    return this.finAt !== Infinity;
  }

  get finAcknowledged(): boolean {
    return this.sndUna > this.finAt;
  }

  get maxWindowBytes(): number {
    return this.maxSndWnd;
  }

  /** Something waits, nothing is outstanding: only a larger window helps (RFC 9293 3.8.6.1). */
  get blockedByWindow(): boolean {
    if (this.sndUna !== this.sndNxt || this.finSent) return false;
    return this.queue.readyEdge(this.sndNxt) > this.sndNxt || (this.finQueued && this.queue.allSent);
  }

  /** No more spans follow: a FIN goes out after the last one. */
  finish(): void {
    this.finQueued = true;
  }

  get finishing(): boolean {
    return this.finQueued;
  }

  /** Takes an acceptable acknowledgment in (SND.UNA - MAX.SND.WND ≤ `ack` ≤ SND.NXT); sends nothing yet. */
  onAck(segment: Segment, sequence: number, ack: number, windowBytes: number, nowUs: number): void {
    const { acknowledgment } = this;
    acknowledgment.ack = ack;
    acknowledgment.options = segment.options;
    acknowledgment.limited = this.limited;
    acknowledgment.duplicate =
      ack === this.sndUna &&
      this.sndNxt > this.sndUna &&
      segment.payloadBytes === 0 &&
      !segment.fin &&
      windowBytes === this.sndWnd;
    this.takeWindow(sequence, ack, windowBytes);
    if (ack > this.sndUna) this.advance(ack);
    this.recovery.onAck(acknowledgment, nowUs);
    // A client that answers with a closed window is alive, however long it stays closed (RFC 9293 3.8.6.1).
    if (this.sndWnd === 0) this.timeouts = 0;
  }

  /** Sends what may be sent: lost ranges, then new ones, then the FIN. */
  run(nowUs: number): void {
    // Lengths may have become known since.
    this.queue.acknowledge(this.sndUna);
    this.queue.attachKnown(this.carrier);
    const idleUs = nowUs - this.lastSendUs;
    if (this.sndNxt === this.sndUna && idleUs > this.rtt.rtoUs) this.congestion.onIdle(idleUs);
    this.repair(nowUs);
    this.sendNew(nowUs, false);
    this.sendFin(nowUs);
    this.startTimer(nowUs);
  }

  /** The override of silly-window avoidance: after a pause even a small piece goes (RFC 9293 3.8.6.2.1). */
  sendDespiteSmallWindow(nowUs: number): void {
    this.sendNew(nowUs, true);
    this.startTimer(nowUs);
  }

  /** When {@link onTimer} has something to do; Infinity for never. */
  get timerAtUs(): number {
    return Math.min(this.retransmitAtUs, this.recovery.timerAtUs);
  }

  /** Time has passed; false when the client is given up. */
  onTimer(nowUs: number): boolean {
    // A probe that is due together with the timeout goes first, and the timer starts anew (RFC 8985 7.3).
    if (this.recovery.onTimer(nowUs)) this.probeTail(nowUs);
    else if (nowUs >= this.retransmitAtUs) return this.onTimeout(nowUs);
    this.run(nowUs);
    return true;
  }

  /** Timeouts since the client last acknowledged anything new. */
  get timeoutsInARow(): number {
    return this.timeouts;
  }

  /** The path takes no more than this: what is under way is sent again in smaller segments. */
  shrinkSegments(segmentBytes: number): void {
    this.segmentBytes = segmentBytes;
    this.congestion.setSegmentBytes(segmentBytes);
    this.queue.templateChanged();
    if (this.sndUna === this.sndNxt) return;
    this.recovery.onTooLarge();
    this.retransmitAtUs = Infinity;
  }

  /** A board reports sending up to `offset` of its span at `atUs`: timers start there (decision 6). */
  onSent(span: Span, offset: number, atUs: number): void {
    const start = this.queue.positionOf(span, 0);
    const position = start + offset;
    if (start < 0) return;
    this.recovery.onLeft(start, position, atUs, false);
    if (position <= this.sndUna) return;
    this.lastSendUs = Math.max(this.lastSendUs, atUs);
    if (this.retransmitAtUs === Infinity && this.headSent()) this.retransmitAtUs = atUs + this.rtt.rtoUs;
  }

  /** … and of sending [from, to) of it again. */
  onResent(span: Span, from: number, to: number, atUs: number): void {
    const start = this.queue.positionOf(span, 0);
    if (start >= 0) this.recovery.onLeft(start + from, start + to, atUs, true);
  }

  /** A segment of our own with `length` bytes up to `end` leaves now; `end` may be a retransmission's. */
  onSegmentSent(end: number, length: number, nowUs: number): void {
    this.lastSendUs = nowUs;
    this.recovery.onGranted(end, nowUs);
    this.recovery.onLeft(end - length, end, nowUs, this.resending);
  }

  spanStart(position: number): number {
    return this.queue.spanStart(position);
  }

  headSegmentEnd(): number {
    if (this.sndUna >= this.finAt) return this.sndNxt;
    return Math.min(this.sndUna + this.segmentBytes, this.queue.headEnd, this.sndNxt);
  }

  sentEdge(): number {
    return this.finSent ? this.sndNxt : this.queue.sentEdge(this.sndUna);
  }

  private headSent(): boolean {
    return this.sndUna >= this.finAt || this.queue.headSent(this.sndUna);
  }

  private takeWindow(sequence: number, ack: number, windowBytes: number): void {
    this.maxSndWnd = Math.max(this.maxSndWnd, windowBytes);
    this.sndEdge = Math.max(this.sndEdge, ack + windowBytes);
    if (ack < this.sndUna) return;
    if (sequence < this.sndWl1 || (sequence === this.sndWl1 && ack < this.sndWl2)) return;
    this.sndWnd = windowBytes;
    this.sndWl1 = sequence;
    this.sndWl2 = ack;
  }

  private advance(ack: number): void {
    const ackedBytes = ack - this.sndUna;
    this.sndUna = ack;
    this.timeouts = 0;
    this.retransmitAtUs = Infinity;
    this.counters.step127Emptied++;
    this.counters.step127EmptiedBytes += ackedBytes;
    this.rtt.progress();
    this.queue.acknowledge(ack);
  }

  private onTimeout(nowUs: number): boolean {
    this.retransmitAtUs = Infinity;
    if (this.sndUna === this.sndNxt) return true;
    this.timeouts++;
    if (this.timeouts > this.maxRetransmissions) return false;
    this.counters.retransmissionTimeouts++;
    this.rtt.backOff();
    this.recovery.onTimeout(this.timeouts > 1, nowUs);
    this.run(nowUs);
    return true;
  }

  /**
   * RFC 8985 7.3: one more segment, whatever the congestion window says. If there is none, the last one again;
   * during a recovery, when the client may have the last one, the first.
   */
  private probeTail(nowUs: number): void {
    const sndNxt = this.sndNxt;
    this.grant(Math.min(sndNxt + this.segmentBytes, this.sndEdge), 1, nowUs);
    const isRetransmission = this.sndNxt === sndNxt;
    if (isRetransmission) {
      if (this.recovery.recovering) this.resend(this.sndUna, this.headSegmentEnd(), nowUs);
      else this.resend(Math.max(this.sndUna, sndNxt - this.segmentBytes), sndNxt, nowUs);
    }
    this.recovery.onProbed(isRetransmission, nowUs);
    this.retransmitAtUs = Infinity;
  }

  /** Sends lost ranges again, as far as there is room, and as spans can take it. */
  private repair(nowUs: number): void {
    const { recovery, segmentBytes } = this;
    if (!recovery.recovering) return;
    for (;;) {
      const from = recovery.nextLost();
      if (from < 0 || !this.queue.canResend(from)) return;
      const room = recovery.roomBytes;
      const end = recovery.lostRunEnd(from);
      const to = end - from <= room ? end : from + Math.floor(room / segmentBytes) * segmentBytes;
      if (to <= from) return;
      this.resend(from, to, nowUs);
    }
  }

  private resend(from: number, to: number, nowUs: number): void {
    this.counters.retransmittedRanges++;
    this.counters.retransmittedBytes += to - from;
    this.recovery.onResent(from, to, nowUs);
    this.resending = true;
    this.queue.resend(from, Math.min(to, this.finAt));
    if (to > this.finAt) this.emitFin(nowUs);
    this.resending = false;
    this.lastSendUs = nowUs;
    if (from === this.sndUna) this.retransmitAtUs = Infinity;
  }

  private sendNew(nowUs: number, despiteSmallWindow: boolean): void {
    const room = this.recovery.roomBytes;
    let edge = this.sndNxt + Math.max(0, room);
    let smallestPiece = Infinity;
    if (this.sndEdge < edge) {
      edge = this.sndEdge;
      smallestPiece = despiteSmallWindow ? 1 : Math.max(1, this.maxSndWnd / 2);
    }
    if (this.nagle) edge = Math.min(edge, this.nagleEdge());
    const gathers = this.gathers(edge);
    if (!gathers) this.grant(edge, smallestPiece, nowUs);
    const pipe = this.recovery.pipeBytes;
    const cwnd = this.congestion.cwndBytes;
    this.limited =
      (gathers && edge < this.sndEdge) ||
      (this.congestion.inSlowStart ? 2 * pipe >= cwnd : pipe + this.segmentBytes > cwnd);
  }

  /**
   * Grants are the front-end's traffic: while much is under way, so that ACKs are sure to come, a small one waits for
   * what they make room for. As TCP offload to a NIC has it, but without a timer.
   */
  private gathers(edge: number): boolean {
    if (this.recovery.recovering) return false;
    const wantedBytes = Math.min((this.sndNxt - this.sndUna) / 8, GATHERED_SEGMENTS * this.segmentBytes);
    if (wantedBytes < LEAST_SEGMENTS * this.segmentBytes || edge - this.sndNxt >= wantedBytes) return false;
    return this.queue.readyEdge(this.sndNxt) > edge;
  }

  private grant(edge: number, smallestPiece: number, nowUs: number): void {
    const sndNxt = this.queue.grant(this.sndNxt, edge, this.segmentBytes, smallestPiece);
    if (sndNxt === this.sndNxt) return;
    this.sndNxt = sndNxt;
    this.lastSendUs = nowUs;
    this.recovery.onGranted(sndNxt, nowUs);
  }

  /** While something is outstanding, an incomplete last segment waits. */
  private nagleEdge(): number {
    if (this.sndUna === this.sndNxt || this.finQueued) return Infinity;
    const ready = this.queue.readyEdge(this.sndNxt) - this.sndNxt;
    return this.sndNxt + Math.floor(ready / this.segmentBytes) * this.segmentBytes;
  }

  private sendFin(nowUs: number): void {
    if (!this.finQueued || this.finSent || !this.queue.allSent || this.sndNxt >= this.sndEdge) return;
    this.finAt = this.sndNxt;
    this.sndNxt += 1;
    this.lastSendUs = nowUs;
    this.recovery.onGranted(this.sndNxt, nowUs);
    this.emitFin(nowUs);
  }

  private emitFin(nowUs: number): void {
    this.carrier.sendFin(this.finAt >>> 0);
    this.recovery.onLeft(this.finAt, this.finAt + 1, nowUs, this.resending);
  }

  /** RFC 6298 5.1–5.3; off while the oldest outstanding byte is granted, but has not left. */
  private startTimer(nowUs: number): void {
    if (this.sndUna === this.sndNxt || !this.headSent()) this.retransmitAtUs = Infinity;
    else if (this.retransmitAtUs === Infinity) this.retransmitAtUs = nowUs + this.rtt.rtoUs;
  }
}
