/**
 * The cable of a virtual board. Datagrams arrive as fast as memory copies them, and a burst would find the 16 KB of
 * the NIC full at once; on a cable, frames come one after another. So frames are handed on at the speed of the
 * link, and a burst waits in the place's large queue meanwhile.
 */
import type { VirtualHost } from './host.js';

/** 100 Mbit/s, the fastest that a W5500 has. */
const BITS_PER_US = 100;
/** Preamble, start frame delimiter, FCS and the gap between frames: IEEE 802.3 3.1.1, 4.4.2. */
const OVERHEAD_BYTES = 8 + 4 + 12;
/** What came in while nobody looked: not more than the NIC holds. */
const CREDIT_US = 1000;
/** An empty cable is not looked at again at once: looking is a system call, and drivers ask often. */
const PAUSE_US = 30;

export class Wire {
  readonly #host: VirtualHost;
  /** No frame has been received completely before. */
  #nextUs = 0;

  constructor(host: VirtualHost) {
    this.#host = host;
  }

  receive(b: Uint8Array, at: number, capacity: number): number {
    const nowUs = this.#host.nowUs();
    if (nowUs < this.#nextUs) return 0;
    const length = this.#host.receive(b, at, capacity);
    if (length === 0) {
      this.#nextUs = nowUs + PAUSE_US;
      return 0;
    }
    const startUs = Math.max(this.#nextUs, nowUs - CREDIT_US);
    this.#nextUs = startUs + ((length + OVERHEAD_BYTES) * 8) / BITS_PER_US;
    return length;
  }

  send(b: Uint8Array, at: number, length: number): void {
    this.#host.send(b, at, length);
  }
}
