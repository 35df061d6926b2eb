/**
 * Who has work, in the order of their turns, so that nobody has to look through all slots for it. A delegation
 * waits in a queue at most once; one whose work has gone meanwhile is passed over when its turn comes.
 */
import type { Delegation } from './delegation.js';
import type { Limits } from './limits.js';

export class SlotQueue {
  count = 0;
  #head = 0;
  #tail = 0;
  readonly #size: number;
  // Plain arrays: on XS reading one costs half of what a typed array costs. Filled, since they grow otherwise.
  readonly #ring: (Delegation | null)[];
  /** By slot: whether it waits here. */
  readonly #waits: boolean[];

  constructor(slots: number) {
    this.#size = slots;
    this.#waits = new Array<boolean>(slots).fill(false);
    this.#ring = new Array<Delegation | null>(slots).fill(null);
  }

  /** Nothing happens when it waits already. */
  add(d: Delegation): void {
    const waits = this.#waits;
    if (waits[d.slot]!) return;
    waits[d.slot] = true;
    const tail = this.#tail;
    this.#ring[tail] = d;
    this.#tail = tail + 1 === this.#size ? 0 : tail + 1;
    this.count++;
  }

  /** The longest waiting one. Only while {@link count} is not 0. */
  take(): Delegation {
    const head = this.#head;
    const d = this.#ring[head]!;
    this.#head = head + 1 === this.#size ? 0 : head + 1;
    this.count--;
    this.#waits[d.slot] = false;
    return d;
  }
}

export class WorkQueues {
  /** May have a segment to send. */
  readonly toSend: SlotQueue;
  /** Segments wait for a unit. */
  readonly toRead: SlotQueue;
  /** May read ahead. */
  readonly toReadAhead: SlotQueue;
  /** Objects to be looked up. */
  readonly toLookUp: SlotQueue;

  constructor(limits: Limits) {
    this.toSend = new SlotQueue(limits.slots);
    this.toRead = new SlotQueue(limits.slots);
    this.toReadAhead = new SlotQueue(limits.slots);
    this.toLookUp = new SlotQueue(limits.slots);
  }
}
