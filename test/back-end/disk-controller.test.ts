import fc from 'fast-check';
import assert from 'node:assert/strict';
import { DiskResult, DiskState, isCardError } from '../../src/back-end/disk-controller.js';
import { PortStatus } from '../../src/back-end/ports.js';
import { ObjectKind } from '../../src/volume/record.js';
import type { MakeVolumeOptions } from '../../src/volume/tool/make.js';
import { VolumeReader } from '../../src/volume/tool/volume-reader.js';
import { Board, cardMaker } from '../volume/board.js';
import { noise, ScatterAllocator, SECTOR, type Files } from '../volume/fixtures.js';

const cardWith = cardMaker();

const FILES: Files = {
  'index.html': noise(4000, 1),
  empty: noise(0, 2),
  'small.txt': noise(180, 3),
  'one/two/three.bin': noise(4096, 4),
  'one/big.bin': noise(127 * 4096 * 2 + 777, 5),
  'one/ä 漢': noise(3585, 6),
};

/** Scattered over extents of one unit, so that `one/big.bin` needs 255 of them and 7 continuations. */
const scattered = (): Partial<MakeVolumeOptions> => ({ allocator: new ScatterAllocator(2, 7) });

describe('disk controller: reading', () => {
  it('finds objects and says what they are', async () => {
    const card = await cardWith(FILES);
    const board = new Board(card.disk);
    const handle = board.open('one/big.bin');
    assert.equal(handle.kind, ObjectKind.file);
    assert.equal(handle.sizeBytes, 127 * 4096 * 2 + 777);
    assert.equal(handle.units, 255);
    assert.equal(handle.unitBytes(253), 4096);
    assert.equal(handle.unitBytes(254), 777);
    assert.equal(handle.modifiedMs, 1_700_000_000_123);
    const reader = new VolumeReader(card.path);
    assert.equal(Buffer.from(handle.version).toString('hex'), reader.find('one/big.bin').version);
    assert.equal(handle.recordNumber, reader.find('one/big.bin').record);
    reader.close();
    assert.equal(board.open('one/two').kind, ObjectKind.directory);
    assert.equal(board.open('').recordNumber, card.geometry.rootRecord);
    for (const missing of [
      'one/',
      '/one',
      'One',
      'one/two/three.bi',
      'one/two/three.bin2',
      'x'.repeat(256),
    ]) {
      assert.equal(board.lookup(handle, missing), DiskResult.notFound, missing);
    }
    assert.equal(handle.units, 255, 'a handle keeps what it has when a look-up fails');
    assert.equal(board.controller.counters.notFound, 6);
  });

  it('reads every byte, in one piece and scattered, from a port that is mostly late', async () => {
    for (const options of [{}, scattered()]) {
      const card = await cardWith(FILES, options);
      card.disk.lateness = 0.6;
      const board = new Board(card.disk);
      assert.equal(board.controller.state, DiskState.ready);
      board.assertHolds(FILES);
    }
  });

  it('reads units in any order', async () => {
    const card = await cardWith(FILES, scattered());
    const board = new Board(card.disk);
    const content = FILES['one/big.bin']!;
    const handle = board.open('one/big.bin');
    fc.assert(
      fc.property(fc.nat({ max: 254 }), (unit) => {
        const { result, bytes } = board.unit(handle, unit);
        assert.equal(result, DiskResult.ok);
        assert.ok(bytes.equals(content.subarray(unit * 4096, unit * 4096 + 4096)));
      }),
      { numRuns: 300 },
    );
  });

  it('fills the last sector up with zeros', async () => {
    const card = await cardWith({ a: noise(5000, 1), b: noise(100, 2) });
    const board = new Board(card.disk);
    for (const [path, unit, bytes] of [
      ['a', 1, 904],
      ['b', 0, 100],
    ] as const) {
      const b = Buffer.alloc(4096, 0xa5);
      const handle = board.open(path);
      assert.equal(
        board.clock.finish((t) => board.controller.readUnit(t, handle, unit, b, 0)),
        DiskResult.ok,
      );
      const end = Math.ceil(bytes / SECTOR) * SECTOR;
      assert.ok(b.subarray(bytes, end).every((byte) => byte === 0));
      assert.ok(b.subarray(end).every((byte) => byte === 0xa5));
    }
  });

  it('refuses what an object does not have', async () => {
    const card = await cardWith(FILES);
    const board = new Board(card.disk);
    assert.equal(board.unit(board.open('index.html'), 1).result, DiskResult.beyondEnd);
    assert.equal(board.unit(board.open('empty'), 0).result, DiskResult.beyondEnd);
    assert.equal(board.unit(board.open('one'), 0).result, DiskResult.wrongKind);
    assert.equal(board.unit(board.controller.createHandle(), 0).result, DiskResult.stale);
  });

  it('lists a directory in order, one record a call', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `d/${String(i).padStart(3, '0')}`);
    const card = await cardWith(Object.fromEntries(names.map((name) => [name, noise(1, 1)])));
    card.disk.lateness = 0.3;
    const board = new Board(card.disk);
    const { controller, clock } = board;
    const cursor = controller.createCursor();
    const directory = board.open('d');
    const commands = card.disk.commands;
    const listed: string[] = [];
    let result = clock.finish((nowUs) => controller.firstChild(nowUs, directory, cursor));
    for (
      ;
      result === DiskResult.ok;
      result = clock.finish((nowUs) => controller.nextSibling(nowUs, cursor))
    ) {
      listed.push(Buffer.from(cursor.path.subarray(0, cursor.pathBytes)).toString());
    }
    assert.equal(result, DiskResult.notFound);
    assert.deepEqual(listed, names);
    assert.ok(card.disk.commands <= commands + 1, 'siblings are neighbours on the card');
    const file = board.open('d/000');
    assert.equal(
      clock.finish((t) => controller.firstChild(t, file, cursor)),
      DiskResult.wrongKind,
    );
  });
});

