/** So many a second, counted anew each second. */
const SECOND_US = 1_000_000;

export class RateLimit {
  private readonly perSecond: number;
  private sinceUs = -Infinity;
  private count = 0;

  constructor(perSecond: number) {
    this.perSecond = perSecond;
  }

  allow(nowUs: number): boolean {
    if (nowUs - this.sinceUs >= SECOND_US) {
      this.sinceUs = nowUs;
      this.count = 0;
    }
    return this.count++ < this.perSecond;
  }
}
