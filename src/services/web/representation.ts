/** One representation of an object on its way to a client: 200, 206, 304, 412 or 416, and the fields of each. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ObjectFacts } from '../../front-end/index.js';
import type { WebBackEnds } from './back-ends.js';
import type { WebConfiguration } from './configuration.js';
import type { ContentCoding } from './content-coding.js';
import { entityTag } from './entity-tags.js';
import { formatHttpDate } from './http-date.js';
import { multipartOf } from './multipart.js';
import { pipelineOf } from './pipeline.js';
import { evaluateIfRange, evaluatePreconditions, type Validators } from './preconditions.js';
import { type ByteRange, contentRange, selectRanges } from './ranges.js';
import type { WebRequest } from './request-handler.js';
import { respondWithStatus } from './responses.js';

/** What was chosen for a request. */
export interface Representation {
  readonly facts: ObjectFacts;
  readonly contentType: string;
  readonly coding: ContentCoding | undefined;
  /** Another Accept-Encoding might have chosen otherwise. */
  readonly negotiated: boolean;
}

/** Parts of a multipart response that are with boards at one time: each takes a slot there. */
const PARTS_AHEAD = 4;

export class RepresentationSender {
  readonly #backEnds: WebBackEnds;
  readonly #configuration: WebConfiguration;
  readonly #clock: () => number;

  constructor(backEnds: WebBackEnds, configuration: WebConfiguration, clock: () => number) {
    this.#backEnds = backEnds;
    this.#configuration = configuration;
    this.#clock = clock;
  }

  send(request: WebRequest, response: ServerResponse, representation: Representation): void {
    const nowMs = this.#clock();
    const { facts } = representation;
    const validators = validatorsOf(facts, nowMs);
    const verdict = evaluatePreconditions(request.headers, validators, nowMs);
    if (verdict === 'preconditionFailed') {
      respondWithStatus(response, 412);
      return;
    }
    const common = this.#commonHead(representation, validators);
    if (verdict === 'notModified') {
      // What guides caches, and nothing about content (RFC 9110 15.4.5).
      response.writeHead(304, common).end();
      return;
    }
    const head = { ...common, ...contentHead(representation, validators) };
    const ranges = this.#rangesOf(request, validators, facts.size, nowMs);
    if (ranges === 'unsatisfiable') {
      respondWithStatus(response, 416, { 'Content-Range': `bytes */${facts.size}` });
    } else if (ranges === 'whole') {
      this.#sendWhole(request, response, head, facts);
    } else if (ranges.length === 1) {
      this.#sendRange(response, head, facts, ranges[0]!);
    } else {
      this.#sendParts(response, head, representation, ranges);
    }
  }

  /** Ranges are defined for GET alone (RFC 9110 14.2). */
  #rangesOf(
    { method, headers }: WebRequest,
    validators: Validators,
    size: number,
    nowMs: number,
  ): ReturnType<typeof selectRanges> {
    const { range } = headers;
    if (method !== 'GET' || range === undefined || !evaluateIfRange(headers, validators, nowMs))
      return 'whole';
    return selectRanges(range, size, this.#configuration);
  }

  #commonHead({ negotiated }: Representation, { etag }: Validators): OutgoingHttpHeaders {
    return {
      ETag: etag,
      'Cache-Control': this.#configuration.cacheControl,
      ...(negotiated && { Vary: 'Accept-Encoding' }),
    };
  }

  #sendWhole(
    { method }: WebRequest,
    response: ServerResponse,
    head: OutgoingHttpHeaders,
    facts: ObjectFacts,
  ): void {
    response.writeHead(200, { ...head, 'Content-Length': facts.size });
    if (method === 'GET' && facts.size > 0) this.#delegate(response, facts, { from: 0, length: facts.size });
    response.end();
  }

  #sendRange(
    response: ServerResponse,
    head: OutgoingHttpHeaders,
    facts: ObjectFacts,
    range: ByteRange,
  ): void {
    response.writeHead(206, {
      ...head,
      'Content-Range': contentRange(range, facts.size),
      'Content-Length': range.length,
    });
    this.#delegate(response, facts, range);
    response.end();
  }

  /** Heads from here, bodies from boards, in one stream; the next part follows when one has been acknowledged. */
  #sendParts(
    response: ServerResponse,
    head: OutgoingHttpHeaders,
    { facts, contentType }: Representation,
    ranges: readonly ByteRange[],
  ): void {
    const multipart = multipartOf(ranges, contentType, facts.size);
    const { parts, tail, length } = multipart;
    response.writeHead(206, {
      ...head,
      'Content-Type': multipart.contentType,
      'Content-Length': length,
    });
    let next = 0;
    const sendNext = (): void => {
      const part = parts[next++];
      if (part === undefined || response.destroyed) return;
      response.write(part.head, 'latin1');
      this.#delegate(response, facts, part.range, sendNext);
      if (next === parts.length) response.end(tail, 'latin1');
    };
    for (let i = 0; i < PARTS_AHEAD; i++) sendNext();
  }

  #delegate(
    response: ServerResponse,
    { name, version }: ObjectFacts,
    { from, length }: ByteRange,
    onDone: () => void = () => {},
  ): void {
    const pipeline = pipelineOf(response.req.socket);
    pipeline.delegated++;
    this.#backEnds.delegate(response, { name, version, from, length }, (error) => {
      pipeline.delegated--;
      // The head is out: the client learns from the missing bytes that something went wrong (RFC 9112 8).
      if (error !== undefined) response.destroy();
      else onDone();
    });
  }
}

/** Last-Modified is never later than Date (RFC 9110 8.8.2.1), whatever the clock of the volume's writer said. */
function validatorsOf({ version, modifiedMs }: ObjectFacts, nowMs: number): Validators {
  const lastModifiedMs = Math.floor(Math.min(modifiedMs, nowMs) / 1000) * 1000;
  return { etag: entityTag(version), lastModifiedMs };
}

function contentHead(
  { contentType, coding }: Representation,
  { lastModifiedMs }: Validators,
): OutgoingHttpHeaders {
  return {
    'Content-Type': contentType,
    ...(coding !== undefined && { 'Content-Encoding': coding.name }),
    ...(lastModifiedMs !== undefined && { 'Last-Modified': formatHttpDate(lastModifiedMs) }),
    'Accept-Ranges': 'bytes',
    'X-Content-Type-Options': 'nosniff',
  };
}
