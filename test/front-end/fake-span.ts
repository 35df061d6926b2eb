/** A span that a board would send: it notes what it is asked for, and reports when the test says so. */
import type { Span, SpanCarrier } from '../../src/front-end/tcp/span.js';

export class FakeSpan implements Span {
  length: number | undefined;
  ready: number;
  sentUpTo = 0;
  canResend = true;
  onDone: ((error?: Error) => void) | undefined = undefined;
  carrier: SpanCarrier | undefined;
  startSequence = -1;
  readonly calls: string[] = [];
  /** Called within {@link attach}, as a span that fails at once would. */
  onAttach: (() => void) | undefined;

  constructor(length?: number, ready: number = length ?? 0) {
    this.length = length;
    this.ready = ready;
  }

  /** What was called since the last time. */
  take(): string[] {
    return this.calls.splice(0);
  }

  attach(carrier: SpanCarrier, startSequence: number): void {
    this.calls.push('attach');
    this.carrier = carrier;
    this.startSequence = startSequence;
    this.onAttach?.();
  }

  send(to: number): void {
    this.calls.push(`send ${to}`);
  }

  resend(from: number, to: number): void {
    this.calls.push(`resend ${from}-${to}`);
  }

  acknowledge(offset: number): void {
    this.calls.push(`acknowledge ${offset}`);
    if (offset === this.length) this.onDone?.();
  }

  pairChanged(): void {
    this.calls.push('pair');
  }

  templateChanged(): void {
    this.calls.push('template');
  }

  abandon(): void {
    this.calls.push('abandon');
    this.onDone?.(new Error('abandoned'));
  }

  /** The board reports that it has sent [from, to) again. */
  reportResent(from: number, to: number, atUs: number): void {
    this.carrier!.onResent(this, from, to, atUs);
  }

  /** The board reports. */
  report(sentUpTo: number, atUs: number): void {
    this.sentUpTo = sentUpTo;
    this.carrier!.onSent(this, sentUpTo, atUs);
  }
}
