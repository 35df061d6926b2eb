import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FrontEndHost } from '../../../src/front-end/link/host.js';
import { IpAddress } from '../../../src/front-end/link/ip-address.js';
import { EtherType, emitEthernet } from '../../../src/wire/ethernet.js';
import { checkIcmpv6, setIcmpv6Checksum } from '../../../src/wire/icmpv6.js';
import { IpProtocol } from '../../../src/wire/ipv4.js';
import {
  IPV6_DESTINATION,
  IPV6_SOURCE,
  checkIpv6,
  emitIpv6,
  ipv6PayloadBytes,
  ipv6PseudoHeaderSum,
} from '../../../src/wire/ipv6.js';
import { checkUdp, setUdpChecksum } from '../../../src/wire/udp.js';
import { formatIpv6, parseIpv6 } from '../../../src/wire/ipv6-address.js';
import {
  HOST_MAC,
  PEER_ADDRESS6,
  PEER_MAC,
  Peer,
  Rig,
  SECOND,
  VIP6,
  segmentFrame,
  seededEntropy,
} from '../rig.js';

const PEER = 'fd77::c8';
const VIP_GROUP = 'ff02::1:ff00:10';
const VIP_GROUP_MAC = '3333ff000010';
const LINK_LOCAL = 'fe80::ff:fe00:1';
const ALL_NODES_MAC = '333300000001';
const VIP_HEX = 'fd770000000000000000000000000010';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s+/g, ''), 'hex'));
const toHex = (b: Uint8Array): string => Buffer.from(b).toString('hex');

interface Fields {
  readonly source?: string;
  readonly destination?: string;
  readonly destinationMac?: string;
  readonly sourceMac?: Uint8Array;
  readonly hopLimit?: number;
}

/** A frame with this ICMPv6 message, its checksum filled in; `extensions` stand before it, the last one's next is 58. */
function icmpFrame(
  message: Uint8Array,
  fields: Fields = {},
  first: number = 58,
  extensions = '',
): Uint8Array {
  const before = hex(extensions);
  const at = 54 + before.length;
  const frame = new Uint8Array(at + message.length);
  emitEthernet(
    frame,
    0,
    hex(fields.destinationMac ?? toHex(HOST_MAC)),
    fields.sourceMac ?? PEER_MAC,
    EtherType.ipv6,
  );
  emitIpv6(frame, 14, before.length + message.length, first, fields.hopLimit ?? 255, 0);
  frame.set(parseIpv6(fields.source ?? PEER)!, 14 + IPV6_SOURCE);
  frame.set(parseIpv6(fields.destination ?? VIP6)!, 14 + IPV6_DESTINATION);
  frame.set(before, 54);
  frame.set(message, at);
  const sum = ipv6PseudoHeaderSum(frame, 14, IpProtocol.icmpv6, message.length);
  setIcmpv6Checksum(frame, at, message.length, sum);
  return frame;
}

const solicitation = (target: string, option = '0101 0200000000cc'): Uint8Array =>
  hex(`87000000 00000000 ${toHex(parseIpv6(target)!)} ${option}`);
const advertisement = (target: string): Uint8Array =>
  hex(`88000000 20000000 ${toHex(parseIpv6(target)!)} 0201 0200000000cc`);
const echo = (dataBytes: number): Uint8Array =>
  Uint8Array.from([128, 0, 0, 0, 0x12, 0x34, 0, 7, ...Array.from({ length: dataBytes }, (_, i) => i & 255)]);

/** Who is told what by a Neighbor Advertisement that the front-end sent; its checksum is verified. */
function told(frame: Uint8Array): string {
  assert.equal(frame.length, 86);
  assert.equal(checkIpv6(frame, 14, 72), 'ok');
  assert.equal(checkIcmpv6(frame, 54, 32, ipv6PseudoHeaderSum(frame, 14, IpProtocol.icmpv6, 32)), 'ok');
  assert.equal(frame[54], 136);
  assert.equal(frame[21], 255);
  const target = formatIpv6(frame, 62);
  assert.equal(formatIpv6(frame, 14 + IPV6_SOURCE), target, 'it speaks for itself');
  assert.deepEqual(frame.subarray(80, 86), HOST_MAC);
  const flags = (frame[58]! >>> 5).toString(2).padStart(3, '0');
  return `${target} to ${formatIpv6(frame, 14 + IPV6_DESTINATION)} at ${toHex(frame.subarray(0, 6))}, RSO ${flags}`;
}

