/**
 * SPI frames of the W5500 in variable length data mode: offset address, control phase, data, the chip select
 * marking both ends, [DS] 2.2 and 2.3. The address counts up by itself and wraps inside a buffer block.
 */
import type { SpiPort } from '../../src/back-end/ports.js';
import { put32 } from '../../src/wire/bytes.js';

const POLL_BITS = 32;

export class W5500Bus {
  readonly spi: SpiPort;
  private readonly clockHz: number;
  /** The three bytes of address and control phase, and up to two of data; on XS the first four are one call. */
  private readonly frame = new Uint8Array(5);

  constructor(spi: SpiPort, clockHz: number) {
    this.spi = spi;
    this.clockHz = clockHz;
  }

  applyClock(): void {
    this.spi.setClock(this.clockHz);
  }

  /** So many polls take at least `us` microseconds, since none clocks less than a header and one byte. */
  pollsWithin(us: number): number {
    return Math.ceil((us * this.clockHz) / 1e6 / POLL_BITS);
  }

  /** Begins a transaction; the caller moves the data with `spi` and deselects. */
  select(address: number, control: number): void {
    put32(this.frame, 0, (address << 16) | (control << 8));
    this.spi.select();
    this.spi.write(this.frame, 0, 3);
  }

  read(address: number, control: number, b: Uint8Array, at: number, length: number): void {
    this.select(address, control);
    this.spi.read(b, at, length);
    this.spi.deselect();
  }

  write(address: number, control: number, b: Uint8Array, at: number, length: number): void {
    this.select(address, control);
    this.spi.write(b, at, length);
    this.spi.deselect();
  }

  /** Header and data leave in one transfer, since starting a transfer costs more than a few bytes. */
  write8(address: number, control: number, value: number): void {
    put32(this.frame, 0, (address << 16) | (control << 8) | value);
    this.writeFrame(4);
  }

  write16(address: number, control: number, value: number): void {
    put32(this.frame, 0, (address << 16) | (control << 8) | (value >> 8));
    this.frame[4] = value;
    this.writeFrame(5);
  }

  private writeFrame(length: number): void {
    this.spi.select();
    this.spi.write(this.frame, 0, length);
    this.spi.deselect();
  }
}
