import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ackUpState, DelegationState } from '../../../src/wire/atcp/ack-up.js';
import { AtcpType } from '../../../src/wire/atcp/header.js';
import { NoBoardError } from '../../../src/front-end/delegation/errors.js';
import {
  Download,
  dropFirst,
  type FrameNote,
  isAckDown,
  isAckUp,
  isCommand,
  isHeartbeat,
  World,
} from './world.js';

const FILE = { name: 'file', length: 1_000_000 };

function isType(type: AtcpType): (note: FrameNote) => boolean {
  return (note) => note.type === type;
}

describe('front-end/delegation: loss of each kind of frame', () => {
  const handshake: readonly [string, (note: FrameNote) => boolean][] = [
    ['discover', isType(AtcpType.discover)],
    ['announce', isType(AtcpType.announce)],
    ['sessionOpen', isType(AtcpType.sessionOpen)],
    ['sessionAccept', isType(AtcpType.sessionAccept)],
  ];
  for (const [name, which] of handshake) {
    it(`opens the session although the first two ${name} frames are lost`, () => {
      const world = new World(1);
      world.fault = dropFirst(2, which);
      world.run(400);
      assert.equal(world.backEnds.boards[0]!.state, 'alive');
      assert.equal(world.counters.sessionsOpened, 1);
      assert.equal(world.boards[0]!.session !== undefined, true);
    });
  }

  const flow: readonly [string, (note: FrameNote) => boolean][] = [
    ['command 25', isCommand],
    ['ATCP_ACK 29', isAckDown],
    ['ATCP_ACK 27', isAckUp],
    ['heartbeat', isHeartbeat],
  ];
  for (const [name, which] of flow) {
    it(`completes a download although the first three frames with ${name} are lost`, () => {
      const world = new World(1).start();
      world.fault = dropFirst(3, which);
      const download = new Download(world, FILE);
      world.run(3_000);
      assert.equal(download.done, true);
      assert.equal(world.counters.spansMoved, 0, 'a few lost frames are no reason to move');
      assert.equal(world.boards[0]!.slots.size, 0);
    });
  }

  it('repairs a lost grant and a lost resend range within milliseconds, once it knows how fast a board answers', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 20_000);
    download.lose = () => true;
    world.run(50);
    assert.equal(download.span.sentUpTo, 20_000);
    world.fault = dropFirst(1, isAckDown);
    download.grantTo(30_000);
    world.run(8);
    assert.equal(download.span.sentUpTo, 30_000);
    world.fault = dropFirst(1, isAckDown);
    download.span.resend(1460, 4380);
    assert.equal(download.span.canResend, true);
    world.run(8);
    // The carrier hears when it was executed, so that RACK may miss it from then on.
    assert.deepEqual(
      download.resent.map(({ from, to }) => [from, to]),
      [[1460, 4380]],
    );
    for (let i = 0; i < 8; i++) {
      assert.equal(download.span.canResend, true);
      download.span.resend(2 * i * 1460, (2 * i + 1) * 1460);
    }
    assert.equal(download.span.canResend, false, 'a statement holds eight ranges');
    world.run(8);
    assert.equal(download.span.canResend, true);
    assert.equal(download.resent.length, 9);
  });

  it('repeats a question until its answer is in', async () => {
    const world = new World(1).start();
    world.fault = dropFirst(3, isAckUp);
    const asked = world.backEnds.stat('file');
    world.run(500);
    assert.equal((await asked).size, 1_000_000);
    assert.equal(world.boards[0]!.statsSeen, 1, 'one command id is one command');
    world.run(100);
    assert.equal(world.boards[0]!.slots.size, 0);
  });

  it('survives random loss, repetition and delay of a quarter of all frames', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x7fff_ffff }), (seed) => {
        const world = new World(2).start();
        let state = seed;
        const random = (): number => {
          state = (Math.imul(state, 1103515245) + 12345) & 0x7fff_ffff;
          return state / 0x8000_0000;
        };
        world.fault = () => {
          const dice = random();
          if (dice < 0.1) return 'drop';
          if (dice < 0.18) return [0, Math.floor(random() * 5_000)];
          if (dice < 0.25) return [Math.floor(random() * 5_000)];
          return undefined;
        };
        const downloads = [1, 2, 3].map((i) => new Download(world, FILE, 40_000, i * 0x1000_0000));
        for (const download of downloads) download.lose = () => random() < 0.02;
        world.run(15_000);
        for (const download of downloads) {
          assert.equal(download.failed, undefined);
          assert.equal(download.done, true);
        }
        world.run(4_000);
        for (const board of world.boards) assert.equal(board.slots.size, 0, 'nothing is held for ever');
        assert.equal(world.backEnds.outstanding, 0);
      }),
      // The example once span: a silent board whose session was being renewed was to be asked at once, for ever.
      { numRuns: 12, examples: [[1_691_535_235]] },
    );
  });

  it('keeps a restless link busy no longer than its bounds: a board that never answers is given up', () => {
    const world = new World(1).start();
    world.boards[0]!.deaf = true;
    const download = new Download(world, FILE);
    world.run(1_300);
    assert.equal(world.counters.delegationsUnanswered, 1);
    const commands = world.notes.filter(isCommand).length;
    // Pauses of 4, 8, 16 … ms: the board had answered the question before within a millisecond.
    assert.ok(commands >= 4 && commands <= 15, `${commands} commands`);
    world.boards[0]!.deaf = false;
    world.run(4_000);
    assert.equal(download.done, true, 'and taken again when it is the only one');
  });
});

