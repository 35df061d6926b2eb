/**
 * The web service ([0050]): the front-end reads the request and decides; a board sends the body straight to the
 * client. It is an ordinary request listener of `node:http`.
 */
import type { IncomingMessage, OutgoingHttpHeaders, RequestListener, ServerResponse } from 'node:http';
import type { WebBackEnds } from './back-ends.js';
import { isDeaf } from './closing.js';
import { type WebConfiguration, webConfiguration } from './configuration.js';
import { DecodedHandler } from './decoded-handler.js';
import { announcedBytes, discardContent, framingStatus } from './framing.js';
import { pipelineOf } from './pipeline.js';
import type { Later, RequestHandler } from './request-handler.js';
import { RelayedHandler } from './relayed-handler.js';
import { parseRequestTarget } from './request-target.js';
import { respondWithError, respondWithStatus } from './responses.js';

export interface WebServiceOptions {
  readonly backEnds: WebBackEnds;
  /** What differs from {@link DEFAULT_WEB_CONFIGURATION}. */
  readonly configuration?: Partial<WebConfiguration>;
  /** In mode `relayed`: who relays, if not a board's own responder. */
  readonly relay?: RequestHandler;
  /** The wall clock in ms; `Date.now` when left out. */
  readonly clock?: () => number;
}

export const ALLOWED_METHODS = 'GET, HEAD, OPTIONS';

/** Methods that every server knows (RFC 9110 9, RFC 5789): these are not allowed, others not implemented. */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE', 'CONNECT', 'TRACE', 'PATCH'],
]);

/**
 * `http.createServer(createWebService({ backEnds }))`; `createWebServer` adds limits and time-outs, and is what to
 * use where clients are strangers. Throws when the configuration is wrong.
 */
export function createWebService(options: WebServiceOptions): RequestListener {
  const configuration = webConfiguration(options.configuration);
  const service = new WebService(configuration, handlerFor(options, configuration));
  return (request, response) => service.onRequest(request, response);
}

function handlerFor(options: WebServiceOptions, configuration: WebConfiguration): RequestHandler {
  const { backEnds, relay, clock = Date.now } = options;
  const decoded = new DecodedHandler(backEnds, configuration, clock);
  if (configuration.mode === 'decoded') return decoded;
  if (relay !== undefined) return relay;
  if (backEnds.relay === undefined)
    throw new TypeError("web: mode 'relayed' needs a handler that relays; name it in the option relay");
  return new RelayedHandler(backEnds.relay.bind(backEnds), decoded, configuration, clock);
}

class WebService {
  readonly #configuration: WebConfiguration;
  readonly #handler: RequestHandler;

  constructor(configuration: WebConfiguration, handler: RequestHandler) {
    this.#configuration = configuration;
    this.#handler = handler;
  }

  onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { maxRequestsPerConnection } = this.#configuration;
    const pipeline = pipelineOf(request.socket);
    const last = maxRequestsPerConnection > 0 && ++pipeline.requests >= maxRequestsPerConnection;
    // Nothing follows the last answer of a connection.
    if (isDeaf(request.socket) || (last && pipeline.requests > maxRequestsPerConnection)) return;
    if (last) response.setHeader('Connection', 'close');
    pipeline.onRequest(response);
    const status = framingStatus(request);
    if (status !== undefined) this.#refuse(request, response, status, { Connection: 'close' });
    else if (request.method === 'GET' || request.method === 'HEAD')
      this.#onRead(request, response, request.method);
    else if (request.method === 'OPTIONS') this.#onOptions(request, response);
    else if (KNOWN_METHODS.has(request.method!))
      this.#refuse(request, response, 405, { Allow: ALLOWED_METHODS });
    else this.#refuse(request, response, 501);
  }

  #onRead(request: IncomingMessage, response: ServerResponse, method: 'GET' | 'HEAD'): void {
    const { maxTargetBytes, maxPipelinedRequests, retryAfterSeconds } = this.#configuration;
    if (!this.#takeContent(request, response)) return;
    const url = request.url!;
    const target = url.length > maxTargetBytes ? undefined : parseRequestTarget(url);
    if (target === undefined) {
      respondWithStatus(response, url.length > maxTargetBytes ? 414 : 400);
      return;
    }
    const { headers } = request;
    const pipeline = pipelineOf(request.socket);
    const attempt = async (step: Later): Promise<void> => {
      if (response.destroyed || request.socket.destroyed) return;
      try {
        const later = await step();
        if (later !== undefined) pipeline.whenItsTurn(response, () => void attempt(later));
      } catch (error) {
        respondWithError(response, error, retryAfterSeconds);
      }
    };
    const work: Later = () => this.#handler.handle({ method, target, headers }, response);
    if (!pipeline.admit(() => attempt(work), maxPipelinedRequests))
      respondWithStatus(response, 503, { 'Retry-After': retryAfterSeconds });
  }

  /** RFC 9110 9.3.7; of the server as a whole (`*`) or of any target the same can be said. */
  #onOptions(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url!;
    if (url.length > this.#configuration.maxTargetBytes) this.#refuse(request, response, 414);
    else if (url !== '*' && parseRequestTarget(url) === undefined) this.#refuse(request, response, 400);
    else if (this.#takeContent(request, response)) {
      response.writeHead(204, { Allow: ALLOWED_METHODS }).end();
    }
  }

  /** Content on a request that has no use for it is ignored, in bounds; false when it was refused. */
  #takeContent(request: IncomingMessage, response: ServerResponse): boolean {
    const { maxRequestBodyBytes } = this.#configuration;
    const bytes = announcedBytes(request);
    if (bytes > maxRequestBodyBytes && bytes !== Infinity) {
      this.#refuse(request, response, 413);
      return false;
    }
    discardContent(request, maxRequestBodyBytes);
    return true;
  }

  /** Where much content may follow, the answer is the last on the connection: nobody waits for that to end. */
  #refuse(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    headers: OutgoingHttpHeaders = {},
  ): void {
    const last = announcedBytes(request) > this.#configuration.maxRequestBodyBytes;
    request.resume();
    respondWithStatus(response, status, last ? { ...headers, Connection: 'close' } : headers);
  }
}
