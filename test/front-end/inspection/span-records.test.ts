import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SpanRecords, type SpanRecord } from '../../../src/front-end/inspection/span-records.js';
import { UNKNOWN_U64 } from '../../../src/wire/bytes.js';
import { Trace, type TraceEvent } from '../../../src/front-end/inspection/trace.js';
import { Download, isAckUp, World } from '../delegation/world.js';

const FILE = { name: 'file', length: 1_000_000 };

/** Every piece as [board, from, to, sent up to, cause]. */
function pieces(record: SpanRecord): unknown[] {
  return record.pieces.map((piece, i) => [
    piece.board,
    piece.from,
    record.pieceEnd(i),
    piece.sentUpTo,
    piece.cause,
  ]);
}

function listen(world: World): TraceEvent[] {
  const heard: TraceEvent[] = [];
  world.backEnds.trace.listen((event) => heard.push(event));
  return heard;
}

describe('front-end/inspection: which board sent which bytes', () => {
  it('records one piece when one board sends it all', () => {
    const world = new World(1).start();
    const heard = listen(world);
    const download = new Download(world, { name: 'file', from: 1000, length: 500_000 });
    const { records } = world.backEnds;
    const [record] = records.underWay;
    assert.ok(record);
    assert.equal(record.outcome, 'underWay');
    world.run(1_000);
    assert.equal(download.done, true);
    assert.equal(records.underWay.size, 0);
    assert.deepEqual(records.ended(), [record]);
    assert.equal(record.outcome, 'completed');
    assert.deepEqual(
      [record.client, record.object, record.from, record.length, record.acknowledged],
      ['unknown', 'file', 1000, 500_000, 500_000],
    );
    assert.equal(record.pieces.length, 1);
    assert.deepEqual([record.pieces[0]!.from, record.pieceEnd(0)], [0, 500_000]);
    assert.deepEqual([...records.bytesByBoard()], [[1, 500_000]]);
    const command = record.pieces[0]!.command;
    assert.deepEqual(
      heard.map(({ atUs: _, ...event }) => event),
      [
        {
          event: 'delegated',
          packet: 25,
          point: 'A',
          opcode: 'read',
          command,
          board: 1,
          object: 'file',
          from: 1000,
          to: 501_000,
          client: 'unknown',
        },
        { event: 'accepted', packet: 27, point: 'D', command, board: 1, totalBytes: 500_000 },
        {
          event: 'completed',
          packet: 28,
          point: 'E',
          client: 'unknown',
          object: 'file',
          bytes: 500_000,
          boards: [1],
        },
        { event: 'released', packet: 27, point: 'D', command, board: 1, confirmed: true },
      ],
    );
  });

  it('splits the span where the client was when its board died', () => {
    const world = new World(2).start();
    const heard = listen(world);
    const download = new Download(world, FILE);
    world.run(5);
    const [record] = world.backEnds.records.underWay;
    const first = world.boards[record!.pieces[0]!.board - 1]!;
    const second = world.boards[2 - record!.pieces[0]!.board]!;
    first.powered = false;
    world.run(5_000);
    assert.equal(download.done, true);
    const [before, after] = record!.pieces;
    assert.equal(record!.pieces.length, 2);
    assert.deepEqual([before!.board, after!.board], [first.id, second.id]);
    assert.equal(before!.cause, 'unanswered');
    assert.equal(after!.cause, undefined);
    assert.ok(after!.from > 0 && after!.from < 1_000_000);
    assert.equal(record!.pieceEnd(0), after!.from);
    assert.equal(record!.pieceEnd(1), 1_000_000);
    assert.equal(after!.sentUpTo, 1_000_000);
    assert.deepEqual(
      new Map(world.backEnds.records.bytesByBoard()),
      new Map([
        [first.id, after!.from],
        [second.id, 1_000_000 - after!.from],
      ]),
    );
    const told = heard.map(({ event }) => event).filter((event) => !event.startsWith('board'));
    assert.deepEqual(told, [
      'delegated',
      'accepted',
      'released',
      'interrupted',
      'failedOver',
      'accepted',
      'completed',
      'released',
    ]);
    assert.deepEqual(
      heard.flatMap((event) =>
        event.event === 'failedOver'
          ? [[event.fromBoard, event.board, event.from, event.to, event.cause]]
          : [],
      ),
      [[first.id, second.id, after!.from, 1_000_000, 'unanswered']],
    );
    assert.ok(heard.some((event) => event.event === 'boardLost' && event.board === first.id));
    assert.deepEqual(
      heard.flatMap((event) => (event.event === 'released' ? [event.confirmed] : [])),
      [false, true],
      'a dead board confirms nothing',
    );
  });

  it('counts what a board was asked to send again', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE);
    let lost = 0;
    download.lose = ({ from, to }) => (from < 100_000 && lost === 0 ? ((lost = to - from), true) : false);
    world.run(3_000);
    assert.equal(download.done, true);
    const [record] = world.backEnds.records.ended();
    assert.ok(lost > 0 && record!.pieces[0]!.resentBytes >= lost);
  });

  it('keeps why a span failed, and how far the client got', () => {
    const world = new World(1).start();
    const heard = listen(world);
    const download = new Download(world, { name: 'no such file', length: 10 });
    world.run(1_000);
    assert.ok(download.failed);
    const [record] = world.backEnds.records.ended();
    assert.deepEqual(
      [record!.outcome, record!.error, record!.acknowledged],
      ['failed', download.failed.message, 0],
    );
    assert.deepEqual(pieces(record!), [[1, 0, 0, 0, 'failed']]);
    const [interrupted] = heard.filter(({ event }) => event === 'interrupted');
    assert.deepEqual(
      { ...interrupted, atUs: 0 },
      {
        atUs: 0,
        event: 'interrupted',
        command: record!.pieces[0]!.command,
        board: 1,
        cause: 'failed',
        error: 'no board holds "no such file"; put it on the volume with "atcp volume"',
      },
    );
    assert.equal(heard.filter(({ event }) => event === 'failed').length, 1);
  });

  it('tells single statements when asked to', () => {
    const world = new World(1).start();
    const heard: TraceEvent[] = [];
    world.backEnds.trace.listen((event) => heard.push(event), true);
    const { pointFStatementsSent, step122SizesTaken } = world.counters;
    new Download(world, FILE);
    world.run(1_000);
    const stated = heard.flatMap((event) => (event.event === 'stated' ? [event] : []));
    const reported = heard.flatMap((event) => (event.event === 'reported' ? [event] : []));
    // The release is told as such, when it is confirmed.
    assert.equal(stated.length, world.counters.pointFStatementsSent - pointFStatementsSent - 1);
    assert.equal(reported.length, world.counters.step122SizesTaken - step122SizesTaken);
    assert.equal(stated[0]!.withCommand, true);
    assert.deepEqual(
      stated.map(({ version }) => version),
      stated.map((_, i) => i + 1),
    );
    assert.equal(stated[stated.length - 1]!.granted, 1_000_000);
    assert.equal(reported[reported.length - 1]!.sentUpTo, 1_000_000);
  });

  it('tells the total again when the board has found it out', () => {
    const world = new World(1).start();
    const heard = listen(world);
    const board = world.boards[0]!;
    const download = new Download(world, FILE);
    // What it said at once is lost; what it repeats knows less.
    world.fault = (note) => (isAckUp(note) ? 'drop' : undefined);
    world.run(5);
    world.fault = () => undefined;
    const [slot] = board.slots.values();
    const { total } = slot!;
    slot!.total = UNKNOWN_U64;
    world.run(100);
    slot!.total = total;
    world.run(1_000);
    assert.equal(download.done, true);
    assert.deepEqual(
      heard.flatMap((event) => (event.event === 'accepted' ? [event.totalBytes] : [])),
      [null, 1_000_000],
    );
  });

  it('keeps the latest ended spans, oldest first, and every byte', () => {
    const records = new SpanRecords(new Trace(() => 0), 3);
    for (let i = 0; i < 8; i++) {
      const span = { acknowledged: 0 };
      const record = records.open({ client: 'c', object: `${i}`, from: 0, length: 10 }, span);
      record.delegated({ board: { id: 1 + (i % 2) }, counter: i, sentUpTo: 10 });
      span.acknowledged = 10;
      record.finish(undefined);
      const kept = records.ended().map(({ object }) => object);
      assert.deepEqual(kept, ['0', '1', '2', '3', '4', '5', '6', '7'].slice(Math.max(0, i - 2), i + 1));
    }
    assert.deepEqual(
      [...records.bytesByBoard()],
      [
        [1, 40],
        [2, 40],
      ],
    );
  });

  it('divides what is acknowledged among boards without gap or overlap', () => {
    const step = fc.record({
      acknowledge: fc.nat(1000),
      sendAhead: fc.nat(500),
      move: fc.boolean(),
      board: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), fc.boolean(), (steps, ends) => {
        const records = new SpanRecords(new Trace(() => 0));
        const span = { acknowledged: 0 };
        const record = records.open({ client: 'c', object: 'o', from: 5, length: 1e9 }, span);
        let delegation = { board: { id: 1 }, counter: 0, sentUpTo: 0 };
        const expected = new Map<number, number>();
        record.delegated(delegation);
        for (const { acknowledge, sendAhead, move, board } of steps) {
          span.acknowledged += acknowledge;
          expected.set(delegation.board.id, (expected.get(delegation.board.id) ?? 0) + acknowledge);
          delegation.sentUpTo = span.acknowledged + sendAhead;
          if (!move) continue;
          record.interrupted('stalled', undefined);
          delegation = { board: { id: board }, counter: delegation.counter + 1, sentUpTo: span.acknowledged };
          record.delegated(delegation);
        }
        if (ends) record.finish(new Error('over'));
        // What was told cannot change any more.
        const total = span.acknowledged;
        const sentUpTo = delegation.sentUpTo;
        if (ends) {
          span.acknowledged += 77;
          delegation.sentUpTo += 77;
        }
        assert.equal(record.pieces[record.pieces.length - 1]!.sentUpTo, sentUpTo);
        let edge = 0;
        record.pieces.forEach(({ from }, i) => {
          assert.equal(from, edge);
          edge = record.pieceEnd(i);
        });
        assert.equal(edge, total);
        for (const [board, bytes] of records.bytesByBoard()) assert.equal(bytes, expected.get(board) ?? 0);
      }),
      { numRuns: 200 },
    );
  });
});
