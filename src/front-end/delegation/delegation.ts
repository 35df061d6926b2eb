/**
 * The life of one command on one board: ATCP_COMMAND 25 and ATCP_ACK 29 said again until ATCP_ACK 27 answers,
 * the lease, and the release, after which the board is known to be silent (decisions 1, 2, 6; Fig. 5 and Fig. 8).
 * What is to be sent belongs to the {@link DelegatedStream}; it may outlive several delegations.
 */
import {
  ACK_UP_VERSION_AT,
  ackUpAgeUs,
  ackUpHintMs,
  ackUpReason,
  ackUpResendGeneration,
  ackUpSentUpTo,
  ackUpState,
  ackUpTemplateVersion,
  ackUpTotal,
  ackUpVersion,
  DelegationState,
} from '../../wire/atcp/ack-up.js';
import { OBJECT_VERSION_BYTES } from '../../wire/atcp/command.js';
import { UNKNOWN_U64 } from '../../wire/bytes.js';
import type { Board } from './board.js';
import type { Command, CommandPhase, DelegationContext } from './commands.js';
import { CreditStatement, RELEASE_BYTES } from './credit-statement.js';
import type { DelegatedStream, EndCause } from './delegated-stream.js';
import { ResendRanges } from './resend-ranges.js';
import { AnswerWatch, NEVER, StallWatch } from './watches.js';

export class Delegation implements Command {
  readonly board: Board;
  readonly counter: number;
  readonly opcode: Command['opcode'];
  queued = false;
  wakeUs = 0;
  heapIndex = -1;
  readonly ranges = new ResendRanges();
  /** How far this board has sent, as it reported. */
  sentUpTo: number;

  readonly #context: DelegationContext;
  readonly #firstOffset: number;
  /** Undefined once it no longer cares. */
  #stream: DelegatedStream | undefined;
  #phase: CommandPhase = 'commanded';
  /** Told to the stream once the board is silent. */
  #cause: EndCause | undefined;
  readonly #credit: CreditStatement;
  #answeredVersion = 0;
  readonly #answers: AnswerWatch;
  readonly #stall: StallWatch;
  #renewAtUs = NEVER;
  #executedGeneration = 0;
  /** The board has named the span's total. */
  #isSized = false;
  #newestSession = -1;
  #newestSequence = -1;

  constructor(context: DelegationContext, board: Board, stream: DelegatedStream, firstOffset: number) {
    this.#context = context;
    this.board = board;
    this.counter = context.commands.nextCounter();
    this.#stream = stream;
    this.opcode = stream.opcode;
    this.#firstOffset = firstOffset;
    this.#credit = new CreditStatement(context, this.counter, this.ranges, stream, firstOffset);
    this.sentUpTo = firstOffset;
    this.#answers = new AnswerWatch(context.timing, board);
    this.#stall = new StallWatch(context.timing);
    context.commands.add(this);
    context.counters.delegationsOpened++;
    this.state();
  }

