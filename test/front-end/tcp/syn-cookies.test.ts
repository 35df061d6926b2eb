import assert from 'node:assert/strict';
import fc from 'fast-check';

import type { AtcpSocket } from '../../../src/front-end/tcp/socket.js';
import { SynCookies, type CookieContents } from '../../../src/front-end/tcp/syn-cookies.js';
import { AutoClient, Network } from '../auto-client.js';
import {
  MSS_1460,
  Peer,
  Rig,
  SACK_PERMITTED,
  SECOND,
  WINDOW_SCALE_7,
  sackOption,
  seededEntropy,
  type Sent,
} from '../rig.js';

const PERIOD_US = 16 * SECOND;

const agreements = fc.record({
  mss: fc.integer({ min: 48, max: 9_000 }),
  remoteShift: fc.integer({ min: -1, max: 14 }),
  sack: fc.boolean(),
});
const tuples = fc.uint8Array({ minLength: 8, maxLength: 8 });
const sequences = fc.integer({ min: 0, max: 0xffff_ffff });
const times = fc.integer({ min: 0, max: 2 ** 45 });

describe('SynCookies', () => {
  const cookies = new SynCookies(seededEntropy(3));

  it('brings back what was agreed, or less, in the same period and in the next', () => {
    const ages = fc.integer({ min: 0, max: PERIOD_US });
    fc.assert(
      fc.property(agreements, tuples, sequences, times, ages, (agreement, tuple, irs, nowUs, ageUs) => {
        const cookie = cookies.make(tuple, irs, agreement, nowUs);
        assert.ok(Number.isInteger(cookie) && cookie >= 0 && cookie < 2 ** 32);
        const opened = cookies.open(tuple, irs, cookie, nowUs + ageUs);
        assert.ok(opened !== undefined);
        assert.ok(opened.mss <= agreement.mss);
        assert.ok(opened.remoteShift <= agreement.remoteShift);
        assert.equal(opened.remoteShift < 0, agreement.remoteShift < 0, 'scaling is agreed or not');
        assert.equal(opened.sack, agreement.sack);
      }),
    );
  });

  it('meets exactly what clients over Ethernet say', () => {
    for (const mss of [536, 1220, 1360, 1400, 1440, 1452, 1460])
      for (const remoteShift of [-1, 0, 2, 5, 6, 7, 8, 10]) {
        const agreement: CookieContents = { mss, remoteShift, sack: true };
        const cookie = cookies.make(new Uint8Array(8), 1, agreement, 0);
        assert.deepEqual(cookies.open(new Uint8Array(8), 1, cookie, 0), agreement);
      }
  });

  it('is too old after two periods', () => {
    fc.assert(
      fc.property(agreements, tuples, sequences, times, (agreement, tuple, irs, nowUs) => {
        const cookie = cookies.make(tuple, irs, agreement, nowUs);
        assert.equal(cookies.open(tuple, irs, cookie, nowUs + 2 * PERIOD_US), undefined);
      }),
      { numRuns: 1000 },
    );
  });

  it('is for one client, one sequence number and one key', () => {
    const agreement: CookieContents = { mss: 1460, remoteShift: 7, sack: true };
    const tuple = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const cookie = cookies.make(tuple, 77, agreement, 0);
    assert.equal(cookies.open(tuple, 78, cookie, 0), undefined);
    for (let i = 0; i < 8; i++) {
      const other = tuple.slice();
      other[i]! ^= 0x80;
      assert.equal(cookies.open(other, 77, cookie, 0), undefined);
    }
    assert.equal(new SynCookies(seededEntropy(4)).open(tuple, 77, cookie, 0), undefined);
    for (let bit = 0; bit < 32; bit++)
      assert.equal(cookies.open(tuple, 77, (cookie ^ (1 << bit)) >>> 0, 0), undefined, `bit ${bit}`);
  });

  it('lets few guesses pass', () => {
    let passed = 0;
    for (let guess = 0; guess < 200_000; guess++)
      if (cookies.open(new Uint8Array(8), 5, Math.imul(guess, 0x9e37_79b1) >>> 0, 0)) passed++;
    assert.ok(passed <= 2, `${passed} of 200,000`);
  });
});

/** A port whose backlog is full. */
function flooded(settings = {}): { rig: Rig; sockets: AtcpSocket[] } {
  const rig = new Rig(settings);
  const sockets: AtcpSocket[] = [];
  rig.serve((socket) => sockets.push(socket), { backlog: 1 });
  new Peer(rig, { port: 39_999 }).send({ flags: 'S' });
  return { rig, sockets };
}

function only(sent: Sent[]): Sent {
  assert.equal(sent.length, 1, JSON.stringify(sent.map(({ flags }) => flags)));
  return sent[0]!;
}

