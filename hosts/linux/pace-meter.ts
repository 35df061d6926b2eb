/**
 * Chooses between waking for the next frame and resting until the next tick of a timer, by how dense the traffic
 * was. Like the interrupt moderation of a NIC: sparse traffic gets the latency, dense traffic the throughput.
 */
import type { Pace } from '../../src/front-end/link/frame-link.js';

/** From here on, a wake for each frame would cost more than the frames themselves. */
const DENSE_FRAMES_PER_MS = 16;

export class PaceMeter {
  #windowFrames = 0;
  #windowStartMs = 0;

  /** The pace after a batch of `frames` that ended at `nowMs`. */
  next(frames: number, nowMs: number): Pace {
    const elapsedMs = nowMs - this.#windowStartMs;
    // A window that began longer ago than its frames can tell anything about now starts again.
    if (elapsedMs >= 1) {
      const dense = this.#windowFrames + frames >= DENSE_FRAMES_PER_MS * elapsedMs;
      this.#windowStartMs = nowMs;
      this.#windowFrames = 0;
      return dense ? 'rest' : 'wake';
    }
    this.#windowFrames += frames;
    return this.#windowFrames >= DENSE_FRAMES_PER_MS ? 'rest' : 'wake';
  }
}
