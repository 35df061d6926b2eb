import assert from 'node:assert/strict';
import { chunkFor } from '../../../src/front-end/tcp/span-chunk.js';
import { put16, put32 } from '../../../src/wire/bytes.js';
import { AutoClient, Network } from '../auto-client.js';
import { FakeSpan } from '../fake-span.js';
import { MSS_1460, Peer, Rig, SACK_PERMITTED, SECOND, type Sent } from '../rig.js';
import { tooBig, tooBig6 } from '../too-big.js';
import { open, pieces, type Open } from './open.js';

interface Started extends Open {
  sent: Sent[];
}

/** `bytes` are under way, and nothing was acknowledged yet. */
async function sending(
  bytes: number,
  options: readonly number[] = [...MSS_1460, ...SACK_PERMITTED],
): Promise<Started> {
  const opened = await open({ options });
  opened.socket.write(Buffer.alloc(bytes, 7));
  return { ...opened, sent: opened.peer.batch() };
}

function hear(rig: Rig, error: Uint8Array): void {
  rig.frameIn(error);
  rig.batch();
}

describe('a path that takes less', () => {
  for (const options of [MSS_1460, [...MSS_1460, ...SACK_PERMITTED]])
    it(`gets what is under way again in smaller segments, at once, and no sign of congestion (${options.length > 4 ? 'SACK' : 'NewReno'})`, async () => {
      const { rig, sent, first } = await sending(4 * 1460, options);
      hear(rig, tooBig(sent[0]!.frame, 1280));
      const again = rig.take();
      assert.deepEqual(pieces(again, first), [
        [0, 1240],
        [1240, 1240],
        [2480, 1240],
        [3720, 1240],
        [4960, 880],
      ]);
      assert.equal(rig.counters.pathMtuReduced, 1);
      assert.equal(rig.counters.fastRecoveries + rig.counters.retransmissionTimeouts, 0);
    });

  it('keeps its window', async () => {
    const { rig, sent, peer, socket, first } = await sending(10 * 1460);
    hear(rig, tooBig(sent[0]!.frame, 1280));
    const again = rig.take();
    assert.equal(
      again.reduce((sum, { payload }) => sum + payload.length, 0),
      14_600,
    );
    socket.write(Buffer.alloc(40_000, 8));
    const more = pieces(peer.acknowledge(14_600), first);
    assert.ok(more.length * 1240 >= 14_600 - 1240, `${more.length} segments`);
    assert.ok(more.every(([, length]) => length <= 1240));
  });

  it('is heard over IPv6, too', async () => {
    const rig = new Rig();
    rig.serve((socket) => void socket.write(Buffer.alloc(2 * 1440, 1)));
    const peer = new Peer(rig, {
      address6: Uint8Array.from([0xfd, 0x77, ...Array<number>(13).fill(0), 0xc8]),
    });
    const [synAck] = peer.send({ flags: 'S', options: [2, 4, 5, 0xa0] });
    peer.ack = (synAck!.seq + 1) >>> 0;
    const sent = peer.send({ flags: 'A' });
    assert.deepEqual(pieces(sent, peer.ack), [
      [0, 1440],
      [1440, 1440],
    ]);
    hear(rig, tooBig6(sent[0]!.frame, 1000));
    // RFC 8200 5: every link takes 1280.
    assert.deepEqual(pieces(rig.take(), peer.ack), [
      [0, 1220],
      [1220, 1220],
      [2440, 440],
    ]);
  });

  it('makes spans repeat with another template', async () => {
    const { rig, socket, peer, first } = await open({ options: [...MSS_1460, ...SACK_PERMITTED] });
    const span = new FakeSpan(100_000);
    socket.write(chunkFor(span));
    peer.batch();
    span.report(14_600, rig.nowUs);
    span.take();
    const about = new Uint8Array(100);
    span.carrier!.writeTemplate(about);
    put32(about, 38, first + 1460);
    hear(rig, tooBig(about, 1006));
    assert.equal(span.carrier!.segmentBytes, 966);
    assert.deepEqual(span.take().slice(0, 2), ['template', 'resend 0-14600']);
  });

  it('is found by a whole download, whichever its size', async () => {
    for (const mtuBytes of [1492, 1280, 1006, 600]) {
      const rig = new Rig();
      const net = new Network(rig, 1, { loss: 0.01 });
      const bytes = Buffer.alloc(300_000, 'some text that repeats');
      rig.serve((socket) => void socket.end(bytes));
      const client = new AutoClient(net, { sack: true, scale: 7 });
      const forward = rig.onFrameOut;
      rig.onFrameOut = (frame) => {
        if (frame.length - 14 <= mtuBytes) forward(frame);
        else net.at(net.nowUs + 100, () => rig.frameIn(tooBig(frame, mtuBytes)));
      };
      client.connect();
      assert.ok(await net.run(() => client.ended, 20 * SECOND));
      assert.ok(Buffer.concat(client.received).equals(bytes));
      assert.equal(rig.counters.pathMtuReduced, 1);
    }
  });
});

