/**
 * A buffer block of the emulated W5500. Offsets have 16 bits whatever the buffer's size; the chip takes them modulo
 * the size, [DS] 4.2 Sn_TXBUF_SIZE.
 */
import { copy } from '../../../src/wire/byte-loops.js';

export class Ring {
  readonly memory: Uint8Array;
  /** 0 or a power of two up to the memory's length. */
  size = 0;

  constructor(memoryBytes: number) {
    this.memory = new Uint8Array(memoryBytes);
  }

  index(offset: number): number {
    return offset & (this.size - 1);
  }

  write(offset: number, b: Uint8Array, at: number, length: number): void {
    const index = this.index(offset);
    const first = Math.min(length, this.size - index);
    copy(b, at, this.memory, index, first);
    if (first < length) copy(b, at + first, this.memory, 0, length - first);
  }

  read(offset: number, b: Uint8Array, at: number, length: number): void {
    const index = this.index(offset);
    const first = Math.min(length, this.size - index);
    copy(this.memory, index, b, at, first);
    if (first < length) copy(this.memory, 0, b, at + first, length - first);
  }
}
