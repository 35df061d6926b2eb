import assert from 'node:assert/strict';
import { MS, MSS_1460, Peer, Rig, SACK_PERMITTED, SECOND, sackOption } from '../rig.js';
import { open, pieces, shapes, type Open } from './open.js';

const SACK = [...MSS_1460, ...SACK_PERMITTED];

/** A connection with ten segments outstanding and more to send. */
async function outstanding(options: readonly number[] = MSS_1460, bytes = 60_000): Promise<Open> {
  const connection = await open({ options });
  connection.socket.write(Buffer.alloc(bytes, 0x61));
  assert.equal(connection.peer.batch().length, 10);
  return connection;
}

describe('repairing', () => {
  it('repeats the oldest segment after the timeout, then after 2, 4 … times as long', async () => {
    const { rig, peer, socket, first } = await open();
    socket.write('abc');
    peer.batch();
    const startUs = rig.nowUs;
    rig.pass(5 * SECOND);
    const sent = rig.take();
    assert.deepEqual(
      sent.map(({ atUs, payload }) => [(atUs - startUs) / MS, payload.toString()]),
      [
        [200, 'abc'],
        [600, 'abc'],
        [1400, 'abc'],
        [3000, 'abc'],
      ],
    );
    assert.deepEqual(pieces(sent, first)[0], [0, 3]);
  });

  it('gives up after more than 100 s without an answer, with ETIMEDOUT', async () => {
    const { rig, socket, errors } = await open();
    socket.write('abc');
    rig.pass(100 * SECOND);
    assert.equal(errors.length, 0);
    rig.pass(200 * SECOND);
    await new Promise((resolve) => socket.once('close', resolve));
    assert.equal(errors[0]!.code, 'ETIMEDOUT');
    assert.equal(rig.counters.connectionsTimedOut, 1);
    assert.equal(rig.host.tcp.connections, 0);
    assert.equal(rig.deadlineUs, Infinity);
  });

  it('restarts the timer when something new is acknowledged', async () => {
    const { rig, peer, socket } = await open();
    socket.write(Buffer.alloc(2920));
    peer.batch();
    rig.pass(150 * MS);
    peer.acknowledge(1460);
    rig.pass(199 * MS);
    assert.deepEqual(rig.take(), []);
    rig.pass(1 * MS);
    assert.equal(rig.take().length, 1);
  });

  it('measures the round trip, not of what was sent twice (Karn)', async () => {
    const { rig, peer, socket, first } = await open();
    for (let i = 0; i < 20; i++) {
      socket.write('x');
      peer.batch();
      rig.pass(300 * MS);
      rig.take();
      peer.send({ flags: 'A', ack: first + i + 1 });
    }
    assert.equal(rig.counters.retransmissionTimeouts, 20, 'the timeout stays at 200 ms');
    for (let i = 20; i < 25; i++) {
      socket.write('x');
      peer.batch();
      rig.pass(190 * MS);
      peer.send({ flags: 'A', ack: first + i + 1 });
    }
    socket.write('x');
    peer.batch();
    rig.pass(300 * MS);
    assert.equal(rig.counters.retransmissionTimeouts, 20, 'now it was measured');
  });

  it('measures until the whole of what is timed is acknowledged', async () => {
    const { rig, peer, socket } = await open();
    for (let i = 0; i < 10; i++) {
      socket.write(Buffer.alloc(1460));
      peer.batch();
      rig.pass(150 * MS);
      peer.acknowledge(730);
      rig.pass(40 * MS);
      peer.acknowledge(730);
    }
    socket.write('x');
    peer.batch();
    rig.pass(420 * MS);
    assert.equal(rig.counters.retransmissionTimeouts, 0, 'ten times 150 ms would make it 380 ms');
  });

  it('does not measure what a fast retransmit has repeated (Karn)', async () => {
    const { rig, peer, socket } = await outstanding(MSS_1460, 14_600);
    rig.pass(190 * MS);
    for (let i = 0; i < 3; i++) peer.send({ flags: 'A' });
    assert.equal(rig.counters.fastRecoveries, 1);
    peer.acknowledge(14_600);
    socket.write('x');
    peer.batch();
    rig.pass(200 * MS);
    assert.equal(rig.counters.retransmissionTimeouts, 1, 'the timeout is what the handshake made it');
  });

  it('sets the timeout from the handshake’s round trip (RFC 6298 2.2)', async () => {
    const rig = new Rig();
    rig.serve((socket) => void socket.write('abc'));
    const peer = new Peer(rig);
    const [synAck] = peer.send({ flags: 'S' });
    rig.pass(400 * MS);
    peer.ack = (synAck!.seq + 1) >>> 0;
    assert.equal(peer.send({ flags: 'A' }).length, 1);
    rig.pass(1200 * MS - 1);
    assert.deepEqual(rig.take(), [], '400 ms and four times half of it');
    rig.pass(1);
    assert.equal(rig.take().length, 1);
  });

  it('repeats at once after three duplicate ACKs, and goes on with new data (RFC 6582)', async () => {
    const { rig, peer, first } = await outstanding();
    // Two duplicates: one new segment each (limited transmit, RFC 3042).
    assert.deepEqual(pieces(peer.send({ flags: 'A' }), first), [[14_600, 1460]]);
    assert.deepEqual(pieces(peer.send({ flags: 'A' }), first), [[16_060, 1460]]);
    assert.deepEqual(pieces(peer.send({ flags: 'A' }), first), [[0, 1460]]);
    assert.equal(rig.counters.fastRecoveries, 1);
    // The window is 0.7 of ten segments, limited transmit not counted (RFC 5681 3.2, step 2): new segments follow
    // once enough has left the network.
    const later = [4, 5, 6, 7, 8, 9, 10, 11].map(() => pieces(peer.send({ flags: 'A' }), first).length);
    assert.deepEqual(later, [0, 0, 1, 1, 1, 1, 1, 1]);
    assert.equal(rig.counters.fastRecoveries, 1);
  });

  it('repeats the next hole at a partial acknowledgment, without waiting for duplicates', async () => {
    const { rig, peer, first } = await outstanding();
    for (let i = 0; i < 3; i++) peer.send({ flags: 'A' });
    const sent = pieces(peer.acknowledge(2920), first);
    assert.deepEqual(sent[0], [2920, 1460]);
    assert.deepEqual(pieces(peer.acknowledge(1460), first)[0], [4380, 1460]);
    assert.equal(rig.counters.fastRecoveries, 1);
    // Everything that was outstanding is acknowledged: recovery is over, nothing is repeated.
    const before = rig.counters.retransmittedRanges;
    peer.acknowledge(16_060 + 1460 - 4380);
    assert.equal(rig.counters.retransmittedRanges, before);
  });

  it('does not take a window update, or data, for a duplicate ACK', async () => {
    const { rig, peer } = await outstanding();
    for (let i = 0; i < 5; i++) {
      peer.window -= 1;
      peer.send({ flags: 'A' });
    }
    for (let i = 0; i < 5; i++) peer.send({ flags: 'A', payload: 'x' });
    assert.equal(rig.counters.fastRecoveries, 0);
  });

  it('ignores duplicates without news, and blocks that make no sense, when SACK is agreed', async () => {
    const { rig, peer, first } = await outstanding(SACK);
    for (let i = 0; i < 5; i++) peer.send({ flags: 'A' });
    for (const [start, end] of [
      [-2920, -1460],
      [0, 0],
      [5000, 4000],
      [14_600, 99_999],
      [-100, 0],
    ] as const) {
      peer.send({ flags: 'A', options: sackOption(first + start, first + end) });
    }
    assert.equal(rig.counters.fastRecoveries, 0);
    assert.equal(rig.counters.retransmittedRanges, 0);
  });

  it('returns to the oldest byte after a timeout, and doubles from one segment', async () => {
    const { rig, peer, first } = await outstanding();
    rig.pass(200 * MS);
    assert.deepEqual(pieces(rig.take(), first), [[0, 1460]]);
    assert.deepEqual(pieces(peer.acknowledge(1460), first), [
      [1460, 1460],
      [2920, 1460],
    ]);
    assert.deepEqual(pieces(peer.acknowledge(1460), first), [
      [4380, 1460],
      [5840, 1460],
    ]);
  });

  it('does not repeat, after a timeout, what SACK says has arrived', async () => {
    const { rig, peer, first } = await outstanding(SACK);
    peer.send({ flags: 'A', options: sackOption(first + 1460, first + 2920) });
    rig.take();
    rig.pass(200 * MS);
    assert.deepEqual(pieces(rig.take(), first), [[0, 1460]]);
    assert.deepEqual(pieces(peer.acknowledge(2920), first), [
      [2920, 1460],
      [4380, 1460],
    ]);
  });

  it('forgets SACK when the client has evidently dropped what it reported', async () => {
    const { rig, peer, first } = await outstanding(SACK);
    peer.send({ flags: 'A', options: sackOption(first + 1460, first + 2920) });
    peer.acknowledge(1460);
    rig.take();
    rig.pass(200 * MS);
    assert.deepEqual(pieces(rig.take(), first), [[1460, 1460]]);
    assert.deepEqual(pieces(peer.acknowledge(1460), first)[0], [2920, 1460]);
  });

  it('starts no fast retransmit from the echoes of a timeout (RFC 6582 3.2, step 2)', async () => {
    const { rig, peer } = await outstanding();
    rig.pass(200 * MS);
    peer.acknowledge(14_600);
    for (let i = 0; i < 5; i++) peer.send({ flags: 'A' });
    assert.equal(rig.counters.fastRecoveries, 0);
    peer.acknowledge(1460);
    for (let i = 0; i < 3; i++) peer.send({ flags: 'A' });
    assert.equal(rig.counters.fastRecoveries, 1);
  });

  it('repeats a FIN that is lost, alone', async () => {
    const { rig, peer, socket, first } = await open();
    socket.end('abc');
    assert.deepEqual(shapes(peer.batch(), first), [
      ['PA', 0],
      ['FA', 3],
    ]);
    peer.acknowledge(3);
    rig.pass(200 * MS);
    assert.deepEqual(shapes(rig.take(), first), [['FA', 3]]);
  });
});
