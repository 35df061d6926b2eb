/**
 * A span whose bytes lie in the front-end's memory: headers, small answers, whatever a program writes itself
 * ("a conventional TCP packet", [0019]). They stay until acknowledged.
 */
import type { Span, SpanCarrier } from './span.js';

/** Up to here small writes are gathered into one span, so that they share segments. */
const GATHER_BYTES = 0x1_0000;
const FIRST_CAPACITY_BYTES = 2048;

export class LocalSpan implements Span {
  onDone: ((error?: Error) => void) | undefined = undefined;
  private bytes: Uint8Array;
  /** The bytes belong to the writer, who may change them once the write is complete. */
  private borrowed: boolean;
  /** Offset of `bytes[0]`. */
  private base = 0;
  private end: number;
  private sent = 0;
  private acknowledged = 0;
  private carrier: SpanCarrier | undefined = undefined;
  private startSequence = 0;

  /** Holds `bytes` by reference; see {@link own}. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.borrowed = true;
    this.end = bytes.length;
  }

  /** A span with a copy of `bytes`, and room to {@link append} more. */
  static copyOf(bytes: Uint8Array): LocalSpan {
    const span = new LocalSpan(bytes);
    span.reserve(0);
    return span;
  }

  get length(): number {
    return this.end;
  }

  get ready(): number {
    return this.end;
  }

  get canResend(): boolean {
    return true;
  }

  get sentUpTo(): number {
    return this.sent;
  }

  /** Bytes that still need memory. */
  get heldBytes(): number {
    return this.end - this.acknowledged;
  }

  /** Copies what is left of borrowed bytes, so that their writer may have them back. */
  own(): void {
    if (this.borrowed) this.reserve(0);
  }

  /** Adds a copy of `chunk` at the end; false when the span is full. Only while no other span follows. */
  append(chunk: Uint8Array): boolean {
    if (this.borrowed || this.heldBytes + chunk.length > GATHER_BYTES) return false;
    if (this.end - this.base + chunk.length > this.bytes.length) this.reserve(chunk.length);
    this.bytes.set(chunk, this.end - this.base);
    this.end += chunk.length;
    return true;
  }

  attach(carrier: SpanCarrier, startSequence: number): void {
    this.carrier = carrier;
    this.startSequence = startSequence;
  }

  send(to: number): void {
    const from = this.sent;
    this.sent = to;
    this.emit(from, to);
  }

  resend(from: number, to: number): void {
    this.emit(from, to);
  }

  acknowledge(offset: number): void {
    this.acknowledged = offset;
    if (offset < this.end) return;
    this.free();
    this.finish(undefined);
  }

  pairChanged(): void {
    // Each segment takes the pair when it is sent, and nothing is sent later than it is granted.
  }

  templateChanged(): void {
    // The connection writes the headers.
  }

  abandon(): void {
    this.free();
    this.finish(new Error('the connection ended before everything that was written to it was delivered'));
  }

  private emit(from: number, to: number): void {
    const carrier = this.carrier!;
    const segmentBytes = carrier.segmentBytes;
    for (let offset = from; offset < to; offset += segmentBytes) {
      const length = Math.min(segmentBytes, to - offset);
      const sequence = (this.startSequence + offset) >>> 0;
      carrier.sendSegment(sequence, this.bytes, offset - this.base, length, offset + length === this.end);
    }
  }

  /** Moves what is not acknowledged into memory of its own with room for `more` bytes. */
  private reserve(more: number): void {
    const kept = this.end - this.acknowledged;
    const capacity = this.borrowed ? kept : Math.max(FIRST_CAPACITY_BYTES, 2 * (kept + more));
    const bytes = Buffer.allocUnsafe(capacity);
    bytes.set(this.bytes.subarray(this.acknowledged - this.base, this.end - this.base));
    this.bytes = bytes;
    this.base = this.acknowledged;
    this.borrowed = false;
  }

  private free(): void {
    this.bytes = new Uint8Array(0);
    this.base = this.end;
  }

  private finish(error: Error | undefined): void {
    const done = this.onDone;
    this.onDone = undefined;
    done?.(error);
  }
}
