/** A card slot with a card that seeks, transfers and fails. */
import { type DiskPort, PortStatus } from '../back-end/ports.js';
import type { EventQueue } from './event-queue.js';
import { Dice } from './plan-from-seed.js';
import type { BoardPlan } from './plan.js';

const SECTOR_BYTES = 512;

export class ModelDisk implements DiskPort {
  /** No card in the slot, or every read fails, until then (the simulation's time). */
  pulledUntilUs = 0;
  failsUntilUs = 0;
  failures = 0;
  wrongBits = 0;
  readonly #queue: EventQueue;
  readonly #card: Uint8Array;
  readonly #plan: BoardPlan;
  readonly #dice: Dice;
  #next = -1;
  #pendingSector = -1;
  #pendingCount = 0;
  #readyUs = 0;

  constructor(queue: EventQueue, card: Uint8Array, plan: BoardPlan, seed: number, id: number) {
    this.#queue = queue;
    this.#card = card;
    this.#plan = plan;
    this.#dice = new Dice(seed, 8 + id);
  }

  /** When the read that is under way has its answer; Infinity when there is none. */
  get readyUs(): number {
    return this.#pendingSector < 0 ? Infinity : this.#readyUs;
  }

  get sectorCount(): number {
    return this.#card.length / SECTOR_BYTES;
  }

  open(): PortStatus {
    this.#next = -1;
    return this.#isPulled ? PortStatus.noMedium : PortStatus.ok;
  }

  read(_nowUs: number, sector: number, count: number, b: Uint8Array, at: number): PortStatus {
    const { nowUs } = this.#queue;
    if (this.#isPulled) return this.#fail(PortStatus.noMedium);
    if (sector + count > this.sectorCount) return this.#fail(PortStatus.outOfRange);
    if (this.#pendingSector !== sector || this.#pendingCount !== count) {
      this.#pendingSector = sector;
      this.#pendingCount = count;
      this.#readyUs = nowUs + count * this.#plan.sectorUs + (sector === this.#next ? 0 : this.#plan.seekUs);
    }
    if (nowUs < this.#readyUs) return PortStatus.pending;
    const bytes = count * SECTOR_BYTES;
    this.#pendingSector = -1;
    this.#next = sector + count;
    if (nowUs < this.failsUntilUs) {
      // A transfer that fails has delivered something.
      b.fill(0xee, at, at + bytes);
      return this.#fail(PortStatus.crcError);
    }
    b.set(this.#card.subarray(sector * SECTOR_BYTES, sector * SECTOR_BYTES + bytes), at);
    if (this.#plan.wrongBit > 0 && this.#dice.chance(this.#plan.wrongBit)) {
      this.wrongBits++;
      const bit = this.#dice.whole(0, bytes * 8 - 1);
      b[at + (bit >>> 3)]! ^= 1 << (bit & 7);
    }
    return PortStatus.ok;
  }

  write(): PortStatus {
    return PortStatus.unsupported;
  }

  get #isPulled(): boolean {
    return this.#queue.nowUs < this.pulledUntilUs;
  }

  #fail(status: PortStatus): PortStatus {
    this.failures++;
    this.#pendingSector = -1;
    this.#next = -1;
    return status;
  }
}
