/** A timer on the engine's clock, for programs on UDP: what a connection is for TCP, they have to be themselves. */
import type { Timed, TimerHeap } from '../tcp/timers.js';

/** What timers need of the stack. */
export interface TimerClock {
  readonly timers: TimerHeap;
  now(): number;
  /** A deadline has come nearer, perhaps outside a batch. */
  onScheduled(): void;
}

export class UdpTimer implements Timed {
  wakeUs = 0;
  heapIndex = -1;
  #deadlineUs = Infinity;
  readonly #clock: TimerClock;
  readonly #onExpired: () => void;

  constructor(clock: TimerClock, onExpired: () => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  get running(): boolean {
    return this.#deadlineUs !== Infinity;
  }

  /** Expires once, `ms` from now; what it was started for before is forgotten. */
  start(ms: number): void {
    this.#deadlineUs = this.#clock.now() + ms * 1000;
    this.#clock.timers.schedule(this, this.#deadlineUs);
    this.#clock.onScheduled();
  }

  stop(): void {
    this.#deadlineUs = Infinity;
    this.#clock.timers.cancel(this);
  }

  onTimer(nowUs: number): void {
    if (nowUs < this.#deadlineUs) {
      this.#clock.timers.schedule(this, this.#deadlineUs);
      return;
    }
    this.#deadlineUs = Infinity;
    this.#onExpired();
  }
}
