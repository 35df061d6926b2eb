import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SifiveSpi, type SifiveSpiPort } from '../../../drivers/sifive-spi/sifive-spi.js';

const INPUT_HZ = 500_000_000;

/** The controller's registers, by their offsets in [FU540], chapter "Serial Peripheral Interface (SPI)". */
class Registers implements SifiveSpiPort {
  /** Every write, in order: [offset, value]. */
  readonly writes: [number, number][] = [];
  readonly moved: string[] = [];

  read(register: number): number {
    return this.writes.findLast(([offset]) => offset === register)?.[1] ?? 0;
  }

  write(register: number, value: number): void {
    this.writes.push([register, value]);
  }

  // As host functions are: without a `this`.
  readonly clockOut = (_b: Uint8Array, at: number, length: number): void => {
    this.moved.push(`out ${at} ${length}`);
  };

  readonly clockIn = (b: Uint8Array, at: number, length: number): void => {
    b.fill(0x5a, at, at + length);
  };

  readonly readBlocks = (b: Uint8Array, at: number, count: number, pollBytes: number): number =>
    b.length * 1000 + at * 100 + count * 10 + pollBytes;
}

const CSMODE = 0x18;
const SCKDIV = 0x00;

describe('SifiveSpi', () => {
  it('programs the controller: no flash mode, no interrupts, chip deselected, mode 0, bytes, slowest clock', () => {
    const port = new Registers();
    new SifiveSpi({ port, inputHz: INPUT_HZ });
    assert.deepEqual(port.writes, [
      [0x60, 0], // fctrl: en 0
      [0x70, 0], // ie
      [0x18, 3], // csmode OFF, before anything moves the chip select
      [0x10, 0], // csid
      [0x04, 0], // sckmode: pha 0, pol 0
      [0x40, 0x0008_0000], // fmt: len 8, single, MSB first, dir Rx
      [0x00, 0xfff], // sckdiv
    ]);
  });

  it('selects the chip that it was told, and holds it until it is deselected', () => {
    const port = new Registers();
    const spi = new SifiveSpi({ port, inputHz: INPUT_HZ, chip: 2 });
    assert.equal(port.read(0x10), 2);
    port.writes.length = 0;
    spi.select();
    spi.deselect();
    assert.deepEqual(port.writes, [
      [CSMODE, 2], // HOLD
      [CSMODE, 3], // OFF
    ]);
  });

  it('takes the nearest clock that is not above the wanted one: f_in / 2(div + 1)', () => {
    const port = new Registers();
    const spi = new SifiveSpi({ port, inputHz: INPUT_HZ });
    const divisor = (hz: number): number => {
      spi.setClock(hz);
      return port.read(SCKDIV);
    };
    assert.equal(divisor(25_000_000), 9);
    assert.equal(divisor(24_999_999), 10);
    assert.equal(divisor(400_000), 624);
    assert.equal(divisor(250_000_000), 0);
    assert.equal(divisor(1_000_000_000), 0, 'the fastest there is');
    assert.equal(divisor(1), 0xfff, 'the slowest there is');
  });

  it('never exceeds the wanted clock within its range, and is the fastest such', () => {
    fc.assert(
      fc.property(fc.integer({ min: 61_036, max: 250_000_000 }), (hz) => {
        const port = new Registers();
        new SifiveSpi({ port, inputHz: INPUT_HZ }).setClock(hz);
        const divisor = port.read(SCKDIV);
        assert.ok(INPUT_HZ / (2 * (divisor + 1)) <= hz);
        assert.ok(divisor === 0 || INPUT_HZ / (2 * divisor) > hz);
      }),
    );
  });

  it('hands the moving of bytes to the port', () => {
    const port = new Registers();
    const spi = new SifiveSpi({ port, inputHz: INPUT_HZ });
    const { read, write, readBlocks } = spi;
    write(new Uint8Array(8), 3, 5);
    assert.deepEqual(port.moved, ['out 3 5']);
    const b = new Uint8Array(4).fill(0xa5);
    read(b, 1, 2);
    assert.deepEqual([...b], [0xa5, 0x5a, 0x5a, 0xa5]);
    assert.equal(readBlocks(b, 1, 2, 3), 4123);
  });
});
