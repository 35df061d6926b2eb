/** Frames under the right key that nobody in his right mind would send: a thief of the key, or a front-end gone mad. */
import assert from 'node:assert/strict';
import { DelegationState, Reason, ackUpReason, ackUpState } from '../../src/wire/atcp/ack-up.js';
import { commandCounter, StatementKind, statementKind } from '../../src/wire/atcp/statements.js';
import { etherType, EtherType } from '../../src/wire/ethernet.js';
import { ackDown, bareCommand, readCommand, template, watermark } from '../back-end/support/statements.js';
import { seededRandom } from '../front-end/auto-client.js';
import { Eavesdropper, statementsOf } from './eavesdropper.js';
import { HonestTraffic, watch } from './honest-traffic.js';
import { siteCard } from './site-files.js';
import { World } from './world.js';

const VIP = Object.freeze([10, 0, 0, 1]);
/** Far from those that the front-end uses. */
const COUNTER = 0x4000_0000;

describe('hostile: frames under the right key', function () {
  this.timeout(60_000);
  let world: World;
  let eavesdropper: Eavesdropper;
  /** Source address and port of every pseudo packet that a board has sent. */
  let spokenFor: Set<string>;

  beforeEach(async () => {
    world = new World({ cards: [await siteCard()] });
    eavesdropper = new Eavesdropper(world);
    spokenFor = new Set();
    const before = world.tap;
    world.tap = (from, to, frame) => {
      before(from, to, frame);
      if (typeof from === 'number' && etherType(frame, 0) === EtherType.ipv4)
        spokenFor.add(`${[...frame.subarray(26, 30)].join('.')}:${frame[34]! * 256 + frame[35]!}`);
    };
    await world.start();
  });
  afterEach(() => world.close());

  /** The last thing that the board said about a command. */
  function answer(counter: number): { state: number; reason: number } | undefined {
    const reports = eavesdropper.overheard
      .filter(({ from }) => from === 1)
      .flatMap(({ frame }) => statementsOf(frame))
      .filter((b) => statementKind(b, 0) === StatementKind.ackUp && commandCounter(b, 0) === counter);
    const last = reports.find((b) => ackUpState(b, 0) === DelegationState.failed) ?? reports.at(-1);
    return last === undefined ? undefined : { state: ackUpState(last, 0), reason: ackUpReason(last, 0) };
  }

  async function say(...statements: Uint8Array[]): Promise<void> {
    world.inject(1, eavesdropper.authentic(world.boards[0]!, ...statements));
    await world.run(2);
  }

  const forbidden: [string, Parameters<typeof template>[0]][] = [
    ['another address', { source: [10, 0, 0, 2], sourcePort: 80 }],
    ['the address with another port', { source: VIP, sourcePort: 443 }],
    ['port 0', { source: VIP, sourcePort: 0 }],
    ['the broadcast address', { source: [255, 255, 255, 255], sourcePort: 80 }],
    ['an IPv6 address', { source: [0xfd, ...new Array<number>(14).fill(0), 1], sourcePort: 80 }],
    ['a tagged VLAN and another address', { source: [10, 0, 0, 9], sourcePort: 80, vlan: 5 }],
    ['UDP from another port', { source: VIP, sourcePort: 53, udp: true }],
  ];

  it('a board sends from no address and port that it was not provisioned for', async () => {
    const { epoch } = world.backEnds;
    const firmware = watch(world.boards[0]!.board.counters);
    const honest = new HonestTraffic(world);
    for (const [i, [what, options]] of forbidden.entries()) {
      const counter = COUNTER + i;
      const headers = template({
        destination: options?.source?.length === 16 ? new Array<number>(16).fill(1) : [10, 0, 0, 9],
        ...options,
      });
      await say(
        readCommand({ epoch, counter, name: 'medium.bin', template: headers, segmentBytes: 1400 }),
        ackDown({ epoch, counter, granted: 50_000 }),
      );
      assert.deepEqual(
        answer(counter),
        { state: DelegationState.failed, reason: Reason.forbiddenSource },
        what,
      );
    }
    assert.equal(firmware('commandRefused'), forbidden.length);
    await honest.finish();
    assert.deepEqual([...spokenFor], ['10.0.0.1:80']);
    await world.assertEmpty();
  });

  it('… nor when the address is changed in the middle', async () => {
    const { epoch } = world.backEnds;
    const right = template({ source: VIP, destination: [10, 0, 0, 200] });
    const wrong = template({ source: [10, 0, 0, 77], destination: [10, 0, 0, 200] });
    await say(
      readCommand({ epoch, counter: COUNTER, name: 'medium.bin', template: right }),
      ackDown({ epoch, counter: COUNTER, granted: 1460, template: wrong.bytes, templateVersion: 1 }),
    );
    assert.deepEqual(answer(COUNTER), { state: DelegationState.failed, reason: Reason.forbiddenSource });
    await new HonestTraffic(world).finish();
    assert.deepEqual([...spokenFor], ['10.0.0.1:80']);
    await world.assertEmpty();
  });

  it('commands of a front-end that never was get badCommand and no slot', async () => {
    const epoch = world.backEnds.epoch + 1;
    const headers = template({ source: VIP });
    await say(readCommand({ epoch, counter: 1, name: 'medium.bin', template: headers }));
    assert.equal(world.boards[0]!.board.slotsUsed, 0);
    assert.deepEqual(answer(1), { state: DelegationState.failed, reason: Reason.badCommand });
    assert.equal(world.backEnds.counters.step121AcksDiscarded, 1);
  });

  it('delegations that the front-end knows nothing of are released, and honest clients get their slots', async () => {
    const { epoch } = world.backEnds;
    const link = watch(world.backEnds.counters);
    const honest = new HonestTraffic(world);
    for (let i = 0; i < 64; i++) {
      const counter = COUNTER + i;
      const headers = template({ source: VIP, destination: [10, 0, 0, 200], destinationPort: 5000 + i });
      await say(
        readCommand({ epoch, counter, name: 'large.bin', template: headers }),
        ackDown({ epoch, counter, granted: 10_000, leaseMs: 65_535 }),
      );
    }
    await honest.finish();
    assert.ok(link('step121AcksDiscarded') >= 64, 'each one is discarded and counted');
    // The lease would last for more than a minute.
    await world.run(1_000);
    assert.equal(world.boards[0]!.board.slotsUsed, 0);
    await world.assertEmpty();
  });

  it('a watermark above everything ends what is under way, and the front-end goes on elsewhere or again', async () => {
    const { epoch } = world.backEnds;
    const honest = new HonestTraffic(world);
    await world.run(3);
    // Counters start anew with the next session's epoch only, so this one stays below what will come.
    const next = Math.max(...world.backEnds.commandStatus().map(({ command }) => command), 1);
    await say(watermark(next, epoch));
    await honest.finish();
    await world.assertEmpty();
  });

  it('any bytes as statements', async () => {
    const { epoch } = world.backEnds;
    const random = seededRandom(11);
    const { counters } = world.boards[0]!.board;
    const moved = watch(counters);
    const honest = new HonestTraffic(world);
    for (let i = 0; i < 1_500; i++) {
      const b = new Uint8Array(12 + 4 * Math.floor(random() * 60));
      for (let at = 0; at < b.length; at++) b[at] = random() * 256;
      // A kind that boards read, a length that fits more often than not, and an id of this epoch.
      b[0] = [25, 29, 27, 40, 77][i % 5]!;
      if (i % 7 !== 0) b.set([b.length >>> 8, b.length & 255], 2);
      new DataView(b.buffer).setUint32(4, epoch);
      new DataView(b.buffer).setUint32(8, COUNTER + (i % 40));
      if (i % 5 === 0 && b.length > 12) b.set([1 + (i % 4), 0, 14, 34], 12);
      world.inject(1, eavesdropper.authentic(world.boards[0]!, b));
      await world.run(0.1);
    }
    await honest.finish();
    assert.ok(moved('statementsMalformed') > 100);
    assert.ok(moved('statementsUnknown') > 500);
    assert.ok(moved('ackDiscarded131') > 100);
    assert.ok(moved('commandRefused') + moved('delegationReleased') > 50);
    assert.equal(counters.anomalies, 0);
    assert.deepEqual([...spokenFor], ['10.0.0.1:80']);
    await world.assertEmpty();
  });

  it('a release of what honest clients are getting costs them nothing but time', async () => {
    const { epoch } = world.backEnds;
    const honest = new HonestTraffic(world);
    let released = 0;
    for (let i = 0; i < 20; i++) {
      // A board that has forgotten a delegation is left in peace for a moment.
      await world.run(i === 0 ? 1 : 35);
      for (const { command, opcode } of world.backEnds.commandStatus()) {
        if (opcode !== 'read') continue;
        await say(
          i % 2 === 0
            ? bareCommand(3, command, epoch)
            : ackDown({ epoch, counter: command, version: 0x7fff_ffff, flags: 1 }),
        );
        released++;
      }
    }
    assert.ok(released > 5, `${released} delegations released behind the front-end's back`);
    await honest.finish();
    await world.assertEmpty();
  });
});
