/**
 * One SPI controller with several chips, over `embedded:io` alone: it works on any pins of any board. The SDK has one
 * controller object for a set of pins and cannot share it, so each chip's select is a digital output.
 *
 * `embedded:io` takes whole buffers, and a view of a part is an object. So there is one buffer for everything that
 * passes, with views of its beginnings that are made once.
 */
import Digital from 'embedded:io/digital';
import SPI from 'embedded:io/spi';
import type { SpiPort } from '../../src/back-end/ports.js';
import { copy, fill } from '../../src/wire/byte-loops.js';

export interface SpiPins {
  readonly clock: number;
  readonly in: number;
  readonly out: number;
  /** 1 is SPI2, 2 is SPI3. */
  readonly port: number;
}

/** A full-size frame with its SPI header; `transactionsize` in manifest.json is as large. */
export const TRANSFER_MAX_BYTES = 1536;
/** There is a view of each length below this and of each multiple: two transfers make any length. */
const BLOCK_BYTES = 32;

/** What every chip bears, until its driver says what it wants. */
const FIRST_CLOCK_HZ = 400_000;
const MODE_0 = 0;
const RELEASED = 1;
const ASSERTED = 0;

export class SpiBus {
  private readonly pins: SpiPins;
  private readonly chips: SpiChip[] = [];
  private readonly bytes = new Uint8Array(TRANSFER_MAX_BYTES);
  /** By length. */
  private readonly rests: Uint8Array[] = [];
  /** By length in blocks. */
  private readonly blocks: Uint8Array[] = [];
  private controller: SPI;
  private clockHz = FIRST_CLOCK_HZ;
  private selected = false;

  constructor(pins: SpiPins) {
    this.pins = pins;
    const buffer = this.bytes.buffer;
    for (let n = 0; n < BLOCK_BYTES; n++) this.rests.push(new Uint8Array(buffer, 0, n));
    for (let n = 0; n <= TRANSFER_MAX_BYTES; n += BLOCK_BYTES) this.blocks.push(new Uint8Array(buffer, 0, n));
    this.controller = this.open();
  }

  /** A chip of this bus; its select is released. Make all of them before the first transfer. */
  chip(selectPin: number): SpiPort {
    const chip = new SpiChip(this, selectPin);
    this.chips.push(chip);
    return chip;
  }

  write(b: Uint8Array, at: number, length: number): void {
    let from = at;
    let left = length;
    while (left > 0) {
      const part = this.part(left);
      const n = part.length;
      copy(b, from, this.bytes, 0, n);
      this.controller.write(part);
      from += n;
      left -= n;
    }
  }

  read(b: Uint8Array, at: number, length: number): void {
    let to = at;
    let left = length;
    while (left > 0) {
      const part = this.part(left);
      const n = part.length;
      // A read of `embedded:io` would send what is in the buffer; chips want MOSI high.
      fill(this.bytes, 0, n, 0xff);
      this.controller.transfer(part);
      copy(this.bytes, 0, b, to, n);
      to += n;
      left -= n;
    }
  }

  select(): void {
    this.selected = true;
  }

  deselect(): void {
    this.selected = false;
    this.tune();
  }

  /**
   * Gives the bus the clock that its slowest chip wants. The controller is opened anew for that, which moves the
   * clock line: only while no chip listens. It allocates, and happens only while a chip is brought up.
   */
  tune(): void {
    let hz = Infinity;
    for (let i = 0; i < this.chips.length; i++) {
      const chipHz = this.chips[i]!.clockHz;
      if (chipHz < hz) hz = chipHz;
    }
    if (hz === this.clockHz || this.selected) return;
    this.clockHz = hz;
    // The SDK's declaration lacks what every IO class has (ECMA-419 9.2).
    (this.controller as unknown as { close(): void }).close();
    this.controller = this.open();
  }

  private open(): SPI {
    const { clock, in: input, out, port } = this.pins;
    return new SPI({ clock, in: input, out, port, hz: this.clockHz, mode: MODE_0 });
  }

  /** The longest view that is not longer than `length`. */
  private part(length: number): Uint8Array {
    if (length < BLOCK_BYTES) return this.rests[length]!;
    if (length >= TRANSFER_MAX_BYTES) return this.blocks[TRANSFER_MAX_BYTES / BLOCK_BYTES]!;
    return this.blocks[(length / BLOCK_BYTES) | 0]!;
  }
}

class SpiChip implements SpiPort {
  clockHz = FIRST_CLOCK_HZ;
  private readonly bus: SpiBus;
  private readonly output: Digital;

  constructor(bus: SpiBus, selectPin: number) {
    this.bus = bus;
    this.output = new Digital({ pin: selectPin, mode: Digital.Output, initialValue: RELEASED });
  }

  select(): void {
    this.bus.select();
    this.output.write(ASSERTED);
  }

  deselect(): void {
    this.output.write(RELEASED);
    this.bus.deselect();
  }

  write(b: Uint8Array, at: number, length: number): void {
    this.bus.write(b, at, length);
  }

  read(b: Uint8Array, at: number, length: number): void {
    this.bus.read(b, at, length);
  }

  setClock(hz: number): void {
    this.clockHz = hz;
    this.bus.tune();
  }
}
