/** IPv6, ICMPv6 and neighbour discovery, byte by byte; the expected checksums come from a program of their own. */
import {
  AdvertisementFlag,
  checkIcmpv6,
  checkNeighborMessage,
  emitEchoReply6,
  emitNeighborAdvertisement,
  setIcmpv6Checksum,
} from '../../src/wire/icmpv6.js';
import { IpProtocol } from '../../src/wire/ipv4.js';
import {
  checkIpv6,
  emitIpv6,
  IPV6_SOURCE,
  ipv6FlowLabel,
  ipv6PayloadBytes,
  ipv6PseudoHeaderSum,
  Ipv6Walk,
} from '../../src/wire/ipv6.js';
import {
  formatIpv6,
  linkLocalAddress,
  multicastMac,
  parseIpv6,
  solicitedNodeGroup,
} from '../../src/wire/ipv6-address.js';
import {
  emitMldReport,
  emitRouterAlert,
  mldMaximumResponseMs,
  MldRecord,
  putMldRecord,
} from '../../src/wire/mld.js';
import { bytes, expectEmitted, expectValue, toHex, vectors } from './vector.js';

const SERVER = 'fd770000000000000000000000000010';
const CLIENT = 'fd770000000000000000000000000200';
const MAC = bytes('02a7c0000001');
const ECHO_REQUEST = '8000ac22 12340001 616263';
const SOLICITATION = `8700b9db 00000000 ${SERVER} 0101 02a7c0000099`;

function pseudoSum(source: string, destination: string, l4Bytes: number): number {
  return ipv6PseudoHeaderSum(
    bytes(`6000000000003a40 ${source} ${destination}`),
    0,
    IpProtocol.icmpv6,
    l4Bytes,
  );
}

/** A packet with a payload of these bytes behind the fixed header. */
function packet(next: number, payload: string, hopLimit = 'ff'): Uint8Array {
  const size = (0x10000 + bytes(payload).length).toString(16).slice(1);
  const first = (0x100 + next).toString(16).slice(1);
  return bytes(`60000000 ${size} ${first} ${hopLimit} ${CLIENT} ${SERVER} ${payload}`);
}

/** The walk's answer: what is carried, where and how much, or the problem. */
function walked(b: Uint8Array): string {
  const walk = new Ipv6Walk();
  const problem = walk.walk(b, 0);
  return problem === 'ok' ? `${walk.protocol} at ${walk.l4At}, ${walk.l4Bytes}` : problem;
}

