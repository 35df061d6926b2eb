/**
 * Heartbeat of a board, sent at the interval that the session names and whenever the card's state changes. The
 * command id of its header is zero. Offsets from the start of the statement:
 *
 *   12 uptime, ms (8)   20 volume generation (8)   28 volume id (16)
 *   44 slots used (2)   46 slots in all (2)   48 buffers lent (2)   50 buffers in all (2)
 *   52 card state   53 zero (3)   56 frames received (4)   60 frames discarded (4)   64 pseudo packets sent (4)
 *   68 disk errors (4)
 */
import { get16, get32, get64, put16, put32, put64 } from '../bytes.js';
import { emitStatementHeader, StatementKind } from './statements.js';

export const HEARTBEAT_BYTES = 72;
export const HEARTBEAT_VOLUME_ID = 28;

export function heartbeatUptimeMs(b: Uint8Array, at: number): number {
  return get64(b, at + 12);
}

export function heartbeatVolumeGeneration(b: Uint8Array, at: number): number {
  return get64(b, at + 20);
}

export function heartbeatSlotsUsed(b: Uint8Array, at: number): number {
  return get16(b, at + 44);
}

export function heartbeatSlots(b: Uint8Array, at: number): number {
  return get16(b, at + 46);
}

export function heartbeatBuffersLent(b: Uint8Array, at: number): number {
  return get16(b, at + 48);
}

export function heartbeatBuffers(b: Uint8Array, at: number): number {
  return get16(b, at + 50);
}

export function heartbeatCardState(b: Uint8Array, at: number): number {
  return b[at + 52]!;
}

/** Counter 0 … 3: frames received, frames discarded, pseudo packets sent, disk errors; modulo 2^32. */
export function heartbeatCounter(b: Uint8Array, at: number, i: number): number {
  return get32(b, at + 56 + 4 * i);
}

/** Writes everything but the volume id. */
export function emitHeartbeat(
  b: Uint8Array,
  at: number,
  uptimeMs: number,
  volumeGeneration: number,
  slotsUsed: number,
  slots: number,
  buffersLent: number,
  buffers: number,
  cardState: number,
  received: number,
  discarded: number,
  sent: number,
  diskErrors: number,
): number {
  emitStatementHeader(b, at, StatementKind.heartbeat, 0, HEARTBEAT_BYTES, 0, 0);
  put64(b, at + 12, uptimeMs);
  put64(b, at + 20, volumeGeneration);
  put16(b, at + 44, slotsUsed);
  put16(b, at + 46, slots);
  put16(b, at + 48, buffersLent);
  put16(b, at + 50, buffers);
  put32(b, at + 52, 0);
  b[at + 52] = cardState;
  put32(b, at + 56, received);
  put32(b, at + 60, discarded);
  put32(b, at + 64, sent);
  put32(b, at + 68, diskErrors);
  return HEARTBEAT_BYTES;
}
