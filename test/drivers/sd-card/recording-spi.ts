import assert from 'node:assert/strict';
import type { SpiPort } from '../../../src/back-end/ports.js';

/**
 * An SPI port that plays one side of a transcript and checks the other. One line a call:
 *
 *   select | deselect | clock HZ | > BYTES sent | < BYTES given back
 *
 * Bytes are hexadecimal; `aa*512` stands for 512 bytes 0xAA.
 */
export class RecordingSpi implements SpiPort {
  readonly #lines: string[];
  #at = 0;

  constructor(transcript: string) {
    this.#lines = transcript
      .split('\n')
      .map((line) => line.replace(/#.*/, '').trim())
      .filter((line) => line !== '');
  }

  select(): void {
    this.#take('select');
  }

  deselect(): void {
    this.#take('deselect');
  }

  setClock(hz: number): void {
    this.#take(`clock ${hz}`);
  }

  write(b: Uint8Array, at: number, length: number): void {
    const line = this.#next();
    const sent = Buffer.from(b.subarray(at, at + length)).toString('hex');
    assert.equal(
      '> ' + sent,
      line.startsWith('> ') ? '> ' + bytes(line).toString('hex') : line,
      this.#where(),
    );
  }

  read(b: Uint8Array, at: number, length: number): void {
    const line = this.#next();
    assert.ok(
      line.startsWith('< '),
      `a read of ${length} bytes where "${line}" was expected ${this.#where()}`,
    );
    const given = bytes(line);
    assert.equal(length, given.length, this.#where());
    b.set(given, at);
  }

  /** The whole transcript was played. */
  assertDone(): void {
    assert.equal(this.#at, this.#lines.length, `not done: ${this.#lines[this.#at]}`);
  }

  #next(): string {
    const line = this.#lines[this.#at++];
    if (line === undefined) assert.fail('a call beyond the end of the transcript');
    return line;
  }

  #take(call: string): void {
    assert.equal(call, this.#next(), this.#where());
  }

  #where(): string {
    return `in line ${this.#at} of the transcript`;
  }
}

function bytes(line: string): Buffer {
  const parts = line.slice(2).trim().split(/\s+/);
  return Buffer.concat(
    parts.map((part) => {
      const [hex, times] = part.split('*');
      return Buffer.concat(new Array<Buffer>(Number(times ?? 1)).fill(Buffer.from(hex!, 'hex')));
    }),
  );
}
