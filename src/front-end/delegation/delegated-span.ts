/**
 * A span whose bytes a board sends. TCP decides which range goes out; this turns the same calls into statements
 * for a board (design ideas 1 and 2). When a board fails, reboots or falls silent, the span goes on at the
 * acknowledged offset from another board that holds the same version of the object: a reply is a pure function of
 * command and object version (decision 8).
 */
import type { SpanRecord } from '../inspection/span-records.js';
import type { Span, SpanCarrier } from '../tcp/span.js';
import type { Board } from './board.js';
import type { DelegationContext } from './commands.js';
import type { Waiting } from './waiting-room.js';
import type { DelegatedStream, EndCause } from './delegated-stream.js';
import { Delegation } from './delegation.js';
import { AbandonedError, BoardFailedError, errorForReason, isSlotLoss, NoBoardError } from './errors.js';
import type { SpanCommand } from './read-command.js';
import { TimestampMarks } from '../tcp/timestamp-marks.js';

/** An acknowledgment alone is stated once it frees so much; otherwise it travels with the next grant. */
const STATE_ACKNOWLEDGED_BYTES = 0x8000;

export class DelegatedSpan implements Span, DelegatedStream, Waiting {
  onDone: ((error?: Error) => void) | undefined;

  acknowledged = 0;
  granted = 0;
  sentUpTo = 0;
  readonly marks = new TimestampMarks();
  acknowledgment = 0;
  window = 0;
  tsEcr = 0;
  waitUntilUs = 0;

  readonly #context: DelegationContext;
  readonly #command: SpanCommand;
  /** While it is attached. */
  #carrier: SpanCarrier | undefined;
  #ended = false;
  #delegation: Delegation | undefined;
  /** From its attachment on. */
  #record: SpanRecord | undefined;
  #boardsUsed = 0;
  /** Boards that failed for good since the client last acknowledged something. */
  readonly #tried = new Set<Board>();
  #lastError: Error | undefined;

  constructor(context: DelegationContext, command: SpanCommand) {
    this.#context = context;
    this.#command = command;
  }

  /** Undefined while only a board can know: an open span (decision 7). */
  get length(): number | undefined {
    return this.#command.length;
  }

  get opcode(): SpanCommand['opcode'] {
    return this.#command.opcode;
  }

  /** All of it, once its length is known: credit may go out with the command, before the board has answered. */
  get ready(): number {
    return this.length ?? 0;
  }

  // ---- Span: what TCP asks for ----

  attach(carrier: SpanCarrier, startSequence: number): void {
    this.#carrier = carrier;
    const { records, unixTimeMs } = this.#context;
    const { name: object, from, length = 0, opcode } = this.#command;
    this.#record = records.open({ client: carrier.client ?? 'unknown', object, from, length, opcode }, this);
    this.#command.address(carrier, startSequence, unixTimeMs());
    this.#place(this.#context.nowUs);
  }

  send(to: number): void {
    const carrier = this.#carrier;
    if (carrier === undefined || to <= this.granted) return;
    if (carrier.tsVal !== 0) this.marks.mark(this.granted, carrier.tsVal);
    this.granted = to;
    this.#state();
  }

