import { PortStatus } from '../../src/back-end/ports.js';

/**
 * One wait that stretches over several calls. The time is known only at the start of a call, and a call may
 * have moved much data before it has to wait, so the limit counts from the second call that finds the wait
 * unfinished: never shorter than asked for, longer by at most the time between two calls.
 */
export class Deadline {
  private calls = 0;
  private atUs = 0;

  /** The awaited thing came, or nobody waits for it any more. */
  clear(): void {
    this.calls = 0;
  }

  /** Once a call, when it hasn't come: `pending`, or `timeout` when `limitUs` went by. */
  check(nowUs: number, limitUs: number): PortStatus {
    this.calls++;
    if (this.calls === 1) return PortStatus.pending;
    if (this.calls === 2) this.atUs = nowUs + limitUs;
    if (nowUs < this.atUs) return PortStatus.pending;
    this.calls = 0;
    return PortStatus.timeout;
  }
}
