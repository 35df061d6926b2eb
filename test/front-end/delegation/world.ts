/**
 * The front-end's delegation layer and fake boards on one virtual clock, joined by a link that a test can make
 * lose, repeat, delay and reorder frames.
 */
import assert from 'node:assert/strict';
import { KeyDeriver } from '../../../src/wire/atcp/authentication.js';
import { atcpType, AtcpType, ATCP_HEADER_BYTES, atcpLength } from '../../../src/wire/atcp/header.js';
import { StatementKind, statementKind, statementLength } from '../../../src/wire/atcp/statements.js';
import { BackEnds, type BackEndsOptions } from '../../../src/front-end/delegation/back-ends.js';
import type { DelegatedSpan } from '../../../src/front-end/delegation/delegated-span.js';
import type { ObjectRange } from '../../../src/front-end/delegation/read-command.js';
import type { Span, SpanCarrier, SpanTemplate } from '../../../src/front-end/tcp/span.js';
import { FakeBoard, type FakeBoardWorld, type SentRange } from './fake-board.js';

export const FRONT_END_MAC = Uint8Array.of(2, 0xfe, 0, 0, 0, 1);
export const FRONT_END_EPOCH = 77;
const SECRET = new Uint8Array(16).fill(0x42);
const LINK_DELAY_US = 100;

/** What a frame says, for faults that aim at one kind. */
export interface FrameNote {
  readonly direction: 'down' | 'up';
  readonly board: FakeBoard;
  readonly type: AtcpType;
  /** Statement kinds within it. */
  readonly kinds: readonly number[];
  readonly frame: Uint8Array;
}

/** 'drop', how many µs later than usual it arrives, once an entry; undefined for an ordinary passage. */
export type Fault = (note: FrameNote) => 'drop' | readonly number[] | undefined;

interface Event {
  readonly atUs: number;
  readonly order: number;
  readonly run: () => void;
}

export class World implements FakeBoardWorld {
  readonly boards: FakeBoard[] = [];
  readonly backEnds: BackEnds;
  readonly sent: SentRange[] = [];
  readonly notes: FrameNote[] = [];
  fault: Fault = () => undefined;
  /** Called for every range that a board would have sent to a client. */
  onRange: (range: SentRange) => void = () => {};
  #nowUs = 1_000_000;
  #order = 0;
  #events: Event[] = [];
  #workWanted = false;

