/**
 * HyStart++ (RFC 9406): leaves the first slow start when round trips grow longer, before the bottleneck's queue
 * overflows. A rise may be noise, so growth is only slowed down first (conservative slow start), and resumed when
 * the round trip falls again.
 */
const MIN_RTT_THRESH_US = 4_000;
const MAX_RTT_THRESH_US = 16_000;
const MIN_RTT_DIVISOR = 8;
const N_RTT_SAMPLE = 8;
const CSS_GROWTH_DIVISOR = 4;
const CSS_ROUNDS = 5;

export class HyStart {
  private windowEnd = -Infinity;
  private lastRoundMinUs = Infinity;
  private currentRoundMinUs = Infinity;
  private samples = 0;
  /** Infinity outside conservative slow start. */
  private cssBaselineUs = Infinity;
  private cssRounds = 0;

  get conservative(): boolean {
    return this.cssBaselineUs !== Infinity;
  }

  /** Slow start is over: the round trip stayed long for five rounds. */
  get finished(): boolean {
    return this.cssRounds >= CSS_ROUNDS;
  }

  /** How much the window grows for `bytes` acknowledged. The sender does not pace; GRO thins ACKs: no limit (4.2, L). */
  growth(bytes: number): number {
    return this.conservative ? bytes / CSS_GROWTH_DIVISOR : bytes;
  }

  onRoundTrip(rttUs: number, sndUna: number, sndNxt: number): void {
    if (sndUna >= this.windowEnd) this.beginRound(sndNxt);
    this.currentRoundMinUs = Math.min(this.currentRoundMinUs, rttUs);
    this.samples++;
    if (this.samples < N_RTT_SAMPLE) return;
    if (this.conservative) {
      if (this.currentRoundMinUs < this.cssBaselineUs) this.resume();
    } else if (this.lastRoundMinUs !== Infinity) {
      const threshUs = Math.max(
        MIN_RTT_THRESH_US,
        Math.min(this.lastRoundMinUs / MIN_RTT_DIVISOR, MAX_RTT_THRESH_US),
      );
      if (this.currentRoundMinUs >= this.lastRoundMinUs + threshUs)
        this.cssBaselineUs = this.currentRoundMinUs;
    }
  }

  private beginRound(sndNxt: number): void {
    this.windowEnd = sndNxt;
    this.lastRoundMinUs = this.currentRoundMinUs;
    this.currentRoundMinUs = Infinity;
    this.samples = 0;
    if (this.conservative) this.cssRounds++;
  }

  private resume(): void {
    this.cssBaselineUs = Infinity;
    this.cssRounds = 0;
  }
}
