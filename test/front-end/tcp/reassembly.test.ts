import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Reassembly } from '../../../src/front-end/tcp/reassembly.js';

describe('Reassembly', () => {
  it('gives every byte back once and in order, whatever pieces came, keeping what came first', () => {
    const piece = fc.record({
      start: fc.nat(60),
      length: fc.nat(12),
      mark: fc.integer({ min: 1, max: 255 }),
    });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const reassembly = new Reassembly();
        const model = new Map<number, number>();
        for (const { start, length, mark } of pieces) {
          const frame = new Uint8Array(length + 7).fill(0xa5);
          frame.fill(mark, 3, 3 + length);
          assert.equal(reassembly.insert(start, frame, 3, length), true);
          // The frame's memory is used again.
          frame.fill(0x5a);
          for (let i = start; i < start + length; i++) if (!model.has(i)) model.set(i, mark);
          assert.equal(reassembly.bytes, model.size);
        }
        assert.equal(reassembly.empty, model.size === 0);
        let position = 0;
        for (; position < 80; position++) {
          const bytes = reassembly.take(position);
          if (bytes === undefined) {
            assert.ok(!model.has(position));
            continue;
          }
          for (const byte of bytes) assert.equal(byte, model.get(position++));
          position--;
        }
        assert.equal(reassembly.bytes, 0);
      }),
    );
  });

  it('drops what has been overtaken', () => {
    const reassembly = new Reassembly();
    reassembly.insert(10, Uint8Array.of(1, 2, 3), 0, 3);
    reassembly.insert(20, Uint8Array.of(4, 5, 6, 7), 0, 4);
    assert.deepEqual([...reassembly.take(22)!], [6, 7]);
    assert.equal(reassembly.empty, true);
    assert.equal(reassembly.bytes, 0);
  });
});
