/** One question about an object: a command that sends nothing, said again until a board has answered it. */
import { ackUpHintMs, ackUpReason, ackUpState, DelegationState, Reason } from '../../wire/atcp/ack-up.js';
import { commandCounter } from '../../wire/atcp/statements.js';
import type { TracePoint } from '../inspection/trace.js';
import type { Board } from './board.js';
import type { Command, CommandPhase, DelegationContext } from './commands.js';
import type { Waiting } from './waiting-room.js';
import { errorForReason, isSlotLoss, NoBoardError } from './errors.js';
import { emitReleaseCommand, RELEASE_COMMAND_BYTES } from './read-command.js';
import { AnswerWatch } from './watches.js';

/** What is asked, and how the answer reads. */
export interface Question<T> {
  readonly opcode: 'stat' | 'list';
  /** Name of the object that it is about. */
  readonly name: string;
  /** The board that has a continuation of what is asked, if it is one: it is asked if it has room. */
  readonly board?: Board | undefined;
  commandBytes(): number;
  emit(b: Uint8Array, at: number, board: Board, epoch: number, counter: number, dateMs: number): number;
  /** Reads the result in the ATCP_ACK 27 at `at`; undefined when it can't be one. */
  read(board: Board, b: Uint8Array, at: number): T | undefined;
  traced(answer: T, command: number, board: number): TracePoint;
}

export class Inquiry<T> implements Waiting {
  waitUntilUs: number;
  readonly #context: DelegationContext;
  readonly #question: Question<T>;
  readonly #resolve: (answer: T) => void;
  readonly #reject: (error: Error) => void;
  readonly #tried = new Set<Board>();
  #lastError: Error | undefined;

  constructor(
    context: DelegationContext,
    question: Question<T>,
    resolve: (answer: T) => void,
    reject: (error: Error) => void,
  ) {
    this.#context = context;
    this.#question = question;
    this.#resolve = resolve;
    this.#reject = reject;
    this.waitUntilUs = context.nowUs + context.timing.inquiryMs * 1000;
    this.#place(context.nowUs);
  }

