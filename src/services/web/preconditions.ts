/** Conditional requests (RFC 9110 13), evaluated in the order of 13.2.2. */
import type { IncomingHttpHeaders } from 'node:http';
import { equalStrongly, equalWeakly, parseEntityTags } from './entity-tags.js';
import { parseHttpDate } from './http-date.js';

/** What tells one state of a representation from another. */
export interface Validators {
  readonly etag: string;
  /** Whole seconds, in ms; undefined when there is none. */
  readonly lastModifiedMs: number | undefined;
}

export type Verdict = 'proceed' | 'notModified' | 'preconditionFailed';

/** For GET and HEAD, on a representation that exists. */
export function evaluatePreconditions(
  headers: IncomingHttpHeaders,
  validators: Validators,
  nowMs: number,
): Verdict {
  const { etag, lastModifiedMs } = validators;
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, etag, equalStrongly)) return 'preconditionFailed';
  } else if (lastModifiedMs !== undefined) {
    const unmodifiedSince = dateOf(headers['if-unmodified-since'], nowMs);
    if (unmodifiedSince !== undefined && lastModifiedMs > unmodifiedSince) return 'preconditionFailed';
  }
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, etag, equalWeakly) ? 'notModified' : 'proceed';
  if (lastModifiedMs === undefined) return 'proceed';
  const modifiedSince = dateOf(headers['if-modified-since'], nowMs);
  return modifiedSince !== undefined && lastModifiedMs <= modifiedSince ? 'notModified' : 'proceed';
}

/**
 * Whether the Range field of a request counts (13.1.5). A date does if it is exactly Last-Modified and a strong
 * validator: the object has not been touched within the second before now (8.8.2.2).
 */
export function evaluateIfRange(
  headers: IncomingHttpHeaders,
  { etag, lastModifiedMs }: Validators,
  nowMs: number,
): boolean {
  const value = headers['if-range'];
  if (value === undefined) return true;
  if (typeof value !== 'string') return false;
  if (value.includes('"')) return equalStrongly(value, etag);
  if (lastModifiedMs === undefined || lastModifiedMs > nowMs - 1000) return false;
  return parseHttpDate(value, nowMs) === lastModifiedMs;
}

/** A list that is none matches nothing. */
function matches(list: string, etag: string, equal: (a: string, b: string) => boolean): boolean {
  if (list === '*') return true;
  return parseEntityTags(list)?.some((tag) => equal(tag, etag)) ?? false;
}

function dateOf(value: string | undefined, nowMs: number): number | undefined {
  return value === undefined ? undefined : parseHttpDate(value, nowMs);
}
