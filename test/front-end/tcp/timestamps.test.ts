import assert from 'node:assert/strict';
import { FakeSpan } from '../fake-span.js';
import { AutoClient, Network, seededRandom, type Faults } from '../auto-client.js';
import { MSS_1460, MS, Peer, Rig, SACK_PERMITTED, SECOND, settle, type Sent } from '../rig.js';
import { put32 } from '../../../src/wire/bytes.js';
import { chunkFor } from '../../../src/front-end/tcp/span-chunk.js';
import { open, type Open } from './open.js';

function timestamps(tsVal: number, tsEcr = 0): number[] {
  const b = new Uint8Array(8);
  put32(b, 0, tsVal);
  put32(b, 4, tsEcr);
  return [1, 1, 8, 10, ...b];
}

const settings = { timestamps: true };
const offered = [...MSS_1460, ...SACK_PERMITTED, ...timestamps(1000)];

/** The third step of {@link open} has no option of its own: these are opened by hand. */
async function openStamped(rttUs = 0): Promise<Open & { synAck: Sent }> {
  const rig = new Rig(settings);
  const made = await openOn(rig, rttUs);
  return made;
}

async function openOn(rig: Rig, rttUs: number): Promise<Open & { synAck: Sent }> {
  const errors: NodeJS.ErrnoException[] = [];
  const found: Open['socket'][] = [];
  rig.serve(
    (socket) => {
      found.push(socket);
      socket.on('error', (error) => errors.push(error));
      socket.resume();
    },
    { allowHalfOpen: true },
  );
  const peer = new Peer(rig);
  const [synAck] = peer.send({ flags: 'S', options: offered });
  peer.ack = (synAck!.seq + 1) >>> 0;
  rig.pass(rttUs);
  peer.send({ flags: 'A', options: timestamps(1001, synAck!.options.tsVal) });
  await settle();
  return { rig, peer, socket: found[0]!, first: peer.ack, errors, synAck: synAck! };
}

function only(sent: Sent[]): Sent {
  assert.equal(sent.length, 1, JSON.stringify(sent.map(({ flags }) => flags)));
  return sent[0]!;
}