  resend(from: number, to: number): void {
    if (this.#carrier === undefined) return;
    // Without a board the next one starts at the acknowledged offset anyway, and so sends it all.
    const first = Math.max(from, this.acknowledged);
    if (this.#delegation !== undefined) {
      this.#delegation.ranges.add(first, to);
      this.#record?.resent(to - first);
    }
    this.#state();
  }

  /** Without a board nothing has to be asked for: the next one begins at the acknowledged offset. */
  get canResend(): boolean {
    return this.#delegation === undefined || !this.#delegation.ranges.full;
  }

  acknowledge(offset: number): void {
    if (this.#carrier === undefined || offset <= this.acknowledged) return;
    this.acknowledged = offset;
    // The client's ACK may overtake the board's report (28 before 27).
    this.sentUpTo = Math.max(this.sentUpTo, offset);
    this.#context.counters.step127Freed++;
    this.#tried.clear();
    this.#onProgressMade();
    this.marks.acknowledge(offset);
    const delegation = this.#delegation;
    delegation?.ranges.acknowledge(offset);
    if (this.length !== undefined && offset >= this.length) {
      this.#context.counters.spansCompleted++;
      this.#finish(undefined);
    } else if (delegation !== undefined && delegation.unstatedAcknowledged >= STATE_ACKNOWLEDGED_BYTES)
      delegation.state();
  }

  pairChanged(): void {
    const delegation = this.#delegation;
    const carrier = this.#carrier;
    if (delegation === undefined || carrier === undefined) return;
    const reopened = this.window === 0 && carrier.windowField !== 0;
    if (delegation.hasWork || reopened) delegation.state();
  }

  templateChanged(): void {
    const carrier = this.#carrier;
    if (carrier !== undefined && this.#command.readdress(carrier)) this.#delegation?.state();
  }

  abandon(): void {
    if (this.#ended) return;
    this.#context.counters.spansAbandoned++;
    this.#finish(new AbandonedError());
  }

  // ---- DelegatedStream: what the delegation asks for ----

  /**
   * A window of 0 closes the client's, and stays when it reopens while nothing is sent (decision 5): with grants
   * idle the last open pair, whose right edge is the same, is kept.
   */
  readPair(sending: boolean): void {
    const carrier = this.#carrier;
    if (carrier === undefined) return;
    this.tsEcr = carrier.tsEcr;
    if (carrier.windowField === 0 && !sending && this.window !== 0) return;
    this.acknowledgment = carrier.acknowledgment;
    this.window = carrier.windowField;
  }

  commandBytes(): number {
    return this.#command.bytes();
  }

  writeCommand(b: Uint8Array, at: number, counter: number, firstOffset: number): number {
    return this.#command.emit(b, at, this.#context.epoch, counter, firstOffset);
  }

  get templateVersion(): number {
    return this.#command.templateVersion;
  }

  get templateBytes(): number {
    return this.#command.templateBytes;
  }

  get segmentBytes(): number {
    return this.#command.segmentBytes;
  }

  writeTemplate(b: Uint8Array, at: number): void {
    this.#command.emitTemplate(b, at);
  }

  /** The first board to have it names the total and the version; others then have to send the same. */
  onSized(total: number, version: Uint8Array): void {
    if (this.length !== undefined) return;
    this.#command.settle(total, version);
    this.#record?.sized(total);
    this.#carrier?.onReady(this);
  }

  onProgress(sentUpTo: number, atUs: number): void {
    this.#onProgressMade();
    if (sentUpTo <= this.sentUpTo) return;
    this.sentUpTo = sentUpTo;
    this.#carrier?.onSent(this, sentUpTo, atUs);
  }

  onResent(from: number, to: number, atUs: number): void {
    this.#carrier?.onResent(this, from, to, atUs);
  }

  onEnded(delegation: Delegation, cause: EndCause, reason: number, hintMs: number, nowUs: number): void {
    const { board } = delegation;
    this.#delegation = undefined;
    switch (cause) {
      case 'busy':
        board.avoid(nowUs, hintMs);
        this.#lastError = new NoBoardError('every slot is taken; add boards');
        break;
      case 'unanswered':
      case 'stalled':
        board.avoid(nowUs, this.#context.timing.avoidMs);
        this.#lastError = new BoardFailedError(
          board.id,
          `it is alive, but the delegation is ${cause}; look at its console`,
        );
        break;
      case 'failed':
        this.#onBoardFailed(board, reason, nowUs);
        break;
      case 'forgotten':
        board.avoid(nowUs, this.#context.timing.retryMs);
        break;
      case 'idle':
      case 'boardLost':
      case 'rebooted':
        break;
    }
    this.#record?.interrupted(cause, cause === 'failed' ? this.#lastError : undefined);
    // A span that is idle, and has lost its slot, takes another when there is something to send again.
    const sentUpTo = Math.max(delegation.sentUpTo, this.acknowledged);
    const owes = this.granted > sentUpTo || delegation.ranges.count > 0;
    const asks = this.granted === 0 && (cause !== 'idle' || this.length === undefined);
    if (owes || asks) this.#place(nowUs);
  }

  // ---- Waiting ----

  tryPlacement(nowUs: number): boolean {
    const { placement, counters, waiting } = this.#context;
    const board = placement.choose(this.#tried, nowUs);
    if (board === undefined) return false;
    waiting.delete(this);
    if (this.#boardsUsed++ > 0) counters.spansMoved++;
    this.#delegation = new Delegation(this.#context, board, this, this.acknowledged);
    this.#record?.delegated(this.#delegation);
    return true;
  }

  onWaitedTooLong(): void {
    this.#fail(this.#whyNot());
  }

  // ---- Inside ----

  #state(): void {
    if (this.#delegation !== undefined) this.#delegation.state();
    else this.#place(this.#context.nowUs);
  }

  #place(nowUs: number): void {
    const { waiting, timing, placement } = this.#context;
    if (waiting.has(this)) return;
    if (this.waitUntilUs === 0) this.waitUntilUs = nowUs + timing.placementMs * 1000;
    if (nowUs >= this.waitUntilUs || placement.allTried(this.#tried)) this.onWaitedTooLong();
    else if (!this.tryPlacement(nowUs)) waiting.add(this);
  }

  #onBoardFailed(board: Board, reason: number, nowUs: number): void {
    const { facts, timing } = this.#context;
    this.#lastError = errorForReason(reason, board.id, this.#command.name);
    if (isSlotLoss(reason)) board.avoid(nowUs, timing.retryMs);
    else {
      this.#tried.add(board);
      // What is remembered of the object may be wrong.
      facts.delete(this.#command.name);
    }
  }

  /** The time without progress starts anew; what waits in the room keeps its deadline. */
  #onProgressMade(): void {
    if (!this.#context.waiting.has(this)) this.waitUntilUs = 0;
  }

  #whyNot(): Error {
    const { placement } = this.#context;
    if (this.#lastError !== undefined && (placement.someAvailable || this.#tried.size > 0))
      return this.#lastError;
    if (placement.someAvailable) return new NoBoardError('every slot is taken; add boards');
    return new NoBoardError('none is alive with a readable card; look at the boards');
  }

  #fail(error: Error): void {
    const carrier = this.#carrier;
    this.#context.counters.spansFailed++;
    this.#finish(error);
    carrier?.onFailed(this, error);
  }

  #finish(error: Error | undefined): void {
    this.#carrier = undefined;
    this.#ended = true;
    this.#context.waiting.delete(this);
    this.#record?.finish(error);
    this.#delegation?.release();
    this.#delegation = undefined;
    const done = this.onDone;
    this.onDone = undefined;
    if (error === undefined) done?.();
    else done?.(error);
  }
}
