/**
 * Collects what is to be stated to each board during a drain and packs it into as few frames as possible at its
 * end. A source is asked for its words only then, so that ten changes of a delegation in one drain cost one
 * statement. Nothing is allocated for a statement.
 */
import { AtcpKey, AtcpType } from '../../wire/atcp/header.js';
import type { Board } from './board.js';
import { BODY, BODY_BYTES, type FrameSender } from './frame-sender.js';
import type { Session } from './session.js';

/** Something that has a statement for one board. */
export interface StatementSource {
  readonly board: Board;
  /** The writer's: it waits in the board's queue. */
  queued: boolean;
  /** The most bytes that {@link writeStatements} writes now; 0 when there is nothing to say any more. */
  statementBytes(): number;
  /** Writes whole statements; returns their length. They leave at `nowUs`. */
  writeStatements(b: Uint8Array, at: number, nowUs: number): number;
  /** There is no session with the board: nothing was written. */
  onUnsayable(nowUs: number): void;
}

export class StatementWriter {
  readonly #sender: FrameSender;
  /** Called when the first source is queued after a flush: somebody must call {@link flush} soon. */
  readonly #onWork: () => void;
  readonly #boards: Board[] = [];

  constructor(sender: FrameSender, onWork: () => void) {
    this.#sender = sender;
    this.#onWork = onWork;
  }

  queue(source: StatementSource): void {
    if (source.queued) return;
    source.queued = true;
    const { board } = source;
    const first = this.#boards.length === 0;
    if (board.queue.length === 0) this.#boards.push(board);
    board.queue.push(source);
    if (first) this.#onWork();
  }

  flush(nowUs: number): void {
    for (const board of this.#boards) this.#flushBoard(board, nowUs);
    this.#boards.length = 0;
  }

  #flushBoard(board: Board, nowUs: number): void {
    const session = board.session;
    let at = BODY;
    for (const source of board.queue) {
      source.queued = false;
      if (session === undefined) {
        source.onUnsayable(nowUs);
        continue;
      }
      const bytes = source.statementBytes();
      if (bytes === 0) continue;
      if (at + bytes > BODY + BODY_BYTES) {
        this.#send(board, session, at - BODY);
        at = BODY;
      }
      at += source.writeStatements(this.#sender.frame, at, nowUs);
    }
    board.queue.length = 0;
    if (session === undefined || at === BODY) return;
    this.#send(board, session, at - BODY);
    board.lastToldUs = nowUs;
  }

  #send(board: Board, session: Session, bodyBytes: number): void {
    const sequence = session.nextSequence();
    this.#sender.send(
      board.macAddress,
      AtcpType.statements,
      AtcpKey.session,
      bodyBytes,
      board.id,
      sequence,
      session.downKey,
    );
  }
}
