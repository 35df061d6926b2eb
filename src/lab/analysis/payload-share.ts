/** Who carried the bodies of the HTTP replies: counted in a capture. */
import type { CapturedFrame } from '../pcapng/reader.js';
import { segmentOf } from './segments.js';

export interface PayloadShare {
  /** Bytes of HTTP heads, which the front-end sends. */
  readonly headBytes: number;
  /** Bytes of bodies that entered the switch at the front-end's port. */
  readonly frontEndBodyBytes: number;
  /** Bytes of bodies that entered at boards' ports. */
  readonly boardBodyBytes: number;
}

const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * Counts TCP payload from the server's addresses. What the front-end sends begins with a head ("HTTP/…"), which ends
 * at the empty line; everything else it sends is counted as body.
 */
export function payloadShare(frames: Iterable<CapturedFrame>, vips: readonly string[]): PayloadShare {
  let headBytes = 0;
  let frontEndBodyBytes = 0;
  let boardBodyBytes = 0;
  for (const frame of frames) {
    const segment = segmentOf(frame);
    if (segment === undefined || !vips.includes(segment.source)) continue;
    const payload = Buffer.from(segment.payload.buffer, segment.payload.byteOffset, segment.payload.length);
    if (segment.port !== 'front-end') {
      boardBodyBytes += payload.length;
      continue;
    }
    const head =
      payload.toString('latin1', 0, 5) === 'HTTP/' ? payload.indexOf(HEAD_END) + HEAD_END.length : 0;
    headBytes += head;
    frontEndBodyBytes += payload.length - head;
  }
  return { headBytes, frontEndBodyBytes, boardBodyBytes };
}
