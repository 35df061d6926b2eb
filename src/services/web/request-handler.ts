/** Between the HTTP that is the same for every mode and what makes a reply out of a request. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { RequestTarget } from './request-target.js';

/** A request that is in order: its framing, its method, its target. Its content, if any, is being ignored. */
export interface WebRequest {
  readonly method: 'GET' | 'HEAD';
  readonly target: RequestTarget;
  /** As Node's parser understood them; a field that came twice is joined, or the first counts. */
  readonly headers: IncomingHttpHeaders;
}

/** What is left to do when it is a pipelined response's turn. */
export type Later = () => Promise<Later | undefined>;

/** One mode ([0019]): `decoded` turns a request into commands, `relayed` hands it on to a board. */
export interface RequestHandler {
  /**
   * Answers on `response`. May reject with an error of the boards as long as the head is not out; the service then
   * chooses the status. The client may be gone meanwhile: then `response.destroyed`. What it resolves with, if
   * anything, is called when `response` has its socket.
   */
  handle(request: WebRequest, response: ServerResponse): Promise<Later | undefined>;
}
