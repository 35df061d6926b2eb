/** Emitters into dirty buffers and checks of what they wrote: Ethernet, ARP, IPv4, ICMP, UDP, TCP, ATCP. */
import { ArpOperation, arpOperation, checkArp, emitArp } from '../../src/wire/arp.js';
import { FrameAuthenticator } from '../../src/wire/atcp/authentication.js';
import { AtcpKey, AtcpType, atcpSequence, checkAtcp, emitAtcp } from '../../src/wire/atcp/header.js';
import { get64, put64, UNKNOWN_U64 } from '../../src/wire/bytes.js';
import { EtherType, emitEthernet, etherType, isGroupDestination } from '../../src/wire/ethernet.js';
import { checkIcmp, emitEchoReply } from '../../src/wire/icmp.js';
import { checkIpv4, emitIpv4, formatIpv4, IpProtocol, ipv4PseudoHeaderSum } from '../../src/wire/ipv4.js';
import {
  checkTcp,
  emitMssOption,
  emitSackPermittedOption,
  emitTcp,
  emitWindowScaleOption,
  padOptions,
  setTcpChecksum,
  TcpFlag,
  TcpOptions,
} from '../../src/wire/tcp.js';
import { checkUdp, emitUdp } from '../../src/wire/udp.js';
import { ascii, bytes, counting, dirty, expectBytes, expectEmitted, expectValue, vectors } from './vector.js';

const SOURCE = 0xc000_0201; // 192.0.2.1
const DESTINATION = 0xc633_6407; // 198.51.100.7
const IPV4_UDP_HEADER = '45000021 00004000 40114e90 c0000201 c6336407';
const UDP_DATAGRAM = '04d20035 000d68ec 4154435021';
const SYN_ACK = '00509c40 12345678 9abcdef0 8012ffff daab0000 020405b4 01030307 01010402';

/** Pseudo header of 10.77.0.10 → 10.77.0.200, protocol 6, 32 bytes, as three 16-bit words a piece. */
const TCP_PSEUDO_SUM = 0x0a4d + 0x000a + 0x0a4d + 0x00c8 + 6 + 32;

function udpPseudoSum(udpBytes: number): number {
  return ipv4PseudoHeaderSum(bytes(IPV4_UDP_HEADER), 0, IpProtocol.udp, udpBytes);
}

/** Each of `b`'s bytes, flipped by itself, must make `check` object. */
function expectEachByteGuarded(b: Uint8Array, check: () => string, what: string): void {
  for (let i = 0; i < b.length; i++) {
    b[i]! ^= 0x10;
    if (check() === 'ok') throw new Error(`${what}: byte ${i} is not guarded`);
    b[i]! ^= 0x10;
  }
  expectValue(check(), 'ok', what);
}

