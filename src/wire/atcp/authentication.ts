/**
 * Authentication of ATCP frames: keys, tags and the replay window (specification: src/wire/README.md).
 *
 *   board key    K  = PRF(provisioning secret, "ATCP board", board id)
 *   session key  Kd = PRF(K, "ATCP session", direction d, both nonces)
 *   tag             = SipHash-2-4(key, header and body with the tag field 0)
 *
 * PRF is SipHash-2-4 run twice, with a counter in the message, for 128 bits.
 */
import { copy, equal, fill, sipHash } from '../byte-loops.js';
import { put32 } from '../bytes.js';
import { ATCP_TAG, ATCP_TAG_BYTES, atcpLength } from './header.js';

export const KEY_BYTES = 16;
export const NONCE_BYTES = 16;

export const Direction = Object.freeze({ down: 0, up: 1 } as const);
export type Direction = (typeof Direction)[keyof typeof Direction];

const MESSAGE_BYTES = 48;
/** "ATCP" and the purpose in ASCII: "ATCB" for board keys, "ATCS" for session keys. */
const BOARD_LABEL = 0x4154_4342;
const SESSION_LABEL = 0x4154_4353;

/** Derives keys; owns its scratch memory, so that nothing is allocated afterwards. */
export class KeyDeriver {
  readonly #message = new Uint8Array(MESSAGE_BYTES);

  /** Writes the 16-byte key of a board to `out`. `secret` is 16 bytes. */
  boardKey(secret: Uint8Array, boardId: number, out: Uint8Array): void {
    const m = this.#message;
    fill(m, 0, MESSAGE_BYTES, 0);
    put32(m, 0, BOARD_LABEL);
    put32(m, 8, boardId);
    this.#prf(secret, out);
  }

  /** Writes the 16-byte key of one direction of a session to `out`. The nonces are 16 bytes from their positions. */
  sessionKey(
    boardKey: Uint8Array,
    direction: Direction,
    frontEndNonce: Uint8Array,
    frontEndNonceAt: number,
    boardNonce: Uint8Array,
    boardNonceAt: number,
    out: Uint8Array,
  ): void {
    const m = this.#message;
    fill(m, 0, MESSAGE_BYTES, 0);
    put32(m, 0, SESSION_LABEL);
    m[8] = direction;
    copy(frontEndNonce, frontEndNonceAt, m, 16, NONCE_BYTES);
    copy(boardNonce, boardNonceAt, m, 32, NONCE_BYTES);
    this.#prf(boardKey, out);
  }

  #prf(key: Uint8Array, out: Uint8Array): void {
    const m = this.#message;
    put32(m, 4, 1);
    sipHash(key, 0, m, 0, MESSAGE_BYTES, out, 0);
    put32(m, 4, 2);
    sipHash(key, 0, m, 0, MESSAGE_BYTES, out, 8);
  }
}

/** Puts in and checks the tag of frames; `at` is the start of the ATCP header. */
export class FrameAuthenticator {
  readonly #tag = new Uint8Array(ATCP_TAG_BYTES);
  readonly #received = new Uint8Array(ATCP_TAG_BYTES);

  seal(b: Uint8Array, at: number, key: Uint8Array): void {
    fill(b, at + ATCP_TAG, ATCP_TAG_BYTES, 0);
    sipHash(key, 0, b, at, atcpLength(b, at), b, at + ATCP_TAG);
  }

  /** True when the tag is right. The frame must have passed {@link checkAtcp}; it is left as it was. */
  verify(b: Uint8Array, at: number, key: Uint8Array): boolean {
    copy(b, at + ATCP_TAG, this.#received, 0, ATCP_TAG_BYTES);
    fill(b, at + ATCP_TAG, ATCP_TAG_BYTES, 0);
    sipHash(key, 0, b, at, atcpLength(b, at), this.#tag, 0);
    copy(this.#received, 0, b, at + ATCP_TAG, ATCP_TAG_BYTES);
    return equal(this.#tag, 0, this.#received, 0, ATCP_TAG_BYTES);
  }
}

/** How far behind the newest frame a late one may be and still count. */
export const REPLAY_WINDOW_FRAMES = 64;

/** Accepts each sequence number of a session once (the method of RFC 4303 3.4.3). */
export class ReplayWindow {
  #newest = -1;
  /** Bit i of the pair: number `newest - i` has been seen. */
  #seenLow = 0;
  #seenHigh = 0;

  reset(): void {
    this.#newest = -1;
    this.#seenLow = 0;
    this.#seenHigh = 0;
  }

  /** Call only after the tag has been verified. */
  accept(sequence: number): boolean {
    if (sequence > this.#newest) {
      this.#advance(sequence - this.#newest);
      this.#newest = sequence;
      this.#seenLow |= 1;
      return true;
    }
    const age = this.#newest - sequence;
    if (age >= REPLAY_WINDOW_FRAMES) return false;
    const bit = 1 << (age & 31);
    if (((age < 32 ? this.#seenLow : this.#seenHigh) & bit) !== 0) return false;
    if (age < 32) this.#seenLow |= bit;
    else this.#seenHigh |= bit;
    return true;
  }

  #advance(steps: number): void {
    if (steps >= 64) {
      this.#seenLow = 0;
      this.#seenHigh = 0;
    } else if (steps >= 32) {
      this.#seenHigh = steps === 32 ? this.#seenLow : this.#seenLow << (steps - 32);
      this.#seenLow = 0;
    } else {
      this.#seenHigh = (this.#seenHigh << steps) | (this.#seenLow >>> (32 - steps));
      this.#seenLow <<= steps;
    }
  }
}
