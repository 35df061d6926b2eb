import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  MAX_RECORDS,
  Mark,
  Scoreboard,
  type DeliveryListener,
} from '../../../src/front-end/tcp/scoreboard.js';

interface Delivered {
  start: number;
  end: number;
  statedUs: number;
  leftUs: number;
  whole: boolean;
  resent: boolean;
}

class Listener implements DeliveryListener {
  readonly delivered: Delivered[] = [];

  onDelivered(
    start: number,
    end: number,
    statedUs: number,
    leftUs: number,
    whole: boolean,
    resent: boolean,
  ): void {
    this.delivered.push({ start, end, statedUs, leftUs, whole, resent });
  }
}

/** The same, byte by byte. */
class Model {
  una = 0;
  readonly bytes: { left: boolean; marks: number }[] = [];

  count(mark: number): number {
    return this.bytes.slice(this.una).filter(({ marks }) => (marks & mark) !== 0).length;
  }
}

describe('Scoreboard', () => {
  it('agrees with a list of bytes, whatever happens to them', () => {
    const step = fc.record({
      kind: fc.constantFrom('grant', 'left', 'again', 'sack', 'ack', 'lose', 'resend'),
      at: fc.nat(100),
      length: fc.integer({ min: 1, max: 15 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const board = new Scoreboard(0);
        const model = new Model();
        const listener = new Listener();
        let nowUs = 0;
        for (const { kind, at, length } of steps) {
          nowUs += 10;
          const from = Math.min(model.una + at, board.edge);
          const to = Math.min(from + length, board.edge);
          const range = model.bytes.slice(from, to);
          let fresh = 0;
          if (kind === 'grant') {
            for (let i = 0; i < length; i++) model.bytes.push({ left: false, marks: Mark.none });
            board.grant(board.edge + length, nowUs);
          } else if (kind === 'left' || kind === 'again') {
            const wanted = kind === 'again' ? Mark.resent : Mark.none;
            for (const byte of range) if (byte.marks === wanted) byte.left = true;
            board.markLeft(from, to, nowUs, kind === 'again');
          } else if (from >= to) {
            continue;
          } else if (kind === 'sack') {
            for (const byte of range) {
              if ((byte.marks & Mark.sacked) === 0) fresh++;
              byte.marks = Mark.sacked;
              byte.left = true;
            }
            listener.delivered.length = 0;
            assert.equal(board.sack(from, to, listener), fresh);
          } else if (kind === 'ack') {
            fresh = model.bytes
              .slice(model.una, to)
              .filter(({ marks }) => (marks & Mark.sacked) === 0).length;
            listener.delivered.length = 0;
            model.una = to;
            board.acknowledge(to, listener);
          } else if (kind === 'lose') {
            for (const byte of model.bytes.slice(model.una, to)) {
              if ((byte.marks & Mark.sacked) === 0) byte.marks |= Mark.lost;
            }
            board.loseHead(to);
          } else {
            for (const byte of range) {
              if ((byte.marks & Mark.sacked) !== 0) continue;
              byte.marks = Mark.resent;
              byte.left = false;
            }
            board.resend(from, to, nowUs);
          }
          const reported = listener.delivered.reduce((sum, { start, end }) => sum + end - start, 0);
          if (kind === 'sack' || kind === 'ack') assert.equal(reported, fresh);
          assert.equal(board.sackedBytes, model.count(Mark.sacked));
          assert.equal(board.lostBytes, model.count(Mark.lost));
          assert.equal(board.pipeBytes, board.edge - model.una - board.sackedBytes - board.lostBytes);
          assert.equal(
            board.allLeft,
            board.edge > model.una && model.bytes.slice(model.una).every(({ left }) => left),
          );
          const lost = model.bytes.findIndex(({ marks }, i) => i >= model.una && (marks & Mark.lost) !== 0);
          assert.equal(board.nextLost(model.una), lost);
          for (let i = board.first; i < board.end; i++) {
            for (const byte of model.bytes.slice(board.startOf(i), board.endOf(i))) {
              assert.equal(byte.marks, board.marksOf(i));
              assert.equal(byte.left, board.leftUsOf(i) !== Infinity);
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('tells when what arrives was handed out, had left, and whether that is known of its last byte', () => {
    const board = new Scoreboard(100);
    const listener = new Listener();
    board.grant(200, 10);
    board.grant(300, 20);
    board.markLeft(100, 250, 25, false);
    board.acknowledge(150, listener);
    board.acknowledge(275, listener);
    assert.deepEqual(listener.delivered, [
      { start: 100, end: 150, statedUs: 10, leftUs: 25, whole: false, resent: false },
      { start: 150, end: 200, statedUs: 10, leftUs: 25, whole: true, resent: false },
      { start: 200, end: 250, statedUs: 20, leftUs: 25, whole: true, resent: false },
      { start: 250, end: 275, statedUs: 20, leftUs: Infinity, whole: false, resent: false },
    ]);
  });

  it('keeps the order of sending within one reading of the clock: old bytes, repetitions, new bytes', () => {
    const board = new Scoreboard(0);
    const listener = new Listener();
    board.grant(10, 5);
    board.loseHead(5);
    board.resend(0, 5, 5);
    board.grant(20, 5);
    board.acknowledge(20, listener);
    const [again, old, fresh] = listener.delivered.map(({ statedUs }) => statedUs);
    assert.ok(old! < again! && again! <= fresh!, `${old} ${again} ${fresh}`);
  });

  it('needs a bounded number of records, and forgets nothing that counts when they run out', () => {
    const board = new Scoreboard(0);
    const listener = new Listener();
    const end = 20 * MAX_RECORDS;
    for (let to = 10; to <= end; to += 10) board.grant(to, to);
    for (let from = 0; from < end; from += 20) board.sack(from, from + 10, listener);
    assert.ok(board.records <= MAX_RECORDS);
    const told = listener.delivered.reduce((sum, each) => sum + each.end - each.start, 0);
    assert.equal(board.sackedBytes, told, 'what found no place was not counted');
    assert.equal(board.pipeBytes, end - board.sackedBytes);
    board.acknowledge(end, listener);
    assert.equal(board.pipeBytes, 0);
    assert.equal(board.sackedBytes, 0);
    assert.equal(
      listener.delivered.reduce((sum, each) => sum + each.end - each.start, 0),
      end,
    );
  });

  it('takes back what a client reported and dropped (RFC 2018 8)', () => {
    const board = new Scoreboard(0);
    board.grant(100, 1);
    board.sack(50, 100, new Listener());
    board.forgetSacked();
    assert.equal(board.sackedBytes, 0);
    assert.equal(board.nextLost(0), 50);
    assert.equal(board.lostRunEnd(50), 100);
  });
});
