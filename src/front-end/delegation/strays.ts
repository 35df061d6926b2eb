/** Tells boards to forget commands that the front-end itself has forgotten, because their lease was waited out. */
import type { Board } from './board.js';
import type { DelegationContext } from './commands.js';
import { emitReleaseCommand, RELEASE_COMMAND_BYTES } from './read-command.js';
import type { StatementSource } from './statement-writer.js';

/** More wait for their next report. */
const MAX_PER_FLUSH = 16;

export class Strays {
  readonly #context: DelegationContext;
  readonly #byBoard = new Map<Board, BoardStrays>();

  constructor(context: DelegationContext) {
    this.#context = context;
  }

  release(board: Board, counter: number): void {
    let strays = this.#byBoard.get(board);
    if (strays === undefined) {
      strays = new BoardStrays(board, this.#context.epoch);
      this.#byBoard.set(board, strays);
    }
    if (strays.add(counter)) this.#context.writer.queue(strays);
  }
}

class BoardStrays implements StatementSource {
  readonly board: Board;
  queued = false;
  readonly #epoch: number;
  readonly #counters = new Uint32Array(MAX_PER_FLUSH);
  #count = 0;

  constructor(board: Board, epoch: number) {
    this.board = board;
    this.#epoch = epoch;
  }

  add(counter: number): boolean {
    if (this.#count === MAX_PER_FLUSH) return false;
    this.#counters[this.#count++] = counter;
    return true;
  }

  statementBytes(): number {
    return this.#count * RELEASE_COMMAND_BYTES;
  }

  writeStatements(b: Uint8Array, at: number): number {
    let bytes = 0;
    for (let i = 0; i < this.#count; i++)
      bytes += emitReleaseCommand(b, at + bytes, this.#epoch, this.#counters[i]!);
    this.#count = 0;
    return bytes;
  }

  onUnsayable(): void {
    this.#count = 0;
  }
}
