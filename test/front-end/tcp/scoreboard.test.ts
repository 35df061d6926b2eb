import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Scoreboard } from '../../../src/front-end/tcp/scoreboard.js';

describe('Scoreboard', () => {
  it('agrees with a set of bytes', () => {
    const range = fc.record({
      start: fc.nat(60),
      length: fc.integer({ min: 1, max: 12 }),
      advance: fc.nat(12),
    });
    fc.assert(
      fc.property(fc.array(range, { maxLength: 40 }), (ranges) => {
        const board = new Scoreboard();
        const held = new Set<number>();
        let una = 0;
        for (const { start, length, advance } of ranges) {
          const from = Math.max(start, una);
          const to = start + length;
          if (from < to) {
            let news = false;
            for (let byte = from; byte < to; byte++) {
              if (!held.has(byte)) news = true;
              held.add(byte);
            }
            assert.equal(board.add(from, to), news);
          }
          if (advance === 0) {
            una += 5;
            board.advance(una);
            for (const byte of held) if (byte < una) held.delete(byte);
          }
          assert.equal(board.bytes, held.size);
          for (let byte = una; byte < 80; byte++) {
            assert.equal(board.holds(byte), held.has(byte));
            let missing = byte;
            while (held.has(missing)) missing++;
            assert.equal(board.firstMissing(byte), missing);
            assert.equal(
              board.bytesWithin(byte, 50),
              [...held].filter((each) => each >= byte && each < 50).length,
            );
          }
        }
      }),
    );
  });

  it('infers loss from three ranges, or from more than two segments’ worth of bytes (RFC 6675 4)', () => {
    const board = new Scoreboard();
    assert.equal(board.lostEdge(100), -Infinity);
    board.add(1000, 1200);
    assert.equal(board.lostEdge(100), -Infinity, 'exactly two segments are not more than two');
    board.add(1200, 1201);
    assert.equal(board.lostEdge(100), 1000);
    board.clear();
    board.add(1000, 1001);
    board.add(1010, 1011);
    assert.equal(board.lostEdge(100), -Infinity);
    board.add(1020, 1021);
    assert.equal(board.lostEdge(100), 1000);
    board.add(1030, 1031);
    assert.equal(board.lostEdge(100), 1010);
  });

  it('finds where the next held range begins', () => {
    const board = new Scoreboard();
    board.add(10, 20);
    board.add(30, 40);
    assert.deepEqual(
      [0, 10, 11, 30, 31].map((from) => board.nextHeld(from)),
      [10, 10, 30, 30, Infinity],
    );
  });

  it('holds a bounded number of ranges', () => {
    const board = new Scoreboard();
    for (let i = 0; i < 1000; i++) board.add(2 * i, 2 * i + 1);
    assert.equal(board.bytes, 256);
    assert.equal(board.add(1, 2), true, 'filling a gap needs no room');
  });
});
