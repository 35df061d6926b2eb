import assert from 'node:assert/strict';
import type { AtcpSocket } from '../../../src/front-end/tcp/socket.js';
import { MS, MSS_1460, Peer, Rig, SACK_PERMITTED, WINDOW_SCALE_7, settle, type Sent } from '../rig.js';

interface Open {
  rig: Rig;
  peer: Peer;
  socket: AtcpSocket;
  text: () => string;
}

async function open(
  options: readonly number[] = MSS_1460,
  settings: ConstructorParameters<typeof Rig>[0] = {},
  flowing = true,
): Promise<Open> {
  const rig = new Rig(settings);
  let socket: AtcpSocket | undefined;
  let text = '';
  rig.serve(
    (each) => {
      socket = each;
      if (flowing) each.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    },
    { highWaterMark: 1000 },
  );
  const peer = new Peer(rig);
  peer.connect(options);
  await settle();
  return { rig, peer, socket: socket!, text: () => text };
}

function acks(sent: Sent[], peer: Peer): number[] {
  return sent.map((segment) => {
    assert.equal(segment.flags, 'A');
    return (segment.ack - peer.seq) | 0;
  });
}

describe('receiving', () => {
  it('hands data over in order and acknowledges it within 40 ms', async () => {
    const { rig, peer, text } = await open();
    assert.deepEqual(peer.send({ flags: 'PA', payload: 'abc' }), []);
    assert.equal(text(), 'abc');
    rig.pass(40 * MS - 1);
    assert.deepEqual(rig.take(), []);
    rig.pass(1);
    assert.deepEqual(acks(rig.take(), peer), [0]);
  });

  it('acknowledges every second full segment at once', async () => {
    const { peer } = await open();
    const full = Buffer.alloc(1460, 0x61);
    assert.deepEqual(peer.send({ flags: 'A', payload: full }), []);
    assert.deepEqual(acks(peer.send({ flags: 'A', payload: full }), peer), [0]);
    assert.deepEqual(peer.send({ flags: 'A', payload: full }), []);
  });

  it('acknowledges once for what one batch brought', async () => {
    const { peer, text } = await open();
    const full = Buffer.alloc(1460, 0x61);
    const start = peer.seq;
    for (let i = 0; i < 10; i++) peer.put({ flags: 'A', payload: full, seq: start + i * 1460 });
    peer.seq = (start + 14_600) >>> 0;
    assert.deepEqual(acks(peer.batch(), peer), [0]);
    assert.equal(text().length, 14_600);
  });

  it('puts reordered, overlapping and repeated segments together', async () => {
    const { peer, text } = await open();
    const start = peer.seq;
    const piece = (from: number, to: number): Sent[] =>
      peer.send({ flags: 'A', seq: start + from, payload: 'abcdefghij'.slice(from, to) });
    assert.deepEqual(
      piece(4, 6).map(({ ack }) => (ack - start) | 0),
      [0],
    );
    assert.deepEqual(
      piece(8, 10).map(({ ack }) => (ack - start) | 0),
      [0],
    );
    assert.deepEqual(
      piece(3, 9).map(({ ack }) => (ack - start) | 0),
      [0],
    );
    assert.equal(text(), '');
    assert.deepEqual(
      piece(0, 5).map(({ ack }) => (ack - start) | 0),
      [10],
    );
    assert.equal(text(), 'abcdefghij');
    assert.deepEqual(
      piece(2, 7).map(({ ack }) => (ack - start) | 0),
      [10],
    );
    assert.equal(text(), 'abcdefghij');
  });

  it('keeps what it holds where a later segment contradicts it', async () => {
    const { peer, text } = await open();
    const start = peer.seq;
    peer.send({ flags: 'A', seq: start + 3, payload: 'CD' });
    peer.send({ flags: 'A', seq: start + 1, payload: 'xyzzy!' });
    peer.send({ flags: 'A', seq: start, payload: '0' });
    assert.equal(text(), '0xyCDy!');
  });

  it('works across the end of the sequence space', async () => {
    const rig = new Rig();
    let text = '';
    rig.serve((socket) => socket.on('data', (chunk: Buffer) => (text += chunk.toString())));
    const peer = new Peer(rig, { iss: 0xffff_fffe });
    peer.connect();
    await settle();
    assert.equal(peer.seq, 0xffff_ffff);
    peer.send({ flags: 'A', seq: 2, payload: 'de' });
    peer.send({ flags: 'A', payload: 'abc' });
    assert.equal(text, 'abcde');
  });

  it('sends one duplicate ACK for each segment out of order, so that the client can recover', async () => {
    const { peer } = await open();
    const start = peer.seq;
    for (let i = 1; i <= 3; i++) peer.put({ flags: 'A', seq: start + i * 10, payload: 'x'.repeat(10) });
    const sent = peer.batch();
    assert.deepEqual(
      sent.map(({ ack, optionBytes }) => [(ack - start) | 0, optionBytes.length]),
      [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
    );
  });

  it('reports what it holds in SACK blocks, the latest first (RFC 2018 4)', async () => {
    const { peer } = await open([...MSS_1460, ...SACK_PERMITTED]);
    const start = peer.seq;
    const blocks = (from: number, to: number): number[] => {
      const [sent] = peer.send({ flags: 'A', seq: start + from, payload: 'x'.repeat(to - from) });
      const { sackBlocks, sackEdges } = sent!.options;
      return [...sackEdges.subarray(0, 2 * sackBlocks)].map((edge) => (edge - start) | 0);
    };
    assert.deepEqual(blocks(10, 20), [10, 20]);
    assert.deepEqual(blocks(30, 40), [30, 40, 10, 20]);
    assert.deepEqual(blocks(15, 25), [10, 25, 30, 40]);
    assert.deepEqual(blocks(50, 60), [50, 60, 10, 25, 30, 40]);
    assert.deepEqual(blocks(70, 80), [70, 80, 10, 25, 30, 40, 50, 60]);
    assert.deepEqual(blocks(90, 99), [90, 99, 10, 25, 30, 40, 50, 60]);
    assert.deepEqual(blocks(0, 10), [90, 99, 30, 40, 50, 60, 70, 80]);
  });

  it('narrows the window while the program does not read, never beyond what it offered', async () => {
    const { rig, peer } = await open([...MSS_1460, ...WINDOW_SCALE_7], { receiveBufferBytes: 8192 }, false);
    const full = Buffer.alloc(1460, 0x61);
    const edges: number[] = [];
    const start = peer.seq;
    for (let i = 0; i < 9; i++) {
      const sent = peer.send({ flags: 'A', payload: full });
      rig.pass(40 * MS);
      sent.push(...rig.take());
      for (const { ack, window } of sent) edges.push(((ack - start) | 0) + window);
    }
    // The stream took the first segment; the buffer behind it holds the rest.
    assert.equal(rig.counters.bytesReceived, 1460 + 8192);
    assert.equal(Math.max(...edges), 1460 + 8192);
    assert.deepEqual(
      edges,
      [...edges].sort((a, b) => a - b),
      'the right edge never moves back',
    );
  });

  it('closes the window, refuses what is beyond, and opens it again when the program reads', async () => {
    const { peer, socket } = await open(MSS_1460, { receiveBufferBytes: 8192 }, false);
    const full = peer.seq + 1460 + 8192;
    // The stream takes the first, the rest fills the buffer.
    const sent = [1460, 1000, 1000, 6192].flatMap((bytes) =>
      peer.send({ flags: 'A', payload: Buffer.alloc(bytes) }),
    );
    const closed = sent.at(-1);
    assert.deepEqual([closed?.window, (closed!.ack - full) | 0], [0, 0]);
    // A window probe of one byte is answered, and not taken.
    const [answer] = peer.send({ flags: 'A', payload: 'z', seq: full });
    assert.deepEqual([answer?.window, (answer!.ack - full) | 0], [0, 0]);
    socket.read();
    await settle();
    assert.deepEqual(peer.batch(), [], 'less than a segment is not worth an update');
    socket.read();
    await settle();
    const [update] = peer.batch();
    assert.deepEqual([update?.flags, update?.window, (update!.ack - full) | 0], ['A', 2000, 0]);
  });

  it('takes the part of a segment that the window has room for', async () => {
    const { rig, peer, socket } = await open(MSS_1460, { receiveBufferBytes: 8192 }, false);
    const start = peer.seq;
    const [ack] = peer.send({ flags: 'A', payload: Buffer.alloc(9000, 0x61), seq: start });
    assert.equal((ack!.ack - start) | 0, 8192);
    assert.equal(socket.readableLength, 8192);
    assert.equal(rig.counters.bytesReceived, 8192);
  });

  it('answers what is outside the window with an ACK, empty segments at most twice a second', async () => {
    const { rig, peer } = await open();
    const old = peer.seq - 1;
    assert.deepEqual(acks(peer.send({ flags: 'A', seq: old }), peer), [0]);
    assert.deepEqual(peer.send({ flags: 'A', seq: old }), []);
    rig.pass(500 * MS);
    assert.deepEqual(acks(peer.send({ flags: 'A', seq: old }), peer), [0]);
    // Data is answered always: our ACK may have been lost.
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(acks(peer.send({ flags: 'A', seq: old, payload: 'x' }), peer), [0]);
    }
    assert.deepEqual(acks(peer.send({ flags: 'A', seq: peer.seq + 0x1_0000, payload: 'x' }), peer), [0]);
    assert.equal(rig.counters.segmentsOutOfWindow, 7);
    assert.equal(rig.counters.challengeAcksSuppressed, 1);
  });

  it('holds a bounded number of pieces', async () => {
    const { rig, peer, text } = await open();
    const start = peer.seq;
    for (let i = 0; i < 1000; i++) peer.put({ flags: 'A', seq: start + 1 + 2 * i, payload: 'x' });
    peer.batch();
    assert.equal(rig.counters.outOfOrderRefused, 1000 - 512);
    peer.send({ flags: 'A', seq: start, payload: 'y'.repeat(2000) });
    assert.equal(text().length, 2000);
  });

  it('takes the FIN only in its turn', async () => {
    const { peer, socket } = await open();
    const start = peer.seq;
    let ended = false;
    socket.on('end', () => (ended = true));
    peer.send({ flags: 'FA', seq: start + 3, payload: 'def' });
    assert.equal(socket.readableEnded, false);
    const [ack] = peer.send({ flags: 'A', seq: start, payload: 'abc' });
    assert.equal((ack!.ack - start) | 0, 7);
    await settle();
    assert.equal(ended, true);
  });

  it('counts what it read', async () => {
    const { peer, socket } = await open();
    peer.send({ flags: 'A', payload: 'abcdef' });
    assert.equal(socket.bytesRead, 6);
  });
});
