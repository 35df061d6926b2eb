import assert from 'node:assert/strict';
import { chunkFor } from '../../../src/front-end/tcp/span-chunk.js';
import type { AtcpSocket } from '../../../src/front-end/tcp/socket.js';
import { EtherType, etherType } from '../../../src/wire/ethernet.js';
import { ipv6FlowLabel } from '../../../src/wire/ipv6.js';
import { formatIpv6, parseIpv6 } from '../../../src/wire/ipv6-address.js';
import { FakeSpan } from '../fake-span.js';
import {
  HOST_MAC,
  MSS_1440,
  MSS_1460,
  PEER_ADDRESS6,
  PEER_MAC,
  PORT,
  Peer,
  Rig,
  SACK_PERMITTED,
  SECOND,
  VIP6_BYTES,
  WINDOW_SCALE_7,
  settle,
} from '../rig.js';

interface Scene {
  readonly rig: Rig;
  readonly peer: Peer;
  readonly sockets: AtcpSocket[];
}

function scene(settings = {}, backlog = 511): Scene {
  const rig = new Rig(settings);
  const sockets: AtcpSocket[] = [];
  rig.serve((socket) => sockets.push(socket.on('error', () => {})), { backlog });
  return { rig, sockets, peer: new Peer(rig, { address6: PEER_ADDRESS6 }) };
}

