/** What must be right about a request before anything else is looked at, beyond what Node's parser checks. */
import type { IncomingMessage } from 'node:http';

/** uri-host [ ":" port ] (RFC 9110 7.2, RFC 3986 3.2.2); it may be empty. */
const HOST = /^(?:\[[\da-f:.]+\]|[-._~!$&'()*+,;=%\da-z]*)(?::\d*)?$/i;

/** The status of a request that can't be served on this connection any further, or undefined. */
export function framingStatus(request: IncomingMessage): number | undefined {
  // The parser lets HTTP/0.9 through.
  if (request.httpVersionMajor !== 1) return 400;
  const hosts = fieldValues(request, 'host');
  const needsHost = request.httpVersionMinor >= 1;
  // RFC 9112 3.2: 400 without Host, with two, or with one that is none.
  if (hosts.length > 1 || (needsHost && hosts.length === 0)) return 400;
  if (hosts.length === 1 && !HOST.test(hosts[0]!)) return 400;
  // RFC 9112 6.1: a transfer coding that is not understood.
  const transferEncoding = request.headers['transfer-encoding'];
  if (transferEncoding !== undefined && transferEncoding.toLowerCase() !== 'chunked') return 501;
  return undefined;
}

function fieldValues({ rawHeaders }: IncomingMessage, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]!.toLowerCase() === name) values.push(rawHeaders[i + 1]!);
  return values;
}

/** Bytes of content that are announced: 0 without any, Infinity when nobody says how many (chunked). */
export function announcedBytes({ headers }: IncomingMessage): number {
  if (headers['transfer-encoding'] !== undefined) return Infinity;
  return Number(headers['content-length'] ?? 0);
}

/** Reads content to its end and ignores it: unread, it would hold up the next request. */
export function discardContent(request: IncomingMessage, limitBytes: number): void {
  let left = limitBytes;
  if (announcedBytes(request) > 0)
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) request.socket.destroy();
    });
  request.resume();
}
