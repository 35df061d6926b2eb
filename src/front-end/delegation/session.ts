/** One session with a board: two keys, a sequence number, a replay window (specification: src/wire/README.md §3, §4). */
import type { KeyDeriver } from '../../wire/atcp/authentication.js';
import { Direction, KEY_BYTES, NONCE_BYTES, ReplayWindow } from '../../wire/atcp/authentication.js';

export class Session {
  /** Seals what goes to the board. */
  readonly downKey = new Uint8Array(KEY_BYTES);
  /** Verifies what comes from it. */
  readonly upKey = new Uint8Array(KEY_BYTES);
  readonly frontEndNonce: Uint8Array;
  readonly boardNonce: Uint8Array;
  readonly boardEpoch: number;
  readonly replayWindow = new ReplayWindow();
  /** Sequence number of the latest frame sent. */
  sequence = 0;
  #newest = 0;
  #accepted = 0;
  #repeated = 0;

  /** The nonces are copied from their positions. */
  constructor(
    deriver: KeyDeriver,
    boardKey: Uint8Array,
    boardEpoch: number,
    b: Uint8Array,
    frontEndNonceAt: number,
    boardNonceAt: number,
  ) {
    this.frontEndNonce = b.slice(frontEndNonceAt, frontEndNonceAt + NONCE_BYTES);
    this.boardNonce = b.slice(boardNonceAt, boardNonceAt + NONCE_BYTES);
    this.boardEpoch = boardEpoch;
    const f = this.frontEndNonce;
    const n = this.boardNonce;
    deriver.sessionKey(boardKey, Direction.down, f, 0, n, 0, this.downKey);
    deriver.sessionKey(boardKey, Direction.up, f, 0, n, 0, this.upKey);
  }

  /** True when a verified frame with this sequence number was not here before. */
  accept(sequence: number): boolean {
    this.#newest = Math.max(this.#newest, sequence);
    if (this.replayWindow.accept(sequence)) {
      this.#accepted++;
      return true;
    }
    this.#repeated++;
    return false;
  }

  /** Frames from the board: that came, that are missing, that came again. Boards number them from 1. */
  get received(): { readonly received: number; readonly lost: number; readonly duplicate: number } {
    return { received: this.#accepted, lost: this.#newest - this.#accepted, duplicate: this.#repeated };
  }

  nextSequence(): number {
    return ++this.sequence;
  }
}
