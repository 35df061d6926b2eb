import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { DgramLink } from '../../../hosts/linux/dgram-link.js';
import type { DgramSocketOptions } from '../../../hosts/linux/dgram-socket.js';
import { Recorder } from './recorder.js';

/** Two UDP ports that were free a moment ago. */
async function freePorts(): Promise<[number, number]> {
  const sockets = [createSocket('udp4'), createSocket('udp4')];
  for (const socket of sockets) await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const ports = sockets.map((socket) => socket.address().port);
  sockets.forEach((socket) => socket.close());
  return ports as [number, number];
}

const frame = (mark: number, bytes: number): Uint8Array => new Uint8Array(bytes).map((_, i) => mark + i);

describe('DgramLink', () => {
  let ports: [number, number];
  const links: DgramLink[] = [];
  const sockets: Socket[] = [];

  function open(options: Partial<DgramSocketOptions> = {}): DgramLink {
    const link = new DgramLink({ localPort: ports[0], remotePort: ports[1], ...options });
    links.push(link);
    return link;
  }

  /** The other end, as QEMU is one: a plain UDP socket. */
  async function openPeer(port = ports[1]): Promise<Socket> {
    const socket = createSocket('udp4');
    sockets.push(socket);
    await new Promise<void>((resolve) => socket.bind(port, '127.0.0.1', resolve));
    return socket;
  }

  beforeEach(async () => {
    ports = await freePorts();
  });
  afterEach(() => {
    links.splice(0).forEach((link) => link.close());
    sockets.splice(0).forEach((socket) => socket.close());
  });

  it('sends one frame a datagram from its port, when flushed', async () => {
    const peer = await openPeer();
    const link = open();
    const dirty = new Uint8Array(2000).fill(0xa5);
    dirty.set(frame(3, 1514), 100);
    assert.equal(link.send(dirty, 100, 1514), true);
    dirty.fill(0x5a);
    link.flush();
    const [message, from] = (await once(peer, 'message')) as [Buffer, { port: number }];
    assert.deepEqual(new Uint8Array(message), frame(3, 1514));
    assert.equal(from.port, ports[0]);
    assert.equal(link.counters().sentFrames, 1);
  });

  it('hands over datagrams of its peer in batches, and flushes the answers after each', async () => {
    const peer = await openPeer();
    const link = open();
    const recorder = new Recorder();
    recorder.onBatch = () => {
      for (const bytes of recorder.frames.slice(-1)) link.send(bytes, 0, bytes.length);
    };
    link.start(recorder);
    for (let i = 0; i < 5; i++) peer.send(frame(i, 60 + i), ports[0], '127.0.0.1');
    const [answer] = (await once(peer, 'message')) as [Buffer];
    assert.ok(answer.length >= 60);
    await recorder.waitFor(5);
    assert.deepEqual(
      recorder.frames,
      [0, 1, 2, 3, 4].map((i) => frame(i, 60 + i)),
    );
    assert.equal(link.counters().receivedFrames, 5);
  });

  it('refuses strangers, and what is no frame or too long for one', async () => {
    const peer = await openPeer();
    const stranger = await openPeer(0);
    const link = open();
    const recorder = new Recorder();
    link.start(recorder);
    stranger.send(frame(1, 60), ports[0], '127.0.0.1');
    peer.send(frame(2, 13), ports[0], '127.0.0.1');
    peer.send(frame(3, 4000), ports[0], '127.0.0.1');
    await sleep(20);
    peer.send(frame(4, 1518), ports[0], '127.0.0.1');
    peer.send(frame(5, 14), ports[0], '127.0.0.1');
    await recorder.waitFor(2);
    assert.deepEqual(recorder.frames, [frame(4, 1518), frame(5, 14)]);
    assert.equal(link.counters().receiveRefused, 3);
  });

  it('counts what the kernel dropped while nobody looked', async () => {
    const peer = await openPeer();
    const link = open({ receiveBufferBytes: 64 << 10 });
    assert.equal(link.receiveBufferBytes, 64 << 10);
    for (let i = 0; i < 200; i++) peer.send(frame(i, 1514), ports[0], '127.0.0.1');
    await sleep(100);
    const { receiveDrops } = link.counters();
    const recorder = new Recorder();
    link.start(recorder);
    await recorder.waitFor(200 - receiveDrops);
    await sleep(20);
    assert.equal(recorder.frames.length + receiveDrops, 200);
    // Within a fifth of what receiveBufferFrames says.
    const ratio = recorder.frames.length / link.receiveBufferFrames;
    assert.ok(ratio > 0.8 && ratio < 1.25, `${recorder.frames.length} of ${link.receiveBufferFrames}`);
  });

  it('sends no more than a burst within a millisecond, and the rest by itself', async () => {
    const peer = await openPeer();
    const link = open({ burstFrames: 4, sendFrames: 64 });
    link.start(new Recorder());
    let arrived = 0;
    peer.on('message', () => arrived++);
    for (let i = 0; i < 64; i++) assert.equal(link.send(frame(i, 60), 0, 60), true);
    link.flush();
    const start = performance.now();
    assert.equal(link.counters().sentFrames, 4);
    while (arrived < 64) await sleep(1);
    assert.ok(performance.now() - start > 14, 'sixteen bursts take fifteen milliseconds or more');
    assert.equal(link.counters().sendDrops, 0);
  });

  it('says no when its queue is full', async () => {
    await openPeer();
    const link = open({ burstFrames: 1, sendFrames: 4 });
    link.start(new Recorder());
    const start = performance.now();
    const accepted = Array.from({ length: 1000 }, () => link.send(frame(0, 60), 0, 60));
    assert.deepEqual(accepted.slice(0, 5), [true, true, true, true, true]);
    // A burst of one and a queue of four; each further millisecond makes room for one.
    const room = 5 + Math.ceil(performance.now() - start);
    const count = accepted.filter((each) => each).length;
    assert.ok(count <= room && room < 1000, `${count} accepted where ${room} had room`);
    assert.throws(
      () => link.send(new Uint8Array(3000), 0, 3000),
      /3000 bytes does not fit .* respect the link's MTU/,
    );
  });

  it('goes on when nobody listens at the other end', async () => {
    const link = open();
    const recorder = new Recorder();
    link.start(recorder);
    for (let i = 0; i < 3; i++) {
      link.send(frame(i, 60), 0, 60);
      link.flush();
      await sleep(5);
    }
    const peer = await openPeer();
    peer.send(frame(9, 60), ports[0], '127.0.0.1');
    await recorder.waitFor(1);
    assert.equal(link.counters().sentFrames, 3);
    assert.equal(recorder.lost, undefined);
  });

  it('names a port that is taken, and one that is none', () => {
    open();
    assert.throws(
      () => open(),
      new RegExp(`UDP port ${ports[0]} .* another process has it; choose another port.*EADDRINUSE`),
    );
    assert.throws(() => open({ localPort: 70_000 }), /70000 is not a UDP port/);
  });

  it('can be closed from within a batch, and twice', async () => {
    const peer = await openPeer();
    const link = open();
    const recorder = new Recorder();
    recorder.onBatch = () => link.close();
    link.start(recorder);
    assert.throws(() => link.start(recorder), /started before/);
    peer.send(frame(1, 60), ports[0], '127.0.0.1');
    await recorder.waitFor(1);
    link.close();
    assert.equal(link.send(frame(1, 60), 0, 60), false);
    link.flush();
    assert.equal(link.counters().receivedFrames, 1);
  });
});
