import assert from 'node:assert/strict';
import { MS, Peer, SECOND, settle } from '../rig.js';
import { open, pieces, shapes } from './open.js';

describe('closing', () => {
  it('client first: FIN, our FIN, its ACK, and nothing is left', async () => {
    const { rig, peer, socket, first } = await open({ allowHalfOpen: false });
    const events: string[] = [];
    for (const event of ['end', 'finish', 'close'] as const) socket.on(event, () => events.push(event));
    const sent = peer.send({ flags: 'FA' });
    assert.deepEqual(shapes(sent, first), [['A', 0]]);
    assert.equal(sent[0]!.ack, peer.seq);
    await settle();
    assert.deepEqual(shapes(peer.batch(), first), [['FA', 0]]);
    assert.deepEqual(peer.acknowledge(1), []);
    assert.deepEqual(events, ['end', 'finish', 'close']);
    assert.equal(rig.host.tcp.connections, 0);
    assert.equal(rig.host.tcp.table.size, 0);
    assert.equal(rig.deadlineUs, Infinity);
  });

  it('server first: FIN, its ACK, its FIN, our ACK, and TIME-WAIT', async () => {
    const { rig, peer, socket, first } = await open();
    socket.end();
    await settle();
    assert.deepEqual(shapes(peer.batch(), first), [['FA', 0]]);
    assert.deepEqual(peer.acknowledge(1), []);
    // Half closed: the client may still send.
    const received: string[] = [];
    socket.on('data', (chunk: Buffer) => received.push(chunk.toString()));
    peer.send({ flags: 'PA', payload: 'late' });
    const sent = peer.send({ flags: 'FA' });
    assert.deepEqual(received, ['late']);
    assert.deepEqual(
      sent.map(({ flags, ack }) => [flags, ack - peer.seq]),
      [['A', 0]],
    );
    assert.equal(rig.host.tcp.connections, 0);
    assert.equal(rig.counters.timeWaits, 1);
    // A repeated FIN is acknowledged again, and TIME-WAIT starts anew.
    rig.pass(59 * SECOND);
    assert.deepEqual(shapes(peer.send({ flags: 'FA', seq: peer.seq - 1 }), first), [['A', 1]]);
    rig.pass(59 * SECOND);
    assert.equal(rig.host.tcp.table.size, 1);
    rig.pass(1 * SECOND);
    assert.equal(rig.host.tcp.table.size, 0);
  });

  it('both at once: CLOSING, then TIME-WAIT', async () => {
    const { rig, peer, socket, first } = await open();
    socket.end();
    await settle();
    assert.deepEqual(shapes(peer.batch(), first), [['FA', 0]]);
    assert.deepEqual(shapes(peer.send({ flags: 'FA' }), first), [['A', 1]]);
    assert.equal(rig.counters.timeWaits, 0);
    peer.acknowledge(1);
    assert.equal(rig.counters.timeWaits, 1);
  });

  it('FIN and the ACK of ours in one segment', async () => {
    const { rig, peer, socket } = await open();
    socket.end();
    await settle();
    peer.batch();
    peer.ack = (peer.ack + 1) >>> 0;
    const sent = peer.send({ flags: 'FA' });
    assert.deepEqual(
      sent.map(({ flags, ack }) => [flags, ack - peer.seq]),
      [['A', 0]],
    );
    assert.equal(rig.counters.timeWaits, 1);
  });

  it('sends everything before the FIN, also when the socket is destroyed right after the write', async () => {
    const { rig, peer, socket, first } = await open({ window: 2000 });
    socket.write(Buffer.alloc(5000, 0x61));
    socket.destroy();
    await settle();
    assert.deepEqual(pieces(peer.batch(), first), [[0, 1460]]);
    assert.deepEqual(pieces(peer.acknowledge(1460), first), [[1460, 1460]]);
    assert.deepEqual(pieces(peer.acknowledge(1460), first), [[2920, 1460]]);
    assert.deepEqual(shapes(peer.acknowledge(1460), first), [
      ['PA', 4380],
      ['FA', 5000],
    ]);
    peer.acknowledge(621);
    assert.equal(rig.host.tcp.connections, 1, 'FIN-WAIT-2');
    peer.send({ flags: 'FA' });
    assert.equal(rig.host.tcp.connections, 0);
  });

  it('resets when a write is cut off by destroy', async () => {
    const { peer, socket, first } = await open({ settings: { sendBufferBytes: 4000 } });
    const results: (Error | null | undefined)[] = [];
    socket.write(Buffer.alloc(9000), (error) => results.push(error));
    peer.batch();
    socket.destroy();
    await settle();
    assert.deepEqual(shapes(peer.batch(), first), [['RA', 9000]]);
    assert.equal((results[0] as NodeJS.ErrnoException).code, 'ECANCELED');
  });

  it('resets when bytes were not read', async () => {
    const { peer, socket, first } = await open();
    socket.pause();
    peer.send({ flags: 'PA', payload: 'unread' });
    socket.destroy();
    assert.deepEqual(shapes(peer.batch(), first), [['RA', 0]]);
  });

  it('resets when bytes come that nobody will read (RFC 9293 3.6.1)', async () => {
    const { rig, peer, socket, first } = await open();
    socket.destroy();
    assert.deepEqual(shapes(peer.batch(), first), [['FA', 0]]);
    assert.deepEqual(shapes(peer.send({ flags: 'PA', payload: 'x' }), first), [['RA', 1]]);
    assert.equal(rig.host.tcp.connections, 0);
    // The client's answer to the reset finds no connection.
    assert.equal(peer.send({ flags: 'A', ack: first + 1 })[0]!.flags, 'R');
  });

  it('resetAndDestroy resets at once', async () => {
    const { peer, socket, first } = await open();
    socket.write('abc');
    peer.batch();
    socket.resetAndDestroy();
    const sent = peer.batch();
    assert.deepEqual(shapes(sent, first), [['RA', 3]]);
    assert.equal(sent[0]!.ack, peer.seq);
  });

  it('does not wait for ever for a client that never closes', async () => {
    const { rig, peer, socket } = await open();
    socket.destroy();
    peer.batch();
    peer.acknowledge(1);
    rig.pass(60 * SECOND - 1);
    assert.equal(rig.host.tcp.connections, 1);
    rig.pass(1);
    assert.equal(rig.host.tcp.connections, 0);
    assert.deepEqual(rig.take(), []);
  });

  it('does not keep an orphan whose client never opens its window', async () => {
    const { rig, peer, socket } = await open({ window: 1000 });
    socket.write(Buffer.alloc(3000));
    peer.batch();
    peer.window = 0;
    peer.acknowledge(1000);
    socket.destroy();
    for (let i = 0; i < 7; i++) {
      rig.pass(10 * SECOND);
      peer.send({ flags: 'A' });
    }
    assert.equal(rig.host.tcp.connections, 0);
  });

  it('repeats its FIN until it is acknowledged, then gives up', async () => {
    const { rig, socket, peer } = await open({ settings: { maxRetransmissions: 3 } });
    socket.end();
    await settle();
    peer.batch();
    rig.pass(200 * SECOND);
    assert.deepEqual(
      rig.take().map(({ flags }) => flags),
      ['FA', 'FA', 'FA'],
    );
    assert.equal(rig.host.tcp.connections, 0);
  });

  it('destroySoon ends, then destroys', async () => {
    const { peer, socket, first } = await open();
    socket.write('abc');
    socket.destroySoon();
    await settle();
    assert.equal(socket.destroyed, true);
    assert.deepEqual(shapes(peer.batch(), first), [
      ['PA', 0],
      ['FA', 3],
    ]);
  });
});

