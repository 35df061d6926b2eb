import { setImmediate } from 'node:timers/promises';

const LONGEST_BLOCK_MS = 20;

/**
 * Lets signals and timers in while long work runs on synchronous calls (which are several times faster than
 * asynchronous ones for thousands of small files), and ends the work when it was aborted.
 */
export class Pause {
  private readonly signal: AbortSignal | undefined;
  private lastMs = performance.now();

  constructor(signal: AbortSignal | undefined) {
    this.signal = signal;
  }

  /** @throws the signal's reason when it is aborted */
  async breathe(): Promise<void> {
    if (performance.now() - this.lastMs < LONGEST_BLOCK_MS) return;
    await setImmediate();
    this.signal?.throwIfAborted();
    this.lastMs = performance.now();
  }
}
