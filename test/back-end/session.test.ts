/** Decision 11: discover, announce, open, accept, and what somebody without the key, or with old frames, can do. */
import assert from 'node:assert/strict';
import { boardLimits } from '../../src/back-end/limits.js';
import { BoardState } from '../../src/back-end/state-machine.js';
import { Direction, KeyDeriver } from '../../src/wire/atcp/authentication.js';
import { DelegationState } from '../../src/wire/atcp/ack-up.js';
import { AtcpType } from '../../src/wire/atcp/header.js';
import { BOARD_FACTS, BoardFact, CardState } from '../../src/wire/atcp/session.js';
import {
  heartbeatBuffers,
  heartbeatBuffersLent,
  heartbeatCardState,
  heartbeatCounter,
  heartbeatSlots,
  heartbeatSlotsUsed,
  heartbeatUptimeMs,
} from '../../src/wire/atcp/heartbeat.js';
import { get16, get32, get64 } from '../../src/wire/bytes.js';
import { PortStatus } from '../../src/back-end/ports.js';
import { Rig } from './support/rig.js';
import { ackDown, readCommand, statCommand } from './support/statements.js';
import { pattern, volumeImage } from './support/volume-image.js';

const ZERO_NONCE = new Uint8Array(16);
const BROADCAST = new Uint8Array(6).fill(0xff);

