/** The slots, which of them are in use, and what became of commands that hold none (decision 14). */
import type { DiskController } from './disk-controller.js';
import { Delegation, DelegationMemory, resetDelegation } from './delegation.js';
import type { Limits } from './limits.js';
import { SlotState } from './state-machine.js';

/** What is remembered of a command id that holds no slot. */
export const Remembered = Object.freeze({
  nothing: 0,
  /** It is over: a late copy of the command must not start it again. */
  over: 1,
  /** It was turned away because all slots were taken. */
  busy: 2,
} as const);
export type Remembered = (typeof Remembered)[keyof typeof Remembered];

export class DelegationTable {
  readonly slots: readonly Delegation[];
  /** Numbers of the slots in use, in the order in which they were claimed; {@link activeCount} of them. */
  readonly active: number[];
  activeCount = 0;
  readonly #mask: number;
  /** By counter modulo the size: slot plus 1 of the latest command there, a hint only. */
  readonly #slotHints: Uint16Array;
  readonly #counters: Uint32Array;
  readonly #remembered: Uint8Array;

  constructor(limits: Limits, disk: DiskController) {
    const slots: Delegation[] = [];
    const memory = new DelegationMemory(limits.slots);
    for (let i = 0; i < limits.slots; i++) slots.push(new Delegation(i, disk.createHandle(), memory));
    this.slots = slots;
    this.active = new Array<number>(limits.slots).fill(0);
    this.#mask = limits.rememberedIds - 1;
    this.#slotHints = new Uint16Array(limits.rememberedIds);
    this.#counters = new Uint32Array(limits.rememberedIds);
    this.#remembered = new Uint8Array(limits.rememberedIds);
  }

  /** The delegation of a command id of the session's epoch, or null. */
  find(counter: number): Delegation | null {
    const slots = this.slots;
    const hint = this.#slotHints[counter & this.#mask]!;
    if (hint !== 0) {
      const d = slots[hint - 1]!;
      if (d.counter === counter && d.state !== SlotState.ready) return d;
    }
    const active = this.active;
    for (let i = 0; i < this.activeCount; i++) {
      const d = slots[active[i]!]!;
      if (d.counter === counter) return d;
    }
    return null;
  }

  /** Takes a free slot for a command id, or null when there is none. */
  claim(epoch: number, counter: number): Delegation | null {
    if (this.activeCount === this.slots.length) return null;
    const slots = this.slots;
    let slot = 0;
    while (slots[slot]!.state !== SlotState.ready) slot++;
    const d = slots[slot]!;
    resetDelegation(d);
    d.epoch = epoch;
    d.counter = counter;
    this.active[this.activeCount++] = slot;
    this.#slotHints[counter & this.#mask] = slot + 1;
    return d;
  }

  /** The slot is free again; its command id is over. */
  free(d: Delegation): void {
    const active = this.active;
    const last = --this.activeCount;
    let i = 0;
    while (active[i] !== d.slot) i++;
    for (; i < last; i++) active[i] = active[i + 1]!;
    this.remember(d.counter, Remembered.over);
  }

  remember(counter: number, what: Remembered): void {
    const i = counter & this.#mask;
    this.#counters[i] = counter;
    this.#remembered[i] = what;
  }

  recall(counter: number): Remembered {
    const i = counter & this.#mask;
    return this.#counters[i] === counter ? (this.#remembered[i] as Remembered) : Remembered.nothing;
  }

  /** Forgets all ids: they were another front-end's. */
  forgetIds(): void {
    for (let i = 0; i <= this.#mask; i++) this.#remembered[i] = Remembered.nothing;
  }
}
