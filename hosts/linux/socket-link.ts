/** A {@link FrameLink} over a non-blocking socket that receives and sends whole frames. */
import { performance } from 'node:perf_hooks';
import type { FrameLink, FrameLinkCounters, FrameSink, Pace } from '../../src/front-end/link/frame-link.js';
import { DrainLoop } from './drain-loop.js';
import { PaceMeter } from './pace-meter.js';
import type { SendQueue } from './send-queue.js';

/** Bounds one drain, so that timers and other sockets get their turn; about 1 ms of work. */
const MAX_DRAIN_FRAMES = 1024;

/** Nothing here waits: who has its own loop, a board for one, polls it without a link. */
export interface FrameSocket {
  readonly fd: number;
  readonly macAddress: Uint8Array;
  readonly mtu: number;
  readonly sendQueue: SendQueue;
  /** The memory that frames arrive in. */
  readonly bytes: Uint8Array;
  /** Where the current frame starts in {@link bytes}. */
  readonly frameAt: number;
  readonly frameBytes: number;
  /** Moves to the next received frame, which stays until the next call; false when there is none now. */
  next(): boolean;
  counters(): FrameLinkCounters;
  /** Reads and clears what is wrong with the socket. The answer says why it is of no more use, if so. */
  takeError(): Error | undefined;
  close(): void;
}

export class SocketLink<Socket extends FrameSocket> implements FrameLink {
  readonly macAddress: Uint8Array;
  readonly mtu: number;

  protected readonly socket: Socket;
  readonly #meter = new PaceMeter();
  #loop: DrainLoop | undefined;
  #closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    this.macAddress = socket.macAddress;
    this.mtu = socket.mtu;
  }

  start(sink: FrameSink): void {
    if (this.#loop !== undefined) throw new Error('The link was started before; open another one.');
    this.#loop = new DrainLoop(this.socket.fd, {
      drain: () => this.#drain(sink),
      recover: () => this.#recover(sink),
    });
  }

  send(b: Uint8Array, at: number, length: number): boolean {
    return !this.#closed && this.socket.sendQueue.push(b, at, length);
  }

  flush(): void {
    if (!this.#closed && !this.socket.sendQueue.flush()) this.#loop?.rest();
  }

  counters(): FrameLinkCounters {
    return this.socket.counters();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#loop?.close();
    this.socket.close();
  }

  #drain(sink: FrameSink): Pace | 'again' {
    const socket = this.socket;
    let frames = 0;
    // The sink may close the link.
    while (frames < MAX_DRAIN_FRAMES && !this.#closed && socket.next()) {
      frames++;
      sink.onFrame(socket.bytes, socket.frameAt, socket.frameBytes);
    }
    const wanted = sink.onBatchEnd(frames);
    const flushed = this.#closed || socket.sendQueue.flush();
    if (frames === MAX_DRAIN_FRAMES) return 'again';
    if (!flushed) return 'rest';
    return wanted ?? this.#meter.next(frames, performance.now());
  }

  #recover(sink: FrameSink): boolean {
    const error = this.socket.takeError();
    if (error === undefined) return true;
    this.close();
    sink.onLost(error);
    return false;
  }
}
