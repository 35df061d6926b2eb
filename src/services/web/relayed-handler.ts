/**
 * Mode `relayed` ([0019]): a board answers by its own HTTP responder, head and all. It gets what the front-end's parser
 * understood, never the client's bytes (decision 12). What boards do not answer, the pages of directories and several
 * ranges, is left to the mode `decoded`. Nobody looks for pre-compressed variants.
 */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { MAX_RELAY_TAGS, type RelayedRequest } from '../../front-end/index.js';
import type { WebBackEnds } from './back-ends.js';
import type { WebConfiguration } from './configuration.js';
import { parseEntityTags } from './entity-tags.js';
import { parseHttpDate } from './http-date.js';
import { pipelineOf } from './pipeline.js';
import type { Later, RequestHandler, WebRequest } from './request-handler.js';
import { errorStatus, statusMessage } from './responses.js';

const VERSION_TAG = /^(?<weak>W\/)?"(?<version>[0-9a-f]{32})"$/;

export class RelayedHandler implements RequestHandler {
  readonly #relay: NonNullable<WebBackEnds['relay']>;
  readonly #decoded: RequestHandler;
  readonly #configuration: WebConfiguration;
  readonly #clock: () => number;

  constructor(
    relay: NonNullable<WebBackEnds['relay']>,
    decoded: RequestHandler,
    configuration: WebConfiguration,
    clock: () => number,
  ) {
    this.#relay = relay;
    this.#decoded = decoded;
    this.#configuration = configuration;
    this.#clock = clock;
  }

  async handle(request: WebRequest, response: ServerResponse): Promise<Later | undefined> {
    const relayed = request.target.directory ? undefined : relayedRequest(request, this.#clock());
    if (relayed === undefined) return this.#decoded.handle(request, response);
    const pipeline = pipelineOf(response.req.socket);
    const onDone = (error?: Error): void => {
      pipeline.delegated--;
      if (error !== undefined) response.destroy();
    };
    this.#relay(response, relayed, onDone, (error, closes) => {
      const { status, headers } = errorStatus(error, this.#configuration.retryAfterSeconds);
      const fields = { ...headers, Connection: closes ? 'close' : 'keep-alive' };
      return Buffer.from(statusMessage(status, this.#clock(), fields, relayed.method), 'latin1');
    });
    pipeline.delegated++;
    return undefined;
  }
}

/** The request as boards know requests; undefined for one that is beyond them. */
export function relayedRequest(
  { method, target, headers }: WebRequest,
  nowMs: number,
): RelayedRequest | undefined {
  const ifMatch = versions(headers['if-match'], false);
  const ifNoneMatch = versions(headers['if-none-match'], true);
  const tags =
    (ifMatch === '*' ? 0 : (ifMatch?.length ?? 0)) + (ifNoneMatch === '*' ? 0 : (ifNoneMatch?.length ?? 0));
  const range = singleRange(method === 'GET' ? headers.range : undefined);
  if (range === 'beyond' || tags > MAX_RELAY_TAGS) return undefined;
  return {
    method,
    name: target.name,
    range,
    ifMatch,
    ifNoneMatch,
    ifModifiedSinceMs: date(headers['if-modified-since'], nowMs),
    ifUnmodifiedSinceMs: date(headers['if-unmodified-since'], nowMs),
    ifRange: ifRange(headers, nowMs),
  };
}

/** Dates before the epoch are as good as the epoch: nothing here is older. */
function date(value: string | undefined, nowMs: number): number | undefined {
  const ms = value === undefined ? undefined : parseHttpDate(value, nowMs);
  return ms === undefined ? undefined : Math.max(0, ms);
}

/** Weak tags match by weak comparison alone (RFC 9110 8.8.3.2). */
function versions(list: string | undefined, weakly: boolean): RelayedRequest['ifMatch'] {
  if (list === undefined || list === '*') return list;
  return (parseEntityTags(list) ?? []).flatMap((tag) => {
    const version = versionOf(tag, weakly);
    return version === undefined ? [] : [version];
  });
}

function versionOf(tag: string, weakly: boolean): Uint8Array | undefined {
  const groups = VERSION_TAG.exec(tag)?.groups;
  if (groups === undefined || (groups['weak'] !== undefined && !weakly)) return undefined;
  return new Uint8Array(Buffer.from(groups['version']!, 'hex'));
}

function ifRange(headers: IncomingHttpHeaders, nowMs: number): RelayedRequest['ifRange'] {
  const value = headers['if-range'];
  if (value === undefined) return undefined;
  if (typeof value !== 'string') return 'never';
  return (value.includes('"') ? versionOf(value, false) : parseHttpDate(value, nowMs)) ?? 'never';
}

/** RFC 9110 14.1.2; a field that is no range does not count, more than one range is `beyond`. */
function singleRange(value: string | undefined): RelayedRequest['range'] | 'beyond' {
  if (value === undefined) return undefined;
  const groups = /^bytes=[\t ]*(?:(?<first>\d{1,15})-(?<last>\d{0,15})|-(?<suffix>\d{1,15}))[\t ]*$/i.exec(
    value,
  )?.groups;
  if (groups === undefined) return 'beyond';
  const { first, last, suffix } = groups;
  if (suffix !== undefined) return { suffix: Number(suffix) };
  if (last === '' || last === undefined) return { first: Number(first) };
  return Number(last) < Number(first) ? undefined : { first: Number(first), last: Number(last) };
}
