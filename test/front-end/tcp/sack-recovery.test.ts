/** RACK-TLP (RFC 8985), DSACK (RFC 2883) and F-RTO (RFC 5682), as scripts: round trips take 40 ms here. */
import assert from 'node:assert/strict';
import { chunkFor } from '../../../src/front-end/tcp/span-chunk.js';
import { FakeSpan } from '../fake-span.js';
import { MS, MSS_1460, SACK_PERMITTED, sackOption, type Sent } from '../rig.js';
import { open, pieces, type Open } from './open.js';

const MSS = 1460;
const RTT_US = 40 * MS;

interface Script extends Open {
  /** An ACK of the segments before `ack`, with SACK blocks of segments; returns the segments that are sent. */
  acked(ack: number, ...blocks: [number, number][]): number[];
  /** Numbers of the segments that were sent meanwhile. */
  sent(): number[];
  pass(us: number): number[];
}

/** Segments 0 to 9 are under way, `bytes` are to be sent. */
async function script(bytes = 100 * MSS): Promise<Script> {
  const connection = await open({ options: [...MSS_1460, ...SACK_PERMITTED], rttUs: RTT_US });
  const { rig, peer, socket, first } = connection;
  const numbers = (segments: Sent[]): number[] => pieces(segments, first).map(([offset]) => offset / MSS);
  socket.write(Buffer.alloc(bytes, 0x61));
  assert.deepEqual(numbers(peer.batch()), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].slice(0, Math.ceil(bytes / MSS)));
  return {
    ...connection,
    acked(ack, ...blocks) {
      const edges = blocks.flat().map((segment) => first + segment * MSS);
      const options = blocks.length === 0 ? [] : sackOption(...edges);
      return numbers(peer.send({ flags: 'A', ack: first + ack * MSS, options }));
    },
    sent: () => numbers(rig.take()),
    pass(us) {
      rig.pass(us);
      return numbers(rig.take());
    },
  };
}

const isRepeated = (segment: number): boolean => segment < 10;

describe('RACK (RFC 8985)', () => {
  it('waits a quarter of the round trip for a segment that others have overtaken', async () => {
    const { rig, acked, pass } = await script();
    pass(RTT_US);
    assert.deepEqual(acked(0, [1, 2]).filter(isRepeated), []);
    assert.deepEqual(pass(9 * MS).filter(isRepeated), []);
    acked(2);
    assert.deepEqual(pass(30 * MS).filter(isRepeated), []);
    assert.equal(rig.counters.retransmittedRanges, 0);
    assert.equal(rig.counters.fastRecoveries, 0);
  });

  it('… and not longer', async () => {
    const { rig, acked, pass } = await script();
    pass(RTT_US);
    acked(0, [1, 2]);
    assert.deepEqual(pass(10 * MS).filter(isRepeated), [0]);
    assert.equal(rig.counters.fastRecoveries, 1);
  });

  it('takes three segments that overtook as proof, while no reordering has been seen', async () => {
    const { acked, pass } = await script();
    pass(RTT_US);
    assert.deepEqual(acked(0, [1, 3]).filter(isRepeated), []);
    assert.deepEqual(acked(0, [1, 4]).filter(isRepeated), [0]);
  });

  it('… and no longer once it has', async () => {
    const { acked, pass } = await script();
    pass(RTT_US);
    acked(0, [1, 2]);
    acked(2);
    assert.deepEqual(acked(2, [3, 9]).filter(isRepeated), []);
    assert.deepEqual(pass(10 * MS).filter(isRepeated), [2]);
  });

  it('repeats exactly the holes', async () => {
    const { rig, acked, pass } = await script();
    pass(RTT_US);
    acked(0, [1, 3]);
    const repeated = [
      ...acked(0, [5, 6], [1, 3]),
      ...acked(0, [5, 7], [1, 3]),
      ...acked(0, [5, 9], [1, 3]),
      ...acked(0, [5, 10], [1, 3]),
    ].filter(isRepeated);
    assert.deepEqual(repeated, [0, 3, 4]);
    assert.deepEqual(acked(3, [5, 10]).filter(isRepeated), [], 'they are under way already');
    assert.equal(rig.counters.fastRecoveries, 1);
  });

  it('notices that a retransmission was lost as well, without a timeout', async () => {
    const { rig, acked, pass } = await script();
    pass(RTT_US);
    assert.deepEqual(acked(0, [1, 4]).filter(isRepeated), [0]);
    const fresh = acked(0, [1, 10]).filter((segment) => !isRepeated(segment));
    assert.ok(fresh.length > 0);
    pass(RTT_US);
    // What left after the retransmission has arrived.
    const again = [...acked(0, [1, 11]), ...pass(15 * MS)];
    assert.deepEqual(again.filter(isRepeated), [0]);
    assert.equal(rig.counters.retransmissionTimeouts, 0);
    assert.equal(rig.counters.fastRecoveries, 1, 'one reduction for one episode');
  });

  it('repeats nothing when a client reports blocks that make no sense', async () => {
    const { rig, acked, pass } = await script();
    pass(RTT_US);
    for (const block of [
      [-2, -1],
      [0, 0],
      [4, 2],
      [9, 50],
      [-3, 0],
    ] as const) {
      acked(0, [block[0], block[1]]);
    }
    assert.equal(rig.counters.fastRecoveries, 0);
    assert.equal(rig.counters.retransmittedRanges, 0);
  });
});

