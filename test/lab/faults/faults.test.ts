/**
 * The kernel as client, through every fault that the switch can make, over both versions of IP: what it gets is
 * compared byte for byte, and what tshark's experts say of the capture is part of the test. The capture holds frames
 * as they entered the switch, before any fault: what a fault did shows in what is sent because of it.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atcp, content, tshark, writeTree } from '../system/laboratory.js';

const FILE = content(800_000, 3);
const HAS_IPV6 = existsSync('/proc/sys/net/ipv6/conf');

/** What any exchange has. */
const PLAIN = [
  /^Connection (establish|finish)/,
  /^This frame (initiates|undergoes) the connection closing$/,
  /^GET \/file\.bin HTTP\/1\.1/,
  /^HTTP\/1\.1 200 OK/,
  // A sum that comes to zero may be written either way.
  /^client: TCP Checksum 0xffff instead of 0x0000/,
  // A client widens its window as it learns how fast the transfer is.
  /^client: TCP window update$/,
];
/** A client that got something out of order, or twice. */
const DISORDER = [/^client: Duplicate ACK/, /^client: D-SACK Sequence$/];
/** Something is sent again. The wire tells no difference between a lost segment and one that is late. */
const REPAIR = [
  /^board-1: This frame is a \(suspected\) (fast |spurious )?retransmission$/,
  /^board-1: This frame is a \(suspected\) out-of-order segment$/,
  // What is sent again need not begin where a segment did; tshark's reassembly of HTTP does not like it. Other bytes
  // than before would be a "conflicting overlap".
  /^board-1: TCP window specified by the receiver is now completely full$/,
  /^board-1: New fragment overlaps old data \(retransmission\?\)$/,
];
/** The front-end repeats its SYN-ACK, its head or its FIN, and answers what comes twice. */
const FRONT_END = [
  /^front-end: Duplicate ACK/,
  /^front-end: This frame is a \(suspected\) (fast |spurious )?retransmission$/,
  /^front-end: This frame is a \(suspected\) out-of-order segment$/,
  // The last ACK once more, after the connection has ended (RFC 9293 3.10.7.1).
  /^front-end: Connection reset \(RST\)$/,
];
/** The client repeats its SYN, its request or its FIN. */
const CLIENT = [
  /^client: This frame is a \(suspected\) (fast |spurious )?retransmission$/,
  /^client: This frame is a \(suspected\) out-of-order segment$/,
  /^client: A new tcp session is started with the same ports/,
];
const PROBED = [...PLAIN, ...DISORDER, ...REPAIR];
const TROUBLE = [...PLAIN, ...DISORDER, ...REPAIR, ...FRONT_END, ...CLIENT];

interface Case {
  readonly name: string;
  readonly flags: readonly string[];
  readonly expected: readonly RegExp[];
  /** Nothing is lost: what is sent again at all is the probe of a busy machine's tail. */
  readonly lossless?: boolean;
}

/** Of the segments of a lossless download, so many may come twice. */
const MAX_PROBES = 0.02;

const CASES: readonly Case[] = [
  { name: 'loss', flags: ['--loss', '0.05'], expected: TROUBLE },
  { name: 'reordering', flags: ['--reorder', '0.1'], expected: TROUBLE },
  { name: 'duplication', flags: ['--duplicate', '0.1'], expected: TROUBLE, lossless: true },
  { name: 'corruption', flags: ['--corrupt', '0.02'], expected: TROUBLE },
  { name: 'delay', flags: ['--delay', '20'], expected: PROBED, lossless: true },
  { name: 'a limited rate', flags: ['--rate', '50'], expected: PROBED, lossless: true },
  {
    name: 'everything at once, on every port',
    flags: [
      ...['--loss', '0.02', '--reorder', '0.05', '--duplicate', '0.02', '--corrupt', '0.01'],
      ...['--delay', '2', '--rate', '50', '--faults-on', 'all'],
    ],
    expected: TROUBLE,
  },
];

/** The client's kernel answers what was damaged below TCP with an error, and quotes it. */
const NO_QUOTES = '!(icmp.type == 3 || icmp.type == 12 || icmpv6.type < 128)';

/** "port: message" of every finding, each once. */
function findings(pcap: string): string[] {
  const rows = tshark(pcap, `_ws.expert && ${NO_QUOTES}`, 'frame.interface_name', '_ws.expert.message');
  const all = rows.flatMap(([port, messages]) =>
    messages!.split(',').map((message) => `${port}: ${message}`),
  );
  return [...new Set(all)];
}

function isExpected(finding: string, expected: readonly RegExp[]): boolean {
  const message = finding.slice(finding.indexOf(': ') + 2);
  return expected.some((each) => each.test(finding) || each.test(message));
}

describe('lab: the kernel as client, under faults', function () {
  this.timeout(180_000);
  let folder = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'atcp-test-'));
    writeTree(join(folder, 'site'), { 'file.bin': FILE });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const { name, flags, expected, lossless = false } of CASES)
    it(`${name}: every byte over IPv4 and IPv6, and nothing that surprises tshark`, () => {
      const pcap = join(folder, 'lab.pcapng');
      const got = { four: join(folder, 'four.bin'), six: join(folder, 'six.bin') };
      const curl = 'curl -g -sS --fail --max-time 80';
      const downloads = [`${curl} -o ${got.four} "$ATCP_URL/file.bin"`];
      if (HAS_IPV6) downloads.push(`${curl} -o ${got.six} "http://[$ATCP_VIP6]/file.bin"`);
      const lab = ['lab', '--board', 'node', '--files', join(folder, 'site'), '--pcap', pcap];
      const run = atcp(...lab, ...flags, '--', 'sh', '-c', downloads.join(' && '));
      assert.equal(run.status, 0, run.stderr);
      assert.equal(run.stderr, '', 'nothing ended by itself');
      assert.ok(readFileSync(got.four).equals(FILE), 'over IPv4');
      if (HAS_IPV6) assert.ok(readFileSync(got.six).equals(FILE), 'over IPv6');
      const surprises = findings(pcap).filter((finding) => !isExpected(finding, expected));
      assert.deepEqual(surprises, []);
      if (lossless) {
        const sent = tshark(
          pcap,
          'tcp.len > 0 && tcp.srcport == 80',
          'frame.number',
          'tcp.analysis.retransmission',
        );
        const repeated = sent.filter(([, mark]) => mark !== undefined && mark !== '').length;
        assert.ok(
          repeated < MAX_PROBES * sent.length,
          `${repeated} of ${sent.length} segments were repeated`,
        );
      }
      const bad = tshark(
        pcap,
        '(ip.checksum.status == "Bad" || (tcp.checksum.status == "Bad" && tcp.checksum != 0xffff) || ' +
          `tcp.analysis.ack_lost_segment || tcp.analysis.zero_window) && ${NO_QUOTES}`,
        'frame.number',
        '_ws.col.Info',
      );
      assert.deepEqual(bad, []);
    });
});
