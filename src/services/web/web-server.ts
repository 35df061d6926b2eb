/**
 * The web service behind an `http.Server` with limits and time-outs, so that no client, slow, idle or hostile,
 * keeps more than its share. Give it the connections of the front-end with `AtcpServer.attachHttp`.
 */
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { closeInStages, isDeaf, reset, stopListening } from './closing.js';
import { type WebConfiguration, webConfiguration } from './configuration.js';
import { type ClientError, statusOfClientError } from './parse-errors.js';
import { pipelineOf } from './pipeline.js';
import { respondWithStatus, statusMessage } from './responses.js';
import { ALLOWED_METHODS, createWebService, type WebServiceOptions } from './web-service.js';

/** Throws when the configuration is wrong. */
export function createWebServer(options: WebServiceOptions): Server {
  const configuration = webConfiguration(options.configuration);
  const service = createWebService(options);
  const server = http.createServer(
    {
      maxHeaderSize: configuration.maxHeaderBytes,
      headersTimeout: configuration.headersTimeoutMs,
      requestTimeout: configuration.requestTimeoutMs,
      keepAliveTimeout: configuration.keepAliveTimeoutMs,
      connectionsCheckingInterval: configuration.checkIntervalMs,
      // The parser is strict whatever the process was started with (RFC 9112 11.2: request smuggling).
      insecureHTTPParser: false,
      // The service has its own page for that.
      requireHostHeader: false,
    },
    service,
  );
  answerHalfClosed(server);
  limitSilence(server, configuration.progressTimeoutMs);
  limitConnections(server, configuration.maxConnections);
  answerMalformed(server, configuration, options.clock ?? Date.now);
  // Nobody wants the content. Whether it will come after the answer is open, so Node ends the connection there.
  server.on('checkContinue', service);
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    respondWithStatus(response, 417, { Connection: 'close' });
  });
  return server;
}

/**
 * A client may end its side behind its last request and still wants the answers (RFC 9293 3.6). Node's own default
 * is to end the connection without them; its types do not know the property.
 */
function answerHalfClosed(server: Server & { httpAllowHalfOpen?: boolean }): void {
  server.httpAllowHalfOpen = true;
}

/**
 * Nothing moved for the socket's time. One that rests is let go in order. One whose client does not take what is
 * on its way is cut off, so that it does not hold on to a board; but not before `progressTimeoutMs`, even if
 * Node counts the answer as finished, since all of it is in the hands of boards.
 */
function limitSilence(server: Server, progressTimeoutMs: number): void {
  // Between requests Node sets keepAliveTimeout instead.
  server.timeout = progressTimeoutMs;
  server.on('timeout', (socket: Socket) => {
    const pipeline = pipelineOf(socket);
    if (!pipeline.owesAnswer && pipeline.delegated === 0) {
      socket.destroy();
      return;
    }
    const restMs = progressTimeoutMs - (socket.timeout ?? 0);
    if (restMs <= 0 || pipeline.patient) {
      reset(socket);
      return;
    }
    pipeline.patient = true;
    socket.setTimeout(restMs);
  });
}

/** `Server.maxConnections` counts at the listening socket, which here is the front-end's affair. */
function limitConnections(server: Server, maxConnections: number): void {
  let open = 0;
  server.on('connection', (socket: Socket) => {
    open++;
    socket.once('close', () => open--);
    if (open > maxConnections) reset(socket);
  });
}

/** What can't be parsed gets an answer in its turn, and the connection is closed in stages. */
function answerMalformed(server: Server, configuration: WebConfiguration, clock: () => number): void {
  const { closeTimeoutMs } = configuration;
  const close = (socket: Socket, lastWords: string): void => {
    stopListening(socket);
    const { latest, owesAnswer } = pipelineOf(socket);
    if (owesAnswer) latest!.once('close', () => closeInStages(socket, closeTimeoutMs, lastWords));
    else closeInStages(socket, closeTimeoutMs, lastWords);
  };
  function destroySoon(this: Socket): void {
    closeInStages(this, closeTimeoutMs);
  }
  server.on('connection', (socket: Socket) => {
    // Node calls it after the last response of a connection.
    socket.destroySoon = destroySoon;
  });
  server.on('clientError', (error: ClientError, stream: Duplex) => {
    const socket = stream as Socket;
    if (isDeaf(socket)) return;
    const status = statusOfClientError(error);
    const idle = status === 408 && socket.bytesRead === 0;
    if (status === undefined || idle || !socket.writable) {
      socket.destroy();
      return;
    }
    // When it is the content of a request that went wrong, that request has its answer already.
    const answered = pipelineOf(socket).latest?.req.complete === false;
    close(socket, answered ? '' : statusMessage(status, clock()));
  });
  server.on('connect', (_request: IncomingMessage, stream: Duplex) => {
    const socket = stream as Socket;
    // Node has let go of it.
    socket.on('timeout', () => server.emit('timeout', socket));
    close(socket, statusMessage(405, clock(), { Allow: ALLOWED_METHODS }));
  });
}
