import type { SpiPort } from '../../../src/back-end/ports.js';
import { crc16 } from '../../../src/wire/byte-loops.js';

const BLOCK_BYTES = 512;
const START_BLOCK = 0xfe;
const IDLE = 0xff;

/** An SPI port with `readBlocks`, over one without: what a place that has it in C does, byte by byte. */
export class BlockSpi implements SpiPort {
  readonly #spi: SpiPort;
  readonly #byte = new Uint8Array(1);

  constructor(spi: SpiPort) {
    this.#spi = spi;
  }

  select(): void {
    this.#spi.select();
  }

  deselect(): void {
    this.#spi.deselect();
  }

  setClock(hz: number): void {
    this.#spi.setClock(hz);
  }

  write(b: Uint8Array, at: number, length: number): void {
    this.#spi.write(b, at, length);
  }

  read(b: Uint8Array, at: number, length: number): void {
    this.#spi.read(b, at, length);
  }

  readBlocks(b: Uint8Array, at: number, count: number, pollBytes: number): number {
    let token = IDLE;
    for (let blocks = 0; blocks < count; blocks++) {
      token = IDLE;
      for (let left = pollBytes; token === IDLE && left > 0; left--) token = this.#next();
      if (token !== START_BLOCK) return blocks * 256 + token;
      const to = at + blocks * BLOCK_BYTES;
      this.#spi.read(b, to, BLOCK_BYTES);
      const crc = this.#next() * 256 + this.#next();
      if (crc !== crc16(b, to, BLOCK_BYTES, 0)) return blocks * 256 + token;
    }
    return count * 256 + token;
  }

  #next(): number {
    this.#spi.read(this.#byte, 0, 1);
    return this.#byte[0]!;
  }
}