describe('TIME-WAIT', () => {
  async function waiting(): ReturnType<typeof open> {
    const connection = await open();
    connection.socket.end();
    await settle();
    connection.peer.batch();
    connection.peer.ack = (connection.peer.ack + 1) >>> 0;
    connection.peer.send({ flags: 'FA' });
    await settle();
    assert.equal(connection.rig.counters.timeWaits, 1);
    return connection;
  }

  it('takes a SYN that is clearly newer, with a sequence space beyond the old one', async () => {
    const { rig, peer, first } = await waiting();
    const [synAck] = peer.send({ flags: 'S', seq: peer.seq + 1000 });
    assert.equal(synAck!.flags, 'SA');
    assert.ok(((synAck!.seq - first) | 0) > 1);
    assert.equal(rig.counters.timeWaits, 1);
  });

  it('answers an older SYN, and old data, with an ACK, and ignores resets (RFC 1337)', async () => {
    const { rig, peer, first } = await waiting();
    assert.deepEqual(shapes(peer.send({ flags: 'S', seq: peer.seq - 5 }), first), [['A', 1]]);
    assert.deepEqual(peer.send({ flags: 'S', seq: peer.seq - 5 }), [], 'not more often than twice a second');
    rig.pass(500 * MS);
    assert.deepEqual(shapes(peer.send({ flags: 'A', seq: peer.seq - 5, payload: 'x' }), first), [['A', 1]]);
    peer.send({ flags: 'R', seq: peer.seq });
    assert.equal(rig.host.tcp.table.size, 1);
    assert.deepEqual(peer.send({ flags: 'A' }), []);
  });

  it('does not hinder another 4-tuple', async () => {
    const { rig } = await waiting();
    new Peer(rig, { port: 40_001 }).connect();
    assert.equal(rig.host.tcp.connections, 1);
  });
});

