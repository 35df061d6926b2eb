import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ladderOf } from '../../../src/lab/analysis/ladder.js';
import { payloadShare } from '../../../src/lab/analysis/payload-share.js';
import { segmentOf } from '../../../src/lab/analysis/segments.js';
import { readPcapng, type CapturedFrame } from '../../../src/lab/pcapng/reader.js';
import { get16 } from '../../../src/wire/bytes.js';
import { EtherType } from '../../../src/wire/ethernet.js';
import { Icmpv6Type } from '../../../src/wire/icmpv6.js';
import { IpProtocol } from '../../../src/wire/ipv4.js';
import { ipv6FlowLabel } from '../../../src/wire/ipv6.js';
import { formatIpv6 } from '../../../src/wire/ipv6-address.js';
import { atcp, content, digests, root, sha256, tshark, writeTree } from './laboratory.js';

const VIP6 = 'fd77::10';
/** Around what a segment carries: 1,440 bytes, 1,428 for clients that take timestamps. */
const sizes = [0, 1, 1427, 1428, 1429, 1439, 1440, 1441, 20_971_520];
const files = Object.fromEntries(sizes.map((bytes) => [`sizes/${bytes}.bin`, content(bytes, bytes)]));

const SCRIPT = `
ping -c 2 -W 5 "$ATCP_VIP6" > ping.txt || exit 1
curl -6 -g -sS --fail --create-dirs --max-time 120 -K curl.conf || exit 1
curl -sS --fail --max-time 20 -o four.bin "$ATCP_URL/sizes/1440.bin" || exit 1
curl -6 -g -sS --max-time 5 "http://[$ATCP_VIP6]:81/" 2> refused.txt
echo $? >> refused.txt
node ${join(root, 'src/cli/launch.mjs')} status > status.txt
`;

describe('lab: clients over IPv6', function () {
  this.timeout(180_000);
  let folder = '';
  let pcap = '';
  let frames: CapturedFrame[] = [];

  before(function () {
    if (!existsSync('/proc/sys/net/ipv6/conf')) this.skip();
    folder = mkdtempSync(join(tmpdir(), 'atcp-test-'));
    pcap = join(folder, 'lab.pcapng');
    writeTree(join(folder, 'site'), files);
    const transfers = Object.keys(files).map(
      (path) => `url = "http://[${VIP6}]/${path}"\noutput = "${join(folder, 'got', path)}"\n`,
    );
    writeFileSync(join(folder, 'curl.conf'), transfers.join(''));
    const board = ['--boards', '1', '--board', 'xs', '--files', join(folder, 'site')];
    const run = atcp('lab', ...board, '--pcap', pcap, '--', 'sh', '-c', `cd ${folder}; ${SCRIPT}`);
    assert.equal(run.status, 0, run.stderr + run.stdout);
    frames = [...readPcapng(pcap)];
  });
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true });
  });

  it('delivers every file byte-exact, and over IPv4 as well', () => {
    const want = Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, sha256(bytes)]));
    assert.deepEqual(digests(join(folder, 'got')), want);
    assert.deepEqual(readFileSync(join(folder, 'four.bin')), files['sizes/1440.bin']);
  });

  it('shows tshark no bad checksum, no RST but the closed port’s, no retransmission', () => {
    const bad = tshark(
      pcap,
      '(tcp.checksum.status == "Bad" && tcp.checksum != 0xffff) || icmpv6.checksum.status == "Bad" || ' +
        '(tcp.flags.reset == 1 && tcp.port != 81) || tcp.analysis.retransmission || tcp.analysis.out_of_order || ' +
        'tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment || _ws.malformed',
      'frame.number',
      '_ws.col.Info',
    );
    assert.deepEqual(bad, []);
  });

  it('sends the bodies from the board, in segments of 1,440 bytes, under one flow label a connection', () => {
    const total = Object.values(files).reduce((sum, b) => sum + b.length, 0);
    assert.equal(payloadShare(frames, [VIP6]).boardBodyBytes, total);
    const rungs = ladderOf(frames, VIP6, '/sizes/20971520.bin');
    assert.ok(rungs.some((rung) => /^ATCP_SERVICE_REPLY .* as \[fd77::10\]:80/.test(rung.text)));
    const labels = new Map<number, Set<number>>();
    let full = 0;
    for (const frame of frames) {
      const segment = segmentOf(frame);
      if (segment?.source !== VIP6) continue;
      const label = ipv6FlowLabel(frame.bytes, 14);
      labels.set(segment.destinationPort, (labels.get(segment.destinationPort) ?? new Set()).add(label));
      if (segment.payload.length < 1440) continue;
      full++;
      assert.equal(segment.payload.length, 1440);
      assert.equal(segment.port, 'board-1');
      assert.equal(frame.bytes.length, 1514);
    }
    assert.ok(full > 14_000, `${full} full segments`);
    for (const [port, seen] of labels) assert.equal(seen.size, 1, `port ${port}: ${[...seen].join()}`);
  });

  it('answers ping and neighbours, refuses a closed port, and prints the addresses', () => {
    assert.match(readFileSync(join(folder, 'ping.txt'), 'utf8'), /2 received/);
    assert.match(readFileSync(join(folder, 'refused.txt'), 'utf8'), /\n7\n$/);
    const status = readFileSync(join(folder, 'status.txt'), 'utf8');
    assert.match(status, /^Front-end 10\.77\.0\.10, fd77::10 at /);
    assert.match(status, /\[fd77::100\]:\d+ +sizes\/20971520\.bin +completed/);
    // A solicited advertisement of the address, hop limit 255.
    const answers = frames.filter(
      ({ bytes }) =>
        get16(bytes, 12) === EtherType.ipv6 &&
        bytes[20] === IpProtocol.icmpv6 &&
        bytes[54] === Icmpv6Type.neighborAdvertisement &&
        bytes[58] === 0x60,
    );
    assert.ok(answers.length > 0);
    for (const { bytes } of answers) assert.deepEqual([formatIpv6(bytes, 62), bytes[21]], [VIP6, 255]);
  });
});
