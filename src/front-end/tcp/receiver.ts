/**
 * The receiving half of a connection: RCV.NXT, the window that is offered, what waits for the program, and when
 * the client is owed an ACK. Positions are unwrapped sequence numbers.
 */
import type { FrontEndCounters } from '../counters.js';
import { Reassembly } from './reassembly.js';
import type { Segment } from './segment.js';

/** The scale that makes `bytes` fit the window field (RFC 7323 2.3). */
export function windowShift(bytes: number): number {
  let shift = 0;
  while (bytes > 0xffff * 2 ** shift) shift++;
  return shift;
}

/** A client with less window than this may be waiting for more. */
const NARROW_BYTES = 0x8000;

export class Receiver {
  /** RCV.NXT. */
  rcvNxt: number;
  /** Last.ACK.sent (RFC 7323 4.3). */
  lastAckSent: number;
  /** The client's FIN is part of the stream up to RCV.NXT. */
  finished = false;
  /** An ACK is owed at the end of this batch, or when the delayed-ACK timer expires. */
  ackNow = false;
  ackAtUs = Infinity;
  readonly reassembly = new Reassembly();
  private readonly capacityBytes: number;
  private readonly shift: number;
  private readonly segmentBytes: number;
  private readonly delayedAckUs: number;
  private readonly counters: FrontEndCounters;
  /** In order, and not yet taken by the program. */
  private readonly arrived: Buffer[] = [];
  private arrivedBytes = 0;
  private unacknowledgedBytes = 0;
  /** The right edge that was offered; it never moves back (RFC 9293 3.8.6.2.2). */
  private rcvAdv: number;
  /** Position of a FIN that came ahead of its turn. */
  private finAt = Infinity;

  /**
   * `rcvNxt`: after the SYN. `offeredBytes`: the window of the SYN-ACK. `shift`: 0 when scaling was not agreed.
   */
  constructor(
    rcvNxt: number,
    capacityBytes: number,
    offeredBytes: number,
    shift: number,
    segmentBytes: number,
    delayedAckUs: number,
    counters: FrontEndCounters,
  ) {
    this.rcvNxt = rcvNxt;
    this.lastAckSent = rcvNxt;
    this.rcvAdv = rcvNxt + offeredBytes;
    this.capacityBytes = Math.min(capacityBytes, 0xffff * 2 ** shift);
    this.shift = shift;
    this.segmentBytes = segmentBytes;
    this.delayedAckUs = delayedAckUs;
    this.counters = counters;
  }

  /** RCV.WND. */
  get windowBytes(): number {
    return Math.max(0, this.rcvAdv - this.rcvNxt);
  }

  /**
   * The window field of a segment that leaves now. The edge moves in steps worth a segment (silly-window
   * avoidance, RFC 9293 3.8.6.2.2).
   */
  offer(): number {
    const edge = this.bufferEdge;
    if (edge - this.rcvAdv >= Math.min(this.capacityBytes / 2, this.segmentBytes)) this.rcvAdv = edge;
    const unit = 2 ** this.shift;
    const field = Math.min(0xffff, Math.ceil(this.windowBytes / unit));
    // Rounding up keeps the edge where it was offered; it may lie less than a unit beyond the buffer.
    this.rcvAdv = Math.max(this.rcvAdv, this.rcvNxt + field * unit);
    return field;
  }

  /** The program has read: true when the client should hear of it now and not with the next ACK. */
  get updateDue(): boolean {
    if (this.finished || this.windowBytes >= Math.min(this.capacityBytes / 4, NARROW_BYTES)) return false;
    return this.bufferEdge - this.rcvAdv >= this.segmentBytes;
  }

  /**
   * Takes the text and the FIN of an acceptable segment whose first text byte is at `position`. Returns true when
   * an ACK must leave at once (RFC 5681 4.2: something is missing, or a gap was filled, or it was a duplicate).
   */
  onText(segment: Segment, position: number, nowUs: number): boolean {
    const end = position + segment.payloadBytes;
    if (segment.fin) this.finAt = Math.min(this.finAt, end);
    const from = Math.max(position, this.rcvNxt);
    const to = Math.min(end, this.rcvAdv);
    if (end <= this.rcvNxt && !segment.fin) {
      this.counters.duplicateSegments++;
      return true;
    }
    if (from > this.rcvNxt) {
      this.counters.outOfOrderSegments++;
      const kept = this.reassembly.insert(
        from,
        segment.frame,
        segment.payloadAt + from - position,
        to - from,
      );
      if (!kept) this.counters.outOfOrderRefused++;
      return true;
    }
    const filled = !this.reassembly.empty;
    if (to > from) {
      const at = segment.payloadAt + from - position;
      this.accept(Buffer.from(segment.frame.subarray(at, at + to - from)));
    }
    for (let next = this.reassembly.take(this.rcvNxt); next; next = this.reassembly.take(this.rcvNxt)) {
      this.accept(next);
    }
    this.oweAck(to - from, nowUs);
    this.takeFin();
    return filled || to < end;
  }

  /** The program takes what has arrived, piece by piece. */
  takeArrived(): Buffer | undefined {
    const chunk = this.arrived.shift();
    if (chunk !== undefined) this.arrivedBytes -= chunk.length;
    return chunk;
  }

  get unreadBytes(): number {
    return this.arrivedBytes;
  }

  /** A segment with the current acknowledgment left. */
  onAckSent(): void {
    this.lastAckSent = this.rcvNxt;
    this.unacknowledgedBytes = 0;
    this.ackNow = false;
    this.ackAtUs = Infinity;
  }

  private get bufferEdge(): number {
    return this.rcvNxt + Math.max(0, this.capacityBytes - this.arrivedBytes);
  }

  private accept(bytes: Buffer): void {
    this.arrived.push(bytes);
    this.arrivedBytes += bytes.length;
    this.rcvNxt += bytes.length;
    this.counters.bytesReceived += bytes.length;
  }

  /** At least every second segment is acknowledged within its batch (RFC 9293 3.8.6.3). */
  private oweAck(bytes: number, nowUs: number): void {
    this.unacknowledgedBytes += bytes;
    if (this.unacknowledgedBytes >= 2 * this.segmentBytes) this.ackNow = true;
    else if (this.ackAtUs === Infinity) this.ackAtUs = nowUs + this.delayedAckUs;
  }

  private takeFin(): void {
    if (this.finished || this.rcvNxt < this.finAt) return;
    this.finished = true;
    this.rcvNxt += 1;
    this.ackNow = true;
  }
}
