/** Sizes and times of the front-end's TCP. All may be overridden; {@link checkSettings} compares them. */
export interface TcpSettings {
  /** Largest IP packet on the client's side. */
  readonly mtuBytes: number;
  /** Received bytes that a connection holds for a program that does not read. */
  readonly receiveBufferBytes: number;
  /** A write is complete while at most this much of a connection's output waits (held here, or not yet granted). */
  readonly sendBufferBytes: number;
  /** … and at most this many spans wait. */
  readonly sendBufferSpans: number;
  /** RFC 6298 2.1. */
  readonly initialRtoUs: number;
  /** RFC 6298 2.4 says 1 s; 200 ms, as every common sender uses, is above any client's delayed ACK. */
  readonly minRtoUs: number;
  readonly maxRtoUs: number;
  /** Timeouts in a row, without progress, after which the client is gone (R2 of RFC 9293 3.8.3: ≥ 100 s). */
  readonly maxRetransmissions: number;
  readonly maxSynAckRetransmissions: number;
  /** Unanswered window or keep-alive probes after which the client is gone. */
  readonly maxProbes: number;
  readonly keepAliveIntervalUs: number;
  /** RFC 9293 3.8.6.3: below 0.5 s. */
  readonly delayedAckUs: number;
  /** 2 MSL (RFC 9293 3.10.8); the MSL is 30 s here. */
  readonly timeWaitUs: number;
  /** How long a connection that its program has closed is kept while nothing moves on it (FIN-WAIT-2, mostly). */
  readonly orphanUs: number;
  /** How long a 4-tuple rests after a board may still hold a grant for it: a lease and its grace (decision 2). */
  readonly quarantineUs: number;
  /** Shortest pause between two ACKs that answer unacceptable segments of one connection (RFC 5961 7). */
  readonly challengeAckUs: number;
  readonly maxConnections: number;
  /** Selective acknowledgment (RFC 2018), when the client offers it. */
  readonly sack: boolean;
  /** Timestamps and PAWS (RFC 7323), when the client offers them; see docs/architecture.md for why they are off. */
  readonly timestamps: boolean;
  /** Answer SYNs beyond a port's backlog without keeping anything of them (RFC 4987 3.6), instead of not at all. */
  readonly synCookies: boolean;
}

export const DEFAULT_TCP_SETTINGS: TcpSettings = Object.freeze({
  mtuBytes: 1500,
  receiveBufferBytes: 0x4_0000,
  sendBufferBytes: 0x4_0000,
  sendBufferSpans: 32,
  initialRtoUs: 1_000_000,
  minRtoUs: 200_000,
  maxRtoUs: 60_000_000,
  maxRetransmissions: 10,
  maxSynAckRetransmissions: 5,
  maxProbes: 8,
  keepAliveIntervalUs: 75_000_000,
  delayedAckUs: 40_000,
  timeWaitUs: 60_000_000,
  orphanUs: 60_000_000,
  quarantineUs: 2_500_000,
  challengeAckUs: 500_000,
  maxConnections: 0x2_0000,
  sack: true,
  timestamps: false,
  synCookies: true,
});

/** Throws a RangeError that names the value and its bounds. */
export function checkSettings(settings: TcpSettings): void {
  const within = (name: keyof TcpSettings, low: number, high: number): void => {
    const value = settings[name] as number;
    if (value >= low && value <= high) return;
    throw new RangeError(`${name} is ${value}; it must be from ${low} to ${high}`);
  };
  within('mtuBytes', 576, 9216);
  // Above 2^30 a window does not fit its field at the largest scale (RFC 7323 2.3).
  within('receiveBufferBytes', 2 * settings.mtuBytes, 2 ** 30);
  within('sendBufferBytes', settings.mtuBytes, 2 ** 30);
  within('sendBufferSpans', 1, 0xffff);
  within('minRtoUs', 1_000, settings.maxRtoUs);
  within('initialRtoUs', settings.minRtoUs, settings.maxRtoUs);
  within('delayedAckUs', 0, 500_000);
  within('maxRetransmissions', 1, 30);
  within('maxSynAckRetransmissions', 0, 10);
  within('maxProbes', 1, 100);
}
