/** The scenarios of packet-link.test.ts, each in fresh namespaces. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { disableOffloads } from '../../../hosts/linux/ethtool.js';
import { readInterface } from '../../../hosts/linux/interface.js';
import { PacketLink } from '../../../hosts/linux/packet-link.js';
import { checkIpv4, ipv4HeaderBytes, ipv4Protocol, ipv4PseudoHeaderSum } from '../../../src/wire/ipv4.js';
import { sum16 } from '../../../src/wire/byte-loops.js';
import { ip, makeVeth, runScenario } from './namespace.js';
import { Recorder } from './recorder.js';

const ETHERTYPE = 0x88b5;

/** A frame from `source` to `destination`, its payload marked with a number. */
function frame(destination: Uint8Array, source: Uint8Array, mark: number, bytes: number): Uint8Array {
  const b = Buffer.alloc(bytes);
  b.set(destination, 0);
  b.set(source, 6);
  b.writeUInt16BE(ETHERTYPE, 12);
  for (let i = 14; i < bytes; i++) b[i] = mark + i;
  b.writeUInt32BE(mark, 14);
  return new Uint8Array(b);
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen`);
    await sleep(1);
  }
}

const scenarios = {
  /** Both ends know who they are, and frames of every length arrive unchanged, in order, at the other end only. */
  async exchange() {
    makeVeth('va', 'vb');
    ip('link set va address 02:00:00:00:00:0a');
    const a = new PacketLink('va');
    const b = new PacketLink('vb');
    assert.deepEqual([...a.macAddress], [2, 0, 0, 0, 0, 10]);
    assert.equal(a.mtu, 1500);
    assert.equal(readInterface('vb').running, true);
    const atA = new Recorder();
    const atB = new Recorder();
    a.start(atA);
    b.start(atB);
    const sent = Array.from({ length: 1514 - 18 }, (_, i) =>
      frame(b.macAddress, a.macAddress, i, 18 + i + 1),
    );
    const dirty = new Uint8Array(4000);
    for (const bytes of sent) {
      dirty.fill(0xa5).set(bytes, 99);
      assert.equal(a.send(dirty, 99, bytes.length), true);
    }
    a.flush();
    await atB.waitFor(sent.length);
    // A veth pair hands frames over as they are, unpadded.
    assert.deepEqual(atB.frames, sent);
    // What a sent is not received by a.
    b.send(sent[0]!, 0, sent[0]!.length);
    b.flush();
    await atA.waitFor(1);
    assert.deepEqual(atA.frames, [sent[0]]);
    const tagged = frame(b.macAddress, a.macAddress, 7, 1518);
    tagged.set([0x81, 0x00, 0x60, 0x2a, ETHERTYPE >>> 8, ETHERTYPE & 0xff], 12);
    a.send(tagged, 0, tagged.length);
    a.flush();
    await atB.waitFor(sent.length + 1);
    assert.deepEqual(atB.frames.at(-1), tagged);
    a.close();
    b.close();
  },

  /** Frames for other stations are seen in promiscuous mode only; one EtherType can be asked for. */
  async filters() {
    makeVeth('va', 'vb');
    const a = new PacketLink('va');
    const own = new PacketLink('vb', { etherType: ETHERTYPE });
    const all = new PacketLink('vb', { promiscuous: true, macAddress: Uint8Array.of(2, 1, 1, 1, 1, 1) });
    assert.deepEqual([...all.macAddress], [2, 1, 1, 1, 1, 1]);
    assert.match(execFileSync('ip', ['-d', 'link', 'show', 'vb'], { encoding: 'utf8' }), /promiscuity 1/);
    const atOwn = new Recorder();
    const atAll = new Recorder();
    own.start(atOwn);
    all.start(atAll);
    const other = frame(own.macAddress, a.macAddress, 1, 60);
    other.set([0x08, 0x06], 12);
    a.send(other, 0, 60);
    a.send(frame(own.macAddress, a.macAddress, 2, 60), 0, 60);
    a.flush();
    await atAll.waitFor(2);
    await atOwn.waitFor(1);
    assert.deepEqual(atOwn.frames, [frame(own.macAddress, a.macAddress, 2, 60)]);
    all.close();
    // The kernel lets go of the socket at once, though a view of its ring is still there.
    assert.match(execFileSync('ip', ['-d', 'link', 'show', 'vb'], { encoding: 'utf8' }), /promiscuity 0/);
    a.close();
    own.close();
  },

  /** Thousands of frames go out in batches and are drained in batches; nothing is lost; all is counted. */
  async batches() {
    makeVeth('va', 'vb');
    const a = new PacketLink('va', { sendFrames: 256 });
    const b = new PacketLink('vb');
    const recorder = new Recorder();
    b.start(recorder);
    a.start(new Recorder());
    const count = 20_000;
    for (let sent = 0; sent < count;) {
      for (let i = 0; i < 200 && sent < count; i++, sent++) {
        assert.equal(
          a.send(frame(b.macAddress, a.macAddress, sent, 64 + (sent % 1400)), 0, 64 + (sent % 1400)),
          true,
        );
      }
      a.flush();
      await new Promise(setImmediate);
    }
    await recorder.waitFor(count);
    recorder.frames.forEach((bytes, i) => {
      assert.deepEqual(bytes, frame(b.macAddress, a.macAddress, i, 64 + (i % 1400)));
    });
    assert.ok(recorder.batches.length < count / 20, `${recorder.batches.length} batches`);
    assert.equal(
      recorder.batches.reduce((sum, frames) => sum + frames),
      count,
    );
    assert.deepEqual(
      [
        a.counters().sentFrames,
        b.counters().receivedFrames,
        b.counters().receiveDrops,
        a.counters().sendDrops,
      ],
      [count, count, 0, 0],
    );
    a.close();
    b.close();
  },

  /** What finds the ring full is counted by the kernel, and the rest is still there in order. */
  async overrun() {
    makeVeth('va', 'vb');
    const a = new PacketLink('va');
    const b = new PacketLink('vb', { receiveFrames: 64 });
    for (let i = 0; i < 500; i++) a.send(frame(b.macAddress, a.macAddress, i, 1000), 0, 1000);
    a.flush();
    const dropped = b.counters().receiveDrops;
    assert.ok(dropped >= 500 - 64 && dropped < 500, `${dropped}`);
    const recorder = new Recorder();
    b.start(recorder);
    await recorder.waitFor(500 - dropped);
    recorder.frames.forEach((bytes, i) =>
      assert.deepEqual(bytes, frame(b.macAddress, a.macAddress, i, 1000)),
    );
    assert.equal(
      b.counters().receiveDrops,
      dropped,
      'the total stays, though the kernel counts from 0 again',
    );
    a.close();
    b.close();
  },

  /** A frame that is longer than the ring's slots is counted, not handed over in part. */
  async truncation() {
    makeVeth('va', 'vb');
    const b = new PacketLink('vb');
    ip('link set va mtu 9000');
    ip('link set vb mtu 9000');
    const a = new PacketLink('va');
    assert.equal(a.mtu, 9000);
    const recorder = new Recorder();
    b.start(recorder);
    a.send(frame(b.macAddress, a.macAddress, 1, 9014), 0, 9014);
    a.send(frame(b.macAddress, a.macAddress, 2, 60), 0, 60);
    a.flush();
    await recorder.waitFor(1);
    assert.deepEqual(recorder.frames, [frame(b.macAddress, a.macAddress, 2, 60)]);
    assert.equal(b.counters().receiveRefused, 1);
    a.close();
    b.close();
  },

  /** The kernel leaves checksums to a veth's NIC: they are completed; and left no more without offloads. */
  async checksums() {
    makeVeth('va', 'vb');
    ip('address add 10.9.0.1/24 dev va');
    ip('neighbour add 10.9.0.2 lladdr 02:00:00:00:00:02 dev va');
    const b = new PacketLink('vb', { promiscuous: true });
    const recorder = new Recorder();
    recorder.wants = (bytes, at) => bytes[at + 12] === 0x08 && bytes[at + 13] === 0x00;
    b.start(recorder);
    const send = async (): Promise<void> => {
      recorder.frames.length = 0;
      const udp = createSocket('udp4');
      udp.send(Buffer.alloc(701, 7), 9, '10.9.0.2', () => udp.close());
      const tcp = connect(9, '10.9.0.2').on('error', () => undefined);
      await recorder.waitFor(2);
      tcp.destroy();
      const protocols = recorder.frames.slice(0, 2).map((bytes) => {
        assert.equal(checkIpv4(bytes, 14, bytes.length - 14), 'ok');
        const at = 14 + ipv4HeaderBytes(bytes, 14);
        const protocol = ipv4Protocol(bytes, 14);
        const length = bytes.length - at;
        assert.equal(sum16(bytes, at, length, ipv4PseudoHeaderSum(bytes, 14, protocol, length)), 0xffff);
        return protocol;
      });
      assert.deepEqual(
        protocols.sort((x, y) => x - y),
        [6, 17],
      );
    };
    await send();
    const { checksumsCompleted } = b.counters();
    assert.ok(checksumsCompleted >= 2);
    assert.deepEqual(
      disableOffloads('va').filter((name) => name === 'tx'),
      ['tx'],
    );
    await sleep(20);
    const before = b.counters().checksumsCompleted;
    await send();
    assert.deepEqual([b.counters().checksumsCompleted, b.counters().checksumsUnfinished], [before, 0]);
    b.close();
  },

  /** The program says what it turned off, once; and names an interface that is missing. */
  ethtool() {
    makeVeth('va', 'vb');
    const program = fileURLToPath(new URL('../../../hosts/linux/ethtool.ts', import.meta.url));
    const run = (...names: string[]) =>
      spawnSync(process.execPath, ['--import=tsx', program, ...names], { encoding: 'utf8' });
    assert.equal(run('va', 'vb').stdout, 'va: gso, tso, sg, tx off\nvb: gso, tso, sg, tx off\n');
    assert.equal(run('va').stdout, 'va: nothing was on\n');
    const missing = run('vc');
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /no network interface "vc" here; "ip link" lists those/);
    assert.match(run().stderr, /Name at least one network interface/);
  },

  /** An interface may go down and come up again; when it is removed, the sink is told. */
  async removal() {
    makeVeth('va', 'vb');
    const a = new PacketLink('va');
    const b = new PacketLink('vb');
    const recorder = new Recorder();
    b.start(recorder);
    ip('link set vb down');
    a.send(frame(b.macAddress, a.macAddress, 1, 60), 0, 60);
    a.flush();
    await sleep(30);
    assert.equal(recorder.lost, undefined);
    ip('link set vb up');
    // The carrier comes back a moment later. What was sent until then may wait in the link's queue, or be lost.
    recorder.wants = (bytes, at) => bytes[at + 17] === 2;
    while (recorder.frames.length === 0) {
      a.send(frame(b.macAddress, a.macAddress, 2, 60), 0, 60);
      a.flush();
      await sleep(5);
    }
    assert.deepEqual(recorder.frames[0], frame(b.macAddress, a.macAddress, 2, 60));
    b.send(frame(a.macAddress, b.macAddress, 3, 60), 0, 60);
    ip('link delete vb');
    await until(() => recorder.lost !== undefined, 'onLost');
    assert.match(recorder.lost!.message, /"vb" was removed while it was in use/);
    assert.equal(b.send(frame(a.macAddress, b.macAddress, 3, 60), 0, 60), false);
    a.send(frame(b.macAddress, a.macAddress, 4, 60), 0, 60);
    a.flush();
    assert.ok(a.counters().sendDrops >= 1);
    a.close();
  },

  /** An idle link takes no time; a busy one asked to rest takes few batches; an open poll does not keep an exit. */
  async pace() {
    makeVeth('va', 'vb');
    const a = new PacketLink('va');
    const b = new PacketLink('vb');
    const recorder = new Recorder();
    b.start(recorder);
    await sleep(50);
    const batches = recorder.batches.length;
    const idle = process.cpuUsage();
    await sleep(500);
    const used = process.cpuUsage(idle);
    assert.ok(used.user + used.system < 50_000, `${used.user + used.system} µs in 500 ms of nothing`);
    assert.equal(recorder.batches.length, batches);
    recorder.pace = 'rest';
    const start = performance.now();
    for (let i = 0; performance.now() - start < 200; i++) {
      a.send(frame(b.macAddress, a.macAddress, i, 60), 0, 60);
      a.flush();
      await new Promise(setImmediate);
    }
    const rested = recorder.batches.length;
    assert.ok(rested > 20 && rested < 250, `${rested} batches in 200 ms`);
    assert.ok(recorder.frames.length > rested * 3, `${recorder.frames.length} frames in ${rested} batches`);
    process.exit(0);
  },

  missing() {
    assert.throws(
      () => new PacketLink('nowhere0'),
      /no network interface "nowhere0" here; "ip link" lists those/,
    );
    assert.throws(() => new PacketLink('a-name-that-is-too-long'), /names have 1 to 15 bytes/);
  },
};

await runScenario(scenarios);
