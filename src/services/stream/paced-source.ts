/**
 * An object at a bit rate: the board paces it by its own clock, this renews its credit and its lease. There are no
 * acknowledgments; what has left is gone. From a board that fails another one takes over behind what was reported.
 */
import type { DelegatedDatagrams, Span, UdpPeer, UdpSocket } from '../../front-end/index.js';

export interface PacedSourceOptions {
  /** The port that it comes from. */
  readonly socket: UdpSocket;
  readonly client: UdpPeer;
  /** Of the object's bytes. */
  readonly lengthBytes: number;
  /** A span of these bytes, a new one for each time that they are sent. */
  readonly createSpan: () => Span;
  readonly datagramBytes: number;
  readonly bitsPerSecond: number;
  /** How often it is sent, one time after the other; once when left out. */
  readonly times?: number;
  /** How far the board's credit reaches, as time. */
  readonly aheadMs: number;
  /** It is over: everything was sent, or, with an error, could not be. Not after {@link PacedSource.stop}. */
  readonly onEnd: (error?: Error) => void;
}

export class PacedSource {
  readonly #o: PacedSourceOptions;
  #bitsPerSecond: number;
  #timesLeft: number;
  #sentBefore = 0;
  #granted = 0;
  #datagrams: DelegatedDatagrams | undefined;

  /** Begins. Throws a RangeError for a rate or size that can't be. */
  constructor(options: PacedSourceOptions) {
    this.#o = options;
    this.#bitsPerSecond = options.bitsPerSecond;
    this.#timesLeft = options.times ?? 1;
    this.#begin();
  }

  /** Bytes that have left, as far as known. */
  get sentBytes(): number {
    return this.#sentBefore + (this.#datagrams?.sentUpTo ?? 0);
  }

  get bitsPerSecond(): number {
    return this.#bitsPerSecond;
  }

  /** Another rate from now on. Throws a RangeError for one that can't be. */
  pace(bitsPerSecond: number): void {
    this.#datagrams?.pace(bitsPerSecond);
    this.#bitsPerSecond = bitsPerSecond;
    this.#grant();
  }

  /** The client was heard: perhaps from another MAC. */
  heardAs(latest: UdpPeer): void {
    if (this.#o.client.heardAs(latest)) this.#datagrams?.pathChanged();
  }

  stop(): void {
    this.#timesLeft = 0;
    this.#datagrams?.close();
    this.#datagrams = undefined;
  }

  #begin(): void {
    const { socket, client, createSpan, datagramBytes, onEnd } = this.#o;
    this.#timesLeft--;
    this.#granted = 0;
    this.#datagrams = socket.delegate(
      createSpan(),
      client,
      { datagramBytes, bitsPerSecond: this.#bitsPerSecond },
      {
        onSent: (sentUpTo) => this.#onSent(sentUpTo),
        onDone: () => this.#onDone(),
        onFailed: (error) => {
          this.#datagrams = undefined;
          onEnd(error);
        },
      },
    );
    this.#grant();
  }

  #onSent(sentUpTo: number): void {
    this.#datagrams?.acknowledge(sentUpTo);
    this.#grant();
  }

  #onDone(): void {
    this.#sentBefore += this.#o.lengthBytes;
    this.#datagrams = undefined;
    if (this.#timesLeft > 0) this.#begin();
    else this.#o.onEnd();
  }

  /** Stated when half of it has been used: a board is not told of every datagram. */
  #grant(): void {
    const datagrams = this.#datagrams;
    if (datagrams === undefined) return;
    const { aheadMs, datagramBytes, lengthBytes } = this.#o;
    const ahead = (this.#bitsPerSecond * aheadMs) / 8000;
    const left = this.#granted - datagrams.sentUpTo;
    if (this.#granted === lengthBytes || left > ahead / 2) return;
    const wanted = Math.ceil((datagrams.sentUpTo + ahead) / datagramBytes) * datagramBytes;
    this.#granted = Math.min(wanted, lengthBytes);
    datagrams.grant(this.#granted);
  }
}
