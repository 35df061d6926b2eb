/** Responses that the front-end gives from its own memory: errors and redirections. */
import { STATUS_CODES, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { NoBoardError, NotAFileError, ObjectNotFoundError } from '../../front-end/index.js';
import { encodeComponent } from './directory-page.js';
import type { RequestTarget } from './request-target.js';

/** A small page that says no more than the status. */
function statusPage(status: number): string {
  const title = `${status} ${STATUS_CODES[status] ?? ''}`;
  return `<!doctype html>\n<html lang="en"><title>${title}</title><h1>${title}</h1></html>\n`;
}

function statusHead(page: string): OutgoingHttpHeaders {
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(page),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  };
}

/** Answers with the page of the status. To HEAD, Node leaves the page out. */
export function respondWithStatus(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders = {},
): void {
  const page = statusPage(status);
  response.writeHead(status, { ...statusHead(page), ...headers });
  response.end(page);
}

/**
 * The same as text, for who can't have a response: a request that could not be parsed, one that was relayed. It is
 * the last response of its connection unless `headers` say otherwise.
 */
export function statusMessage(
  status: number,
  nowMs: number,
  headers: OutgoingHttpHeaders = {},
  method = 'GET',
): string {
  const page = statusPage(status);
  const fields = {
    Date: new Date(nowMs).toUTCString(),
    ...statusHead(page),
    Connection: 'close',
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${String(value)}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${method === 'HEAD' ? '' : page}`;
}

/**
 * The same place with a '/' behind it: relative links of a directory's page need it. The path is made anew from
 * the decoded name, so that nothing a client wrote there can point to another server ("//host", "/\host").
 */
export function redirectToDirectory(
  response: ServerResponse,
  { name, rawQuery }: RequestTarget,
  cacheControl: string,
): void {
  const path = name.split('/').map(encodeComponent).join('/');
  respondWithStatus(response, 301, { Location: `/${path}/${rawQuery}`, 'Cache-Control': cacheControl });
}

/** Answers with the status that fits an error of the boards, if the head is still to be sent; else ends the connection. */
export function respondWithError(response: ServerResponse, error: unknown, retryAfterSeconds: number): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, headers } = errorStatus(error, retryAfterSeconds);
  respondWithStatus(response, status, headers);
}

/** The status that fits an error of the boards, and the fields that it needs. */
export function errorStatus(
  error: unknown,
  retryAfterSeconds: number,
): { readonly status: number; readonly headers: OutgoingHttpHeaders } {
  // A name longer than names can be (RangeError) is one that does not exist.
  if (error instanceof ObjectNotFoundError || error instanceof NotAFileError || error instanceof RangeError)
    return { status: 404, headers: {} };
  if (error instanceof NoBoardError) return { status: 503, headers: { 'Retry-After': retryAfterSeconds } };
  return { status: 502, headers: {} };
}