describe('FrontEndHost over IPv6: neighbours', () => {
  it('answers a solicitation, to the asker alone', () => {
    const rig = new Rig();
    const ask = { destination: VIP_GROUP, destinationMac: VIP_GROUP_MAC };
    rig.frameIn(icmpFrame(solicitation(VIP6), ask));
    const [reply, ...rest] = rig.takeFrames();
    assert.equal(rest.length, 0);
    assert.equal(
      toHex(reply!),
      '0200000000cc' +
        '020000000001' +
        '86dd' +
        `60000000 0020 3a ff ${VIP_HEX} fd7700000000000000000000000000c8`.replaceAll(' ', '') +
        `88001a53 60000000 ${VIP_HEX} 0201 020000000001`.replaceAll(' ', ''),
    );
    assert.equal(rig.counters.neighborReplies, 1);
  });

  it('answers for each of its addresses, to the MAC that the frame came from, option or not', () => {
    const rig = new Rig();
    rig.frameIn(icmpFrame(solicitation(VIP6, '')));
    rig.frameIn(icmpFrame(solicitation(LINK_LOCAL), { destination: LINK_LOCAL, source: 'fe80::cc' }));
    const router = Uint8Array.of(2, 0, 0, 0, 0, 0x77);
    rig.frameIn(icmpFrame(solicitation(VIP6), { sourceMac: router }));
    assert.deepEqual(rig.takeFrames().map(told), [
      `${VIP6} to ${PEER} at 0200000000cc, RSO 011`,
      `${LINK_LOCAL} to fe80::cc at 0200000000cc, RSO 011`,
      `${VIP6} to ${PEER} at 020000000077, RSO 011`,
    ]);
  });

  it('tells all nodes when somebody without an address wants one of its own (RFC 4862 5.4)', () => {
    const rig = new Rig();
    const probe = { source: '::', destination: VIP_GROUP, destinationMac: VIP_GROUP_MAC };
    rig.frameIn(icmpFrame(solicitation(VIP6, ''), probe));
    assert.deepEqual(rig.takeFrames().map(told), [`${VIP6} to ff02::1 at ${ALL_NODES_MAC}, RSO 001`]);
    rig.frameIn(icmpFrame(solicitation('fd77::11:10', ''), probe));
    assert.deepEqual(rig.takeFrames(), [], 'an address of its group that is not its own');
  });

  it('announces its addresses twice, a second apart (RFC 4861 7.2.6)', () => {
    const rig = new Rig();
    rig.host.start(rig.nowUs);
    const announced = (): string[] =>
      rig
        .takeFrames()
        .filter((frame) => frame[12] === 0x86 && frame[20] === IpProtocol.icmpv6)
        .map(told);
    const both = [VIP6, LINK_LOCAL].map((address) => `${address} to ff02::1 at ${ALL_NODES_MAC}, RSO 001`);
    assert.deepEqual(announced(), both);
    rig.pass(SECOND - 1);
    assert.deepEqual(announced(), []);
    rig.pass(1);
    assert.deepEqual(announced(), both);
    rig.pass(60 * SECOND);
    assert.deepEqual(announced(), []);
  });

  it('defends its addresses, at most every ten seconds, and not against its own echo', () => {
    const rig = new Rig();
    const toAll = { destination: 'ff02::1', destinationMac: ALL_NODES_MAC };
    rig.frameIn(icmpFrame(advertisement(VIP6), { ...toAll, source: VIP6, sourceMac: HOST_MAC }));
    assert.deepEqual(rig.takeFrames(), []);
    const claim = icmpFrame(advertisement(VIP6), { ...toAll, source: VIP6 });
    rig.frameIn(claim);
    rig.frameIn(claim);
    rig.frameIn(icmpFrame(solicitation('fd77::99'), { ...toAll, source: VIP6 }));
    assert.deepEqual(rig.takeFrames().map(told), [`${VIP6} to ff02::1 at ${ALL_NODES_MAC}, RSO 001`]);
    assert.equal(rig.counters.neighborConflicts, 3);
    rig.pass(10 * SECOND);
    rig.frameIn(claim);
    assert.equal(rig.takeFrames().length, 1);
  });

  it('heeds nothing from beyond the link, nothing damaged, nothing in fragments', () => {
    const rig = new Rig();
    const good = solicitation(VIP6);
    rig.frameIn(icmpFrame(good, { hopLimit: 254 }));
    rig.frameIn(icmpFrame(advertisement(VIP6), { hopLimit: 64, source: VIP6 }));
    rig.frameIn(icmpFrame(good.slice(0, 20)));
    rig.frameIn(icmpFrame(solicitation(VIP6, '0100 0200000000cc')));
    rig.frameIn(icmpFrame(solicitation(VIP_GROUP)));
    rig.frameIn(icmpFrame(good, { source: '::', destination: VIP_GROUP }));
    rig.frameIn(icmpFrame(good, { sourceMac: hex('3333ff000010') }));
    assert.equal(rig.counters.neighborCheckFailed, 7);
    const damaged = icmpFrame(good);
    damaged[70]! ^= 1;
    rig.frameIn(damaged);
    assert.equal(rig.counters.icmpCheckFailed, 1);
    rig.frameIn(icmpFrame(good, {}, 44, '3a00 0000 00000001'));
    rig.frameIn(icmpFrame(good, {}, 60, '2c00 010400000000 3a00 0001 00000001'));
    assert.equal(rig.counters.ipv6Fragments, 2);
    rig.frameIn(icmpFrame(good, { destination: 'fd77::11' }));
    assert.equal(rig.counters.ipv6ForOthers, 1);
    rig.frameIn(icmpFrame(good, { destinationMac: '3333ff000011' }));
    rig.frameIn(icmpFrame(good, { destinationMac: '0200000000bb' }));
    assert.equal(rig.counters.framesForOthers, 2);
    // Those of others' addresses are no business of ours, and no fault.
    rig.frameIn(icmpFrame(solicitation('fd77::11')));
    rig.frameIn(icmpFrame(advertisement('fd77::11')));
    rig.frameIn(icmpFrame(hex('86000000 40000000 00000000 00000000'), { destinationMac: ALL_NODES_MAC }));
    assert.equal(rig.counters.icmpIgnored, 1);
    assert.deepEqual(rig.takeFrames(), []);
    assert.equal(rig.counters.neighborConflicts, 0);
  });
});