  /** Something to be stated has changed: it leaves with the next flush. */
  state(): void {
    if (this.#phase === 'commanded' || this.#phase === 'confirmed') this.#context.writer.queue(this);
  }

  get phase(): CommandPhase {
    return this.#phase;
  }

  /** Pseudo packets are to be expected: credit that is not used up, or ranges to be sent again. */
  get hasWork(): boolean {
    const stream = this.#stream;
    if (stream === undefined) return false;
    return stream.granted > Math.max(this.sentUpTo, stream.acknowledged) || this.ranges.count > 0;
  }

  /** The board is to get on with something: pseudo packets, or the total that nobody else can know. */
  get #owes(): boolean {
    return this.hasWork || (this.#stream !== undefined && this.#stream.length === undefined);
  }

  /** Bytes that the client acknowledged since the board was last told. */
  get unstatedAcknowledged(): number {
    return (this.#stream?.acknowledged ?? 0) - this.#credit.acknowledged;
  }

  /** The stream is over or has failed: the board is to forget it. */
  release(): void {
    this.#stream = undefined;
    if (this.#phase === 'releasing' || this.#phase === 'ended') return;
    if (this.#credit.version > 0) this.#startRelease();
    else this.#end();
  }

  // ---- Statements (point F) ----

  statementBytes(): number {
    const stream = this.#stream;
    if (this.#phase === 'ended') return 0;
    if (this.#phase === 'releasing' || stream === undefined) return RELEASE_BYTES;
    const command = this.#phase === 'commanded' ? stream.commandBytes() : 0;
    return command + this.#credit.bytes(stream);
  }

  writeStatements(b: Uint8Array, at: number, nowUs: number): number {
    const { counters } = this.#context;
    const stream = this.#stream;
    this.#credit.version++;
    this.#answers.said(nowUs);
    counters.pointFStatementsSent++;
    let bytes = 0;
    if (this.#phase === 'releasing' || stream === undefined) bytes = this.#credit.writeRelease(b, at);
    else {
      if (this.#phase === 'commanded') {
        bytes = stream.writeCommand(b, at, this.counter, this.#firstOffset);
        counters.step107CommandsSent++;
        if (this.#credit.version > 1) counters.commandsRepeated++;
      }
      bytes += this.#writeCredit(b, at + bytes, stream, nowUs);
    }
    this.#schedule();
    return bytes;
  }

  onUnsayable(nowUs: number): void {
    this.#answers.unsaid(nowUs);
    this.#schedule();
  }

  #writeCredit(b: Uint8Array, at: number, stream: DelegatedStream, nowUs: number): number {
    const { timing } = this.#context;
    const { acknowledged, granted } = stream;
    const bytes = this.#credit.write(b, at, stream, this.hasWork, this.#answers.sinceUs, nowUs);
    this.#context.trace.statements?.({
      event: 'stated',
      packet: 29,
      point: 'F',
      command: this.counter,
      board: this.board.id,
      version: this.#credit.version,
      withCommand: this.#phase === 'commanded',
      acknowledged,
      granted,
      resendRanges: this.ranges.count,
    });
    this.#renewAtUs = nowUs + (timing.leaseMs / 2) * 1000;
    if (this.#owes && !this.#stall.active) this.#stall.start(nowUs);
    return bytes;
  }

  // ---- Answers (Fig. 8) ----

  onAckUp(b: Uint8Array, at: number, sequence: number, nowUs: number): void {
    const { counters } = this.#context;
    if (!this.#isNewest(sequence)) {
      counters.step121AcksStale++;
      return;
    }
    const state = ackUpState(b, at);
    if (this.#phase === 'releasing') {
      // Busy: it never took the command. Everything else but `released` was said before it heard the release.
      if (state === DelegationState.released || state === DelegationState.busy) this.#onReleased(nowUs);
    } else if (state === DelegationState.busy) {
      counters.delegationsBusy++;
      this.#finish('busy', 0, ackUpHintMs(b, at), nowUs);
    } else if (state === DelegationState.released) this.#finish('forgotten', 0, 0, nowUs);
    else if (state === DelegationState.failed) {
      counters.delegationsFailed++;
      this.#onBoardFailed(ackUpReason(b, at), nowUs);
    } else this.#onStanding(b, at, nowUs);
  }

  /** Frames may overtake each other; a 27 is complete, so only the newest counts. */
  #isNewest(sequence: number): boolean {
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
    if (
      version > this.#credit.version ||
      sentUpTo > this.#credit.granted ||
      generation > this.ranges.latest
    ) {
      counters.step121AcksBeyondGrant++;
      return;
    }
    const named = !this.#isSized && this.#onAccepted(b, at);
    if (version === this.#credit.version) this.#answers.answered(nowUs);
    else if (version > this.#answeredVersion) this.#answers.heard(nowUs);
    this.#answeredVersion = version;
    counters.step122SizesTaken++;
    const progress = named || sentUpTo > this.sentUpTo || generation > this.#executedGeneration;
    this.#executedGeneration = generation;
    this.#context.trace.statements?.({
      event: 'reported',
      packet: 27,
      point: 'D',
      command: this.counter,
      board: this.board.id,
      version,
      sentUpTo,
      resendGeneration: generation,
    });
    const atUs = nowUs - ackUpAgeUs(b, at);
    this.ranges.executed(generation, this.#stream, atUs);
    if (ackUpTemplateVersion(b, at) !== 0) this.#credit.boardTemplate = ackUpTemplateVersion(b, at);
    if (sentUpTo > this.sentUpTo) {
      this.sentUpTo = sentUpTo;
      counters.step123ExpectedMoved++;
    }
    if (!this.#owes) this.#stall.stop();
    else if (progress) this.#stall.start(nowUs);
    this.#schedule();
    this.#stream?.onProgress(this.sentUpTo, atUs);
  }

  /** The first 27 confirms the command; that one or a later one names the total: then true. */
  #onAccepted(b: Uint8Array, at: number): boolean {
    const total = ackUpTotal(b, at);
    const version = at + ACK_UP_VERSION_AT;
    this.#isSized = total !== UNKNOWN_U64;
    if (this.#isSized) this.#stream?.onSized(total, b.slice(version, version + OBJECT_VERSION_BYTES));
    if (this.#phase !== 'commanded' && !this.#isSized) return false;
    if (this.#phase === 'commanded') this.#phase = 'confirmed';
    this.#context.trace.events?.({
      event: 'accepted',
      packet: 27,
      point: 'D',
      command: this.counter,
      board: this.board.id,
      totalBytes: this.#isSized ? total : null,
    });
    return this.#isSized;
  }

  /** A failed delegation sends nothing more, but keeps its slot until it is released. */
  #onBoardFailed(reason: number, nowUs: number): void {
    const stream = this.#stream;
    this.release();
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
    const { retryAtUs } = this.#answers;
    if (this.#phase === 'ended') return;
    const atUs =
      this.#phase === 'releasing'
        ? Math.min(retryAtUs, this.#silentAtUs)
        : Math.min(retryAtUs, this.#renewAtUs, this.#stall.remindAtUs);
    this.#context.timers.schedule(this, atUs);
  }

  #awaitSilence(nowUs: number): void {
    if (nowUs >= this.#silentAtUs) {
      this.#context.counters.delegationsOutwaited++;
      this.#tellReleased(false);
      this.#finish(this.#cause ?? 'unanswered', 0, 0, nowUs);
    } else if (nowUs >= this.#answers.retryAtUs) this.#retry(nowUs);
  }

  #lookAfter(nowUs: number): void {
    const { counters } = this.#context;
    if (this.#answers.hasExpired(nowUs)) {
      counters.delegationsUnanswered++;
      this.#giveUp('unanswered', nowUs);
    } else if (this.#stall.hasExpired(nowUs)) {
      counters.delegationsStalled++;
      this.#giveUp('stalled', nowUs);
    } else if (nowUs >= this.#answers.retryAtUs) this.#retry(nowUs);
    else if (nowUs >= this.#stall.remindAtUs) {
      counters.stallReminders++;
      this.#stall.remind(nowUs);
      this.state();
    } else if (nowUs >= this.#renewAtUs) this.#renew(nowUs);
  }

  /** Nothing was stated for half a lease. Slots are soft state (decision 14): an idle one goes to who waits for it. */
  #renew(nowUs: number): void {
    const { counters, waiting } = this.#context;
    this.#renewAtUs = NEVER;
    if (waiting.size > 0 && !this.#owes) {
      counters.delegationsIdle++;
      this.#giveUp('idle', nowUs);
      return;
    }
    counters.leaseRenewals++;
    this.state();
  }

  #retry(nowUs: number): void {
    this.#answers.retry(nowUs);
    this.#context.counters.statementsRepeated++;
    this.#context.writer.queue(this);
  }

  // ---- The end ----

  onBoardLost(nowUs: number): void {
    if (this.#phase !== 'releasing') this.#giveUp('boardLost', nowUs);
  }

  /** A rebooted board has neither the session's keys nor the command: it is silent. */
  onBoardRebooted(nowUs: number): void {
    this.#context.counters.delegationsRebooted++;
    this.#finish('rebooted', 0, 0, nowUs);
  }

  /** Nothing more is expected of the board; the stream hears of it when the board is surely silent. */
  #giveUp(cause: EndCause, nowUs: number): void {
    this.#cause = cause;
    if (this.#credit.version > 0) this.#startRelease();
    else this.#finish(cause, 0, 0, nowUs);
  }

  #startRelease(): void {
    this.#phase = 'releasing';
    this.#answers.reset();
    this.#stall.stop();
    this.#schedule();
    this.#context.writer.queue(this);
  }

  /** When the board's lease is surely over. */
  get #silentAtUs(): number {
    return this.#credit.leaseEndUs + this.#context.timing.leaseGraceMs * 1000;
  }

  #onReleased(nowUs: number): void {
    this.#context.counters.delegationsReleased++;
    this.#tellReleased(true);
    this.#finish(this.#cause ?? 'forgotten', 0, 0, nowUs);
  }

  #tellReleased(confirmed: boolean): void {
    const { counter: command, board } = this;
    this.#context.trace.events?.({
      event: 'released',
      packet: 27,
      point: 'D',
      command,
      board: board.id,
      confirmed,
    });
  }

  /** The board is silent; a stream that still cares is told so. */
  #finish(cause: EndCause, reason: number, hintMs: number, nowUs: number): void {
    const stream = this.#stream;
    this.#end();
    stream?.onEnded(this, cause, reason, hintMs, nowUs);
  }

  #end(): void {
    this.#phase = 'ended';
    this.#stream = undefined;
    this.#context.commands.remove(this);
    this.#context.timers.cancel(this);
  }
}
