/** Whatever arrives, the board does not throw, and sends nothing that it may not send. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AckDownFlag } from '../../src/wire/atcp/ack-down.js';
import { DelegationState } from '../../src/wire/atcp/ack-up.js';
import { CommandFlag, Opcode, RelayFlag, RelayMethod, RelayRange } from '../../src/wire/atcp/command.js';
import { TcpFlag } from '../../src/wire/tcp.js';
import { Rig } from './support/rig.js';
import {
  ackDown,
  bareCommand,
  readCommand,
  listCommand,
  relayCommand,
  type RelayOptions,
  statCommand,
  template,
  watermark,
} from './support/statements.js';
import { pattern, volumeImage } from './support/volume-image.js';

const FILE = pattern(40_000, 9);
const FIRST_PORT = 40_000;
const GRACE_US = 2_000_000;

/** Requests that are relayed under even counters; odd ones read the file. */
const REQUESTS: readonly (readonly [name: string, options: RelayOptions])[] = [
  ['file', {}],
  ['file', { range: [RelayRange.bytes, 4000, 9000] }],
  ['nothing', {}],
  ['file', { range: [RelayRange.suffix, 5, 0], flags: RelayFlag.close }],
  ['file', { flags: RelayFlag.ifNoneMatch | RelayFlag.ifNoneMatchAny }],
  ['file', { range: [RelayRange.bytes, 70_000, 80_000] }],
  ['file', { method: RelayMethod.head }],
  ['file', { flags: RelayFlag.ifMatch, match: [new Uint8Array(16)], segmentBytes: 300 }],
];

const anyFrame = fc.oneof(
  fc.uint8Array({ maxLength: 1600 }),
  // An Ethernet header and an ATCP header that pass the first checks, and then anything.
  fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.uint8Array({ maxLength: 1468 }), fc.nat(0xffff))
    .map(([type, body, length]) => {
      const frame = new Uint8Array(46 + body.length);
      frame.fill(0xff, 0, 6);
      frame.set([0x88, 0xb5, 1, type, type === 1 ? 0 : 1, 1], 12);
      const bytes = length % 3 === 0 ? length : 32 + body.length;
      frame.set([bytes >>> 8, bytes & 255, 0, 1, 0, 0, 0, 7], 18);
      frame.set(body, 46);
      return frame;
    }),
);

/** Bytes of statements that are sealed by the front-end, yet were not made by one. */
const anyStatement = fc
  .tuple(
    fc.constantFrom(25, 27, 29, 40, 41, 42, 77),
    fc.nat(255),
    fc.constantFrom(300, 301, 900),
    fc.uint8Array({ maxLength: 200 }),
  )
  .map(([kind, flags, counter, rest]) => {
    const length = 12 + (rest.length & ~3);
    const b = new Uint8Array(length);
    b.set([kind, flags, length >>> 8, length & 255, 0x0e, 0, 0, 1, 0, 0, counter >>> 8, counter & 255]);
    b.set(rest.subarray(0, rest.length & ~3), 12);
    return b;
  });

const offset = fc.oneof(fc.nat(FILE.length + 100), fc.constantFrom(0, 1460, 2920, FILE.length, 2 ** 33));

const action = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant('command' as const), flags: fc.nat(15) }) },
  {
    weight: 10,
    arbitrary: fc.record({
      what: fc.constant('ack' as const),
      versionStep: fc.constantFrom(-1, 0, 1, 1, 1, 1, 2),
      acknowledged: offset,
      credit: fc.oneof(fc.nat(20_000), fc.constantFrom(0, 1460, 50_000)),
      leaseMs: fc.constantFrom(0, 2, 10, 1000, 60_000, 60_000),
      flags: fc.constantFrom(0, 0, 0, 0, 0, AckDownFlag.hold),
      resend: fc.array(fc.tuple(fc.nat(12), offset, offset), { maxLength: 8 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constantFrom('release' as const, 'watermark' as const, 'stat' as const, 'list' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('sealed' as const),
      statements: fc.array(anyStatement, { maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('frame' as const), frame: anyFrame }) },
);

const step = fc.record({
  counter: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 3 }) },
    fc.integer({ min: 1, max: 11 }),
  ),
  action,
  room: fc.constantFrom(0, 1, 2, Infinity, Infinity, Infinity),
  pauseUs: fc.constantFrom(10, 500, 500, 3000, 3000, 3000, 10_000, 30_000, 4_000_000),
});