describe('front-end/delegation: duplicates and reordering', () => {
  it('takes each frame of a session once', () => {
    const world = new World(1);
    world.fault = () => [0, 0, 50];
    world.start();
    const download = new Download(world, FILE);
    world.run(1_000);
    assert.equal(download.done, true);
    assert.ok(world.counters.framesReplayed > 0);
    assert.equal(world.boards[0]!.commandsSeen, 1);
  });

  it('lets the newest ATCP_ACK 27 win when they overtake each other', () => {
    const world = new World(1).start();
    const late: FrameNote[] = [];
    // The first answer says "accepted" or "sending up to …"; it arrives last.
    let first = true;
    world.fault = (note) => {
      if (!isAckUp(note) || !first) return undefined;
      first = false;
      late.push(note);
      return [20_000];
    };
    const download = new Download(world, FILE, 20_000);
    world.run(10);
    const before = download.span.sentUpTo;
    assert.ok(before > 20_000);
    world.run(20);
    assert.ok(download.span.sentUpTo >= before);
    assert.ok(world.counters.step121AcksStale >= 1);
  });

  it('states versions that only rise', () => {
    const world = new World(1).start();
    new Download(world, FILE, 20_000);
    world.run(200);
    const { versions } = world.boards[0]!;
    assert.ok(versions.length > 20);
    for (let i = 1; i < versions.length; i++) assert.ok(versions[i]! > versions[i - 1]!);
  });
});

