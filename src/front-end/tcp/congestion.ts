/** How much may be under way. One implementation now; others take its place behind the interface. */

export interface CongestionControl {
  /** The congestion window. */
  readonly cwndBytes: number;
  /** True below the slow-start threshold. */
  readonly inSlowStart: boolean;
  /** `bytes` were acknowledged outside fast recovery, while the window was what held the sender back. */
  onAcknowledged(bytes: number): void;
  /** A loss was inferred with `flightBytes` outstanding; recovery begins. */
  onLoss(flightBytes: number): void;
  /** Everything that was outstanding when recovery began is acknowledged. */
  onRecovered(flightBytes: number): void;
  /** The retransmission timer expired; `again` when nothing was acknowledged since it last did. */
  onTimeout(flightBytes: number, again: boolean): void;
  /** Nothing was sent for a retransmission timeout. */
  onIdle(): void;
}

/** RFC 5681 with the initial window of RFC 6928 and byte counting (RFC 3465). */
export class NewReno implements CongestionControl {
  private readonly smss: number;
  private readonly initialWindowBytes: number;
  private cwnd: number;
  private ssthresh = Infinity;
  private acknowledgedBytes = 0;

  /** `synLost`: the SYN-ACK had to be repeated, so the initial window is one segment (RFC 5681 3.1). */
  constructor(segmentBytes: number, synLost: boolean) {
    this.smss = segmentBytes;
    this.initialWindowBytes = synLost ? segmentBytes : initialWindow(segmentBytes);
    this.cwnd = this.initialWindowBytes;
  }

  get cwndBytes(): number {
    return this.cwnd;
  }

  get inSlowStart(): boolean {
    return this.cwnd < this.ssthresh;
  }

  onAcknowledged(bytes: number): void {
    let rest = bytes;
    if (this.inSlowStart) {
      // Without RFC 3465's limit of two segments an ACK: receive offload thins ACKs to one in 64 KB.
      const growth = Math.min(rest, this.ssthresh - this.cwnd);
      this.cwnd += growth;
      rest -= growth;
    }
    this.acknowledgedBytes += rest;
    if (this.acknowledgedBytes < this.cwnd) return;
    this.acknowledgedBytes -= this.cwnd;
    this.cwnd += this.smss;
  }

  onLoss(flightBytes: number): void {
    this.reduce(flightBytes);
    this.cwnd = this.ssthresh;
  }

  onRecovered(flightBytes: number): void {
    // RFC 6582 3.2, step 3, option 1: no burst when little is left under way.
    this.cwnd = Math.min(this.ssthresh, Math.max(flightBytes, this.smss) + this.smss);
  }

  onTimeout(flightBytes: number, again: boolean): void {
    if (!again) this.reduce(flightBytes);
    this.cwnd = this.smss;
  }

  onIdle(): void {
    this.cwnd = Math.min(this.cwnd, this.initialWindowBytes);
  }

  private reduce(flightBytes: number): void {
    this.ssthresh = Math.max(flightBytes / 2, 2 * this.smss);
    this.acknowledgedBytes = 0;
  }
}

/** RFC 6928 2. */
function initialWindow(segmentBytes: number): number {
  return Math.min(10 * segmentBytes, Math.max(2 * segmentBytes, 14_600));
}
