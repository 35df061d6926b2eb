/**
 * The front-end's side of the data link: all boards, all delegations. Pure: frames in, frames out, time as a
 * value. The owner hands in frames of the ATCP EtherType, calls {@link BackEnds.onTimer} when it is due and
 * {@link BackEnds.flush} at the end of each batch of events.
 */
import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { ackUpState, checkAckUp, DelegationState } from '../../wire/atcp/ack-up.js';
import { ATCP_SEQUENCE_LIMIT } from '../../wire/atcp/header.js';
import { commandCounter, commandEpoch, StatementKind, statementKind } from '../../wire/atcp/statements.js';
import { EtherType } from '../../wire/ethernet.js';
import { SpanRecords } from '../inspection/span-records.js';
import { Trace } from '../inspection/trace.js';
import type { HostPart } from '../link/host.js';
import type { Transmit } from '../link/transmit.js';
import type { Entropy } from '../tcp/isn.js';
import { AtcpSocket } from '../tcp/socket.js';
import type { Span } from '../tcp/span.js';
import { chunkFor } from '../tcp/span-chunk.js';
import { TimerHeap } from '../tcp/timers.js';
import type { Board } from './board.js';
import { type BoardEvents, Boards, type ProvisionedBoard } from './boards.js';
import { Commands, type CommandStatus, type DelegationContext } from './commands.js';
import { DelegationCounters } from './counters.js';
import { DelegatedSpan } from './delegated-span.js';
import { FactsCache } from './facts-cache.js';
import { FrameSender } from './frame-sender.js';
import { Inquiry } from './inquiry.js';
import { checkTiming, DEFAULT_TIMING, type DelegationTiming } from './limits.js';
import { NoBoardError } from './errors.js';
import { Placement } from './placement.js';
import { listDirectory } from './list-directory.js';
import type { ObjectEntry } from './list-question.js';
import { type ObjectRange, ReadCommand } from './read-command.js';
import { RelayedReply } from './relayed-reply.js';
import { RelayCommand, type RelayedRequest } from './relay-command.js';
import { closesConnection, takeOver } from './response-takeover.js';
import { StatQuestion, type ObjectFacts } from './stat-question.js';
import { StatementWriter } from './statement-writer.js';
import { Strays } from './strays.js';
import { WaitingRoom } from './waiting-room.js';

export interface BackEndsOptions {
  readonly provisioning: readonly ProvisionedBoard[];
  /** Six bytes: the front-end's own on the data link. */
  readonly macAddress: Uint8Array;
  /** Another value at each start of the front-end, 1 … 2^32 - 1. */
  readonly epoch: number;
  readonly entropy: Entropy;
  /** Copies one frame to the link's send queue. */
  readonly transmit: Transmit;
  /** The wall clock, for `Date`. */
  readonly unixTimeMs: () => number;
  /** Statements are waiting where none were: call {@link BackEnds.flush} when what is going on is done. */
  readonly onWork?: () => void;
  /** 0x88B5 when left out. */
  readonly etherType?: number;
  readonly timing?: Partial<DelegationTiming>;
  /** Objects whose facts {@link BackEnds.stat} remembers while their volume does not change; 4096 when left out. */
  readonly cachedFacts?: number;
  /** The host's ({@link FrontEndHost.trace}); its own when left out. */
  readonly trace?: Trace;
  /** For tests: sequence numbers at which a session is renewed. */
  readonly sequenceLimit?: number;
}

const DEFAULT_CACHED_FACTS = 4096;

/** The context with the one field that moves. */
type Context = DelegationContext & { nowUs: number };

export class BackEnds implements HostPart {
  readonly counters = new DelegationCounters();
  readonly etherType: number;
  readonly epoch: number;
  readonly trace: Trace;
  /** Which board sent which bytes. */
  readonly records: SpanRecords;
  readonly #boards: Boards;
  readonly #context: Context;
  readonly #strays: Strays;
  readonly #asked = new Map<string, Promise<ObjectFacts>>();
  readonly #onceAvailable = new Set<() => void>();

