/** What exactly is stated to a board: leases, pairs, marks, ranges, templates, and how it is packed. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  ackAcknowledged,
  ackAcknowledgment,
  ackGranted,
  ackLeaseMs,
  ackResendCount,
  ackSegmentBytes,
  ackTemplate,
  ackTemplateBytes,
  ackTemplateVersion,
  ackTimestampMarkCount,
  ackWindow,
  resendFrom,
  resendGeneration,
  resendTo,
  timestampMarkFrom,
  timestampMarkTsVal,
} from '../../../src/wire/atcp/ack-down.js';
import {
  checkCommand,
  COMMAND_TEMPLATE,
  commandArguments,
  commandDate,
  commandFirstOffset,
  CommandFlag,
  commandOpcode,
  commandSegmentBytes,
  commandStartSequence,
  commandTemplateBytes,
  Opcode,
  ReadArgument,
} from '../../../src/wire/atcp/command.js';
import { ATCP_HEADER_BYTES, atcpLength } from '../../../src/wire/atcp/header.js';
import {
  statementFlags,
  StatementKind,
  statementKind,
  statementLength,
} from '../../../src/wire/atcp/statements.js';
import { get16, get64 } from '../../../src/wire/bytes.js';
import { ResendRanges } from '../../../src/front-end/delegation/resend-ranges.js';
import { TimestampMarks } from '../../../src/front-end/tcp/timestamp-marks.js';
import { emitAckDown } from '../../../src/wire/atcp/ack-down.js';
import { Download, type FrameNote, isAckDown, isAckUp, isCommand, World } from './world.js';

const FILE = { name: 'file', length: 1_000_000 };

/** Positions of the statements of a kind within a frame. */
function positions(frame: Uint8Array, kind: number): number[] {
  const found: number[] = [];
  const end = 14 + atcpLength(frame, 14);
  for (let at = 14 + ATCP_HEADER_BYTES; at < end; at += statementLength(frame, at))
    if (statementKind(frame, at) === kind) found.push(at);
  return found;
}

function statementsDown(world: World): { frame: Uint8Array; at: number }[] {
  return world.notes
    .filter((note) => note.direction === 'down' && isAckDown(note))
    .flatMap(({ frame }) => positions(frame, StatementKind.ackDown).map((at) => ({ frame, at })));
}

function lastDown(world: World): { frame: Uint8Array; at: number } {
  return statementsDown(world).at(-1)!;
}

describe('front-end/delegation: the command', () => {
  it('names connection, object, range and date, with the first grant behind it', () => {
    const world = new World(1).start();
    const version = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
    world.boards[0]!.objects.set('file', { size: 1_000_000, version });
    new Download(world, { ...FILE, from: 0, version }, 20_000);
    world.run(1);
    const { frame } = world.notes.find(isCommand)!;
    const [at] = positions(frame, StatementKind.command) as [number];
    assert.equal(checkCommand(frame, at, statementLength(frame, at)), 'ok');
    assert.equal(statementFlags(frame, at), CommandFlag.psh | CommandFlag.restartable);
    assert.equal(commandOpcode(frame, at), Opcode.read);
    assert.equal(commandTemplateBytes(frame, at), 54);
    assert.equal(commandSegmentBytes(frame, at), 1460);
    assert.equal(commandStartSequence(frame, at), 0xffff_0000);
    assert.equal(commandFirstOffset(frame, at), 0);
    assert.equal(commandDate(frame, at), 1_800_000_000_000);
    assert.ok(
      frame.subarray(at + COMMAND_TEMPLATE, at + COMMAND_TEMPLATE + 54).every((byte) => byte === 0x11),
    );
    const args = commandArguments(frame, at);
    assert.deepEqual(frame.slice(args, args + 16), version);
    assert.equal(get64(frame, args + ReadArgument.length), 1_000_000);
    assert.equal(get16(frame, args + ReadArgument.nameLength), 4);
    const [statement] = positions(frame, StatementKind.ackDown) as [number];
    assert.ok(statement > at);
    assert.equal(ackGranted(frame, statement), 20_000);
  });

  it('packs what concerns one board into one frame, up to its size', () => {
    const world = new World(1).start();
    const before = world.notes.length;
    for (let i = 1; i <= 6; i++) new Download(world, FILE, 20_000, i * 0x1000_0000);
    world.backEnds.flush(world.nowUs());
    const frames = world.notes.slice(before);
    const bytes = frames.map(({ frame }) => frame.length);
    assert.equal(frames.flatMap(({ frame }) => positions(frame, StatementKind.command)).length, 6);
    assert.equal(frames.length, 1, `${bytes}`);
    for (let i = 7; i <= 14; i++) new Download(world, FILE, 20_000, i * 0x1000_0000);
    world.backEnds.flush(world.nowUs());
    const more = world.notes.slice(before + 1);
    assert.ok(more.length === 2 && more.every(({ frame }) => frame.length <= 1514));
  });

  it('states ten changes of a batch once', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 1_000);
    world.run(5);
    const before = statementsDown(world).length;
    for (let i = 1; i <= 10; i++) download.grantTo(1_000 + i * 1_000);
    world.backEnds.flush(world.nowUs());
    assert.equal(statementsDown(world).length, before + 1);
  });

  it('refuses ranges and names that can not be', () => {
    const world = new World(1);
    const bad = [
      { name: 'x', length: 0 },
      { name: 'x', length: -1 },
      { name: 'x', length: 1.5 },
      { name: 'x', from: -1, length: 1 },
      { name: 'x'.repeat(256), length: 1 },
      { name: 'x', length: 1, version: new Uint8Array(15) },
    ];
    for (const range of bad) assert.throws(() => world.backEnds.createSpan(range), RangeError);
  });
});

