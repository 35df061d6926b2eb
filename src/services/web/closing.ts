/** How connections end. */
import type { Socket } from 'node:net';

/** After the last answer a client may still be sending; so much is taken from it and thrown away. */
const LINGER_BYTES = 0x8_0000;
/** A piece of input counts as at least so much, so that drops of a byte each do not keep a connection for long. */
const LINGER_PIECE_BYTES = 0x400;

const deaf = new WeakSet<Socket>();

/** No more requests of this connection are heard. */
export function isDeaf(socket: Socket): boolean {
  return deaf.has(socket);
}

/** From now on what arrives on the connection is thrown away, and the parser of requests does not see it. */
export function stopListening(socket: Socket): void {
  if (deaf.has(socket)) return;
  deaf.add(socket);
  let left = LINGER_BYTES;
  socket.removeAllListeners('data');
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    left -= Math.max(chunk.length, LINGER_PIECE_BYTES);
    if (left < 0) socket.destroy();
  });
  socket.resume();
}

/**
 * Closes in stages (RFC 9112 9.6): `lastWords` and FIN, then reading on until the client closes, too. To close at
 * once would answer what the client is still sending with a reset, and that could overtake the last answer.
 * It does not wait longer than `timeoutMs` without progress.
 */
export function closeInStages(socket: Socket, timeoutMs: number, lastWords = ''): void {
  stopListening(socket);
  if (socket.writableEnded) return;
  socket.end(lastWords, 'latin1');
  socket.setTimeout(timeoutMs);
}

/** Ends the connection with a reset; what was written and not delivered is dropped. */
export function reset(socket: Socket): void {
  // As `net` implements it, resetAndDestroy waits for the end of destroySoon.
  socket.destroySoon = () => void socket.destroy();
  socket.resetAndDestroy();
}