describe('FrontEndHost over IPv6: groups', () => {
  const REPORT =
    '333300000016' +
    '020000000001' +
    '86dd' +
    '60000000 0038 00 01 fe80000000000000000000fffe000001 ff020000000000000000000000000016' +
    '3a00 0502 0000 0100';
  const record = (type: string, group: string): string => `${type}000000 ff0200000000000000000001${group}`;
  const records = (type: string): string => record(type, 'ff000010') + record(type, 'ff000001');
  const CHANGE = (REPORT + '8f006fdd 0000 0002' + records('04')).replaceAll(' ', '');
  const CURRENT = (REPORT + '8f0073dd 0000 0002' + records('02')).replaceAll(' ', '');
  const takeReports = (rig: Rig): string[] =>
    rig
      .takeFrames()
      .map(toHex)
      .filter((frame) => frame.startsWith('333300000016'));
  /** A general query that allows 1,000 ms, from a router. */
  const query = (
    fields: Fields = {},
    message = '82000000 03e8 0000' + '00'.repeat(16) + '02 7d 0000',
  ): Uint8Array =>
    icmpFrame(
      hex(message),
      { source: 'fe80::1', destination: 'ff02::1', destinationMac: ALL_NODES_MAC, hopLimit: 1, ...fields },
      0,
      '3a00 0502 0000 0100',
    );

  it('are joined at the start, and once more a second later', () => {
    const rig = new Rig();
    rig.host.start(rig.nowUs);
    assert.deepEqual(takeReports(rig), [CHANGE]);
    rig.pass(SECOND - 1);
    assert.deepEqual(takeReports(rig), []);
    rig.pass(1);
    assert.deepEqual(takeReports(rig), [CHANGE]);
    rig.pass(60 * SECOND);
    assert.deepEqual(takeReports(rig), []);
    assert.equal(rig.counters.groupReports, 2);
  });

  it('are reported when a router asks, once, within the time that it allows', () => {
    const rig = new Rig();
    rig.frameIn(query());
    rig.frameIn(query());
    rig.batch();
    assert.ok(rig.deadlineUs < rig.nowUs + SECOND);
    rig.pass(SECOND);
    assert.deepEqual(takeReports(rig), [CURRENT]);
    // Version 1, about one group, with no time at all.
    rig.frameIn(query({}, '82000000 0000 0000 ff0200000000000000000001ff000010'));
    rig.pass(1);
    assert.deepEqual(takeReports(rig), [CURRENT]);
  });

  it('are not reported to who is no router of this link', () => {
    const rig = new Rig();
    rig.frameIn(query({ hopLimit: 64 }));
    rig.frameIn(query({ source: 'fd77::1' }));
    rig.frameIn(query({}, '82000000 0000 0000' + '00'.repeat(15)));
    rig.pass(60 * SECOND);
    assert.deepEqual(takeReports(rig), []);
    assert.equal(rig.counters.neighborCheckFailed, 3);
  });
});

