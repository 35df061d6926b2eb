import assert from 'node:assert/strict';
import {
  copyFileSync,
  openSync,
  closeSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { sealSector, volumeSeed } from '../../../src/volume/sector.js';
import { checkVolume, type Finding } from '../../../src/volume/tool/check.js';
import { makeVolume, type MadeVolume } from '../../../src/volume/tool/make.js';
import { VolumeReader } from '../../../src/volume/tool/volume-reader.js';
import { noise, ScatterAllocator, scratchDirectory, SECTOR, writeTree, type Files } from '../fixtures.js';

const scratch = scratchDirectory();
const START = 2048;
const FILES: Files = {
  'a/one': noise(127 * 4096 + 3000, 1),
  'a/b/two': noise(9000, 2),
  'a/b/three': noise(40, 3),
  four: noise(4096, 4),
};

/** A volume whose image may be changed for one check and is then as before. */
class Patient {
  readonly image: string;
  readonly pristine: Buffer;
  readonly volume: MadeVolume;

  constructor(image: string, volume: MadeVolume) {
    this.image = image;
    this.volume = volume;
    this.pristine = readFileSync(image);
  }

  sector(number: number): Buffer {
    return Buffer.from(this.pristine.subarray(number * SECTOR, (number + 1) * SECTOR));
  }

  /** Checks with sectors of the medium replaced. */
  async check(changes: ReadonlyMap<number, Uint8Array>): Promise<readonly Finding[]> {
    this.write(changes);
    try {
      return (await checkVolume(this.image)).findings;
    } finally {
      this.write(new Map([...changes.keys()].map((sector) => [sector, this.sector(sector)])));
    }
  }

  /** Checks with one byte of a sector changed. */
  checkFlipped(sector: number, at: number): Promise<readonly Finding[]> {
    const b = this.sector(sector);
    b[at]! ^= 0x10;
    return this.check(new Map([[sector, b]]));
  }

  /** Checks with bytes of a metadata sector changed and its CRC made right again. */
  checkForged(sector: number, at: number, hex: string): Promise<readonly Finding[]> {
    const b = this.sector(sector);
    Buffer.from(hex.replaceAll(' ', ''), 'hex').copy(b, at);
    sealSector(b, 0, volumeSeed(this.volume.volumeId, 0));
    return this.check(new Map([[sector, b]]));
  }

  recordSector(path: string): number {
    const reader = new VolumeReader(this.image);
    try {
      return START + this.volume.geometry.recordStart + reader.find(path).record;
    } finally {
      reader.close();
    }
  }

  private write(sectors: ReadonlyMap<number, Uint8Array>): void {
    const fd = openSync(this.image, 'r+');
    for (const [sector, b] of sectors) writeSync(fd, b, 0, SECTOR, sector * SECTOR);
    closeSync(fd);
  }
}

function names(findings: readonly Finding[], sector: number): boolean {
  return findings.some((finding) => sector >= finding.sector && sector < finding.sector + finding.sectors);
}

function texts(findings: readonly Finding[]): string {
  return findings.map((finding) => finding.what).join('\n');
}

describe('volume check', () => {
  let patient: Patient;
  let scattered: Patient;

  before(async () => {
    const from = scratch.path('from');
    writeTree(from, FILES);
    const make = async (name: string, allocator?: ScatterAllocator): Promise<Patient> => {
      const image = scratch.path(name);
      return new Patient(image, await makeVolume({ image, from, freeBytes: 0, recordCount: 64, allocator }));
    };
    patient = await make('contiguous.img');
    scattered = await make('scattered.img', new ScatterAllocator(2, 9));
  });

  it('finds sound volumes sound, and counts', async () => {
    for (const { image, volume } of [patient, scattered]) {
      const report = await checkVolume(image);
      assert.deepEqual(report.findings, []);
      assert.equal(report.files, 4);
      assert.equal(report.directories, 2);
      assert.equal(report.contentBytes, volume.contentBytes);
      assert.equal(report.freeBlocks, volume.freeBlocks);
    }
  });

  it('names every damaged sector', async function () {
    this.timeout(60_000);
    for (const { image, pristine, check } of [patient, scattered].map((each) => ({
      image: each.image,
      pristine: each.pristine,
      check: each.checkFlipped.bind(each),
    }))) {
      const inUse: number[] = [];
      for (let sector = 1; sector < pristine.length / SECTOR; sector++) {
        const b = pristine.subarray(sector * SECTOR, (sector + 1) * SECTOR);
        if (b.some((byte) => byte !== 0)) inUse.push(sector);
      }
      assert.ok(inUse.length > 1000, image);
      // All metadata, and of the data, which is most, every tenth sector.
      const metadata = inUse.filter(
        (sector, i) => sector < START + patient.volume.geometry.dataStart || i % 10 === 0,
      );
      for (const sector of metadata) {
        const findings = await check(sector, (sector * 37) % SECTOR);
        assert.ok(names(findings, sector), `sector ${sector}: ${JSON.stringify(findings)}`);
      }
    }
  });

  it('names the master boot record', async () => {
    for (const at of [446 + 4, 446 + 8, 446 + 12, 510, 511]) {
      assert.ok(names(await patient.checkFlipped(0, at), 0), `byte ${at}`);
    }
  });

  it('names a journal that is neither empty nor entries', async () => {
    const sector = START + patient.volume.geometry.journalStart + 9;
    const findings = await patient.checkFlipped(sector, 77);
    assert.equal(findings.length, 1);
    assert.ok(names(findings, sector));
  });

  it('says which file is damaged, and where', async () => {
    const reader = new VolumeReader(patient.image);
    const block = reader.find('a/one').extents.readUInt32BE(0);
    reader.close();
    const first = START + patient.volume.geometry.dataStart + block * 8;
    const [finding, ...others] = await patient.checkFlipped(first + 1 + 5 * 8 + 3, 511);
    assert.deepEqual(others, []);
    assert.equal(finding!.sector, first + 1 + 5 * 8);
    assert.equal(finding!.sectors, 8);
    assert.match(finding!.what, /data of "a\/one", unit 5: differs from its checksum/);
    const [tail] = await patient.checkFlipped(first + 1017 + 1 + 5, 511);
    assert.deepEqual(
      [tail!.sector, tail!.sectors],
      [first + 1017 + 1, 6],
      'the last unit has 3,000 bytes, 6 sectors',
    );
    const [checksums] = await patient.checkFlipped(first + 1017, 0);
    assert.match(checksums!.what, /checksums of "a\/one", units 127-127/);
  });

  it('finds contradictions between sound sectors', async () => {
    const { geometry } = patient.volume;
    const bitmap = START + geometry.bitmapStart;
    const state = START + geometry.recordStart;
    const two = patient.recordSector('a/b/two');
    const one = patient.recordSector('a/one');
    const cases: [number, number, string, RegExp][] = [
      [bitmap, 12, '00', /in use, and the bitmap has it free/],
      [bitmap, 32, 'ff', /free, and the bitmap has it in use/],
      [bitmap, 8, '0001', /blocks are free, it says 1/],
      [state, 20, '00000001', /blocks are free, the volume's state says 1/],
      [state, 16, '00000001', /0 free records are listed, the volume's state says 1/],
      [state, 12, '00000002', /record 2 in the list of free records is not free/],
      [state, 8, '00000fff', /more records in use than there are/],
      [two, 72, '61 2f 63', /its hash is not that of/],
      [two, 48, '00000001', /its parent is record 1/],
      [two, 60, '00000001', /its previous sibling is record 1/],
      [two, 56, '00000001', /is in the tree already/],
      [two, 56, 'ffffff00', /there is no such sound record/],
      [two, 8, '04', /neither file nor directory/],
      [two, 32, '00000000 00100000', /the size of the object and the space/],
      [two, 332, '00000000', /an extent is empty or outside/],
      [two, 328, 'f0000000', /an extent is empty or outside/],
      [two, 336, '77777777', /checksums of "a\/b\/two".*CRC-32C/],
      [two, 64, '00000001', /record 1 is not its continuation 1/],
      [two, 328, patient.sector(one).toString('hex', 328, 332), /belongs to another extent too/],
      [two, 75, '00', /the path is malformed/],
      [two, 75, 'ff', /its path is not UTF-8/],
      [patient.recordSector('a/b/three'), 328 + 100, '01', /something behind the content/],
      [patient.recordSector('a'), 52, '00000000', /"a\/.*" is not in the tree/],
      [patient.recordSector(''), 8, '01', /root record is not a root directory/],
    ];
    for (const [sector, at, hex, expected] of cases) {
      assert.match(texts(await patient.checkForged(sector, at, hex)), expected, `${sector}: ${at} = ${hex}`);
    }
  });

  it('finds what is missing from the index, or twice in it', async () => {
    const { indexStart, bucketCount } = patient.volume.geometry;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const sector = START + indexStart + bucket;
      const b = patient.sector(sector);
      const entries = b.readUInt16BE(8);
      if (entries === 0) continue;
      const missing = await patient.checkForged(sector, 8, '0000');
      assert.equal(missing.filter(({ what }) => what.endsWith('is not in the name index')).length, entries);
      const entry = b.toString('hex', 12, 28);
      const twice = await patient.checkForged(sector, 8, `0002 0000 ${entry} ${entry}`);
      assert.match(texts(twice), /the record is in the index twice/);
      // The same entry in the next bucket, where only an overflowed home would lead.
      const next = START + indexStart + ((bucket + 1) % bucketCount);
      if (patient.sector(next).readUInt16BE(8) !== 0) continue;
      const emptied = b.fill(0, 8, 508);
      sealSector(emptied, 0, volumeSeed(patient.volume.volumeId, 0));
      const moved = patient.sector(next);
      Buffer.from(`00010000${entry}`, 'hex').copy(moved, 8);
      sealSector(moved, 0, volumeSeed(patient.volume.volumeId, 0));
      const findings = await patient.check(
        new Map([
          [sector, emptied],
          [next, moved],
        ]),
      );
      assert.match(texts(findings), /where no look-up comes by/);
    }
  });

  it('finds a continuation that nobody owns', async () => {
    const one = scattered.recordSector('a/one');
    const findings = await scattered.checkForged(one, 64, '00000000');
    assert.match(texts(findings), /continues no object/);
    assert.match(texts(findings), /"a\/one": the size of the object and the space/);
  });

  it('says what an image is that is not a volume, or not all of one', async () => {
    const other = scratch.path('other.img');
    writeFileSync(other, noise(3_000_000, 1));
    const [foreign] = (await checkVolume(other)).findings;
    assert.match(foreign!.what, /master boot record: no master boot record/);
    writeFileSync(other, '');
    assert.ok((await checkVolume(other)).findings.length > 0);

    copyFileSync(patient.image, other);
    truncateSync(other, patient.pristine.length - 1_000_000);
    const cut = texts((await checkVolume(other)).findings);
    assert.match(cut, /superblock B: the volume is larger than its medium/);
    assert.match(cut, /the volume ends at sector \d+, the medium before it/);
    assert.throws(
      () => new VolumeReader(other),
      /no volume that can be read: the volume is larger than its medium; see/,
    );
    await assert.rejects(
      checkVolume(scratch.path('none.img')),
      /cannot open .*no such file or directory; check the path/,
    );
  });

  it('reads with either superblock, and names the bad one', async () => {
    const last = START + patient.volume.geometry.volumeSectors - 1;
    for (const [sector, name] of [
      [START, 'A'],
      [last, 'B'],
    ] as const) {
      const findings = await patient.checkFlipped(sector, 30);
      assert.equal(findings.length, 1);
      assert.equal(findings[0]!.sector, sector);
      assert.match(findings[0]!.what, new RegExp(`superblock ${name}: damaged`));
    }
  });
});
