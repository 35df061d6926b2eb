/**
 * A stream is a list of spans; a span knows how to put its bytes on the wire (design idea 1). The TCP sender
 * decides which range of the stream goes out now; whether the front-end's own memory sends it
 * ({@link LocalSpan}) or a board does (`DelegatedSpan`) is the span's affair. Offsets count from the span's first
 * byte and are plain numbers below 2^53.
 */

/** What a connection offers to the spans in its queue. */
export interface SpanCarrier {
  /**
   * Sends one data segment of this connection from the front-end itself: header, options, the current
   * (acknowledgment, window) pair and checksum are the connection's. `psh` marks the end of a write.
   */
  sendSegment(sequence: number, payload: Uint8Array, at: number, length: number, psh: boolean): void;
  /** The client's "address:port", for records and traces. */
  readonly client?: string;
  /** Largest payload of a segment, in bytes. */
  readonly segmentBytes: number;
  /** RCV.NXT, for pseudo packets. */
  readonly acknowledgment: number;
  /** The window field as it goes on the wire, for pseudo packets. */
  readonly windowField: number;
  /** The TSval that ranges granted now are to carry, and the TSecr; 0 when timestamps are not in use. */
  readonly tsVal: number;
  readonly tsEcr: number;
  /**
   * Writes the raw header (Ethernet, IP, TCP with options) of this connection's data segments to `b`; returns its
   * length. Lengths and checksums in it are zero.
   */
  writeTemplate(b: Uint8Array): SpanTemplate;
  /** The span has more to send, or knows its length now: the connection looks again in this drain. */
  onReady(span: Span): void;
  /** The span's sender reports how far it has really sent ([0028]); timers start there (decision 6). */
  onSent(span: Span, sentUpTo: number, atUs: number): void;
  /** … and that it has sent [from, to) again. */
  onResent(span: Span, from: number, to: number, atUs: number): void;
  /** The span can't be completed; the connection aborts unless the reply can still be changed. */
  onFailed(span: Span, error: Error): void;
}

/** Where the headers lie in a template. */
export interface SpanTemplate {
  readonly bytes: number;
  readonly l3Offset: number;
  readonly l4Offset: number;
  /** Of UDP: the datagrams are numbered. */
  readonly numbered?: boolean;
}

export interface Span {
  /** Total bytes, or undefined while nobody knows (an open span). */
  readonly length: number | undefined;
  /** How many bytes, from offset 0, may be sent if the windows allow. */
  readonly ready: number;
  /** How many bytes have really left, as far as known. */
  readonly sentUpTo: number;
  /** Called once, when every span before this one has a known length: offset 0 has this sequence number. */
  attach(carrier: SpanCarrier, startSequence: number): void;
  /** Sends new bytes up to offset `to`, which never exceeds {@link ready} and never goes back. */
  send(to: number): void;
  /** False while no further range can be sent again: as many as can be wait for their sender already. */
  readonly canResend: boolean;
  /** Sends [from, to) again; both within what was sent before and not yet acknowledged. */
  resend(from: number, to: number): void;
  /** The client has every byte below `offset`: free what held them ([0031], step 127). */
  acknowledge(offset: number): void;
  /** The (acknowledgment, window) pair changed: pseudo packets still to come carry the new one. */
  pairChanged(): void;
  /** The next hop moved, or segments become smaller: so goes what is still to come, and what is to be repeated. */
  templateChanged(): void;
  /** The connection ended before the span did: stop at once and free everything. */
  abandon(): void;
  /** Completion towards the writer: called once, when the last byte was acknowledged, or with the error. */
  onDone: ((error?: Error) => void) | undefined;
}
