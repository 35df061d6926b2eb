/** How the emulated W5500's memory is divided among its sockets. References as in w5500-model.ts. */
import { Sn_RXBUF_SIZE } from './w5500-socket-registers.js';

/** [DS] 3.3: 16 KB of either kind for all sockets together. */
export const MEMORY_BYTES = 16_384;
const SOCKETS = 8;

export class BufferSizes {
  /** Sn_RXBUF_SIZE and Sn_TXBUF_SIZE of each socket, in KB. */
  readonly rxKb = new Uint8Array(SOCKETS);
  readonly txKb = new Uint8Array(SOCKETS);

  /** [DS] 4.2. */
  reset(): void {
    this.rxKb.fill(2);
    this.txKb.fill(2);
  }

  /** Those that a register holds. */
  of(register: number): Uint8Array {
    return register === Sn_RXBUF_SIZE ? this.rxKb : this.txKb;
  }

  /** Whether there is memory for all of them. */
  get fit(): boolean {
    const limitKb = MEMORY_BYTES >> 10;
    return sum(this.rxKb) <= limitKb && sum(this.txKb) <= limitKb;
  }
}

function sum(sizesKb: Uint8Array): number {
  let total = 0;
  for (let n = 0; n < sizesKb.length; n++) total += sizesKb[n]!;
  return total;
}
