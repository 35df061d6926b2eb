/**
 * The life of one command on one board: ATCP_COMMAND 25 and ATCP_ACK 29 said again until ATCP_ACK 27 answers,
 * the lease, and the release, after which the board is known to be silent (decisions 1, 2, 6; Fig. 5 and Fig. 8).
 * What is to be sent belongs to the {@link DelegatedStream}; it may outlive several delegations.
 */
import { ackDownBytes, AckDownFlag, emitAckDown } from '../../wire/atcp/ack-down.js';
import {
  ackUpAgeUs,
  ackUpHintMs,
  ackUpReason,
  ackUpResendGeneration,
  ackUpSentUpTo,
  ackUpState,
  ackUpVersion,
  DelegationState,
} from '../../wire/atcp/ack-up.js';
import type { Board } from './board.js';
import type { Command, DelegationContext } from './commands.js';
import { REMINDERS_BEFORE_GIVING_UP } from './limits.js';
import { ResendRanges } from './resend-ranges.js';
import type { TimestampMarks } from './timestamp-marks.js';

/** Why a delegation is over although its stream is not. The board is silent when this is told. */
export type EndCause = 'busy' | 'failed' | 'forgotten' | 'unanswered' | 'stalled' | 'boardLost' | 'rebooted';

/** What a delegation sends, and whom it reports to. */
export interface DelegatedStream {
  readonly acknowledged: number;
  readonly granted: number;
  readonly marks: TimestampMarks;
  /** The pair and TSecr to be stated now; `sending` tells whether pseudo packets are to be expected. */
  readPair(sending: boolean): void;
  readonly acknowledgment: number;
  readonly window: number;
  readonly tsEcr: number;
  commandBytes(): number;
  writeCommand(b: Uint8Array, at: number, counter: number, firstOffset: number): number;
  /** The board has sent everything below `sentUpTo`, the last of it at `atUs`. */
  onProgress(sentUpTo: number, atUs: number): void;
  onEnded(delegation: Delegation, cause: EndCause, reason: number, hintMs: number, nowUs: number): void;
}

type Phase = 'commanded' | 'confirmed' | 'releasing' | 'ended';

/** `never` as a moment. */
const NEVER = Infinity;

export class Delegation implements Command {
  readonly board: Board;
  readonly counter: number;
  queued = false;
  wakeUs = 0;
  heapIndex = -1;
  readonly ranges = new ResendRanges();
  /** How far this board has sent, as it reported. */
  sentUpTo: number;

  readonly #context: DelegationContext;
  readonly #firstOffset: number;
  #stream: DelegatedStream | undefined;
  #phase: Phase = 'commanded';
  /** Told to the stream once the board is silent. */
  #cause: EndCause | undefined;

  #version = 0;
  #answeredVersion = 0;
  #emitted = false;
  /** Since when a statement waits for its answer. */
  #unansweredSinceUs = NEVER;
  #retryAtUs = NEVER;
  #retryPauseUs: number;
  /** Repetitions since the last answer. */
  #retries = 0;
  /** Until when the board may be sending, by what it was told. */
  #leaseEndUs = 0;
  #renewAtUs = NEVER;
  #stalledSinceUs = NEVER;
  #remindAtUs = NEVER;
  /** Reminders since the last progress. */
  #reminders = 0;
  /** The highest offset that this board was ever granted. */
  #statedGrant: number;
  #statedAcknowledged: number;
  #executedGeneration = 0;
  #newestSession = -1;
  #newestSequence = -1;

  constructor(context: DelegationContext, board: Board, stream: DelegatedStream, firstOffset: number) {
    this.#context = context;
    this.board = board;
    this.counter = context.commands.nextCounter();
    this.#stream = stream;
    this.#firstOffset = firstOffset;
    this.#statedGrant = firstOffset;
    this.#statedAcknowledged = firstOffset;
    this.sentUpTo = firstOffset;
    this.#retryPauseUs = context.timing.retryMs * 1000;
    context.commands.add(this);
    context.counters.delegationsOpened++;
    this.state();
  }