  constructor(boardCount: number, options: Partial<BackEndsOptions> = {}) {
    const deriver = new KeyDeriver();
    const provisioning = [];
    for (let id = 1; id <= boardCount; id++) {
      const key = new Uint8Array(16);
      deriver.boardKey(SECRET, id, key);
      const board = new FakeBoard(this, id, key);
      board.put('file', 1_000_000);
      this.boards.push(board);
      provisioning.push({ id, key });
    }
    let nonce = 0;
    this.backEnds = new BackEnds({
      provisioning,
      macAddress: FRONT_END_MAC,
      epoch: FRONT_END_EPOCH,
      entropy: { fill: (b, at, length) => b.fill(++nonce & 0xff, at, at + length) },
      transmit: (b, at, length) => {
        this.#toBoards(b.slice(at, at + length));
        return true;
      },
      unixTimeMs: () => 1_800_000_000_000,
      onWork: () => (this.#workWanted = true),
      ...options,
    });
  }

  get counters(): BackEnds['counters'] {
    return this.backEnds.counters;
  }

  nowUs(): number {
    return this.#nowUs;
  }

  at(atUs: number, run: () => void): void {
    this.#events.push({ atUs, order: this.#order++, run });
    this.#events.sort((a, b) => a.atUs - b.atUs || a.order - b.order);
  }

  /** Runs everything that happens in the next `ms`. */
  run(ms: number): void {
    const endUs = this.#nowUs + ms * 1000;
    for (let steps = 0; ; steps++) {
      assert.ok(
        steps < 1_000_000,
        `it asks to be called again and again at ${this.#nowUs}: ${this.backEnds.nextDeadlineUs}`,
      );
      if (this.#workWanted) {
        this.#workWanted = false;
        this.backEnds.flush(this.#nowUs);
        continue;
      }
      let nextUs = Math.min(this.#events[0]?.atUs ?? Infinity, this.backEnds.nextDeadlineUs);
      for (const board of this.boards) nextUs = Math.min(nextUs, board.nextDeadlineUs);
      if (nextUs > endUs) break;
      this.#nowUs = Math.max(this.#nowUs, nextUs);
      while (this.#events.length > 0 && this.#events[0]!.atUs <= this.#nowUs) this.#events.shift()!.run();
      for (const board of this.boards) board.onTimer(this.#nowUs);
      this.backEnds.onTimer(this.#nowUs);
      this.backEnds.flush(this.#nowUs);
      this.#workWanted = false;
    }
    this.#nowUs = endUs;
  }

  /** Time passes in which the front-end does nothing: frames wait. */
  stop(ms: number): void {
    this.#nowUs += ms * 1000;
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }

  /** Runs until the boards are alive. */
  start(): this {
    this.run(20);
    return this;
  }

  span(range: ObjectRange): DelegatedSpan {
    return this.backEnds.createSpan(range) as DelegatedSpan;
  }

  #toBoards(frame: Uint8Array): void {
    for (const board of this.boards) {
      const broadcast = frame[0] === 0xff;
      if (!broadcast && Buffer.compare(frame.subarray(0, 6), board.macAddress) !== 0) continue;
      this.#pass({ direction: 'down', board, frame, ...describeFrame(frame) }, () =>
        board.onFrame(frame.slice()),
      );
    }
  }

  transmit(board: FakeBoard, frame: Uint8Array): void {
    this.#pass({ direction: 'up', board, frame, ...describeFrame(frame) }, () => this.deliver(frame));
  }

  /** Hands a frame to the front-end, behind others in a larger array. */
  deliver(frame: Uint8Array): void {
    const ring = new Uint8Array(frame.length + 64).fill(0xa5);
    ring.set(frame, 32);
    this.backEnds.onFrame(ring, 32, frame.length, this.#nowUs);
  }

  onSent(range: SentRange): void {
    this.sent.push(range);
    this.onRange(range);
  }

  #pass(note: FrameNote, arrive: () => void): void {
    this.notes.push(note);
    const verdict = this.fault(note);
    if (verdict === 'drop') return;
    for (const laterUs of verdict ?? [0]) this.at(this.#nowUs + LINK_DELAY_US + laterUs, arrive);
  }
}

export function describeFrame(frame: Uint8Array): { type: AtcpType; kinds: number[] } {
  const type = atcpType(frame, 14) as AtcpType;
  const kinds: number[] = [];
  if (type === AtcpType.statements) {
    const end = 14 + atcpLength(frame, 14);
    for (let at = 14 + ATCP_HEADER_BYTES; at < end; at += statementLength(frame, at))
      kinds.push(statementKind(frame, at));
  }
  return { type, kinds };
}

export function says(kind: number): (note: FrameNote) => boolean {
  return (note) => note.kinds.includes(kind);
}
export const isCommand = says(StatementKind.command);
export const isAckUp = says(StatementKind.ackUp);
export const isAckDown = says(StatementKind.ackDown);
export const isHeartbeat = says(StatementKind.heartbeat);

/** Drops the first `count` frames that `which` picks. */
export function dropFirst(count: number, which: (note: FrameNote) => boolean): Fault {
  let left = count;
  return (note) => (left > 0 && which(note) ? (left--, 'drop') : undefined);
}

/**
 * A client and the part of TCP that its bytes pass through: keeps a window open, acknowledges what arrives in order,
 * asks again for what does not come. Bytes are checked by coverage: each offset once, from a board.
 */
export class Download implements SpanCarrier {
  segmentBytes = 1460;
  acknowledgment = 5000;
  windowField = 0x8000;
  tsVal = 0;
  tsEcr = 0;
  readonly span: DelegatedSpan;
  acknowledged = 0;
  granted = 0;
  done = false;
  error: Error | undefined;
  failed: Error | undefined;
  resent: { from: number; to: number; atUs: number }[] = [];
  reports: { sentUpTo: number; atUs: number }[] = [];
  readonly #world: World;
  readonly #windowBytes: number;
  #received: { from: number; to: number }[] = [];
  /** Loses ranges on their way to the client when it answers true. */
  lose: (range: SentRange) => boolean = () => false;
  #timeoutAtUs = Infinity;

  constructor(world: World, range: ObjectRange, windowBytes = 65_536, startSequence = 0xffff_0000) {
    this.#world = world;
    this.#windowBytes = windowBytes;
    this.span = world.span(range);
    this.span.onDone = (error) => {
      if (error === undefined) this.done = true;
      else this.error = error;
    };
    const before = world.onRange;
    world.onRange = (sent) => {
      before(sent);
      if (sent.startSequence === startSequence) this.#onRange(sent);
    };
    this.span.attach(this, startSequence);
    this.#grant();
  }

  writeTemplate(b: Uint8Array): SpanTemplate {
    b.fill(0x11, 0, 54);
    return { bytes: 54, l3Offset: 14, l4Offset: 34 };
  }

  sendSegment(): void {
    throw new Error('a delegated span sends nothing itself');
  }

  onReady(): void {}

  onSent(_span: Span, sentUpTo: number, atUs: number): void {
    this.reports.push({ sentUpTo, atUs });
  }

  onResent(_span: Span, from: number, to: number, atUs: number): void {
    this.resent.push({ from, to, atUs });
  }

  onFailed(_span: Span, error: Error): void {
    this.failed = error;
    this.span.abandon();
  }

  grantTo(to: number): void {
    this.granted = to;
    this.span.send(to);
  }

  #grant(): void {
    const to = Math.min(this.acknowledged + this.#windowBytes, this.span.length!);
    if (to > this.granted) this.grantTo(to);
    this.#armTimeout();
  }

  #onRange(range: SentRange): void {
    if (range.to > this.granted) throw new Error('a board sent beyond its grant');
    if (this.lose(range)) return;
    this.#world.at(this.#world.nowUs() + 500, () => this.#arrive(range));
  }

  #arrive({ from, to }: SentRange): void {
    if (this.done || this.failed !== undefined) return;
    this.#received.push({ from, to });
    let edge = this.acknowledged;
    for (let moved = true; moved;) {
      moved = false;
      for (const each of this.#received)
        if (each.from <= edge && each.to > edge) {
          edge = each.to;
          moved = true;
        }
    }
    this.#received = this.#received.filter((each) => each.to > edge);
    if (edge === this.acknowledged) return;
    this.acknowledged = edge;
    this.span.acknowledge(edge);
    if (!this.done) this.#grant();
  }

  #armTimeout(): void {
    if (this.acknowledged >= this.span.length!) return;
    const atUs = this.#world.nowUs() + 300_000;
    this.#timeoutAtUs = atUs;
    this.#world.at(atUs, () => {
      if (this.#timeoutAtUs !== atUs || this.done || this.failed !== undefined) return;
      // As TCP does, the timer runs from what is known to have left (decision 6).
      if (this.span.sentUpTo > this.acknowledged) this.span.resend(this.acknowledged, this.span.sentUpTo);
      this.#armTimeout();
    });
  }
}
