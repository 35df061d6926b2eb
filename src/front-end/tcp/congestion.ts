/** How much may be under way, and what changes it. Behind this interface stands CUBIC ({@link Cubic}). */

export interface CongestionControl {
  /** The congestion window. */
  readonly cwndBytes: number;
  readonly ssthreshBytes: number;
  /** True below the slow-start threshold. */
  readonly inSlowStart: boolean;
  /** `bytes` were acknowledged outside fast recovery, while the window was what held the sender back. */
  onAcknowledged(bytes: number, srttUs: number, nowUs: number): void;
  /** A round trip was measured; `sndUna` and `sndNxt` tell round trips from each other. */
  onRoundTrip(rttUs: number, sndUna: number, sndNxt: number): void;
  /** A loss was inferred with `flightBytes` outstanding; recovery begins. */
  onLoss(flightBytes: number): void;
  /** Everything that was outstanding when recovery began is acknowledged, and `pipeBytes` are under way. */
  onRecovered(pipeBytes: number): void;
  /** The retransmission timer expired; `again` when nothing was acknowledged since it last did. */
  onTimeout(flightBytes: number, again: boolean): void;
  /** The last {@link onLoss} or {@link onTimeout} was a mistake: back to where things were. */
  undo(): void;
  /** Segments have this size from now on; the window, in bytes, stays. */
  setSegmentBytes(segmentBytes: number): void;
  /** Nothing was sent for `idleUs`, more than a retransmission timeout. */
  onIdle(idleUs: number): void;
}

/** RFC 6928 2; one segment after a lost SYN-ACK (RFC 5681 3.1). */
export function initialWindow(segmentBytes: number, synAckRepeated: boolean): number {
  if (synAckRepeated) return segmentBytes;
  return Math.min(10 * segmentBytes, Math.max(2 * segmentBytes, 14_600));
}