describe('the tail loss probe (RFC 8985 7)', () => {
  it('is new data after two round trips, and repairs what it uncovers, without a timeout', async () => {
    const { rig, acked, pass } = await script();
    pass(RTT_US);
    acked(10);
    const window = rig.counters.step127EmptiedBytes;
    assert.ok(window > 0);
    // Nothing of 10 to 29 arrives.
    const probe = [...pass(2 * RTT_US + 18 * MS), ...pass(4 * MS)];
    assert.deepEqual(probe, [30]);
    assert.equal(rig.counters.tailLossProbes, 1);
    pass(RTT_US);
    const repaired = [...acked(10, [30, 31]), ...pass(10 * MS)];
    assert.equal(repaired[0], 10);
    assert.equal(rig.counters.retransmissionTimeouts, 0);
  });

  it('is the last segment again when there is nothing new, and counts as a loss when it was one', async () => {
    const { rig, acked, pass, sent } = await script(10 * MSS);
    pass(RTT_US);
    acked(8);
    assert.deepEqual(pass(2 * RTT_US + 21 * MS), [9]);
    assert.equal(rig.counters.tailLossProbes, 1);
    pass(RTT_US);
    // 8 was lost, 9 not: a DSACK tells of 9, its SACK of 8.
    assert.deepEqual([...acked(8, [9, 10]), ...pass(10 * MS)].filter(isRepeated), [8]);
    acked(10);
    assert.deepEqual(sent(), []);
    assert.equal(rig.counters.retransmissionTimeouts, 0);
  });

  it('waits for a delayed ACK when a single segment is under way', async () => {
    const { rig, pass } = await script(MSS);
    assert.deepEqual(pass(2 * RTT_US + 49 * MS), []);
    assert.deepEqual(pass(2 * MS), [0]);
    assert.equal(rig.counters.tailLossProbes, 1);
  });

  it('is followed by a second after twice the time, then by the timeout', async () => {
    const { rig, pass } = await script(10 * MSS);
    rig.take();
    const startUs = rig.nowUs;
    const at: number[] = [];
    while (rig.nowUs < startUs + 500 * MS) if (pass(MS).length > 0) at.push((rig.nowUs - startUs) / MS);
    assert.deepEqual(at.slice(0, 3), [100, 300, 500]);
    assert.equal(rig.counters.tailLossProbes, 2);
    assert.equal(rig.counters.retransmissionTimeouts, 1);
  });
});

describe('needless repetitions', () => {
  it('are noticed by DSACK: the window comes back, and more patience is shown', async () => {
    const { rig, acked, pass } = await script();
    pass(RTT_US);
    assert.deepEqual(acked(0, [1, 4]).filter(isRepeated), [0]);
    acked(4);
    // Segment 0 arrives for the second time: a D-SACK block below the acknowledgment.
    acked(4, [0, 1]);
    assert.equal(rig.counters.needlessRetransmissions, 1);
    assert.equal(rig.counters.recoveriesUndone, 1);
    // 14 may be outstanding again, as before the loss, when four had arrived in slow start.
    const before = acked(10);
    assert.ok(before.length >= 6, `${before}`);
    // The next one is given twice the time.
    pass(RTT_US);
    acked(10, [11, 12]);
    assert.deepEqual(
      pass(19 * MS).filter((segment) => segment === 10),
      [],
    );
    assert.deepEqual(
      pass(2 * MS).filter((segment) => segment === 10),
      [10],
    );
  });

  it('are not confused with duplicates that the network makes', async () => {
    const { rig, acked, pass } = await script();
    pass(RTT_US);
    assert.deepEqual(acked(0, [1, 4]).filter(isRepeated), [0]);
    acked(4, [2, 3]);
    assert.equal(rig.counters.duplicatesReported, 1);
    assert.equal(rig.counters.needlessRetransmissions, 0);
    assert.equal(rig.counters.recoveriesUndone, 0);
  });

  it('undo nothing while one of several repetitions may have been needed', async () => {
    const { rig, acked, pass } = await script();
    pass(RTT_US);
    assert.deepEqual([...acked(0, [1, 4], [5, 9])].filter(isRepeated).slice(0, 1), [0]);
    acked(1, [5, 9]);
    acked(9);
    acked(9, [0, 1]);
    assert.equal(rig.counters.needlessRetransmissions, 1);
    assert.equal(rig.counters.recoveriesUndone, 0);
  });

  it('after a timeout are noticed by what arrives although it was not sent again (F-RTO)', async () => {
    const { rig, acked, pass } = await script(10 * MSS);
    pass(500 * MS);
    assert.equal(rig.counters.retransmissionTimeouts, 1);
    acked(5);
    assert.equal(rig.counters.recoveriesUndone, 1);
  });
});