/** What the board may do for one command, by the latest statement that was made. */
interface Permit {
  version: number;
  granted: number;
  leaseEndUs: number;
  hold: boolean;
  resend: readonly (readonly [number, number, number])[];
  everGranted: number;
  /** Its command was made: statements from then on count. At most 16 are, so none is busy. */
  commanded: boolean;
  over: boolean;
}

function permit(): Permit {
  return {
    version: 0,
    granted: 0,
    leaseEndUs: 0,
    hold: false,
    resend: [],
    everGranted: 0,
    commanded: false,
    over: false,
  };
}

describe('firmware under fuzz', () => {
  let image: Uint8Array;
  /** What is sent for each of the requests, when everything is granted at once. */
  let replies: readonly Uint8Array[];

  before(async () => {
    image = await volumeImage(
      new Map([
        ['file', FILE],
        ['directory/a', FILE],
      ]),
    );
    replies = REQUESTS.map(([name, options]) => {
      const rig = new Rig(image);
      rig.connect(60_000);
      rig.state(relayCommand(name, options), ackDown({ granted: 2 * FILE.length }));
      rig.run(50_000);
      return rig.stream();
    });
  });

  it('survives any frame, before and in a session, and sends nothing to a client', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 20 }), fc.boolean(), (frames, inSession) => {
        const rig = new Rig(image, { stepUs: 100 });
        if (inSession) rig.connect();
        for (const frame of frames) rig.send(frame, 300);
        assert.equal(rig.segments.length, 0);
        assert.equal(rig.board.slotsUsed, 0);
      }),
      { numRuns: 150 },
    );
  });

  it('survives any bit of a valid frame being flipped, and acts on none of them', () => {
    const rig = new Rig(image, { stepUs: 100 });
    rig.connect();
    const valid = rig.frontEnd.statements(readCommand(), ackDown({ granted: 1460 }));
    for (let bit = 0; bit < 8 * (valid.length - 14); bit++) {
      const frame = valid.slice();
      frame[14 + (bit >>> 3)]! ^= 1 << (bit & 7);
      rig.send(frame, 50);
    }
    assert.equal(rig.segments.length, 0);
    assert.equal(rig.board.slotsUsed, 0);
    rig.send(valid, 2000);
    assert.equal(rig.segments.length, 1);
  });

  it('makes of any relayed request one reply, whoever sends it and from wherever', () => {
    const number = fc.oneof(
      fc.nat(50_000),
      fc.constantFrom(0, 4095, 4096, 2 ** 40, 2 ** 52, 2 ** 52 + 1, -1),
    );
    const tags = fc.array(fc.constantFrom(new Uint8Array(16), new Uint8Array(16).fill(7)), { maxLength: 4 });
    const request = fc.record({
      method: fc.nat(3),
      flags: fc.nat(31),
      range: fc.tuple(fc.nat(3), number, number),
      modifiedSince: number,
      unmodifiedSince: fc.oneof(fc.constant(-1), number),
      ifRange: fc.tuple(fc.nat(4), number),
      match: tags,
      noneMatch: tags,
      expect: fc.constantFrom(0, 0, 0, 1, 2, 3),
      dateMs: number,
    });
    const sent = (rig: Rig, name: string, options: RelayOptions): Uint8Array => {
      rig.clear();
      const { counter = 1, firstOffset = 0 } = options;
      const granted = 2 * FILE.length;
      rig.state(
        relayCommand(name, options),
        ackDown({ counter, acknowledged: firstOffset, granted, leaseMs: 60_000 }),
      );
      rig.run(60_000);
      return rig.stream();
    };
    fc.assert(
      fc.property(
        request,
        fc.constantFrom('file', 'nothing', 'directory'),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 1460 }),
        (options, name, share, segmentBytes) => {
          const [first, second] = [new Rig(image), new Rig(image)];
          for (const rig of [first, second]) rig.connect(60_000);
          const whole = sent(first, name, options);
          const { total, state } = first.report();
          if (state === DelegationState.failed) {
            assert.equal(first.segments.length, 0);
            return;
          }
          assert.equal(whole.length, total);
          const text = Buffer.from(whole).toString('latin1');
          const end = text.indexOf('\r\n\r\n') + 4;
          const head = text.slice(0, end);
          assert.match(head, /^HTTP\/1\.1 (?:200|206|301|304|404|412|416) [\x20-\x7e\r\n]+$/);
          const length = Number(/\r\nContent-Length: (?<bytes>\d+)\r\n/.exec(head)?.groups!['bytes'] ?? 0);
          assert.equal(total - end, options.method === RelayMethod.head ? 0 : length);
          // Another board, with another past, goes on somewhere, in other segments.
          sent(second, 'file', { counter: 2 });
          const firstOffset = Math.floor(share * total);
          const rest = sent(second, name, { ...options, counter: 3, firstOffset, segmentBytes });
          assert.equal(Buffer.compare(rest.slice(firstOffset), whole.slice(firstOffset)), 0);
        },
      ),
      { numRuns: 100 },
    );
  }).timeout(60_000);

  it('never sends beyond credit, lease or hold, nor a byte that is not the object’s', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 20, maxLength: 80 }),
        fc.nat(0xffff_ffff),
        fc.nat(REQUESTS.length - 1),
        (steps, startSequence, shift) => {
          const requestOf = (counter: number): number => (shift + counter / 2) % REQUESTS.length;
          const spanOf = (counter: number): Uint8Array =>
            counter % 2 === 0 ? replies[requestOf(counter)]! : FILE;
          const rig = new Rig(image, { stepUs: 200 });
          rig.connect(60_000);
          const permits = new Map<number, Permit>();
          let checked = 0;
          let heard = 0;
          const named = new Map<number, number>();

          const check = (): void => {
            for (; heard < rig.messages.length; heard++)
              for (const { counter, total } of rig.messages[heard]!.reports)
                if (total >= 0) named.set(counter, total);
            for (; checked < rig.segments.length; checked++) {
              const segment = rig.segments[checked]!;
              const counter = segment.frame[36]! * 256 + segment.frame[37]! - FIRST_PORT;
              const may = permits.get(counter);
              assert.ok(may !== undefined && !may.over && !may.hold, `command ${counter} may not send`);
              assert.ok(rig.nowUs < may.leaseEndUs, 'lease');
              const from = (segment.sequence - startSequence) >>> 0;
              const to = from + segment.payload.length;
              const isNew = to <= may.granted;
              const isAgain = may.resend.some(([, a, b]) => from >= a && to <= b) && to <= may.everGranted;
              assert.ok(isNew || isAgain, `${from} … ${to}, granted ${may.granted}`);
              const span = spanOf(counter);
              assert.equal(named.get(counter), span.length, 'the total is named first');
              assert.deepEqual(segment.payload, span.slice(from, to));
              const last = (segment.flags & (TcpFlag.fin | TcpFlag.psh)) !== 0;
              assert.ok(!last || to === span.length);
            }
          };

          const settle = (us: number): void => {
            const endUs = rig.nowUs + us;
            while (rig.nowUs <= endUs) {
              const nextUs = rig.step();
              check();
              rig.nowUs = Math.min(Math.max(nextUs, rig.nowUs + 200), Math.max(endUs, rig.nowUs + 200));
            }
          };

          for (const { counter, action, room, pauseUs } of steps) {
            rig.nic.room = room;
            const may = permits.get(counter) ?? permit();
            permits.set(counter, may);
            const headers = template({ destinationPort: FIRST_PORT + counter });
            switch (action.what) {
              case 'command': {
                may.commanded = true;
                const flags = action.flags & (CommandFlag.fin | CommandFlag.psh | CommandFlag.restartable);
                const common = { counter, template: headers, startSequence };
                const [name, request] = REQUESTS[requestOf(counter & ~1)]!;
                rig.nic.arrived.push(
                  rig.frontEnd.statements(
                    counter % 2 === 0
                      ? relayCommand(name, { ...request, ...common, commandFlags: flags | CommandFlag.open })
                      : readCommand({ ...common, flags }),
                  ),
                );
                break;
              }
              case 'ack': {
                const version = Math.max(0, may.version + action.versionStep);
                const { acknowledged, leaseMs, flags } = action;
                const granted = acknowledged + action.credit;
                const resend = action.resend.map(
                  ([generation, a, b]) =>
                    [
                      generation,
                      Math.max(acknowledged, Math.min(a, b)),
                      Math.max(acknowledged, a, b),
                    ] as const,
                );
                rig.nic.arrived.push(
                  rig.frontEnd.statements(
                    ackDown({ counter, version, acknowledged, granted, leaseMs, flags, resend }),
                  ),
                );
                // A statement before its command, or about more than there is, permits nothing and forbids nothing.
                if (may.commanded && version > may.version && acknowledged <= spanOf(counter).length) {
                  may.version = version;
                  may.granted = granted;
                  may.everGranted = Math.max(may.everGranted, granted);
                  may.leaseEndUs = rig.nowUs + leaseMs * 1000 + 200;
                  may.hold = flags !== 0;
                  may.resend = resend;
                }
                break;
              }
              case 'release':
                rig.nic.arrived.push(rig.frontEnd.statements(bareCommand(Opcode.release, counter)));
                may.over = true;
                break;
              case 'watermark':
                rig.nic.arrived.push(rig.frontEnd.statements(watermark(counter)));
                for (let i = 1; i <= counter; i++)
                  permits.set(i, { ...(permits.get(i) ?? permit()), over: true });
                break;
              case 'stat':
                rig.nic.arrived.push(rig.frontEnd.statements(statCommand('file', 100 + (counter & 1))));
                break;
              case 'list':
                rig.nic.arrived.push(
                  rig.frontEnd.statements(
                    listCommand('', { counter: 102 + (counter & 1), cursor: counter >> 1 }),
                  ),
                );
                break;
              case 'sealed':
                rig.nic.arrived.push(
                  rig.frontEnd.statements(...action.statements.filter((each) => !isWatermark(each))),
                );
                break;
              case 'frame':
                rig.nic.arrived.push(action.frame);
                break;
            }
            settle(pauseUs);
            assert.ok(rig.board.memory.lent <= rig.board.memory.buffers);
          }
          rig.nic.room = Infinity;
          settle(60_000_000 + GRACE_US + 1_000_000);
          assert.equal(rig.board.slotsUsed, 0, 'everything was forgotten at last');
          assert.equal(rig.board.memory.lent, 0);
          assert.equal(rig.board.counters.anomalies, 0);

          // And the board still works.
          const fresh = 0x1000;
          rig.clear();
          rig.state(readCommand({ counter: fresh }), ackDown({ counter: fresh, granted: FILE.length }));
          rig.run(100_000);
          assert.deepEqual(rig.stream(), FILE);
        },
      ),
      { numRuns: 120 },
    );
  }).timeout(60_000);
});

/** A watermark of made-up bytes would end the commands that the test keeps account of. */
function isWatermark(b: Uint8Array): boolean {
  return b[0] === 42;
}
