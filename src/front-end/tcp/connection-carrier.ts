/** The connection as its spans see it: what segments carry, how one is sent, and whom reports go to. */
import type { Connection } from './connection.js';
import type { ConnectionOutput } from './connection-output.js';
import { unwrap } from './segment.js';
import type { SenderCarrier } from './sender.js';
import type { Span, SpanTemplate } from './span.js';

export class ConnectionCarrier implements SenderCarrier {
  /** Why the connection must end: a span can't be completed. */
  failure: Error | undefined = undefined;
  private readonly connection: Connection;
  private readonly output: ConnectionOutput;
  /** The (acknowledgment, window) pair that spans were told last. */
  private toldAcknowledgment: number;
  private toldWindow = 0;

  /** `rcvNxt`: what the SYN-ACK acknowledged. */
  constructor(connection: Connection, output: ConnectionOutput, rcvNxt: number) {
    this.connection = connection;
    this.output = output;
    this.toldAcknowledgment = rcvNxt;
  }

  get client(): string {
    return this.connection.client;
  }

  get acknowledgment(): number {
    return this.output.acknowledgment;
  }

  get segmentBytes(): number {
    return this.connection.sender.segmentBytes;
  }

  get tsVal(): number {
    return this.output.tsVal;
  }

  get tsEcr(): number {
    return this.output.tsEcr;
  }

  get windowField(): number {
    return this.connection.receiver.offer();
  }

  sendSegment(sequence: number, payload: Uint8Array, at: number, length: number, psh: boolean): void {
    const { sender, nowUs } = this.connection;
    this.output.sendText(sequence, payload, at, length, psh);
    sender.onSegmentSent(unwrap((sequence + length) >>> 0, sender.sndNxt), length, nowUs);
  }

  sendFin(sequence: number): void {
    this.connection.onFinSent();
    this.output.sendFin(sequence);
  }

  writeTemplate(b: Uint8Array): SpanTemplate {
    return this.output.writeTemplate(b);
  }

  onReady(): void {
    this.connection.wake();
  }

  onSent(span: Span, sentUpTo: number, atUs: number): void {
    this.connection.sender.onSent(span, sentUpTo, atUs);
    this.connection.wake();
  }

  onResent(span: Span, from: number, to: number, atUs: number): void {
    this.connection.sender.onResent(span, from, to, atUs);
    this.connection.wake();
  }

  onFailed(_span: Span, error: Error): void {
    // Not at once: the span may be talking to us from within a call of ours.
    this.failure ??= error;
    this.connection.wake();
  }

  /** Spans hear of another (acknowledgment, window) pair, once a batch. */
  tellPair(): void {
    const { receiver, sender, counters } = this.connection;
    const window = this.windowField;
    if (receiver.rcvNxt === this.toldAcknowledgment && window === this.toldWindow) return;
    this.toldAcknowledgment = receiver.rcvNxt;
    this.toldWindow = window;
    counters.pairChanges++;
    sender.queue.pairChanged();
  }
}