  tryPlacement(nowUs: number): boolean {
    const { waiting } = this.#context;
    const board = this.#choose(nowUs);
    if (board === undefined) return false;
    waiting.delete(this);
    const { counter: command } = new QuestionCommand(this.#context, board, this, this.#question);
    this.#context.trace.events?.({
      event: 'asked',
      packet: 25,
      point: 'A',
      opcode: this.#question.opcode,
      command,
      board: board.id,
      object: this.#question.name,
    });
    return true;
  }

  #choose(nowUs: number): Board | undefined {
    const { board } = this.#question;
    const can =
      board !== undefined && board.hasRoom && nowUs >= board.avoidUntilUs && !this.#tried.has(board);
    return can ? board : this.#context.placement.choose(this.#tried, nowUs);
  }

  onWaitedTooLong(): void {
    const { waiting, placement, counters } = this.#context;
    waiting.delete(this);
    counters.inquiriesFailed++;
    const detail = placement.someAvailable
      ? 'all are busy or do not answer; add boards'
      : 'none is alive with a readable card; look at the boards';
    const error = this.#lastError ?? new NoBoardError(detail);
    this.#context.trace.events?.({ event: 'unanswered', object: this.#question.name, error: error.message });
    this.#reject(error);
  }

  /** ATCP_ACK 27 about the question; only `accepted` leaves it open. */
  onAnswer(board: Board, b: Uint8Array, at: number, nowUs: number): void {
    switch (ackUpState(b, at)) {
      case DelegationState.accepted:
        return;
      case DelegationState.busy:
        this.#context.counters.delegationsBusy++;
        board.avoid(nowUs, ackUpHintMs(b, at));
        this.#place(nowUs);
        return;
      case DelegationState.released:
        this.#place(nowUs);
        return;
      case DelegationState.failed:
        this.#onReason(board, ackUpReason(b, at), nowUs);
        return;
      default:
        this.#onResult(board, b, at, nowUs);
    }
  }

  #onResult(board: Board, b: Uint8Array, at: number, nowUs: number): void {
    const answer = this.#question.read(board, b, at);
    if (answer === undefined) {
      this.#onReason(board, Reason.badCommand, nowUs);
      return;
    }
    const { counters, trace } = this.#context;
    counters.inquiriesAnswered++;
    trace.events?.(this.#question.traced(answer, commandCounter(b, at), board.id));
    this.#resolve(answer);
  }

  #onReason(board: Board, reason: number, nowUs: number): void {
    this.#lastError = errorForReason(reason, board.id, this.#question.name);
    if (isSlotLoss(reason)) board.avoid(nowUs, this.#context.timing.retryMs);
    else this.#tried.add(board);
    this.#place(nowUs);
  }

  onNoAnswer(board: Board, nowUs: number): void {
    board.avoid(nowUs, this.#context.timing.avoidMs);
    this.#place(nowUs);
  }

  onBoardGone(nowUs: number): void {
    this.#place(nowUs);
  }

  /** A question is not worth waiting for boards that are not there; one that is only busy is. */
  #place(nowUs: number): void {
    const { placement, waiting } = this.#context;
    if (!placement.someAvailable || placement.allTried(this.#tried) || nowUs >= this.waitUntilUs)
      this.onWaitedTooLong();
    else if (!this.tryPlacement(nowUs)) waiting.add(this);
  }
}

/** Whom the command on a board reports to. */
type Asker = Pick<Inquiry<unknown>, 'onAnswer' | 'onNoAnswer' | 'onBoardGone'>;

/**
 * The question on one board. It takes a slot there like any command, so it is released when it is answered; but it
 * sends nothing to anybody, so nobody has to wait for that.
 */
class QuestionCommand implements Command {
  readonly board: Board;
  readonly counter: number;
  readonly opcode: Command['opcode'];
  queued = false;
  wakeUs = 0;
  heapIndex = -1;
  readonly #context: DelegationContext;
  readonly #question: Question<unknown>;
  /** Undefined once it is answered: then the command is only released. */
  #inquiry: Asker | undefined;
  readonly #answers: AnswerWatch;
  #emitted = false;

  constructor(context: DelegationContext, board: Board, inquiry: Asker, question: Question<unknown>) {
    this.#context = context;
    this.board = board;
    this.counter = context.commands.nextCounter();
    this.#inquiry = inquiry;
    this.#question = question;
    this.opcode = question.opcode;
    this.#answers = new AnswerWatch(context.timing, board);
    context.commands.add(this);
    context.writer.queue(this);
  }

  get phase(): CommandPhase {
    return this.#inquiry === undefined ? 'releasing' : 'commanded';
  }

  statementBytes(): number {
    return this.#inquiry === undefined ? RELEASE_COMMAND_BYTES : this.#question.commandBytes();
  }

  writeStatements(b: Uint8Array, at: number, nowUs: number): number {
    const { epoch, counters, unixTimeMs, timers } = this.#context;
    this.#answers.said(nowUs);
    timers.schedule(this, this.#answers.retryAtUs);
    if (this.#inquiry === undefined) return emitReleaseCommand(b, at, epoch, this.counter);
    counters.step107CommandsSent++;
    if (this.#emitted) counters.commandsRepeated++;
    this.#emitted = true;
    return this.#question.emit(b, at, this.board, epoch, this.counter, unixTimeMs());
  }

  onUnsayable(nowUs: number): void {
    this.#answers.unsaid(nowUs);
    this.#context.timers.schedule(this, this.#answers.retryAtUs);
  }

  onAckUp(b: Uint8Array, at: number, _sequence: number, nowUs: number): void {
    const state = ackUpState(b, at);
    const inquiry = this.#inquiry;
    if (state === DelegationState.released || state === DelegationState.busy) {
      if (inquiry === undefined) this.#tellReleased();
      this.#end();
    } else if (inquiry === undefined) return;
    else if (state === DelegationState.accepted) this.#answers.heard(nowUs);
    else this.#release();
    inquiry?.onAnswer(this.board, b, at, nowUs);
  }

  onTimer(nowUs: number): void {
    const { counters, writer, timers } = this.#context;
    if (this.#answers.hasExpired(nowUs)) {
      const inquiry = this.#inquiry;
      counters.delegationsUnanswered++;
      this.#end();
      inquiry?.onNoAnswer(this.board, nowUs);
      return;
    }
    if (nowUs >= this.#answers.retryAtUs) {
      this.#answers.retry(nowUs);
      counters.statementsRepeated++;
      writer.queue(this);
    }
    timers.schedule(this, this.#answers.retryAtUs);
  }

  onBoardLost(nowUs: number): void {
    const inquiry = this.#inquiry;
    this.#end();
    inquiry?.onBoardGone(nowUs);
  }

  onBoardRebooted(nowUs: number): void {
    this.onBoardLost(nowUs);
  }

  #release(): void {
    this.#inquiry = undefined;
    this.#answers.reset();
    this.#context.writer.queue(this);
  }

  #tellReleased(): void {
    this.#context.trace.events?.({
      event: 'released',
      packet: 27,
      point: 'D',
      command: this.counter,
      board: this.board.id,
      confirmed: true,
    });
  }

  #end(): void {
    this.#inquiry = undefined;
    this.#context.timers.cancel(this);
    this.#context.commands.remove(this);
  }
}
