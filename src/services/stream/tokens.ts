/**
 * Proof that a client is at its address: it got what was sent there. Without it, one datagram with a false address
 * would have a whole film sent to somebody else. Nothing is kept for a token.
 */
import { createHmac, randomBytes } from 'node:crypto';

const PERIOD_MS = 60_000;
const TOKEN_DIGITS = 16;

export class Tokens {
  readonly #secret = randomBytes(32);

  /** `client`: address and port. */
  issue(client: string, nowMs: number): string {
    return this.#make(client, Math.floor(nowMs / PERIOD_MS));
  }

  /** Issued for this client within the last one or two minutes. */
  accepts(token: string, client: string, nowMs: number): boolean {
    const period = Math.floor(nowMs / PERIOD_MS);
    return token === this.#make(client, period) || token === this.#make(client, period - 1);
  }

  #make(client: string, period: number): string {
    return createHmac('sha256', this.#secret)
      .update(`${client} ${period}`)
      .digest('hex')
      .slice(0, TOKEN_DIGITS);
  }
}
