/** The commands in flight, by the counter of their id, and what they share. */
import type { SpanRecords } from '../inspection/span-records.js';
import type { Trace } from '../inspection/trace.js';
import type { Board } from './board.js';
import type { DelegationCounters } from './counters.js';
import type { FactsCache } from './facts-cache.js';
import type { DelegationTiming } from './limits.js';
import type { Placement } from './placement.js';
import type { StatementSource, StatementWriter } from './statement-writer.js';
import type { WaitingRoom } from './waiting-room.js';
import type { Timed, TimerHeap } from '../tcp/timers.js';

export type CommandPhase = 'commanded' | 'confirmed' | 'releasing' | 'ended';

/** A command on one board, from its first statement until the board has nothing of it left. */
export interface Command extends StatementSource, Timed {
  /** Counter of the command id; the epoch is the front-end's. */
  readonly counter: number;
  readonly opcode: 'read' | 'relay' | 'stat' | 'list';
  /** `commanded`: no answer yet. `releasing`: the board is to forget it. */
  readonly phase: CommandPhase;
  /** ATCP_ACK 27 about it, which passed its check; `sequence` is the frame's. */
  onAckUp(b: Uint8Array, at: number, sequence: number, nowUs: number): void;
  /** The board shows no sign of life any more. */
  onBoardLost(nowUs: number): void;
  /** The board has rebooted and knows nothing of it. */
  onBoardRebooted(nowUs: number): void;
}

/** A command as people see it. */
export interface CommandStatus {
  /** Counter of its id. */
  readonly command: number;
  readonly board: number;
  readonly opcode: Command['opcode'];
  readonly phase: CommandPhase;
}

/** What commands and spans need of the rest. */
export interface DelegationContext {
  readonly epoch: number;
  readonly timing: DelegationTiming;
  readonly counters: DelegationCounters;
  readonly trace: Trace;
  readonly records: SpanRecords;
  readonly placement: Placement;
  readonly writer: StatementWriter;
  readonly commands: Commands;
  readonly timers: TimerHeap;
  readonly waiting: WaitingRoom;
  readonly facts: FactsCache;
  /** The moment of the latest event. */
  readonly nowUs: number;
  /** The site's clock, for `Date`. */
  unixTimeMs(): number;
}

export class Commands {
  readonly #byCounter = new Map<number, Command>();
  #counter = 0;
  /** A slot has become free since this was last set to false. */
  slotFreed = false;

  /** The counter of a new command id; 0 is nobody's. */
  nextCounter(): number {
    this.#counter = (this.#counter + 1) >>> 0 || 1;
    return this.#counter;
  }

  get size(): number {
    return this.#byCounter.size;
  }

  status(): CommandStatus[] {
    return Array.from(this.#byCounter.values(), ({ counter, board, opcode, phase }) => ({
      command: counter,
      board: board.id,
      opcode,
      phase,
    }));
  }

  add(command: Command): void {
    this.#byCounter.set(command.counter, command);
    command.board.outstanding++;
  }

  remove(command: Command): void {
    if (!this.#byCounter.delete(command.counter)) return;
    command.board.outstanding--;
    this.slotFreed = true;
  }

  /** The command of that counter, if it is with that board. */
  find(board: Board, counter: number): Command | undefined {
    const command = this.#byCounter.get(counter);
    return command?.board === board ? command : undefined;
  }

  onBoardLost(board: Board, nowUs: number): void {
    for (const command of this.#byCounter.values()) if (command.board === board) command.onBoardLost(nowUs);
  }

  onBoardRebooted(board: Board, nowUs: number): void {
    for (const command of this.#byCounter.values())
      if (command.board === board) command.onBoardRebooted(nowUs);
  }
}