  /** Something to be stated has changed: it leaves with the next flush. */
  state(): void {
    this.#context.writer.queue(this);
  }

  /** Pseudo packets are to be expected: credit that is not used up, or ranges to be sent again. */
  get hasWork(): boolean {
    const granted = this.#stream?.granted ?? 0;
    return granted > this.sentUpTo || this.ranges.count > 0;
  }

  /** Bytes that the client acknowledged since the board was last told. */
  get unstatedAcknowledged(): number {
    return (this.#stream?.acknowledged ?? 0) - this.#statedAcknowledged;
  }

  /** The stream is over or has failed: the board is to forget it. */
  release(): void {
    if (this.#phase === 'ended') return;
    this.#detach();
    if (this.#phase === 'releasing') return;
    if (this.#emitted) this.#startRelease();
    else this.#end(undefined);
  }

  // ---- Statements ----

  statementBytes(): number {
    if (this.#phase === 'ended') return 0;
    const stream = this.#stream;
    if (this.#phase === 'releasing' || stream === undefined) return ackDownBytes(0, 0, 0);
    const command = this.#phase === 'commanded' ? stream.commandBytes() : 0;
    return command + ackDownBytes(this.ranges.count, stream.marks.count, 0);
  }

  writeStatements(b: Uint8Array, at: number, nowUs: number): number {
    const { counters } = this.#context;
    this.#version++;
    this.#emitted = true;
    counters.pointFStatementsSent++;
    if (this.#unansweredSinceUs === NEVER) {
      this.#unansweredSinceUs = nowUs;
      this.#retryAtUs = nowUs + this.#retryPauseUs;
    }
    const stream = this.#stream;
    let bytes = 0;
    if (this.#phase === 'releasing' || stream === undefined) bytes = this.#writeRelease(b, at);
    else {
      if (this.#phase === 'commanded') {
        bytes = stream.writeCommand(b, at, this.counter, this.#firstOffset);
        counters.step107CommandsSent++;
        if (this.#version > 1) counters.commandsRepeated++;
      }
      bytes += this.#writeStatement(b, at + bytes, stream, nowUs);
    }
    this.#schedule();
    return bytes;
  }

  onUnsayable(nowUs: number): void {
    if (this.#retryAtUs === NEVER) this.#retryAtUs = nowUs + this.#retryPauseUs;
    this.#schedule();
  }

  #writeStatement(b: Uint8Array, at: number, stream: DelegatedStream, nowUs: number): number {
    const { counters, timing, epoch } = this.#context;
    const { ranges } = this;
    const { acknowledged, granted, marks } = stream;
    const sending = this.hasWork;
    stream.readPair(sending);
    const leaseMs = this.#lease(nowUs);
    const bytes = emitAckDown(
      b,
      at,
      0,
      epoch,
      this.counter,
      this.#version,
      acknowledged,
      granted,
      stream.acknowledgment,
      stream.window,
      leaseMs,
      stream.tsEcr,
      ranges.count,
      marks.count,
      0,
      0,
    );
    ranges.emit(b, at);
    marks.emit(b, at);
    counters.resendRangesStated += ranges.count;
    this.#statedGrant = Math.max(this.#statedGrant, granted);
    this.#statedAcknowledged = acknowledged;
    this.#renewAtUs = nowUs + (timing.leaseMs / 2) * 1000;
    if (sending && this.#stalledSinceUs === NEVER) this.#watchStall(nowUs);
    return bytes;
  }

  /** Repetitions that nobody answers do not extend the lease: a dead board's ends `leaseMs` after its last answer. */
  #lease(nowUs: number): number {
    const { timing } = this.#context;
    const leaseEndUs = this.#unansweredSinceUs + timing.leaseMs * 1000;
    const leaseMs = Math.max(0, Math.floor((leaseEndUs - nowUs) / 1000));
    this.#leaseEndUs = Math.max(this.#leaseEndUs, nowUs + leaseMs * 1000);
    return leaseMs;
  }

  #writeRelease(b: Uint8Array, at: number): number {
    const offset = this.#statedAcknowledged;
    const { epoch } = this.#context;
    return emitAckDown(
      b,
      at,
      AckDownFlag.release,
      epoch,
      this.counter,
      this.#version,
      offset,
      offset,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
    );
  }

  // ---- Answers (Fig. 8) ----

  onAckUp(b: Uint8Array, at: number, sequence: number, nowUs: number): void {
    const { counters } = this.#context;
    if (!this.#isNewer(sequence)) {
      counters.step121AcksStale++;
      return;
    }
    const state = ackUpState(b, at);
    if (this.#phase === 'releasing') {
      // Busy: it never took the command. Everything else but `released` was said before it heard the release.
      if (state === DelegationState.released || state === DelegationState.busy) this.#onReleased(nowUs);
      return;
    }
    switch (state) {
      case DelegationState.busy:
        counters.delegationsBusy++;
        this.#finish('busy', 0, ackUpHintMs(b, at), nowUs);
        return;
      case DelegationState.released:
        this.#finish('forgotten', 0, 0, nowUs);
        return;
      case DelegationState.failed:
        counters.delegationsFailed++;
        this.#onBoardFailed(ackUpReason(b, at), nowUs);
        return;
      default:
        this.#onStanding(b, at, nowUs);
    }
  }

  /** Frames may overtake each other; a 27 is complete, so only the newest counts. */
  #isNewer(sequence: number): boolean {
    const serial = this.board.sessionSerial;
    if (serial === this.#newestSession && sequence < this.#newestSequence) return false;
    this.#newestSession = serial;
    this.#newestSequence = sequence;
    return true;
  }

  #onStanding(b: Uint8Array, at: number, nowUs: number): void {
    const { counters } = this.#context;
    const version = ackUpVersion(b, at);
    const sentUpTo = ackUpSentUpTo(b, at);
    const generation = ackUpResendGeneration(b, at);
    if (version > this.#version || sentUpTo > this.#statedGrant || generation > this.ranges.latest) {
      counters.step121AcksBeyondGrant++;
      return;
    }
    if (this.#phase === 'commanded') this.#phase = 'confirmed';
    if (version > this.#answeredVersion || version === this.#version) this.#onAnswered(version, nowUs);
    counters.step122SizesTaken++;
    const progress = sentUpTo > this.sentUpTo || generation > this.#executedGeneration;
    if (generation > this.#executedGeneration) {
      this.#executedGeneration = generation;
      this.ranges.executed(generation);
    }
    if (sentUpTo > this.sentUpTo) {
      this.sentUpTo = sentUpTo;
      counters.step123ExpectedMoved++;
    }
    if (progress || !this.hasWork) this.#watchStall(nowUs);
    this.#schedule();
    this.#stream?.onProgress(this.sentUpTo, nowUs - ackUpAgeUs(b, at));
  }

  #onAnswered(version: number, nowUs: number): void {
    this.#answeredVersion = version;
    this.#retryPauseUs = this.#context.timing.retryMs * 1000;
    this.#retries = 0;
    const latest = version === this.#version;
    this.#unansweredSinceUs = latest ? NEVER : nowUs;
    this.#retryAtUs = latest ? NEVER : nowUs + this.#retryPauseUs;
  }

  /** A failed delegation sends nothing more, but keeps its slot until it is released. */
  #onBoardFailed(reason: number, nowUs: number): void {
    const stream = this.#stream;
    this.#detach();
    this.#startRelease();
    stream?.onEnded(this, 'failed', reason, 0, nowUs);
  }

  // ---- Timers ----

  onTimer(nowUs: number): void {
    if (this.#phase === 'ended') return;
    if (this.#phase === 'releasing') this.#awaitSilence(nowUs);
    else this.#lookAfter(nowUs);
    this.#schedule();
  }

  #schedule(): void {
    const atUs =
      this.#phase === 'releasing'
        ? Math.min(this.#retryAtUs, this.#silentAtUs)
        : Math.min(this.#retryAtUs, this.#renewAtUs, this.#remindAtUs);
    if (this.#phase !== 'ended') this.#context.timers.schedule(this, atUs);
  }

  #awaitSilence(nowUs: number): void {
    if (nowUs >= this.#silentAtUs) {
      this.#context.counters.delegationsOutwaited++;
      this.#end(nowUs);
    } else if (nowUs >= this.#retryAtUs) this.#retry(nowUs);
  }

  #lookAfter(nowUs: number): void {
    const { timing, counters } = this.#context;
    const unanswered = nowUs - this.#unansweredSinceUs >= timing.unansweredMs * 1000;
    const stalled = nowUs - this.#stalledSinceUs >= timing.stalledMs * 1000;
    if (unanswered && this.#retries >= REMINDERS_BEFORE_GIVING_UP) {
      counters.delegationsUnanswered++;
      this.#giveUp('unanswered', nowUs);
    } else if (stalled && this.#reminders >= REMINDERS_BEFORE_GIVING_UP) {
      counters.delegationsStalled++;
      this.#giveUp('stalled', nowUs);
    } else if (nowUs >= this.#retryAtUs) this.#retry(nowUs);
    else if (nowUs >= this.#remindAtUs) {
      counters.stallReminders++;
      this.#reminders++;
      this.#remindAtUs = nowUs + timing.stallMs * 1000;
      this.state();
    } else if (nowUs >= this.#renewAtUs) {
      counters.leaseRenewals++;
      this.#renewAtUs = NEVER;
      this.state();
    }
  }

  onBoardLost(nowUs: number): void {
    if (this.#phase !== 'releasing') this.#giveUp('boardLost', nowUs);
  }

  /** A rebooted board has neither the session's keys nor the command: it is silent. */
  onBoardRebooted(nowUs: number): void {
    this.#context.counters.delegationsRebooted++;
    this.#finish(this.#cause ?? 'rebooted', 0, 0, nowUs);
  }

  #retry(nowUs: number): void {
    const { timing, counters } = this.#context;
    this.#retryPauseUs = Math.min(2 * this.#retryPauseUs, timing.retryMaxMs * 1000);
    this.#retryAtUs = nowUs + this.#retryPauseUs;
    this.#retries++;
    counters.statementsRepeated++;
    this.state();
  }

  /** While there is something to send, the board is to get on with it; the watch starts anew at each progress. */
  #watchStall(nowUs: number): void {
    const watched = this.hasWork;
    this.#reminders = 0;
    this.#stalledSinceUs = watched ? nowUs : NEVER;
    this.#remindAtUs = watched ? nowUs + this.#context.timing.stallMs * 1000 : NEVER;
  }

  // ---- The end ----

  /** Nothing more is expected of the board; the stream hears of it when the board is surely silent. */
  #giveUp(cause: EndCause, nowUs: number): void {
    this.#cause = cause;
    if (this.#emitted) this.#startRelease();
    else this.#end(nowUs);
  }

  #startRelease(): void {
    this.#phase = 'releasing';
    this.#unansweredSinceUs = NEVER;
    this.#retryPauseUs = this.#context.timing.retryMs * 1000;
    this.#retryAtUs = NEVER;
    this.#stalledSinceUs = NEVER;
    this.#schedule();
    this.state();
  }

  get #silentAtUs(): number {
    return this.#leaseEndUs + this.#context.timing.leaseGraceMs * 1000;
  }

  #onReleased(nowUs: number): void {
    this.#context.counters.delegationsReleased++;
    this.#end(nowUs);
  }

  /** The board holds nothing (any more), by its own word. */
  #finish(cause: EndCause, reason: number, hintMs: number, nowUs: number): void {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#end(undefined);
    stream?.onEnded(this, cause, reason, hintMs, nowUs);
  }

  /** The board is silent. With a moment, the stream is told so. */
  #end(nowUs: number | undefined): void {
    this.#phase = 'ended';
    this.#context.commands.remove(this);
    this.#context.timers.cancel(this);
    const stream = this.#stream;
    this.#stream = undefined;
    if (nowUs !== undefined) stream?.onEnded(this, this.#cause ?? 'forgotten', 0, 0, nowUs);
  }

  #detach(): void {
    this.#stream = undefined;
  }
}
