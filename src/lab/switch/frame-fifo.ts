/** A queue of pool slots with the time each is due, in the order they were pushed; grows with the need. */

const FIRST_CAPACITY = 64;

export class FrameFifo {
  /** When the first is due; Infinity when the queue is empty. */
  headUs = Infinity;
  #dueUs = new Float64Array(FIRST_CAPACITY);
  #slots = new Uint32Array(FIRST_CAPACITY);
  #head = 0;
  #count = 0;

  /** Appends `slot`; `dueUs` is not before that of the last one. */
  push(dueUs: number, slot: number): void {
    if (this.#count === this.#slots.length) this.#grow();
    const i = (this.#head + this.#count) % this.#slots.length;
    this.#dueUs[i] = dueUs;
    this.#slots[i] = slot;
    if (this.#count++ === 0) this.headUs = dueUs;
  }

  /** Takes the first slot; the queue must not be empty. */
  shift(): number {
    const slot = this.#slots[this.#head]!;
    this.#head = (this.#head + 1) % this.#slots.length;
    this.#count--;
    this.headUs = this.#count === 0 ? Infinity : this.#dueUs[this.#head]!;
    return slot;
  }

  #grow(): void {
    const capacity = this.#slots.length;
    const dueUs = new Float64Array(capacity * 2);
    const slots = new Uint32Array(capacity * 2);
    for (let i = 0; i < this.#count; i++) {
      dueUs[i] = this.#dueUs[(this.#head + i) % capacity]!;
      slots[i] = this.#slots[(this.#head + i) % capacity]!;
    }
    this.#dueUs = dueUs;
    this.#slots = slots;
    this.#head = 0;
  }
}
