/**
 * Finds out that a recovery was needless, by the duplicates that the client reports (DSACK, RFC 2883, used as in
 * RFC 3708 2): when every byte that was sent again turns out to have arrived twice, nothing had been lost. A
 * duplicate that the network made is none of ours: what was sent again is remembered, up to a bound.
 */
const MAX_REMEMBERED = 64;

export class SpuriousRecovery {
  // A ring of ranges that were sent again and not reported as duplicates since.
  private readonly from = new Float64Array(MAX_REMEMBERED);
  private readonly to = new Float64Array(MAX_REMEMBERED);
  private next = 0;
  /** Bytes sent again in this episode that may have been needed; -1 outside episodes. */
  private unprovenBytes = -1;

  /** An episode begins: what is sent again from now on is counted. */
  begin(): void {
    this.unprovenBytes = 0;
    this.from.fill(0);
    this.to.fill(0);
  }

  /** It is settled, one way or the other. */
  end(): void {
    this.unprovenBytes = -1;
  }

  onResent(from: number, to: number): void {
    this.from[this.next] = from;
    this.to[this.next] = to;
    this.next = (this.next + 1) % MAX_REMEMBERED;
    if (this.unprovenBytes >= 0) this.unprovenBytes += to - from;
  }

  /** The client got [start, end) twice; returns how much of it was sent again here. */
  onDuplicate(start: number, end: number): number {
    let bytes = 0;
    for (let i = 0; i < MAX_REMEMBERED; i++) {
      const from = Math.max(start, this.from[i]!);
      const to = Math.min(end, this.to[i]!);
      if (from >= to) continue;
      bytes += to - from;
      // Duplicates of one range are reported from its start on, or they leave a piece that stays unproven.
      if (from === this.from[i]) this.from[i] = to;
      else this.to[i] = from;
    }
    if (this.unprovenBytes >= 0) this.unprovenBytes -= bytes;
    return bytes;
  }

  /** Everything that was sent again had arrived before. */
  get isProven(): boolean {
    return this.unprovenBytes === 0;
  }
}