describe('disk controller: costs', () => {
  it('looks an object up in at most `probeLimit` buckets and one record', async () => {
    const files = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`f${i}`, noise(1, i)]));
    const card = await cardWith(files, {
      bucketCount: 4,
      probeLimit: 4,
      hashKey: new Uint8Array(16).fill(1),
    });
    // One metadata sector in memory: every sector of a look-up comes from the card.
    const board = new Board(card.disk, 1);
    let most = 0;
    for (const path of Object.keys(files)) {
      const before = card.disk.sectorsRead;
      board.open(path);
      most = Math.max(most, card.disk.sectorsRead - before);
    }
    assert.ok(most >= 3, 'some buckets must have overflowed, or this shows nothing');
    for (let i = 0; i < 100; i++) {
      const before = card.disk.sectorsRead;
      assert.equal(board.lookup(board.controller.createHandle(), `none${i}`), DiskResult.notFound);
      most = Math.max(most, card.disk.sectorsRead - before);
    }
    assert.ok(most <= 5, `${most} sectors`);
  });

  it('reads two sectors for a usual look-up, and none for one that it remembers', async () => {
    const card = await cardWith(FILES);
    const board = new Board(card.disk);
    const before = card.disk.sectorsRead;
    board.open('index.html');
    assert.equal(card.disk.sectorsRead, before + 2);
    board.open('index.html');
    assert.equal(card.disk.sectorsRead, before + 2);
  });

  it('reads a large object as one multi-block command', async () => {
    const card = await cardWith(FILES);
    const board = new Board(card.disk);
    const handle = board.open('one/big.bin');
    const { commands, sectorsRead } = card.disk;
    assert.ok(Buffer.isBuffer(board.content(handle)));
    assert.equal(card.disk.commands - commands, 1);
    assert.equal(
      card.disk.sectorsRead - sectorsRead,
      254 * 8 + 2 + 3,
      'units, the last of two sectors, three checksum sectors',
    );
  });

  it('keeps the checksum sectors of 16 objects that are read in turns', async () => {
    const files = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`f${i}`, noise(20 * 4096, i)]));
    const card = await cardWith(files);
    const board = new Board(card.disk);
    const handles = Object.keys(files).map((path) => board.open(path));
    const before = card.disk.sectorsRead;
    for (let unit = 0; unit < 20; unit++) {
      for (const handle of handles) assert.equal(board.unit(handle, unit).result, DiskResult.ok);
    }
    assert.equal(card.disk.sectorsRead - before, 16 * (1 + 20 * 8));
  });

  it('answers content that is in the record without the card', async () => {
    const card = await cardWith(FILES);
    const board = new Board(card.disk);
    const handle = board.open('small.txt');
    const before = card.disk.sectorsRead;
    assert.deepEqual(board.content(handle), FILES['small.txt']);
    assert.equal(card.disk.sectorsRead, before);
  });
});

