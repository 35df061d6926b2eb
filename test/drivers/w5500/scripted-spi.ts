import assert from 'node:assert/strict';
import type { SpiPort } from '../../../src/back-end/ports.js';

/** One SPI transaction: what the driver must clock out, and what the chip answers. Bytes in hexadecimal. */
export type Transaction = readonly [mosi: string, miso?: string];

/** An SPI bus that accepts exactly the given transactions in the given order. */
export class ScriptedSpi implements SpiPort {
  clockHz = 0;
  #script: Transaction[] = [];
  #done = 0;
  #selected = false;
  #mosi = '';
  #miso: Buffer = Buffer.alloc(0);

  expect(...transactions: Transaction[]): void {
    this.#script.push(...transactions);
  }

  /** Every expected transaction took place. */
  assertDone(): void {
    assert.equal(this.#selected, false, 'chip still selected');
    assert.deepEqual(this.#script.slice(this.#done), [], 'transactions that did not take place');
  }

  setClock(hz: number): void {
    this.clockHz = hz;
  }

  select(): void {
    assert.equal(this.#selected, false, 'selected twice');
    this.#selected = true;
    this.#mosi = '';
    this.#miso = bytes(this.#script[this.#done]?.[1] ?? '');
  }

  deselect(): void {
    assert.equal(this.#selected, true, 'deselected without being selected');
    this.#selected = false;
    const expected = this.#script[this.#done];
    assert.ok(expected, `unexpected transaction ${this.#mosi}`);
    assert.equal(this.#mosi, bytes(expected[0]).toString('hex'), `transaction ${this.#done}`);
    assert.equal(this.#miso.length, 0, `transaction ${this.#done} reads too little`);
    this.#done++;
  }

  write(b: Uint8Array, at: number, length: number): void {
    assert.ok(this.#selected, 'write without chip select');
    this.#mosi += Buffer.from(b.subarray(at, at + length)).toString('hex');
  }

  read(b: Uint8Array, at: number, length: number): void {
    assert.ok(this.#selected, 'read without chip select');
    assert.ok(
      this.#miso.length >= length,
      `transaction ${this.#done} (${this.#mosi}) reads ${length} bytes, ${this.#miso.length} scripted`,
    );
    b.set(this.#miso.subarray(0, length), at);
    this.#miso = this.#miso.subarray(length);
  }
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}
