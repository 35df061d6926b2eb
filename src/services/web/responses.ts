/** Responses that the front-end gives from its own memory: errors and redirections. */
import { STATUS_CODES, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { NoBoardError, NotAFileError, ObjectNotFoundError } from '../../front-end/index.js';

/** Answers with a small page that says no more than the status. To HEAD, Node leaves the page out. */
export function respondWithStatus(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders = {},
): void {
  const title = `${status} ${STATUS_CODES[status] ?? ''}`;
  const page = `<!doctype html>\n<html lang="en"><title>${title}</title><h1>${title}</h1></html>\n`;
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(page),
    ...headers,
  });
  response.end(page);
}

/** The same place with a '/' behind it: relative links of a directory's page need it. */
export function redirectToDirectory(response: ServerResponse, rawPath: string, rawQuery: string): void {
  // Of several slashes in front one is kept: "//host/" would be another server (RFC 3986 4.2).
  const location = `/${rawPath.replace(/^\/+/, '')}/${rawQuery}`;
  respondWithStatus(response, 301, { Location: location });
}

/** Answers with the status that fits an error of the boards, if the head is still to be sent; else ends the connection. */
export function respondWithError(response: ServerResponse, error: unknown, retryAfterSeconds: number): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (error instanceof ObjectNotFoundError || error instanceof NotAFileError)
    respondWithStatus(response, 404);
  else if (error instanceof NoBoardError)
    respondWithStatus(response, 503, { 'Retry-After': retryAfterSeconds });
  else respondWithStatus(response, 502);
}
