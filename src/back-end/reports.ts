/**
 * What is to be reported upwards, and when: ATCP_ACKs 27 of delegations, and answers about command ids that hold
 * no slot. Changes of state are due at once, progress with the next coalesced report; whatever is due, everything
 * new leaves in the same frame.
 */
import type { DelegationState, Reason } from '../wire/atcp/ack-up.js';
import type { Counters } from './counters.js';
import type { Delegation } from './delegation.js';
import type { DueTime } from './due-time.js';
import { NEVER_US } from './limits.js';
import type { Limits } from './limits.js';

export class Reports {
  /** When the next ATCP_ACK 27 is due. */
  dueUs: number = NEVER_US;
  /** Answers waiting, oldest first: entry {@link answerAt} and the following {@link answers}, modulo the size. */
  answers = 0;
  answerAt = 0;
  readonly answerEpoch: Uint32Array;
  readonly answerCounter: Uint32Array;
  readonly answerState: Uint8Array;
  readonly answerReason: Uint8Array;
  readonly answerHintMs: Uint16Array;
  readonly answerSize: number;
  readonly #intervalUs: number;
  readonly #counters: Counters;
  readonly #due: DueTime;
  /** No coalesced report before this. */
  #nextUs = 0;

  constructor(due: DueTime, limits: Limits, counters: Counters) {
    this.#due = due;
    this.#intervalUs = limits.reportIntervalUs;
    this.#counters = counters;
    this.answerSize = limits.answers;
    this.answerEpoch = new Uint32Array(limits.answers);
    this.answerCounter = new Uint32Array(limits.answers);
    this.answerState = new Uint8Array(limits.answers);
    this.answerReason = new Uint8Array(limits.answers);
    this.answerHintMs = new Uint16Array(limits.answers);
  }

  atOnce(nowUs: number, d: Delegation): void {
    d.reportDue = true;
    this.#at(nowUs);
  }

  soon(nowUs: number, d: Delegation): void {
    d.reportDue = true;
    const dueUs = this.#nextUs > nowUs ? this.#nextUs : nowUs;
    if (dueUs < this.dueUs) this.#at(dueUs);
  }

  #at(dueUs: number): void {
    this.dueUs = dueUs;
    this.#due.by(dueUs);
  }

  /** Queues an answer about an id without a slot. When the queue is full the front-end has to ask again. */
  answer(
    nowUs: number,
    epoch: number,
    counter: number,
    state: DelegationState,
    reason: Reason,
    hintMs: number,
  ): void {
    if (this.answers === this.answerSize) {
      this.#counters.answersDropped++;
      return;
    }
    const i = (this.answerAt + this.answers++) % this.answerSize;
    this.answerEpoch[i] = epoch;
    this.answerCounter[i] = counter;
    this.answerState[i] = state;
    this.answerReason[i] = reason;
    this.answerHintMs[i] = hintMs;
    this.#at(nowUs);
  }

  /** The oldest answer has been written. */
  shiftAnswer(): void {
    this.answerAt = (this.answerAt + 1) % this.answerSize;
    this.answers--;
  }

  /** Forgets the answers: they were for another front-end. */
  dropAnswers(): void {
    this.answers = 0;
  }

  /** A frame of reports has been written; `more` did not fit it. */
  written(nowUs: number, more: boolean): void {
    this.#nextUs = nowUs + this.#intervalUs;
    this.dueUs = more ? nowUs : NEVER_US;
  }
}
