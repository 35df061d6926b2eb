/** How connections end. */
import type { Socket } from 'node:net';

/** After the last answer a client may still be sending; so much is taken from it and thrown away. */
const LINGER_BYTES = 0x8_0000;
/** A piece of input counts as at least so much, so that drops of a byte each do not keep a connection for long. */
const LINGER_PIECE_BYTES = 0x400;

const closing = new WeakSet<Socket>();

/** The connection has had its last answer, or is about to: no more requests of it are heard. */
export function isClosing(socket: Socket): boolean {
  return closing.has(socket);
}

/**
 * Closes in stages (RFC 9112 9.6): `lastWords` and FIN, then reading on until the client closes, too. To close at
 * once would answer what the client is still sending with a reset, and that could overtake the last answer.
 * It does not wait longer than `timeoutMs` without progress.
 */
export function closeInStages(socket: Socket, timeoutMs: number, lastWords = ''): void {
  if (closing.has(socket)) return;
  stopListening(socket);
  socket.end(lastWords, 'latin1');
  socket.setTimeout(timeoutMs);
}

/** From now on nothing that arrives on the connection reaches the parser of requests. */
export function stopListening(socket: Socket): void {
  closing.add(socket);
  let left = LINGER_BYTES;
  socket.removeAllListeners('data');
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    left -= Math.max(chunk.length, LINGER_PIECE_BYTES);
    if (left < 0) socket.destroy();
  });
  socket.resume();
}
