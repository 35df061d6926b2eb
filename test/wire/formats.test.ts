import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as arp from '../../src/wire/arp.js';
import { get16, get32, get64, put16, put32, put64, UNKNOWN_U64 } from '../../src/wire/bytes.js';
import * as ethernet from '../../src/wire/ethernet.js';
import * as icmp from '../../src/wire/icmp.js';
import * as ipv4 from '../../src/wire/ipv4.js';
import { seqAdd, seqDiff, seqLeq, seqLt, seqMax } from '../../src/wire/sequence.js';
import * as tcp from '../../src/wire/tcp.js';
import * as udp from '../../src/wire/udp.js';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s+/g, ''), 'hex'));
/** What an emitter wrote, and that it wrote nothing else. */
function emitted(expected: string, emit: (b: Uint8Array, at: number) => number): void {
  const want = hex(expected);
  const b = new Uint8Array(want.length + 16).fill(0xa5);
  assert.equal(emit(b, 8), want.length);
  assert.equal(
    Buffer.from(b.subarray(8, 8 + want.length)).toString('hex'),
    Buffer.from(want).toString('hex'),
  );
  assert.ok(
    b.subarray(0, 8).every((x) => x === 0xa5) && b.subarray(8 + want.length).every((x) => x === 0xa5),
  );
}
const anyBytes = fc.uint8Array({ minLength: 0, maxLength: 120 });

describe('wire: integers', () => {
  it('round-trips every width, unaligned, touching nothing else', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(0xffff_ffff), fc.maxSafeNat(), fc.nat(7), (a, b, c, at) => {
        const buffer = new Uint8Array(32).fill(0xa5);
        put16(buffer, at, a);
        put32(buffer, at + 2, b);
        put64(buffer, at + 6, c);
        assert.deepEqual([get16(buffer, at), get32(buffer, at + 2), get64(buffer, at + 6)], [a, b, c]);
        assert.ok(buffer.subarray(at + 14).every((x) => x === 0xa5));
      }),
    );
  });
  it('has one value for unknown', () => {
    const b = new Uint8Array(8);
    put64(b, 0, UNKNOWN_U64);
    assert.ok(b.every((x) => x === 0xff));
    assert.equal(get64(b, 0), UNKNOWN_U64);
  });
});

describe('wire: Ethernet and ARP', () => {
  const mac = hex('02a7c9000010');
  const other = hex('02a7c90000c1');
  it('emits exact bytes', () => {
    emitted('02a7c90000c1 02a7c9000010 88b5', (b, at) => ethernet.emitEthernet(b, at, other, mac, 0x88b5));
    emitted('0001 0800 06 04 0002 02a7c9000010 0a4d000a 02a7c90000c1 0a4d0064', (b, at) =>
      arp.emitArp(b, at, arp.ArpOperation.reply, mac, hex('0a4d000a'), other, hex('0a4d0064')),
    );
  });
  it('accepts what it emits and refuses the rest', () => {
    const b = hex('0001 0800 06 04 0001 02a7c9000010 0a4d000a 000000000000 0a4d0064');
    assert.equal(arp.checkArp(b, 0, b.length), 'ok');
    assert.equal(arp.arpOperation(b, 0), arp.ArpOperation.request);
    assert.equal(arp.checkArp(b, 0, 27), 'truncated');
    assert.equal(
      arp.checkArp(hex('0006' + Buffer.from(b).toString('hex').slice(4)), 0, 28),
      'not-ethernet-ipv4',
    );
  });
  it('knows group addresses', () => {
    assert.ok(ethernet.isGroupDestination(hex('ffffffffffff'), 0));
    assert.ok(ethernet.isGroupDestination(hex('01005e000001'), 0));
    assert.ok(!ethernet.isGroupDestination(mac, 0));
  });
});

describe('wire: IPv4', () => {
  const header = '4500 0034 0000 4000 40 06 25bd 0a4d 000a 0a4d 0064';
  it('emits exact bytes with the checksum', () => {
    emitted(header, (b, at) => ipv4.emitIpv4(b, at, 32, ipv4.IpProtocol.tcp, 0x0a4d000a, 0x0a4d0064));
  });
  it('names why a header is refused', () => {
    const good = new Uint8Array(52);
    good.set(hex(header));
    const check = (change: (b: Uint8Array) => void, length = 52): string => {
      const b = good.slice();
      change(b);
      return ipv4.checkIpv4(b, 0, length);
    };
    assert.equal(
      check(() => undefined),
      'ok',
    );
    assert.equal(
      check(() => undefined, 19),
      'truncated',
    );
    assert.equal(
      check((b) => (b[0] = 0x65)),
      'version',
    );
    assert.equal(
      check((b) => (b[0] = 0x44)),
      'header-length',
    );
    assert.equal(
      check(() => undefined, 51),
      'total-length',
    );
    assert.equal(
      check((b) => (b[6] = 0x20)),
      'fragment',
    );
    assert.equal(
      check((b) => (b[8] = 63)),
      'checksum',
    );
    assert.equal(
      check((b) => (b[6] = 0x40), 60),
      'ok',
      'Ethernet padding behind the datagram is no fault',
    );
  });
  it('formats addresses', () => assert.equal(ipv4.formatIpv4(0xc0000201), '192.0.2.1'));
});

