/**
 * Who has work, in the order of their turns, so that nobody has to look through all slots for it. Each queue holds
 * a delegation at most once; one whose work has gone meanwhile is passed over when its turn comes.
 */
import type { Delegation } from './delegation.js';
import type { Limits } from './limits.js';

class SlotQueue {
  count = 0;
  #head = 0;
  readonly #size: number;
  // A plain array: on XS a third of the cost of a typed one.
  readonly #ring: (Delegation | null)[];

  constructor(size: number) {
    this.#size = size;
    this.#ring = new Array<Delegation | null>(size).fill(null);
  }

  push(d: Delegation): void {
    let i = this.#head + this.count++;
    if (i >= this.#size) i -= this.#size;
    this.#ring[i] = d;
  }

  /** The longest waiting one. Only while {@link count} is not 0. */
  pop(): Delegation {
    const d = this.#ring[this.#head]!;
    if (++this.#head === this.#size) this.#head = 0;
    this.count--;
    return d;
  }
}

export class WorkQueues {
  /** May have a segment to send. */
  readonly toSend: SlotQueue;
  /** Objects to be looked up. */
  readonly toLookUp: SlotQueue;
  /** Segments wait for a unit. */
  readonly toRead: SlotQueue;
  /** May read ahead. */
  readonly toReadAhead: SlotQueue;

  constructor(limits: Limits) {
    this.toSend = new SlotQueue(limits.slots);
    this.toLookUp = new SlotQueue(limits.slots);
    this.toRead = new SlotQueue(limits.slots);
    this.toReadAhead = new SlotQueue(limits.slots);
  }

  send(d: Delegation): void {
    if (d.inToSend) return;
    d.inToSend = true;
    this.toSend.push(d);
  }

  lookUp(d: Delegation): void {
    if (d.inToLookUp) return;
    d.inToLookUp = true;
    this.toLookUp.push(d);
  }

  read(d: Delegation): void {
    if (d.inToRead) return;
    d.inToRead = true;
    this.toRead.push(d);
  }

  readAhead(d: Delegation): void {
    if (d.inToReadAhead) return;
    d.inToReadAhead = true;
    this.toReadAhead.push(d);
  }
}
