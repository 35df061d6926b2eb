/**
 * The stream as an ordered list of spans (design idea 1). Positions are unwrapped sequence numbers; a span has
 * one once every span before it has a known length, and only then is it attached.
 */
import { LocalSpan } from './local-span.js';
import type { Span, SpanCarrier } from './span.js';

class QueuedSpan {
  readonly span: Span;
  /** Position of offset 0, once attached. */
  start = 0;
  /** Offsets below were given to {@link Span.send}. */
  granted = 0;
  acknowledged = 0;

  constructor(span: Span) {
    this.span = span;
  }

  get end(): number {
    return this.start + (this.span.length ?? Infinity);
  }
}

export class SendQueue {
  private readonly queued: QueuedSpan[] = [];
  private attachedCount = 0;
  /** Index of the first span that is not granted to its end. */
  private grantIndex = 0;
  /** Where the first queued span begins. */
  private base: number;
  /** Bytes of delegated spans that have left the queue, as far as they were acknowledged. */
  private dequeuedDelegated = 0;

  /** `base`: position of the stream's first byte. */
  constructor(base: number) {
    this.base = base;
  }

  get empty(): boolean {
    return this.queued.length === 0;
  }

  /** Bytes that the client has acknowledged of spans that are not the front-end's own. */
  get delegatedBytes(): number {
    return this.dequeuedDelegated + delegatedBytesOf(this.queued[0]);
  }

  append(span: Span): void {
    this.queued.push(new QueuedSpan(span));
  }

  /** Copies bytes to the end of the stream; small writes share a span, and so segments. */
  appendCopy(bytes: Uint8Array): void {
    const last = this.queued[this.queued.length - 1]?.span;
    if (last instanceof LocalSpan && last.append(bytes)) {
      this.grantIndex = Math.min(this.grantIndex, this.queued.length - 1);
      return;
    }
    this.append(LocalSpan.copyOf(bytes));
  }

  /** Attaches every span whose position is known. */
  attachKnown(carrier: SpanCarrier): void {
    while (this.attachedCount < this.queued.length) {
      const before = this.queued[this.attachedCount - 1];
      const start = before === undefined ? this.base : before.end;
      if (start === Infinity) return;
      const next = this.queued[this.attachedCount]!;
      next.start = start;
      this.attachedCount++;
      next.span.attach(carrier, start >>> 0);
    }
  }

  /**
   * Grants what is ready, in order, from `from` (the granted edge) up to the windows' `edge`; returns the new
   * granted edge. Where the edge cuts, it cuts whole segments, or a piece of `smallestPiece` or more.
   */
  grant(from: number, edge: number, segmentBytes: number, smallestPiece: number): number {
    let position = from;
    while (this.grantIndex < this.attachedCount) {
      const queued = this.queued[this.grantIndex]!;
      const ready = queued.start + queued.span.ready;
      const to = position + piece(ready - position, edge - position, segmentBytes, smallestPiece);
      if (to > position) {
        position = to;
        queued.granted = to - queued.start;
        queued.span.send(queued.granted);
      }
      if (position < queued.end) break;
      this.grantIndex++;
    }
    return position;
  }

  /** The position up to which bytes are ready, from the granted edge `from`. */
  readyEdge(from: number): number {
    let edge = from;
    for (let i = this.grantIndex; i < this.attachedCount; i++) {
      const queued = this.queued[i]!;
      edge = queued.start + queued.span.ready;
      if (edge < queued.end) break;
    }
    return edge;
  }

  /** Asks the spans in [from, to) to send again what was granted of it. */
  resend(from: number, to: number): void {
    for (let i = 0; i < this.attachedCount; i++) {
      const { span, start, granted } = this.queued[i]!;
      const first = Math.max(from - start, 0);
      const last = Math.min(to - start, granted);
      if (first < last) span.resend(first, last);
    }
  }

  /** False while the span that holds `from` can't take another range to be sent again. */
  canResend(from: number): boolean {
    for (let i = 0; i < this.attachedCount; i++) {
      const { span, start, granted } = this.queued[i]!;
      if (from < start + granted) return span.canResend;
    }
    return true;
  }

  /** Where the span begins that holds `position`. */
  spanStart(position: number): number {
    for (let i = this.attachedCount - 1; i >= 0; i--) {
      const { start } = this.queued[i]!;
      if (start <= position) return start;
    }
    return position;
  }