describe('session', () => {
  let image: Uint8Array;

  before(async () => {
    image = await volumeImage(new Map([['file', pattern(50_000, 2)]]));
  });

  function announced(): Rig {
    const rig = new Rig(image);
    rig.run(200_000);
    rig.frontEnd.heard(rig.messages.find((message) => message.type === AtcpType.announce)!);
    rig.clear();
    return rig;
  }

  it('announces itself to everybody at boot, and again while nobody answers', () => {
    const rig = new Rig(image);
    rig.run(2_500_000);
    const announces = rig.messages.filter((message) => message.type === AtcpType.announce);
    assert.equal(announces.length, 3);
    for (const { destination, body, epoch } of announces) {
      assert.deepEqual(destination, BROADCAST);
      assert.deepEqual(body.subarray(0, 16), ZERO_NONCE);
      assert.equal(epoch, announces[0]!.epoch);
    }
    assert.deepEqual(
      announces.map(({ sequence }) => sequence),
      [1, 2, 3],
    );
    assert.equal(rig.board.state, BoardState.seeking);
    assert.equal(rig.messages.length, 3, 'and says nothing else');
  });

  it('states the facts of board and card', () => {
    const rig = new Rig(image);
    rig.run(1_500_000);
    const facts = rig.messages.at(-1)!.body.subarray(BOARD_FACTS);
    assert.equal(get16(facts, BoardFact.slots), 16);
    assert.equal(facts[BoardFact.lowestVersion], 1);
    assert.equal(facts[BoardFact.highestVersion], 1);
    assert.equal(facts[BoardFact.cardState], CardState.ready);
    assert.deepEqual(
      facts.slice(BoardFact.volumeId, BoardFact.volumeId + 16),
      rig.board.disk.superblock.volumeId,
    );
    assert.equal(get64(facts, BoardFact.volumeSectors), rig.board.disk.superblock.volumeSectors);
    assert.notEqual(get32(facts, BoardFact.firmwareVersion), 0);
  });

  it('answers whoever asks with its nonce, not more often than the limit', () => {
    const rig = announced();
    for (let i = 0; i < 100; i++) {
      rig.frontEnd.nonce.fill(i);
      rig.send(rig.frontEnd.discover(i % 2 === 0 ? 0 : 7), 1000);
    }
    rig.run(100_000);
    assert.ok(
      rig.messages.length >= 4 && rig.messages.length <= 7,
      `${rig.messages.length} answers in 100 ms`,
    );
    for (const { destination } of rig.messages) assert.deepEqual(destination, rig.frontEnd.macAddress);
    assert.deepEqual(rig.messages.at(-1)!.body.subarray(0, 16), rig.frontEnd.nonce, 'the latest question');
  });

  it('does not answer a discover for another board', () => {
    const rig = announced();
    rig.send(rig.frontEnd.discover(8), 100_000);
    assert.equal(rig.messages.length, 0);
  });

  it('accepts a valid open and sends a heartbeat at once, then at the interval', () => {
    const rig = announced();
    rig.send(rig.frontEnd.open(250), 10_000);
    assert.equal(rig.messages[0]!.type, AtcpType.sessionAccept);
    assert.deepEqual(rig.messages[0]!.body.subarray(0, 16), rig.frontEnd.nonce);
    assert.deepEqual(rig.messages[0]!.body.subarray(16, 32), rig.frontEnd.boardNonce);
    assert.deepEqual(rig.messages[0]!.destination, rig.frontEnd.macAddress);
    assert.equal(rig.messages.flatMap((message) => message.heartbeats).length, 1);
    rig.clear();
    rig.run(1_000_000);
    const heartbeats = rig.messages.flatMap((message) => message.heartbeats);
    assert.equal(heartbeats.length, 4);
    assert.equal(heartbeatCardState(heartbeats[3]!, 0), CardState.ready);
    assert.equal(heartbeatSlots(heartbeats[3]!, 0), 16);
    assert.equal(heartbeatSlotsUsed(heartbeats[3]!, 0), 0);
    assert.equal(heartbeatBuffers(heartbeats[3]!, 0), boardLimits.buffers);
    assert.equal(heartbeatBuffersLent(heartbeats[3]!, 0), 0);
    assert.equal(heartbeatCounter(heartbeats[3]!, 0, 0), rig.board.counters.framesReceived);
    assert.ok(heartbeatUptimeMs(heartbeats[3]!, 0) > heartbeatUptimeMs(heartbeats[2]!, 0));
    assert.equal(rig.board.state, BoardState.serving);
  });

  it('accepts the same open again, since the acceptance may have been lost', () => {
    const rig = announced();
    const open = rig.frontEnd.open();
    rig.send(open);
    rig.clear();
    rig.state(statCommand('file'));
    rig.send(open);
    rig.send(rig.frontEnd.open());
    assert.equal(rig.messages.filter(({ type }) => type === AtcpType.sessionAccept).length, 2);
    assert.equal(rig.board.counters.sessionsOpened, 1);
    assert.equal(rig.board.slotsUsed, 1, 'and keeps what it was told');
  });

  it('refuses an open with a wrong tag, under the board key, or for a nonce that it did not offer', () => {
    const rig = announced();
    const forged = rig.frontEnd.open();
    forged[60]! ^= 1;
    rig.send(forged);
    const { frontEnd } = rig;
    const body = frontEnd.open().slice(46, 46 + 36);
    rig.send(frontEnd.sealed(AtcpType.sessionOpen, body, frontEnd.boardKey));
    frontEnd.boardNonce[3]! ^= 1;
    rig.send(frontEnd.open());
    assert.equal(rig.messages.length, 0);
    assert.equal(rig.board.counters.sessionsOpened, 0);
    assert.equal(rig.board.counters.framesForged, 2);
    assert.equal(rig.board.counters.framesUnexpected, 1);
  });

  it('refuses its own frames when they are sent back to it', () => {
    const rig = announced();
    rig.send(rig.frontEnd.open());
    const { frontEnd } = rig;
    const body = statCommand('file');
    rig.clear();
    rig.send(frontEnd.sealed(AtcpType.statements, body, frontEnd.upKey));
    assert.equal(rig.messages.length, 0);
    assert.equal(rig.board.counters.framesForged, 1);
    assert.equal(rig.board.slotsUsed, 0);
  });

  it('takes each frame of a session once', () => {
    const rig = new Rig(image);
    rig.connect();
    const frame = rig.frontEnd.statements(statCommand('file'));
    rig.send(frame);
    rig.clear();
    rig.send(frame);
    assert.equal(rig.messages.length, 0);
    assert.equal(rig.board.counters.framesReplayed, 1);
  });

  it('can not be brought back to an old session by recorded frames', () => {
    const rig = announced();
    const recorded = [rig.frontEnd.open(), rig.frontEnd.statements(statCommand('file'))];
    for (const frame of recorded) rig.send(frame);
    // The front-end opens a second session.
    rig.frontEnd.nonce.fill(0x22);
    rig.send(rig.frontEnd.discover(), 50_000);
    rig.frontEnd.heard(rig.messages.findLast(({ type }) => type === AtcpType.announce)!);
    rig.send(rig.frontEnd.open());
    assert.equal(rig.board.counters.sessionsOpened, 2);
    rig.clear();
    const { framesForged, framesUnexpected } = rig.board.counters;
    for (const frame of recorded) rig.send(frame);
    assert.equal(
      rig.board.counters.framesUnexpected,
      framesUnexpected + 1,
      'the nonce of the old open is used up',
    );
    assert.equal(rig.board.counters.framesForged, framesForged + 1, 'the old key no longer fits');
    rig.state(statCommand('file', 2));
    assert.equal(rig.report(2).state, DelegationState.done, 'the second session goes on');
  });

  it('an open without the key does not end the active session', () => {
    const rig = new Rig(image);
    rig.connect();
    rig.send(rig.frontEnd.discover(), 50_000);
    const announce = rig.messages.findLast(({ type }) => type === AtcpType.announce)!;
    const stranger = new Uint8Array(16);
    new KeyDeriver().sessionKey(
      new Uint8Array(16),
      Direction.down,
      rig.frontEnd.nonce,
      0,
      announce.body.slice(16, 32),
      0,
      stranger,
    );
    const body = new Uint8Array(36);
    body.set(rig.frontEnd.nonce);
    body.set(announce.body.subarray(16, 32), 16);
    rig.send(rig.frontEnd.sealed(AtcpType.sessionOpen, body, stranger));
    rig.state(statCommand('file'));
    assert.equal(rig.report().state, DelegationState.done);
  });

  it('keeps delegations over a new session of the same front-end, and not over its reboot', () => {
    const rig = new Rig(image);
    rig.connect();
    rig.state(readCommand(), ackDown({ granted: 1460, leaseMs: 60_000 }));
    const reopen = (): void => {
      rig.send(rig.frontEnd.discover(), 50_000);
      rig.frontEnd.heard(rig.messages.findLast(({ type }) => type === AtcpType.announce)!);
      rig.clear();
      rig.send(rig.frontEnd.open());
    };
    reopen();
    assert.equal(rig.board.slotsUsed, 1);
    rig.state(ackDown({ version: 2, granted: 2920 }));
    assert.equal(rig.report().sentUpTo, 2920);
    rig.frontEnd.epoch++;
    reopen();
    assert.equal(rig.board.slotsUsed, 0);
    assert.equal(rig.board.memory.lent, 0);
    assert.equal(rig.reports.length, 0, 'ids of the old epoch mean nothing to the new front-end');
  });

  it('ignores truncated, foreign and nonsensical frames, and counts them', () => {
    const rig = new Rig(image);
    rig.connect();
    const { counters } = rig.board;
    const good = rig.frontEnd.statements(statCommand('file'));
    const malformed = counters.framesMalformed;
    for (const length of [14, 20, 45, 46]) rig.send(good.slice(0, length));
    assert.equal(counters.framesMalformed, malformed + 4);
    const foreign = counters.framesForeign;
    rig.send(Uint8Array.from(good, (byte, i) => (i < 6 ? 0x02 : byte)));
    rig.send(Uint8Array.from(good, (byte, i) => (i === 12 ? 0x08 : byte)));
    rig.send(good.slice(0, 13));
    rig.send(Uint8Array.from(good, (byte, i) => (i === 14 + 11 ? 9 : byte)));
    assert.equal(counters.framesForeign, foreign + 4);
    assert.equal(rig.reports.length, 0);
    rig.send(good);
    assert.equal(rig.report().state, DelegationState.done);
  });

  it('seeks a front-end that has fallen silent, and still knows it when it is back', () => {
    const rig = new Rig(image);
    rig.connect(500);
    rig.run(5_500_000);
    assert.equal(rig.board.state, BoardState.seeking);
    assert.ok(rig.messages.some(({ type }) => type === AtcpType.announce));
    assert.ok(rig.messages.at(-1)!.heartbeats.length === 1, 'heartbeats go on');
    rig.clear();
    rig.state(statCommand('file'));
    assert.equal(rig.board.state, BoardState.serving);
    assert.equal(rig.report().state, DelegationState.done);
    rig.clear();
    rig.run(3_000_000);
    assert.ok(!rig.messages.some(({ type }) => type === AtcpType.announce), 'announces no more');
  });

  it('waits for a link, and announces itself when it comes and comes back', () => {
    const rig = new Rig(image);
    rig.nic.up = false;
    rig.run(500_000);
    assert.equal(rig.board.state, BoardState.noLink);
    assert.equal(rig.messages.length, 0);
    rig.nic.up = true;
    rig.run(200_000);
    assert.equal(rig.messages.length, 1);
    rig.nic.up = false;
    rig.run(200_000);
    assert.equal(rig.board.state, BoardState.noLink);
    rig.nic.up = true;
    rig.run(200_000);
    assert.equal(rig.messages.length, 2);
    assert.deepEqual(rig.lines, [
      'atcp: no link; check the network cable',
      'atcp: the volume is mounted',
      'atcp: looking for the front-end',
      'atcp: no link; check the network cable',
      'atcp: looking for the front-end',
    ]);
  });

  it('opens the NIC until it can, and again when it takes nothing any more', () => {
    const rig = new Rig(image);
    rig.nic.status = PortStatus.pending;
    rig.run(1000);
    assert.equal(rig.board.state, BoardState.noNic);
    rig.nic.status = PortStatus.ok;
    rig.connect();
    const opens = rig.nic.opens;
    rig.nic.room = 0;
    rig.state(statCommand('file'));
    rig.run(2_500_000);
    assert.ok(rig.nic.opens > opens);
    assert.ok(rig.board.counters.nicReopened >= 1);
    rig.nic.room = Infinity;
    rig.run(300_000);
    rig.clear();
    rig.state(statCommand('file', 2));
    assert.equal(rig.report(2).state, DelegationState.done);
  });

  it('says that the card is gone, and serves when it is back', () => {
    const rig = new Rig(image);
    rig.connect(60_000);
    rig.disk.failure = PortStatus.noMedium;
    rig.state(readCommand(), ackDown({ granted: 1460 }));
    rig.run(10_000);
    assert.equal(rig.board.state, BoardState.noVolume);
    const gone = rig.messages.flatMap((message) => message.heartbeats).at(-1)!;
    assert.equal(heartbeatCardState(gone, 0), CardState.absent);
    assert.equal(rig.report().state, DelegationState.failed);
    rig.clear();
    rig.disk.failure = PortStatus.ok;
    rig.run(2_000_000);
    assert.equal(rig.board.state, BoardState.serving);
    assert.deepEqual(rig.lines.slice(-2), ['atcp: the volume is mounted', 'atcp: front-end found; serving']);
    rig.state(statCommand('file', 2));
    assert.equal(rig.report(2).state, DelegationState.done);
  });
});
