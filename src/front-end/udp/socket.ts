/** A UDP port of the front-end, with the face of Node's `dgram`, and one method more: `delegate`. */
import { EventEmitter } from 'node:events';
import type { Span } from '../tcp/span.js';
import { DelegatedDatagrams, type DatagramEvents, type DatagramFraming } from './delegated-datagrams.js';
import type { UdpPeer } from './peer.js';
import type { UdpStack } from './stack.js';
import { UdpTimer } from './timer.js';

export interface UdpSocketEvents {
  message: [message: Buffer, from: UdpPeer];
  /** Nobody listens there any more, says the client's host (ICMP): anybody can say so who has seen the datagrams. */
  unreachable: [address: string, port: number];
  /** A router says (ICMP) that it dropped a datagram: one with so many bytes would get through. */
  tooBig: [address: string, port: number, payloadBytes: number];
  close: [];
}

export class UdpSocket extends EventEmitter<UdpSocketEvents> {
  readonly port: number;
  readonly #stack: UdpStack;
  #open = true;

  constructor(stack: UdpStack, port: number) {
    super();
    this.#stack = stack;
    this.port = port;
  }

  /**
   * Sends one datagram from the front-end itself; false when the link had no room. Throws a RangeError for one that
   * would have to be fragmented.
   */
  send(message: Uint8Array, to: UdpPeer): boolean {
    if (message.length > to.payloadBytes)
      throw new RangeError(
        `a datagram to ${to} carries at most ${to.payloadBytes} bytes, not ${message.length}`,
      );
    return this.#open && this.#stack.send(this.port, message, to);
  }

  /**
   * Has a board send a span ({@link BackEnds.createSpan}) to a client, as far as it is granted. Throws a RangeError
   * for a framing that can't be.
   */
  delegate(
    span: Span,
    to: UdpPeer,
    framing: DatagramFraming,
    events: DatagramEvents = {},
  ): DelegatedDatagrams {
    return new DelegatedDatagrams(span, this.port, to, framing, events);
  }

  /** The front-end's clock: ms, from any start, never backwards. */
  get nowMs(): number {
    return this.#stack.now() / 1000;
  }

  /** A timer on that clock. */
  createTimer(onExpired: () => void): UdpTimer {
    return new UdpTimer(this.#stack, onExpired);
  }

  /** Gives the port back. Close what was delegated before. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stack.unbind(this);
    this.emit('close');
  }
}
