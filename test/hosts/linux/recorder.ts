import { setTimeout as sleep } from 'node:timers/promises';
import type { FrameSink, Pace } from '../../../src/front-end/link/frame-link.js';

const TIMEOUT_MS = 10_000;

/** A sink that keeps what it gets. */
export class Recorder implements FrameSink {
  readonly frames: Uint8Array[] = [];
  /** Frames of each batch. */
  readonly batches: number[] = [];
  lost: Error | undefined;
  pace: Pace | undefined;
  /** Which frames to keep; all when not set. */
  wants: ((b: Uint8Array, at: number) => boolean) | undefined;
  onBatch: (() => void) | undefined;

  onFrame(b: Uint8Array, at: number, length: number): void {
    if (this.wants?.(b, at) !== false) this.frames.push(b.slice(at, at + length));
  }

  onBatchEnd(frames: number): Pace | undefined {
    this.batches.push(frames);
    this.onBatch?.();
    return this.pace;
  }

  onLost(error: Error): void {
    this.lost = error;
  }

  /** Waits until `count` frames have come; throws when they don't. */
  async waitFor(count: number): Promise<void> {
    const deadline = performance.now() + TIMEOUT_MS;
    while (this.frames.length < count) {
      if (performance.now() > deadline) throw new Error(`${this.frames.length} of ${count} frames came`);
      await sleep(1);
    }
  }
}
