/**
 * Asks who is there: `discover` frames, to all boards or to one, and the nonces by which an announce is known to
 * answer one (src/wire/README.md §4, rules 1, 2 and 5).
 */
import { NONCE_BYTES } from '../../wire/atcp/authentication.js';
import { AtcpKey, AtcpType } from '../../wire/atcp/header.js';
import { DISCOVER_BYTES, FRONT_END_NONCE } from '../../wire/atcp/session.js';
import { copy, equal, fill } from '../../wire/byte-loops.js';
import type { Entropy } from '../tcp/isn.js';
import type { Board, Question } from './board.js';
import type { DelegationCounters } from './counters.js';
import { BODY, BROADCAST_MAC, type FrameSender } from './frame-sender.js';
import type { DelegationTiming } from './limits.js';

/** Sequence number of frames outside any session. */
const NO_SEQUENCE = 0;

export interface DiscoveryOptions {
  readonly entropy: Entropy;
  readonly sender: FrameSender;
  readonly timing: DelegationTiming;
  readonly counters: DelegationCounters;
}

export class Discovery {
  /** When everybody is asked again, should a board be missing. */
  dueUs = 0;
  readonly #options: DiscoveryOptions;
  readonly #boards: readonly Board[];
  readonly #nonce = new Uint8Array(NONCE_BYTES);
  #pauseUs: number;

  constructor(options: DiscoveryOptions, boards: readonly Board[]) {
    this.#options = options;
    this.#boards = boards;
    this.#pauseUs = options.timing.discoverMs * 1000;
  }

  /** Asks everybody; the next time after twice the pause. */
  askAll(nowUs: number): void {
    this.#discover(undefined);
    this.dueUs = nowUs + this.#pauseUs;
    this.#pauseUs = Math.min(2 * this.#pauseUs, this.#options.timing.discoverMaxMs * 1000);
  }

  /** Everybody is to be asked soon, and often: somebody was lost. */
  restart(nowUs: number): void {
    this.dueUs = nowUs;
    this.#pauseUs = this.#options.timing.discoverMs * 1000;
  }

  /** Asks one board, but not more often than heartbeats come. */
  ask(board: Board, nowUs: number): void {
    if (nowUs < board.askAtUs || board.opening !== undefined) return;
    board.askAtUs = nowUs + this.#options.timing.heartbeatMs * 1000;
    board.asks++;
    this.#discover(board);
  }

  #discover(board: Board | undefined): void {
    const { entropy, sender, counters } = this.#options;
    const b = sender.frame;
    const nonce = this.#nonce;
    entropy.fill(nonce, 0, NONCE_BYTES);
    if (board === undefined) for (const each of this.#boards) remember(each.questions, nonce);
    else remember(board.questions, nonce);
    copy(nonce, 0, b, BODY + FRONT_END_NONCE, NONCE_BYTES);
    // Never to the MAC address that was learnt: no tag covers it, so it may be the very thing that is wrong. The board
    // id in the header does the choosing.
    sender.send(BROADCAST_MAC, AtcpType.discover, AtcpKey.board, DISCOVER_BYTES, board?.id ?? 0, NO_SEQUENCE);
    counters.discoversSent++;
  }
}

/** Remembers a nonce and forgets the one before the last. */
function remember(questions: readonly [Question, Question], nonce: Uint8Array): void {
  const [latest, before] = questions;
  copy(latest.nonce, 0, before.nonce, 0, NONCE_BYTES);
  before.open = latest.open;
  copy(nonce, 0, latest.nonce, 0, NONCE_BYTES);
  latest.open = true;
}

/** True when the nonce at `at` answers an open question; it then answers none a second time. */
export function takeAnswer(questions: readonly [Question, Question], b: Uint8Array, at: number): boolean {
  for (const question of questions)
    if (question.open && equal(question.nonce, 0, b, at, NONCE_BYTES)) {
      question.open = false;
      fill(question.nonce, 0, NONCE_BYTES, 0);
      return true;
    }
  return false;
}
