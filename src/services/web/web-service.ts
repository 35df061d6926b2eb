/**
 * The web service ([0050]): the front-end reads the request and writes the head; a board sends the body straight
 * to the client. It is an ordinary request listener of `node:http`.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import {
  type BackEnds,
  NotAFileError,
  type ObjectFacts,
  ObjectNotFoundError,
} from '../../front-end/index.js';
import { objectHead } from './object-head.js';
import { parseRequestTarget, type RequestTarget } from './request-target.js';
import { redirectToDirectory, respondWithError, respondWithStatus } from './responses.js';

/** What the service needs of the boards. */
export type WebBackEnds = Pick<BackEnds, 'stat' | 'delegate'>;

export interface WebServiceOptions {
  readonly backEnds: WebBackEnds;
  /** The object that stands for a directory; `index.html` when left out. */
  readonly indexName?: string;
  /** What clients are told while no board is there; 1 when left out. */
  readonly retryAfterSeconds?: number;
}

const ALLOWED_METHODS = 'GET, HEAD';

/** `http.createServer(createWebService({ backEnds }))`. */
export function createWebService(options: WebServiceOptions): RequestListener {
  const { backEnds, indexName = 'index.html', retryAfterSeconds = 1 } = options;

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
    target: RequestTarget,
  ): Promise<void> {
    const facts = await backEnds.stat(target.directory ? childName(target.name, indexName) : target.name);
    if (response.destroyed) return;
    if (facts.kind === 'file') sendObject(backEnds, request, response, facts);
    else if (target.directory) throw new NotAFileError(facts.name);
    else redirectToDirectory(response, target.rawPath, target.rawQuery);
  }

  return (request, response) => {
    // A body, if there is one, is of no interest; unread it would hold up the next request.
    request.resume();
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      respondWithStatus(response, 405, { Allow: ALLOWED_METHODS });
      return;
    }
    const target = parseRequestTarget(request.url ?? '');
    if (target === undefined) {
      respondWithStatus(response, 400);
      return;
    }
    serve(request, response, target).catch((error: unknown) => {
      // A name longer than names can be is one that does not exist.
      const cause = error instanceof RangeError ? new ObjectNotFoundError(target.name) : error;
      respondWithError(response, cause, retryAfterSeconds);
    });
  };
}

function sendObject(
  backEnds: WebBackEnds,
  request: IncomingMessage,
  response: ServerResponse,
  facts: ObjectFacts,
): void {
  response.writeHead(200, objectHead(facts, Date.now()));
  if (request.method === 'GET' && facts.size > 0) {
    backEnds.delegate(response, { name: facts.name, version: facts.version, length: facts.size }, (error) => {
      // The head is out: the client learns from the missing bytes that something went wrong (RFC 9112 8).
      if (error !== undefined) response.destroy();
    });
  }
  response.end();
}

function childName(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}