describe('front-end/delegation: boards that go and come', () => {
  it('moves to the other board when one dies, once its lease is surely over', () => {
    const world = new World(2).start();
    const download = new Download(world, FILE, 20_000);
    world.run(8);
    const first = world.sent[0]!.board;
    first.powered = false;
    const diedUs = world.nowUs();
    world.run(6_000);
    assert.equal(download.done, true);
    assert.equal(world.counters.spansMoved, 1);
    assert.equal(world.counters.delegationsOutwaited, 1);
    const resumed = world.sent.find((range) => range.board !== first)!;
    assert.ok(resumed.from > 0 && resumed.from <= download.acknowledged);
    // A lease of 2 s and its grace, from the last statement that was answered.
    const movedUs = download.reports.find((report) => report.atUs > diedUs)!.atUs - diedUs;
    assert.ok(movedUs >= 2_190_000 && movedUs <= 2_300_000, `${movedUs} µs after the death`);
  });

  it('moves at once when a board has rebooted', () => {
    const world = new World(2).start();
    const download = new Download(world, FILE, 20_000);
    world.run(8);
    const first = world.sent[0]!.board;
    first.reboot();
    world.run(60);
    assert.equal(world.counters.boardsRebooted, 1);
    assert.equal(world.counters.delegationsRebooted, 1);
    assert.equal(world.counters.spansMoved, 1);
    world.run(1_000);
    assert.equal(download.done, true);
    assert.equal(
      world.backEnds.boards.every((board) => board.state === 'alive'),
      true,
    );
  });

  it('goes on with the only board after it has rebooted', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 20_000);
    world.run(8);
    assert.ok(download.acknowledged > 0 && !download.done);
    const restart = download.acknowledged;
    world.boards[0]!.reboot();
    const sentBefore = world.sent.length;
    world.run(1_000);
    assert.equal(download.done, true);
    const resumed = world.sent[sentBefore]!;
    assert.ok(resumed.from >= restart, 'from the acknowledged offset, not from the start');
  });

  it('notices a silent reboot by asking', () => {
    const world = new World(1).start();
    const board = world.boards[0]!;
    board.powered = false;
    board.session = undefined;
    board.epoch++;
    world.run(300);
    board.powered = true;
    world.run(800);
    assert.equal(world.backEnds.boards[0]!.state, 'alive');
    assert.equal(world.counters.boardsRebooted, 1);
    assert.equal(world.counters.boardsLost, 0);
  });

  it('counts a board as lost after silence and finds it again', () => {
    const world = new World(1).start();
    world.boards[0]!.powered = false;
    world.run(1_600);
    assert.equal(world.backEnds.boards[0]!.state, 'lost');
    assert.equal(world.counters.boardsLost, 1);
    world.boards[0]!.powered = true;
    world.run(1_200);
    assert.equal(world.backEnds.boards[0]!.state, 'alive');
    assert.equal(world.counters.boardsRebooted, 0, 'the same boot');
    assert.equal(world.counters.sessionsOpened, 2);
  });

  it('does not take its own standstill for the silence of boards', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 20_000);
    world.run(8);
    world.stop(3_000);
    world.run(2_000);
    assert.equal(world.counters.boardsLost, 0);
    assert.equal(world.counters.delegationsUnanswered, 0);
    assert.equal(download.done, true);
  });

  it('fails a span when no board comes back in time, and says what to do', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 20_000);
    world.run(5);
    world.boards[0]!.powered = false;
    world.run(30_000);
    assert.ok(download.failed instanceof NoBoardError);
    assert.equal(download.error, download.failed);
    assert.match(download.failed.message, /look at the boards/);
    assert.equal(world.backEnds.outstanding, 0);
  });

  it('rejects a question at once when no board is there', async () => {
    const world = new World(1);
    await assert.rejects(world.backEnds.stat('file'), NoBoardError);
  });

  it('asks another board when the first falls silent during a question', async () => {
    const world = new World(2).start();
    world.boards[0]!.deaf = true;
    const answers = [world.backEnds.stat('file'), world.backEnds.stat('file')];
    world.run(2_000);
    for (const facts of await Promise.all(answers)) assert.equal(facts.size, 1_000_000);
  });

  it('renews a session whose numbers are used up, and delegations go on', () => {
    const world = new World(1, { sequenceLimit: 40 }).start();
    const download = new Download(world, FILE, 20_000);
    world.run(2_000);
    assert.ok(world.counters.sessionsRenewed >= 1);
    assert.equal(world.counters.spansMoved, 0);
    assert.equal(download.done, true);
  });
});