describe('an ICMP error is believed only if (RFC 5927)', () => {
  const refused: [string, (frame: Uint8Array) => Uint8Array][] = [
    ['it quotes what was sent, not what lies behind', (f) => tooBig(f, 1280, (q) => put32(q, 24, 0x1000))],
    ['it says less than what is sent now', (f) => tooBig(f, 1500)],
    ['it speaks of this connection', (f) => tooBig(f, 1280, (q) => put16(q, 22, 9999))],
    ['its packet was for this client', (f) => tooBig(f, 1280, (q) => put32(q, 16, 0x0a00_0099))],
    ['its packet was ours', (f) => tooBig(f, 1280, (q) => put32(q, 12, 0x0a00_0099))],
  ];
  for (const [name, forge] of refused)
    it(name, async () => {
      const { rig, sent } = await sending(3000);
      hear(rig, forge(sent[0]!.frame));
      assert.equal(rig.counters.pathMtuReduced, 0);
      assert.deepEqual(rig.take(), []);
    });

  it('what it quotes is not acknowledged', async () => {
    const { rig, sent, peer } = await sending(3000);
    peer.acknowledge(1460);
    hear(rig, tooBig(sent[0]!.frame, 1280));
    assert.equal(rig.counters.pathMtuReduced, 0);
    hear(rig, tooBig(sent[1]!.frame, 1280));
    assert.equal(rig.counters.pathMtuReduced, 1);
  });

  it('it does not ask for less than any path takes; a router that names nothing means the next plateau', async () => {
    const least = await sending(3000);
    hear(least.rig, tooBig(least.sent[0]!.frame, 68));
    assert.equal(least.rig.take()[0]!.payload.length, 552 - 40);
    const old = await sending(3000);
    hear(old.rig, tooBig(old.sent[0]!.frame, 0));
    assert.equal(old.rig.take()[0]!.payload.length, 1492 - 40);
  });

  it('a timeout bears it out, once packets of this size have arrived', async () => {
    const { rig, peer, socket, first } = await sending(10 * 1460);
    peer.acknowledge(10 * 1460);
    socket.write(Buffer.alloc(3000, 8));
    const [segment] = peer.batch();
    hear(rig, tooBig(segment!.frame, 1280));
    assert.deepEqual(rig.take(), [], 'not at once');
    rig.pass(2 * SECOND);
    const again = pieces(rig.take(), first);
    assert.deepEqual(again.at(-1)![1] <= 1240, true);
    assert.ok(again.some(([at, length]) => at === 14_600 && length === 1240));
    assert.equal(rig.counters.pathMtuReduced, 1);
  });

  it('… and not if what it quotes arrives after all', async () => {
    const { rig, peer, socket } = await sending(10 * 1460);
    peer.acknowledge(10 * 1460);
    socket.write(Buffer.alloc(1460, 8));
    const [segment] = peer.batch();
    hear(rig, tooBig(segment!.frame, 1280));
    peer.acknowledge(1460);
    socket.write(Buffer.alloc(1460, 9));
    peer.batch();
    rig.pass(2 * SECOND);
    assert.ok(rig.counters.retransmissionTimeouts > 0);
    assert.equal(rig.counters.pathMtuReduced, 0);
    assert.ok(rig.take().every(({ payload }) => payload.length === 1460));
  });

  it('not too many come: of a thousand guesses a second a hundred are looked at', async () => {
    const { rig, sent } = await sending(3000);
    for (let i = 0; i < 1000; i++) rig.frameIn(tooBig(sent[0]!.frame, 1280, (q) => put32(q, 24, i * 65_536)));
    assert.equal(rig.counters.tooBigSuppressed, 900);
    rig.frameIn(tooBig(sent[0]!.frame, 1280));
    assert.equal(rig.counters.pathMtuReduced, 0);
    rig.nowUs += SECOND;
    rig.frameIn(tooBig(sent[0]!.frame, 1280));
    assert.equal(rig.counters.pathMtuReduced, 1);
  });
});