export const ipv6Vectors = vectors(
  {
    name: 'IPv6: fixed header with a flow label',
    run() {
      const header = `600abcde 0014 06 40 ${SERVER} ${CLIENT}`;
      expectEmitted(
        (b, at) => {
          b.set(bytes(SERVER + CLIENT), at + IPV6_SOURCE);
          return emitIpv6(b, at, 20, IpProtocol.tcp, 64, 0xabcde);
        },
        header,
        'header',
      );
      const b = bytes(header + '00'.repeat(20));
      expectValue(checkIpv6(b, 0, 60), 'ok', 'check');
      expectValue(checkIpv6(b, 0, 59), 'payload-length', 'less there than announced');
      expectValue(checkIpv6(b, 0, 39), 'truncated', 'less than a header');
      expectValue(ipv6FlowLabel(b, 0), 0xabcde, 'flow label');
      expectValue(ipv6PayloadBytes(b, 0), 20, 'payload bytes');
      b[0] = 0x45;
      expectValue(checkIpv6(b, 0, 60), 'version', 'another version');
    },
  },
  {
    name: 'IPv6: extension headers walked, options skipped; what must not be is named',
    run() {
      const tcp = '00'.repeat(20);
      const padded = '01 04 00000000';
      expectValue(walked(packet(6, tcp)), '6 at 40, 20', 'none');
      expectValue(
        walked(packet(0, `3c00 ${padded} 2b00 1e020102 0000 0600 0200 00000000 ${tcp}`)),
        '6 at 64, 20',
        'hop-by-hop, destination, a route that is over',
      );
      expectValue(walked(packet(60, `0601 000000000000 010600000000 0000 ${tcp}`)), '6 at 56, 20', 'Pad1');
      expectValue(walked(packet(59, '')), '59 at 40, 0', 'no next header');
      expectValue(walked(packet(44, `0600 0000 00000001 ${tcp}`)), 'fragment', 'an atomic fragment');
      expectValue(walked(packet(60, `2c00 ${padded} 0600 0008 00000001`)), 'fragment', 'behind options');
      expectValue(walked(packet(43, `0600 0001 00000000 ${tcp}`)), 'routing', 'a route that goes on');
      expectValue(walked(packet(60, `0600 4004 00000000 ${tcp}`)), 'option', 'an option that must be known');
      expectValue(walked(packet(60, `0600 0105 00000000 ${tcp}`)), 'truncated', 'an option over the end');
      expectValue(
        walked(packet(60, `0600 0103 000000 01 ${tcp}`)),
        'truncated',
        'an option without its size',
      );
      expectValue(walked(packet(60, `0000 ${padded} 0600 ${padded} ${tcp}`)), 'order', 'hop-by-hop second');
      expectValue(
        walked(packet(60, `0602 ${padded} ${tcp.slice(0, 30)}`)),
        'truncated',
        'longer than the packet',
      );
      expectValue(walked(packet(60, '0600 0000')), 'truncated', 'half a header');
      expectValue(walked(packet(60, `3c00 ${padded}`.repeat(7))), 'too-many', 'headers');
      expectValue(walked(packet(60, `0602 ${'00'.repeat(22)} ${tcp}`)), 'too-many', 'options');
    },
  },
  {
    name: 'ICMPv6: echo reply (RFC 4443 4.2), with the pseudo header in the checksum',
    run() {
      const request = bytes(ECHO_REQUEST);
      expectValue(checkIcmpv6(request, 0, 11, pseudoSum(CLIENT, SERVER, 11)), 'ok', 'request');
      expectValue(checkIcmpv6(request, 0, 7, pseudoSum(CLIENT, SERVER, 7)), 'truncated', 'too short');
      expectEmitted(
        (b, at) => emitEchoReply6(request, 0, 11, b, at, pseudoSum(SERVER, CLIENT, 11)),
        '8100ab22 12340001 616263',
        'reply',
      );
      request[10] = 0;
      expectValue(checkIcmpv6(request, 0, 11, pseudoSum(CLIENT, SERVER, 11)), 'checksum', 'damaged');
    },
  },
  {
    name: 'neighbour discovery: an advertisement; what RFC 4861 7.1.1 and 7.1.2 refuse',
    run() {
      expectEmitted(
        (b, at) => {
          const flags = AdvertisementFlag.solicited + AdvertisementFlag.override;
          const length = emitNeighborAdvertisement(b, at, flags, bytes(SERVER), 0, MAC);
          setIcmpv6Checksum(b, at, length, pseudoSum(SERVER, CLIENT, length));
          return length;
        },
        `88005873 60000000 ${SERVER} 0201 02a7c0000001`,
        'advertisement',
      );
      const check = (payload: string, hopLimit?: string, addresses?: string): string => {
        const b = packet(58, payload, hopLimit);
        if (addresses !== undefined) b.set(bytes(addresses), 8);
        return checkNeighborMessage(b, 0, 40, b.length - 40);
      };
      const group = 'ff0200000000000000000001ff000010';
      const nobody = '00'.repeat(16);
      const bare = SOLICITATION.slice(0, -17);
      expectValue(check(SOLICITATION), 'ok', 'solicitation');
      expectValue(check(SOLICITATION, 'fe'), 'hop-limit', 'from beyond a router');
      expectValue(check(bare), 'ok', 'without option');
      expectValue(check(bare.slice(0, -2)), 'truncated', 'short');
      expectValue(check(SOLICITATION.replace('8700', '8701')), 'code', 'code 1');
      expectValue(check(SOLICITATION.replace(SERVER, group)), 'target', 'a group as target');
      expectValue(check(`${bare} 0100 02a7c0000099`), 'options', 'an option of size 0');
      expectValue(check(`${bare} 0102 02a7c0000099`), 'options', 'an option over the end');
      expectValue(check(`${bare} 01`), 'options', 'half an option');
      expectValue(check(bare, 'ff', nobody + group), 'ok', 'is the address free?');
      expectValue(check(bare, 'ff', nobody + SERVER), 'destination', '… asked of one node');
      expectValue(check(SOLICITATION, 'ff', nobody + group), 'options', '… with an address that nobody has');
      const advertisement = `8800 0000 60000000 ${SERVER}`;
      expectValue(check(advertisement), 'ok', 'advertisement');
      expectValue(check(advertisement, 'ff', CLIENT + group), 'destination', 'solicited by a group');
    },
  },
  {
    name: 'MLD: a report with its router alert; how long an answer to a query may take (RFC 3810 5.1.3)',
    run() {
      const group = bytes('ff0200000000000000000001ff000010');
      expectEmitted((b, at) => emitRouterAlert(b, at, 58), '3a00 0502 0000 0100', 'router alert');
      expectEmitted(
        (b, at) => {
          const length = emitMldReport(b, at, 143, 2);
          putMldRecord(b, at, 0, MldRecord.changeToExclude, group);
          putMldRecord(b, at, 1, MldRecord.modeIsExclude, group);
          return length;
        },
        `8f00 0000 0000 0002 04000000 ${toHex(group)} 02000000 ${toHex(group)}`,
        'report',
      );
      const codes = [
        ['0000', 0],
        ['7fff', 32_767],
        ['8000', 32_768],
        ['8001', 32_776],
        ['ffff', 8_387_584],
      ] as const;
      for (const [code, ms] of codes)
        expectValue(mldMaximumResponseMs(bytes(`82000000${code}`), 0), ms, code);
    },
  },
  {
    name: 'IPv6 addresses: text as in RFC 5952, solicited-node group, multicast MAC, link-local',
    run() {
      const texts = [
        '::',
        '::1',
        'fd77::10',
        '2001:db8::1:0:0:1',
        '2001:db8:0:1:1:1:1:1',
        '2001:0:0:1::1',
        'fe80::',
        '1:2:3:4:5:6:7:8',
        'ff02::1:ff00:10',
      ];
      for (const text of texts) expectValue(formatIpv6(parseIpv6(text)!, 0), text, text);
      expectValue(toHex(parseIpv6('64:FF9B::192.0.2.33')!), '0064ff9b0000000000000000c0000221', 'with IPv4');
      const wrong = ['', ':', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8:9'];
      for (const text of [
        ...wrong,
        '12345::',
        'g::',
        '1.2.3.4',
        '::1.2.3',
        '::1.2.3.256',
        '1.2.3.4::',
        'fe80::1%eth0',
      ])
        expectValue(parseIpv6(text), undefined, text);
      expectEmitted(
        (b, at) => solicitedNodeGroup(bytes('fd77000000000000000000001234abcd'), 0, b, at),
        'ff0200000000000000000001ff34abcd',
        'group',
      );
      expectEmitted(
        (b, at) => multicastMac(bytes('ff0200000000000000000001ff34abcd'), 0, b, at),
        '3333ff34abcd',
        'MAC',
      );
      expectEmitted(
        (b, at) => linkLocalAddress(bytes('02a7c9000010'), b, at),
        'fe80000000000000 00a7c9fffe000010',
        'link-local',
      );
    },
  },
);