describe('front-end/delegation: what a board answers', () => {
  it('waits for the hint of a busy board, and takes another if there is one', () => {
    const world = new World(1).start();
    world.boards[0]!.slotCount = 2;
    const downloads = [1, 2, 3, 4].map((i) => new Download(world, FILE, 20_000, i * 0x1000_0000));
    world.run(3_000);
    for (const download of downloads) assert.equal(download.done, true);
    assert.ok(world.counters.delegationsBusy > 0, 'the announce promised 16 slots');

    const pair = new World(2).start();
    pair.boards[0]!.slotCount = 0;
    const served = [1, 2, 3].map((i) => new Download(pair, FILE, 20_000, i * 0x1000_0000));
    pair.run(1_000);
    for (const download of served) assert.equal(download.done, true);
    assert.ok(pair.sent.every((range) => range.board === pair.boards[1]));
  });

  it('does not overfill a board whose slots it knows', () => {
    const world = new World(1);
    world.boards[0]!.slotCount = 2;
    world.start();
    const downloads = [1, 2, 3, 4].map((i) => new Download(world, FILE, 20_000, i * 0x1000_0000));
    world.run(3_000);
    for (const download of downloads) assert.equal(download.done, true);
    assert.equal(world.counters.delegationsBusy, 0);
  });

  it('reads on elsewhere when the card of a board fails', () => {
    const world = new World(2).start();
    const download = new Download(world, FILE, 20_000);
    world.run(8);
    const first = world.sent[0]!.board;
    const counter = world.sent[0]!.counter;
    first.fail(counter, 6);
    world.run(1_000);
    assert.equal(download.done, true);
    assert.equal(world.counters.spansMoved, 1);
    assert.equal(first.slots.size, 0, 'the failed slot was released');
  });

  it('fails with the reason when every board has given one', () => {
    const world = new World(2).start();
    const download = new Download(world, {
      name: 'file',
      length: 1_000_000,
      version: new Uint8Array(16).fill(9),
    });
    world.run(500);
    assert.equal((download.failed as { code?: string }).code, 'ESTALE');
    assert.equal(world.counters.delegationsFailed, 2, 'each was asked once');
    assert.equal(world.sent.length, 0);
    assert.equal(world.backEnds.outstanding, 0);
  });

  it('tells what it could not find', async () => {
    const world = new World(2).start();
    const asked = world.backEnds.stat('nothing here');
    asked.catch(() => {});
    world.run(500);
    await assert.rejects(asked, { name: 'ObjectNotFoundError', code: 'ENOENT', message: /nothing here/ });
  });

  it('restarts where it was when the board has evicted it', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 20_000);
    world.run(8);
    const counter = world.sent[0]!.counter;
    const acknowledged = download.acknowledged;
    world.boards[0]!.evict(counter);
    const count = world.sent.length;
    world.run(1_000);
    assert.equal(download.done, true);
    assert.ok(world.sent[count]!.from >= acknowledged);
    assert.notEqual(world.sent[count]!.counter, counter, 'a new command');
  });

  it('reminds a stalled board, then moves', () => {
    const world = new World(2).start();
    const download = new Download(world, FILE, 20_000);
    world.run(8);
    const first = world.sent[0]!.board;
    first.stuck = true;
    world.run(2_000);
    assert.ok(world.counters.stallReminders >= 3);
    assert.equal(download.done, false);
    world.run(3_000);
    assert.equal(download.done, true);
    assert.equal(world.counters.delegationsStalled, 1);
    assert.equal(
      world.counters.delegationsOutwaited,
      0,
      'it confirmed the release, so nobody waited for its lease',
    );
  });

  it('discards reports about more than was granted', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 20_000);
    world.run(3);
    const board = world.boards[0]!;
    const counter = world.sent[0]!.counter;
    board.slots.get(counter)!.sentUpTo = 900_000;
    board.report(counter);
    world.run(1);
    assert.ok(download.span.sentUpTo < 900_000);
    assert.ok(world.counters.step121AcksBeyondGrant >= 1);
  });

  it('tells a board to forget what nobody knows any more', () => {
    const world = new World(1).start();
    const download = new Download(world, FILE, 20_000);
    world.run(4);
    const board = world.boards[0]!;
    const counter = world.sent[0]!.counter;
    // Cut the board off for longer than a lease, with the span gone meanwhile.
    world.fault = (note) => (isAckDown(note) || isAckUp(note) || isCommand(note) ? 'drop' : undefined);
    download.span.abandon();
    world.run(4_000);
    assert.equal(world.counters.delegationsOutwaited, 1);
    assert.equal(board.slots.size, 1);
    world.fault = () => undefined;
    board.report(counter);
    world.run(10);
    assert.equal(board.slots.size, 0);
    const answer = world.notes.filter((note) => note.direction === 'up' && isAckUp(note)).at(-1)!;
    assert.equal(ackUpState(answer.frame, 14 + 32), DelegationState.released);
  });
});
