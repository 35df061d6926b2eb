/**
 * What one ACK delivers: how much, and what it says about the round trip. A byte's sending is known from above, by
 * its sender's report, which may come late, and from below, by its grant: the first makes the samples, the second
 * bounds the minimum (decision 6: grant time is not send time). Bytes that were sent twice measure nothing (Karn).
 */
import type { CongestionControl } from './congestion.js';
import type { Rack } from './rack.js';
import type { RttEstimator } from './rtt-estimator.js';
import type { DeliveryListener } from './scoreboard.js';

export class RoundTrips implements DeliveryListener {
  /** Of the ACK under way. */
  deliveredBytes = 0;
  /** … sent only once, and not above this position. */
  originalBytes = 0;
  originalUpTo = 0;
  private readonly rtt: RttEstimator;
  private readonly congestion: CongestionControl;
  private readonly rack: Rack | undefined;
  private nowUs = 0;
  private leftUs = -Infinity;
  private statedUs = -Infinity;
  /** Something that was sent twice arrived: what it had held up in the client measures nothing either. */
  private ambiguous = false;
  /** When SND.UNA last moved, and from where to where. */
  private movedUs = 0;
  private movedFrom = 0;
  private movedTo = 0;
  /** Bytes below were sent again at some time. */
  private resentEdge = 0;
  /** Bytes below may have waited in the client behind a hole. */
  private heldEdge = 0;

  constructor(rtt: RttEstimator, congestion: CongestionControl, rack?: Rack) {
    this.rtt = rtt;
    this.congestion = congestion;
    this.rack = rack;
  }

  begin(nowUs: number): void {
    this.nowUs = nowUs;
    this.deliveredBytes = 0;
    this.originalBytes = 0;
    this.leftUs = -Infinity;
    this.statedUs = -Infinity;
    this.ambiguous = false;
  }

  onDelivered(
    start: number,
    end: number,
    statedUs: number,
    leftUs: number,
    whole: boolean,
    resent: boolean,
  ): void {
    this.deliveredBytes += end - start;
    const isTimed = whole && leftUs !== Infinity;
    if (!resent) {
      if (end <= this.originalUpTo) this.originalBytes += end - start;
      if (isTimed) this.leftUs = Math.max(this.leftUs, leftUs);
      this.statedUs = Math.max(this.statedUs, statedUs);
    } else this.ambiguous = true;
    this.rack?.onDelivered(end, isTimed ? leftUs : statedUs, resent, this.nowUs);
  }

  /** The ACK is read: SND.UNA moved from `from` to `to`, if it did. */
  finish(from: number, to: number, sndNxt: number): void {
    if (to > from) {
      this.movedUs = this.nowUs;
      this.movedFrom = from;
      this.movedTo = to;
    }
    if (this.statedUs !== -Infinity) this.rtt.bound(this.nowUs - this.statedUs, this.nowUs);
    if (this.leftUs === -Infinity || this.ambiguous || from < this.heldEdge) return;
    this.sample(this.nowUs - this.leftUs, to, sndNxt);
  }

  onResent(to: number): void {
    this.resentEdge = Math.max(this.resentEdge, to);
  }

  /**
   * Without SACK, what lies above a hole is acknowledged when the hole is filled, perhaps in several steps, and as
   * late as that takes: such a sample would make the timeout longer, and the next one longer still. Nothing is
   * measured below `edge`, where the stream ended when the hole was filled.
   */
  onHeldUp(edge: number): void {
    this.heldEdge = Math.max(this.heldEdge, edge);
  }

  /** A report that the ACK overtook (28 before 27): bytes up to `end` left at `atUs`. */
  onLateReport(end: number, atUs: number, sndNxt: number): void {
    if (end <= this.movedFrom || end > this.movedTo || atUs >= this.movedUs) return;
    if (end <= Math.max(this.resentEdge, this.heldEdge)) return;
    this.sample(this.movedUs - atUs, this.movedTo, sndNxt);
  }

  private sample(rttUs: number, sndUna: number, sndNxt: number): void {
    this.rtt.sample(Math.max(0, rttUs));
    this.congestion.onRoundTrip(rttUs, sndUna, sndNxt);
  }
}
