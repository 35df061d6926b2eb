import assert from 'node:assert/strict';
import { MarkMemory, TimestampMarks } from '../../src/back-end/timestamp-marks.js';
import { ackDown } from './support/statements.js';

/** The second of three, so that a step beyond its entries would show. */
function newMarks(): TimestampMarks {
  const memory = new MarkMemory(3);
  memory.tsVals.fill(9);
  return new TimestampMarks(memory, 1);
}

describe('timestamp marks', () => {
  const marks = newMarks();
  marks.load(
    ackDown({
      acknowledged: 1000,
      granted: 9000,
      marks: [
        [1000, 50],
        [3000, 60],
        [5000, 60],
        [7000, 75],
      ],
    }),
    0,
  );

  it('give the value that holds at an offset', () => {
    const values = [1000, 2999, 3000, 4999, 6999, 7000, 100_000].map((offset) => marks.at(offset));
    assert.deepEqual(values, [50, 50, 60, 60, 60, 75, 75]);
  });

  it('never give a higher value to an earlier byte', () => {
    assert.equal(marks.at(0), 50);
    for (let offset = 0; offset < 9000; offset += 37) assert.ok(marks.at(offset) <= marks.at(offset + 37));
  });

  it('say how far a value holds', () => {
    assert.equal(marks.endOf(0), 3000);
    assert.equal(marks.endOf(2999), 3000);
    assert.equal(marks.endOf(3000), 5000);
    assert.equal(marks.endOf(7000), Infinity);
  });

  it('are replaced by those of the next statement', () => {
    const others = newMarks();
    others.load(
      ackDown({
        marks: [
          [0, 1],
          [5, 2],
        ],
      }),
      0,
    );
    others.load(ackDown({ marks: [[0, 3]] }), 0);
    assert.equal(others.at(100), 3);
    others.clear();
    assert.equal(others.count, 0);
  });
});
