/** multipart/byteranges (RFC 9110 14.6, RFC 2046 5.1): heads from here, bodies from boards. */
import { randomBytes } from 'node:crypto';
import { type ByteRange, contentRange } from './ranges.js';

export interface Part {
  /** Delimiter and header of the part, latin1. */
  readonly head: string;
  readonly range: ByteRange;
}

export interface Multipart {
  readonly contentType: string;
  readonly parts: readonly Part[];
  /** The close-delimiter. */
  readonly tail: string;
  /** Bytes of it all, for Content-Length. */
  readonly length: number;
}

/** Nobody who writes objects can know the boundary, so no object can contain it. */
export function multipartOf(
  ranges: readonly ByteRange[],
  contentType: string,
  size: number,
  boundary = randomBytes(16).toString('hex'),
): Multipart {
  const parts = ranges.map((range, index) => ({
    head:
      `${index === 0 ? '' : '\r\n'}--${boundary}\r\n` +
      `Content-Type: ${contentType}\r\nContent-Range: ${contentRange(range, size)}\r\n\r\n`,
    range,
  }));
  const tail = `\r\n--${boundary}--\r\n`;
  const length = parts.reduce((sum, { head, range }) => sum + head.length + range.length, tail.length);
  return { contentType: `multipart/byteranges; boundary=${boundary}`, parts, tail, length };
}
