/** Who is listened to: forged, recorded and repeated frames, epochs, keys. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BackEnds } from '../../../src/front-end/delegation/back-ends.js';
import { checkTiming, DEFAULT_TIMING } from '../../../src/front-end/delegation/limits.js';
import { FrameAuthenticator } from '../../../src/wire/atcp/authentication.js';
import { ATCP_HEADER_BYTES, AtcpKey, AtcpType, atcpEpoch, emitAtcp } from '../../../src/wire/atcp/header.js';
import { CardState } from '../../../src/wire/atcp/session.js';
import { EtherType } from '../../../src/wire/ethernet.js';
import type { FakeBoard } from './fake-board.js';
import { Download, dropFirst, FRONT_END_EPOCH, type FrameNote, isHeartbeat, World } from './world.js';

const BODY = 14 + ATCP_HEADER_BYTES;

function isType(type: AtcpType): (note: FrameNote) => boolean {
  return (note) => note.type === type;
}

function recorded(world: World, type: AtcpType): Uint8Array {
  return world.notes.find(isType(type))!.frame.slice();
}

describe('front-end/delegation: finding boards', () => {
  it('asks everybody, with back-off, as long as a provisioned board is missing', () => {
    const world = new World(2);
    world.boards[1]!.powered = false;
    world.run(5_000);
    const asked = world.notes.filter(
      (note) => note.type === AtcpType.discover && note.board === world.boards[0],
    );
    assert.ok(asked.length >= 8 && asked.length <= 12, `${asked.length} discovers in 5 s`);
    for (const { frame } of asked) {
      assert.ok(
        frame.subarray(0, 6).every((byte) => byte === 0xff),
        'broadcast',
      );
      assert.equal(frame.length, 14 + 48);
      assert.equal(atcpEpoch(frame, 14), FRONT_END_EPOCH);
    }
    const nonces = new Set(
      asked.map(({ frame }) => Buffer.from(frame.subarray(BODY, BODY + 16)).toString('hex')),
    );
    assert.equal(nonces.size, asked.length, 'each with a nonce of its own');
    assert.deepEqual(
      world.backEnds.boards.map(({ state }) => state),
      ['alive', 'unknown'],
    );
    assert.equal(world.counters.sessionsOpened, 1, 'further announces change nothing');
    world.boards[1]!.powered = true;
    world.run(1_100);
    assert.equal(world.backEnds.boards[1]!.state, 'alive');
  });

  it('is quiet once all are there, but for a word a second', () => {
    const world = new World(3).start();
    const before = world.notes.filter((note) => note.direction === 'down').length;
    world.run(10_000);
    const said = world.notes.filter((note) => note.direction === 'down').slice(before);
    assert.ok(said.every((note) => note.type === AtcpType.statements && note.kinds.length === 0));
    assert.ok(said.length >= 27 && said.length <= 30, `${said.length}`);
  });

  it('learns address, slots and card from the announce, the rest from heartbeats', () => {
    const world = new World(1);
    world.boards[0]!.cardState = CardState.opening;
    world.start();
    const board = world.backEnds.boards[0]!;
    assert.deepEqual([...board.macAddress], [...world.boards[0]!.macAddress]);
    assert.equal(board.slots, 16);
    assert.equal(board.available, false, 'its card is not ready');
    let available = false;
    void world.backEnds.whenAvailable().then(() => (available = true));
    world.boards[0]!.cardState = CardState.ready;
    world.run(300);
    assert.equal(board.available, true);
    return world.settle().then(() => assert.equal(available, true));
  });

  it('follows a hint after boot at once', () => {
    const world = new World(1);
    world.boards[0]!.powered = false;
    world.run(3_000);
    world.boards[0]!.reboot();
    world.run(5);
    assert.equal(world.backEnds.boards[0]!.state, 'alive');
    assert.equal(world.counters.announceHints, 1);
  });

  it('a hint puts right a MAC address that came spoilt with an announce', () => {
    const world = new World(1).start();
    const [fake] = world.boards;
    const board = world.backEnds.boards[0]!;
    // The tag covers the message, not the Ethernet header in front of it.
    world.fault = (note) => {
      if (note.type === AtcpType.announce && note.direction === 'up') note.frame[7]! ^= 0x04;
      return undefined;
    };
    const hint = (): void => fake!.announce(new Uint8Array(6).fill(0xff), new Uint8Array(16));
    hint();
    world.run(20);
    assert.notDeepEqual([...board.macAddress], [...fake!.macAddress]);
    assert.equal(board.state, 'alive');
    world.fault = () => undefined;
    world.run(500);
    hint();
    world.run(20);
    assert.deepEqual([...board.macAddress], [...fake!.macAddress]);
    assert.equal(world.counters.announcesAccepted, 3);
  });

  it('starts over when opening leads nowhere', () => {
    const world = new World(1);
    world.fault = dropFirst(5, isType(AtcpType.sessionAccept));
    world.run(4_000);
    assert.equal(world.backEnds.boards[0]!.state, 'alive');
    assert.equal(world.counters.sessionsOpened, 1);
  });
});

describe('front-end/delegation: forged and recorded frames', () => {
  it('a recorded announce is worth nothing', () => {
    const world = new World(1).start();
    const announce = recorded(world, AtcpType.announce);
    announce.set([2, 0xba, 0xdd, 0, 0, 1], 6);
    world.deliver(announce);
    assert.equal(world.counters.announcesStale, 1);
    world.boards[0]!.powered = false;
    world.run(2_500);
    assert.equal(world.backEnds.boards[0]!.state, 'lost');
    world.deliver(announce);
    assert.equal(world.backEnds.boards[0]!.state, 'lost');
    assert.notEqual(world.backEnds.boards[0]!.macAddress[1], 0xba);
  });

  it('one announce answers one discover, however often it comes', () => {
    const world = new World(1);
    world.fault = (note) => (note.type === AtcpType.announce ? [0, 10, 20] : undefined);
    world.start();
    assert.equal(world.counters.announcesAccepted, 1);
    assert.equal(world.counters.announcesStale, 2);
    assert.equal(world.counters.sessionsOpened, 1);
  });

  it('a hint can be recorded, too, and makes the front-end ask, no more', () => {
    const world = new World(1).start();
    world.boards[0]!.reboot();
    world.run(20);
    const hint = world.notes
      .filter(isType(AtcpType.announce))
      .find(({ frame }) => frame[0] === 0xff)!
      .frame.slice();
    const opened = world.counters.sessionsOpened;
    for (let i = 0; i < 50; i++) {
      world.deliver(hint);
      world.run(10);
    }
    assert.equal(world.counters.sessionsOpened, opened);
    assert.ok(world.counters.discoversSent < 12, 'not more often than heartbeats come');
    assert.equal(world.backEnds.boards[0]!.state, 'alive');
  });

  it('recorded statements are refused, in their session and after it', () => {
    const world = new World(1).start();
    const download = new Download(world, { name: 'file', length: 1_000_000 }, 20_000);
    world.run(5);
    const heard = world.notes.filter((note) => note.direction === 'up' && note.type === AtcpType.statements);
    for (const { frame } of heard) world.deliver(frame);
    assert.equal(world.counters.framesReplayed, heard.length);
    world.boards[0]!.reboot();
    world.run(20);
    const bad = world.counters.framesBadTag;
    for (const { frame } of heard) world.deliver(frame);
    assert.equal(world.counters.framesBadTag, bad + heard.length);
    world.run(1_000);
    assert.equal(download.done, true);
  });

  it('a frame of the front-end, sent back to it, is none of a board', () => {
    const world = new World(1).start();
    new Download(world, { name: 'file', length: 1_000_000 }, 20_000);
    world.run(2);
    const before = world.counters.step120AcksChecked;
    for (const { frame } of world.notes.filter((note) => note.direction === 'down')) world.deliver(frame);
    assert.equal(world.counters.step120AcksChecked, before);
    assert.equal(world.counters.framesUnexpected, 1, 'sessionOpen');
    assert.equal(world.counters.framesUnknownBoard, 1, 'discover, which is to all');
    assert.ok(world.counters.framesBadTag >= 1, 'statements are under the key of the other direction');
  });

  it('a session key of another board opens nothing', () => {
    const world = new World(2).start();
    const [one, two] = world.boards as [FakeBoard, FakeBoard];
    const frame = new Uint8Array(60);
    emitAtcp(frame, 14, AtcpType.statements, AtcpKey.session, frame.length - 14, one.id, one.epoch, 500);
    new FrameAuthenticator().seal(frame, 14, two.session!.up);
    world.deliver(frame);
    assert.equal(world.counters.framesBadTag, 1);
  });

  it('a session frame that names another epoch is discarded', () => {
    const world = new World(1).start();
    const board = world.boards[0]!;
    const frame = new Uint8Array(60);
    emitAtcp(
      frame,
      14,
      AtcpType.statements,
      AtcpKey.session,
      ATCP_HEADER_BYTES,
      board.id,
      board.epoch + 1,
      500,
    );
    new FrameAuthenticator().seal(frame, 14, board.session!.up);
    world.deliver(frame);
    assert.equal(world.counters.framesWrongEpoch, 1);
  });

  it('noise, and boards that nobody provisioned, are counted and ignored', () => {
    const world = new World(1).start();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 14, maxLength: 200 }), (bytes) => world.deliver(bytes)),
      { numRuns: 500 },
    );
    const stranger = recorded(world, AtcpType.announce);
    stranger[14 + 11] = 99;
    world.deliver(stranger);
    assert.equal(world.counters.framesUnknownBoard >= 1, true);
    world.run(300);
    const bent = world.notes.find(isHeartbeat)!.frame.slice();
    bent[bent.length - 1]! ^= 1;
    world.deliver(bent);
    assert.ok(world.counters.framesBadTag >= 1);
    world.run(1_000);
    assert.equal(world.backEnds.boards[0]!.state, 'alive');
  });

  it('statements in an authentic frame may still be nonsense', () => {
    const world = new World(1).start();
    const board = world.boards[0]!;
    let sequence = 1_000;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(0, 25, 27, 29, 40, 41), (body, kind) => {
        const frame = new Uint8Array(Math.max(60, BODY + body.length));
        frame.set(body, BODY);
        if (body.length > 0) frame[BODY] = kind;
        emitAtcp(
          frame,
          14,
          AtcpType.statements,
          AtcpKey.session,
          ATCP_HEADER_BYTES + body.length,
          board.id,
          board.epoch,
          ++sequence,
        );
        new FrameAuthenticator().seal(frame, 14, board.session!.up);
        world.deliver(frame);
      }),
      { numRuns: 500 },
    );
    world.run(1_000);
    assert.equal(world.backEnds.boards[0]!.state, 'alive');
  });
});

describe('front-end/delegation: what it is made with', () => {
  const options = {
    macAddress: new Uint8Array(6),
    epoch: 1,
    entropy: { fill: () => {} },
    transmit: () => true,
    unixTimeMs: () => 0,
  };
  const key = new Uint8Array(16);

  it('refuses provisioning lists that can not be', () => {
    for (const provisioning of [
      [{ id: 0, key }],
      [{ id: 1.5, key }],
      [{ id: 2 ** 32, key }],
      [{ id: 1, key: new Uint8Array(15) }],
      [
        { id: 1, key },
        { id: 1, key },
      ],
    ])
      assert.throws(() => new BackEnds({ ...options, provisioning }), RangeError);
  });

  it('refuses timings that contradict each other', () => {
    checkTiming(DEFAULT_TIMING);
    for (const change of [
      { retryMs: 300 },
      { unansweredMs: 2_000 },
      { leaseMs: 900 },
      { leaseMs: 70_000 },
      { heartbeatMs: 600 },
      { boardLostMs: 600 },
      { stalledMs: 250 },
    ])
      assert.throws(() => new BackEnds({ ...options, provisioning: [], timing: change }), RangeError);
  });

  it('listens to the EtherType of the site', () => {
    assert.equal(new BackEnds({ ...options, provisioning: [] }).etherType, EtherType.atcp);
    assert.equal(new BackEnds({ ...options, provisioning: [], etherType: 0x88b6 }).etherType, 0x88b6);
  });

  it('delegates only to streams of its own front-end', () => {
    const backEnds = new BackEnds({ ...options, provisioning: [] });
    const stranger = { write: () => true } as never;
    assert.throws(() => backEnds.delegate(stranger, { name: 'x', length: 1 }), TypeError);
  });
});
