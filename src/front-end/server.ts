/** A server on a port of the front-end, with the face of Node's `net.Server`. */
import { EventEmitter } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FrontEndHost } from './link/host.js';
import type { Connection } from './tcp/connection.js';
import type { Listener } from './tcp/listener.js';
import { AtcpSocket } from './tcp/socket.js';

export interface AtcpServerOptions {
  readonly host: FrontEndHost;
  /** As in `net`: false (the default) ends a socket's writable side when the client has ended its own. */
  readonly allowHalfOpen?: boolean;
  /** Handshakes under way at one time; 511 when left out, as in `net`. */
  readonly backlog?: number;
  /** Of each socket's streams, in bytes; as in `net`. */
  readonly highWaterMark?: number;
}

/** The events of `net.Server` that exist here. */
export interface AtcpServerEvents {
  connection: [socket: AtcpSocket];
  listening: [];
  close: [];
  error: [error: Error];
}

const DEFAULT_BACKLOG = 511;

export class AtcpServer extends EventEmitter<AtcpServerEvents> {
  /** Connections beyond this many are reset as soon as they are open. */
  maxConnections = Infinity;
  readonly #host: FrontEndHost;
  readonly #backlog: number;
  readonly #highWaterMark: number | undefined;
  #allowHalfOpen: boolean;
  #listener: Listener | undefined = undefined;
  #closing = false;
  readonly #sockets = new Set<AtcpSocket>();
  #beforeClose: () => void = () => {};

  constructor(options: AtcpServerOptions) {
    super();
    this.#host = options.host;
    this.#allowHalfOpen = options.allowHalfOpen ?? false;
    this.#backlog = options.backlog ?? DEFAULT_BACKLOG;
    this.#highWaterMark = options.highWaterMark;
  }

  get listening(): boolean {
    return this.#listener !== undefined;
  }

  /** Open connections. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Accepts connections on `port`; emits 'listening', or 'error' with EADDRINUSE. */
  listen(port: number, callback?: () => void): this {
    if (!Number.isInteger(port) || port < 1 || port > 0xffff) {
      throw new RangeError(`port ${port} is not from 1 to 65535; the front-end chooses none by itself`);
    }
    if (this.#listener !== undefined)
      throw new Error('the server listens already; close it, or make another one');
    if (callback !== undefined) this.once('listening', callback);
    try {
      this.#listener = this.#host.tcp.listen(port, this.#backlog, (connection) => this.#accept(connection));
    } catch (error) {
      process.nextTick(() => this.emit('error', error as Error));
      return this;
    }
    this.#closing = false;
    process.nextTick(() => {
      if (this.listening) this.emit('listening');
    });
    return this;
  }

  /** Accepts no more; emits 'close' once the connections that are open have ended. */
  close(callback?: () => void): this {
    if (callback !== undefined) this.once('close', callback);
    if (this.#listener !== undefined) this.#host.tcp.unlisten(this.#listener);
    this.#listener = undefined;
    this.#closing = true;
    this.#beforeClose();
    this.#emitCloseWhenIdle();
    return this;
  }

  address(): AddressInfo | null {
    if (this.#listener === undefined) return null;
    return { address: this.#host.address.toString(), family: 'IPv4', port: this.#listener.port };
  }

  /**
   * Lets an `http.Server` that listens nowhere else serve these connections. Its `headersTimeout` and
   * `requestTimeout` are watched from here on; closing this server closes its idle connections.
   */
  attachHttp(httpServer: HttpServer): this {
    // http closes by itself what a client has half closed.
    this.#allowHalfOpen = true;
    this.on('connection', (socket) => httpServer.emit('connection', socket));
    const listening = (): void => void httpServer.emit('listening');
    if (this.listening) listening();
    else this.on('listening', listening);
    this.#beforeClose = () => httpServer.closeIdleConnections();
    return this;
  }

  #accept(connection: Connection): void {
    if (this.#sockets.size >= this.maxConnections) {
      connection.release(true);
      return;
    }
    const socket = new AtcpSocket(connection, {
      allowHalfOpen: this.#allowHalfOpen,
      highWaterMark: this.#highWaterMark,
    });
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#emitCloseWhenIdle();
    });
    this.emit('connection', socket);
  }

  #emitCloseWhenIdle(): void {
    if (!this.#closing || this.#sockets.size > 0) return;
    this.#closing = false;
    process.nextTick(() => this.emit('close'));
  }
}

/** Makes a server; `onConnection` is a listener of 'connection'. */
export function createServer(
  options: AtcpServerOptions,
  onConnection?: (socket: AtcpSocket) => void,
): AtcpServer {
  const server = new AtcpServer(options);
  if (onConnection !== undefined) server.on('connection', onConnection);
  return server;
}
