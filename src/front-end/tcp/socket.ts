/**
 * A connection as a program sees it: a Duplex with the face of Node's `net.Socket`, so that `http.Server`, or any
 * library that takes a stream, runs on it unchanged. A chunk that stands for a span (span-chunk.ts) puts the span
 * into the stream in its place.
 */
import { Duplex } from 'node:stream';
import type { AddressInfo } from 'node:net';
import { LocalSpan } from './local-span.js';
import type { Connection } from './connection.js';
import type { ConnectionUser } from './connection-user.js';
import { writeCanceled } from './errors.js';
import { spanOf } from './span-chunk.js';

/** Larger chunks are held by reference until they have been sent, smaller ones are copied and gathered. */
const COPY_BYTES = 0x1000;
const DEFAULT_HIGH_WATER_MARK = 0x1_0000;
const US_PER_MS = 1000;

export interface AtcpSocketOptions {
  /** As `net`: false ends the writable side when the client has ended its own. */
  readonly allowHalfOpen: boolean;
  /** Of both sides of the stream, in bytes; 65536 when left out. */
  readonly highWaterMark?: number | undefined;
}

type Done = (error?: Error | null) => void;

export class AtcpSocket extends Duplex implements ConnectionUser {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly remoteFamily: 'IPv4' | 'IPv6';
  readonly localAddress: string;
  readonly localPort: number;
  readonly localFamily: 'IPv4' | 'IPv6';
  readonly connecting = false;
  readonly pending = false;
  timeout: number | undefined = undefined;
  bytesRead = 0;
  readonly #connection: Connection;
  readonly #firstByte: number;
  #wantsData = false;
  /** Completes the write that is under way. */
  #written: Done | undefined = undefined;

  constructor(connection: Connection, options: AtcpSocketOptions) {
    super({
      allowHalfOpen: options.allowHalfOpen,
      highWaterMark: options.highWaterMark ?? DEFAULT_HIGH_WATER_MARK,
    });
    this.#connection = connection;
    this.#firstByte = connection.sender.sndNxt;
    this.remoteAddress = connection.remoteAddress.toString();
    this.remotePort = connection.remotePort;
    this.localAddress = connection.localAddress.toString();
    this.localFamily = connection.localAddress.isIpv4 ? 'IPv4' : 'IPv6';
    this.remoteFamily = this.localFamily;
    this.localPort = connection.localPort;
    connection.setUser(this);
    this.read(0);
  }

  // The face of net.Socket.

  /** Bytes of the stream that have left or may leave, those of boards included. */
  get bytesWritten(): number {
    const { sender } = this.#connection;
    return sender.sndNxt - this.#firstByte - (sender.finSent ? 1 : 0);
  }

  get readyState(): 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  get bufferSize(): number {
    return this.writableLength;
  }

  address(): AddressInfo {
    return { address: this.localAddress, family: this.localFamily, port: this.localPort };
  }

  /** Emits 'timeout' when nothing got through in either direction for `timeoutMs`; 0 is never. */
  setTimeout(timeoutMs: number, callback?: () => void): this {
    this.timeout = timeoutMs;
    if (callback !== undefined) {
      if (timeoutMs > 0) this.once('timeout', callback);
      else this.removeListener('timeout', callback);
    }
    if (!this.destroyed) this.#connection.setIdleTimeout(timeoutMs * US_PER_MS);
    return this;
  }

  /** False lets small writes wait for each other (Nagle's algorithm); true from the start, other than in `net`. */
  setNoDelay(noDelay = true): this {
    this.#connection.sender.nagle = !noDelay;
    return this;
  }

  setKeepAlive(enable = false, initialDelayMs = 0): this {
    const idleMs = initialDelayMs > 0 ? initialDelayMs : 7_200_000;
    if (!this.destroyed) this.#connection.setKeepAlive(enable ? idleMs * US_PER_MS : 0);
    return this;
  }

  /** A connection holds nothing that keeps the process alive; the link does. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  /** Ends the connection with a reset. */
  resetAndDestroy(): this {
    this.#connection.abort();
    this.destroy();
    return this;
  }

  // Duplex.

  override _read(): void {
    this.#wantsData = true;
    this.#connection.onWanted();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#queue(chunk);
    this.#await(done);
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: Done): void {
    for (const { chunk } of chunks) this.#queue(chunk);
    this.#await(done);
  }

  override _final(done: Done): void {
    this.#connection.shutdown();
    done();
  }

  /**
   * What the connection has accepted it delivers, as a kernel does after `close`; an incomplete write, or bytes
   * that nobody has read, make it a reset.
   */
  override _destroy(error: Error | null, done: Done): void {
    const written = this.#written;
    this.#written = undefined;
    this.#connection.release(written !== undefined || this.writableLength > 0 || this.readableLength > 0);
    written?.(error ?? writeCanceled());
    done(error);
  }

  // ConnectionUser.

  get wantsData(): boolean {
    return this.#wantsData;
  }

  get awaitsRoom(): boolean {
    return this.#written !== undefined;
  }

  onData(chunk: Buffer): void {
    this.bytesRead += chunk.length;
    // Before the push: it may ask for more from within.
    this.#wantsData = false;
    if (this.push(chunk)) this.#wantsData = true;
  }

  onEnd(): void {
    this.push(null);
    // A program that reads nothing would never see the end.
    this.read(0);
  }

  onRoom(): void {
    const done = this.#written;
    this.#written = undefined;
    this.#connection.ownBytes();
    done?.();
  }

  onIdle(): void {
    this.emit('timeout');
  }

  onError(error: Error): void {
    this.destroy(error);
  }

  #queue(chunk: Buffer): void {
    const span = spanOf(chunk);
    if (span !== undefined) this.#connection.writeSpan(span);
    else if (chunk.length > COPY_BYTES) this.#connection.writeSpan(new LocalSpan(chunk));
    else if (chunk.length > 0) this.#connection.writeCopy(chunk);
  }

  /**
   * A write is complete when the connection has room for another: when little enough of what was written is held
   * here or not yet granted to a board. So a delegated reply that is nearly all granted lets the next pipelined
   * one follow, and its board look the object up meanwhile, while a large one holds the next one back.
   */
  #await(done: Done): void {
    this.#written = done;
    if (this.#connection.hasRoom()) this.onRoom();
  }
}