describe('FrontEndHost over IPv6: packets', () => {
  it('answers echo requests with the same data, up to the MTU', () => {
    const rig = new Rig();
    rig.frameIn(icmpFrame(echo(5)));
    rig.frameIn(icmpFrame(echo(1452)));
    const [small, large] = rig.takeFrames();
    assert.equal(small!.length, 67);
    assert.equal(large!.length, 1514);
    for (const frame of [small!, large!]) {
      const length = ipv6PayloadBytes(frame, 14);
      const sum = ipv6PseudoHeaderSum(frame, 14, IpProtocol.icmpv6, length);
      assert.equal(checkIcmpv6(frame, 54, length, sum), 'ok');
      assert.equal(frame[54], 129);
      assert.deepEqual(frame.subarray(58), icmpFrame(echo(length - 8)).subarray(58));
      assert.equal(formatIpv6(frame, 14 + IPV6_DESTINATION), PEER);
      assert.deepEqual(frame.subarray(0, 6), PEER_MAC);
    }
    assert.equal(rig.counters.echoReplies, 2);
  });

  it('looks behind extension headers, and refuses those that ask for more', () => {
    const rig = new Rig();
    rig.frameIn(icmpFrame(echo(5), {}, 0, '3c00 010400000000 2b00 010400000000 3a00 0000 00000000'));
    assert.equal(rig.takeFrames().length, 1);
    const refused: [number, string][] = [
      [60, '3a00 c30400000000'],
      [43, '3a00 0001 00000000'],
      [60, '0000 010400000000 3a00 010400000000'],
      [60, '3c00 010400000000'.repeat(6) + '3a00 010400000000'],
      [60, '3aff 010400000000'],
    ];
    for (const [first, extensions] of refused) rig.frameIn(icmpFrame(echo(5), {}, first, extensions));
    assert.deepEqual(rig.takeFrames(), []);
    assert.equal(rig.counters.ipv6ExtensionsRefused, refused.length);
  });

  it('does not answer groups, sources that nobody has, or its own address', () => {
    const rig = new Rig();
    for (const source of ['::', '::1', 'ff02::1', '::ffff:10.0.0.200', '::10.0.0.200', VIP6, LINK_LOCAL])
      rig.frameIn(icmpFrame(echo(5), { source }));
    assert.equal(rig.counters.ipv6BadSource, 7);
    rig.frameIn(icmpFrame(echo(5), { destination: 'ff02::1', destinationMac: ALL_NODES_MAC }));
    rig.frameIn(icmpFrame(echo(5), { destination: VIP_GROUP, destinationMac: VIP_GROUP_MAC }));
    assert.equal(rig.counters.icmpIgnored, 2);
    rig.frameIn(icmpFrame(echo(5), { sourceMac: hex('333300000001') }));
    assert.equal(rig.counters.ipv6BadSource, 8);
    rig.frameIn(icmpFrame(echo(1453)));
    const short = icmpFrame(echo(5));
    rig.frameIn(short.slice(0, 60));
    assert.equal(rig.counters.ipv6CheckFailed, 1);
    rig.frameIn(icmpFrame(Uint8Array.of(1, 2, 3), {}, 59));
    assert.equal(rig.counters.protocolsUnserved, 1);
    assert.deepEqual(rig.takeFrames(), []);
  });

  it('tells a UDP socket of clients, and of errors about its own datagrams only', () => {
    const rig = new Rig();
    const socket = rig.host.udp.bind(69);
    const heard: string[] = [];
    socket.on('message', (message, from) => {
      heard.push(`${from}: ${message}`);
      socket.send(Buffer.from('back'), from);
    });
    socket.on('unreachable', (address, port) => heard.push(`${address} ${port}`));
    socket.on('tooBig', (address, port, bytes) => heard.push(`${address} ${port}: ${bytes} bytes`));
    const datagram = hex('9c40 0045 000a 0000 6869');
    const udpFrame = (): Uint8Array => {
      const frame = icmpFrame(datagram, {}, IpProtocol.udp);
      frame.set([0, 0x45], 56);
      const sum = ipv6PseudoHeaderSum(frame, 14, IpProtocol.udp, datagram.length);
      setUdpChecksum(frame, 54, datagram.length, sum);
      return frame;
    };
    const without = udpFrame();
    without.set([0, 0], 60);
    rig.frameIn(without);
    assert.equal(rig.counters.datagramCheckFailed, 1, 'no checksum (RFC 8200 8.1)');
    rig.frameIn(udpFrame());
    rig.batch();
    const [reply] = rig.takeFrames();
    assert.equal(ipv6PayloadBytes(reply!, 14), 12);
    const sum = ipv6PseudoHeaderSum(reply!, 14, IpProtocol.udp, 12);
    assert.equal(checkUdp(reply!, 54, 12, sum), 'ok');
    assert.equal(Buffer.from(reply!.subarray(62, 66)).toString(), 'back');

    const quote = toHex(reply!.subarray(14, 66));
    const errors = [
      `01040000 00000000 ${quote}`,
      `01030000 00000000 ${quote}`,
      `01040000 00000000 ${quote.replace(VIP_HEX, `${VIP_HEX.slice(0, -1)}1`)}`,
      `01040000 00000000 ${quote.slice(0, 94)}`,
      `02000000 00000500 ${quote}`,
      `01040000 00000000 ${quote.slice(0, 80)}0046${quote.slice(84)}`,
    ];
    for (const error of errors) rig.frameIn(icmpFrame(hex(error), { source: 'fd77::1' }));
    rig.batch();
    assert.deepEqual(heard, ['[fd77::c8]:40000: hi', 'fd77::c8 40000', 'fd77::c8 40000: 1232 bytes']);
    assert.equal(rig.counters.icmpIgnored, errors.length - 2);
  });

  it('takes no TCP from a group, nor to one', () => {
    const rig = new Rig();
    const peer = new Peer(rig, { address6: PEER_ADDRESS6 });
    const fields = { flags: 'S', seq: 1, ack: 0, window: 1000, payload: '', options: [] };
    const toGroup = segmentFrame(peer, fields);
    toGroup.set(hex(ALL_NODES_MAC), 0);
    rig.frameIn(toGroup);
    rig.frameIn(segmentFrame({ ...peer, address6: parseIpv6('ff02::1')! }, fields));
    assert.deepEqual(rig.takeFrames(), []);
    assert.equal(rig.counters.segmentsReceived, 0);
  });

  it('survives any bytes, and answers none that it should not', () => {
    const rig = new Rig();
    const start = icmpFrame(solicitation(VIP6));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(start.length - 1), fc.nat(255)), { maxLength: 6 }),
        fc.nat(start.length),
        (changes, length) => {
          const frame = start.slice();
          for (const [at, value] of changes) frame[at] = value;
          rig.frameIn(frame.slice(0, length));
          for (const reply of rig.takeFrames()) assert.deepEqual(reply.subarray(6, 12), HOST_MAC);
        },
      ),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (rest) => {
        const frame = start.slice();
        frame.set(rest.subarray(0, frame.length - 20), 20);
        rig.frameIn(frame);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses addresses that can not be, and a link that is too small', () => {
    const make = (address6: string, mtuBytes = 1500): FrontEndHost =>
      new FrontEndHost({
        macAddress: HOST_MAC,
        address: '10.0.0.1',
        address6,
        transmit: () => true,
        entropy: seededEntropy(1),
        clock: () => 0,
        settings: { mtuBytes },
      });
    for (const address of [
      '::',
      '::1',
      'ff02::1',
      'fd77::10/64',
      'fe80::1%eth0',
      '10.0.0.1',
      '::ffff:1.2.3.4',
    ])
      assert.throws(() => make(address), /is no unicast IPv6 address/, address);
    assert.throws(() => make(VIP6, 1279), /1280/);
    assert.equal(make('FD77:0::0010', 1280).address6!.toString(), VIP6);
    assert.equal(make(LINK_LOCAL).address6!.toString(), LINK_LOCAL);
  });
});

describe('IpAddress', () => {
  it('keeps the two families apart', () => {
    const four = IpAddress.ipv4('192.0.2.1');
    const six = IpAddress.ipv6('2001:db8::c000:201');
    assert.equal(four.equals(six), false);
    assert.deepEqual([four.isIpv4, six.isIpv4], [true, false]);
    assert.equal(four.withPort(80), '192.0.2.1:80');
    assert.equal(six.withPort(80), '[2001:db8::c000:201]:80');
    const copy = new IpAddress();
    copy.set(six);
    assert.ok(copy.equals(six));
    for (const word of ['w0', 'w1', 'w2', 'w3'] as const) {
      copy.set(six);
      copy[word] ^= -0x8000_0000;
      assert.equal(copy.equals(six), false, word);
    }
  });
});
