/** The site that the examples of src/wire/README.md speak of, and what they are made with. */
import { Direction, FrameAuthenticator, KeyDeriver } from '../../../src/wire/atcp/authentication.js';
import { ATCP_HEADER_BYTES, emitAtcp, type AtcpType } from '../../../src/wire/atcp/header.js';

export const SECRET = Uint8Array.from({ length: 16 }, (_, i) => i);
export const BOARD_ID = 7;
export const FRONT_END_NONCE = Uint8Array.from({ length: 16 }, (_, i) => 0xf0 + i);
export const BOARD_NONCE = Uint8Array.from({ length: 16 }, (_, i) => 0xb0 + i);
export const FRONT_END_EPOCH = 0x0000_f00d;
export const BOARD_EPOCH = 0x0000_b007;
export const OBJECT_VERSION = Uint8Array.from({ length: 16 }, (_, i) => 0x20 + i);

const deriver = new KeyDeriver();
export const boardKey = new Uint8Array(16);
export const downKey = new Uint8Array(16);
export const upKey = new Uint8Array(16);
deriver.boardKey(SECRET, BOARD_ID, boardKey);
deriver.sessionKey(boardKey, Direction.down, FRONT_END_NONCE, 0, BOARD_NONCE, 0, downKey);
deriver.sessionKey(boardKey, Direction.up, FRONT_END_NONCE, 0, BOARD_NONCE, 0, upKey);

export type Body = (b: Uint8Array, at: number) => number;

export function message(
  type: AtcpType,
  keyId: number,
  boardId: number,
  epoch: number,
  sequence: number,
  key: Uint8Array | undefined,
  body: Body,
): Uint8Array {
  const b = new Uint8Array(1600).fill(0xa5);
  const at = 16;
  const length = ATCP_HEADER_BYTES + body(b, at + ATCP_HEADER_BYTES);
  emitAtcp(b, at, type, keyId, length, boardId, epoch, sequence);
  if (key !== undefined) new FrameAuthenticator().seal(b, at, key);
  return b.slice(at, at + length);
}

export function statement(emit: Body): Uint8Array {
  const b = new Uint8Array(1600).fill(0xa5);
  const length = emit(b, 16);
  return b.slice(16, 16 + length);
}

export function utf8(b: Uint8Array, at: number, text: string): number {
  return new TextEncoder().encodeInto(text, b.subarray(at)).written;
}
