/**
 * How long nothing has got through. Progress only notes the time; the deadline that was set before comes early
 * then, and is moved when it does.
 */
export class IdleWatch {
  /** When {@link expire} is to be asked; Infinity while nothing is watched. */
  atUs = Infinity;
  private limitUs = 0;
  private activeUs = 0;

  /** Watches from now on; 0 is never. */
  set(limitUs: number, nowUs: number): void {
    this.limitUs = limitUs;
    this.activeUs = nowUs;
    this.atUs = limitUs > 0 ? nowUs + limitUs : Infinity;
  }

  onProgress(nowUs: number): void {
    this.activeUs = nowUs;
    if (this.limitUs > 0 && this.atUs === Infinity) this.atUs = nowUs + this.limitUs;
  }

  /** True when the limit has passed; it is watched again from the next progress on. */
  expire(nowUs: number): boolean {
    if (nowUs < this.atUs) return false;
    const atUs = this.activeUs + this.limitUs;
    this.atUs = nowUs < atUs ? atUs : Infinity;
    return this.atUs === Infinity;
  }
}
