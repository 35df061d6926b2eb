/** Frames that were once right: said again, to whom they were meant for and to others; and floods of questions. */
import assert from 'node:assert/strict';
import { Direction } from '../../src/wire/atcp/authentication.js';
import { atcpType, AtcpType, emitAtcp } from '../../src/wire/atcp/header.js';
import { emitEthernet, EtherType } from '../../src/wire/ethernet.js';
import { HOST_MAC } from '../front-end/rig.js';
import { ATTACKER_MAC, Eavesdropper, noncesOf, readdressed, sessionKey } from './eavesdropper.js';
import { HonestTraffic, watch } from './honest-traffic.js';
import { siteCard } from './site-files.js';
import { World, type Port } from './world.js';

const BROADCAST = new Uint8Array(6).fill(0xff);

function isA(type: AtcpType): (frame: Uint8Array) => boolean {
  return (frame) => atcpType(frame, 14) === type;
}

function discoverFrom(source: Uint8Array, nonce: number, boardId = 0): Uint8Array {
  const frame = new Uint8Array(62);
  emitEthernet(frame, 0, BROADCAST, source, EtherType.atcp);
  emitAtcp(frame, 14, AtcpType.discover, 0, 48, boardId, 0xdead, 0);
  frame.fill(nonce, 46, 62);
  return frame;
}

