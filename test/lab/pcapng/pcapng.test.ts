import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { readPcapng } from '../../../src/lab/pcapng/reader.js';
import { PcapngWriter } from '../../../src/lab/pcapng/writer.js';

/** 2026-01-02T03:04:05.678901Z in microseconds. */
const TIME_US = 1_767_323_045_678_901;

function hex(...lines: string[]): Buffer {
  return Buffer.from(lines.join('').replace(/\s/g, ''), 'hex');
}

/** Written out from the format's description: section, two interfaces, one packet of 5 bytes on the second. */
const VECTOR = hex(
  // Section header block: length 40, byte-order magic, 1.0, length unknown, shb_userappl "atcp", end
  '0a0d0d0a 28000000 4d3c2b1a 0100 0000 ffffffffffffffff 0400 0400 61746370 0000 0000 28000000',
  // Interface description block: length 44, Ethernet, no snap length, if_name "client", if_tsresol 6, end
  '01000000 2c000000 0100 0000 00000000 0200 0600 636c69656e740000 0900 0100 06000000 0000 0000 2c000000',
  // The same for "front-end", length 48
  '01000000 30000000 0100 0000 00000000 0200 0900 66726f6e742d656e64000000 0900 0100 06000000 0000 0000 30000000',
  // Enhanced packet block: length 52, interface 1, 0x0006475e f6574f35 µs, 5 of 5 bytes, data, epb_flags 2, end
  '06000000 34000000 01000000 5e470600 354f57f6 05000000 05000000 a1a2a3a4a5000000',
  '0200 0400 02000000 0000 0000 34000000',
);

describe('pcapng', () => {
  let folder: string;
  let path: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'atcp-pcapng-'));
    path = join(folder, 'capture.pcapng');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is written byte for byte as the format says', () => {
    const writer = new PcapngWriter(path, ['client', 'front-end']);
    writer.write(1, TIME_US + 0.75, 'outbound', hex('ffff a1a2a3a4a5 ffff'), 2, 5);
    writer.close();
    assert.equal(readFileSync(path).toString('hex'), VECTOR.toString('hex'));
  });

  it('is read back from the same bytes', () => {
    writeFileSync(path, VECTOR);
    assert.deepEqual(
      [...readPcapng(path)],
      [
        {
          interfaceName: 'front-end',
          timestampUs: TIME_US,
          direction: 'outbound',
          bytes: new Uint8Array(hex('a1a2a3a4a5')),
          originalBytes: 5,
        },
      ],
    );
  });

  it('is read in the other byte order, with nanoseconds, unknown blocks, and a second section', () => {
    const bigEndian = hex(
      '0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c',
      '00000001 00000020 0001 0000 00000000 0009 0001 09000000 0000 0000 00000020',
      // An interface statistics block, which is none of our business
      '00000005 00000018 00000000 00000000 00000000 00000018',
      // 2,000,001,000 ns, captured 2 of 60 bytes, inbound
      '00000006 00000030 00000000 00000000 773597e8 00000002 0000003c beef0000 0002 0004 00000001 0000 0000 00000030',
    );
    writeFileSync(path, Buffer.concat([bigEndian, VECTOR]));
    const frames = [...readPcapng(path)];
    assert.deepEqual(frames[0], {
      interfaceName: 'interface-0',
      timestampUs: 2_000_001,
      direction: 'inbound',
      bytes: new Uint8Array(hex('beef')),
      originalBytes: 60,
    });
    assert.equal(frames[1]!.interfaceName, 'front-end');
    assert.equal(frames.length, 2);
  });

  it('gives back what was written, across the writer’s buffer and the reader’s window', () => {
    const names = ['client', 'front-end', 'board-1'];
    const frames = Array.from({ length: 3000 }, (_, i) => ({
      interfaceName: names[i % 3]!,
      timestampUs: TIME_US + i * 3,
      direction: i % 2 === 0 ? ('inbound' as const) : ('outbound' as const),
      bytes: new Uint8Array((i * 7) % 1515).map((_, at) => i + at),
    }));
    const writer = new PcapngWriter(path, names);
    for (const { interfaceName, timestampUs, direction, bytes } of frames) {
      writer.write(names.indexOf(interfaceName), timestampUs, direction, bytes, 0, bytes.length);
    }
    writer.close();
    writer.close();
    const expected = frames.map((frame) => ({ ...frame, originalBytes: frame.bytes.length }));
    assert.deepEqual([...readPcapng(path)], expected);
  });

  it('names what is wrong with a file, and where, for any damage, and never hangs', () => {
    writeFileSync(path, 'GET / HTTP/1.1\r\n\r\n');
    assert.throws(() => [...readPcapng(path)], /is not pcapng, at byte 0/);
    writeFileSync(path, VECTOR.subarray(0, VECTOR.length - 3));
    assert.throws(() => [...readPcapng(path)], /ends in the middle of a block, at byte 132/);
    const lengths = Buffer.from(VECTOR);
    lengths[VECTOR.length - 1] = 1;
    writeFileSync(path, lengths);
    assert.throws(() => [...readPcapng(path)], /two lengths differ, at byte 132/);
    const stranger = Buffer.from(VECTOR);
    stranger[VECTOR.length - 52 + 8] = 2;
    writeFileSync(path, stranger);
    assert.throws(() => [...readPcapng(path)], /interface that it does not describe, at byte 132/);
    const position = fc.integer({ min: 0, max: VECTOR.length - 1 });
    fc.assert(
      fc.property(position, fc.integer({ min: 0, max: 255 }), (at, value) => {
        const damaged = Buffer.from(VECTOR);
        damaged[at] = value;
        writeFileSync(path, damaged);
        try {
          assert.ok([...readPcapng(path)].length <= 1);
        } catch (error) {
          assert.match((error as Error).message, /^The capture .* at byte \d+; make it again\.$/);
        }
      }),
      { numRuns: 300, examples: [[155, 128]] },
    );
  });

  it('is understood by tshark: interfaces, direction, time, bytes', () => {
    const probe = spawnSync('tshark', ['--version'], { stdio: 'ignore' });
    assert.equal(probe.status, 0, 'tshark is missing: sudo apt-get install tshark');
    const writer = new PcapngWriter(path, ['client', 'front-end']);
    const arp = hex(
      'ffffffffffff 020000000001 0806 0001080006040001 020000000001 0a000001 000000000000 0a000002',
    );
    writer.write(0, TIME_US, 'inbound', arp, 0, arp.length);
    writer.write(1, TIME_US + 1, 'outbound', arp, 0, arp.length);
    writer.close();
    const fields = [
      'frame.interface_name',
      'frame.packet_flags_direction',
      'frame.time_epoch',
      'frame.len',
      'arp.src.proto_ipv4',
    ];
    const args = ['-r', path, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
    const output = execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    assert.deepEqual(
      output
        .trim()
        .split('\n')
        .map((line) => line.split('\t').map((value) => (/^0x/.test(value) ? Number(value) : value))),
      [
        ['client', 1, '1767323045.678901000', '42', '10.0.0.1'],
        ['front-end', 2, '1767323045.678902000', '42', '10.0.0.1'],
      ],
    );
  });
});