describe('disk controller: one operation at a time', () => {
  it('lets other handles wait without effect, and goes on after a cancel', async () => {
    const card = await cardWith(FILES);
    const board = new Board(card.disk);
    const { controller } = board;
    const big = board.open('one/big.bin');
    const three = board.open('one/two/three.bin');
    const b = Buffer.alloc(4096);
    const untouched = Buffer.alloc(4096, 0xa5);
    const small = board.open('small.txt');
    card.disk.lateness = 1;
    assert.equal(controller.readUnit(1, big, 3, b, 0), DiskResult.pending);
    card.disk.lateness = 0;
    const before = card.disk.sectorsRead;
    for (let i = 0; i < 3; i++)
      assert.equal(controller.readUnit(2, three, 0, untouched, 0), DiskResult.pending);
    assert.equal(controller.lookup(2, three, Buffer.from('empty'), 0, 5), DiskResult.pending);
    assert.equal(card.disk.sectorsRead, before);
    assert.ok(untouched.every((byte) => byte === 0xa5));
    assert.equal(controller.readUnit(3, small, 0, Buffer.alloc(4096), 0), DiskResult.ok, 'needs no card');
    controller.cancel(three);
    assert.equal(
      controller.readUnit(3, three, 0, untouched, 0),
      DiskResult.pending,
      'only the owner can give way',
    );
    controller.cancel(big);
    assert.equal(controller.readUnit(4, three, 0, untouched, 0), DiskResult.ok);
    assert.ok(untouched.equals(FILES['one/two/three.bin']!));
    assert.equal(controller.readUnit(5, big, 3, b, 0), DiskResult.ok);
    assert.ok(b.equals(FILES['one/big.bin']!.subarray(3 * 4096, 4 * 4096)));
  });

  it('gives every handle its own object, whatever is asked in between', async () => {
    const card = await cardWith(FILES, scattered());
    card.disk.lateness = 0.5;
    const board = new Board(card.disk);
    const { controller, clock } = board;
    const paths = Object.keys(FILES);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 999 }), { minLength: 20, maxLength: 60 }), (choices) => {
        const jobs = paths.map((path) => {
          const name = Buffer.from(path);
          return { name, handle: controller.createHandle(), b: Buffer.alloc(4096), unit: -1, path };
        });
        for (const choice of choices) {
          const job = jobs[choice % jobs.length]!;
          clock.nowUs += 10;
          if (choice % 17 === 0) {
            controller.cancel(job.handle);
            continue;
          }
          if (job.unit < 0) {
            const result = controller.lookup(clock.nowUs, job.handle, job.name, 0, job.name.length);
            if (result === DiskResult.ok) job.unit = 0;
            else assert.equal(result, DiskResult.pending);
          } else if (job.unit < job.handle.units) {
            const result = controller.readUnit(clock.nowUs, job.handle, job.unit, job.b, 0);
            if (result === DiskResult.pending) continue;
            assert.equal(result, DiskResult.ok);
            const from = job.unit++ * 4096;
            const expected = FILES[job.path]!.subarray(from, from + 4096);
            assert.ok(job.b.subarray(0, expected.length).equals(expected));
          }
        }
        for (const job of jobs) controller.cancel(job.handle);
      }),
    );
  });
});