describe('a full backlog', () => {
  const options = [...MSS_1460, ...SACK_PERMITTED, ...WINDOW_SCALE_7];

  it('opens a connection of which nothing was kept, with what the SYN said', () => {
    const { rig, sockets } = flooded();
    const peer = new Peer(rig, { iss: 0xffff_ffff });
    const synAck = only(peer.send({ flags: 'S', options }));
    assert.equal(Buffer.from(synAck.optionBytes).toString('hex'), '020405b4' + '01030303' + '01010402');
    assert.deepEqual([synAck.ack, synAck.window], [0, 0xffff]);
    assert.equal(rig.host.tcp.table.size, 1, 'the one handshake of the backlog');
    peer.ack = (synAck.seq + 1) >>> 0;
    peer.window = 100;
    peer.send({ flags: 'A' });
    assert.equal(sockets.length, 1);
    sockets[0]!.write(Buffer.alloc(40_000, 1));
    const sent = peer.batch();
    // 12,800 bytes of window, by the scale that the cookie brought back: eight full segments.
    assert.deepEqual(
      sent.map(({ payload }) => payload.length),
      Array.from({ length: 8 }, () => 1460),
    );
    assert.equal(sent[0]!.seq, peer.ack);
    // SACK was agreed: the client's report is heard, and ours is made.
    peer.put({ flags: 'PA', payload: 'later', seq: peer.seq + 5 });
    assert.equal(peer.batch().at(-1)!.options.sackBlocks, 1);
    peer.send({ flags: 'A', options: sackOption(peer.ack + 1460, peer.ack + 8 * 1460) });
    assert.equal(rig.counters.fastRecoveries, 1);
    assert.equal(rig.counters.synCookiesTaken, 1);
  });

  it('takes text with the ACK that brings the cookie back, when the ACK alone was lost', () => {
    const { rig, sockets } = flooded();
    const peer = new Peer(rig);
    peer.ack = only(peer.send({ flags: 'S' })).seq + 1;
    peer.send({ flags: 'PA', payload: 'GET' });
    assert.equal(sockets[0]!.read()?.toString(), 'GET');
  });

  it('answers a repeated SYN with the same cookie', () => {
    const { rig, sockets } = flooded();
    const peer = new Peer(rig, { iss: 9 });
    const first = only(peer.send({ flags: 'S', seq: 9 }));
    rig.nowUs += SECOND / 2;
    const again = only(peer.send({ flags: 'S', seq: 9 }));
    assert.deepEqual(again.frame, first.frame);
    peer.send({ flags: 'A', seq: 10, ack: first.seq + 1 });
    assert.equal(sockets.length, 1);
  });

  it('resets an ACK that brings none, or one that is too old', () => {
    const { rig, sockets } = flooded({ maxSynAckRetransmissions: 10 });
    const peer = new Peer(rig);
    const synAck = only(peer.send({ flags: 'S' }));
    for (const [seq, ack] of [
      [peer.seq, synAck.seq],
      [peer.seq, synAck.seq + 2],
      [peer.seq + 1, synAck.seq + 1],
    ]) {
      const reset = only(peer.send({ flags: 'A', seq: seq!, ack: ack! }));
      assert.deepEqual([reset.flags, reset.seq], ['R', ack! >>> 0]);
    }
    assert.equal(rig.counters.synCookiesRefused, 3);
    rig.pass(2 * PERIOD_US);
    rig.take();
    assert.equal(only(peer.send({ flags: 'A', ack: synAck.seq + 1 })).flags, 'R');
    assert.equal(sockets.length, 0);
  });

  it('examines no ACK while no cookie is out', () => {
    const rig = new Rig();
    rig.serve(() => {});
    assert.equal(only(new Peer(rig).send({ flags: 'A', ack: 5 })).flags, 'R');
    assert.equal(rig.counters.synCookiesRefused, 0);
  });

  it('opens no more connections than there may be', () => {
    const { rig, sockets } = flooded({ maxConnections: 1 });
    const [one, other] = [1, 2].map((port) => {
      const peer = new Peer(rig, { port });
      peer.ack = only(peer.send({ flags: 'S' })).seq + 1;
      return peer;
    });
    one!.send({ flags: 'A' });
    assert.equal(only(other!.send({ flags: 'A' })).flags, 'R');
    assert.equal(sockets.length, 1);
  });

  it('still begins a new connection beyond the numbers of one in TIME-WAIT', () => {
    const { rig, sockets } = flooded();
    const peer = new Peer(rig);
    peer.ack = only(peer.send({ flags: 'S' })).seq + 1;
    peer.send({ flags: 'A' });
    sockets[0]!.end();
    const fin = only(peer.batch());
    peer.ack = (fin.seq + 1) >>> 0;
    peer.send({ flags: 'FA' });
    assert.equal(rig.counters.timeWaits, 1);
    const synAck = only(peer.send({ flags: 'S', seq: peer.seq + 1000 }));
    assert.ok(((synAck.seq - fin.seq) | 0) > 0);
    assert.equal(rig.counters.synCookiesSent, 1, 'only the first');
  });

  it('keeps nothing of 50,000 SYNs, and serves a client among them', async () => {
    const rig = new Rig();
    rig.serve((socket) => socket.end(Buffer.alloc(100_000, 7)), { backlog: 16 });
    const attacker = new Peer(rig, { port: 1 });
    const flood = (from: number): void => {
      for (let i = from; i < from + 10_000; i++)
        new Peer(rig, { port: 1024 + (i % 60_000), iss: i }).put({ flags: 'S', options });
      attacker.batch();
    };
    for (let i = 0; i < 4; i++) flood(i * 10_000);
    assert.equal(rig.host.tcp.table.size, 16);
    const net = new Network(rig);
    const client = new AutoClient(net, { port: 1023, sack: true, scale: 7 });
    net.at(rig.nowUs + 100, () => flood(40_000));
    client.connect();
    assert.ok(await net.run(() => client.ended, 5 * SECOND));
    assert.equal(client.receivedBytes, 100_000);
    assert.equal(rig.host.tcp.table.size, 17, 'the backlog, and the client');
  });
});
