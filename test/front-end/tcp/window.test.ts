import assert from 'node:assert/strict';
import { MS, SECOND } from '../rig.js';
import { open, pieces, shapes, type Open } from './open.js';

/** Everything the window allows was sent and acknowledged; the window is closed and more waits. */
async function blocked(): Promise<Open> {
  const connection = await open({ window: 1460 });
  connection.socket.write(Buffer.alloc(5000, 0x61));
  connection.peer.batch();
  connection.peer.window = 0;
  assert.deepEqual(connection.peer.acknowledge(1460), []);
  return connection;
}

describe('a client’s closed window', () => {
  it('is probed with empty segments at SND.UNA - 1, ever more rarely', async () => {
    const { rig, peer, first } = await blocked();
    const startUs = rig.nowUs;
    for (let i = 0; i < 4; i++) {
      rig.pass(200 * 2 ** i * MS);
      const probes = rig.take();
      assert.deepEqual(shapes(probes, first), [['A', 1459]]);
      assert.equal(probes[0]!.payload.length, 0);
      assert.equal(probes[0]!.ack, peer.seq);
      assert.equal((probes[0]!.atUs - startUs) / MS, 200 * (2 ** (i + 1) - 1));
      peer.send({ flags: 'A' });
    }
  });

  it('does not end the connection while the client answers', async () => {
    const { rig, peer, socket } = await blocked();
    for (let i = 0; i < 30; i++) {
      rig.pass(60 * SECOND);
      assert.ok(rig.take().length > 0);
      peer.send({ flags: 'A' });
    }
    assert.equal(socket.destroyed, false);
  });

  it('ends it with ETIMEDOUT when nobody answers', async () => {
    const { rig, socket, errors } = await blocked();
    rig.pass(400 * SECOND);
    await new Promise((resolve) => socket.once('close', resolve));
    assert.equal(errors[0]!.code, 'ETIMEDOUT');
    assert.equal(rig.counters.probesSent, 8);
  });

  it('is left alone once it opens', async () => {
    const { rig, peer, first } = await blocked();
    rig.pass(200 * MS);
    rig.take();
    peer.window = 0xffff;
    assert.deepEqual(pieces(peer.send({ flags: 'A' }), first), [
      [1460, 1460],
      [2920, 1460],
      [4380, 620],
    ]);
    peer.acknowledge(3540);
    rig.pass(60 * SECOND);
    assert.deepEqual(rig.take(), []);
  });

  it('that opens by a crack gets a small segment after a while (RFC 9293 3.8.6.2.1)', async () => {
    const { rig, peer, first } = await blocked();
    peer.window = 100;
    assert.deepEqual(peer.send({ flags: 'A' }), []);
    rig.pass(SECOND);
    assert.deepEqual(pieces(rig.take(), first)[0], [1460, 100]);
  });

  it('holds a FIN back as well', async () => {
    const { rig, peer, socket, first } = await open({ window: 3 });
    socket.end('abc');
    assert.deepEqual(shapes(peer.batch(), first), [['PA', 0]]);
    peer.window = 0;
    assert.deepEqual(peer.acknowledge(3), []);
    rig.pass(200 * MS);
    assert.deepEqual(shapes(rig.take(), first), [['A', 2]]);
    peer.window = 1;
    assert.deepEqual(shapes(peer.send({ flags: 'A' }), first), [['FA', 3]]);
  });

  it('that shrinks to nothing under data on its way does not end a living connection', async () => {
    const { rig, peer, socket } = await open({ window: 14_600 });
    socket.write(Buffer.alloc(14_600));
    peer.batch();
    peer.window = 0;
    for (let i = 0; i < 60; i++) {
      rig.pass(10 * SECOND);
      peer.send({ flags: 'A' });
    }
    assert.equal(socket.destroyed, false);
  });
});

describe('keep-alive', () => {
  it('is off unless asked for', async () => {
    const { rig } = await open();
    rig.pass(24 * 3600 * SECOND);
    assert.deepEqual(rig.take(), []);
  });

  it('probes an idle client, and ends the connection when it is gone', async () => {
    const { rig, peer, socket, first, errors } = await open({ settings: { maxProbes: 2 } });
    socket.setKeepAlive(true, 10_000);
    rig.pass(10 * SECOND);
    assert.deepEqual(shapes(rig.take(), first), [['A', -1]]);
    peer.send({ flags: 'A' });
    rig.pass(10 * SECOND - 1);
    assert.deepEqual(rig.take(), []);
    rig.pass(1);
    assert.equal(rig.take().length, 1);
    rig.pass(75 * SECOND);
    assert.equal(rig.take().length, 1);
    rig.pass(75 * SECOND);
    await new Promise((resolve) => socket.once('close', resolve));
    assert.equal(errors[0]!.code, 'ETIMEDOUT');
  });

  it('can be turned off again', async () => {
    const { rig, socket } = await open();
    socket.setKeepAlive(true, 1_000).setKeepAlive(false);
    rig.pass(100 * SECOND);
    assert.deepEqual(rig.take(), []);
  });
});

describe('the idle timeout of a socket', () => {
  it('fires once nothing got through for so long, and again after more activity', async () => {
    const { rig, peer, socket } = await open();
    const times: number[] = [];
    const startUs = rig.nowUs;
    socket.setTimeout(5000, () => times.push((rig.nowUs - startUs) / SECOND));
    socket.on('timeout', () => times.push(-(rig.nowUs - startUs) / SECOND));
    rig.pass(3 * SECOND);
    peer.send({ flags: 'PA', payload: 'x' });
    rig.pass(4 * SECOND);
    assert.deepEqual(times, []);
    rig.pass(20 * SECOND);
    assert.deepEqual(times, [8, -8]);
    peer.send({ flags: 'PA', payload: 'x' });
    rig.pass(20 * SECOND);
    assert.deepEqual(times, [8, -8, -32]);
    assert.equal(socket.destroyed, false);
  });

  it('counts acknowledgments as life, answers to probes not', async () => {
    const { rig, peer, socket } = await open();
    let fired = 0;
    socket.on('timeout', () => fired++);
    socket.write(Buffer.alloc(14_600));
    peer.batch();
    socket.setTimeout(5000);
    for (let i = 0; i < 10; i++) {
      rig.pass(4 * SECOND);
      peer.acknowledge(1460);
    }
    assert.equal(fired, 0);
    socket.setKeepAlive(true, 1000);
    for (let i = 0; i < 6; i++) {
      rig.pass(1 * SECOND);
      peer.send({ flags: 'A' });
    }
    assert.equal(fired, 1);
  });

  it('is taken back with 0', async () => {
    const { rig, socket } = await open();
    socket.on('timeout', () => assert.fail('it was taken back'));
    socket.setTimeout(1000);
    socket.setTimeout(0);
    rig.pass(10 * SECOND);
    assert.equal(socket.timeout, 0);
  });
});