  /** The client has everything below `sndUna`: tells the spans, and lets go of those that are complete. */
  acknowledge(sndUna: number): void {
    while (this.attachedCount > 0) {
      const head = this.queued[0]!;
      const offset = sndUna - head.start;
      const length = head.span.length;
      if (length !== undefined && offset >= length) {
        this.dropHead(head);
        head.span.acknowledge(length);
        continue;
      }
      if (offset > head.acknowledged) {
        head.acknowledged = offset;
        head.span.acknowledge(offset);
      }
      return;
    }
  }

  /** True when the byte at `sndUna` is known to have left. */
  headSent(sndUna: number): boolean {
    const head = this.queued[0];
    return head !== undefined && this.attachedCount > 0 && head.start + head.span.sentUpTo > sndUna;
  }

  /** End of the first span; Infinity when it is unknown or there is none. */
  get headEnd(): number {
    return this.attachedCount > 0 ? this.queued[0]!.end : Infinity;
  }

  /** The highest position that is known to have left, at least `sndUna`. */
  sentEdge(sndUna: number): number {
    let edge = sndUna;
    for (let i = 0; i < this.attachedCount; i++) {
      const { span, start } = this.queued[i]!;
      if (span.sentUpTo > 0) edge = Math.max(edge, start + span.sentUpTo);
    }
    return edge;
  }

  /** True when every byte of every span has left, as far as spans report. */
  get allSent(): boolean {
    for (const { span } of this.queued) {
      if (span.length === undefined || span.sentUpTo < span.length) return false;
    }
    return this.attachedCount === this.queued.length;
  }

  /** Position of `offset` in an attached span; -1 when the span is not (or no longer) in the queue. */
  positionOf(span: Span, offset: number): number {
    for (let i = 0; i < this.attachedCount; i++) {
      if (this.queued[i]!.span === span) return this.queued[i]!.start + offset;
    }
    return -1;
  }

  /** Tells the spans that hold grants which have not left. */
  pairChanged(): void {
    for (let i = 0; i < this.attachedCount; i++) {
      const { span, granted } = this.queued[i]!;
      if (span.sentUpTo < granted) span.pairChanged();
    }
  }

  /** Tells all spans: each may have to send something again. */
  templateChanged(): void {
    for (let i = 0; i < this.attachedCount; i++) this.queued[i]!.span.templateChanged();
  }

  /**
   * True while there is room for another write: at most `maxBytes` held here or not yet granted, in at most
   * `maxSpans` spans, none of them of unknown length.
   */
  hasRoom(maxBytes: number, maxSpans: number): boolean {
    if (this.queued.length > maxSpans) return false;
    let bytes = 0;
    for (const { span, granted } of this.queued) {
      if (span instanceof LocalSpan) bytes += span.heldBytes;
      else bytes += (span.length ?? Infinity) - granted;
    }
    return bytes <= maxBytes;
  }

  /** Copies what is held by reference, so that its writer may have it back. */
  ownBytes(): void {
    for (const { span } of this.queued) if (span instanceof LocalSpan) span.own();
  }

  /** Ends every span; true when one of them was delegated and had a grant, so that a board may still send. */
  abandon(): boolean {
    let granted = false;
    this.dequeuedDelegated = this.delegatedBytes;
    const queued = this.queued.splice(0);
    this.attachedCount = 0;
    this.grantIndex = 0;
    for (const entry of queued) {
      if (!(entry.span instanceof LocalSpan) && entry.granted > 0) granted = true;
      entry.span.abandon();
    }
    return granted;
  }

  private dropHead(head: QueuedSpan): void {
    this.base = head.end;
    head.acknowledged = head.span.length ?? head.acknowledged;
    this.dequeuedDelegated += delegatedBytesOf(head);
    this.queued.shift();
    this.attachedCount--;
    if (this.grantIndex > 0) this.grantIndex--;
  }
}

function delegatedBytesOf(head: QueuedSpan | undefined): number {
  return head === undefined || head.span instanceof LocalSpan ? 0 : head.acknowledged;
}

/** How many of `available` bytes to grant where `allowed` are: whole segments, unless it is all there is. */
function piece(available: number, allowed: number, segmentBytes: number, smallestPiece: number): number {
  if (available <= allowed) return Math.max(0, available);
  const whole = Math.floor(allowed / segmentBytes) * segmentBytes;
  if (whole > 0) return whole;
  return allowed >= smallestPiece ? allowed : 0;
}
