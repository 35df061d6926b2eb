/** A film from a board on XS, at its rate, to a socket of the kernel. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atcp, content, sha256, tshark, writeTree } from '../system/laboratory.js';
import type { PlayReport } from './player.js';

const RATE = 2_000_000;
const FILM = content(750_000, 8);
const DATAGRAM = 1316;
const player = fileURLToPath(new URL('player.ts', import.meta.url));

describe('lab: stream', function () {
  this.timeout(120_000);
  let folder = '';
  let pcap = '';
  let report: PlayReport;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'atcp-test-'));
    pcap = join(folder, 'lab.pcapng');
    writeTree(join(folder, 'site'), { 'film.ts': FILM });
    const lab = [
      'lab',
      '--boards',
      '1',
      '--board',
      'xs',
      '--files',
      join(folder, 'site'),
      '--pcap',
      pcap,
      '--',
    ];
    const run = atcp(...lab, process.execPath, '--import', 'tsx', player, 'film.ts', String(RATE));
    assert.equal(run.status, 0, run.stderr);
    report = JSON.parse(run.stdout) as PlayReport;
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('comes whole and in order, once the client has shown where it is', () => {
    assert.deepEqual(report.said, ['TOKEN token', `OK ${FILM.length}`, `END ${FILM.length}`]);
    assert.equal(report.bytes, FILM.length);
    assert.equal(report.datagrams, Math.ceil(FILM.length / DATAGRAM));
    assert.equal(report.sha256, sha256(FILM));
    assert.deepEqual(report.ports, [5005]);
  });

  it('comes at its rate', () => {
    const wantedMs = (FILM.length * 8 * 1000) / RATE;
    // A machine that has other things to do may be late; nothing makes the board early.
    assert.ok(report.milliseconds > wantedMs * 0.95, `${report.milliseconds} of ${wantedMs} ms`);
    assert.ok(report.milliseconds < wantedMs * 3, `${report.milliseconds} of ${wantedMs} ms`);
  });

  it('leaves the board’s port, not the front-end’s', () => {
    const rows = tshark(pcap, 'udp.srcport == 5005', 'frame.interface_name', 'udp.length');
    assert.equal(rows.length, report.datagrams);
    assert.deepEqual([...new Set(rows.map(([port]) => port))], ['board-1']);
  });
});