describe('front-end/delegation: leases', () => {
  it('are renewed while a span is idle', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 20_000);
    download.lose = () => true;
    // Everything is granted and sent, and the client stays silent, as with a closed window.
    download.span.resend = () => {};
    world.run(10_000);
    assert.ok(world.counters.leaseRenewals >= 8);
    const slot = [...world.boards[0]!.slots.values()][0]!;
    assert.ok(slot.leaseEndUs > world.nowUs() + 900_000);
    assert.equal(world.counters.delegationsUnanswered, 0);
  });

  it('are not extended by repetitions that nobody answers', () => {
    const world = new World(1).start();
    new Download(world, FILE, 20_000);
    world.run(2);
    world.fault = (note) => (isAckUp(note) ? 'drop' : undefined);
    const startedUs = world.nowUs();
    let latestEndUs = 0;
    const seen = statementsDown(world).length;
    world.run(1_500);
    const ends: number[] = [];
    for (const { frame, at } of statementsDown(world).slice(seen)) ends.push(ackLeaseMs(frame, at));
    for (const slot of world.boards[0]!.slots.values()) latestEndUs = Math.max(latestEndUs, slot.leaseEndUs);
    assert.ok(ends.length > 4);
    assert.ok(ends.at(-2)! < ends[0]! - 500, `${ends}`);
    assert.ok(latestEndUs <= startedUs + 2_020_000);
  });

  it('go to who waits, when the client of a delegation takes nothing', () => {
    const world = new World(1);
    world.boards[0]!.slotCount = 1;
    world.start();
    const idle = new Download(world, FILE, 20_000, 1);
    idle.lose = () => true;
    idle.span.resend = () => {};
    world.run(100);
    const other = new Download(world, FILE, 65_536, 2);
    world.run(2_500);
    assert.equal(other.done, true);
    assert.equal(world.counters.delegationsIdle, 1);
    idle.lose = () => false;
    idle.grantTo(40_000);
    world.run(500);
    assert.equal(idle.failed, undefined);
    const back = world.sent.some(
      ({ startSequence, from, to }) => startSequence === 1 && from === 0 && to === 40_000,
    );
    assert.ok(back, 'it comes back, at the acknowledged offset, when there is something to send');
  });
});

describe('front-end/delegation: the pair (decision 5)', () => {
  it('is restated, once a batch, while something is to be sent', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 20_000);
    world.boards[0]!.stuck = true;
    world.run(2);
    const before = statementsDown(world).length;
    for (let i = 1; i <= 5; i++) {
      download.acknowledgment = 5_000 + i;
      download.windowField = 100 + i;
      download.span.pairChanged();
    }
    world.run(1);
    assert.equal(statementsDown(world).length, before + 1);
    const { frame, at } = lastDown(world);
    assert.deepEqual([ackAcknowledgment(frame, at), ackWindow(frame, at)], [5_005, 105]);
  });

  it('never says window 0 while grants are idle, but the last open pair', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 20_000);
    download.lose = () => true;
    download.span.resend = () => {};
    world.run(20);
    assert.equal(download.span.sentUpTo, 20_000);
    download.acknowledgment = 9_000;
    download.windowField = 0;
    download.span.pairChanged();
    world.run(1_500);
    assert.ok(world.counters.leaseRenewals >= 1);
    const { frame, at } = lastDown(world);
    assert.deepEqual([ackAcknowledgment(frame, at), ackWindow(frame, at)], [5_000, 0x8000]);
    download.grantTo(30_000);
    world.run(1);
    const later = lastDown(world);
    assert.deepEqual(
      [ackAcknowledgment(later.frame, later.at), ackWindow(later.frame, later.at)],
      [9_000, 0],
    );
  });
});

