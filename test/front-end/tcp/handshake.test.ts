import assert from 'node:assert/strict';
import type { AtcpSocket } from '../../../src/front-end/tcp/socket.js';
import { IpAddress } from '../../../src/front-end/link/ip-address.js';
import { IsnGenerator } from '../../../src/front-end/tcp/isn.js';
import {
  MSS_1460,
  PORT,
  Peer,
  Rig,
  SACK_PERMITTED,
  SECOND,
  VIP,
  WINDOW_SCALE_7,
  seededEntropy,
  type Sent,
} from '../rig.js';

function listening(settings = {}, backlog = 511): { rig: Rig; sockets: AtcpSocket[] } {
  const rig = new Rig(settings);
  const sockets: AtcpSocket[] = [];
  rig.serve((socket) => sockets.push(socket), { backlog });
  return { rig, sockets };
}

function only(sent: Sent[]): Sent {
  assert.equal(sent.length, 1, `one segment, not ${JSON.stringify(sent.map(({ flags }) => flags))}`);
  return sent[0]!;
}

describe('handshake', () => {
  it('answers a SYN with exactly the options that both know', () => {
    const { rig } = listening();
    const cases: [readonly number[], string][] = [
      [[], '020405b4'],
      [MSS_1460, '020405b4'],
      [[...MSS_1460, ...SACK_PERMITTED], '020405b4' + '01010402'],
      [[...MSS_1460, ...WINDOW_SCALE_7], '020405b4' + '01030303'],
      // as Linux sends it: MSS, SACK permitted, timestamps, NOP, window scale
      [
        [...MSS_1460, ...SACK_PERMITTED, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, ...WINDOW_SCALE_7],
        '020405b4' + '01030303' + '01010402',
      ],
    ];
    let port = 41_000;
    for (const [options, expected] of cases) {
      const peer = new Peer(rig, { port: port++ });
      const synAck = only(peer.send({ flags: 'S', options }));
      assert.equal(synAck.flags, 'SA');
      assert.equal(Buffer.from(synAck.optionBytes).toString('hex'), expected);
      assert.equal(synAck.ack, peer.seq);
      assert.equal(synAck.window, 0xffff);
      assert.equal(synAck.localPort, PORT);
    }
  });

  it('opens with the third step, and emits the connection with its addresses', () => {
    const { rig, sockets } = listening();
    const peer = new Peer(rig);
    const synAck = only(peer.send({ flags: 'S' }));
    assert.equal(sockets.length, 0);
    peer.ack = (synAck.seq + 1) >>> 0;
    assert.deepEqual(peer.send({ flags: 'A' }), []);
    assert.equal(sockets.length, 1);
    const [socket] = sockets;
    assert.equal(socket!.remoteAddress, '10.0.0.200');
    assert.equal(socket!.remotePort, 40_000);
    assert.equal(socket!.remoteFamily, 'IPv4');
    assert.deepEqual(socket!.address(), { address: '10.0.0.1', family: 'IPv4', port: 80 });
    assert.equal(socket!.readyState, 'open');
    assert.equal(rig.host.tcp.connections, 1);
  });

  it('takes data with the third step', () => {
    const { rig, sockets } = listening();
    const peer = new Peer(rig);
    peer.ack = only(peer.send({ flags: 'S' })).seq + 1;
    peer.send({ flags: 'PA', payload: 'GET' });
    assert.equal(sockets[0]!.read()?.toString(), 'GET');
  });

  it('answers to the MAC that the SYN came from, and follows it when it changes', () => {
    const { rig } = listening();
    const peer = new Peer(rig, { mac: Uint8Array.of(2, 9, 9, 9, 9, 9) });
    const synAck = peer.connect();
    assert.deepEqual([...synAck.frame.subarray(0, 6)], [2, 9, 9, 9, 9, 9]);
    peer.mac[5] = 8;
    const nextHop = (): number => only(peer.send({ flags: 'PA', payload: 'x', seq: peer.seq + 1 })).frame[5]!;
    assert.deepEqual([nextHop(), nextHop()], [9, 9], 'a frame may be damaged, and repeated');
    assert.equal(nextHop(), 8);
  });

  it('repeats the SYN-ACK after 1, 2, 4 … seconds, then gives up', () => {
    const { rig } = listening({ maxSynAckRetransmissions: 3 });
    const peer = new Peer(rig);
    const first = only(peer.send({ flags: 'S', options: MSS_1460 }));
    const startUs = rig.nowUs;
    rig.pass(60 * SECOND);
    const repeats = rig.take();
    assert.deepEqual(
      repeats.map(({ atUs }) => (atUs - startUs) / SECOND),
      [1, 3, 7],
    );
    for (const repeat of repeats) assert.deepEqual(repeat.frame, first.frame);
    assert.equal(rig.counters.handshakesTimedOut, 1);
    // The handshake is gone: its ACK belongs to no connection.
    peer.ack = (first.seq + 1) >>> 0;
    assert.equal(only(peer.send({ flags: 'A' })).flags, 'R');
  });

  it('answers a repeated SYN with the same SYN-ACK', () => {
    const { rig, sockets } = listening();
    const peer = new Peer(rig, { iss: 5 });
    const first = only(peer.send({ flags: 'S', seq: 5 }));
    rig.nowUs += 300_000;
    const again = only(peer.send({ flags: 'S', seq: 5 }));
    assert.deepEqual(again.frame, first.frame);
    peer.seq = 6;
    peer.ack = (first.seq + 1) >>> 0;
    peer.send({ flags: 'A' });
    assert.equal(sockets.length, 1);
  });

  it('resets an ACK of something else, and stays', () => {
    const { rig, sockets } = listening();
    const peer = new Peer(rig);
    const synAck = only(peer.send({ flags: 'S' }));
    const reset = only(peer.send({ flags: 'A', ack: synAck.seq + 2 }));
    assert.equal(reset.flags, 'R');
    assert.equal(reset.seq, (synAck.seq + 2) >>> 0);
    peer.send({ flags: 'A', ack: synAck.seq + 1 });
    assert.equal(sockets.length, 1);
  });

  it('forgets the handshake on an exact RST, challenges another in the window, ignores one outside', () => {
    const { rig } = listening();
    const peer = new Peer(rig);
    const synAck = only(peer.send({ flags: 'S' }));
    const challenge = only(peer.send({ flags: 'R', seq: peer.seq + 100 }));
    assert.equal(challenge.flags, 'A');
    assert.equal(challenge.ack, peer.seq);
    assert.deepEqual(peer.send({ flags: 'R', seq: peer.seq - 100 }), []);
    assert.deepEqual(peer.send({ flags: 'R', seq: peer.seq }), []);
    assert.equal(only(peer.send({ flags: 'A', ack: synAck.seq + 1 })).flags, 'R');
  });

  it('begins again when the client does', () => {
    const { rig, sockets } = listening();
    const peer = new Peer(rig);
    const first = only(peer.send({ flags: 'S', seq: 1000 }));
    const second = only(peer.send({ flags: 'S', seq: 2000 }));
    assert.equal(second.flags, 'SA');
    assert.equal(second.ack, 2001);
    assert.equal(first.ack, 1001);
    peer.send({ flags: 'A', seq: 2001, ack: second.seq + 1 });
    assert.equal(sockets.length, 1);
  });

  it('without cookies drops SYNs beyond the backlog, and takes them once there is room', () => {
    const { rig, sockets } = listening({ synCookies: false }, 2);
    const peers = [1, 2, 3].map((i) => new Peer(rig, { port: 42_000 + i, iss: 100 }));
    const answers = peers.map((peer) => peer.send({ flags: 'S', seq: 100 }));
    assert.deepEqual(
      answers.map((sent) => sent.length),
      [1, 1, 0],
    );
    assert.equal(rig.counters.synRefusedBacklog, 1);
    peers[0]!.send({ flags: 'A', seq: 101, ack: answers[0]![0]!.seq + 1 });
    assert.equal(sockets.length, 1);
    assert.equal(only(peers[2]!.send({ flags: 'S', seq: 100 })).flags, 'SA');
  });

  it('refuses connections beyond the bound', () => {
    const { rig } = listening({ maxConnections: 1 });
    new Peer(rig, { port: 1 }).connect();
    assert.deepEqual(new Peer(rig, { port: 2 }).send({ flags: 'S' }), []);
    assert.equal(rig.counters.synRefusedConnections, 1);
  });

  it('resets what is for no port (RFC 9293 3.10.7.1)', () => {
    const { rig } = listening();
    const stranger = new Peer(rig, { localPort: 81, iss: 500 });
    const toSyn = only(stranger.send({ flags: 'S', seq: 500, payload: 'abc' }));
    assert.deepEqual([toSyn.flags, toSyn.seq, toSyn.ack, toSyn.window], ['RA', 0, 504, 0]);
    const toAck = only(stranger.send({ flags: 'A', seq: 1, ack: 777 }));
    assert.deepEqual([toAck.flags, toAck.seq, toAck.ack], ['R', 777, 0]);
    const toNothing = only(stranger.send({ flags: 'F', seq: 9 }));
    assert.deepEqual([toNothing.flags, toNothing.seq, toNothing.ack], ['RA', 0, 10]);
    assert.deepEqual(stranger.send({ flags: 'R' }), []);
    assert.deepEqual(stranger.send({ flags: 'RA' }), []);
    assert.equal(rig.counters.step126NoConnection, 1);
  });

  it('resets, at a port that listens, what begins no connection', () => {
    const { rig } = listening();
    const stranger = new Peer(rig);
    for (const flags of ['A', 'SA', 'SF', 'FA']) {
      assert.ok(only(stranger.send({ flags, seq: 1, ack: 2 })).flags.startsWith('R'), flags);
    }
    assert.equal(rig.host.tcp.table.size, 0);
  });

  it('takes the MSS from the client, within bounds', () => {
    const cases: [readonly number[], number][] = [
      [[], 536],
      [[2, 4, 2, 0x18], 536],
      [[2, 4, 0x23, 0x28], 1460],
      [[2, 4, 0, 1], 48],
    ];
    let port = 43_000;
    for (const [options, segmentBytes] of cases) {
      const { rig, sockets } = listening();
      const peer = new Peer(rig, { port: port++ });
      peer.connect(options);
      sockets[0]!.write(Buffer.alloc(3000, 1));
      const sent = peer.batch();
      assert.equal(sent[0]!.payload.length, segmentBytes);
    }
  });
});

