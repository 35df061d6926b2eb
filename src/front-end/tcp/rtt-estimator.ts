/** Round-trip time and retransmission timeout (RFC 6298). */
import type { TcpSettings } from './settings.js';

/** Clock granularity G: the link is drained every millisecond under load. */
const GRANULARITY_US = 1_000;
/** The shortest round trip is that of the current window and the one before: paths change. */
const MIN_WINDOW_US = 60_000_000;
/** RFC 6298 5.7. */
const REPEATED_SYN_RTO_US = 3_000_000;

export class RttEstimator {
  private readonly settings: TcpSettings;
  private srtt = 0;
  private rttVar = 0;
  private measured = false;
  private baseRtoUs: number;
  private backOffs = 0;
  private currentMinUs = Infinity;
  private previousMinUs = Infinity;
  private minSinceUs = -Infinity;

  constructor(settings: TcpSettings) {
    this.settings = settings;
    this.baseRtoUs = settings.initialRtoUs;
  }

  /** 0 before the first measurement. */
  get srttUs(): number {
    return this.srtt;
  }

  /** The shortest round trip of the last minutes (RACK.min_RTT of RFC 8985); 0 before the first measurement. */
  get minRttUs(): number {
    const minUs = Math.min(this.currentMinUs, this.previousMinUs);
    return minUs === Infinity ? this.srtt : minUs;
  }

  /** The round trip took `rttUs` at most: from a byte's grant, which may precede its sending, to its ACK. */
  bound(rttUs: number, nowUs: number): void {
    if (nowUs - this.minSinceUs > MIN_WINDOW_US) {
      this.previousMinUs = this.currentMinUs;
      this.currentMinUs = rttUs;
      this.minSinceUs = nowUs;
    } else if (rttUs < this.currentMinUs) this.currentMinUs = rttUs;
  }

  /** Doubled by each {@link backOff} (5.5). */
  get rtoUs(): number {
    return Math.min(this.settings.maxRtoUs, this.baseRtoUs * 2 ** this.backOffs);
  }

  /** The SYN-ACK was repeated: nothing is known, but that the path may be slow or bad (5.7). */
  doubt(): void {
    this.baseRtoUs = Math.min(this.settings.maxRtoUs, Math.max(this.baseRtoUs, REPEATED_SYN_RTO_US));
  }

  /** A measurement of bytes that were sent once (Karn's algorithm, 3). */
  sample(rttUs: number): void {
    if (this.measured) {
      this.rttVar = 0.75 * this.rttVar + 0.25 * Math.abs(this.srtt - rttUs);
      this.srtt = 0.875 * this.srtt + 0.125 * rttUs;
    } else {
      this.measured = true;
      this.srtt = rttUs;
      this.rttVar = rttUs / 2;
    }
    const rto = this.srtt + Math.max(GRANULARITY_US, 4 * this.rttVar);
    this.baseRtoUs = Math.max(this.settings.minRtoUs, Math.min(this.settings.maxRtoUs, rto));
  }

  backOff(): void {
    this.backOffs++;
  }

  /** New bytes were acknowledged: the client is there. */
  progress(): void {
    this.backOffs = 0;
  }
}
