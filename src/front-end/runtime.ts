/**
 * Binds the pure engine to a link, Node's clock and Node's timers: the only file of the front-end that waits. Under
 * load the link drains every millisecond and the timers run with its batches; while nothing comes, one timer
 * sleeps until the next deadline.
 */
import { randomFillSync } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { FrontEndCounters } from './counters.js';
import type { FrameLink, FrameSink, Pace } from './link/frame-link.js';
import { FrontEndHost, type HostPart } from './link/host.js';
import { createServer, type AtcpServer, type AtcpServerOptions } from './server.js';
import type { Entropy } from './tcp/isn.js';
import type { TcpSettings } from './tcp/settings.js';
import type { AtcpSocket } from './tcp/socket.js';
import type { UdpStack } from './udp/stack.js';

export interface FrontEndOptions {
  /** Not started yet. */
  readonly link: FrameLink;
  /** "192.0.2.1": the address that clients see; no kernel may have it. */
  readonly address: string;
  /** "fd77::10": the same over IPv6; without it, IPv6 is not spoken. */
  readonly address6?: string | undefined;
  /** Six bytes; the link's own when left out. */
  readonly macAddress?: Uint8Array;
  readonly settings?: Partial<TcpSettings>;
  /** The link is gone for good. Without it, that is thrown. */
  readonly onLost?: (error: Error) => void;
}

/** Unpredictable bytes from Node. */
export const nodeEntropy: Entropy = Object.freeze({
  fill(b: Uint8Array, at: number, length: number): void {
    randomFillSync(b, at, length);
  },
});

const US_PER_MS = 1000;
/** The longest that setTimeout can wait. */
const MAX_SLEEP_MS = 0x7fff_ffff;

/** Microseconds since the process began, never backwards. */
export function monotonicUs(): number {
  return Math.floor(performance.now() * US_PER_MS);
}

export class FrontEnd implements FrameSink {
  readonly host: FrontEndHost;
  readonly #link: FrameLink;
  readonly #onLost: ((error: Error) => void) | undefined;
  /** The time of the batch under way; 0 between batches. */
  #batchUs = 0;
  /** Bytes, SYNs and datagrams that had come by the end of the last batch. */
  #asked = 0;
  #deadlineUs = Infinity;
  #timer: NodeJS.Timeout | undefined = undefined;
  #timerUs = Infinity;
  #immediate: NodeJS.Immediate | undefined = undefined;
  #closed = false;

  /** Throws a RangeError for an address or a setting that can't be. */
  constructor(options: FrontEndOptions) {
    const { link, settings } = options;
    this.#link = link;
    this.#onLost = options.onLost;
    this.host = new FrontEndHost({
      macAddress: options.macAddress ?? link.macAddress,
      address: options.address,
      address6: options.address6,
      transmit: (b, at, length) => link.send(b, at, length),
      entropy: nodeEntropy,
      clock: monotonicUs,
      settings: { mtuBytes: Math.min(link.mtu, 1500), ...settings },
    });
    this.host.tcp.onWork = () => this.requestBatch();
    this.host.udp.onWork = () => this.requestBatch();
  }

  get counters(): FrontEndCounters {
    return this.host.counters;
  }

  /** UDP ports of this front-end. */
  get udp(): UdpStack {
    return this.host.udp;
  }

  /** Adds what shares the link: the delegation layer. */
  addPart(part: HostPart): void {
    this.host.addPart(part);
  }

  /** Starts the link and announces the address. */
  start(): void {
    this.#link.start(this);
    const nowUs = monotonicUs();
    this.host.start(nowUs);
    this.requestBatch();
  }

  /** A server on this front-end; as `net.createServer`. */
  createServer(
    options: Omit<AtcpServerOptions, 'host'> = {},
    onConnection?: (socket: AtcpSocket) => void,
  ): AtcpServer {
    return createServer({ ...options, host: this.host }, onConnection);
  }

  /** Stops at once: no timer fires and no frame is taken any more. Close servers and sockets before. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#link.close();
  }

  /** Something was left to do outside a batch: it is done in this turn of the event loop, all at once. */
  requestBatch(): void {
    // Within the link's batch its end is near enough.
    if (this.#closed || this.#batchUs !== 0 || this.#immediate !== undefined) return;
    this.#immediate = setImmediate(() => {
      this.#immediate = undefined;
      this.#runAndFlush();
    });
  }

  // FrameSink.

  onFrame(b: Uint8Array, at: number, length: number): void {
    if (this.#batchUs === 0) this.#batchUs = monotonicUs();
    this.host.onFrame(b, at, length, this.#batchUs);
  }

  onBatchEnd(frames: number): Pace | undefined {
    this.#batchUs = 0;
    // Most ticks of a resting link find nothing to do.
    if (frames > 0 || monotonicUs() >= this.#deadlineUs) this.#run();
    // ACKs of a bulk reply may wait for each other, and the link knows how dense they are. Somebody who asks for
    // something is answered at once: a client that waits for its answer sends nothing else.
    const { bytesReceived, synReceived21, datagramsReceived } = this.host.counters;
    const asked = bytesReceived + synReceived21 + datagramsReceived;
    const news = asked !== this.#asked;
    this.#asked = asked;
    return news ? 'wake' : undefined;
  }

  onLost(error: Error): void {
    this.close();
    if (this.#onLost === undefined) throw error;
    this.#onLost(error);
  }

  #run(): void {
    try {
      this.#deadlineUs = this.host.endOfBatch(monotonicUs());
    } catch (error) {
      // A program's own listener has thrown: the rest is done in the next turn, if the process goes on.
      this.#deadlineUs = 0;
      throw error;
    } finally {
      this.#sleep();
    }
  }

  #runAndFlush(): void {
    if (this.#closed) return;
    try {
      this.#run();
    } finally {
      this.#link.flush();
    }
  }

  /** One timer; when the deadline moves away it fires early, and is set again. */
  #sleep(): void {
    if (this.#closed || this.#deadlineUs === Infinity) return;
    if (this.#timer !== undefined) {
      if (this.#timerUs <= this.#deadlineUs) return;
      clearTimeout(this.#timer);
    }
    this.#timerUs = this.#deadlineUs;
    const sleepMs = Math.ceil((this.#deadlineUs - monotonicUs()) / US_PER_MS);
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#runAndFlush();
      },
      Math.min(MAX_SLEEP_MS, Math.max(0, sleepMs)),
    );
  }
}
