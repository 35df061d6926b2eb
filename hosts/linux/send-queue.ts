/** Frames that wait to be sent, and sendmmsg, which sends up to 64 of them a call. */
import { performance } from 'node:perf_hooks';
import { Errno, libc, MSG_DONTWAIT } from './libc.js';
import { MessageVector, SOCKADDR_IN_BYTES } from './message-vector.js';

/** A longer batch gains nothing measurable; the kernel's own limit is 1,024. */
const BATCH_FRAMES = 64;

export interface SendQueueOptions {
  /** How many frames may wait. */
  readonly frames: number;
  /** The longest of them. */
  readonly frameBytes: number;
  /** Most frames that are sent within a millisecond; no limit when absent. */
  readonly burstFrames?: number | undefined;
  /** A struct sockaddr_in, for sockets that are not bound to where they send. */
  readonly destination?: Uint8Array;
}

export class SendQueue {
  sentFrames = 0;
  /** Frames that the kernel refused for good. */
  dropped = 0;

  readonly #fd: number;
  readonly #vector: MessageVector;
  readonly #burstFrames: number;
  #head = 0;
  #queued = 0;
  #burstLeft = 0;
  #burstStartMs = -Infinity;

  constructor(fd: number, options: SendQueueOptions) {
    const { frames, frameBytes, burstFrames, destination } = options;
    this.#fd = fd;
    this.#burstFrames = burstFrames ?? Infinity;
    this.#vector = new MessageVector(frames, frameBytes, destination !== undefined);
    if (destination === undefined) return;
    const names = new Uint8Array(this.#vector.names.buffer);
    for (let i = 0; i < frames; i++) names.set(destination, i * SOCKADDR_IN_BYTES);
  }

  /** Copies a frame; false when the queue is full even after a flush. */
  push(b: Uint8Array, at: number, length: number): boolean {
    const vector = this.#vector;
    if (length > vector.slotBytes) {
      throw new RangeError(
        `A frame of ${length} bytes does not fit the send queue's ${vector.slotBytes}; respect the link's MTU.`,
      );
    }
    if (this.#queued === vector.count) this.flush();
    if (this.#queued === vector.count) return false;
    const slot = (this.#head + this.#queued) % vector.count;
    // A subarray and set() is 20 times as fast as a loop for a full-size frame.
    vector.frames.set(b.subarray(at, at + length), slot * vector.slotBytes);
    vector.setLength(slot, length);
    this.#queued++;
    return true;
  }

  /** Sends what the kernel and the burst have room for; false when frames are left for a later flush. */
  flush(): boolean {
    if (this.#queued === 0) return true;
    if (this.#burstFrames !== Infinity) this.#renewBurst();
    else this.#burstLeft = this.#queued;
    const vector = this.#vector;
    while (this.#queued > 0 && this.#burstLeft > 0) {
      const count = Math.min(this.#queued, BATCH_FRAMES, vector.count - this.#head, this.#burstLeft);
      const sent = libc().sendmmsg(this.#fd, vector.addressOf(this.#head), count, MSG_DONTWAIT);
      if (sent > 0) {
        this.#advance(sent);
        this.sentFrames += sent;
        continue;
      }
      const errno = libc().errno();
      if (errno === Errno.EINTR) continue;
      // No room in the socket's buffer or in the interface's queue.
      if (errno === Errno.EAGAIN || errno === Errno.ENOBUFS) break;
      this.#advance(1);
      this.dropped++;
    }
    return this.#queued === 0;
  }

  #renewBurst(): void {
    const nowMs = performance.now();
    if (nowMs - this.#burstStartMs < 1) return;
    this.#burstStartMs = nowMs;
    this.#burstLeft = this.#burstFrames;
  }

  #advance(frames: number): void {
    this.#head = (this.#head + frames) % this.#vector.count;
    this.#queued -= frames;
    this.#burstLeft -= frames;
  }
}
