/**
 * Proportional rate reduction (RFC 6937): during a fast recovery as much is sent as arrives, in the proportion in
 * which the window shrinks, so that sending neither stops nor bursts. With slow-start reduction bound.
 */
export class ProportionalRateReduction {
  private readonly flight: { readonly segmentBytes: number };
  private ssthresh = 0;
  /** RecoverFS, prr_delivered, prr_out. */
  private recoverFlightBytes = 1;
  private deliveredBytes = 0;
  private outBytes = 0;
  private allowedBytes = 0;

  constructor(flight: { readonly segmentBytes: number }) {
    this.flight = flight;
  }

  /** What may be sent now. */
  get roomBytes(): number {
    return this.allowedBytes;
  }

  begin(flightBytes: number, ssthreshBytes: number): void {
    this.ssthresh = ssthreshBytes;
    this.recoverFlightBytes = Math.max(flightBytes, 1);
    this.deliveredBytes = 0;
    this.outBytes = 0;
    this.allowedBytes = 0;
  }

  /** `deliveredBytes` arrived; `pipeBytes` are still under way. */
  onDelivered(deliveredBytes: number, pipeBytes: number): void {
    this.deliveredBytes += deliveredBytes;
    let room: number;
    if (pipeBytes > this.ssthresh) {
      room = Math.ceil((this.deliveredBytes * this.ssthresh) / this.recoverFlightBytes) - this.outBytes;
    } else {
      const limit = Math.max(this.deliveredBytes - this.outBytes, deliveredBytes) + this.flight.segmentBytes;
      room = Math.min(this.ssthresh - pipeBytes, limit);
    }
    // The first retransmission goes out at once, however full the pipe is.
    this.allowedBytes = Math.max(room, this.outBytes === 0 ? this.flight.segmentBytes : 0);
  }

  onSent(bytes: number): void {
    this.outBytes += bytes;
    this.allowedBytes -= bytes;
  }
}
