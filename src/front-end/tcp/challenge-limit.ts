/**
 * Bounds the ACKs that somebody else could provoke (RFC 5961 7): one in so many microseconds. Each connection has
 * its own limit, lest the limit of all tells of one (CVE-2016-5696).
 */
import type { FrontEndCounters } from '../counters.js';

export class ChallengeLimit {
  private readonly pauseUs: number;
  private readonly counters: FrontEndCounters;
  private nextUs = -Infinity;

  constructor(pauseUs: number, counters: FrontEndCounters) {
    this.pauseUs = pauseUs;
    this.counters = counters;
  }

  /** True when an ACK may be sent now; it is counted as sent then. */
  allow(nowUs: number): boolean {
    if (nowUs < this.nextUs) {
      this.counters.challengeAcksSuppressed++;
      return false;
    }
    this.nextUs = nowUs + this.pauseUs;
    this.counters.challengeAcksSent++;
    return true;
  }
}