describe('hostile: replay, reflection, floods', function () {
  this.timeout(60_000);
  let world: World;
  let eavesdropper: Eavesdropper;

  beforeEach(async () => {
    world = new World({ cards: [await siteCard(), await siteCard()] });
    eavesdropper = new Eavesdropper(world);
    await world.start();
    await world.run(2_500);
    const honest = new HonestTraffic(world);
    await world.run(60);
    await honest.finish(5);
    await world.assertEmpty();
  });
  afterEach(() => world.close());

  /** Everything is put on a port, frame by frame, while honest clients download; then nothing is left. */
  async function replay(to: Port, frames: readonly Uint8Array[]): Promise<void> {
    const honest = new HonestTraffic(world);
    for (const frame of frames) {
      world.inject(to, frame);
      await world.run(0.05);
    }
    await honest.finish();
    await world.assertEmpty();
  }

  /** What the front-end has said to the first board, to it alone. */
  function orders(): Uint8Array[] {
    return eavesdropper.sentTo(1).filter((frame) => frame[0] !== 0xff);
  }

  it('to the board, within the session', async () => {
    const frames = orders();
    const firmware = watch(world.boards[0]!.board.counters);
    await replay(1, frames);
    const statements = frames.filter(isA(AtcpType.statements)).length;
    assert.ok(statements > 20);
    assert.equal(firmware('framesReplayed'), statements);
    assert.equal(firmware('sessionsOpened'), 0);
  });

  it('to the front-end, within the session', async () => {
    const frames = eavesdropper.sentTo('front-end');
    const link = watch(world.backEnds.counters);
    await replay('front-end', frames);
    assert.equal(link('framesReplayed'), frames.filter(isA(AtcpType.statements)).length);
    assert.equal(link('framesUnexpected'), frames.filter(isA(AtcpType.sessionAccept)).length);
    assert.equal(link('announcesStale'), 2);
    assert.equal(link('sessionsOpened') + link('boardsRebooted'), 0);
  });

  it('to a board that has rebooted, before and after its new session', async () => {
    const [board] = world.boards;
    const old = orders();
    const opens = old.filter(isA(AtcpType.sessionOpen)).length;
    board!.reboot(world.nowUs);
    const { board: firmware } = board!;
    // The front-end is not heard: all that the board hears is the past.
    world.fault = (from, to) => (from === 'front-end' && to === 1 ? 'drop' : 0);
    for (const frame of old) world.inject(1, frame);
    await world.run(20);
    assert.equal(
      firmware.counters.framesUnexpected,
      old.length,
      'no session, and no nonce that is offered now',
    );
    assert.equal(firmware.counters.sessionsOpened, 0);
    world.fault = () => 0;
    await world.until(() => firmware.counters.sessionsOpened === 1, 5_000);
    const moved = watch(firmware.counters);
    await replay(1, old);
    assert.equal(moved('framesForged'), old.length - opens);
    assert.equal(moved('framesUnexpected'), opens);
    assert.equal(moved('sessionsOpened'), 0);
  });

  it('to another board, with the address changed and with the board id changed', async () => {
    const [first, second] = world.boards;
    const frames = orders();
    const opens = frames.filter(isA(AtcpType.sessionOpen)).length;
    const moved = watch(second!.board.counters);
    await replay(2, frames);
    assert.equal(moved('framesForeign'), frames.length, 'not for its MAC address');
    await replay(
      2,
      frames.map((frame) => readdressed(frame, second!.macAddress)),
    );
    assert.equal(moved('framesForeign'), 2 * frames.length, 'not for its board id');
    await replay(
      2,
      frames.map((frame) => readdressed(frame, second!.macAddress, second!.id)),
    );
    assert.equal(moved('framesForged'), frames.length - opens);
    assert.equal(moved('framesUnexpected'), opens);
    assert.ok(first!.board.counters.sessionsOpened === 1 && second!.board.counters.sessionsOpened === 1);
  });

  it('reflected to the board', async () => {
    const [board] = world.boards;
    const said = eavesdropper.overheard.filter(({ from }) => from === 1).map(({ frame }) => frame);
    const moved = watch(board!.board.counters);
    await replay(
      1,
      said.map((frame) => readdressed(frame, board!.macAddress)),
    );
    const statements = said.filter(isA(AtcpType.statements)).length;
    assert.equal(moved('framesForged'), statements, 'the other direction has another key');
    assert.equal(moved('framesUnexpected'), said.length - statements);
  });

  it('reflected to the front-end', async () => {
    const said = eavesdropper.overheard.filter(({ from, to }) => from === 'front-end' && to === 1);
    const link = watch(world.backEnds.counters);
    const frames = said.map(({ frame }) => readdressed(frame, HOST_MAC, 1));
    await replay('front-end', frames);
    assert.equal(link('framesBadTag'), frames.filter(isA(AtcpType.statements)).length);
    assert.equal(link('framesUnexpected'), frames.filter((frame) => !isA(AtcpType.statements)(frame)).length);
  });

  it('to a front-end that was started again', async () => {
    const frames = eavesdropper.sentTo('front-end');
    world.restartFrontEnd();
    await world.start();
    await world.run(2_500);
    const link = watch(world.backEnds.counters);
    await replay('front-end', frames);
    const statements = frames.filter(isA(AtcpType.statements)).length;
    assert.equal(link('framesBadTag'), statements);
    const others = link('framesUnexpected') + link('announcesStale') + link('announceHints');
    assert.equal(others, frames.length - statements);
    // A hint, even an old one, makes the front-end ask; the board's own answer changes nothing.
    assert.equal(link('sessionsOpened') + link('sessionsRenewed') + link('boardsRebooted'), 0);
  });

  it('a sessionOpen under the right key with nonces that are not offered', async () => {
    const [board] = world.boards;
    const [f, b] = noncesOf(eavesdropper.latest('sessionOpen').frame);
    const moved = watch(board!.board.counters);
    const open = (front: Uint8Array, back: Uint8Array): Uint8Array => {
      const body = new Uint8Array(36);
      body.set(front, 0);
      body.set(back, 16);
      const key = sessionKey(board!.key, Direction.down, front, back);
      return eavesdropper.forge(AtcpType.sessionOpen, board!, Direction.down, body, key);
    };
    const fresh = new Uint8Array(16).fill(0x31);
    await replay(1, [open(fresh, b), open(f, fresh), open(fresh, fresh)]);
    assert.equal(moved('framesUnexpected'), 3, 'a nonce opens one session');
    assert.equal(moved('sessionsOpened'), 0);
  });

  it('a flood of discovers is answered at most every 20 ms, and no download suffers', async () => {
    const [board] = world.boards;
    const moved = watch(board!.board.counters);
    const before = eavesdropper.overheard.length;
    const honest = new HonestTraffic(world);
    const startedUs = world.nowUs;
    for (let i = 0; i < 2_000; i++) {
      world.inject(1, discoverFrom(ATTACKER_MAC, i, i % 2));
      await world.run(0.1);
    }
    const ms = (world.nowUs - startedUs) / 1000;
    await honest.finish(2);
    const announces =
      moved('framesSent') - eavesdropper.overheard.slice(before).filter(({ from }) => from === 1).length;
    assert.ok(announces > 0 && announces <= ms / 20 + 2, `${announces} announces in ${ms} ms`);
    assert.ok(moved('discoversSuperseded') > 1_900, 'the others are counted');
    await world.assertEmpty();
  });

  it('a board that boots in the middle of such a flood is found again', async () => {
    const [board] = world.boards;
    world.boards[1]!.powerOff();
    await world.run(2_500);
    board!.reboot(world.nowUs);
    const endUs = world.nowUs + 10_000_000;
    const flood = (i: number): void => {
      if (world.nowUs >= endUs) return;
      world.inject(1, discoverFrom(ATTACKER_MAC, i));
      world.clock.in(1_000, () => flood(i + 1));
    };
    flood(0);
    await world.until(() => world.backEnds.boards[0]!.available, 5_000);
    await new HonestTraffic(world).finish();
  });
});
