/**
 * The timer that asks a silent client whether it is there: window probes (RFC 9293 3.8.6.1) while its window is
 * what holds everything back, keep-alive (3.8.4) while nothing is under way. Both are an empty segment at
 * SND.UNA - 1, which the client must answer and which no board has to know of (decision 15).
 */
import type { TcpSettings } from './settings.js';

export class Probes {
  /** When the next probe is due; Infinity while none is. */
  atUs = Infinity;
  private readonly settings: TcpSettings;
  private unanswered = 0;
  private persisting = false;
  private intervalUs = 0;
  /** Idle time before the first keep-alive probe; 0 is off. */
  private keepAliveUs = 0;

  constructor(settings: TcpSettings) {
    this.settings = settings;
  }

  get holdsWindow(): boolean {
    return this.persisting;
  }

  get givenUp(): boolean {
    return this.unanswered > this.settings.maxProbes;
  }

  setKeepAlive(idleUs: number, nowUs: number): void {
    this.keepAliveUs = idleUs;
    if (!this.persisting) this.rest(nowUs);
  }

  /** The client was heard. */
  onHeard(nowUs: number): void {
    this.unanswered = 0;
    if (!this.persisting && this.keepAliveUs > 0) this.atUs = nowUs + this.keepAliveUs;
  }

  /** Something is outstanding: there is nothing to ask. */
  onUnderWay(nowUs: number): void {
    this.persisting = false;
    this.rest(nowUs);
  }

  /** `blocked`: the window holds everything back. */
  update(blocked: boolean, rtoUs: number, nowUs: number): void {
    if (blocked === this.persisting) return;
    this.persisting = blocked;
    if (blocked) {
      this.unanswered = 0;
      this.intervalUs = rtoUs;
      this.atUs = nowUs + rtoUs;
    } else {
      this.rest(nowUs);
    }
  }

  /** A probe leaves now; sets the time of the next one. */
  onProbe(nowUs: number): void {
    this.unanswered++;
    if (this.persisting) {
      this.intervalUs = Math.min(this.intervalUs * 2, this.settings.maxRtoUs);
      this.atUs = nowUs + this.intervalUs;
    } else {
      this.atUs = nowUs + this.settings.keepAliveIntervalUs;
    }
  }

  private rest(nowUs: number): void {
    this.unanswered = 0;
    this.atUs = this.keepAliveUs > 0 ? nowUs + this.keepAliveUs : Infinity;
  }
}