describe('front-end/delegation: templates', () => {
  it('restates one that changed below TCP until the board has it', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 20_000);
    world.boards[0]!.stuck = true;
    world.run(2);
    download.writeTemplate = (b) => {
      b.fill(0x22, 0, 54);
      return { bytes: 54, l3Offset: 14, l4Offset: 34 };
    };
    download.span.templateChanged();
    world.run(2);
    const { frame, at } = lastDown(world);
    assert.equal(ackTemplateBytes(frame, at), 54);
    assert.equal(ackTemplateVersion(frame, at), 1);
    const template = ackTemplate(frame, at);
    assert.ok(frame.subarray(template, template + 54).every((byte) => byte === 0x22));
    assert.equal(get16(frame, template + 54), 0, 'padding');
    download.grantTo(30_000);
    world.run(2);
    const later = lastDown(world);
    assert.equal(ackTemplateBytes(later.frame, later.at), 0, 'the board has reported it');
  });

  it('states another size of segments with it', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 20_000);
    world.boards[0]!.stuck = true;
    world.run(2);
    download.segmentBytes = 1240;
    download.span.templateChanged();
    download.span.resend(0, 2920);
    world.run(2);
    const { frame, at } = lastDown(world);
    assert.equal(ackSegmentBytes(frame, at), 1240);
    assert.equal(ackTemplateVersion(frame, at), 1);
    download.span.templateChanged();
    world.run(2);
    assert.equal(download.span.templateVersion, 1, 'nothing changed since');
  });

  it('leaves it alone while only the numbers of TCP change', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 20_000);
    world.boards[0]!.stuck = true;
    world.run(2);
    download.writeTemplate = (b) => {
      b.fill(0x11, 0, 34);
      b.fill(0x33, 34, 54);
      return { bytes: 54, l3Offset: 14, l4Offset: 34 };
    };
    download.span.templateChanged();
    world.run(1);
    const { frame, at } = lastDown(world);
    assert.equal(ackTemplateBytes(frame, at), 0);
  });
});

