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

/** One mode ([0019]): `decoded` turns a request into commands, `relayed` hands it on to a board. */
export interface RequestHandler {
  /**
   * Answers on `response`. May reject with an error of the boards as long as the head is not out; the service then
   * chooses the status. The client may be gone meanwhile: then `response.destroyed`.
   */
  handle(request: WebRequest, response: ServerResponse): Promise<void>;
}
