import assert from 'node:assert/strict';
import { chunkFor, spanOf } from '../../../src/front-end/tcp/span-chunk.js';
import { FakeSpan } from '../fake-span.js';
import {
  HOST_MAC,
  MS,
  MSS_1460,
  PEER_MAC,
  Peer,
  PORT,
  SACK_PERMITTED,
  SECOND,
  sackOption,
  settle,
} from '../rig.js';
import { open, pieces, shapes } from './open.js';

describe('a delegated span in the stream', () => {
  it('is attached behind what was written before, and granted up to the windows', async () => {
    const { rig, peer, socket, first } = await open();
    const span = new FakeSpan(100_000);
    socket.write('header');
    socket.write(chunkFor(span));
    socket.write('trailer');
    assert.deepEqual(pieces(peer.batch(), first), [[0, 6]]);
    assert.equal(span.startSequence, (first + 6) >>> 0);
    // Ten segments' worth of window, less the header, in whole segments.
    assert.deepEqual(span.take(), ['attach', `send ${9 * 1460}`]);
    assert.equal(rig.counters.segmentsSent, 2, 'SYN-ACK and header');
  });

  it('is granted once a batch, however many ACKs came', async () => {
    const { rig, peer, socket, first } = await open();
    const span = new FakeSpan(1_000_000);
    socket.write(chunkFor(span));
    peer.batch();
    assert.deepEqual(span.take(), ['attach', 'send 14600']);
    span.report(14_600, rig.nowUs);
    for (let i = 1; i <= 10; i++) peer.put({ flags: 'A', ack: first + i * 1460 });
    assert.deepEqual(peer.batch(), []);
    const calls = span.take();
    assert.equal(calls.filter((call) => call.startsWith('acknowledge')).length, 10);
    assert.deepEqual(
      calls.filter((call) => call.startsWith('send')),
      [`send ${14_600 + 29_200}`],
    );
  });

  it('takes acknowledgments of what is granted, reported as sent or not (decision 6), not of more', async () => {
    const { rig, peer, socket, first } = await open();
    const span = new FakeSpan(100_000);
    socket.write(chunkFor(span));
    peer.batch();
    span.take();
    peer.send({ flags: 'A', ack: first + 14_600 });
    assert.equal(rig.counters.step127EmptiedBytes, 14_600);
    assert.ok(span.take().includes('acknowledge 14600'));
    const granted = 43_800;
    const [challenge] = peer.send({ flags: 'A', ack: first + granted + 1 });
    assert.equal(challenge!.flags, 'A');
    assert.equal(rig.counters.step126AckBeyondSent, 1);
    // A pure ACK carries the granted edge (decision 5).
    assert.equal((challenge!.seq - first) | 0, granted);
  });

  it('starts the retransmission timer when the board has sent, not when it was granted', async () => {
    const { rig, peer, socket } = await open();
    const span = new FakeSpan(100_000);
    socket.write(chunkFor(span));
    peer.batch();
    span.take();
    rig.pass(10 * SECOND);
    assert.deepEqual(span.take(), [], 'a stalled board is not the client’s loss');
    span.report(2920, rig.nowUs - 50 * MS);
    rig.pass(150 * MS - 1);
    assert.deepEqual(span.take(), []);
    rig.pass(1);
    assert.deepEqual(span.take(), ['resend 0-1460']);
    assert.equal(rig.counters.retransmissionTimeouts, 1);
  });

  it('measures the round trip from the time of sending that the board reports', async () => {
    const { rig, peer, socket, first } = await open();
    const span = new FakeSpan(1_000_000);
    socket.write(chunkFor(span));
    peer.batch();
    for (let offset = 1460; offset <= 14_600; offset += 1460) {
      rig.pass(SECOND);
      // Sent 100 ms before the report, acknowledged 90 ms after it.
      span.report(offset, rig.nowUs - 100 * MS);
      rig.pass(90 * MS);
      peer.send({ flags: 'A', ack: first + offset });
    }
    span.report(16_060, rig.nowUs);
    span.take();
    rig.pass(290 * MS);
    assert.deepEqual(
      span.take().filter((call) => call.startsWith('resend')),
      [],
      'the timeout has grown beyond its minimum',
    );
  });

  it('is asked to send lost ranges again, clipped to what was granted', async () => {
    const { rig, peer, socket, first } = await open({ options: [...MSS_1460, ...SACK_PERMITTED] });
    const span = new FakeSpan(100_000);
    socket.write('abc');
    socket.write(chunkFor(span));
    peer.batch();
    span.report(13_140, rig.nowUs);
    span.take();
    // The header and the second segment of the span are lost.
    for (const end of [3 + 1460, 3 + 4380, 3 + 5840, 3 + 7300, 3 + 8760]) {
      const blocks = end === 1463 ? [3, end] : [3, 1463, 2923, end];
      peer.put({ flags: 'A', options: sackOption(...blocks.map((edge) => first + edge)) });
    }
    const sent = peer.batch();
    assert.deepEqual(pieces(sent, first), [[0, 3]]);
    assert.ok(span.take().includes('resend 1460-2920'));
  });

  it('of unknown length holds back what follows, until the length is known', async () => {
    const { peer, socket, first } = await open();
    const openSpan = new FakeSpan(undefined, 0);
    const next = new FakeSpan(10);
    socket.write('head');
    socket.write(chunkFor(openSpan));
    assert.deepEqual(pieces(peer.batch(), first), [[0, 4]]);
    assert.deepEqual(openSpan.take(), ['attach']);
    openSpan.ready = 500;
    openSpan.carrier!.onReady(openSpan);
    peer.batch();
    assert.deepEqual(openSpan.take(), ['send 500']);
    openSpan.length = 700;
    openSpan.ready = 700;
    openSpan.carrier!.onReady(openSpan);
    peer.batch();
    assert.deepEqual(openSpan.take(), ['send 700']);
    await settle();
    socket.write(chunkFor(next));
    peer.batch();
    assert.deepEqual(next.take(), ['attach', 'send 10']);
    assert.equal(next.startSequence, (first + 704) >>> 0);
  });

  it('of unknown length holds back what was written together with it', async () => {
    const { peer, socket, first } = await open();
    const openSpan = new FakeSpan(undefined, 0);
    const next = new FakeSpan(10);
    socket.cork();
    socket.write(chunkFor(openSpan));
    socket.write(chunkFor(next));
    socket.write('end');
    socket.uncork();
    assert.deepEqual(peer.batch(), []);
    assert.deepEqual(next.take(), []);
    openSpan.length = 5;
    openSpan.ready = 5;
    openSpan.carrier!.onReady(openSpan);
    assert.deepEqual(pieces(peer.batch(), first), [[15, 3]]);
    assert.deepEqual(next.take(), ['attach', 'send 10']);
    assert.equal(next.startSequence, (first + 5) >>> 0);
  });

  it('of unknown length that turns out to be empty, or sent already, is complete', async () => {
    const { rig, peer, socket, first } = await open();
    const empty = new FakeSpan(undefined, 0);
    socket.write(chunkFor(empty));
    peer.batch();
    empty.length = 0;
    empty.carrier!.onReady(empty);
    peer.batch();
    assert.deepEqual(empty.take(), ['attach', 'acknowledge 0']);
    await settle();
    const late = new FakeSpan(undefined, 100);
    socket.write(chunkFor(late));
    peer.batch();
    late.report(100, rig.nowUs);
    peer.send({ flags: 'A', ack: first + 100 });
    assert.deepEqual(late.take(), ['attach', 'send 100', 'acknowledge 100']);
    late.length = 100;
    late.carrier!.onReady(late);
    peer.batch();
    assert.deepEqual(late.take(), ['acknowledge 100']);
    assert.equal(rig.host.tcp.connections, 1);
  });

  it('makes the FIN wait until the board has sent the last byte', async () => {
    const { rig, peer, socket, first } = await open();
    const span = new FakeSpan(1000);
    socket.end(chunkFor(span));
    await settle();
    assert.deepEqual(peer.batch(), []);
    span.report(999, rig.nowUs);
    assert.deepEqual(peer.batch(), []);
    span.report(1000, rig.nowUs);
    assert.deepEqual(shapes(peer.batch(), first), [['FA', 1000]]);
  });

  it('makes the FIN wait no longer once the client has the last byte', async () => {
    const { peer, socket, first } = await open();
    const span = new FakeSpan(1000);
    socket.end(chunkFor(span));
    await settle();
    peer.batch();
    assert.deepEqual(shapes(peer.send({ flags: 'A', ack: first + 1000 }), first), [['FA', 1000]]);
  });

  it('hears of a new (acknowledgment, window) pair only while it has grants that have not left', async () => {
    const { rig, peer, socket } = await open();
    const span = new FakeSpan(1000);
    socket.write(chunkFor(span));
    peer.batch();
    span.take();
    peer.send({ flags: 'PA', payload: 'next request' });
    assert.deepEqual(span.take(), ['pair']);
    assert.equal(span.carrier!.acknowledgment, peer.seq);
    peer.send({ flags: 'A' });
    assert.deepEqual(span.take(), []);
    span.report(1000, rig.nowUs);
    peer.send({ flags: 'PA', payload: 'another request' });
    assert.deepEqual(span.take(), []);
  });

  it('hears of a new next hop, even when all of it has left', async () => {
    const { rig, peer, socket } = await open();
    const span = new FakeSpan(1000);
    socket.write(chunkFor(span));
    peer.batch();
    span.report(1000, rig.nowUs);
    span.take();
    peer.mac[0] = 6;
    for (const payload of ['a', 'b']) peer.send({ flags: 'PA', payload });
    assert.deepEqual(span.take(), [], 'a frame may be damaged, and repeated');
    peer.send({ flags: 'PA', payload: 'c' });
    peer.mac[0] = PEER_MAC[0]! & 2;
    assert.deepEqual(span.take(), ['template']);
    const template = new Uint8Array(54);
    span.carrier!.writeTemplate(template);
    assert.equal(template[0], 6);
    peer.mac[0] = 2;
  });

  it('goes to a new next hop when the client only repeats what came before', async () => {
    const { rig, peer, socket } = await open();
    const span = new FakeSpan(1000);
    peer.send({ flags: 'PA', payload: 'request' });
    socket.write(chunkFor(span));
    peer.batch();
    span.take();
    peer.mac[0] = 6;
    for (let i = 0; i < 3; i++) peer.send({ flags: 'PA', payload: 'request', seq: peer.seq - 7 });
    peer.mac[0] = 2;
    assert.deepEqual(span.take(), ['template']);
    assert.equal(rig.counters.segmentsOutOfWindow, 3);
  });

  it('gets a template with the connection’s headers, lengths and checksums zero', async () => {
    const { peer, socket } = await open();
    const span = new FakeSpan(1000);
    socket.write(chunkFor(span));
    peer.batch();
    const template = new Uint8Array(80).fill(0xa5);
    assert.deepEqual(span.carrier!.writeTemplate(template), { bytes: 54, l3Offset: 14, l4Offset: 34 });
    const hex = Buffer.from(template.subarray(0, 54)).toString('hex');
    assert.equal(hex.slice(0, 28), Buffer.from([...PEER_MAC, ...HOST_MAC, 8, 0]).toString('hex'));
    assert.equal(hex.slice(28, 68), '45000000' + '00004000' + '40060000' + '0a000001' + '0a0000c8');
    const acknowledgment = peer.seq.toString(16).padStart(8, '0');
    assert.equal(
      hex.slice(68),
      '0050' + '9c40' + '00000000' + acknowledgment + '5010' + 'ffff' + '0000' + '0000',
    );
    assert.equal(template[54], 0xa5);
    assert.equal(span.carrier!.segmentBytes, 1460);
    assert.equal(span.carrier!.windowField, 0xffff);
  });

  it('that fails resets the connection and tells the program why', async () => {
    const { rig, peer, socket, first, errors } = await open();
    const span = new FakeSpan(1000);
    const other = new FakeSpan(1000);
    socket.write('header');
    socket.write(chunkFor(span));
    socket.write(chunkFor(other));
    peer.batch();
    span.take();
    other.take();
    span.carrier!.onFailed(span, new Error('no board has it'));
    assert.deepEqual(shapes(peer.batch(), first), [['RA', 2006]]);
    await settle();
    assert.equal(errors[0]!.message, 'no board has it');
    assert.deepEqual(span.take(), ['abandon']);
    assert.deepEqual(other.take(), ['abandon']);
    assert.equal(rig.host.tcp.connections, 0);
  });

  it('may fail from within attach', async () => {
    const { peer, socket, errors } = await open();
    const span = new FakeSpan(1000);
    span.onAttach = () => span.carrier!.onFailed(span, new Error('at once'));
    socket.write(chunkFor(span));
    assert.equal(peer.batch().at(-1)!.flags, 'RA');
    await settle();
    assert.equal(errors[0]!.message, 'at once');
    assert.equal(span.take().at(-1), 'abandon');
  });

  it('is abandoned when the client resets, and its 4-tuple rests until the lease is over (decision 2)', async () => {
    const { rig, peer, socket } = await open();
    const span = new FakeSpan(1000);
    socket.write(chunkFor(span));
    peer.batch();
    peer.send({ flags: 'R' });
    assert.equal(span.take().at(-1), 'abandon');
    assert.equal(rig.counters.quarantines, 1);
    assert.deepEqual(peer.send({ flags: 'S', seq: peer.seq + 10_000 }), []);
    assert.equal(rig.counters.synRefusedQuarantine, 1);
    assert.equal(peer.send({ flags: 'A', ack: 5 })[0]!.flags, 'R');
    rig.pass(2_500 * MS);
    assert.equal(peer.send({ flags: 'S', seq: peer.seq + 10_000 })[0]!.flags, 'SA');
  });

  describe('after an orderly close that leaves no TIME-WAIT', () => {
    const EDGE = 10_001;

    /** The client closes first; a board has sent 10,000 bytes, and may not know yet that they have arrived. */
    async function closed(): ReturnType<typeof open> {
      const opened = await open();
      const { rig, peer, socket, first } = opened;
      const span = new FakeSpan(EDGE - 1);
      socket.write(chunkFor(span));
      peer.batch();
      span.report(EDGE - 1, rig.nowUs);
      socket.end();
      await settle();
      peer.send({ flags: 'FA', ack: first + EDGE - 1 });
      peer.send({ flags: 'A', seq: peer.seq, ack: first + EDGE });
      assert.equal(rig.host.tcp.connections, 0);
      return opened;
    }

    it('lets in a new connection at once, with a sequence space beyond what the board may repeat', async () => {
      const { rig, peer, first } = await closed();
      const [synAck] = peer.send({ flags: 'S', seq: peer.seq - 100_000 });
      assert.equal(synAck!.flags, 'SA');
      assert.ok(((synAck!.seq - first) | 0) > EDGE);
      const [again] = peer.send({ flags: 'S', seq: peer.seq - 90_000 });
      assert.equal(again!.flags, 'SA', 'the client begins anew');
      assert.ok(((again!.seq - first) | 0) > EDGE);
      assert.equal(rig.counters.timeWaits + rig.counters.quarantines, 0);
    });

    it('answers all else as if nothing was there, until the lease is over', async () => {
      const { rig, peer, first } = await closed();
      assert.deepEqual(shapes(peer.send({ flags: 'A', ack: first + EDGE }), first), [['R', EDGE]]);
      assert.deepEqual(peer.send({ flags: 'R' }), []);
      assert.equal(rig.host.tcp.table.size, 1);
      rig.pass(2_500 * MS);
      assert.equal(rig.host.tcp.table.size, 0);
    });
  });

  it('is abandoned at once when it is written after a reset that the program has not heard of', async () => {
    const { rig, peer, socket } = await open();
    const span = new FakeSpan(1000);
    const late = new FakeSpan(1000);
    socket.on('data', () => {
      // As for every request: a timeout, and a reply.
      socket.setTimeout(5000);
      socket.write(chunkFor(late));
    });
    socket.write(chunkFor(span));
    peer.batch();
    span.report(1000, rig.nowUs);
    const payload = 'another request';
    peer.put({ flags: 'PA', payload });
    peer.put({ flags: 'R', seq: peer.seq + payload.length });
    peer.batch();
    await settle();
    assert.equal(rig.host.tcp.connections, 0);
    assert.deepEqual(late.take(), ['abandon']);
    // The retransmission timeout of what was under way, and the delayed ACK.
    rig.pass(10 * SECOND);
    assert.deepEqual(rig.take(), []);
    assert.deepEqual(late.take(), []);
  });

  it('that was never granted leaves no quarantine behind', async () => {
    const { rig, peer, socket } = await open();
    socket.write(chunkFor(new FakeSpan(undefined, 0)));
    peer.batch();
    peer.send({ flags: 'R' });
    assert.equal(rig.counters.quarantines, 0);
    assert.equal(rig.host.tcp.table.size, 0);
  });

  it('completes its write when it is granted up to the look-ahead, so that the next reply may follow', async () => {
    const { peer, socket, first } = await open({ settings: { sendBufferBytes: 20_000 } });
    const span = new FakeSpan(60_000);
    const done: string[] = [];
    socket.write(chunkFor(span), () => done.push('span'));
    peer.batch();
    await settle();
    assert.deepEqual(done, [], '14,600 are granted');
    peer.send({ flags: 'A', ack: first + 14_600 });
    await settle();
    assert.deepEqual(done, ['span'], '43,800 are granted');
  });

  it('longer than the sequence space goes on past it', async () => {
    const { rig, peer, socket, first } = await open({ options: [...MSS_1460, 3, 3, 14] });
    const span = new FakeSpan(20 * 2 ** 30);
    socket.write(chunkFor(span));
    peer.batch();
    let granted = 14_600;
    let rounds = 0;
    while (granted < 6 * 2 ** 30) {
      span.sentUpTo = granted;
      span.take();
      assert.ok(rounds++ < 10_000);
      rig.nowUs += 1000;
      peer.send({ flags: 'A', ack: first + granted });
      const last = span
        .take()
        .filter((call) => call.startsWith('send'))
        .at(-1);
      granted = Number(last!.slice(5));
    }
    assert.equal(rig.counters.step126AckBeyondSent, 0);
    assert.equal(rig.counters.retransmittedRanges, 0);
  });
});

describe('chunkFor', () => {
  it('gives an empty chunk of its own for each span', () => {
    const span = new FakeSpan(1);
    const chunk = chunkFor(span);
    assert.equal(chunk.length, 0);
    assert.equal(spanOf(chunk), span);
    assert.equal(spanOf(Buffer.alloc(0)), undefined);
    assert.notEqual(chunkFor(new FakeSpan(1)), chunk);
  });
});

describe('two connections', () => {
  it('do not disturb each other', async () => {
    const { rig, peer, socket } = await open();
    const other = new Peer(rig, { port: 40_001, localPort: PORT });
    other.connect();
    socket.write('one');
    const [segment, ...rest] = peer.batch();
    assert.equal(rest.length, 0);
    assert.equal(segment!.remotePort, 40_000);
    other.send({ flags: 'R' });
    await settle();
    assert.equal(rig.host.tcp.connections, 1);
    assert.equal(socket.destroyed, false);
  });
});
