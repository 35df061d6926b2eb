/**
 * Which board sent which bytes: one record a delegated span, one piece of it for each board that had it. Memory is
 * taken when a span begins and when it changes boards, never with a packet: what is under way is read from the
 * span itself. Offsets count from the span's first byte.
 */
import type { Trace } from './trace.js';

/** A span, while it is under way. */
export interface SpanProgress {
  readonly acknowledged: number;
}

/** A delegation, while it is under way. */
export interface PieceProgress {
  /** How far the board has sent, as it reported. */
  readonly sentUpTo: number;
}

/** What one board was asked to send of a span. */
export class SpanPiece {
  readonly board: number;
  /** Counter of the command id. */
  readonly command: number;
  /** The client had everything below when the board took over. */
  readonly from: number;
  /** Bytes that it was asked to send again. */
  resentBytes = 0;
  /** Why the board had to leave it; undefined as long as it has it, or when it was the last. */
  cause: string | undefined = undefined;
  #sentUpTo: number;
  #progress: PieceProgress | undefined;

  constructor(board: number, command: number, from: number, progress: PieceProgress) {
    this.board = board;
    this.command = command;
    this.from = from;
    this.#sentUpTo = from;
    this.#progress = progress;
  }

  /** How far the board has sent, as it reported. */
  get sentUpTo(): number {
    return this.#progress?.sentUpTo ?? this.#sentUpTo;
  }

  stop(cause: string | undefined): void {
    if (this.#progress === undefined) return;
    this.#sentUpTo = this.#progress.sentUpTo;
    this.#progress = undefined;
    this.cause = cause;
  }
}

export type SpanOutcome = 'underWay' | 'completed' | 'failed';

/** What a span is, for its record. */
export interface SpanIdentity {
  readonly client: string;
  readonly object: string;
  /** Position of offset 0 in the object. */
  readonly from: number;
  /** 0 while nobody knows. */
  readonly length: number;
  /** `read` when left out. */
  readonly opcode?: 'read' | 'relay';
}

/** A delegation, for the record of its span. */
export interface PieceIdentity extends PieceProgress {
  readonly board: { readonly id: number };
  readonly counter: number;
}

export class SpanRecord {
  readonly client: string;
  readonly object: string;
  readonly from: number;
  length: number;
  readonly opcode: 'read' | 'relay';
  readonly beganUs: number;
  readonly pieces: SpanPiece[] = [];
  outcome: SpanOutcome = 'underWay';
  error: string | undefined = undefined;
  readonly #owner: SpanRecords;
  #acknowledged = 0;
  #progress: SpanProgress | undefined;

  constructor(owner: SpanRecords, identity: SpanIdentity, progress: SpanProgress) {
    this.#owner = owner;
    this.client = identity.client;
    this.object = identity.object;
    this.from = identity.from;
    this.length = identity.length;
    this.opcode = identity.opcode ?? 'read';
    this.beganUs = owner.trace.clock();
    this.#progress = progress;
  }

  /** Bytes that the client has. */
  get acknowledged(): number {
    return this.#progress?.acknowledged ?? this.#acknowledged;
  }

  /**
   * Where the acknowledged bytes of a piece end: at the next one, so that pieces neither overlap nor leave anything
   * out. ACKs that come after a board has gone, and before the next one begins, are for what the first one sent.
   */
  pieceEnd(index: number): number {
    return this.pieces[index + 1]?.from ?? this.acknowledged;
  }

  /** A board takes over where the client's acknowledgment is. */
  delegated(delegation: PieceIdentity): void {
    const { board, counter } = delegation;
    const before = this.#lastPiece;
    this.pieces.push(new SpanPiece(board.id, counter, this.acknowledged, delegation));
    const { events } = this.#owner.trace;
    if (events === undefined) return;
    const commanded = {
      packet: 25,
      point: 'A',
      opcode: this.opcode,
      command: counter,
      board: board.id,
      object: this.object,
      from: this.from + this.acknowledged,
      to: this.from + this.length,
      client: this.client,
    } as const;
    if (before === undefined) events({ event: 'delegated', ...commanded });
    else events({ event: 'failedOver', fromBoard: before.board, cause: before.cause ?? '', ...commanded });
  }

  /** A board has named the length. */
  sized(length: number): void {
    this.length = length;
  }

  /** The board was asked to send so many bytes again. */
  resent(bytes: number): void {
    const piece = this.#lastPiece;
    if (piece !== undefined) piece.resentBytes += bytes;
  }

  /** The board is silent, and the span is not over. */
  interrupted(cause: string, error: Error | undefined): void {
    const piece = this.#lastPiece;
    if (piece === undefined) return;
    piece.stop(cause);
    const { board, command } = piece;
    this.#owner.trace.events?.({
      event: 'interrupted',
      command,
      board,
      cause,
      error: error?.message ?? null,
    });
  }

  finish(error: Error | undefined): void {
    this.#acknowledged = this.acknowledged;
    this.#progress = undefined;
    this.#lastPiece?.stop(undefined);
    this.outcome = error === undefined ? 'completed' : 'failed';
    this.error = error?.message;
    this.#owner.close(this);
    this.#tellEnd();
  }

  get #lastPiece(): SpanPiece | undefined {
    return this.pieces[this.pieces.length - 1];
  }

  #tellEnd(): void {
    const { client, object, error } = this;
    const { events } = this.#owner.trace;
    if (events === undefined) return;
    if (error !== undefined)
      events({ event: 'failed', client, object, acknowledgedBytes: this.#acknowledged, error });
    else {
      const boards = this.pieces.map((piece) => piece.board);
      events({ event: 'completed', packet: 28, point: 'E', client, object, bytes: this.length, boards });
    }
  }
}

const KEPT_SPANS = 256;

/** The spans under way, and the latest of those that have ended. */
export class SpanRecords {
  readonly trace: Trace;
  readonly underWay = new Set<SpanRecord>();
  /** How many ended spans are kept. */
  readonly capacity: number;
  readonly #ended: SpanRecord[] = [];
  /** Where the next one goes, once the ring is full. */
  #next = 0;
  readonly #bytesByBoard = new Map<number, number>();

  constructor(trace: Trace, capacity = KEPT_SPANS) {
    this.trace = trace;
    this.capacity = capacity;
  }

  /** `progress` is read as long as the record is not finished. */
  open(identity: SpanIdentity, progress: SpanProgress): SpanRecord {
    const record = new SpanRecord(this, identity, progress);
    this.underWay.add(record);
    return record;
  }

  /** What {@link SpanRecord.finish} calls. */
  close(record: SpanRecord): void {
    this.underWay.delete(record);
    addBytes(this.#bytesByBoard, record);
    this.#ended[this.#next] = record;
    this.#next = (this.#next + 1) % this.capacity;
  }

  /** The oldest first. */
  ended(): SpanRecord[] {
    return [...this.#ended.slice(this.#next), ...this.#ended.slice(0, this.#next)];
  }

  /** Bytes that clients have acknowledged, by the id of the board that sent them, since the front-end began. */
  bytesByBoard(): Map<number, number> {
    const bytes = new Map(this.#bytesByBoard);
    for (const record of this.underWay) addBytes(bytes, record);
    return bytes;
  }
}

function addBytes(bytes: Map<number, number>, record: SpanRecord): void {
  record.pieces.forEach(({ board, from }, i) => {
    bytes.set(board, (bytes.get(board) ?? 0) + record.pieceEnd(i) - from);
  });
}
