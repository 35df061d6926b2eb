/** Whatever arrives, the board does not throw, and sends nothing that it may not send. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AckDownFlag } from '../../src/wire/atcp/ack-down.js';
import { CommandFlag, Opcode } from '../../src/wire/atcp/command.js';
import { TcpFlag } from '../../src/wire/tcp.js';
import { Rig } from './support/rig.js';
import {
  ackDown,
  bareCommand,
  readCommand,
  listCommand,
  statCommand,
  template,
  watermark,
} from './support/statements.js';
import { pattern, volumeImage } from './support/volume-image.js';

const FILE = pattern(40_000, 9);
const FIRST_PORT = 40_000;
const GRACE_US = 2_000_000;

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
  { weight: 3, arbitrary: fc.record({ what: fc.constant('read' as const), flags: fc.nat(15) }) },
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

  before(async () => {
    image = await volumeImage(new Map([['file', FILE]]));
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

  it('never sends beyond credit, lease or hold, nor a byte that is not the object’s', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 20, maxLength: 80 }),
        fc.nat(0xffff_ffff),
        (steps, startSequence) => {
          const rig = new Rig(image, { stepUs: 200 });
          rig.connect(60_000);
          const permits = new Map<number, Permit>();
          let checked = 0;

          const check = (): void => {
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
              assert.deepEqual(segment.payload, FILE.slice(from, to));
              const last = (segment.flags & (TcpFlag.fin | TcpFlag.psh)) !== 0;
              assert.ok(!last || to === FILE.length);
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
              case 'read':
                may.commanded = true;
                rig.nic.arrived.push(
                  rig.frontEnd.statements(
                    readCommand({
                      counter,
                      template: headers,
                      startSequence,
                      flags: action.flags & (CommandFlag.fin | CommandFlag.psh | CommandFlag.restartable),
                    }),
                  ),
                );
                break;
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
                if (may.commanded && version > may.version && acknowledged <= FILE.length) {
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
