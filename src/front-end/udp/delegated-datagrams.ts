/**
 * A span that a board sends to a client in UDP datagrams ([0053], claims 4 and 12): what a connection is to a span
 * on TCP. There is no congestion control here: the protocol on top says what may be sent, when, and what again.
 */
import { DATAGRAM_NUMBER, MAX_DATAGRAM_HEADER_BYTES } from '../../wire/atcp/command.js';
import { put16 } from '../../wire/bytes.js';
import { ETHERNET_HEADER_BYTES } from '../../wire/ethernet.js';
import { UDP_HEADER_BYTES } from '../../wire/udp.js';
import type { Span, SpanCarrier, SpanTemplate } from '../tcp/span.js';
import type { UdpPeer } from './peer.js';

/** How a span is cut into datagrams. */
export interface DatagramFraming {
  /** Payload of each datagram but the last, in bytes. */
  readonly datagramBytes: number;
  /** In front of the payload of each: at most 16 bytes, an even number. */
  readonly header?: Uint8Array;
  /** Bytes 2 and 3 of the header are the datagram's number, modulo 2^16; this is the first one's. */
  readonly firstNumber?: number;
  /** Payload bits a second, by the board's clock; as fast as it goes when left out. */
  readonly bitsPerSecond?: number;
}

export interface DatagramEvents {
  /** The board says that everything below this offset has left. */
  readonly onSent?: (sentUpTo: number) => void;
  /** … and that this has been sent again. */
  readonly onResent?: (from: number, to: number) => void;
  /** Everything has been acknowledged. */
  readonly onDone?: () => void;
  /** No board can do it. */
  readonly onFailed?: (error: Error) => void;
}

/** Slower than this, and the front-end takes the board for stalled. */
const MIN_DATAGRAMS_PER_SECOND = 1;
const MAX_BITS_PER_SECOND = 0xffff_ffff;

export class DelegatedDatagrams implements SpanCarrier {
  readonly client: string;
  readonly segmentBytes: number;
  readonly windowField = 0;
  readonly tsVal = 0;
  readonly tsEcr = 0;
  readonly #span: Span;
  readonly #localPort: number;
  readonly #peer: UdpPeer;
  readonly #framing: DatagramFraming;
  readonly #events: DatagramEvents;
  #bitsPerSecond: number;

  /** Throws a RangeError for a framing that can't be. */
  constructor(
    span: Span,
    localPort: number,
    peer: UdpPeer,
    framing: DatagramFraming,
    events: DatagramEvents,
  ) {
    checkFraming(framing, peer.payloadBytes);
    this.#span = span;
    this.#localPort = localPort;
    this.#peer = peer;
    this.#framing = framing;
    this.#events = events;
    this.client = peer.toString();
    this.segmentBytes = framing.datagramBytes;
    this.#bitsPerSecond = framing.bitsPerSecond ?? 0;
    span.onDone = (error) => {
      if (error === undefined) events.onDone?.();
    };
    span.attach(this, framing.firstNumber ?? 0);
  }

  /** What has left, as far as known. */
  get sentUpTo(): number {
    return this.#span.sentUpTo;
  }

  /** New bytes may be sent up to this offset: a multiple of the datagram's, or the end. */
  grant(to: number): void {
    this.#span.send(to);
  }

  /** Sends what was sent again; false when so much waits to be sent again that this has to come later. */
  sendAgain(from: number, to: number): boolean {
    if (!this.#span.canResend) return false;
    this.#span.resend(from, to);
    return true;
  }

  /** The client has, or no longer needs, everything below this offset. */
  acknowledge(offset: number): void {
    this.#span.acknowledge(offset);
  }

  /** From now on; 0 for as fast as it goes. Throws a RangeError for a rate that can't be. */
  pace(bitsPerSecond: number): void {
    checkPace(bitsPerSecond, this.segmentBytes);
    this.#bitsPerSecond = bitsPerSecond;
    this.#span.pairChanged();
  }

  /** The way to the client is another one now ({@link UdpPeer.heardAs}). */
  pathChanged(): void {
    this.#span.pairChanged();
  }

  /** Stops at once: the board forgets it. Nothing more is heard of it. */
  close(): void {
    this.#span.abandon();
  }

  // ---- SpanCarrier ----

  /** Of UDP: the pace (src/wire/README.md §5.6). */
  get acknowledgment(): number {
    return this.#bitsPerSecond;
  }

  writeTemplate(b: Uint8Array): SpanTemplate {
    const { header, firstNumber } = this.#framing;
    const l4Offset = this.#peer.path.writeTemplate(b);
    put16(b, l4Offset, this.#localPort);
    put16(b, l4Offset + 2, this.#peer.port);
    b.fill(0, l4Offset + 4, l4Offset + UDP_HEADER_BYTES);
    if (header !== undefined) b.set(header, l4Offset + UDP_HEADER_BYTES);
    return {
      bytes: l4Offset + UDP_HEADER_BYTES + (header?.length ?? 0),
      l3Offset: ETHERNET_HEADER_BYTES,
      l4Offset,
      numbered: firstNumber !== undefined,
    };
  }

  /** The front-end's own datagrams are sent by its socket. */
  sendSegment(): void {
    throw new TypeError('only spans of boards can be sent in datagrams; send the rest with UdpSocket.send');
  }

  onReady(): void {}

  onSent(_span: Span, sentUpTo: number): void {
    this.#events.onSent?.(sentUpTo);
  }

  onResent(_span: Span, from: number, to: number): void {
    this.#events.onResent?.(from, to);
  }

  onFailed(_span: Span, error: Error): void {
    this.#events.onFailed?.(error);
  }
}

function checkFraming(framing: DatagramFraming, payloadBytes: number): void {
  const { datagramBytes, header, firstNumber, bitsPerSecond = 0 } = framing;
  const headerBytes = header?.length ?? 0;
  if (headerBytes > MAX_DATAGRAM_HEADER_BYTES || headerBytes % 2 !== 0)
    throw new RangeError(
      `a datagram's header (${headerBytes}) has at most ${MAX_DATAGRAM_HEADER_BYTES} bytes, an even number`,
    );
  const room = payloadBytes - headerBytes;
  if (!Number.isInteger(datagramBytes) || datagramBytes < 1 || datagramBytes > room)
    throw new RangeError(`datagramBytes (${datagramBytes}) must be from 1 to ${room}: none is fragmented`);
  if (firstNumber !== undefined) {
    if (headerBytes < DATAGRAM_NUMBER + 2)
      throw new RangeError(`a numbered datagram's header has at least ${DATAGRAM_NUMBER + 2} bytes`);
    if (!Number.isInteger(firstNumber) || firstNumber < 0 || firstNumber > 0xffff)
      throw new RangeError(`firstNumber (${firstNumber}) must be from 0 to 65535`);
  }
  checkPace(bitsPerSecond, datagramBytes);
}

function checkPace(bitsPerSecond: number, datagramBytes: number): void {
  if (bitsPerSecond === 0) return;
  const least = datagramBytes * 8 * MIN_DATAGRAMS_PER_SECOND;
  if (!Number.isInteger(bitsPerSecond) || bitsPerSecond < least || bitsPerSecond > MAX_BITS_PER_SECOND)
    throw new RangeError(
      `bitsPerSecond (${bitsPerSecond}) must be a whole number from ${least}, one datagram a second, to ${MAX_BITS_PER_SECOND}`,
    );
}
