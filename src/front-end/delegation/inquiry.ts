/** One question about an object: command `stat`, said again until a board has answered it. */
import {
  ACK_UP_RESULT,
  ACK_UP_VERSION_AT,
  ackUpHintMs,
  ackUpReason,
  ackUpResultBytes,
  ackUpState,
  DelegationState,
  ObjectKind,
  Reason,
  STAT_RESULT_BYTES,
  StatResult,
} from '../../wire/atcp/ack-up.js';
import { OBJECT_VERSION_BYTES } from '../../wire/atcp/command.js';
import { commandCounter } from '../../wire/atcp/statements.js';
import { get64 } from '../../wire/bytes.js';
import type { Board } from './board.js';
import type { Command, CommandPhase, DelegationContext } from './commands.js';
import type { Waiting } from './waiting-room.js';
import { errorForReason, isSlotLoss, NoBoardError } from './errors.js';
import {
  emitReleaseCommand,
  emitStatCommand,
  encodeObjectName,
  RELEASE_COMMAND_BYTES,
  statCommandBytes,
} from './read-command.js';
import { AnswerWatch } from './watches.js';

/** What an object is; the answer of `stat`. */
export interface ObjectFacts {
  readonly name: string;
  readonly kind: 'file' | 'directory';
  /** Bytes. */
  readonly size: number;
  /** ms since the Unix epoch. */
  readonly modifiedMs: number;
  /** 16 bytes; equal versions on two boards mean equal bytes (decision 9). */
  readonly version: Uint8Array;
}

export class Inquiry implements Waiting {
  waitUntilUs: number;
  readonly #context: DelegationContext;
  readonly #name: string;
  readonly #nameBytes: Uint8Array;
  readonly #resolve: (facts: ObjectFacts) => void;
  readonly #reject: (error: Error) => void;
  readonly #tried = new Set<Board>();
  #lastError: Error | undefined;

  /** Throws a RangeError for a name that can't be one. */
  constructor(
    context: DelegationContext,
    name: string,
    resolve: (facts: ObjectFacts) => void,
    reject: (error: Error) => void,
  ) {
    this.#context = context;
    this.#name = name;
    this.#nameBytes = encodeObjectName(name);
    this.#resolve = resolve;
    this.#reject = reject;
    this.waitUntilUs = context.nowUs + context.timing.inquiryMs * 1000;
    this.#place(context.nowUs);
  }

  tryPlacement(nowUs: number): boolean {
    const { placement, waiting } = this.#context;
    const board = placement.choose(this.#tried, nowUs);
    if (board === undefined) return false;
    waiting.delete(this);
    const { counter: command } = new StatCommand(this.#context, board, this, this.#nameBytes);
    this.#context.trace.events?.({
      event: 'asked',
      packet: 25,
      point: 'A',
      opcode: 'stat',
      command,
      board: board.id,
      object: this.#name,
    });
    return true;
  }

  onWaitedTooLong(): void {
    const { waiting, placement, counters } = this.#context;
    waiting.delete(this);
    counters.inquiriesFailed++;
    const detail = placement.someAvailable
      ? 'all are busy or do not answer; add boards'
      : 'none is alive with a readable card; look at the boards';
    const error = this.#lastError ?? new NoBoardError(detail);
    this.#context.trace.events?.({ event: 'unanswered', object: this.#name, error: error.message });
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
        if (ackUpResultBytes(b, at) >= STAT_RESULT_BYTES) this.#onFacts(board, b, at);
        else this.#onReason(board, Reason.badCommand, nowUs);
    }
  }

  #onFacts(board: Board, b: Uint8Array, at: number): void {
    const result = at + ACK_UP_RESULT;
    const version = at + ACK_UP_VERSION_AT;
    const { counters, facts: cache, trace } = this.#context;
    counters.inquiriesAnswered++;
    const facts: ObjectFacts = {
      name: this.#name,
      kind: b[result + StatResult.kind] === ObjectKind.directory ? 'directory' : 'file',
      size: get64(b, result + StatResult.size),
      modifiedMs: get64(b, result + StatResult.modified),
      version: b.slice(version, version + OBJECT_VERSION_BYTES),
    };
    cache.put(facts, board);
    trace.events?.({
      event: 'answered',
      packet: 27,
      point: 'D',
      command: commandCounter(b, at),
      board: board.id,
      object: this.#name,
      kind: facts.kind,
      bytes: facts.size,
    });
    this.#resolve(facts);
  }

  #onReason(board: Board, reason: number, nowUs: number): void {
    this.#lastError = errorForReason(reason, board.id, this.#name);
    if (!isSlotLoss(reason)) this.#tried.add(board);
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

/**
 * The question on one board. It takes a slot there like any command, so it is released when it is answered; but it
 * sends nothing to anybody, so nobody has to wait for that.
 */
class StatCommand implements Command {
  readonly board: Board;
  readonly counter: number;
  readonly opcode = 'stat';
  queued = false;
  wakeUs = 0;
  heapIndex = -1;
  readonly #context: DelegationContext;
  readonly #name: Uint8Array;
  /** Undefined once it is answered: then the command is only released. */
  #inquiry: Inquiry | undefined;
  readonly #answers: AnswerWatch;
  #emitted = false;

  constructor(context: DelegationContext, board: Board, inquiry: Inquiry, name: Uint8Array) {
    this.#context = context;
    this.board = board;
    this.counter = context.commands.nextCounter();
    this.#inquiry = inquiry;
    this.#name = name;
    this.#answers = new AnswerWatch(context.timing, board);
    context.commands.add(this);
    context.writer.queue(this);
  }

  get phase(): CommandPhase {
    return this.#inquiry === undefined ? 'releasing' : 'commanded';
  }

  statementBytes(): number {
    return this.#inquiry === undefined ? RELEASE_COMMAND_BYTES : statCommandBytes(this.#name.length);
  }

  writeStatements(b: Uint8Array, at: number, nowUs: number): number {
    const { epoch, counters, unixTimeMs, timers } = this.#context;
    this.#answers.said(nowUs);
    timers.schedule(this, this.#answers.retryAtUs);
    if (this.#inquiry === undefined) return emitReleaseCommand(b, at, epoch, this.counter);
    counters.step107CommandsSent++;
    if (this.#emitted) counters.commandsRepeated++;
    this.#emitted = true;
    return emitStatCommand(b, at, epoch, this.counter, unixTimeMs(), this.#name);
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
