import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFirmware } from '../../../hosts/qemu/launch.js';
import { atcp, content, digests, sha256, writeTree } from '../../lab/system/laboratory.js';

const VIP = '10.77.0.10';
const sizes = [0, 1, 1459, 1460, 1461, 100_000, 2_000_000];
const files: Record<string, Buffer> = Object.fromEntries(
  sizes.map((bytes) => [`${bytes}.bin`, content(bytes, bytes)]),
);

describe('lab --board qemu', function () {
  this.timeout(180_000);
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'atcp-test-'));
    writeTree(join(folder, 'site'), files);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function download(boards: string, count: number, ...options: string[]): void {
    const got = join(folder, [boards, ...options].join('_'));
    // Each file from each board's turn: as many rounds as there are boards.
    const transfers = Array.from({ length: count }, (_, round) =>
      Object.keys(files).map(
        (name) => `url = "http://${VIP}/${name}"\noutput = "${join(got, `${round}`, name)}"\n`,
      ),
    ).flat();
    const configuration = join(folder, 'transfers.conf');
    writeFileSync(configuration, transfers.join(''));
    const curl = ['curl', '-sS', '--fail', '--create-dirs', '--max-time', '100', '-K', configuration];
    const run = atcp('lab', '--board', boards, ...options, '--files', join(folder, 'site'), '--', ...curl);
    assert.equal(run.status, 0, run.stderr);
    const want = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, sha256(bytes)]));
    for (let round = 0; round < count; round++) assert.deepEqual(digests(join(got, `${round}`)), want);
  }

  it('two of them deliver every file byte-exact', () => download('qemu', 2, '--boards', '2'));

  it('in a mixed set, when frames are lost and overtake each other, too', () => {
    const faults = ['--loss', '0.02', '--reorder', '0.02', '--faults-on', 'all', '--seed', '5'];
    download('xs,qemu,node', 3, ...faults);
  });

  it('shows a crash of a board', async () => {
    process.env['ATCP_QEMU_FIRMWARE'] = await buildFirmware('test/hosts/qemu/device/crash-soon.js');
    try {
      const run = atcp('lab', '--board', 'qemu', '--files', join(folder, 'site'), '--', 'sleep', '4');
      assert.match(run.stderr, /^atcp lab: board-1 crash: Error: thrown after a while$/m);
      assert.match(run.stderr, /^atcp lab: board-1 crash: restarting$/m);
    } finally {
      delete process.env['ATCP_QEMU_FIRMWARE'];
    }
  });
});
