/**
 * The pace of UDP delegations that are to be sent at a bit rate: by the board's own clock, one datagram an interval.
 * A board that was late makes up for it, but not for more than {@link SLIP_US}: then the rate counts from now on.
 */
import type { Delegation } from './delegation.js';
import { NEVER_US } from './limits.js';
import type { Limits } from './limits.js';
import type { WorkQueues } from './work-queues.js';

/** What a player buffers at least; a longer gap is better left than followed by a burst. */
export const SLIP_US = 100_000;

export class Pacer {
  /** When {@link wake} has somebody to wake. */
  nextUs: number = NEVER_US;
  readonly #queues: WorkQueues;
  /** Those that wait for their next datagram's time, {@link #count} of them. */
  readonly #waiting: (Delegation | null)[];
  /** By slot: whether it waits here. */
  readonly #waits: boolean[];
  #count = 0;

  constructor(queues: WorkQueues, limits: Limits) {
    this.#queues = queues;
    this.#waiting = new Array<Delegation | null>(limits.slots).fill(null);
    this.#waits = new Array<boolean>(limits.slots).fill(false);
  }

  /** How many datagrams are due by now, at most `most`; with none, it waits here for the next. */
  due(nowUs: number, d: Delegation, most: number): number {
    if (this.holds(nowUs, d)) return 0;
    if (nowUs - d.paceDueUs > SLIP_US) d.paceDueUs = nowUs;
    const count = 1 + Math.trunc((nowUs - d.paceDueUs) / d.intervalUs);
    return count < most ? count : most;
  }

  /** True when nothing is due: it waits here until something is. */
  holds(nowUs: number, d: Delegation): boolean {
    if (d.paceDueUs <= nowUs) return false;
    if (d.paceDueUs < this.nextUs) this.nextUs = d.paceDueUs;
    if (this.#waits[d.slot]!) return true;
    this.#waits[d.slot] = true;
    this.#waiting[this.#count++] = d;
    return true;
  }

  /** Hands those whose time has come to the sender. What a slot has become meanwhile is the sender's to look at. */
  wake(nowUs: number): void {
    const waiting = this.#waiting;
    let nextUs: number = NEVER_US;
    for (let i = this.#count - 1; i >= 0; i--) {
      const d = waiting[i]!;
      if (d.paceDueUs <= nowUs) {
        waiting[i] = waiting[--this.#count]!;
        this.#waits[d.slot] = false;
        this.#queues.toSend.add(d);
      } else if (d.paceDueUs < nextUs) nextUs = d.paceDueUs;
    }
    this.nextUs = nextUs;
  }
}
