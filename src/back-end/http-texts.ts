/** The constant parts of what the HTTP responder writes itself, and media types by extension (RFC 9110 8.3). */

export const HttpText = Object.freeze({
  ok: 0,
  partial: 1,
  notModified: 2,
  notFound: 3,
  preconditionFailed: 4,
  unsatisfiable: 5,
  date: 6,
  close: 7,
  keepAlive: 8,
  etag: 9,
  quote: 10,
  lastModified: 11,
  content: 12,
  contentType: 13,
  contentLength: 14,
  contentRange: 15,
  anyRange: 16,
  error: 17,
  end: 18,
  days: 19,
  months: 20,
  gmt: 21,
  digits: 22,
  pageTitle: 23,
  pageHeading: 24,
  pageEnd: 25,
} as const);
export type HttpText = (typeof HttpText)[keyof typeof HttpText];

/** By {@link HttpText}. Each field brings the line end before it. */
export const HTTP_TEXTS: readonly string[] = Object.freeze([
  'HTTP/1.1 200 OK',
  'HTTP/1.1 206 Partial Content',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.1 404 Not Found',
  'HTTP/1.1 412 Precondition Failed',
  'HTTP/1.1 416 Range Not Satisfiable',
  '\r\nDate: ',
  '\r\nConnection: close',
  '\r\nConnection: keep-alive',
  '\r\nCache-Control: no-cache\r\nETag: "',
  '"',
  '\r\nLast-Modified: ',
  '\r\nAccept-Ranges: bytes\r\nX-Content-Type-Options: nosniff',
  '\r\nContent-Type: ',
  '\r\nContent-Length: ',
  '\r\nContent-Range: bytes ',
  '*',
  '\r\nCache-Control: no-store\r\nContent-Type: text/html; charset=utf-8\r\nX-Content-Type-Options: nosniff',
  '\r\n\r\n',
  'Thu, Fri, Sat, Sun, Mon, Tue, Wed, ',
  ' Jan  Feb  Mar  Apr  May  Jun  Jul  Aug  Sep  Oct  Nov  Dec ',
  ' GMT',
  '0123456789abcdef',
  '<!doctype html>\n<html lang="en"><title>',
  '</title><h1>',
  '</h1></html>\n',
]);

/** Where the code stands in a status line. */
export const STATUS_CODE_AT = 9;

export const DEFAULT_MEDIA_TYPE = 'application/octet-stream';

/** Extension, in small letters, and type, in turns. */
export const MEDIA_TYPES: readonly string[] = Object.freeze([
  ...['html', 'text/html; charset=utf-8', 'htm', 'text/html; charset=utf-8'],
  ...['css', 'text/css; charset=utf-8', 'js', 'text/javascript; charset=utf-8'],
  ...['mjs', 'text/javascript; charset=utf-8', 'txt', 'text/plain; charset=utf-8'],
  ...['csv', 'text/csv; charset=utf-8', 'md', 'text/markdown; charset=utf-8'],
  ...['json', 'application/json', 'pdf', 'application/pdf', 'wasm', 'application/wasm'],
  ...['zip', 'application/zip', 'gz', 'application/gzip', 'png', 'image/png'],
  ...['jpg', 'image/jpeg', 'jpeg', 'image/jpeg', 'gif', 'image/gif', 'svg', 'image/svg+xml'],
  ...['webp', 'image/webp', 'mp3', 'audio/mpeg', 'mp4', 'video/mp4', 'woff2', 'font/woff2'],
]);
