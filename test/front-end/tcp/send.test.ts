import assert from 'node:assert/strict';
import { MS, MSS_1460, Peer, Rig, SECOND, WINDOW_SCALE_7, settle } from '../rig.js';
import { open, pieces, shapes } from './open.js';

/** 0, 1, 2 … so that a byte in the wrong place shows. */
function counting(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
}

describe('sending', () => {
  it('cuts a write into segments, the last one with PSH, all with the bytes in their places', async () => {
    const { peer, socket, first } = await open();
    const bytes = counting(4000);
    socket.write(bytes);
    const sent = peer.batch();
    assert.deepEqual(shapes(sent, first), [
      ['A', 0],
      ['A', 1460],
      ['PA', 2920],
    ]);
    assert.deepEqual(Buffer.concat(sent.map(({ payload }) => payload)), bytes);
    assert.equal(sent[2]!.ack, peer.seq);
  });

  it('gathers small writes of one batch into one segment', async () => {
    const { peer, socket } = await open();
    socket.write('header ');
    socket.write('and ');
    socket.write('body');
    const [segment, ...rest] = peer.batch();
    assert.equal(segment!.payload.toString(), 'header and body');
    assert.equal(rest.length, 0);
  });

  it('adds to a span that was sent already, without sending it again', async () => {
    const { peer, socket, first } = await open();
    socket.write('abc');
    assert.deepEqual(pieces(peer.batch(), first), [[0, 3]]);
    socket.write('defg');
    const sent = peer.batch();
    assert.deepEqual(pieces(sent, first), [[3, 4]]);
    assert.equal(sent[0]!.payload.toString(), 'defg');
    peer.acknowledge(5);
    socket.write('hi');
    assert.equal(peer.batch()[0]!.payload.toString(), 'hi');
  });

  it('copies what it says it has taken', async () => {
    const { peer, socket, first } = await open({ window: 2000 });
    for (const size of [100, 20_000]) {
      const bytes = Buffer.alloc(size, 0x61);
      await new Promise((resolve) => socket.write(bytes, resolve));
      bytes.fill(0x62);
    }
    let got = Buffer.alloc(0);
    for (
      let sent = peer.batch();
      sent.length > 0;
      sent = peer.acknowledge(got.length - ((peer.ack - first) | 0))
    ) {
      got = Buffer.concat([got, ...sent.map(({ payload }) => payload)]);
    }
    assert.deepEqual(got, Buffer.alloc(20_100, 0x61));
  });

  it('starts with ten segments (RFC 6928) and adds what is acknowledged (slow start)', async () => {
    const { peer, socket, first } = await open();
    socket.write(counting(60_000));
    const sent = peer.batch();
    assert.equal(sent.length, 10);
    assert.deepEqual(pieces(sent, first).at(-1), [13_140, 1460]);
    assert.deepEqual(pieces(peer.acknowledge(2920), first), [
      [14_600, 1460],
      [16_060, 1460],
      [17_520, 1460],
      [18_980, 1460],
    ]);
  });

  it('keeps to the client’s window, in whole segments', async () => {
    const { peer, socket, first } = await open({ window: 4000 });
    socket.write(counting(20_000));
    assert.deepEqual(pieces(peer.batch(), first), [
      [0, 1460],
      [1460, 1460],
    ]);
    assert.deepEqual(pieces(peer.acknowledge(1460), first), [[2920, 1460]]);
  });

  it('scales the window that the client offers', async () => {
    const { peer, socket } = await open({ options: [...MSS_1460, ...WINDOW_SCALE_7], window: 100 });
    socket.write(counting(30_000));
    assert.equal(peer.batch().length, 8, '12,800 bytes hold eight segments');
  });

  it('never mixes the acknowledgment of one ACK with the window of another', async () => {
    const { peer, socket, first } = await open({ window: 4380 });
    socket.write(counting(50_000));
    assert.equal(peer.batch().length, 3);
    // The client has read nothing: its edge stays at 4380. The two ACKs arrive in the wrong order.
    peer.put({ flags: 'A', ack: first + 2920, window: 1460 });
    peer.put({ flags: 'A', ack: first + 1460, window: 2920 });
    assert.deepEqual(peer.batch(), []);
    peer.put({ flags: 'A', ack: first + 4380, window: 2920 });
    assert.deepEqual(pieces(peer.batch(), first), [
      [4380, 1460],
      [5840, 1460],
    ]);
  });

  it('sends into a window smaller than a segment when that is half of what the client ever offered', async () => {
    const { peer, socket, first } = await open({ window: 1000 });
    socket.write(counting(3000));
    assert.deepEqual(pieces(peer.batch(), first), [[0, 1000]]);
    peer.window = 400;
    assert.deepEqual(peer.acknowledge(1000), []);
    peer.window = 500;
    assert.deepEqual(pieces(peer.send({ flags: 'A' }), first), [[1000, 500]]);
  });

  it('holds small writes back while something is outstanding, when asked to (Nagle)', async () => {
    const { peer, socket, first } = await open();
    socket.setNoDelay(false);
    socket.write('a');
    assert.deepEqual(pieces(peer.batch(), first), [[0, 1]]);
    socket.write('bc');
    assert.deepEqual(peer.batch(), []);
    socket.write(counting(1460));
    assert.deepEqual(pieces(peer.batch(), first), [[1, 1460]]);
    assert.deepEqual(pieces(peer.acknowledge(1), first), []);
    assert.deepEqual(pieces(peer.acknowledge(1460), first), [[1461, 2]]);
  });

  it('carries the acknowledgment of what came, instead of an ACK of its own', async () => {
    const { rig, peer, socket } = await open();
    socket.on('data', () => socket.write('reply'));
    const sent = peer.send({ flags: 'PA', payload: 'request' });
    assert.equal(sent.length, 1);
    assert.equal(sent[0]!.payload.toString(), 'reply');
    assert.equal(sent[0]!.ack, peer.seq);
    rig.pass(100 * MS);
    assert.deepEqual(rig.take(), []);
  });

  it('answers an acknowledgment of what was never granted, and ignores it (Fig. 9, step 125)', async () => {
    const { rig, peer, socket, first } = await open();
    socket.write(counting(1000));
    peer.batch();
    const [challenge] = peer.send({ flags: 'A', ack: first + 1001 });
    assert.deepEqual([challenge!.flags, challenge!.seq], ['A', (first + 1000) >>> 0]);
    assert.equal(rig.counters.step126AckBeyondSent, 1);
    assert.equal(rig.counters.step127Emptied, 0);
    // Text on it is not taken either.
    peer.send({ flags: 'A', ack: first + 1001, payload: 'x', seq: peer.seq });
    assert.equal(rig.counters.bytesReceived, 0);
    peer.acknowledge(0);
    peer.send({ flags: 'A', ack: first + 1000 });
    assert.equal(rig.counters.step127EmptiedBytes, 1000);
  });

  it('ignores an acknowledgment older than any window (RFC 5961 5.2), takes another old one', async () => {
    const { rig, peer, socket, first } = await open({ window: 1000 });
    socket.write(counting(2000));
    peer.batch();
    peer.acknowledge(1000);
    peer.send({ flags: 'A', ack: first });
    assert.equal(rig.counters.step126AckTooOld, 0);
    peer.send({ flags: 'A', ack: first - 1 });
    assert.equal(rig.counters.step126AckTooOld, 1);
  });

  it('restarts with the initial window after a pause longer than the timeout (RFC 5681 4.1)', async () => {
    const { rig, peer, socket } = await open();
    socket.write(counting(40_000));
    for (let left = 40_000; left > 0;) {
      const bytes = peer.rig.take().reduce((sum, { payload }) => sum + payload.length, 0);
      const sent = peer.batch().reduce((sum, { payload }) => sum + payload.length, bytes);
      if (sent > 0) peer.put({ flags: 'A', ack: (peer.ack = (peer.ack + sent) >>> 0) });
      left -= sent;
    }
    peer.batch();
    rig.pass(10 * SECOND);
    rig.take();
    socket.write(counting(60_000));
    assert.equal(peer.batch().length, 10);
  });

  it('completes a write once little enough waits, and one write after the other', async () => {
    const { peer, socket } = await open({ settings: { sendBufferBytes: 10_000 } });
    const done: number[] = [];
    socket.write(Buffer.alloc(9_000), () => done.push(1));
    socket.write(Buffer.alloc(9_000), () => done.push(2));
    socket.write(Buffer.alloc(1), () => done.push(3));
    peer.batch();
    await settle();
    assert.deepEqual(done, [1]);
    peer.acknowledge(7_999);
    await settle();
    assert.deepEqual(done, [1]);
    peer.acknowledge(1);
    await settle();
    assert.deepEqual(done, [1, 2]);
    peer.acknowledge(1);
    await settle();
    assert.deepEqual(done, [1, 2, 3]);
  });

  it('tells how much it has sent', async () => {
    const { peer, socket } = await open({ window: 1500 });
    socket.end(counting(2000));
    peer.batch();
    assert.equal(socket.bytesWritten, 1460);
    peer.acknowledge(1460);
    assert.equal(socket.bytesWritten, 2000);
  });

  it('pads to the smallest frame with zeros', async () => {
    const rig = new Rig();
    rig.serve((socket) => void socket.write('x'));
    const peer = new Peer(rig);
    peer.put({ flags: 'S' });
    rig.batch();
    const [synAck] = rig.takeFrames();
    assert.equal(synAck!.length, 60);
    assert.deepEqual([...synAck!.subarray(58)], [0, 0]);
  });
});