describe('IsnGenerator', () => {
  const clockUs = 1_000_000_000;
  const vip = IpAddress.ipv4(VIP);
  const peers = [
    IpAddress.ipv4('10.0.0.200'),
    IpAddress.ipv6('fd77::a00:c8'),
    IpAddress.ipv6('fd77:1::a00:c8'),
  ];
  const isn = (port: number, nowUs = clockUs, seed = 1, peer = 0): number =>
    new IsnGenerator(seededEntropy(seed)).next(vip, 80, peers[peer]!, port, nowUs);

  it('moves by one each four microseconds for one 4-tuple (RFC 6528)', () => {
    assert.equal((isn(1, clockUs + 4_000) - isn(1)) >>> 0, 1000);
    assert.equal(isn(1, clockUs + 3), isn(1));
  });

  it('differs between 4-tuples and between keys', () => {
    const values = [isn(1), isn(2), isn(3), isn(1, clockUs, 2), isn(1, clockUs, 3)];
    values.push(isn(1, clockUs, 1, 1), isn(1, clockUs, 1, 2));
    assert.equal(new Set(values).size, values.length);
    const spread = Math.abs(isn(1) - isn(2));
    assert.ok(spread > 0x1_0000 && spread < 0xffff_0000, 'neighbouring ports have unrelated numbers');
  });

  it('wraps at 2^32', () => {
    const value = isn(1, 2 ** 52);
    assert.ok(Number.isInteger(value) && value >= 0 && value < 2 ** 32);
  });
});