export const wireVectors = vectors(
  {
    name: 'bytes: 64-bit fields to 2^53 - 1 and the unknown value',
    run() {
      const b = dirty(8);
      put64(b, 0, 0x1f_ffff_ffff_ffff);
      expectBytes(b, 0, '001fffffffffffff', 'largest');
      expectValue(get64(b, 0), 0x1f_ffff_ffff_ffff, 'read back');
      put64(b, 0, UNKNOWN_U64);
      expectBytes(b, 0, 'ffffffffffffffff', 'unknown');
      expectValue(get64(b, 0), UNKNOWN_U64, 'unknown read back');
    },
  },
  {
    name: 'Ethernet: header',
    run() {
      const destination = bytes('33330000 0001');
      const source = bytes('02a7c0000001');
      expectEmitted(
        (b, at) => emitEthernet(b, at, destination, source, EtherType.atcp),
        '333300000001 02a7c0000001 88b5',
        'header',
      );
      expectValue(etherType(bytes('00000000000000000000000086dd'), 0), EtherType.ipv6, 'type');
      expectValue(isGroupDestination(destination, 0), true, 'multicast');
      expectValue(isGroupDestination(source, 0), false, 'unicast');
    },
  },
  {
    name: 'ARP: reply (RFC 826)',
    run() {
      const mine = bytes('02a7c0000001');
      const theirs = bytes('02a7c0000099');
      const expected = '0001 0800 06 04 0002 02a7c0000001 0a4d000a 02a7c0000099 0a4d00c8';
      expectEmitted(
        (b, at) => emitArp(b, at, ArpOperation.reply, mine, bytes('0a4d000a'), theirs, bytes('0a4d00c8')),
        expected,
        'packet',
      );
      const b = bytes(expected);
      expectValue(checkArp(b, 0, 28), 'ok', 'check');
      expectValue(checkArp(b, 0, 27), 'truncated', 'too short');
      expectValue(arpOperation(b, 0), ArpOperation.reply, 'operation');
      b[5] = 16;
      expectValue(checkArp(b, 0, 28), 'not-ethernet-ipv4', 'other address length');
    },
  },
  {
    name: 'IPv4: header with checksum; each byte is guarded',
    run() {
      expectEmitted(
        (b, at) => emitIpv4(b, at, 13, IpProtocol.udp, SOURCE, DESTINATION),
        IPV4_UDP_HEADER,
        'header',
      );
      const b = bytes(IPV4_UDP_HEADER);
      expectEachByteGuarded(b, () => checkIpv4(b, 0, 33), 'header');
      expectValue(checkIpv4(b, 0, 32), 'total-length', 'less there than announced');
      expectValue(checkIpv4(b, 0, 19), 'truncated', 'less than a header');
      expectValue(formatIpv4(DESTINATION), '198.51.100.7', 'text');
    },
  },
  {
    name: 'ICMP: echo reply (RFC 792)',
    run() {
      const request = bytes('08002168 12340001 616263');
      expectValue(checkIcmp(request, 0, request.length), 'ok', 'request');
      expectEmitted(
        (b, at) => emitEchoReply(request, 0, request.length, b, at),
        '00002968 12340001 616263',
        'reply',
      );
    },
  },
  {
    name: 'UDP: header over IPv4; a checksum of 0 is sent as 0xFFFF (RFC 768)',
    run() {
      const payload = ascii('ATCP!');
      const emit = (b: Uint8Array, at: number) => {
        b.set(payload, at + 8);
        return emitUdp(b, at, 1234, 53, payload.length, udpPseudoSum(13)) + payload.length;
      };
      expectEmitted(emit, UDP_DATAGRAM, 'datagram');
      const b = bytes(UDP_DATAGRAM);
      expectEachByteGuarded(b, () => checkUdp(b, 0, 13, udpPseudoSum(13)), 'datagram');

      const zero = dirty(10);
      zero.set(bytes('0e97'), 8);
      emitUdp(zero, 0, 1234, 53, 2, udpPseudoSum(10));
      expectBytes(zero, 6, 'ffff', 'checksum that would be 0');
      expectValue(checkUdp(zero, 0, 10, udpPseudoSum(10)), 'ok', 'and its check');
    },
  },
  {
    name: 'TCP: SYN-ACK with options; each byte is guarded; options read back',
    run() {
      const emit = (b: Uint8Array, at: number) => {
        let options = emitMssOption(b, at + 20, 1460);
        options += emitWindowScaleOption(b, at + 20 + options, 7);
        options += emitSackPermittedOption(b, at + 20 + options);
        options = padOptions(b, at + 20, options);
        emitTcp(b, at, 80, 40000, 0x1234_5678, 0x9abc_def0, TcpFlag.syn | TcpFlag.ack, 0xffff, 20 + options);
        setTcpChecksum(b, at, 20 + options, TCP_PSEUDO_SUM);
        return 20 + options;
      };
      expectEmitted(emit, SYN_ACK, 'segment');
      const b = bytes(SYN_ACK);
      expectEachByteGuarded(b, () => checkTcp(b, 0, 32, TCP_PSEUDO_SUM), 'segment');
      const options = new TcpOptions();
      options.parse(b, 0);
      expectValue(options.mss, 1460, 'MSS');
      expectValue(options.windowScale, 7, 'window scale');
      expectValue(options.sackPermitted, true, 'SACK permitted');
      expectValue(options.hasTimestamps, false, 'no timestamps');
    },
  },
  {
    name: 'ATCP: header, tag, and a tag that guards each byte',
    run() {
      const key = counting(16);
      const authenticator = new FrameAuthenticator();
      const emit = (b: Uint8Array, at: number) => {
        b.set(bytes('deadbeef'), at + 32);
        emitAtcp(b, at, AtcpType.statements, AtcpKey.session, 36, 7, 0x0102_0304, 0x1_0002_0003_0004);
        authenticator.seal(b, at, key);
        return 36;
      };
      const expected = '01050101 0024 00 01 00000007 01020304 0001000200030004 27670c9d70896ce0 deadbeef';
      expectEmitted(emit, expected, 'frame');
      const b = bytes(expected);
      expectValue(atcpSequence(b, 0), 0x1_0002_0003_0004, 'sequence number');
      const check = () => {
        const problem = checkAtcp(b, 0, 36);
        if (problem !== 'ok') return problem;
        return authenticator.verify(b, 0, key) ? 'ok' : 'tag';
      };
      expectEachByteGuarded(b, check, 'frame');
    },
  },
);
