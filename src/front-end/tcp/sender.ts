/**
 * Which range of the stream goes out now: the client's window, the congestion window and recovery decide; spans
 * do it (design idea 1). SND.NXT is the granted edge: what lies below may have left, and the client may
 * acknowledge it, whether or not a board has reported so (decision 6).
 */
import { NewReno, type CongestionControl } from './congestion.js';
import type { FrontEndCounters } from '../counters.js';
import { Recovery, type Flight } from './recovery.js';
import { RttEstimator } from './rtt-estimator.js';
import type { Segment } from './segment.js';
import { SendQueue } from './send-queue.js';
import type { TcpSettings } from './settings.js';
import type { Span, SpanCarrier } from './span.js';

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
  readonly handshakeRttUs: number;
}

export class Sender implements Flight {
  readonly queue: SendQueue;
  readonly rtt: RttEstimator;
  readonly segmentBytes: number;
  /** SND.UNA and SND.NXT, unwrapped. */
  sndUna: number;
  sndNxt: number;
  /** When the retransmission timer expires; Infinity while it is off. */
  retransmitAtUs = Infinity;
  /** Gather small writes while something is outstanding (Nagle's algorithm, RFC 9293 3.7.4). */
  nagle = false;
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
  /** The congestion window was what held the sender back when it last ran. */
  private limited = false;
  private lastSendUs: number;
  /** Timeouts since the client last acknowledged anything new. */
  private timeouts = 0;
  /** One measurement at a time (RFC 6298 3): the position whose acknowledgment ends it, 0 for none. */
  private timedEnd = 0;
  private timedSinceUs = 0;
  /** Positions below were measured or sent again, and are not measured (Karn). */
  private timedUpTo = 0;

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
    if (!start.synAckRepeated) this.rtt.sample(start.handshakeRttUs);
    this.congestion = new NewReno(start.segmentBytes, start.synAckRepeated);
    this.recovery = new Recovery(this, this.congestion, start.iss, start.sack, counters);
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
    const sackNews = this.recovery.readSack(segment.options);
    const duplicate =
      ack === this.sndUna && segment.payloadBytes === 0 && !segment.fin && windowBytes === this.sndWnd;
    this.takeWindow(sequence, ack, windowBytes);
    if (ack > this.sndUna) this.advance(ack, nowUs);
    else if (this.sndNxt > this.sndUna && (sackNews || duplicate)) this.recovery.onDuplicate(sackNews);
    // A client that answers with a closed window is alive, however long it stays closed (RFC 9293 3.8.6.1).
    if (this.sndWnd === 0) this.timeouts = 0;
  }

  /** Sends what may be sent: lost ranges, then new ones, then the FIN. */
  run(nowUs: number): void {
    // Lengths may have become known since.
    this.queue.acknowledge(this.sndUna);
    this.queue.attachKnown(this.carrier);
    if (this.sndNxt === this.sndUna && nowUs - this.lastSendUs > this.rtt.rtoUs) this.congestion.onIdle();
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

  /** The retransmission timer has expired; false when the client is given up. */
  onTimeout(nowUs: number): boolean {
    this.retransmitAtUs = Infinity;
    if (this.sndUna === this.sndNxt) return true;
    this.timeouts++;
    if (this.timeouts > this.maxRetransmissions) return false;
    this.counters.retransmissionTimeouts++;
    this.rtt.backOff();
    this.recovery.onTimeout(this.timeouts > 1);
    this.forgetTiming(this.sndNxt);
    this.run(nowUs);
    return true;
  }

  /** A board reports sending up to `offset` of its span at `atUs`: timers start there (decision 6). */
  onSent(span: Span, offset: number, atUs: number): void {
    const position = this.queue.positionOf(span, offset);
    if (position <= this.sndUna) return;
    this.lastSendUs = Math.max(this.lastSendUs, atUs);
    this.time(position, atUs);
    if (this.retransmitAtUs === Infinity && this.headSent()) this.retransmitAtUs = atUs + this.rtt.rtoUs;
  }

  /** A segment of our own up to `position` leaves now. */
  onSegmentSent(position: number, nowUs: number): void {
    this.lastSendUs = nowUs;
    this.time(position, nowUs);
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

  private advance(ack: number, nowUs: number): void {
    const ackedBytes = ack - this.sndUna;
    this.sndUna = ack;
    this.timeouts = 0;
    this.retransmitAtUs = Infinity;
    this.counters.step127Emptied++;
    this.counters.step127EmptiedBytes += ackedBytes;
    if (this.timedEnd !== 0 && ack >= this.timedEnd) {
      this.timedEnd = 0;
      this.rtt.sample(Math.max(0, nowUs - this.timedSinceUs));
    }
    this.rtt.progress();
    this.queue.acknowledge(ack);
    this.recovery.onAdvance(ackedBytes, this.limited);
  }

  /** Sends lost ranges again, as far as the pipe has room. */
  private repair(nowUs: number): void {
    if (!this.recovery.recovering) return;
    let room = this.congestion.cwndBytes - this.recovery.pipeBytes();
    for (;;) {
      const from = this.recovery.nextLost();
      if (from >= this.recovery.lostEdge) return;
      if (this.recovery.urgent) room = Math.max(room, this.segmentBytes);
      this.recovery.urgent = false;
      const end = this.recovery.lostRunEnd(from);
      const to = end - from <= room ? end : from + Math.floor(room / this.segmentBytes) * this.segmentBytes;
      if (to <= from) return;
      this.recovery.resentEdge = to;
      room -= to - from;
      this.resend(from, to, nowUs);
    }
  }

  private resend(from: number, to: number, nowUs: number): void {
    this.counters.retransmittedRanges++;
    this.counters.retransmittedBytes += to - from;
    this.forgetTiming(to);
    this.queue.resend(from, Math.min(to, this.finAt));
    if (to > this.finAt) this.carrier.sendFin(this.finAt >>> 0);
    this.lastSendUs = nowUs;
    if (from === this.sndUna) this.retransmitAtUs = Infinity;
  }

  private sendNew(nowUs: number, despiteSmallWindow: boolean): void {
    const room = this.congestion.cwndBytes - this.recovery.pipeBytes();
    let edge = this.sndNxt + Math.max(0, room);
    let smallestPiece = Infinity;
    if (this.sndEdge < edge) {
      edge = this.sndEdge;
      smallestPiece = despiteSmallWindow ? 1 : Math.max(1, this.maxSndWnd / 2);
    }
    if (this.nagle) edge = Math.min(edge, this.nagleEdge());
    const sndNxt = this.queue.grant(this.sndNxt, edge, this.segmentBytes, smallestPiece);
    if (sndNxt > this.sndNxt) this.lastSendUs = nowUs;
    this.sndNxt = sndNxt;
    const pipe = this.recovery.pipeBytes();
    const cwnd = this.congestion.cwndBytes;
    this.limited = this.congestion.inSlowStart ? 2 * pipe >= cwnd : pipe + this.segmentBytes > cwnd;
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
    this.carrier.sendFin(this.finAt >>> 0);
  }

  /** RFC 6298 5.1–5.3; off while the oldest outstanding byte is granted, but has not left. */
  private startTimer(nowUs: number): void {
    if (this.sndUna === this.sndNxt || !this.headSent()) this.retransmitAtUs = Infinity;
    else if (this.retransmitAtUs === Infinity) this.retransmitAtUs = nowUs + this.rtt.rtoUs;
  }

  private time(position: number, atUs: number): void {
    if (this.timedEnd !== 0 || position <= this.timedUpTo) return;
    this.timedEnd = position;
    this.timedSinceUs = atUs;
    this.timedUpTo = position;
  }

  private forgetTiming(upTo: number): void {
    this.timedUpTo = Math.max(this.timedUpTo, upTo);
    if (this.timedEnd !== 0) this.timedEnd = 0;
  }
}
