/**
 * The reply to a relayed request in its place in the stream. A board makes it; if none can, and nothing of it has
 * been named or sent, the front-end says so itself in the same place, so that the connection goes on.
 */
import { LocalSpan } from '../tcp/local-span.js';
import type { Span, SpanCarrier, SpanTemplate } from '../tcp/span.js';

export class RelayedReply implements Span {
  onDone: ((error?: Error) => void) | undefined;
  #span: Span;
  readonly #substitute: (error: Error) => Uint8Array;
  #abandoned = false;
  /** The board's part failed, and its carrier has not been told yet. */
  #failing = false;

  /** `substitute` makes the bytes to be sent in place of what `span` can't send. */
  constructor(span: Span, substitute: (error: Error) => Uint8Array) {
    this.#span = span;
    this.#substitute = substitute;
    span.onDone = (error) => {
      this.#failing = error !== undefined && !this.#abandoned && span.length === undefined;
      if (!this.#failing) this.#finish(error);
    };
  }

  get length(): number | undefined {
    return this.#span.length;
  }

  get ready(): number {
    return this.#span.ready;
  }

  get sentUpTo(): number {
    return this.#span.sentUpTo;
  }

  get canResend(): boolean {
    return this.#span.canResend;
  }

  attach(carrier: SpanCarrier, startSequence: number): void {
    const onFailed = (error: Error): void => {
      if (!this.#failing) {
        carrier.onFailed(this, error);
        return;
      }
      this.#failing = false;
      this.#span = new LocalSpan(this.#substitute(error));
      this.#span.onDone = (failure) => this.#finish(failure);
      this.#span.attach(carrier, startSequence);
      carrier.onReady(this);
    };
    this.#span.attach(new Carrier(carrier, this, onFailed), startSequence);
  }

  send(to: number): void {
    this.#span.send(to);
  }

  resend(from: number, to: number): void {
    this.#span.resend(from, to);
  }

  acknowledge(offset: number): void {
    this.#span.acknowledge(offset);
  }

  pairChanged(): void {
    this.#span.pairChanged();
  }

  templateChanged(): void {
    this.#span.templateChanged();
  }

  abandon(): void {
    this.#abandoned = true;
    this.#span.abandon();
  }

  #finish(error: Error | undefined): void {
    const done = this.onDone;
    this.onDone = undefined;
    done?.(error);
  }
}

/** The connection's, as the board's part of the reply sees it: reports are the reply's. */
class Carrier implements SpanCarrier {
  readonly #carrier: SpanCarrier;
  readonly #reply: Span;
  readonly #onFailed: (error: Error) => void;

  constructor(carrier: SpanCarrier, reply: Span, onFailed: (error: Error) => void) {
    this.#carrier = carrier;
    this.#reply = reply;
    this.#onFailed = onFailed;
  }

  get client(): string {
    return this.#carrier.client ?? 'unknown';
  }

  get segmentBytes(): number {
    return this.#carrier.segmentBytes;
  }

  get acknowledgment(): number {
    return this.#carrier.acknowledgment;
  }

  get windowField(): number {
    return this.#carrier.windowField;
  }

  get tsVal(): number {
    return this.#carrier.tsVal;
  }

  get tsEcr(): number {
    return this.#carrier.tsEcr;
  }

  sendSegment(sequence: number, payload: Uint8Array, at: number, length: number, psh: boolean): void {
    this.#carrier.sendSegment(sequence, payload, at, length, psh);
  }

  writeTemplate(b: Uint8Array): SpanTemplate {
    return this.#carrier.writeTemplate(b);
  }

  onReady(): void {
    this.#carrier.onReady(this.#reply);
  }

  onSent(_span: Span, sentUpTo: number, atUs: number): void {
    this.#carrier.onSent(this.#reply, sentUpTo, atUs);
  }

  onResent(_span: Span, from: number, to: number, atUs: number): void {
    this.#carrier.onResent(this.#reply, from, to, atUs);
  }

  onFailed(_span: Span, error: Error): void {
    this.#onFailed(error);
  }
}
