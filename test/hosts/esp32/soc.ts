/**
 * An ESP32 as far as hosts/esp32 sees it: `embedded:io`, timers, the functions of C. Chips hang on its pins. Used
 * against the rules of the SDK, it throws what the SDK throws.
 */
import type { SpiPort } from '../../../src/back-end/ports.js';

/** The clock that the SDK accepts. */
const HZ_MAX = 40_000_000;
/** `defines.spi.esp32.transactionsize`, see hosts/esp32/manifest.json. */
const TRANSACTION_BYTES = 1536;

interface SpiOptions {
  readonly clock: number;
  readonly in: number;
  readonly out: number;
  readonly port: number;
  readonly hz: number;
  readonly mode: number;
}

export interface Transfer {
  readonly hz: number;
  readonly bytes: number;
  /** The pin that was low, if one was. */
  readonly selected: number | undefined;
}

class Soc {
  nowUs = 0;
  readonly lines: string[] = [];
  readonly transfers: Transfer[] = [];
  /** Clocks that the controller was opened with. */
  readonly clocks: number[] = [];
  readonly usedPins = new Set<number>();
  card: SpiPort | undefined;
  readonly #chips = new Map<number, SpiPort>();
  #selected: number | undefined;
  #timer: (() => void) | undefined;
  #intervalUs = 0;

  /** Power-on: nothing is connected. */
  reset(): void {
    this.nowUs = 0;
    this.lines.length = this.transfers.length = this.clocks.length = 0;
    this.usedPins.clear();
    this.#chips.clear();
    this.#selected = this.#timer = this.card = undefined;
  }

  connect(selectPin: number, chip: SpiPort): void {
    this.#chips.set(selectPin, chip);
  }

  /** A card counts the clocks that it sees without chip select (power-up). */
  connectCard(selectPin: number, card: SpiPort): void {
    this.connect(selectPin, card);
    this.card = card;
  }

  get chips(): Iterable<SpiPort> {
    return this.#chips.values();
  }

  get selectedChip(): SpiPort | undefined {
    return this.#selected === undefined ? undefined : this.#chips.get(this.#selected);
  }

  setPin(pin: number, value: 0 | 1): void {
    if (value === 0) {
      if (this.#selected !== undefined) throw new Error(`pins ${this.#selected} and ${pin} select at once`);
      this.#selected = pin;
      this.#chips.get(pin)?.select();
    } else if (this.#selected === pin) {
      this.#selected = undefined;
      this.#chips.get(pin)?.deselect();
    }
  }

  clock(hz: number, bytes: number): void {
    if (bytes > TRANSACTION_BYTES) throw new Error(`${bytes} bytes at once would fail silently`);
    this.transfers.push({ hz, bytes, selected: this.#selected });
    this.nowUs += Math.ceil((bytes * 8e6) / hz);
  }

  startTimer(callback: () => void, intervalMs: number): void {
    this.#timer = callback;
    this.#intervalUs = intervalMs * 1000;
  }

  /** The SDK's event loop. */
  run(untilUs: number): void {
    while (this.nowUs < untilUs) {
      const startUs = this.nowUs;
      this.#timer?.();
      this.nowUs = Math.max(this.nowUs, startUs + this.#intervalUs);
    }
  }
}

export const soc = new Soc();

function occupy(pins: readonly number[]): void {
  for (const pin of pins) {
    if (soc.usedPins.has(pin)) throw new Error('in use');
    soc.usedPins.add(pin);
  }
}

/** `embedded:io/spi` */
export class SPI {
  readonly #hz: number;
  readonly #pins: readonly number[];
  #open = true;

  constructor(options: SpiOptions) {
    if (!(options.hz >= 1 && options.hz <= HZ_MAX)) throw new RangeError('invalid hz');
    if (options.port !== 1 && options.port !== 2) throw new RangeError('invalid port');
    if (soc.selectedChip) throw new Error('the clock line moves while a chip listens');
    this.#pins = [options.clock, options.in, options.out];
    occupy(this.#pins);
    this.#hz = options.hz;
    soc.clocks.push(options.hz);
    for (const chip of soc.chips) chip.setClock(options.hz);
  }

  close(): void {
    this.#open = false;
    for (const pin of this.#pins) soc.usedPins.delete(pin);
  }

  write(buffer: Uint8Array): void {
    this.#clock(buffer);
    soc.selectedChip?.write(buffer, 0, buffer.length);
  }

  transfer(buffer: Uint8Array): void {
    this.#clock(buffer);
    if (!buffer.every((byte) => byte === 0xff)) throw new Error('MOSI is not high during a read');
    if (soc.selectedChip) soc.selectedChip.read(buffer, 0, buffer.length);
    else soc.card?.read(buffer, 0, buffer.length);
  }

  #clock(buffer: Uint8Array): void {
    if (!this.#open) throw new Error('closed');
    if (buffer.byteOffset !== 0) throw new Error('DMA needs an aligned buffer');
    soc.clock(this.#hz, buffer.length);
  }
}

/** `embedded:io/digital` */
export class Digital {
  static readonly Output = 8;
  readonly #pin: number;

  constructor(options: { readonly pin: number; readonly mode: number; readonly initialValue: 0 | 1 }) {
    if (options.mode !== Digital.Output) throw new RangeError('invalid mode');
    occupy([options.pin]);
    this.#pin = options.pin;
    soc.setPin(options.pin, options.initialValue);
  }

  write(value: 0 | 1): void {
    soc.setPin(this.#pin, value);
  }
}

/** `timer` */
export const Timer = {
  repeat: (callback: () => void, intervalMs: number) => soc.startTimer(callback, intervalMs),
};

// hosts/esp32/native.ts

export function nowUs(): number {
  return soc.nowUs++;
}

export function fillEntropy(b: Uint8Array, at: number, length: number): void {
  b.fill(0x5a, at, at + length);
}

export function macAddress(b: Uint8Array, at: number): void {
  b.set([0x34, 0x85, 0x18, 0, 0, 1], at);
}

export function print(line: string): void {
  soc.lines.push(line);
}
