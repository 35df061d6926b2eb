/**
 * Facts of objects that were asked for before. They hold as long as the volume that they came from has not changed:
 * every heartbeat carries its generation. Should an object change between two heartbeats, its version no longer
 * fits, and a read of it fails instead of sending other bytes (decision 9).
 */
import { equal } from '../../wire/byte-loops.js';
import type { Board } from './board.js';
import type { ObjectFacts } from './stat-question.js';

interface Entry {
  readonly facts: ObjectFacts;
  readonly board: Board;
  readonly epoch: number | undefined;
  readonly volumeId: Uint8Array;
  readonly generation: number;
}

export class FactsCache {
  readonly #limit: number;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();

  /** At most `limit` names; 0 remembers nothing. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get(name: string): ObjectFacts | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    if (isUnchanged(entry)) return entry.facts;
    this.#entries.delete(name);
    return undefined;
  }

  put(facts: ObjectFacts, board: Board): void {
    if (this.#limit === 0) return;
    this.#entries.delete(facts.name);
    if (this.#entries.size >= this.#limit) {
      const oldest = this.#entries.keys().next();
      if (oldest.done !== true) this.#entries.delete(oldest.value);
    }
    const { epoch, volumeGeneration: generation } = board;
    this.#entries.set(facts.name, { facts, board, epoch, volumeId: board.volumeId.slice(), generation });
  }

  delete(name: string): void {
    this.#entries.delete(name);
  }
}

function isUnchanged({ board, epoch, volumeId, generation }: Entry): boolean {
  if (!board.available || board.epoch !== epoch || board.volumeGeneration !== generation) return false;
  return equal(board.volumeId, 0, volumeId, 0, volumeId.length);
}
