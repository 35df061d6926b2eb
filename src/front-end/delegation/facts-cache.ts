/**
 * Facts of objects that were asked for before. They hold as long as the volume that they came from has not changed:
 * every heartbeat carries its generation. Should an object change between two heartbeats, its version no longer
 * fits, and a read of it fails instead of sending other bytes (decision 9).
 */
import type { Board } from './board.js';
import type { ObjectFacts } from './inquiry.js';

interface Entry {
  readonly facts: ObjectFacts;
  readonly board: Board;
  readonly epoch: number | undefined;
  readonly generation: number;
}

export class FactsCache {
  readonly #limit: number;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(name: string): ObjectFacts | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    const { board, epoch, generation, facts } = entry;
    if (board.available && board.epoch === epoch && board.volumeGeneration === generation) return facts;
    this.#entries.delete(name);
    return undefined;
  }

  put(facts: ObjectFacts, board: Board): void {
    this.#entries.delete(facts.name);
    if (this.#entries.size >= this.#limit) {
      const oldest = this.#entries.keys().next();
      if (oldest.done !== true) this.#entries.delete(oldest.value);
    }
    this.#entries.set(facts.name, { facts, board, epoch: board.epoch, generation: board.volumeGeneration });
  }

  delete(name: string): void {
    this.#entries.delete(name);
  }
}