  /** Throws a RangeError when the provisioning list or the timing contradicts itself. */
  constructor(options: BackEndsOptions) {
    const {
      epoch,
      macAddress,
      transmit,
      unixTimeMs,
      etherType = EtherType.atcp,
      onWork = () => {},
    } = options;
    const timing = { ...DEFAULT_TIMING, ...options.timing };
    checkTiming(timing);
    const { counters } = this;
    this.etherType = etherType;
    this.epoch = epoch;
    this.trace = options.trace ?? new Trace(() => this.#context.nowUs);
    this.records = new SpanRecords(this.trace);
    const { trace, records } = this;
    const sender = new FrameSender({ macAddress, etherType, epoch, transmit, counters });
    this.#boards = new Boards({
      provisioning: options.provisioning,
      entropy: options.entropy,
      sender,
      timing,
      counters,
      trace,
      events: this.#boardEvents(),
      sequenceLimit: options.sequenceLimit ?? ATCP_SEQUENCE_LIMIT / 2,
    });
    const placement = new Placement(this.#boards.all);
    this.#context = {
      epoch,
      timing,
      counters,
      trace,
      records,
      placement,
      writer: new StatementWriter(sender, onWork),
      commands: new Commands(),
      timers: new TimerHeap(),
      waiting: new WaitingRoom(placement),
      facts: new FactsCache(options.cachedFacts ?? DEFAULT_CACHED_FACTS),
      nowUs: 0,
      unixTimeMs,
    };
    this.#strays = new Strays(this.#context);
  }

  /** The boards of the provisioning list; to be read, not changed. */
  get boards(): readonly Readonly<Board>[] {
    return this.#boards.all;
  }

  /** Commands that take, or may take, a slot on a board. */
  get outstanding(): number {
    return this.#context.commands.size;
  }

  /** The same, one by one. */
  commandStatus(): CommandStatus[] {
    return this.#context.commands.status();
  }

  /** Spans and questions that wait for a board. */
  get waiting(): number {
    return this.#context.waiting.size;
  }

  /** A received Ethernet frame of {@link etherType}: `length` bytes from `at`. It may be changed while it is read. */
  onFrame(b: Uint8Array, at: number, length: number, nowUs: number): void {
    this.#context.nowUs = nowUs;
    this.#boards.onFrame(b, at, length, nowUs);
    const { commands, waiting } = this.#context;
    if (!commands.slotFreed) return;
    commands.slotFreed = false;
    waiting.serve(nowUs);
  }

  /** When {@link onTimer} is to be called at the latest, in µs of the same clock; Infinity for never. */
  get nextDeadlineUs(): number {
    const { timers, waiting, nowUs } = this.#context;
    return Math.min(this.#boards.nextDeadlineUs(), timers.nextUs, waiting.nextDeadlineUs(nowUs));
  }

  /** Does what is due. Calling it early does no harm. */
  onTimer(nowUs: number): void {
    this.#context.nowUs = nowUs;
    this.#boards.onTimer(nowUs);
    this.#context.timers.run(nowUs);
    this.#context.waiting.serve(nowUs);
  }

  /** Sends what has been stated since the last flush: one frame a board if it fits. */
  flush(nowUs: number): void {
    this.#context.nowUs = nowUs;
    this.#context.writer.flush(nowUs);
  }

  /**
   * Asks some board what an object is, or remembers; who asks for the same name meanwhile shares the answer.
   * Rejects with {@link ObjectNotFoundError}, {@link NoBoardError} or another {@link DelegationError}, or with a
   * RangeError for a name that can't be one; throws nothing.
   */
  stat(name: string): Promise<ObjectFacts> {
    const known = this.#context.facts.get(name);
    if (known !== undefined) {
      this.counters.inquiriesFromCache++;
      return Promise.resolve(known);
    }
    const shared = this.#asked.get(name);
    if (shared !== undefined) return shared;
    const asked = new Promise<ObjectFacts>((resolve, reject) => {
      const question = new StatQuestion(name, (facts, board) => this.#context.facts.put(facts, board));
      new Inquiry(this.#context, question, resolve, reject);
    }).finally(() => this.#asked.delete(name));
    this.#asked.set(name, asked);
    return asked;
  }

  /**
   * The entries of a directory, in the order of a board's card, asked for page by page as they are taken. Ends with
   * {@link NotADirectoryError}, {@link ObjectChangedError} when the directory changed meanwhile, or with what
   * {@link stat} rejects with.
   */
  list(name: string): AsyncIterable<ObjectEntry> {
    return listDirectory(
      name,
      (question) => new Promise((resolve, reject) => new Inquiry(this.#context, question, resolve, reject)),
    );
  }

  /**
   * Queues a range of an object on a response or a socket of this front-end, where `sendFile` would stand: a board
   * sends the bytes. The head of the response must have named their number (Content-Length). `onDone` is called
   * when the client has acknowledged the last byte, or with the error; the connection then ends by itself. Throws a
   * RangeError for a range that can't be one, a TypeError for a stream of somebody else's.
   */
  delegate(target: ServerResponse | Writable, range: ObjectRange, onDone?: (error?: Error) => void): void {
    demandOwnSocket(target);
    const span = this.createSpan(range);
    span.onDone = onDone;
    target.write(chunkFor(span));
  }

  /**
   * Has a board answer a request by itself (mode relayed, [0019]): it sends head and body in place of `response`,
   * which is used up. `onDone` as with {@link delegate}. When no board can, `substitute` makes the whole message that
   * the front-end sends instead, head and all; without it the connection ends. `closes` tells whether the message is
   * the connection's last. Throws a {@link NoBoardError} when there is no board, a RangeError for a request that does
   * not fit a command; the response is untouched then.
   */
  relay(
    response: ServerResponse,
    request: RelayedRequest,
    onDone?: (error?: Error) => void,
    substitute?: (error: Error, closes: boolean) => Uint8Array,
  ): void {
    demandOwnSocket(response);
    const closes = closesConnection(response);
    const command = new RelayCommand(request, closes);
    if (!this.#context.placement.someAvailable)
      throw new NoBoardError('none is alive with a readable card; look at the boards');
    const delegated = new DelegatedSpan(this.#context, command);
    const span =
      substitute === undefined
        ? delegated
        : new RelayedReply(delegated, (error) => substitute(error, closes));
    span.onDone = onDone;
    takeOver(response, chunkFor(span));
  }

  /** The span that {@link delegate} queues, for programs that queue it themselves. */
  createSpan(range: ObjectRange): Span {
    return new DelegatedSpan(this.#context, new ReadCommand(range));
  }

  /** Resolves as soon as `count` boards can take commands. */
  whenAvailable(count = 1): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.boards.filter((board) => board.available).length < count) return;
        this.#onceAvailable.delete(look);
        resolve();
      };
      this.#onceAvailable.add(look);
      look();
    });
  }

  #boardEvents(): BoardEvents {
    return {
      onAvailable: (_board, nowUs) => {
        this.#context.waiting.serve(nowUs);
        for (const look of this.#onceAvailable) look();
      },
      onLost: (board, nowUs) => this.#context.commands.onBoardLost(board, nowUs),
      onRebooted: (board, nowUs) => this.#context.commands.onBoardRebooted(board, nowUs),
      onStatement: (board, b, at, length, sequence, nowUs) =>
        this.#onStatement(board, b, at, length, sequence, nowUs),
    };
  }

  /** Fig. 8, from point D on. */
  #onStatement(
    board: Board,
    b: Uint8Array,
    at: number,
    length: number,
    sequence: number,
    nowUs: number,
  ): void {
    const { counters, commands, epoch } = this.#context;
    if (statementKind(b, at) !== StatementKind.ackUp) {
      counters.statementsUnknown++;
      return;
    }
    if (checkAckUp(b, at, length) !== 'ok') {
      counters.statementsMalformed++;
      return;
    }
    counters.step120AcksChecked++;
    const counter = commandCounter(b, at);
    const command = commandEpoch(b, at) === epoch ? commands.find(board, counter) : undefined;
    if (command !== undefined) {
      command.onAckUp(b, at, sequence, nowUs);
      return;
    }
    counters.step121AcksDiscarded++;
    // A board that holds on to what nobody knows any more is told so.
    if (commandEpoch(b, at) === epoch && ackUpState(b, at) < DelegationState.released)
      this.#strays.release(board, counter);
  }
}

function demandOwnSocket(target: ServerResponse | Writable): void {
  // A pipelined response has no socket yet, but its request has (decision 16).
  const socket = 'req' in target ? target.req.socket : target;
  if (!((socket as Writable) instanceof AtcpSocket))
    throw new TypeError(
      'only connections of this front-end carry delegated replies; serve the request on its AtcpServer',
    );
}
