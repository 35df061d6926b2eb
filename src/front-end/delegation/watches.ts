/** Two ways in which a board may leave something to be desired, and when to remind it or to give it up. */
import type { Board } from './board.js';
import { type DelegationTiming, REMINDERS_BEFORE_GIVING_UP } from './limits.js';

/** "Not at all", as a moment. */
export const NEVER = Infinity;

/** What was said and is not answered yet: said again with back-off, for a while. */
export class AnswerWatch {
  /** Since when the oldest of it waits. */
  sinceUs = NEVER;
  /** When to say it again. */
  retryAtUs = NEVER;
  readonly #timing: DelegationTiming;
  readonly #board: Board;
  #pauseUs: number;
  #retries = 0;
  #latestUs = 0;

  constructor(timing: DelegationTiming, board: Board) {
    this.#timing = timing;
    this.#board = board;
    this.#pauseUs = this.#firstPauseUs();
  }

  said(nowUs: number): void {
    if (this.sinceUs === NEVER) this.sinceUs = nowUs;
    this.#latestUs = nowUs;
    this.unsaid(nowUs);
  }

  /** It could not be said; to be tried again, but nobody owes an answer. */
  unsaid(nowUs: number): void {
    if (this.retryAtUs === NEVER) this.retryAtUs = nowUs + this.#pauseUs;
  }

  /** What was said last is answered, and with it everything. */
  answered(nowUs: number): void {
    // What was said more than once measures nothing (Karn's algorithm).
    if (this.sinceUs !== NEVER && this.#retries === 0) this.#board.onAnswerTime(nowUs - this.#latestUs);
    this.reset();
  }

  /** There was an answer, but not to what was said last. */
  heard(nowUs: number): void {
    this.reset();
    this.sinceUs = nowUs;
    this.unsaid(nowUs);
  }

  /** Nothing is expected. */
  reset(): void {
    this.sinceUs = NEVER;
    this.retryAtUs = NEVER;
    this.#pauseUs = this.#firstPauseUs();
    this.#retries = 0;
  }

  /** A board is given the time that it takes, be it fast or, as an emulated one, slow. */
  #firstPauseUs(): number {
    const { retryMs, retryMinMs, retryMaxMs } = this.#timing;
    const { answerBoundUs } = this.#board;
    if (answerBoundUs === 0) return retryMs * 1000;
    return Math.min(Math.max(retryMinMs * 1000, answerBoundUs), retryMaxMs * 1000);
  }

  /** It is said once more now; the next time after twice the pause. */
  retry(nowUs: number): void {
    this.#pauseUs = Math.min(2 * this.#pauseUs, this.#timing.retryMaxMs * 1000);
    this.retryAtUs = nowUs + this.#pauseUs;
    this.#retries++;
  }

  hasExpired(nowUs: number): boolean {
    const waitedUs = nowUs - this.sinceUs;
    return waitedUs >= this.#timing.unansweredMs * 1000 && this.#retries >= REMINDERS_BEFORE_GIVING_UP;
  }
}

/** Work that a board has and answers about, but does not get on with (decision 6). */
export class StallWatch {
  sinceUs = NEVER;
  remindAtUs = NEVER;
  readonly #timing: DelegationTiming;
  #pauseUs = 0;
  #reminders = 0;

  constructor(timing: DelegationTiming) {
    this.#timing = timing;
  }

  get active(): boolean {
    return this.sinceUs !== NEVER;
  }

  /** There is work, and there was progress just now. */
  start(nowUs: number): void {
    this.sinceUs = nowUs;
    this.#pauseUs = this.#timing.stallMinMs * 1000;
    this.remindAtUs = nowUs + this.#pauseUs;
    this.#reminders = 0;
  }

  stop(): void {
    this.sinceUs = NEVER;
    this.remindAtUs = NEVER;
  }

  remind(nowUs: number): void {
    this.#pauseUs = Math.min(2 * this.#pauseUs, this.#timing.stallMs * 1000);
    this.remindAtUs = nowUs + this.#pauseUs;
    this.#reminders++;
  }

  hasExpired(nowUs: number): boolean {
    const stalledUs = nowUs - this.sinceUs;
    return stalledUs >= this.#timing.stalledMs * 1000 && this.#reminders >= REMINDERS_BEFORE_GIVING_UP;
  }
}
