/** How long to wait for an acknowledgment: by how long the client took before (the estimator of RFC 6298 2). */
export class AckTimeout {
  #smoothedMs = 0;
  #deviationMs = 0;
  #backOff = 1;
  readonly #fixedMs: number | undefined;
  readonly #minMs: number;
  readonly #maxMs: number;

  /** `fixedMs`: the client has named it (RFC 2349). */
  constructor(fixedMs: number | undefined, minMs: number, maxMs: number) {
    this.#fixedMs = fixedMs;
    this.#minMs = minMs;
    this.#maxMs = maxMs;
  }

  get ms(): number {
    if (this.#fixedMs !== undefined) return this.#fixedMs;
    if (this.#smoothedMs === 0) return this.#maxMs;
    const usualMs = this.#smoothedMs + 4 * this.#deviationMs;
    return Math.min(this.#maxMs, Math.max(this.#minMs, usualMs) * this.#backOff);
  }

  /** An acknowledgment of what was sent once only came after `ms`. */
  measured(ms: number): void {
    this.#backOff = 1;
    if (this.#smoothedMs === 0) {
      this.#smoothedMs = Math.max(ms, 1);
      this.#deviationMs = ms / 2;
      return;
    }
    this.#deviationMs += (Math.abs(ms - this.#smoothedMs) - this.#deviationMs) / 4;
    this.#smoothedMs += (ms - this.#smoothedMs) / 8;
  }

  expired(): void {
    this.#backOff *= 2;
  }
}