describe('resets from the client (RFC 5961)', () => {
  it('end the connection when they are exactly in order', async () => {
    const { rig, peer, socket, errors } = await open();
    assert.deepEqual(peer.send({ flags: 'R' }), []);
    await settle();
    assert.equal(errors[0]!.code, 'ECONNRESET');
    assert.equal(errors[0]!.syscall, 'read');
    assert.equal(socket.destroyed, true);
    assert.equal(rig.host.tcp.table.size, 0);
    assert.equal(rig.counters.connectionsResetByPeer, 1);
  });

  it('are challenged when they are merely in the window, once in half a second', async () => {
    const { rig, peer, first, errors } = await open();
    const sent = peer.send({ flags: 'R', seq: peer.seq + 1 });
    assert.deepEqual(shapes(sent, first), [['A', 0]]);
    assert.equal(sent[0]!.ack, peer.seq);
    assert.deepEqual(peer.send({ flags: 'R', seq: peer.seq + 2 }), []);
    assert.equal(rig.counters.challengeAcksSuppressed, 1);
    rig.pass(500 * MS);
    assert.equal(peer.send({ flags: 'R', seq: peer.seq + 1 }).length, 1);
    assert.equal(errors.length, 0);
  });

  it('are ignored outside the window', async () => {
    const { peer, errors } = await open();
    assert.deepEqual(peer.send({ flags: 'R', seq: peer.seq - 1 }), []);
    assert.deepEqual(peer.send({ flags: 'R', seq: peer.seq + 0x1_0000 }), []);
    assert.equal(errors.length, 0);
  });

  it('and SYNs do not end it: they are challenged', async () => {
    const { rig, peer, first, errors } = await open();
    assert.deepEqual(shapes(peer.send({ flags: 'S', seq: peer.seq }), first), [['A', 0]]);
    rig.pass(500 * MS);
    assert.deepEqual(shapes(peer.send({ flags: 'S', seq: peer.seq - 1 }), first), [['A', 0]]);
    assert.equal(errors.length, 0);
  });

  it('deliver what came before them', async () => {
    const { rig, peer, socket } = await open();
    const received: string[] = [];
    socket.on('data', (chunk: Buffer) => received.push(chunk.toString()));
    peer.put({ flags: 'PA', payload: 'abc' });
    peer.put({ flags: 'R', seq: peer.seq + 3 });
    rig.batch();
    assert.deepEqual(received, ['abc']);
  });

  it('fail the writes that wait', async () => {
    const { peer, socket } = await open({ settings: { sendBufferBytes: 4000 } });
    const results: NodeJS.ErrnoException[] = [];
    socket.write(Buffer.alloc(9000), (error) => results.push(error as NodeJS.ErrnoException));
    socket.write('more', (error) => results.push(error as NodeJS.ErrnoException));
    peer.batch();
    peer.send({ flags: 'R' });
    await settle();
    assert.deepEqual(
      results.map((error) => error.code),
      ['ECONNRESET', 'ECONNRESET'],
    );
  });

  it('segments without ACK are dropped', async () => {
    const { rig, peer } = await open();
    assert.deepEqual(peer.send({ flags: 'P', payload: 'x', seq: peer.seq }), []);
    assert.equal(rig.counters.bytesReceived, 0);
  });
});
