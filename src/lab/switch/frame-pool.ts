/** Copies of frames that wait in the switch. Memory grows with the need, up to a limit, and is used again. */

const SLAB_SLOTS = 256;

export class FramePool {
  readonly slotBytes: number;
  readonly #maxSlots: number;
  readonly #slabs: Uint8Array[] = [];
  readonly #lengths: Uint32Array;
  readonly #corrupted: Uint8Array;
  readonly #free: Uint32Array;
  #freeCount = 0;

  constructor(slotBytes: number, maxSlots: number) {
    this.slotBytes = slotBytes;
    this.#maxSlots = Math.ceil(maxSlots / SLAB_SLOTS) * SLAB_SLOTS;
    this.#lengths = new Uint32Array(this.#maxSlots);
    this.#corrupted = new Uint8Array(this.#maxSlots);
    this.#free = new Uint32Array(this.#maxSlots);
  }

  /** Copies a frame; returns its slot, or -1 when there is no room (or the frame is longer than a slot). */
  take(b: Uint8Array, at: number, length: number, corrupted: boolean): number {
    if (length > this.slotBytes || (this.#freeCount === 0 && !this.#grow())) return -1;
    const slot = this.#free[--this.#freeCount]!;
    this.bytesOf(slot).set(b.subarray(at, at + length), this.atOf(slot));
    this.#lengths[slot] = length;
    this.#corrupted[slot] = corrupted ? 1 : 0;
    return slot;
  }

  give(slot: number): void {
    this.#free[this.#freeCount++] = slot;
  }

  /** The array that holds the frame in `slot`. */
  bytesOf(slot: number): Uint8Array {
    return this.#slabs[Math.floor(slot / SLAB_SLOTS)]!;
  }

  /** Where in that array it starts. */
  atOf(slot: number): number {
    return (slot % SLAB_SLOTS) * this.slotBytes;
  }

  lengthOf(slot: number): number {
    return this.#lengths[slot]!;
  }

  isCorrupted(slot: number): boolean {
    return this.#corrupted[slot] === 1;
  }

  #grow(): boolean {
    const first = this.#slabs.length * SLAB_SLOTS;
    if (first === this.#maxSlots) return false;
    this.#slabs.push(new Uint8Array(SLAB_SLOTS * this.slotBytes));
    for (let slot = first + SLAB_SLOTS - 1; slot >= first; slot--) this.#free[this.#freeCount++] = slot;
    return true;
  }
}
