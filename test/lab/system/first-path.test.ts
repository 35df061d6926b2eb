import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atcp, content, digests, sha256, tshark, writeTree } from './laboratory.js';

const VIP = '10.77.0.10';
const sizes = [0, 1, 1447, 1448, 1449, 1459, 1460, 1461, 4095, 4096, 4097, 20_971_520];
const files: Record<string, Buffer> = Object.fromEntries(
  sizes.map((bytes) => [`sizes/${bytes}.bin`, content(bytes, bytes)]),
);
files['names/with spaces and ünïcödé ☂.txt'] = content(3000, 1);
files['names/percent%20sign & ampersand.html'] = content(5000, 2);
files['index.html'] = Buffer.from('<!doctype html><title>first path</title>');

for (const kind of ['xs', 'node'])
  describe(`lab: the first path, --board ${kind}`, function () {
    this.timeout(180_000);
    let folder = '';
    let pcap = '';

    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'atcp-test-'));
      pcap = join(folder, 'lab.pcapng');
      writeTree(join(folder, 'site'), files);
      // One transfer a line, in curl's own configuration language: one curl, one connection, every file.
      const transfers = Object.keys(files).map(
        (path) =>
          `url = "http://${VIP}/${path.split('/').map(encodeURIComponent).join('/')}"\noutput = "${join(folder, 'got', path)}"\n`,
      );
      writeFileSync(join(folder, 'curl.conf'), transfers.join(''));
      const curl = [
        'curl',
        '-sS',
        '--fail',
        '--create-dirs',
        '--max-time',
        '120',
        '-K',
        join(folder, 'curl.conf'),
      ];
      const run = atcp(
        'lab',
        '--boards',
        '1',
        '--board',
        kind,
        '--files',
        join(folder, 'site'),
        '--pcap',
        pcap,
        '--',
        ...curl,
      );
      assert.equal(run.status, 0, run.stderr);
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    it('delivers every file byte-exact', () => {
      const want = Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, sha256(bytes)]));
      assert.deepEqual(digests(join(folder, 'got')), want);
    });

    it('shows tshark no bad checksum, no RST and no retransmission', () => {
      const bad = tshark(
        pcap,
        '(tcp.checksum.status == "Bad" && tcp.checksum != 0xffff) || ip.checksum.status == "Bad" || tcp.flags.reset == 1 || ' +
          'tcp.analysis.retransmission || tcp.analysis.fast_retransmission || tcp.analysis.out_of_order || ' +
          'tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment || _ws.malformed',
        'frame.number',
        '_ws.col.Info',
      );
      assert.deepEqual(bad, []);
    });

    it('sends every byte of the bodies from the board’s port', () => {
      const bytes: Record<string, number> = {};
      for (const [port, length, text] of tshark(
        pcap,
        `ip.src == ${VIP} && tcp.len > 0`,
        'frame.interface_name',
        'tcp.len',
        'http.response.line',
      )) {
        const head = port === 'front-end' && text !== undefined && text !== '';
        bytes[port!] = (bytes[port!] ?? 0) + (head ? 0 : Number(length));
      }
      const total = Object.values(files).reduce((sum, b) => sum + b.length, 0);
      assert.equal(bytes['board-1'], total);
    });

    it('keeps the data link to the front-end and the board', () => {
      const ports = new Set(tshark(pcap, 'eth.type == 0x88b5', 'frame.interface_name').map(([port]) => port));
      assert.deepEqual([...ports].sort(), ['board-1', 'front-end']);
    });
  });