describe('wire: ICMP and UDP', () => {
  it('answers an echo request with the same identifier, number and data', () => {
    const request = hex('0800 0000 1234 0001 6162 63');
    put16(request, 2, ~[0x0800, 0x1234, 1, 0x6162, 0x6300].reduce((a, x) => a + x) & 0xffff);
    assert.equal(icmp.checkIcmp(request, 0, request.length), 'ok');
    emitted('0000 2968 1234 0001 616263', (b, at) => icmp.emitEchoReply(request, 0, request.length, b, at));
    request[9]! ^= 1;
    assert.equal(icmp.checkIcmp(request, 0, request.length), 'checksum');
    assert.equal(icmp.checkIcmp(request, 0, 7), 'truncated');
  });
  it('emits UDP that it accepts, and finds any flipped bit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(0xffff), fc.nat(), (payload, pseudo, flip) => {
        const b = new Uint8Array(8 + payload.length).fill(0xa5);
        b.set(payload, 8);
        udp.emitUdp(b, 0, 69, 40_000, payload.length, pseudo);
        assert.equal(udp.checkUdp(b, 0, b.length, pseudo), 'ok');
        assert.notEqual(get16(b, 6), 0);
        assert.equal(udp.udpPayloadBytes(b, 0), payload.length);
        const bit = flip % (b.length * 8);
        b[bit >> 3]! ^= 1 << (bit & 7);
        if (get16(b, 6) !== 0) assert.notEqual(udp.checkUdp(b, 0, b.length, pseudo), 'ok');
      }),
    );
  });
});

describe('wire: TCP', () => {
  const options = new tcp.TcpOptions();
  it('emits a SYN-ACK with options, exact bytes', () => {
    emitted(
      '0050 9c40 00000001 00000002 90 12 ffff 0000 0000 0204 05b4 0103 0307 0101 0402 0000 0000',
      (b, at) => {
        const headerBytes = tcp.TCP_HEADER_BYTES + 12;
        tcp.emitTcp(b, at, 80, 40_000, 1, 2, tcp.TcpFlag.syn | tcp.TcpFlag.ack, 0xffff, headerBytes + 4);
        let end = at + 20;
        end += tcp.emitMssOption(b, end, 1460);
        end += tcp.emitWindowScaleOption(b, end, 7);
        end += tcp.emitSackPermittedOption(b, end);
        b[end] = 0;
        return 20 + tcp.padOptions(b, at + 20, 13);
      },
    );
  });
  it('reads back the options that it writes', () => {
    const b = new Uint8Array(60).fill(0xa5);
    tcp.emitTcp(b, 0, 1, 2, 3, 4, tcp.TcpFlag.ack, 5, 36);
    tcp.emitMssOption(b, 20, 1400);
    tcp.emitTimestampsOption(b, 24, 0xdeadbeef, 0x01020304);
    options.parse(b, 0);
    assert.equal(options.mss, 1400);
    assert.ok(options.hasTimestamps);
    assert.deepEqual([options.tsVal, options.tsEcr, options.windowScale], [0xdeadbeef, 0x01020304, -1]);
  });
  it('reads SACK blocks', () => {
    const b = new Uint8Array(40);
    tcp.emitTcp(b, 0, 1, 2, 3, 4, tcp.TcpFlag.ack, 5, 40);
    b.set(hex('0101 0512 00000064 000000c8 0000012c 00000190'), 20);
    options.parse(b, 0);
    assert.equal(options.sackBlocks, 2);
    assert.deepEqual([...options.sackEdges.subarray(0, 4)], [100, 200, 300, 400]);
  });
  it('parses any option bytes without reading past the header or throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 40 }), (tail) => {
        const b = new Uint8Array(60);
        tcp.emitTcp(b, 0, 1, 2, 3, 4, 0, 5, 60);
        b.set(tail, 20);
        options.parse(b, 0);
        assert.ok(options.sackBlocks <= tcp.MAX_SACK_BLOCKS && options.windowScale <= 14);
      }),
    );
  });
  it('finds a wrong checksum and a data offset beyond the segment', () => {
    const b = new Uint8Array(30).fill(0x61);
    tcp.emitTcp(b, 0, 1, 2, 3, 4, 0, 5, 20);
    tcp.setTcpChecksum(b, 0, 30, 7);
    assert.equal(tcp.checkTcp(b, 0, 30, 7), 'ok');
    b[25]! ^= 1;
    assert.equal(tcp.checkTcp(b, 0, 30, 7), 'checksum');
    b[12] = 0xf0;
    assert.equal(tcp.checkTcp(b, 0, 30, 7), 'data-offset');
    assert.equal(tcp.checkTcp(b, 0, 19, 7), 'truncated');
  });
});

describe('wire: no check throws, and none reads outside, on any bytes', () => {
  const checks: Record<string, (b: Uint8Array) => string> = {
    arp: (b) => arp.checkArp(b, 0, b.length),
    ipv4: (b) => ipv4.checkIpv4(b, 0, b.length),
    icmp: (b) => icmp.checkIcmp(b, 0, b.length),
    tcp: (b) => tcp.checkTcp(b, 0, b.length, 0),
    udp: (b) => udp.checkUdp(b, 0, b.length, 0),
  };
  for (const [name, check] of Object.entries(checks))
    it(name, () => {
      fc.assert(
        fc.property(anyBytes, (bytes) => {
          // A second copy with other bytes behind the end must get the same answer.
          const longer = new Uint8Array(bytes.length + 64).fill(0xff);
          longer.set(bytes);
          const answer = check(bytes);
          assert.equal(typeof answer, 'string');
          assert.equal(check(longer.subarray(0, bytes.length)), answer);
        }),
      );
    });
});

describe('wire: sequence numbers', () => {
  it('compare across the wrap (RFC 9293 3.4)', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.integer({ min: 1, max: 0x7fff_ffff }), (a, n) => {
        const b = seqAdd(a, n);
        assert.equal(seqDiff(b, a), n);
        assert.ok(seqLt(a, b) && seqLeq(a, b) && !seqLt(b, a) && !seqLeq(b, a) && seqLeq(a, a));
        assert.equal(seqMax(a, b), b);
      }),
    );
  });
});
