/**
 * A response of Node's whose whole message comes from elsewhere. Node still does what a response is for: its place
 * among pipelined ones, keep-alive, the end of the connection. It would write a head, though, and has no public
 * way not to; so it is made to believe that the head is out, which `response.headersSent` then says as well.
 */
import type { ServerResponse } from 'node:http';

/** What Node's OutgoingMessage remembers about its head. */
interface HeadState {
  _headerSent: boolean;
  /** False for HEAD: Node then drops what is written. */
  _hasBody: boolean;
}

/** The connection ends behind this response. */
export function closesConnection(response: ServerResponse): boolean {
  return !response.shouldKeepAlive || String(response.getHeader('connection')).toLowerCase() === 'close';
}

/** Writes `message`, head and all, as the whole of the response. */
export function takeOver(response: ServerResponse, message: Buffer): void {
  // Settles whether the connection is kept; the number is that of nothing that Node writes.
  response.writeHead(200, { 'Content-Length': 0 });
  const state = response as unknown as HeadState;
  if (typeof state._headerSent !== 'boolean' || typeof state._hasBody !== 'boolean')
    throw new TypeError('relayed replies need a Node.js whose responses know _headerSent and _hasBody');
  state._headerSent = true;
  state._hasBody = true;
  // In one call: without bytes of its own, a later end() would not wait for the response's turn.
  response.end(message);
}
