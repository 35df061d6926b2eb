/** Commands, statements and reports of one delegation (decisions 1, 2, 4, 5, 7, 13; Figs. 6, 7, 10). */
import assert from 'node:assert/strict';
import { AckDownFlag } from '../../src/wire/atcp/ack-down.js';
import { DelegationState, ObjectKind, Reason } from '../../src/wire/atcp/ack-up.js';
import { CommandFlag, Opcode } from '../../src/wire/atcp/command.js';
import { get64, UNKNOWN_U64 } from '../../src/wire/bytes.js';
import { TcpFlag } from '../../src/wire/tcp.js';
import { Rig, VIP } from './support/rig.js';
import type { RigOptions } from './support/rig.js';
import {
  ackDown,
  bareCommand,
  EPOCH,
  readCommand,
  statCommand,
  template,
  watermark,
} from './support/statements.js';
import type { AckOptions, ReadOptions } from './support/statements.js';
import { pattern, volumeImage } from './support/volume-image.js';

const FILE = pattern(100_001, 3);
const SMALL = pattern(300, 4);
const MS = 1000;

describe('delegation', () => {
  let image: Uint8Array;

  before(async () => {
    image = await volumeImage(
      new Map([
        ['file', FILE],
        ['small', SMALL],
        ['empty', new Uint8Array(0)],
        ['directory/leaf', SMALL],
      ]),
    );
  });

  function connected(options: RigOptions = {}): Rig {
    const rig = new Rig(image, options);
    rig.connect(60_000);
    return rig;
  }

  /** A rig on which a read was commanded. */
  function reading(read: ReadOptions = {}, ack: AckOptions = {}, options: RigOptions = {}): Rig {
    const rig = connected(options);
    rig.state(readCommand(read), ackDown(ack));
    return rig;
  }

  const payloads = (rig: Rig): number[] => rig.segments.map((segment) => segment.payload.length);
  const offsets = (rig: Rig): number[] => rig.segments.map((segment) => (segment.sequence - 1000) >>> 0);

  describe('stat', () => {
    it('says size, time, kind and version', () => {
      const rig = connected();
      rig.state(statCommand('directory/leaf'));
      const leaf = rig.report();
      assert.deepEqual([leaf.state, leaf.reason], [DelegationState.done, Reason.none]);
      assert.equal(leaf.result.length, 20);
      assert.equal(get64(leaf.result, 0), 300);
      assert.ok(Math.abs(get64(leaf.result, 8) - Date.now()) < 3_600_000);
      assert.equal(leaf.result[16], ObjectKind.file);
      assert.notDeepEqual(leaf.objectVersion, new Uint8Array(16));
      rig.state(statCommand('directory', 2));
      assert.equal(rig.report(2).result[16], ObjectKind.directory);
      assert.equal(rig.segments.length, 0);
    });

    it('says that there is no such object', () => {
      const rig = connected();
      rig.state(statCommand('nothing'));
      assert.deepEqual([rig.report().state, rig.report().reason], [DelegationState.failed, Reason.notFound]);
    });
  });

  describe('read', () => {
    it('names the total before the first byte, and sends none without credit', () => {
      const rig = reading();
      assert.equal(rig.report().total, FILE.length);
      assert.equal(rig.segments.length, 0);
      assert.ok(rig.board.memory.lent > 0, 'but has the first bytes at hand');
    });

    it('sends nothing ahead of the report that names the total', () => {
      const rig = connected();
      rig.nic.arrived.push(rig.frontEnd.statements(readCommand(), ackDown({ granted: 5000 })));
      const order: string[] = [];
      for (let i = 0; i < 100; i++) {
        const before = [rig.messages.length, rig.segments.length];
        rig.step();
        rig.nowUs += 10;
        if (rig.messages.length > before[0]! && rig.report().total >= 0) order.push('named');
        if (rig.segments.length > before[1]!) order.push('sent');
      }
      assert.equal(order[0], 'named');
      assert.ok(order.includes('sent'));
    });

    it('sends what a command without a statement lets it send: nothing', () => {
      const rig = connected();
      rig.state(readCommand());
      rig.run(100 * MS);
      assert.equal(rig.segments.length, 0);
      assert.equal(rig.report().total, FILE.length);
      rig.state(ackDown({ granted: 100 }));
      assert.deepEqual(payloads(rig), [100]);
    });

    it('takes a range of the object', () => {
      const rig = reading({ from: 4000, length: 5000 }, { granted: 99_999 });
      rig.run(10 * MS);
      assert.deepEqual(rig.stream(), FILE.slice(4000, 9000));
      const report = rig.report();
      assert.deepEqual([report.total, report.sentUpTo, report.state], [5000, 5000, DelegationState.sent]);
    });

    it('ends with the object when the range goes beyond it', () => {
      const rig = reading({ from: 100_000, length: 5000 }, { granted: 5000 });
      assert.deepEqual(rig.stream(), FILE.slice(100_000));
      assert.equal(rig.report().total, 1);
    });

    it('sends small objects, which lie within their record', () => {
      const rig = reading({ name: 'small' }, { granted: 300 });
      assert.deepEqual(rig.stream(), SMALL);
    });

    it('starts in the middle of the span, at that sequence number', () => {
      const rig = reading({ firstOffset: 50_000 }, { acknowledged: 50_000, granted: 60_000 });
      rig.run(10 * MS);
      assert.deepEqual(rig.stream(51_000), FILE.slice(50_000, 60_000));
      assert.equal(rig.report().sentUpTo, 60_000);
    });

    const failures: [string, ReadOptions, Reason][] = [
      ['an unknown name', { name: 'nothing' }, Reason.notFound],
      ['a directory', { name: 'directory' }, Reason.notAFile],
      ['another version', { version: new Uint8Array(16).fill(9) }, Reason.versionMismatch],
      ['a start beyond the end', { from: 100_002 }, Reason.range],
      ['a first offset beyond the end', { firstOffset: 100_002 }, Reason.range],
      ['a start that is no number', { from: UNKNOWN_U64 }, Reason.range],
      ['a first offset above 2^52', { firstOffset: 2 ** 52 + 1 }, Reason.range],
    ];
    for (const [what, read, reason] of failures) {
      it(`fails on ${what}`, () => {
        const rig = reading(read, { granted: 1000 });
        rig.run(10 * MS);
        assert.deepEqual([rig.report().state, rig.report().reason], [DelegationState.failed, reason]);
        assert.equal(rig.segments.length, 0);
        assert.equal(rig.board.memory.lent, 0);
        rig.clear();
        rig.state(readCommand(read), ackDown({ version: 2 }));
        assert.equal(rig.report().reason, reason, 'the same answer to the same command');
      });
    }

    it('accepts the version that stat told', () => {
      const rig = connected();
      rig.state(statCommand('file'));
      const version = rig.report().objectVersion;
      rig.state(readCommand({ counter: 2, version }), ackDown({ counter: 2, granted: 1460 }));
      assert.deepEqual(rig.stream(), FILE.slice(0, 1460));
      assert.deepEqual(rig.report(2).objectVersion, version);
    });

    it('has nothing to send of an empty span', () => {
      const rig = reading({ name: 'empty', flags: CommandFlag.fin }, { granted: 0 });
      assert.deepEqual([rig.report().total, rig.report().state], [0, DelegationState.done]);
      assert.equal(rig.segments.length, 0);
    });
  });

  describe('credit', () => {
    it('cuts full segments, and a smaller one at the edge', () => {
      const rig = reading({}, { granted: 4000 });
      assert.deepEqual(payloads(rig), [1460, 1460, 1080]);
      assert.deepEqual(offsets(rig), [0, 1460, 2920]);
      rig.clear();
      rig.state(ackDown({ version: 2, granted: 6000 }));
      assert.deepEqual(offsets(rig), [4000, 5460]);
      assert.deepEqual(payloads(rig), [1460, 540]);
    });

    it('never goes beyond the edge, byte by byte', () => {
      const rig = reading({ segmentBytes: 3 }, { granted: 0 });
      for (let granted = 1; granted < 20; granted++) {
        rig.state(ackDown({ version: granted + 1, granted }));
        assert.equal(rig.stream().length, granted);
      }
      assert.deepEqual(rig.stream(), FILE.slice(0, 19));
    });

    it('can be taken back', () => {
      const rig = reading({}, { granted: 1460 });
      rig.nic.room = 0;
      rig.state(ackDown({ version: 2, granted: 50_000 }));
      rig.state(ackDown({ version: 3, granted: 2000 }));
      rig.nic.room = Infinity;
      rig.run(50 * MS);
      assert.equal(rig.stream().length, 2000);
    });

    it('obeys the latest version, not the one that comes last', () => {
      const rig = reading({}, { granted: 1460 });
      rig.state(ackDown({ version: 5, granted: 2920 }));
      rig.state(ackDown({ version: 4, granted: 14_600 }));
      assert.equal(rig.stream().length, 2920);
      assert.equal(rig.report().version, 5);
      assert.equal(rig.board.counters.ackStale, 1);
    });

    it('answers the same version again without doing anything twice', () => {
      const rig = reading({}, { granted: 1460 });
      rig.clear();
      rig.state(ackDown({ granted: 14_600 }));
      assert.equal(rig.segments.length, 0);
      assert.equal(rig.report().version, 1);
    });

    it('holds while told to, repeats nothing meanwhile, and goes on', () => {
      const rig = reading({}, { granted: 2920 });
      rig.state(ackDown({ version: 2, granted: 20_000, flags: AckDownFlag.hold, resend: [[1, 0, 1460]] }));
      rig.run(100 * MS);
      assert.equal(rig.segments.length, 2);
      assert.equal(rig.report().version, 2);
      rig.state(ackDown({ version: 3, granted: 4380, resend: [[1, 0, 1460]] }));
      assert.deepEqual(offsets(rig), [0, 1460, 0, 2920]);
    });

    it('may be on hold from the start', () => {
      const rig = reading({}, { granted: 20_000, flags: AckDownFlag.hold });
      rig.run(100 * MS);
      assert.equal(rig.segments.length, 0);
      assert.equal(rig.report().total, FILE.length);
      rig.state(ackDown({ version: 2, granted: 1460 }));
      assert.equal(rig.segments.length, 1);
    });

    it('goes on where another board has brought the client, when it acknowledges more than this one sent', () => {
      const rig = reading({}, { granted: 1460 });
      rig.state(ackDown({ version: 2, acknowledged: 20_000, granted: 23_000 }));
      assert.deepEqual(offsets(rig), [0, 20_000, 21_460, 22_920]);
      assert.equal(rig.report().sentUpTo, 23_000);
      assert.equal(rig.board.counters.ackAheadOfSent130, 1);
    });

    it('discards a statement that acknowledges more than the span has (step 131)', () => {
      const rig = reading({}, { granted: 1460 });
      rig.state(ackDown({ version: 9, acknowledged: 100_002, granted: 100_002 }));
      assert.equal(rig.board.counters.ackDiscarded131, 1);
      assert.equal(rig.report().version, 1);
      rig.state(ackDown({ version: 2, granted: 2920 }));
      assert.equal(rig.stream().length, 2920);
    });

    it('discards malformed statements', () => {
      const rig = reading({}, { granted: 1460 });
      const long = ackDown({ version: 2, granted: 2920 });
      long[44] = 1;
      rig.state(long);
      rig.state(ackDown({ version: 2, acknowledged: 1460, granted: 1000 }));
      rig.state(ackDown({ version: 2, acknowledged: UNKNOWN_U64, granted: UNKNOWN_U64 }));
      rig.state(ackDown({ version: 2, granted: 2 ** 52 + 2 }));
      assert.equal(rig.board.counters.ackDiscarded131, 4);
      assert.equal(rig.segments.length, 1);
    });

    it('reaches the end: sent, then done, and everything is returned', () => {
      const rig = reading({}, { granted: FILE.length });
      rig.run(200 * MS);
      assert.deepEqual(rig.stream(), FILE);
      assert.equal(rig.report().state, DelegationState.sent);
      rig.state(ackDown({ version: 2, acknowledged: FILE.length, granted: FILE.length }));
      assert.equal(rig.report().state, DelegationState.done);
      assert.equal(rig.board.memory.lent, 0);
      assert.equal(rig.board.slotsUsed, 1, 'kept until released');
    });
  });

  describe('resend', () => {
    it('sends each generation once, with the same bytes, and echoes it', () => {
      const rig = reading({}, { granted: 14_600 });
      rig.run(10 * MS);
      const first = new Map(rig.segments.map((segment) => [segment.sequence, segment.payload]));
      rig.clear();
      const resend: [number, number, number][] = [
        [1, 1460, 2920],
        [2, 5840, 8760],
      ];
      rig.state(ackDown({ version: 2, granted: 14_600, resend }));
      assert.deepEqual(offsets(rig), [1460, 5840, 7300]);
      for (const { sequence, payload } of rig.segments) assert.deepEqual(payload, first.get(sequence));
      assert.equal(rig.report().generation, 2);
      rig.state(ackDown({ version: 3, granted: 14_600, resend }));
      assert.equal(rig.segments.length, 3);
      assert.equal(rig.board.counters.replyRepeated, 3);
    });

    it('comes before new bytes', () => {
      const rig = reading({}, { granted: 2920 });
      rig.clear();
      rig.state(ackDown({ version: 2, granted: 4380, resend: [[1, 0, 1460]] }));
      assert.deepEqual(offsets(rig), [0, 2920]);
    });

    it('reads bytes again that memory no longer holds', () => {
      const rig = reading(
        {},
        { granted: FILE.length },
        { limits: { buffers: 2, readAheadUnits: 2, buffersPerSlot: 2 } },
      );
      rig.run(500 * MS);
      assert.deepEqual(rig.stream(), FILE);
      rig.clear();
      rig.state(ackDown({ version: 2, granted: FILE.length, resend: [[1, 3000, 30_001]] }));
      assert.ok(rig.segments.length > 0, 'at once');
      rig.run(100 * MS);
      assert.deepEqual(rig.stream(4000), FILE.slice(3000, 30_001));
    });

    it('does not read again what memory still holds ([0031])', () => {
      const rig = reading({ length: 20_000 }, { granted: 20_000 });
      rig.run(50 * MS);
      const reads = rig.disk.reads;
      rig.state(ackDown({ version: 2, granted: 20_000, resend: [[1, 0, 20_000]] }));
      rig.run(50 * MS);
      assert.equal(rig.disk.reads, reads);
      assert.equal(rig.board.counters.replyRepeated, 14);
    });

    it('repeats the last segment with its flags', () => {
      const rig = reading({ name: 'small', flags: CommandFlag.fin | CommandFlag.psh }, { granted: 300 });
      rig.state(ackDown({ version: 2, granted: 300, resend: [[1, 0, 300]] }));
      const flags = TcpFlag.ack | TcpFlag.fin | TcpFlag.psh;
      assert.deepEqual(
        rig.segments.map((segment) => segment.flags),
        [flags, flags],
      );
    });
  });

  describe('header', () => {
    it('puts FIN and PSH on the last segment only', () => {
      const rig = reading({ length: 4000, flags: CommandFlag.fin | CommandFlag.psh }, { granted: 4000 });
      assert.deepEqual(
        rig.segments.map((segment) => segment.flags & ~TcpFlag.ack),
        [0, 0, TcpFlag.fin | TcpFlag.psh],
      );
    });

    it('puts them on the last segment even if that is a full one', () => {
      const rig = reading({ length: 2920, flags: CommandFlag.fin }, { granted: 2920 });
      assert.deepEqual(
        rig.segments.map((segment) => segment.flags & ~TcpFlag.ack),
        [0, TcpFlag.fin],
      );
    });

    it('counts the sequence number over 2^32', () => {
      const rig = reading({ startSequence: 0xffff_fa00 }, { granted: 4380 });
      assert.deepEqual(
        rig.segments.map((segment) => segment.sequence),
        [0xffff_fa00, (0xffff_fa00 + 1460) >>> 0, (0xffff_fa00 + 2920) >>> 0],
      );
      assert.deepEqual(rig.stream(0xffff_fa00), FILE.slice(0, 4380));
    });

    it('carries the pair of the latest statement, and the board as source MAC', () => {
      const rig = reading({}, { granted: 1460, acknowledgment: 77, window: 501 });
      rig.state(ackDown({ version: 2, granted: 2920, acknowledgment: 0xffff_0001, window: 0xfffe }));
      const [one, two] = rig.segments;
      assert.deepEqual([one!.acknowledgment, one!.window], [77, 501]);
      assert.deepEqual([two!.acknowledgment, two!.window], [0xffff_0001, 0xfffe]);
      assert.deepEqual(one!.frame.slice(6, 12), rig.nic.macAddress);
      assert.deepEqual(one!.frame.slice(0, 6), template().bytes.slice(0, 6));
    });

    it('carries TSval by sequence, the same when sent again later', () => {
      const headers = template({ timestamps: true });
      const read = { template: headers, segmentBytes: 1448 };
      const rig = reading(read, { granted: 2896, tsEcr: 5, marks: [[0, 100]] });
      rig.state(
        ackDown({
          version: 2,
          granted: 5792,
          tsEcr: 6,
          marks: [
            [0, 100],
            [2896, 130],
          ],
          resend: [[1, 1448, 2896]],
        }),
      );
      assert.deepEqual(
        rig.segments.map(({ sequence, tsVal, tsEcr }) => [sequence - 1000, tsVal, tsEcr]),
        [
          [0, 100, 5],
          [1448, 100, 5],
          [1448, 100, 6],
          [2896, 130, 6],
          [4344, 130, 6],
        ],
      );
    });

    it('changes TSval in the middle of a run, with the first segment that begins behind the mark', () => {
      const rig = connected();
      rig.state(readCommand({ template: template({ timestamps: true }), segmentBytes: 1448 }), ackDown({}));
      const marks: [number, number][] = [
        [0, 100],
        [1500, 130],
        [4344, 140],
      ];
      rig.state(ackDown({ version: 2, granted: 7240, marks }));
      assert.deepEqual(
        rig.segments.map(({ sequence, tsVal }) => [sequence - 1000, tsVal]),
        [
          [0, 100],
          [1448, 100],
          [2896, 130],
          [4344, 140],
          [5792, 140],
        ],
      );
    });

    it('fits VLAN tags, IPv6 and UDP', () => {
      const source = [0xfd, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10];
      const destination = [...source.slice(0, 15), 0x99];
      const rig = connected({
        sources: [
          { ...VIP, port: 0 },
          { address: Uint8Array.from(source), port: 0 },
        ],
      });
      const reads: [ReadOptions, number][] = [
        [{ template: template({ vlan: 5 }), segmentBytes: 1460 }, 18],
        [{ template: template({ source, destination }), segmentBytes: 1440 }, 14],
        [{ template: template({ udp: true }), segmentBytes: 1472, length: 3000 }, 14],
        [{ template: template({ source, destination, udp: true }), segmentBytes: 1452, length: 3000 }, 14],
      ];
      for (const [i, [read, l3]] of reads.entries()) {
        rig.clear();
        rig.state(
          readCommand({ ...read, counter: i + 1 }),
          ackDown({ counter: i + 1, granted: 3000, acknowledgment: 0 }),
        );
        const sent = Uint8Array.from(rig.segments.flatMap((segment) => [...segment.payload]));
        assert.deepEqual(sent, FILE.slice(0, 3000), `template ${i}`);
        assert.equal(rig.segments[0]!.payload.length, read.segmentBytes);
        assert.equal(rig.segments[0]!.frame.length, l3 + 1500);
        assert.equal(rig.segments[0]!.isTcp, i < 2);
      }
    });

    it('changes its template by statement, once a version, and says which it has', () => {
      const rig = reading({}, { granted: 1460 });
      const other = template({ destinationPort: 40_001 }).bytes.slice();
      other[5] = 0x55;
      rig.state(ackDown({ version: 2, granted: 2920, template: other, templateVersion: 1 }));
      assert.equal(rig.segments[1]!.frame[5], 0x55);
      assert.deepEqual(
        [rig.segments[1]!.window, rig.segments[1]!.acknowledgment],
        [rig.segments[0]!.window, rig.segments[0]!.acknowledgment],
      );
      assert.equal(rig.report().templateVersion, 1);
      rig.state(ackDown({ version: 3, granted: 4380, template: template().bytes, templateVersion: 1 }));
      assert.equal(rig.segments[2]!.frame[5], 0x55, 'version 1 is there already');
    });

    it('sends smaller segments once a statement says so, new bytes and repeated ones', () => {
      const rig = reading({}, { granted: 2920 });
      const smaller = { template: template().bytes, templateVersion: 1, segmentBytes: 536 };
      const resend = [[1, 0, 2920]] as const;
      rig.state(ackDown({ version: 2, granted: 2920 + 1072, resend, ...smaller }));
      const sizes = rig.segments.slice(2).map(({ sequence, payload }) => [sequence, payload.length]);
      const start = rig.segments[0]!.sequence;
      const expected = [0, 536, 1072, 1608, 2144].map((offset) => [start + offset, 536]);
      expected.push([start + 2680, 240], [start + 2920, 536], [start + 3456, 536]);
      assert.deepEqual(sizes, expected);
      assert.equal(rig.report().templateVersion, 1);
    });
  });

  describe('source that it may not speak for', () => {
    const forbidden: [string, ReadOptions][] = [
      ['another address', { template: template({ source: [10, 77, 0, 11] }) }],
      ['another port', { template: template({ sourcePort: 81 }) }],
      [
        'an IPv6 address that begins like the IPv4 one',
        {
          template: template({
            source: [10, 77, 0, 10, ...new Array<number>(12).fill(0)],
            destination: new Array<number>(16).fill(1),
          }),
          segmentBytes: 1400,
        },
      ],
    ];
    for (const [what, read] of forbidden) {
      it(`refuses ${what}`, () => {
        const rig = reading(read, { granted: 1460 });
        assert.deepEqual(
          [rig.report().state, rig.report().reason],
          [DelegationState.failed, Reason.forbiddenSource],
        );
        assert.equal(rig.segments.length, 0);
        assert.equal(rig.board.counters.commandRefused, 1);
      });
    }

    it('refuses it in a change of template, and ends the delegation', () => {
      const rig = reading({}, { granted: 1460 });
      const bytes = template({ source: [10, 77, 0, 11] }).bytes;
      rig.state(ackDown({ version: 2, granted: 2920, template: bytes, templateVersion: 1 }));
      assert.deepEqual(
        [rig.report().state, rig.report().reason],
        [DelegationState.failed, Reason.forbiddenSource],
      );
      assert.equal(rig.segments.length, 1);
      assert.equal(rig.board.memory.lent, 0);
    });

    const broken: [string, (b: Uint8Array) => void, number?][] = [
      ['a SYN', (b) => (b[34 + 13] = 0x12)],
      ['no ACK', (b) => (b[34 + 13] = 0)],
      ['a fragment', (b) => (b[14 + 6] = 0x20)],
      ['a TCP header that is longer than the template', (b) => (b[34 + 12] = 0x60)],
      ['an IP header length that is not where TCP begins', (b) => (b[14] = 0x46)],
      ['an EtherType that is not the IP version', (b) => (b[12] = 0x86)],
      ['ICMP', (b) => (b[14 + 9] = 1)],
      ['IP version 5', (b) => (b[14] = 0x55)],
      ['a segment that does not fit a frame', () => undefined, 1461],
      ['a segment without payload', () => undefined, 0],
    ];
    for (const [what, damage, segmentBytes] of broken) {
      it(`refuses a template with ${what}`, () => {
        const headers = template();
        damage(headers.bytes);
        const rig = reading({ template: headers, segmentBytes: segmentBytes ?? 1460 }, { granted: 1460 });
        assert.deepEqual(
          [rig.report().state, rig.report().reason],
          [DelegationState.failed, Reason.badCommand],
        );
        assert.equal(rig.segments.length, 0);
      });
    }
  });

  describe('lease', () => {
    it('ends: nothing more is sent, until a later statement renews it', () => {
      const rig = reading({}, { granted: 1460, leaseMs: 50 });
      rig.run(60 * MS);
      rig.state(ackDown({ granted: 100_000, leaseMs: 50 }));
      rig.run(MS);
      assert.equal(rig.segments.length, 1, 'the same version does not renew it');
      assert.equal(rig.board.counters.leaseEnded, 1);
      assert.equal(rig.board.memory.lent, 0);
      rig.state(ackDown({ version: 2, granted: 2920, leaseMs: 50 }));
      assert.equal(rig.segments.length, 2);
    });

    it('ends in the middle of sending', () => {
      const rig = connected();
      rig.nic.room = 0;
      rig.state(readCommand(), ackDown({ granted: 100_000, leaseMs: 20 }));
      rig.run(30 * MS);
      rig.nic.room = Infinity;
      rig.run(10 * MS);
      assert.equal(rig.segments.length, 0, 'not even the packet that waited');
    });

    it('of 0 ms lets nothing be sent', () => {
      const rig = reading({}, { granted: 1460, leaseMs: 0 });
      rig.run(10 * MS);
      assert.equal(rig.segments.length, 0);
    });

    it('ended long ago: the slot is freed, and that is said', () => {
      const rig = reading({}, { granted: 1460, leaseMs: 50 });
      rig.run(2100 * MS);
      assert.equal(rig.board.slotsUsed, 0);
      assert.deepEqual(
        [rig.report().state, rig.report().reason],
        [DelegationState.failed, Reason.leaseEnded],
      );
      rig.state(readCommand(), ackDown({ version: 2, granted: 1460 }));
      assert.equal(rig.report().state, DelegationState.released, 'a late copy does not start it again');
      assert.equal(rig.segments.length, 1);
    });

    it('a command that no statement follows is freed, too', () => {
      const rig = connected();
      rig.state(readCommand(), statCommand('file', 2));
      rig.run(4100 * MS);
      assert.equal(rig.board.slotsUsed, 0);
      assert.equal(rig.board.memory.lent, 0);
      assert.equal(rig.report(1).reason, Reason.leaseEnded);
      assert.equal(rig.report(2).state, DelegationState.released);
    });
  });

  describe('release', () => {
    const ways: [string, (counter: number) => Uint8Array][] = [
      ['by a statement', (counter) => ackDown({ counter, flags: AckDownFlag.release, version: 9 })],
      ['by a command', (counter) => bareCommand(Opcode.release, counter)],
      ['by a watermark', (counter) => watermark(counter)],
    ];
    for (const [how, release] of ways) {
      it(`${how}: returns everything, confirms, and stays over`, () => {
        const rig = reading({}, { granted: 30_000 });
        rig.nic.room = 0;
        rig.run(5 * MS);
        assert.ok(rig.board.memory.lent > 0);
        rig.clear();
        rig.nic.arrived.push(rig.frontEnd.statements(release(1)));
        rig.step();
        assert.equal(rig.board.memory.lent, 0);
        assert.equal(rig.board.slotsUsed, 0);
        rig.nic.room = Infinity;
        rig.run(10 * MS);
        assert.equal(rig.segments.length, 0, 'the packet that waited is void');
        assert.equal(rig.report().state, DelegationState.released);
        rig.state(readCommand(), ackDown({ granted: 30_000, version: 2 }));
        assert.equal(rig.segments.length, 0);
        assert.equal(rig.report().state, DelegationState.released);
      });
    }

    it('is confirmed for ids that were never heard of; a command that it overtook is not begun', () => {
      const rig = connected();
      rig.state(ackDown({ counter: 5, flags: AckDownFlag.release }), bareCommand(Opcode.release, 6));
      assert.equal(rig.report(5).state, DelegationState.released);
      assert.equal(rig.report(6).state, DelegationState.released);
      rig.state(readCommand({ counter: 5 }), ackDown({ counter: 5, granted: 1460 }));
      assert.equal(rig.segments.length, 0);
    });

    it('a statement about an unknown id is answered with released, and its command may still come', () => {
      const rig = connected();
      rig.state(ackDown({ granted: 1460 }));
      assert.equal(rig.report().state, DelegationState.released);
      assert.equal(rig.board.counters.delegationInvalid129, 1);
      rig.state(readCommand(), ackDown({ granted: 1460 }));
      assert.equal(rig.segments.length, 1);
    });

    it('in the middle of a read from the card', () => {
      const rig = connected();
      rig.nic.arrived.push(rig.frontEnd.statements(readCommand(), ackDown({ granted: 30_000 })));
      rig.disk.slowness = 50;
      while (rig.board.memory.lent === 0) {
        rig.step();
        rig.nowUs += 10;
      }
      rig.nic.arrived.push(rig.frontEnd.statements(bareCommand(Opcode.release)));
      rig.step();
      assert.equal(rig.board.memory.lent, 0);
      rig.disk.slowness = 0;
      rig.state(readCommand({ counter: 2 }), ackDown({ counter: 2, granted: 1460 }));
      rig.run(20 * MS);
      assert.deepEqual(rig.stream(), FILE.slice(0, 1460));
    });

    it('a watermark spares later commands', () => {
      const rig = connected();
      rig.state(statCommand('file', 4), statCommand('file', 5), watermark(4), watermark(3));
      assert.equal(rig.board.slotsUsed, 1);
      rig.state(statCommand('file', 2), watermark(5, EPOCH + 1));
      assert.equal(rig.report(2).state, DelegationState.released);
      assert.equal(rig.board.slotsUsed, 1);
    });
  });

  describe('command', () => {
    it('seen twice is done once, and answered as before', () => {
      const rig = reading({}, { granted: 1460 });
      rig.clear();
      rig.state(readCommand(), ackDown({ granted: 1460 }));
      assert.equal(rig.segments.length, 0);
      const report = rig.report();
      assert.deepEqual(
        [report.state, report.sentUpTo, report.total],
        [DelegationState.sending, 1460, FILE.length],
      );
      assert.equal(rig.board.counters.delegationSetUp109, 1);
      assert.equal(rig.board.counters.commandRepeated, 1);
    });

    it('with an unknown opcode, or cut short, is answered with the reason', () => {
      const rig = connected();
      rig.state(bareCommand(99, 1), bareCommand(Opcode.read, 2), bareCommand(Opcode.stat, 3));
      assert.equal(rig.report(1).reason, Reason.unknownOpcode);
      assert.equal(rig.report(2).reason, Reason.badCommand);
      assert.equal(rig.report(3).reason, Reason.badCommand);
    });

    it('of another epoch is none of this session', () => {
      const rig = connected();
      rig.state(statCommand('file', 1, EPOCH + 1), ackDown({ epoch: EPOCH + 1, granted: 1 }));
      assert.equal(rig.board.slotsUsed, 0);
      assert.deepEqual(
        rig.reports.map(({ epoch, state }) => [epoch, state]),
        [
          [EPOCH + 1, DelegationState.failed],
          [EPOCH + 1, DelegationState.released],
        ],
      );
    });

    it('finds no slot: busy, with a hint, and again later', () => {
      const rig = connected();
      for (let counter = 1; counter <= 16; counter++) {
        rig.state(readCommand({ counter }), ackDown({ counter, leaseMs: 5000 }));
      }
      rig.clear();
      rig.state(readCommand({ counter: 17 }), ackDown({ counter: 17, granted: 1460 }));
      const answers = rig.reports.filter(({ counter }) => counter === 17);
      assert.ok(answers.length >= 1);
      for (const answer of answers) {
        assert.deepEqual(
          [answer.state, answer.reason, answer.hintMs],
          [DelegationState.busy, Reason.noSlot, 20],
        );
      }
      rig.state(bareCommand(Opcode.release, 3));
      rig.state(readCommand({ counter: 17 }), ackDown({ counter: 17, granted: 1460 }));
      rig.run(3 * MS);
      assert.equal(rig.report(17).state, DelegationState.sending);
      assert.equal(rig.segments.length, 1);
    });

    it('takes the slot of a restartable one whose lease has ended, oldest first', () => {
      const rig = connected();
      for (let counter = 1; counter <= 16; counter++) {
        const flags = counter === 1 ? 0 : CommandFlag.restartable;
        rig.state(
          readCommand({ counter, flags }),
          ackDown({ counter, leaseMs: counter <= 3 ? 20 * counter : 5000 }),
        );
      }
      rig.run(100 * MS);
      rig.clear();
      rig.state(readCommand({ counter: 17 }), ackDown({ counter: 17, granted: 1460 }));
      assert.equal(rig.segments.length, 1);
      assert.deepEqual([rig.report(2).state, rig.report(2).reason], [DelegationState.failed, Reason.evicted]);
      rig.state(readCommand({ counter: 18 }), ackDown({ counter: 18, granted: 1460 }));
      assert.equal(rig.report(3).reason, Reason.evicted);
      rig.state(readCommand({ counter: 19 }));
      assert.equal(rig.report(19).state, DelegationState.busy, 'the one that is not restartable stays');
      assert.equal(rig.board.counters.delegationEvicted, 2);
    });

    it('several in one frame, with their statements, are answered in one frame', () => {
      const rig = connected();
      const statements: Uint8Array[] = [];
      for (let counter = 1; counter <= 5; counter++) {
        statements.push(readCommand({ counter, name: 'small' }), ackDown({ counter, granted: 300 }));
      }
      rig.state(...statements);
      rig.run(10 * MS);
      assert.equal(rig.segments.length, 5);
      for (let counter = 1; counter <= 5; counter++)
        assert.equal(rig.report(counter).state, DelegationState.sent);
      assert.ok(rig.messages.length < 20, `${rig.messages.length} frames for 5 commands`);
    });

    it('lists that end in garbage are read up to it', () => {
      const rig = connected();
      rig.state(statCommand('file'), Uint8Array.of(25, 0, 0, 200, 0, 0, 0, 0, 0, 0, 0, 2));
      assert.equal(rig.report().state, DelegationState.done);
      assert.equal(rig.board.counters.statementsMalformed, 1);
      rig.state(Uint8Array.of(27, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0));
      assert.equal(rig.board.counters.statementsUnknown, 1);
    });
  });

  describe('report', () => {
    it('comes at the interval while sending, not for every segment', () => {
      const rig = connected();
      rig.disk.slowness = 20;
      rig.state(readCommand(), ackDown({ granted: FILE.length }));
      const from = rig.nowUs;
      while (rig.stream().length < FILE.length) rig.run(MS);
      const elapsedMs = (rig.nowUs - from) / MS;
      assert.ok(rig.reports.length <= elapsedMs / 2 + 4, `${rig.reports.length} reports in ${elapsedMs} ms`);
      assert.ok(rig.reports.length >= elapsedMs / 4);
      const sent = rig.reports.map(({ sentUpTo }) => sentUpTo);
      assert.deepEqual(
        sent,
        [...sent].sort((a, b) => a - b),
        'never goes back',
      );
    });

    it('says how long ago the last byte was sent', () => {
      const rig = reading({}, { granted: 1460 });
      rig.run(50 * MS);
      rig.clear();
      rig.state(readCommand());
      const { ageUs } = rig.report();
      assert.ok(ageUs >= 50 * MS && ageUs <= 52 * MS, `${ageUs} µs`);
    });

    it('follows the last byte of the credit within the interval', () => {
      const rig = reading({}, { granted: 1460 });
      rig.run(3 * MS);
      assert.equal(rig.report().sentUpTo, 1460);
    });
  });
});
