/** ATCP frames that are damaged, made up or sealed with the wrong key, while honest clients download. */
import assert from 'node:assert/strict';
import { Direction } from '../../src/wire/atcp/authentication.js';
import { atcpLength, AtcpType } from '../../src/wire/atcp/header.js';
import { seededRandom } from '../front-end/auto-client.js';
import { HOST_MAC } from '../front-end/rig.js';
import { bareCommand } from '../back-end/support/statements.js';
import { Eavesdropper, KINDS, noncesOf, sessionKey, statementsOf, type Overheard } from './eavesdropper.js';
import { HonestTraffic, watch } from './honest-traffic.js';
import { siteCard } from './site-files.js';
import { World } from './world.js';

const HEADER = 14;
const FRAMES_AT_ONCE = 16;

interface Rig {
  readonly world: World;
  readonly eavesdropper: Eavesdropper;
}

/** How many frames one end has discarded, under whichever name. */
function discards({ world }: Rig, at: Overheard['to']): number {
  if (at === 1) {
    const board = world.boards[0]!.board.counters;
    return (
      board.framesForeign +
      board.framesMalformed +
      board.framesForged +
      board.framesReplayed +
      board.framesUnexpected
    );
  }
  const { counters } = world.host;
  const link = world.backEnds.counters;
  return (
    counters.framesTooShort +
    counters.framesForOthers +
    counters.framesOfOtherTypes +
    link.framesMalformed +
    link.framesUnknownBoard +
    link.framesBadTag +
    link.framesWrongEpoch +
    link.framesReplayed +
    link.framesUnexpected +
    link.announcesStale
  );
}

/** Behind the message; what follows is Ethernet's padding. */
function endOf(frame: Uint8Array): number {
  return HEADER + atcpLength(frame, HEADER);
}

