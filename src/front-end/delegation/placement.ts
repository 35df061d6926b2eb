/** Which board does it: among those that can, the one with the fewest delegations, then by turns. */
import type { Board } from './board.js';

export class Placement {
  readonly #boards: readonly Board[];
  #turn = 0;

  constructor(boards: readonly Board[]) {
    this.#boards = boards;
  }

  /** Undefined when no board can take a command now. `tried` are left out. */
  choose(tried: ReadonlySet<Board>, nowUs: number): Board | undefined {
    const count = this.#boards.length;
    let best: Board | undefined;
    let bestTurn = 0;
    for (let i = 0; i < count; i++) {
      const turn = (this.#turn + i) % count;
      const board = this.#boards[turn]!;
      if (!board.hasRoom || nowUs < board.avoidUntilUs || tried.has(board)) continue;
      if (best !== undefined && board.outstanding >= best.outstanding) continue;
      best = board;
      bestTurn = turn;
    }
    if (best !== undefined) this.#turn = (bestTurn + 1) % count;
    return best;
  }

  /** A board can take a command at this moment. */
  hasRoom(nowUs: number): boolean {
    return this.#boards.some((board) => board.hasRoom && nowUs >= board.avoidUntilUs);
  }

  /** Some board could take commands, if not at this moment. */
  get someAvailable(): boolean {
    return this.#boards.some((board) => board.available);
  }

  /** No board is left that might do what `tried` could not. */
  allTried(tried: ReadonlySet<Board>): boolean {
    return tried.size > 0 && this.#boards.every((board) => tried.has(board) || !board.available);
  }

  /** When the next avoided board may be asked again. */
  nextTryUs(nowUs: number): number {
    let tryUs = Infinity;
    for (const board of this.#boards)
      if (board.available && board.avoidUntilUs > nowUs) tryUs = Math.min(tryUs, board.avoidUntilUs);
    return tryUs;
  }
}
