/**
 * RACK: loss found out by time (RFC 8985 5 and 6). Bytes are lost when others that left after them have arrived,
 * and a reordering window has passed since. Two ways tell what left after what. Within a span one sender sends in
 * order, so what lies below a first transmission that arrived left before it, whatever the reports say. Between
 * spans, which different boards send, and for retransmissions only reported times count: several boards overtaking
 * each other are no loss.
 */
import type { RttEstimator } from './rtt-estimator.js';
import { Mark, type Scoreboard } from './scoreboard.js';

/** RFC 8985 6.2, step 4: recoveries for which a wider reordering window is kept. */
const WINDOW_PERSIST = 16;
/** RFC 8985 3.2: with so many segments arrived, and no reordering ever seen, nothing is waited for. */
const DUP_THRESH = 3;

export class Rack {
  /** Reordering was seen on this connection. */
  reorderingSeen = false;
  /** When what is missing now will be lost if it has not come; Infinity when nothing is in doubt. */
  timerAtUs = Infinity;
  private readonly rtt: RttEstimator;
  private readonly flight: { readonly segmentBytes: number };
  /** Sending time, end and round trip of what left last of all that arrived (RACK.xmit_ts, end_seq, rtt). */
  private xmitUs = -Infinity;
  private xmitEnd = 0;
  private rttUs = 0;
  /** The highest first transmission that arrived (RACK.fack), when it left, and when we heard. */
  private fack = -Infinity;
  private fackXmitUs = 0;
  private fackHeardUs = 0;
  /** reo_wnd_mult, reo_wnd_persist, and SND.NXT when it last grew (dsack_round). */
  private multiplier = 1;
  private persist = 0;
  private dsackRound = -Infinity;

  constructor(rtt: RttEstimator, flight: { readonly segmentBytes: number }) {
    this.rtt = rtt;
    this.flight = flight;
  }

  /** End of the highest first transmission that arrived. */
  get highestDelivered(): number {
    return this.fack;
  }

  /** Bytes up to `end` arrived, which left at `xmitUs` or later (RFC 8985 6.2, steps 1 to 3). */
  onDelivered(end: number, xmitUs: number, resent: boolean, nowUs: number): void {
    // Sooner than any round trip: the first transmission has arrived, not the repetition.
    if (resent && nowUs - xmitUs < this.rtt.minRttUs) return;
    let at = xmitUs;
    if (!resent) {
      if (end < this.fack) this.reorderingSeen = true;
      else {
        this.fack = end;
        this.fackXmitUs = at = Math.max(at, Math.min(this.fackXmitUs, nowUs));
        this.fackHeardUs = nowUs;
      }
    }
    if (at < this.xmitUs || (at === this.xmitUs && end <= this.xmitEnd)) return;
    this.xmitUs = at;
    this.xmitEnd = end;
    this.rttUs = Math.max(0, nowUs - at);
  }

  /** A repetition turned out to be needless (a DSACK, RFC 2883): more patience, once a round trip. */
  onNeedless(sndUna: number, sndNxt: number): void {
    this.reorderingSeen = true;
    if (sndUna < this.dsackRound) return;
    this.dsackRound = sndNxt;
    this.multiplier++;
    this.persist = WINDOW_PERSIST;
  }

  onRecovered(): void {
    if (--this.persist <= 0) this.multiplier = 1;
  }

  /**
   * Takes for lost what must be (step 5), and sets {@link timerAtUs}; returns how many bytes. `spanStart`: where the
   * span begins that holds {@link highestDelivered}.
   */
  detect(scoreboard: Scoreboard, spanStart: number, recovering: boolean, nowUs: number): number {
    const windowUs = this.windowUs(scoreboard, recovering);
    const lostBefore = scoreboard.lostBytes;
    this.timerAtUs = Infinity;
    for (let i = scoreboard.first; i < scoreboard.end; i++) {
      const marks = scoreboard.marksOf(i);
      if ((marks & (Mark.sacked | Mark.lost)) !== 0) continue;
      const dueUs = this.overtakenUs(scoreboard, i, marks, spanStart) + windowUs;
      if (dueUs <= nowUs) scoreboard.markLost(i);
      else this.timerAtUs = Math.min(this.timerAtUs, Math.ceil(dueUs));
    }
    return scoreboard.lostBytes - lostBefore;
  }

  /** After a timeout (6.3): only what has had its time is lost; what left just now is still waited for. */
  expire(scoreboard: Scoreboard, nowUs: number): void {
    const boundUs = Math.max(this.rttUs, this.rtt.srttUs) + this.windowUs(scoreboard, true);
    for (let i = scoreboard.first; i < scoreboard.end; i++) {
      if (scoreboard.leftUsOf(i) + boundUs <= nowUs) scoreboard.markLost(i);
    }
    this.timerAtUs = Infinity;
  }

  /** By when a record should have arrived, seeing that others have that left after it; Infinity if none has. */
  private overtakenUs(scoreboard: Scoreboard, i: number, marks: number, spanStart: number): number {
    const leftUs = scoreboard.leftUsOf(i);
    const end = scoreboard.endOf(i);
    if ((marks & Mark.resent) === 0 && scoreboard.startOf(i) >= spanStart && end <= this.fack) {
      return this.fackHeardUs - Math.max(0, this.fackXmitUs - leftUs);
    }
    if (leftUs < this.xmitUs || (leftUs === this.xmitUs && end < this.xmitEnd)) return leftUs + this.rttUs;
    return Infinity;
  }

  /** The reordering window (step 4). */
  private windowUs(scoreboard: Scoreboard, recovering: boolean): number {
    if (!this.reorderingSeen) {
      if (recovering || scoreboard.sackedSegments(this.flight.segmentBytes) >= DUP_THRESH) return 0;
    }
    return Math.min((this.multiplier * this.rtt.minRttUs) / 4, this.rtt.srttUs);
  }
}
