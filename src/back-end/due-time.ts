import { NEVER_US } from './limits.js';

/** The earliest of several times, for one comparison a step instead of many. */
export class DueTime {
  us: number = NEVER_US;

  by(us: number): void {
    if (us < this.us) this.us = us;
  }
}
