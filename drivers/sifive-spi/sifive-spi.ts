/**
 * The SPI controller of SiFive's FU540-C000 as a bus with one chip. The loops that move bytes through the FIFOs are
 * the port's: they are what a place writes in C.
 */
import type { SpiPort } from '../../src/back-end/ports.js';
import {
  csid,
  csmode,
  csmode_HOLD,
  csmode_OFF,
  fctrl,
  fctrl_programmed,
  fmt,
  fmt_len_8,
  ie,
  sckdiv,
  sckdiv_max,
  sckmode,
} from './registers.js';

export interface SifiveSpiPort {
  /** A register, by its offset in bytes; a signed 32-bit integer. */
  read(register: number): number;
  write(register: number, value: number): void;
  /** Sends `length` bytes through txdata and drops what comes back; returns when the last has left. */
  clockOut(b: Uint8Array, at: number, length: number): void;
  /** Sends 0xFF `length` times and stores what comes back through rxdata. */
  clockIn(b: Uint8Array, at: number, length: number): void;
  /** See {@link SpiPort.readBlocks}. */
  readBlocks(b: Uint8Array, at: number, count: number, pollBytes: number): number;
}

export class SifiveSpi implements SpiPort {
  /** The port's own: no JavaScript lies between a driver and the FIFOs. */
  readonly write: (b: Uint8Array, at: number, length: number) => void;
  readonly read: (b: Uint8Array, at: number, length: number) => void;
  readonly readBlocks: (b: Uint8Array, at: number, count: number, pollBytes: number) => number;
  private readonly port: SifiveSpiPort;
  private readonly inputHz: number;

  /** @param inputHz the controller's input clock, tlclk */
  constructor(options: { port: SifiveSpiPort; inputHz: number; chip?: number }) {
    const port = options.port;
    this.port = port;
    this.inputHz = options.inputHz;
    this.write = port.clockOut;
    this.read = port.clockIn;
    this.readBlocks = port.readBlocks;
    port.write(fctrl, fctrl_programmed);
    port.write(ie, 0);
    port.write(csmode, csmode_OFF);
    port.write(csid, options.chip ?? 0);
    port.write(sckmode, 0);
    port.write(fmt, fmt_len_8);
    port.write(sckdiv, sckdiv_max);
  }

  select(): void {
    this.port.write(csmode, csmode_HOLD);
  }

  deselect(): void {
    this.port.write(csmode, csmode_OFF);
  }

  setClock(hz: number): void {
    const divisor = Math.ceil(this.inputHz / (2 * hz)) - 1;
    this.port.write(sckdiv, Math.max(0, Math.min(divisor, sckdiv_max)));
  }
}