describe('front-end/delegation: resend ranges', () => {
  it('are repeated until the board reports their generation, then no more', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 20_000);
    download.lose = () => true;
    world.run(20);
    world.fault = (note) => (isAckUp(note) ? 'drop' : undefined);
    download.span.resend(1_460, 2_920);
    download.span.resend(5_840, 7_300);
    world.run(100);
    const { frame, at } = lastDown(world);
    assert.equal(ackResendCount(frame, at), 2);
    assert.deepEqual(
      [0, 1].map((i) => [resendGeneration(frame, at, i), resendFrom(frame, at, i), resendTo(frame, at, i)]),
      [
        [1, 1_460, 2_920],
        [2, 5_840, 7_300],
      ],
    );
    assert.deepEqual(
      world.sent.filter((range) => range.again).map(({ from, to }) => [from, to]),
      [
        [1_460, 2_920],
        [5_840, 7_300],
      ],
      'sent again once, however often it was said',
    );
    world.fault = () => undefined;
    world.run(300);
    download.grantTo(30_000);
    world.run(2);
    const later = lastDown(world);
    assert.equal(ackResendCount(later.frame, later.at), 0);
  });

  it('cover everything that was asked for, in rising generations, whatever happens in between', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('add' as const),
        from: fc.nat(9_000),
        size: fc.integer({ min: 1, max: 2_000 }),
      }),
      fc.record({ kind: fc.constant('executed' as const), part: fc.nat(100) }),
      fc.record({ kind: fc.constant('acknowledge' as const), by: fc.nat(500) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ranges = new ResendRanges();
        let acknowledged = 0;
        /** What was asked for, with the lowest generation that surely covers it. */
        let asked: { from: number; to: number; generation: number }[] = [];
        const b = new Uint8Array(300);
        for (const each of steps) {
          if (each.kind === 'add') {
            const from = acknowledged + each.from;
            ranges.add(from, from + each.size);
            asked.push({ from, to: from + each.size, generation: ranges.latest });
          } else if (each.kind === 'executed') {
            // The board can only have executed what was stated.
            const generation = Math.floor((ranges.latest * each.part) / 100);
            const covered = asked.filter((one) => one.generation <= generation);
            ranges.executed(generation);
            asked = asked.filter((one) => !covered.includes(one));
          } else {
            acknowledged += each.by;
            ranges.acknowledge(acknowledged);
          }
          asked = asked.filter((one) => one.to > acknowledged);
          emitAckDown(b, 0, 0, 1, 1, 1, acknowledged, acknowledged, 0, 0, 0, 0, ranges.count, 0, 0, 0);
          ranges.emit(b, 0);
          let last = 0;
          for (let i = 0; i < ranges.count; i++) {
            assert.ok(resendGeneration(b, 0, i) > last);
            last = resendGeneration(b, 0, i);
            assert.ok(resendFrom(b, 0, i) >= acknowledged && resendFrom(b, 0, i) < resendTo(b, 0, i));
          }
          for (const one of asked) {
            const from = Math.max(one.from, acknowledged);
            const covered = Array.from({ length: ranges.count }, (_, i) => i).some(
              (i) => resendFrom(b, 0, i) <= from && resendTo(b, 0, i) >= one.to,
            );
            assert.ok(covered, `[${from}, ${one.to})`);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('front-end/delegation: timestamp marks', () => {
  it('make TSval a non-decreasing function of the offset that never changes once it was stated', () => {
    const grant = fc.record({
      bytes: fc.integer({ min: 1, max: 5_000 }),
      ticks: fc.nat(3),
      acknowledge: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.array(grant, { maxLength: 80 }), (start, grants) => {
        const marks = new TimestampMarks();
        const b = new Uint8Array(300);
        const stated = new Map<number, number>();
        let granted = 0;
        let acknowledged = 0;
        let clock = start;
        for (const each of grants) {
          clock = (clock + each.ticks) >>> 0;
          marks.mark(granted, clock);
          const first = granted;
          granted += each.bytes;
          acknowledged = Math.max(acknowledged, Math.floor(granted * each.acknowledge));
          marks.acknowledge(acknowledged);
          emitAckDown(b, 0, 0, 1, 1, 1, acknowledged, granted, 0, 0, 0, 0, 0, marks.count, 0, 0);
          marks.emit(b, 0);
          assert.equal(ackAcknowledged(b, 0), acknowledged);
          assert.ok(ackTimestampMarkCount(b, 0) >= 1);
          const valueAt = (offset: number): number => {
            let value = timestampMarkTsVal(b, 0, 0);
            for (let i = 0; i < marks.count; i++)
              if (timestampMarkFrom(b, 0, i) <= offset) value = timestampMarkTsVal(b, 0, i);
            return value;
          };
          stated.set(
            first,
            first >= acknowledged ? valueAt(first) : (stated.get(first) ?? valueAt(acknowledged)),
          );
          let last: number | undefined;
          for (const [offset, value] of stated) {
            if (offset < acknowledged) continue;
            assert.equal(valueAt(offset), value, `offset ${offset}`);
            if (last !== undefined) assert.ok(((value - last) | 0) >= 0);
            last = value;
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('travel with the grants, and a resent range keeps its own', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 10_000);
    download.tsVal = 700;
    download.lose = () => true;
    download.grantTo(20_000);
    world.run(5);
    download.tsVal = 709;
    download.grantTo(30_000);
    world.run(5);
    download.span.resend(12_000, 14_000);
    world.run(5);
    const values = world.sent.map(({ from, again, tsVal }) => ({ from, again, tsVal }));
    assert.deepEqual(values.at(-2), { from: 20_000, again: false, tsVal: 709 });
    assert.deepEqual(values.at(-1), { from: 12_000, again: true, tsVal: 700 });
  });
});

describe('front-end/delegation: acknowledgments', () => {
  it('of the client may overtake the report of the board (28 before 27)', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 20_000);
    world.fault = (note: FrameNote) => (note.direction === 'up' ? 'drop' : undefined);
    world.run(2);
    assert.ok(download.acknowledged >= 20_000);
    assert.equal(download.span.sentUpTo, download.acknowledged);
    world.fault = () => undefined;
    world.run(1_000);
    assert.equal(download.done, true);
  });

  it('that come while the span waits for a board do not end its wait', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 20_000);
    world.run(4);
    world.boards[0]!.reboot();
    world.boards[0]!.powered = false;
    world.run(1_600);
    download.acknowledged++;
    download.span.acknowledge(download.acknowledged);
    world.run(500);
    assert.equal(download.failed, undefined);
    world.boards[0]!.powered = true;
    world.run(3_000);
    assert.equal(download.done, true);
  });

  it('are stated without a grant once they free much', () => {
    const world = new World(1).start();
    world.boards[0]!.put('file', 100_000);
    const download = new Download(world, { name: 'file', length: 100_000 }, 100_000);
    download.lose = () => true;
    download.span.resend = () => {};
    world.run(20);
    const before = statementsDown(world).length;
    download.span.acknowledge(20_000);
    world.run(1);
    assert.equal(statementsDown(world).length, before);
    download.span.acknowledge(40_000);
    world.run(1);
    assert.equal(statementsDown(world).length, before + 1);
    const { frame, at } = lastDown(world);
    assert.equal(ackAcknowledged(frame, at), 40_000);
  });
});
