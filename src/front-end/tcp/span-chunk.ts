/**
 * A span as a chunk of a stream. `response.end(chunkFor(span))` puts a delegated body exactly where it belongs in
 * the stream: Node queues the chunk behind its response's header, and pipelined responses behind each other
 * (decision 16). The chunk is an empty Buffer, so that nothing on its way counts or copies it; the socket knows
 * it again by its identity. Announce the length with Content-Length: in a chunked body the span would stand
 * outside the chunks. The answer to HEAD drops its chunk, and the span with it.
 */
import type { Span } from './span.js';

const spans = new WeakMap<Uint8Array, Span>();

/** The chunk that stands for `span`; to be written to one stream, once. */
export function chunkFor(span: Span): Buffer {
  const chunk = Buffer.alloc(0);
  spans.set(chunk, span);
  return chunk;
}

/** The span that a chunk stands for, if it stands for one. */
export function spanOf(chunk: Uint8Array): Span | undefined {
  return spans.get(chunk);
}
