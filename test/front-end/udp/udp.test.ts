import assert from 'node:assert/strict';
import type { UdpPeer } from '../../../src/front-end/index.js';
import { MS, PEER_ADDRESS6, PEER_MAC, Rig, seededEntropy } from '../rig.js';
import { internetSum, wordsOf } from '../../back-end/support/segments.js';
import { FakeSpan } from '../fake-span.js';
import { datagramFrame, portUnreachableFrame, readDatagram } from './datagrams.js';

const OTHER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0xdd);

describe('front-end/udp', () => {
  let rig: Rig;
  beforeEach(() => (rig = new Rig()));

  /** The sender of a datagram, as the socket on port 69 is told. */
  function peer(port = 50_000, mac = PEER_MAC): UdpPeer {
    const socket = rig.host.udp.bind(9_999);
    let from: UdpPeer | undefined;
    socket.once('message', (_message, sender) => (from = sender));
    rig.frameIn(datagramFrame(port, 9_999, Buffer.from('x'), { mac }));
    rig.batch();
    socket.close();
    assert.ok(from);
    return from;
  }

  it('tells a socket what came at the end of the batch, in bytes of its own', () => {
    const socket = rig.host.udp.bind(69);
    const heard: [string, string][] = [];
    socket.on('message', (message, from) => heard.push([message.toString(), String(from)]));
    rig.frameIn(datagramFrame(50_000, 69, Buffer.from('one')));
    rig.frameIn(datagramFrame(50_001, 69, Buffer.from('')));
    assert.deepEqual(heard, []);
    rig.batch();
    assert.deepEqual(heard, [
      ['one', '10.0.0.200:50000'],
      ['', '10.0.0.200:50001'],
    ]);
    assert.equal(rig.counters.datagramsReceived, 2);
  });

  it('discards what is damaged, and what nobody listens for', () => {
    const socket = rig.host.udp.bind(69);
    socket.on('message', () => assert.fail('it was to be discarded'));
    const damaged = datagramFrame(50_000, 69, Buffer.from('hello'));
    damaged[43]! ^= 1;
    rig.frameIn(damaged);
    const long = datagramFrame(50_000, 69, Buffer.from('hello'));
    long[39] = 200;
    rig.frameIn(long);
    rig.frameIn(datagramFrame(0, 69, Buffer.from('no way back')));
    rig.frameIn(datagramFrame(50_000, 70, Buffer.from('hello')));
    rig.batch();
    assert.equal(rig.counters.datagramCheckFailed, 3);
    assert.equal(rig.counters.datagramsUnserved, 1);
  });

  it('answers one for a closed port with ICMP, over both families, at a limited rate', () => {
    const ask = datagramFrame(40_000, 53, Buffer.from('question'));
    rig.frameIn(ask);
    rig.frameIn(ask);
    const ask6 = datagramFrame(40_000, 53, Buffer.from('question'), { address6: PEER_ADDRESS6 });
    rig.nowUs += 10 * MS;
    rig.frameIn(ask6);
    const [answer, answer6, ...rest] = rig.takeFrames().map((frame) => Buffer.from(frame));
    assert.equal(rest.length, 0);
    assert.equal(rig.counters.portUnreachableSent, 2);
    assert.equal(rig.counters.datagramsUnserved, 3);
    const icmp = answer!.subarray(34, 14 + answer!.readUInt16BE(16));
    assert.equal(icmp.toString('hex', 0, 2), '0303');
    assert.equal(internetSum(wordsOf(icmp)), 0xffff, 'ICMP checksum');
    assert.deepEqual(icmp.subarray(8), Buffer.from(ask.subarray(14, 42)), 'IP header and eight bytes');
    const icmp6 = answer6!.subarray(54, 54 + answer6!.readUInt16BE(18));
    assert.equal(icmp6.toString('hex', 0, 2), '0104');
    const sum = internetSum([...wordsOf(answer6!.subarray(22, 54)), icmp6.length, 58, ...wordsOf(icmp6)]);
    assert.equal(sum, 0xffff, 'ICMPv6 checksum');
    assert.deepEqual(icmp6.subarray(8), Buffer.from(ask6.subarray(14)), 'the whole packet');
  });

  it('takes a datagram without a checksum (RFC 768)', () => {
    const socket = rig.host.udp.bind(69);
    let heard = '';
    socket.on('message', (message) => (heard = message.toString()));
    const frame = datagramFrame(50_000, 69, Buffer.from('plain'));
    frame.fill(0, 40, 42);
    rig.frameIn(frame);
    rig.batch();
    assert.equal(heard, 'plain');
  });

  it('takes no datagram without a checksum over IPv6 (RFC 8200 8.1), and answers one with', () => {
    const socket = rig.host.udp.bind(69);
    const heard: string[] = [];
    socket.on('message', (message, from) => {
      heard.push(`${from.family} ${from} ${from.payloadBytes}`);
      socket.send(message, from);
    });
    const frame = datagramFrame(40_000, 69, Buffer.from('six'), { address6: PEER_ADDRESS6 });
    rig.frameIn(frame);
    frame.fill(0, 60, 62);
    rig.frameIn(frame);
    rig.batch();
    assert.deepEqual(heard, ['IPv6 [fd77::c8]:40000 1452']);
    const [answer] = rig.takeFrames().map(readDatagram);
    assert.deepEqual(answer, { sourcePort: 69, destinationPort: 40_000, payload: Buffer.from('six') });
  });

  it('answers the way that the datagram came, byte by byte', () => {
    const from = peer(40_000, OTHER_MAC);
    const socket = rig.host.udp.bind(69);
    assert.equal(socket.send(Buffer.from('ATCP!'), from), true);
    assert.equal(socket.send(Buffer.from([]), from), true);
    const [full, empty] = rig.takeFrames();
    assert.equal(readDatagram(full!).payload.toString(), 'ATCP!');
    assert.equal(
      Buffer.from(full!).toString('hex'),
      '0200000000dd' +
        '020000000001' +
        '0800' +
        '450000210000400040112604' +
        '0a000001' +
        '0a0000c8' +
        '00459c40' +
        '000d' +
        'a8e1' +
        '4154435021' +
        '00'.repeat(13),
    );
    assert.deepEqual(readDatagram(empty!), {
      sourcePort: 69,
      destinationPort: 40_000,
      payload: Buffer.alloc(0),
    });
  });

  it('sends what fits a packet, and refuses what would be fragmented', () => {
    const from = peer();
    assert.equal(from.payloadBytes, 1472);
    const socket = rig.host.udp.bind(69);
    socket.send(new Uint8Array(1472).fill(7), from);
    assert.equal(readDatagram(rig.takeFrames()[0]!).payload.length, 1472);
    assert.throws(() => socket.send(new Uint8Array(1473), from), /at most 1472 bytes, not 1473/);
  });

  it('gives a port to one socket at a time, and random ones within a range until none is left', () => {
    const { udp } = rig.host;
    const first = udp.bind(69);
    assert.throws(() => udp.bind(69), { code: 'EADDRINUSE' });
    first.close();
    udp.bind(69);
    assert.throws(() => udp.bind(0), RangeError);
    const ports = Array.from({ length: 8 }, () => udp.bindWithin(50_000, 50_007)!.port);
    assert.deepEqual([...ports].sort(), [50_000, 50_001, 50_002, 50_003, 50_004, 50_005, 50_006, 50_007]);
    assert.notDeepEqual(ports, [...ports].sort(), 'not one after the other');
    assert.equal(udp.bindWithin(50_000, 50_007), undefined);
  });

  it('runs timers on the engine’s clock', () => {
    const socket = rig.host.udp.bind(69);
    const expired: number[] = [];
    const timer = socket.createTimer(() => expired.push(socket.nowMs));
    const startMs = socket.nowMs;
    timer.start(10);
    rig.pass(5 * MS);
    timer.start(10);
    rig.pass(9 * MS);
    assert.equal(timer.running, true);
    assert.deepEqual(expired, []);
    rig.pass(2 * MS);
    assert.deepEqual(expired, [startMs + 15]);
    assert.equal(timer.running, false);
    timer.start(1);
    timer.stop();
    rig.pass(10 * MS);
    assert.equal(expired.length, 1);
  });

  it('asks for a batch when a program does something outside of one', () => {
    const from = peer();
    let asked = 0;
    rig.host.udp.onWork = () => asked++;
    const socket = rig.host.udp.bind(69);
    socket.send(Buffer.from('x'), from);
    assert.equal(asked, 1);
    socket.createTimer(() => socket.send(Buffer.from('y'), from)).start(1);
    assert.equal(asked, 2);
    rig.pass(2 * MS);
    assert.equal(asked, 2, 'within one it is done anyway');
  });

  it('goes on with the others when a listener throws', () => {
    const heard: string[] = [];
    const socket = rig.host.udp.bind(69);
    socket.on('message', (message) => {
      heard.push(message.toString());
      if (heard.length === 1) throw new Error('a program’s own mistake');
    });
    for (const text of ['one', 'two', 'three']) rig.frameIn(datagramFrame(50_000, 69, Buffer.from(text)));
    assert.throws(() => rig.batch(), /own mistake/);
    rig.batch();
    assert.deepEqual(heard, ['one', 'two', 'three']);
  });

  it('keeps a bounded number of datagrams', () => {
    const socket = rig.host.udp.bind(69);
    let heard = 0;
    socket.on('message', () => heard++);
    const frame = datagramFrame(50_000, 69, Buffer.from('x'));
    for (let i = 0; i < 5000; i++) rig.host.onFrame(frame, 0, frame.length, rig.nowUs);
    rig.batch();
    assert.equal(heard, 4096);
    assert.equal(rig.counters.datagramsDropped, 5000 - 4096);
  });

  it('tells a socket of ICMP errors about its datagrams only', () => {
    const socket = rig.host.udp.bind(69);
    const heard: string[] = [];
    socket.on('unreachable', (address, port) => heard.push(`${address}:${port}`));
    rig.frameIn(portUnreachableFrame(69, 40_000));
    rig.frameIn(portUnreachableFrame(70, 40_000));
    const foreign = portUnreachableFrame(69, 40_000);
    foreign[34 + 8 + 12 + 3] = 99;
    rig.frameIn(foreign);
    rig.batch();
    assert.deepEqual(heard, ['10.0.0.200:40000']);
    assert.equal(rig.counters.icmpIgnored + rig.counters.icmpCheckFailed, 2);
  });

  it('hands arbitrary bytes to nobody', () => {
    const socket = rig.host.udp.bind(69);
    socket.on('message', () => assert.fail('noise'));
    socket.on('unreachable', () => assert.fail('noise'));
    const noise = seededEntropy(5);
    for (let i = 0; i < 2000; i++) {
      const frame = datagramFrame(50_000, 69, new Uint8Array(i % 60));
      noise.fill(frame, 34, frame.length - 34);
      frame[23] = i % 2 === 0 ? 17 : 1;
      rig.frameIn(frame);
    }
    rig.batch();
  });

  describe('delegated datagrams', () => {
    it('give a span the header of the datagrams and their pace', () => {
      const from = peer(40_000, OTHER_MAC);
      const socket = rig.host.udp.bind(69);
      const span = new FakeSpan(10_000);
      const datagrams = socket.delegate(span, from, {
        datagramBytes: 512,
        header: Uint8Array.of(0, 3, 0, 0),
        firstNumber: 1,
        bitsPerSecond: 1_000_000,
      });
      const b = new Uint8Array(118).fill(0xa5);
      assert.deepEqual(datagrams.writeTemplate(b), { bytes: 46, l3Offset: 14, l4Offset: 34, numbered: true });
      assert.equal(
        Buffer.from(b.subarray(0, 47)).toString('hex'),
        '0200000000dd' +
          '020000000001' +
          '0800' +
          '450000000000400040110000' +
          '0a000001' +
          '0a0000c8' +
          '00459c40' +
          '00000000' +
          '00030000' +
          'a5',
      );
      assert.equal(datagrams.acknowledgment, 1_000_000);
      assert.equal(datagrams.windowField, 0);
      assert.equal(datagrams.segmentBytes, 512);
      datagrams.pace(2_000_000);
      assert.equal(datagrams.acknowledgment, 2_000_000);
    });

    it('refuse a framing that can not be', () => {
      const from = peer();
      const socket = rig.host.udp.bind(69);
      const bad = [
        { datagramBytes: 0 },
        { datagramBytes: 1473 },
        { datagramBytes: 1469, header: new Uint8Array(4) },
        { datagramBytes: 512, header: new Uint8Array(3) },
        { datagramBytes: 512, header: new Uint8Array(18) },
        { datagramBytes: 512, firstNumber: 1 },
        { datagramBytes: 512, firstNumber: 65_536, header: new Uint8Array(4) },
        { datagramBytes: 512, bitsPerSecond: 4095 },
        { datagramBytes: 512, bitsPerSecond: 2 ** 32 },
      ];
      for (const framing of bad)
        assert.throws(() => socket.delegate(new FakeSpan(10), from, framing), RangeError);
    });
  });
});