describe('TCP over IPv6', () => {
  it('offers an MSS of 1440, sends segments of that, and knows whom it talks to', async () => {
    const { peer, sockets } = scene();
    const synAck = peer.connect([...MSS_1440, ...SACK_PERMITTED, ...WINDOW_SCALE_7]);
    assert.equal(etherType(synAck.frame, 0), EtherType.ipv6);
    assert.equal(Buffer.from(synAck.optionBytes).toString('hex'), '020405a0' + '01030303' + '01010402');
    const [socket] = sockets;
    assert.equal(socket!.remoteAddress, 'fd77::c8');
    assert.equal(socket!.localAddress, 'fd77::10');
    assert.deepEqual(socket!.address(), { address: 'fd77::10', family: 'IPv6', port: PORT });
    assert.equal(socket!.remoteFamily, 'IPv6');
    peer.send({ flags: 'PA', payload: 'hello' });
    await settle();
    assert.equal(String(socket!.read()), 'hello');
    socket!.write(Buffer.alloc(2000, 7));
    const sent = peer.batch().filter(({ payload }) => payload.length > 0);
    assert.deepEqual(
      sent.map(({ payload }) => payload.length),
      [1440, 560],
    );
    assert.equal(sent[0]!.frame.length, 1514);
  });

  it('takes what a client’s MSS says, 1220 when it says nothing (RFC 9293 3.7.1), never more than 1440', () => {
    const cases: [readonly number[], number][] = [
      [[], 1220],
      [MSS_1460, 1440],
      [[2, 4, 4, 0xc4], 1220],
      [[2, 4, 2, 0x18], 536],
    ];
    for (const [options, expected] of cases) {
      const { peer, sockets } = scene();
      peer.connect(options);
      sockets[0]!.write(Buffer.alloc(3000));
      assert.equal(peer.batch()[0]!.payload.length, expected);
    }
  });

  it('gives all packets of a connection one flow label, and others another', () => {
    const { rig, peer, sockets } = scene();
    const label = ipv6FlowLabel(peer.connect().frame, 14);
    sockets[0]!.write(Buffer.alloc(100));
    const data = peer.batch();
    sockets[0]!.end();
    const fin = peer.acknowledge(100);
    for (const { frame } of [...data, ...fin]) assert.equal(ipv6FlowLabel(frame, 14), label);
    const labels = [label];
    for (let port = 1; port < 8; port++)
      labels.push(ipv6FlowLabel(new Peer(rig, { address6: PEER_ADDRESS6, port }).connect().frame, 14));
    assert.equal(new Set(labels).size, labels.length);
  });

  it('gives a span the headers of the connection, the flow label among them, lengths and checksums zero', async () => {
    const { peer, sockets } = scene();
    const synAck = peer.connect(MSS_1440);
    await settle();
    const span = new FakeSpan(1000);
    sockets[0]!.write(chunkFor(span));
    peer.batch();
    const template = new Uint8Array(90).fill(0xa5);
    assert.deepEqual(span.carrier!.writeTemplate(template), { bytes: 74, l3Offset: 14, l4Offset: 54 });
    assert.equal(span.carrier!.segmentBytes, 1440);
    const hex = Buffer.from(template).toString('hex');
    const label = Buffer.from(synAck.frame.subarray(14, 18)).toString('hex');
    const addresses = Buffer.from([...VIP6_BYTES, ...PEER_ADDRESS6]).toString('hex');
    const ack = peer.seq.toString(16).padStart(8, '0');
    assert.equal(hex.slice(0, 2 * 54), `0200000000cc02000000000186dd${label}00000640${addresses}`);
    assert.equal(hex.slice(2 * 54, 2 * 68), `00509c4000000000${ack}5010`);
    assert.equal(hex.slice(2 * 70), '00000000' + 'a5'.repeat(16));
    assert.deepEqual(template.subarray(0, 6), PEER_MAC);
    assert.deepEqual(template.subarray(6, 12), HOST_MAC);
  });

  it('keeps connections apart that differ in one word of the address, or in the family only', async () => {
    const { rig, sockets } = scene();
    const texts = ['fd77::c8', 'fd77::1:0:0:c8', 'fd77:1::c8', 'fd78::c8', 'fd77::1c8'];
    const peers = texts.map((text) => new Peer(rig, { address6: parseIpv6(text)! }));
    peers.push(new Peer(rig));
    for (const peer of peers) peer.connect();
    assert.equal(sockets.length, peers.length);
    for (const [i, peer] of peers.entries()) peer.send({ flags: 'PA', payload: `I am ${i}` });
    await settle();
    assert.deepEqual(
      sockets.map((socket) => String(socket.read())),
      peers.map((_, i) => `I am ${i}`),
    );
    assert.deepEqual(
      sockets.map(({ remoteAddress }) => remoteAddress),
      [...texts, '10.0.0.200'],
    );
  });

  it('serves its link-local address as another one', () => {
    const { rig, peer, sockets } = scene();
    peer.connect();
    const frames: Uint8Array[] = [];
    const linkLocal = parseIpv6('fe80::ff:fe00:1')!;
    rig.onFrameOut = (frame) => frames.push(frame);
    const other = new Peer(rig, { address6: PEER_ADDRESS6 });
    const frameIn = rig.frameIn.bind(rig);
    rig.frameIn = (frame) => {
      // The checksum has to follow: one's complement of the difference of both addresses.
      const old = frame.slice(38, 54);
      frame.set(linkLocal, 38);
      let sum = ~((frame[70]! << 8) | frame[71]!) & 0xffff;
      for (let i = 0; i < 16; i += 2) {
        sum += (linkLocal[i]! << 8) | linkLocal[i + 1]!;
        sum += ~((old[i]! << 8) | old[i + 1]!) & 0xffff;
      }
      while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
      frame[70] = ~(sum >>> 8);
      frame[71] = ~sum;
      frameIn(frame);
    };
    other.put({ flags: 'S', options: MSS_1440 });
    assert.equal(frames.length, 1);
    assert.equal(formatIpv6(frames[0]!, 22), 'fe80::ff:fe00:1');
    assert.equal(sockets.length, 1, 'the same client, ports and all, is another connection');
    assert.equal(rig.counters.challengeAcksSent, 0);
  });

  it('resets what belongs to nothing, and answers a SYN for a closed port', () => {
    const { peer, rig } = scene();
    const [reset] = peer.send({ flags: 'A', seq: 5, ack: 77 });
    assert.equal(reset!.flags, 'R');
    assert.equal(reset!.seq, 77);
    const closed = new Peer(rig, { address6: PEER_ADDRESS6, localPort: 81 });
    assert.equal(closed.send({ flags: 'S' })[0]!.flags, 'RA');
  });

  it('takes clients by cookies when the backlog is full', async () => {
    const { rig, sockets } = scene({}, 1);
    new Peer(rig, { address6: PEER_ADDRESS6, port: 1 }).send({ flags: 'S' });
    const peer = new Peer(rig, { address6: PEER_ADDRESS6, port: 2 });
    const synAck = peer.connect(MSS_1440);
    assert.equal(rig.counters.synCookiesTaken, 1);
    assert.equal(Buffer.from(synAck.optionBytes).toString('hex'), '020405a0');
    await settle();
    sockets[0]!.write(Buffer.alloc(2000));
    const [first] = peer.batch();
    assert.equal(first!.payload.length, 1440);
    assert.equal(ipv6FlowLabel(first!.frame, 14), ipv6FlowLabel(synAck.frame, 14));
    // Another address: another cookie.
    const thief = new Peer(rig, { address6: parseIpv6('fd77::c9')!, port: 2, iss: peer.seq });
    thief.ack = peer.ack;
    assert.equal(thief.send({ flags: 'A' })[0]!.flags, 'R');
  });

  it('keeps TIME-WAIT for the 4-tuple of that family alone', () => {
    const { rig, peer, sockets } = scene();
    peer.connect();
    sockets[0]!.end();
    peer.batch();
    peer.send({ flags: 'A', ack: peer.ack + 1 });
    peer.ack++;
    peer.send({ flags: 'FA' });
    assert.equal(rig.counters.timeWaits, 1);
    rig.pass(SECOND);
    new Peer(rig).connect();
    assert.equal(sockets.length, 2);
  });
});