describe('hostile: ATCP frames', function () {
  this.timeout(60_000);
  let rig: Rig;

  before(async () => {
    const world = new World({ cards: [await siteCard()] });
    const eavesdropper = new Eavesdropper(world);
    await world.start();
    // The front-end's second announcement of its address is no part of this.
    await world.run(2_500);
    rig = { world, eavesdropper };
  });
  after(() => rig.world.close());

  /** Injects frames, a few at a time, between the frames of honest traffic; all must be discarded and counted. */
  async function injectAll(to: Overheard['to'], frames: readonly Uint8Array[], accepted = 0): Promise<void> {
    const { world } = rig;
    const before = discards(rig, to);
    const honest = new HonestTraffic(world);
    for (let i = 0; i < frames.length; i += FRAMES_AT_ONCE) {
      for (const frame of frames.slice(i, i + FRAMES_AT_ONCE)) world.inject(to, frame);
      await world.run(0.05);
    }
    await honest.finish();
    assert.equal(
      discards(rig, to) - before,
      frames.length - accepted,
      'each one is discarded and counted once',
    );
    const { counters } = world.boards[0]!.board;
    assert.equal(counters.anomalies, 0);
    await world.assertEmpty();
  }

  /** A frame of each kind that has just been on the wire. */
  async function overhear(kind: string): Promise<Overheard> {
    const { world, eavesdropper } = rig;
    await world.download('/small.bin').response();
    await world.run(300);
    for (const client of world.clients.values()) client.end();
    return eavesdropper.latest(kind);
  }

  for (const kind of Object.keys(KINDS)) {
    it(`every prefix of ${kind}`, async () => {
      const { to, frame } = await overhear(kind);
      // Without its padding a frame would be whole.
      const prefixes = Array.from({ length: endOf(frame) - 1 }, (_, i) => frame.subarray(0, i + 1));
      await injectAll(to, prefixes);
    });

    it(`every bit of ${kind} inverted`, async () => {
      const { to, frame } = await overhear(kind);
      const flipped = Array.from({ length: endOf(frame) * 8 }, (_, bit) => {
        const copy = frame.slice();
        copy[bit >> 3]! ^= 1 << (bit & 7);
        return copy;
      });
      if (kind !== 'discover' && kind !== 'sessionOpen') return injectAll(to, flipped);
      // Not authenticated, nor need it be: source MAC, key id, epoch, number, tag and nonce of a discover may be
      // anything; a session that is open is opened again whoever asks, to no effect.
      const { counters } = rig.world.boards[0]!.board;
      const moved = watch(counters);
      const harmless =
        kind === 'discover'
          ? [
              [6, 12],
              [17, 18],
              [26, 62],
            ]
          : [[6, 12]];
      // One bit makes a discover to all one to this very board.
      const named = kind === 'discover' ? 1 : 0;
      const accepted = harmless.reduce((sum, [from, end_]) => sum + (end_! - from!) * 8, named);
      await injectAll(1, flipped, accepted);
      assert.equal(moved('sessionsOpened'), 0);
    });
  }

  it('random bytes behind the right addresses and EtherType', async () => {
    const random = seededRandom(5);
    for (const to of [1, 'front-end'] as const) {
      const mac = to === 1 ? rig.world.boards[0]!.macAddress : HOST_MAC;
      const frames = Array.from({ length: 1_500 }, (_, i) => {
        const frame = new Uint8Array(60 + Math.floor(random() * 1454));
        for (let at = 0; at < frame.length; at++) frame[at] = random() * 256;
        frame.set(mac, 0);
        frame.set([0x88, 0xb5], 12);
        // Every second one gets past the first checks.
        if (i % 2 === 0) return frame;
        const bytes = 32 + Math.floor(random() * (frame.length - 46));
        frame.set([1, 2 + (i % 4), 1, i & 1, bytes >>> 8, bytes & 255, 0, 1, 0, 0, 0, 1], HEADER);
        return frame;
      });
      await injectAll(to, frames);
    }
  });

  it('right in all but the key', async () => {
    const { world, eavesdropper } = rig;
    const board = world.boards[0]!;
    const link = watch(world.backEnds.counters);
    const firmware = watch(board.board.counters);
    const otherKey = new Uint8Array(16).fill(0x77);
    const { frame: accept } = eavesdropper.latest('sessionAccept');
    const [f, b] = noncesOf(accept);
    const wrongDown = sessionKey(otherKey, Direction.down, f, b);
    const wrongUp = sessionKey(otherKey, Direction.up, f, b);
    const command = bareCommand(3, 1, world.backEnds.epoch);
    const [heartbeat] = statementsOf(eavesdropper.latest('heartbeat').frame);
    const open = new Uint8Array(36);
    open.set(f, 0);
    open.set(b, 16);
    const forge = eavesdropper.forge.bind(eavesdropper);
    await injectAll(1, [
      forge(AtcpType.statements, board, Direction.down, command, wrongDown),
      forge(AtcpType.statements, board, Direction.down, command, board.key),
      forge(AtcpType.sessionOpen, board, Direction.down, open, wrongDown),
    ]);
    assert.equal(firmware('framesForged'), 3);
    const fields = { epoch: world.backEnds.boards[0]!.epoch! };
    await injectAll('front-end', [
      forge(AtcpType.statements, board, Direction.up, heartbeat!, wrongUp, fields),
      forge(AtcpType.statements, board, Direction.up, heartbeat!, board.key, fields),
      forge(
        AtcpType.announce,
        board,
        Direction.up,
        eavesdropper.latest('announce').frame.slice(46, 126),
        otherKey,
        fields,
      ),
    ]);
    assert.equal(link('framesBadTag'), 3);
  });

  it('an answer to the question that was just asked, under a wrong key', async () => {
    const { world, eavesdropper } = rig;
    const board = world.boards[0]!;
    const link = watch(world.backEnds.counters);
    // The board is away, so that the front-end asks.
    board.powerOff();
    await world.run(2_500);
    const { frame: discover } = eavesdropper.latest('discover');
    const body = eavesdropper.latest('announce').frame.slice(46, 126);
    body.set(discover.subarray(46, 62), 0);
    const wrong = eavesdropper.forge(AtcpType.announce, board, Direction.up, body, new Uint8Array(16), {
      epoch: 9,
    });
    const before = link('framesBadTag');
    world.inject('front-end', wrong);
    await world.run(100);
    assert.equal(link('framesBadTag') - before, 1);
    assert.equal(link('announcesAccepted'), 0);
    assert.equal(world.backEnds.boards[0]!.state, 'lost');
    board.reboot(world.nowUs);
    await world.until(() => world.backEnds.boards[0]!.available, 2_000);
    await new HonestTraffic(world).finish();
    await world.assertEmpty();
  });
});
