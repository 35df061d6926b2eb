/** The constant parts of what the HTTP responder writes itself, and media types by extension (RFC 9110 8.3). */

export const HttpText = Object.freeze({
  ok: 0,
  partial: 1,
  moved: 2,
  notModified: 3,
  notFound: 4,
  preconditionFailed: 5,
  unsatisfiable: 6,
  date: 7,
  close: 8,
  keepAlive: 9,
  etag: 10,
  quote: 11,
  lastModified: 12,
  content: 13,
  contentType: 14,
  contentLength: 15,
  contentRange: 16,
  anyRange: 17,
  noStore: 18,
  noCache: 19,
  page: 20,
  location: 21,
  end: 22,
  days: 23,
  months: 24,
  gmt: 25,
  digits: 26,
  pageTitle: 27,
  pageHeading: 28,
  pageEnd: 29,
} as const);
export type HttpText = (typeof HttpText)[keyof typeof HttpText];

/** By {@link HttpText}. Each field brings the line end before it. */
export const HTTP_TEXTS: readonly string[] = Object.freeze([
  'HTTP/1.1 200 OK',
  'HTTP/1.1 206 Partial Content',
  'HTTP/1.1 301 Moved Permanently',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.1 404 Not Found',
  'HTTP/1.1 412 Precondition Failed',
  'HTTP/1.1 416 Range Not Satisfiable',
  '\r\nDate: ',
  '\r\nConnection: close',
  '\r\nConnection: keep-alive',
  '\r\nETag: "',
  '"',
  '\r\nLast-Modified: ',
  '\r\nAccept-Ranges: bytes\r\nX-Content-Type-Options: nosniff',
  '\r\nContent-Type: ',
  '\r\nContent-Length: ',
  '\r\nContent-Range: bytes ',
  '*',
  '\r\nCache-Control: no-store',
  '\r\nCache-Control: no-cache',
  '\r\nContent-Type: text/html; charset=utf-8\r\nX-Content-Type-Options: nosniff',
  '\r\nLocation: /',
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
