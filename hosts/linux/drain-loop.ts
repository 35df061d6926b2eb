/**
 * When a non-blocking socket is looked at: it sleeps in libuv's poll while idle, is drained when something came,
 * and then either sleeps again or rests for a tick, as the drain answered. No thread waits in the kernel, so
 * nothing holds up the end of the process.
 */
import type { Pace } from '../../src/front-end/link/frame-link.js';
import { libc, type PollHandle } from './libc.js';

const REST_MS = 1;

export interface Drainable {
  /** Takes what is there. `again` when it stopped before the end, so that others get their turn. */
  drain(): Pace | 'again';
  /** The socket has an error pending, to be read and cleared; false when there is no point in going on. */
  recover(): boolean;
}

export class DrainLoop {
  readonly #target: Drainable;
  readonly #poll: PollHandle;
  #polling = true;
  #failed = false;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #closed = false;

  constructor(fd: number, target: Drainable) {
    this.#target = target;
    this.#poll = libc().poll(fd, (status) => this.#onPoll(status));
  }

  /** Looks at the socket at the next tick even if nothing comes, because something waits to be sent. */
  rest(): void {
    if (this.#closed || this.#timer !== undefined || this.#immediate !== undefined) return;
    this.#timer = setTimeout(() => this.#run(), REST_MS);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#poll.close();
  }

  #onPoll(status: number): void {
    if (this.#closed) return;
    // libuv stops polling a socket that has an error.
    if (status < 0) {
      this.#polling = false;
      this.#failed = true;
    }
    // koffi's callback is not one after which Node runs microtasks and nextTick: the work waits for one that is.
    this.#soon();
  }

  #soon(): void {
    this.#immediate ??= setImmediate(() => this.#run());
  }

  #run(): void {
    this.#immediate = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#failed && !this.#target.recover()) return;
    this.#failed = false;
    let pace: Pace | 'again' = 'rest';
    try {
      pace = this.#target.drain();
    } finally {
      if (!this.#closed) this.#continue(pace);
    }
  }

  #continue(pace: Pace | 'again'): void {
    if (pace === 'again') {
      this.#soon();
      return;
    }
    const poll = pace === 'wake';
    if (poll !== this.#polling) {
      if (poll) this.#poll.start();
      else this.#poll.stop();
      this.#polling = poll;
    }
    if (!poll) this.rest();
  }
}
