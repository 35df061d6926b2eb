/** The head of a response that carries an object (RFC 9110 8). */
import type { OutgoingHttpHeaders } from 'node:http';
import mime from 'mime';
import type { ObjectFacts } from '../../front-end/index.js';

/** A strong validator: equal versions are equal bytes (RFC 9110 8.8.3). */
export function entityTag(facts: ObjectFacts): string {
  return `"${Buffer.from(facts.version).toString('hex')}"`;
}

/** By the extension of the name; text is taken to be UTF-8, as names are. */
export function contentType(name: string): string {
  const type = mime.getType(name) ?? 'application/octet-stream';
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type;
}

export function objectHead(facts: ObjectFacts, nowMs: number): OutgoingHttpHeaders {
  return {
    'Content-Type': contentType(facts.name),
    'Content-Length': facts.size,
    ETag: entityTag(facts),
    // Never later than Date (RFC 9110 8.8.2.1), whatever the clock of the volume's writer said.
    'Last-Modified': new Date(Math.min(facts.modifiedMs, nowMs)).toUTCString(),
    'Accept-Ranges': 'none',
  };
}
