import assert from 'node:assert/strict';
import type { SpiPort } from '../../../src/back-end/ports.js';
import { loadProgram, type Program } from './program.js';

const PINS = { clock: 12, in: 13, out: 11, port: 1 };
const SELECT = 10;
const MARGIN = 5;

/** Counts what it is read, so that every byte is another, and remembers what it was written. */
class CountingChip implements SpiPort {
  readonly written: number[] = [];
  next = 0;
  hz = 0;

  select(): void {}
  deselect(): void {}

  write(b: Uint8Array, at: number, length: number): void {
    this.written.push(...b.subarray(at, at + length));
  }

  read(b: Uint8Array, at: number, length: number): void {
    for (let i = 0; i < length; i++) b[at + i] = this.next++;
  }

  setClock(hz: number): void {
    this.hz = hz;
  }
}

const LENGTHS = [0, 1, 2, 7, 31, 32, 33, 63, 64, 512, 516, 1514, 1517, 1535, 1536, 1537, 3072, 3103, 4096];

describe('the SPI bus of the ESP32', () => {
  let program: Program;
  let chip: CountingChip;
  let port: SpiPort;

  before(async () => {
    program = await loadProgram();
  });

  beforeEach(() => {
    program.soc.reset();
    chip = new CountingChip();
    program.soc.connect(SELECT, chip);
    const bus = new program.SpiBus(PINS);
    port = bus.chip(SELECT);
    port.select();
  });

  for (const length of LENGTHS) {
    it(`reads ${length} bytes to their place and nowhere else`, () => {
      const b = new Uint8Array(MARGIN + length + MARGIN).fill(0xa5);
      port.read(b, MARGIN, length);
      const expected = new Uint8Array(b.length).fill(0xa5);
      for (let i = 0; i < length; i++) expected[MARGIN + i] = i;
      assert.deepEqual(b, expected);
    });

    it(`writes ${length} bytes from their place`, () => {
      const b = Uint8Array.from({ length: MARGIN + length + MARGIN }, (_, i) => i * 7);
      port.write(b, MARGIN, length);
      assert.deepEqual(chip.written, [...b.subarray(MARGIN, MARGIN + length)]);
    });
  }

  it('needs at most two transfers for a full-size frame and its header', () => {
    for (let length = 1; length <= program.TRANSFER_MAX_BYTES; length++) {
      program.soc.transfers.length = 0;
      port.write(new Uint8Array(length), 0, length);
      assert.ok(program.soc.transfers.length <= 2, `${length} bytes: ${program.soc.transfers.length}`);
    }
  });

  it('takes another clock only once no chip is selected', () => {
    port.setClock(10_000_000);
    assert.equal(chip.hz, 400_000);
    port.deselect();
    assert.equal(chip.hz, 10_000_000);
  });
});

describe('the clock of the SPI bus of the ESP32', () => {
  it('is what the slowest chip wants', async () => {
    const program = await loadProgram();
    program.soc.reset();
    const bus = new program.SpiBus(PINS);
    const [a, b] = [bus.chip(9), bus.chip(10)];
    a.setClock(25_000_000);
    assert.deepEqual(program.soc.clocks, [400_000]);
    b.setClock(33_000_000);
    assert.deepEqual(program.soc.clocks, [400_000, 25_000_000]);
    a.setClock(300_000);
    assert.deepEqual(program.soc.clocks, [400_000, 25_000_000, 300_000]);
  });
});