describe('disk controller: errors of the card', () => {
  it('repeats what failed in passing', async () => {
    const card = await cardWith(FILES, scattered());
    const board = new Board(card.disk);
    let reads = 0;
    card.disk.fault = () => (reads++ % 3 === 0 ? PortStatus.crcError : PortStatus.ok);
    card.disk.distort = (_sector, b) => {
      if (reads % 7 === 0) b[reads % b.length]! ^= 1;
    };
    board.assertHolds(FILES);
    assert.ok(board.controller.counters.retries > 100);
    assert.equal(board.controller.counters.checksumErrors, 0);
  });

  it('gives up after three attempts, waits, mounts again, and goes on with the same handle', async () => {
    const card = await cardWith(FILES);
    const board = new Board(card.disk);
    const { controller, clock } = board;
    const handle = board.open('one/big.bin');
    let attempts = 0;
    card.disk.fault = () => {
      attempts++;
      return PortStatus.timeout;
    };
    const { result } = board.unit(handle, 0);
    assert.equal(result, DiskResult.timeout);
    assert.ok(isCardError(result));
    assert.equal(attempts, 3);
    assert.equal(controller.counters.cardErrors, 3);
    assert.equal(controller.state, DiskState.failed);
    assert.equal(controller.cardStatus, PortStatus.timeout);
    assert.equal(board.unit(handle, 0).result, DiskResult.notReady);
    assert.equal(board.lookup(handle, 'empty'), DiskResult.notReady);
    // 0.1 s after the failure, then 0.2 s, then 0.4 s after each unsuccessful start, at most 5 s.
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      const next = clock.settle(controller);
      waits.push(Math.round((next - clock.nowUs) / 1000));
      clock.nowUs = next;
    }
    assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    card.disk.fault = () => PortStatus.ok;
    assert.equal(clock.settle(controller), Infinity);
    assert.equal(controller.state, DiskState.ready);
    assert.ok(Buffer.isBuffer(board.content(handle)));
  });

  it('notices another card', async () => {
    const card = await cardWith(FILES);
    const board = new Board(card.disk);
    const { controller, clock } = board;
    const handle = board.open('one/big.bin');
    card.disk.fault = () => PortStatus.noMedium;
    assert.equal(board.unit(handle, 1).result, DiskResult.noMedium);
    assert.equal(controller.counters.cardErrors, 1, 'no second attempt without a card');
    assert.equal(controller.state, DiskState.noCard);
    card.disk.fault = () => PortStatus.ok;
    card.disk.openStatus = PortStatus.noMedium;
    clock.nowUs = clock.settle(controller);
    assert.equal(controller.state, DiskState.noCard);
    card.disk.openStatus = PortStatus.ok;
    card.disk.image = (await cardWith({ 'one/big.bin': noise(9999, 9) })).disk.image;
    assert.equal(clock.settle(controller), Infinity);
    assert.equal(board.unit(handle, 1).result, DiskResult.stale);
    assert.equal(board.lookup(handle, 'one/big.bin'), DiskResult.ok);
    assert.deepEqual(board.content(handle), noise(9999, 9));
  });

  it('says so when a volume refers to sectors that the card does not have', async () => {
    const card = await cardWith({ a: noise(3_000_000, 1) });
    const board = new Board(card.disk);
    const handle = board.open('a');
    card.disk.image = card.disk.image.subarray(0, card.disk.image.length / 4);
    assert.equal(board.unit(handle, 700).result, DiskResult.outOfRange);
    assert.equal(board.controller.state, DiskState.ready);
  });
});