describe('timestamps', () => {
  it('are agreed when both want them, and cost 12 bytes of each segment (RFC 6691)', async () => {
    const { peer, socket, synAck } = await openStamped();
    const hex = Buffer.from(synAck.optionBytes).toString('hex');
    assert.equal(hex.slice(0, 24), '020405b4' + '01010402' + '0101080a');
    assert.equal(synAck.options.tsEcr, 1000);
    socket.write(Buffer.alloc(4000, 1));
    const sent = peer.batch();
    assert.deepEqual(
      sent.map(({ payload }) => payload.length),
      [1448, 1448, 1104],
    );
    for (const { optionBytes, options } of sent) {
      assert.equal(optionBytes.length, 12);
      assert.equal(options.tsEcr, 1001);
    }
  });

  it('are not agreed unless the settings and the client say so', async () => {
    const without = new Rig();
    without.serve(() => {});
    const synAck = only(new Peer(without).send({ flags: 'S', options: offered }));
    assert.equal(synAck.options.hasTimestamps, false);
    const { peer, socket } = await open({ settings });
    socket.write(Buffer.alloc(1460, 1));
    assert.equal(only(peer.batch()).payload.length, 1460);
  });

  it('are on every segment: an ACK with SACK blocks, a FIN, a reset', async () => {
    const { rig, peer, socket } = await openStamped();
    for (const from of [10, 30, 50, 70])
      peer.put({ flags: 'PA', payload: 'x', seq: peer.seq + from, options: timestamps(1002) });
    const acks = peer.batch();
    assert.equal(acks.at(-1)!.options.sackBlocks, 3, 'as many as there is room for');
    assert.equal(acks.at(-1)!.optionBytes.length, 40);
    socket.end();
    const fin = only(peer.batch());
    assert.ok(fin.flags === 'FA' && fin.options.hasTimestamps);
    socket.resetAndDestroy();
    const reset = only(rig.take());
    assert.ok(reset.flags === 'RA' && reset.options.hasTimestamps);
  });

  it('count milliseconds from a start of their own for each 4-tuple', async () => {
    const { rig, peer, socket, synAck } = await openStamped();
    rig.pass(700 * MS);
    socket.write('a');
    const sent = only(peer.batch());
    assert.equal((sent.options.tsVal - synAck.options.tsVal) >>> 0, 700);
    const other = only(new Peer(rig, { port: 7 }).send({ flags: 'S', options: offered }));
    assert.ok(Math.abs(other.options.tsVal - sent.options.tsVal) > 0xffff);
  });

  it('stay with their bytes: what is sent again carries the value of its first sending', async () => {
    const { rig, peer, socket, first } = await openStamped(50 * MS);
    socket.write(Buffer.alloc(1448, 1));
    const [one] = peer.batch();
    rig.pass(20 * MS);
    socket.write(Buffer.alloc(1448, 2));
    const [two] = peer.batch();
    assert.equal((two!.options.tsVal - one!.options.tsVal) >>> 0, 20);
    rig.pass(3 * SECOND);
    const again = rig.take().filter(({ payload }) => payload.length > 0);
    assert.ok(again.length >= 2);
    for (const { seq, options } of again)
      assert.equal(options.tsVal, seq === first ? one!.options.tsVal : two!.options.tsVal);
    // An empty segment stands at the edge, and is not behind what lies below.
    peer.put({ flags: 'PA', payload: 'x', seq: peer.seq + 5, options: timestamps(1003) });
    const ack = peer.batch().at(-1)!;
    assert.ok(((ack.options.tsVal - two!.options.tsVal) | 0) >= 0);
  });

  it('of bytes that are granted after an ACK are not behind the ACK, though marks are spent', async () => {
    const { rig, peer, socket } = await openStamped(60 * MS);
    let last = 0;
    let edge = peer.ack;
    for (let i = 0; i < 30; i++) {
      rig.pass(11 * MS);
      socket.write(Buffer.alloc(100, i));
      peer.put({ flags: 'PA', payload: 'x', seq: peer.seq + 5, options: timestamps(1003 + i) });
      for (const { options, payload, seq } of peer.batch()) {
        if (((seq - edge) | 0) < 0) continue;
        assert.ok(((options.tsVal - last) | 0) >= 0 || last === 0, `${payload.length} bytes`);
        last = options.tsVal;
        edge = (seq + payload.length) >>> 0;
      }
    }
  });

  it('are handed to spans with the grant: value, echo and a template with their option', async () => {
    const { rig, peer, socket } = await openStamped();
    const span = new FakeSpan(10_000);
    socket.write(chunkFor(span));
    rig.pass(5 * MS);
    const b = new Uint8Array(200).fill(0xa5);
    const { carrier } = span;
    const template = carrier!.writeTemplate(b);
    assert.equal(template.bytes, 14 + 20 + 32);
    assert.equal(b[14 + 20 + 12], 0x80, 'data offset');
    assert.equal(Buffer.from(b.subarray(54, 58)).toString('hex'), '0101080a');
    assert.equal(carrier!.segmentBytes, 1448);
    assert.equal(carrier!.tsEcr, 1001);
    const before = carrier!.tsVal;
    peer.send({ flags: 'PA', payload: 'x', options: timestamps(1500) });
    assert.equal(carrier!.tsEcr, 1500);
    rig.pass(100 * MS);
    assert.ok(((carrier!.tsVal - before) | 0) > 0);
  });

  it('come with cookies: the ACK tells that they were agreed', async () => {
    const rig = new Rig(settings);
    const found: Open['socket'][] = [];
    rig.serve((socket) => found.push(socket), { backlog: 0 });
    const peer = new Peer(rig);
    const synAck = only(peer.send({ flags: 'S', options: offered }));
    assert.equal(rig.counters.synCookiesSent, 1);
    assert.equal(synAck.options.tsEcr, 1000);
    peer.ack = (synAck.seq + 1) >>> 0;
    rig.pass(9 * MS);
    peer.send({ flags: 'A', options: timestamps(1009, synAck.options.tsVal) });
    found[0]!.write(Buffer.alloc(1448, 1));
    const sent = only(peer.batch());
    assert.equal(sent.payload.length, 1448);
    assert.equal(sent.options.tsEcr, 1009);
    assert.equal((sent.options.tsVal - synAck.options.tsVal) >>> 0, 9);
  });
});

