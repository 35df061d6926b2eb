import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StreamReceiver } from '../../src/simulation/client/receiver.js';

const STREAM = Uint8Array.from({ length: 400 }, (_, i) => (i * 7) & 255);

describe('simulation: the client’s receiver', () => {
  it('makes the stream of pieces in any order, overlapping as they like', () => {
    const piece = fc.tuple(fc.nat(STREAM.length - 1), fc.integer({ min: 1, max: 120 }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const got: number[] = [];
        const receiver = new StreamReceiver(1_000, (bytes) => got.push(...bytes));
        const all = [...pieces, ...Array.from({ length: 10 }, (_, i) => [i * 40, 40] as const)];
        for (const [start, length] of all) {
          receiver.take(start, STREAM.subarray(start, start + length));
          for (const [from, to] of receiver.sackRanges(4)) assert.ok(from < to);
        }
        assert.deepEqual(got, [...STREAM]);
        assert.equal(receiver.hasEarly, false);
      }),
    );
  });

  it('drops what lies beyond the window that it has offered', () => {
    const got: number[] = [];
    const receiver = new StreamReceiver(100, (bytes) => got.push(...bytes));
    receiver.take(0, STREAM.subarray(0, 150));
    assert.equal(got.length, 100);
    assert.equal(receiver.windowBytes, 0);
    receiver.unread = 0;
    assert.equal(receiver.windowBytes, 100);
    receiver.take(100, STREAM.subarray(100, 150));
    assert.equal(got.length, 100, 'it has not been offered yet');
    receiver.offered(100);
    receiver.take(100, STREAM.subarray(100, 150));
    assert.equal(got.length, 150);
  });

  it('tells the latest early range first, and a duplicate once before all (RFC 2018, RFC 2883)', () => {
    const receiver = new StreamReceiver(1_000, () => {});
    receiver.take(0, STREAM.subarray(0, 10));
    receiver.take(50, STREAM.subarray(50, 60));
    receiver.take(100, STREAM.subarray(100, 110));
    receiver.take(20, STREAM.subarray(20, 30));
    receiver.take(5, STREAM.subarray(5, 10));
    assert.deepEqual(receiver.sackRanges(4), [
      [5, 10],
      [20, 30],
      [50, 60],
      [100, 110],
    ]);
    assert.equal(receiver.sackRanges(4).length, 3);
  });

  it('a FIN counts when everything before it is there', () => {
    const receiver = new StreamReceiver(1_000, () => {});
    receiver.finAt = 10;
    receiver.takeFin();
    assert.equal(receiver.finished, false);
    receiver.take(0, STREAM.subarray(0, 10));
    receiver.takeFin();
    assert.equal(receiver.finished, true);
  });
});
