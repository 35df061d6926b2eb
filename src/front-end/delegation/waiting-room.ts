/** Who waits for a board, in order of arrival. */
import type { Placement } from './placement.js';

export interface Waiting {
  /** It is given up at this moment; does not move while it waits. */
  readonly waitUntilUs: number;
  /** A board may have room: true when one was found, and it waits no longer. */
  tryPlacement(nowUs: number): boolean;
  onWaitedTooLong(): void;
}

export class WaitingRoom {
  readonly #placement: Placement;
  readonly #waiting = new Set<Waiting>();
  /** At or before the first moment at which somebody is given up. */
  #giveUpUs = Infinity;

  constructor(placement: Placement) {
    this.#placement = placement;
  }

  get size(): number {
    return this.#waiting.size;
  }

  has(each: Waiting): boolean {
    return this.#waiting.has(each);
  }

  add(each: Waiting): void {
    this.#waiting.add(each);
    this.#giveUpUs = Math.min(this.#giveUpUs, each.waitUntilUs);
  }

  delete(each: Waiting): void {
    this.#waiting.delete(each);
  }

  /** Places whom it can, and lets go those who have waited too long. */
  serve(nowUs: number): void {
    const overdue = nowUs >= this.#giveUpUs;
    let room = this.#placement.hasRoom(nowUs);
    if (!room && !overdue) return;
    if (overdue) this.#giveUpUs = Infinity;
    for (const each of this.#waiting) {
      if (nowUs >= each.waitUntilUs) each.onWaitedTooLong();
      else {
        if (room && each.tryPlacement(nowUs)) room = this.#placement.hasRoom(nowUs);
        else if (overdue) this.#giveUpUs = Math.min(this.#giveUpUs, each.waitUntilUs);
        if (!room && !overdue) return;
      }
    }
  }

  /** When {@link serve} is to be called at the latest. */
  nextDeadlineUs(nowUs: number): number {
    return this.#waiting.size === 0 ? Infinity : Math.min(this.#giveUpUs, this.#placement.nextTryUs(nowUs));
  }
}