describe('PAWS', () => {
  it('answers a segment that is older than the stream with an ACK, and drops it', async () => {
    const { rig, peer, socket } = await openStamped();
    peer.send({ flags: 'PA', payload: 'new', options: timestamps(2000) });
    const ack = only(peer.send({ flags: 'PA', payload: 'old', seq: peer.seq, options: timestamps(1999) }));
    assert.deepEqual([ack.flags, ack.ack, ack.options.tsEcr], ['A', peer.seq, 2000]);
    assert.equal(rig.counters.segmentsOutdated, 1);
    assert.equal(socket.bytesRead, 3);
    // Across the wrap of the clock, newer is newer.
    peer.send({ flags: 'PA', payload: 'much', options: timestamps(2000 + 0x7fff_ffff) });
    assert.equal(socket.bytesRead, 7);
  });

  it('drops what has no timestamp without a word, but takes a reset', async () => {
    const { rig, peer, socket, errors } = await openStamped();
    assert.deepEqual(peer.send({ flags: 'PA', payload: 'x', seq: peer.seq }), []);
    assert.equal(rig.counters.segmentsWithoutTimestamps, 1);
    assert.equal(socket.bytesRead, 0);
    peer.send({ flags: 'R' });
    await settle();
    assert.equal(errors[0]!.code, 'ECONNRESET');
  });

  it('does not take the time of what comes ahead of its turn', async () => {
    const { peer, socket } = await openStamped();
    peer.put({ flags: 'PA', payload: 'behind', seq: peer.seq + 5, options: timestamps(5000) });
    const ack = peer.batch().at(-1)!;
    assert.equal(ack.options.tsEcr, 1001);
    peer.send({ flags: 'PA', payload: 'first', options: timestamps(1500) });
    await settle();
    assert.equal(socket.bytesRead, 11);
  });

  it('forgets a time that is 24 days old (RFC 7323 5.5)', async () => {
    const { rig, peer, socket } = await openStamped();
    rig.nowUs += 25 * 24 * 3600 * SECOND;
    peer.send({ flags: 'PA', payload: 'late', options: timestamps(1001 + 0x8000_0001) });
    assert.equal(socket.bytesRead, 4);
  });

  it('lets a new connection follow one in TIME-WAIT by its time (RFC 6191)', async () => {
    const { rig, peer, socket } = await openStamped();
    socket.end();
    const fin = only(peer.batch());
    peer.ack = (fin.seq + 1) >>> 0;
    peer.send({ flags: 'FA', options: timestamps(1100) });
    assert.equal(rig.counters.timeWaits, 1);
    const old = only(
      peer.send({ flags: 'S', seq: peer.seq + 9, options: [...MSS_1460, ...timestamps(1050)] }),
    );
    assert.equal(old.flags, 'A', 'its numbers are new, its time is not');
    assert.equal(old.options.tsEcr, 1100);
    const young = only(
      peer.send({ flags: 'S', seq: peer.seq - 99, options: [...MSS_1460, ...timestamps(1200)] }),
    );
    assert.equal(young.flags, 'SA');
    assert.ok(((young.options.tsVal - fin.options.tsVal) | 0) >= 0);
    assert.ok(((young.seq - fin.seq) | 0) > 0);
  });
});

describe('a client that checks timestamps', function () {
  this.timeout(60_000);
  for (const [name, faults] of Object.entries<Faults>({
    clean: { delayUs: 20_000 },
    lossy: { loss: 0.03, duplicate: 0.01, reorder: 0.05, delayUs: 10_000 },
  }))
    it(`drops nothing that it needs, in both directions at once (${name})`, async () => {
      let outdated = 0;
      for (const seed of [1, 2, 3]) {
        const rig = new Rig(settings);
        const net = new Network(rig, seed, faults);
        const random = seededRandom(seed);
        const bytes = Buffer.from(Array.from({ length: 400_000 }, () => random() * 256));
        let read = 0;
        rig.serve((socket) => {
          socket.on('data', (chunk: Buffer) => (read += chunk.length));
          socket.write(bytes);
        });
        const client = new AutoClient(net, { sack: true, scale: 7, timestamps: true }).connect();
        // Its own bytes make pure ACKs, with the clock of now, among the data.
        for (let i = 0; i < 200; i++) net.at(rig.nowUs + i * 5 * MS, () => client.send('y'.repeat(50)));
        assert.ok(await net.run(() => client.receivedBytes === bytes.length && read === 10_000, 60 * SECOND));
        assert.ok(Buffer.concat(client.received).equals(bytes));
        assert.equal(client.pawsDrops, 0);
        outdated += rig.counters.segmentsOutdated;
        assert.ok(client.tsVals.size > 20, `${client.tsVals.size} values`);
      }
      assert.equal(outdated > 0, name === 'lossy', `${outdated} ACKs came late`);
    });
});