describe('spans of boards', () => {
  const segment = (n: number): number => n * MSS;

  /** Two boards' spans, five segments each, after one another. */
  async function twoBoards(): Promise<
    Open & { left: FakeSpan; right: FakeSpan; sack(...edges: number[]): void }
  > {
    const connection = await open({ options: [...MSS_1460, ...SACK_PERMITTED], rttUs: RTT_US });
    const { rig, peer, socket, first } = connection;
    const left = new FakeSpan(segment(5));
    const right = new FakeSpan(segment(50));
    socket.write(chunkFor(left));
    socket.write(chunkFor(right));
    peer.batch();
    left.take();
    right.take();
    const sack = (...edges: number[]): void => {
      peer.send({ flags: 'A', options: sackOption(...edges.map((edge) => first + edge)) });
    };
    assert.equal(rig.counters.retransmittedRanges, 0);
    return { ...connection, left, right, sack };
  }

  it('of which one overtakes the other lose nothing', async () => {
    const { rig, left, right, sack } = await twoBoards();
    rig.pass(RTT_US);
    right.report(segment(5), rig.nowUs - 1000);
    sack(segment(5), segment(10));
    rig.pass(150 * MS);
    // The slow board sends now: its report is younger than all that has arrived.
    left.report(segment(5), rig.nowUs);
    rig.pass(30 * MS);
    assert.deepEqual(
      left.take().filter((call) => call.startsWith('resend')),
      [],
    );
    assert.equal(rig.counters.fastRecoveries, 0);
  });

  it('lose what their own later segments overtook, whether or not a report has come', async () => {
    const { rig, left, sack } = await twoBoards();
    rig.pass(RTT_US);
    sack(segment(1), segment(4));
    assert.deepEqual(
      left.take().filter((call) => call.startsWith('resend')),
      ['resend 0-1460'],
    );
  });

  it('lose what was reported sent before all that has arrived from another', async () => {
    const { rig, left, right, sack } = await twoBoards();
    left.report(segment(5), rig.nowUs);
    rig.pass(30 * MS);
    right.report(segment(5), rig.nowUs);
    rig.pass(RTT_US);
    sack(segment(5), segment(10));
    rig.pass(10 * MS);
    assert.deepEqual(
      left.take().filter((call) => call.startsWith('resend')),
      ['resend 0-7300'],
    );
  });

  it('are asked again for a retransmission only after it was reported executed, and missed', async () => {
    const { rig, peer, left, right, sack, first } = await twoBoards();
    rig.pass(RTT_US);
    left.report(segment(5), rig.nowUs - RTT_US);
    right.report(segment(5), rig.nowUs - RTT_US);
    sack(segment(1), segment(10));
    assert.deepEqual(
      left.take().filter((call) => call.startsWith('resend')),
      ['resend 0-1460'],
    );
    // New data arrives; the board has not said that it sent the range again.
    rig.pass(RTT_US);
    sack(segment(1), segment(11));
    rig.pass(50 * MS);
    assert.deepEqual(left.take(), []);
    left.reportResent(0, segment(1), rig.nowUs);
    right.report(segment(9), rig.nowUs + 1);
    rig.pass(RTT_US);
    sack(segment(1), segment(14));
    rig.pass(20 * MS);
    assert.deepEqual(
      left.take().filter((call) => call.startsWith('resend')),
      ['resend 0-1460'],
    );
    peer.send({ flags: 'A', ack: first + segment(14) });
    assert.equal(rig.counters.retransmissionTimeouts, 0);
  });

  it('are not asked for more ranges than they can be told of', async () => {
    const { rig, left, sack } = await twoBoards();
    rig.pass(RTT_US);
    left.canResend = false;
    sack(segment(1), segment(4));
    assert.deepEqual(
      left.take().filter((call) => call.startsWith('resend')),
      [],
    );
    left.canResend = true;
    sack(segment(1), segment(5));
    assert.deepEqual(
      left.take().filter((call) => call.startsWith('resend')),
      ['resend 0-1460'],
    );
  });
});
