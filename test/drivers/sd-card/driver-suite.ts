import assert from 'node:assert/strict';
import { SdCard } from '../../../drivers/sd-card/sd-card.js';
import { DataError, DataResponse } from '../../../hosts/virtual-board/chips/sd-card-model.js';
import { PortStatus } from '../../../src/back-end/ports.js';
import { diskSuite, mustRead, open, pattern, read, settle, write } from './disk-suite.js';
import { makeModelBench, type ModelBench } from './model-bench.js';
import { freshSector } from './sparse-storage.js';

/** The slowest that a card may be ([SD] 4.6.2, 7.5.4), as far as a suite of many reads is bearable. */
function slowBench(): ModelBench {
  const bench = makeModelBench();
  Object.assign(bench.model.timing, { response: 8, read: 700, writeBusy: 900, stopBusy: 300 });
  bench.model.initialisationPolls = 200;
  return bench;
}

function forgetfulBench(): ModelBench {
  const bench = makeModelBench();
  bench.model.timing.read = 150;
  bench.model.faults.forgetfulReads = true;
  return bench;
}

const CMD0 = 0;
const CMD9 = 9;
const CMD12 = 12;
const CMD13 = 13;
const CMD16 = 16;
const CMD17 = 17;
const CMD18 = 18;
const CMD24 = 24;
const CMD25 = 25;

function opened(...options: Parameters<typeof makeModelBench>): ModelBench {
  const bench = makeModelBench(...options);
  open(bench);
  bench.model.commands.fill(0);
  return bench;
}

/** The commands since the last time, as index → count. */
function issued(bench: ModelBench): Record<number, number> {
  const counts: Record<number, number> = {};
  bench.model.commands.forEach((count, index) => {
    if (count > 0) counts[index] = count;
  });
  bench.model.commands.fill(0);
  return counts;
}

function fresh(sector: number, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, i) => freshSector(sector + i)));
}

/** What the driver must do with the model of a card, over the bus that {@link setBlocksInOneCall} chooses. */
export function driverSuite(): void {
  diskSuite('SDSC, version 1', () => makeModelBench(4096, { version: 1 }));
  diskSuite('SDSC, version 2', () => makeModelBench());
  diskSuite('SDSC of 2 GB', () => makeModelBench(4_194_304));
  diskSuite('SDHC', () => makeModelBench(4_211_712));
  diskSuite('SDXC of 2 TB', () => makeModelBench(4_294_705_152));
  diskSuite('slow card', slowBench);
  diskSuite('card that forgets reads when it is deselected', forgetfulBench);
  diskSuite('card alone on the bus', () => makeModelBench(4096, {}, { exclusiveBus: true }));
  diskSuite('slow bus', () => makeModelBench(4096, {}, { clockHz: 1_000_000, initialClockHz: 100_000 }));

  describe('SD card driver: commands', () => {
    it('reads a run of any lengths with one CMD18', () => {
      const bench = opened();
      let sector = 100;
      for (const count of [8, 1, 1, 3, 16, 1]) {
        assert.deepEqual(mustRead(bench, sector, count), fresh(sector, count));
        sector += count;
      }
      assert.deepEqual(issued(bench), { [CMD18]: 1 });
    });

    it('reads a run of single sectors with one CMD17 and one CMD18', () => {
      const bench = opened();
      for (let sector = 7; sector < 30; sector++)
        assert.deepEqual(mustRead(bench, sector, 1), freshSector(sector));
      assert.deepEqual(issued(bench), { [CMD17]: 1, [CMD18]: 1 });
    });

    it('stops a run once for a jump, and reads single sectors elsewhere with CMD17', () => {
      const bench = opened();
      mustRead(bench, 100, 4);
      assert.deepEqual(mustRead(bench, 900, 1), freshSector(900));
      assert.deepEqual(mustRead(bench, 20, 1), freshSector(20));
      assert.deepEqual(issued(bench), { [CMD18]: 1, [CMD12]: 1, [CMD17]: 2 });
    });

    it('stops a run for a write', () => {
      const bench = opened();
      mustRead(bench, 100, 4);
      assert.equal(write(bench, 104, pattern(1, 1)), PortStatus.ok);
      assert.equal(write(bench, 105, pattern(2, 3)), PortStatus.ok);
      assert.deepEqual(issued(bench), { [CMD18]: 1, [CMD12]: 1, [CMD24]: 1, [CMD25]: 1, [CMD13]: 2 });
    });

    it('stops a run before it opens again', () => {
      const bench = opened();
      mustRead(bench, 100, 4);
      open(bench);
      const counts = issued(bench);
      assert.equal(counts[CMD12], 1);
      assert.equal(counts[CMD0], 1);
    });

    it('sends CMD16 to SDSC cards only', () => {
      const sdsc = makeModelBench();
      open(sdsc);
      assert.equal(sdsc.model.commands[CMD16], 1);
      const sdhc = makeModelBench(4096, { highCapacity: true });
      open(sdhc);
      assert.equal(sdhc.model.commands[CMD16], 0);
      assert.equal(sdhc.disk.sectorCount, 4096);
    });

    it('goes to the clocks that it was given', () => {
      const bench = makeModelBench(4096, {}, { clockHz: 20_000_000, initialClockHz: 300_000 });
      assert.equal(bench.disk.open(0), PortStatus.pending);
      assert.equal(bench.model.clockHz, 300_000);
      open(bench);
      assert.equal(bench.model.clockHz, 20_000_000);
      assert.throws(() => makeModelBench(4096, {}, { initialClockHz: 400_001 }), RangeError);
    });

    it('leaves the bus to others after every call', () => {
      const bench = makeModelBench();
      Object.assign(bench.model.timing, { read: 500, writeBusy: 500, stopBusy: 100 });
      const b = Buffer.alloc(8 * 512);
      const calls: ((nowUs: number) => PortStatus)[] = [
        (nowUs) => bench.disk.open(nowUs),
        (nowUs) => bench.disk.read(nowUs, 0, 8, b, 0),
        (nowUs) => bench.disk.read(nowUs, 8, 1, b, 0),
        (nowUs) => bench.disk.read(nowUs, 70, 1, b, 0),
        (nowUs) => bench.disk.write(nowUs, 3, 1, b, 0),
        (nowUs) => bench.disk.write(nowUs, 3, 8, b, 0),
      ];
      let calledTimes = 0;
      for (const call of calls) {
        const status = settle(bench, (nowUs) => {
          const answer = call(nowUs);
          assert.equal(bench.model.drivesMiso, false);
          calledTimes++;
          return answer;
        });
        assert.equal(status, PortStatus.ok);
      }
      assert.ok(calledTimes > 100, 'a slow card is polled in many calls');
    });

    it('keeps the card selected on a bus of its own', () => {
      const bench = opened(4096, {}, { exclusiveBus: true });
      mustRead(bench, 0, 4);
      assert.equal(bench.model.drivesMiso, true);
    });

    it('clocks only a bounded number of bytes in a call that answers pending', () => {
      const bench = opened();
      bench.model.timing.read = 100_000;
      const b = Buffer.alloc(512);
      let before = bench.model.clockedBytes;
      settle(bench, (nowUs) => {
        const status = bench.disk.read(nowUs, 5, 1, b, 0);
        const clocked = bench.model.clockedBytes - before;
        if (status === PortStatus.pending) assert.ok(clocked < 100, `${clocked} bytes in one call`);
        before = bench.model.clockedBytes;
        return status;
      });
      assert.deepEqual(b, freshSector(5));
    });

    it('counts what it does', () => {
      const bench = opened();
      mustRead(bench, 0, 4);
      mustRead(bench, 4, 1);
      write(bench, 9, pattern(0, 3));
      const { reads, writes, sectors, crcErrors, timeouts, retries, reopened, commandCrcErrors } = bench.disk;
      assert.deepEqual(
        { reads, writes, sectors, crcErrors, timeouts, retries, reopened, commandCrcErrors },
        {
          reads: 2,
          writes: 1,
          sectors: 8,
          crcErrors: 0,
          timeouts: 0,
          retries: 0,
          reopened: 0,
          commandCrcErrors: 0,
        },
      );
      open(bench);
      assert.equal(bench.disk.reopened, 1);
    });
  });

  describe('SD card driver: a request that is given up', () => {
    for (const [name, readDelay] of [
      ['before its token', 5_000],
      ['between blocks', 200],
    ] as const)
      it(`a read, ${name}`, () => {
        const bench = opened();
        bench.model.timing.read = readDelay;
        const b = Buffer.alloc(4 * 512);
        for (const count of [1, 4]) {
          assert.equal(bench.disk.read(bench.nowUs(), 50, count, b, 0), PortStatus.pending);
          assert.deepEqual(mustRead(bench, 300, 2), fresh(300, 2));
          assert.equal(bench.disk.read(bench.nowUs(), 50, count, b, 0), PortStatus.pending);
          assert.equal(write(bench, 60, pattern(1, 2)), PortStatus.ok);
        }
      });

    it('for one that differs in a single argument', () => {
      const bench = opened();
      bench.model.timing.read = 200;
      const b = Buffer.alloc(8 * 512);
      const other = Buffer.alloc(8 * 512);
      for (const [sector, count, buffer, at] of [
        [300, 4, b, 0],
        [50, 3, b, 0],
        [50, 4, other, 0],
        [50, 4, b, 512],
      ] as const) {
        b.fill(0xa5);
        other.fill(0xa5);
        // Until some of its blocks are there, but not all.
        for (let i = 0; i < 8; i++)
          assert.equal(bench.disk.read(bench.nowUs(), 50, 4, b, 0), PortStatus.pending);
        b.fill(0xa5);
        const status = settle(bench, (nowUs) => bench.disk.read(nowUs, sector, count, buffer, at));
        assert.equal(status, PortStatus.ok);
        assert.deepEqual(buffer.subarray(at, at + count * 512), fresh(sector, count));
      }
    });

    it('a write, while the card is busy', () => {
      const bench = opened();
      bench.model.timing.writeBusy = 5_000;
      for (const count of [1, 4]) {
        const data = pattern(count, count);
        assert.equal(bench.disk.write(bench.nowUs(), 50, count, data, 0), PortStatus.pending);
        assert.deepEqual(mustRead(bench, 50, 1), pattern(count, count).subarray(0, 512));
        assert.equal(write(bench, 50, pattern(9, 4)), PortStatus.ok);
        assert.deepEqual(mustRead(bench, 50, 4), pattern(9, 4));
      }
    });

    it('by opening again', () => {
      const bench = opened();
      bench.model.timing.writeBusy = 5_000;
      assert.equal(bench.disk.write(bench.nowUs(), 50, 2, pattern(1, 2), 0), PortStatus.pending);
      open(bench);
      assert.deepEqual(mustRead(bench, 50, 1), pattern(1, 2).subarray(0, 512));
    });
  });

  describe('SD card driver: removal', () => {
    it('no card: noMedium, again and again', () => {
      const bench = makeModelBench();
      bench.model.pull();
      for (let i = 0; i < 3; i++)
        assert.equal(
          settle(bench, (nowUs) => bench.disk.open(nowUs)),
          PortStatus.noMedium,
        );
      bench.model.insert();
      open(bench);
    });

    it('pulled between two reads of a run, put back, opened again', () => {
      const bench = opened();
      mustRead(bench, 10, 4);
      bench.model.pull();
      assert.equal(read(bench, 14, 4).status, PortStatus.noMedium);
      assert.equal(read(bench, 14, 4).status, PortStatus.noMedium);
      assert.equal(
        settle(bench, (nowUs) => bench.disk.open(nowUs)),
        PortStatus.noMedium,
      );
      bench.model.insert();
      assert.equal(read(bench, 14, 4).status, PortStatus.noMedium);
      open(bench);
      assert.deepEqual(mustRead(bench, 14, 4), fresh(14, 4));
      assert.equal(bench.disk.reopened, 1);
    });

    it('pulled before a command', () => {
      const bench = opened();
      bench.model.pull();
      assert.equal(read(bench, 0, 1).status, PortStatus.noMedium);
      const again = opened();
      again.model.pull();
      assert.equal(write(again, 0, pattern(0, 1)), PortStatus.noMedium);
    });

    it('pulled in the middle of a read or write that is pending', () => {
      for (const count of [1, 3]) {
        const bench = opened();
        Object.assign(bench.model.timing, { read: 500, writeBusy: 500 });
        const b = pattern(1, 3);
        assert.equal(bench.disk.read(bench.nowUs(), 50, count, b, 0), PortStatus.pending);
        bench.model.pull();
        const status = settle(bench, (nowUs) => bench.disk.read(nowUs, 50, count, b, 0));
        assert.equal(status, PortStatus.noMedium);
        bench.model.insert();
        open(bench);
        assert.equal(bench.disk.write(bench.nowUs(), 50, count, b, 0), PortStatus.pending);
        bench.model.pull();
        assert.equal(
          settle(bench, (nowUs) => bench.disk.write(nowUs, 50, count, b, 0)),
          PortStatus.noMedium,
        );
      }
    });

    it('pulled and put back unnoticed: the next call fails, open repairs', () => {
      for (const pause of [0, 500]) {
        const bench = opened();
        bench.model.timing.read = 1 + pause;
        mustRead(bench, 10, 4);
        bench.model.pull();
        bench.model.insert();
        assert.equal(read(bench, 14, 2).status, PortStatus.noMedium);
        open(bench);
        assert.deepEqual(mustRead(bench, 14, 2), fresh(14, 2));
        bench.model.pull();
        bench.model.insert();
        assert.equal(write(bench, 14, pattern(0x40, 2)), PortStatus.noMedium);
        open(bench);
        assert.deepEqual(mustRead(bench, 14, 2), fresh(14, 2));
      }
    });

    it('another kind of card in the same slot', () => {
      const sdhc = makeModelBench(8192, { highCapacity: true });
      const old = makeModelBench(4096, { version: 1 });
      let model = sdhc.model;
      const disk = new SdCard({
        spi: {
          select: () => model.select(),
          deselect: () => model.deselect(),
          write: (b, at, length) => model.write(b, at, length),
          read: (b, at, length) => model.read(b, at, length),
          setClock: (hz) => model.setClock(hz),
        },
      });
      for (const bench of [sdhc, old, sdhc]) {
        model.pull();
        model = bench.model;
        model.insert();
        open({ ...bench, disk });
        assert.equal(disk.sectorCount, bench.sectorCount);
        assert.deepEqual(mustRead({ ...bench, disk }, 77, 2), fresh(77, 2));
      }
    });

    it('pulled during initialisation', () => {
      for (let calls = 1; calls < 9; calls++) {
        const bench = makeModelBench();
        for (let i = 0; i < calls; i++) bench.disk.open(i * 1000);
        if (bench.disk.sectorCount > 0) return;
        bench.model.pull();
        assert.equal(
          settle(bench, (nowUs) => bench.disk.open(nowUs)),
          PortStatus.noMedium,
          `after ${calls} calls`,
        );
        bench.model.insert();
        open(bench);
        mustRead(bench, 0, 2);
      }
    });
  });

  describe('SD card driver: the board was reset, the card was not', () => {
    it('in the middle of a multiple block read', () => {
      const bench = opened();
      mustRead(bench, 10, 4);
      const disk = new SdCard({ spi: bench.model });
      open({ ...bench, disk });
      assert.deepEqual(mustRead({ ...bench, disk }, 3, 4), fresh(3, 4));
    });

    it('in the middle of a block', () => {
      for (const written of [0, 1, 200, 511]) {
        const bench = opened();
        const spi = bench.model;
        spi.select();
        spi.write(Buffer.from('ff590000000003', 'hex'), 0, 7); // CMD25 of sector 0
        spi.read(Buffer.alloc(10), 0, 10);
        spi.write(Buffer.of(0xff, 0xfc), 0, 2);
        spi.write(Buffer.alloc(written), 0, written);
        // The new firmware's first act is to release chip select: what the card makes of it is undefined, so the
        // model must not see it; the pin was floating high for a moment at the reset.
        const disk = new SdCard({
          spi: {
            select: () => {},
            deselect: () => {},
            write: (b, at, length) => spi.write(b, at, length),
            read: (b, at, length) => spi.read(b, at, length),
            setClock: (hz) => spi.setClock(hz),
          },
        });
        open({ ...bench, disk });
        assert.deepEqual(mustRead({ ...bench, disk }, 0, 2), fresh(0, 2));
      }
    });
  });

  describe('SD card driver: damaged blocks', () => {
    for (const [name, count] of [
      ['CMD17', 1],
      ['CMD18', 6],
    ] as const)
      for (let before = 0; before < count; before++)
        for (const errors of [1, 3])
          it(`${name}: block ${before} damaged ${errors} times is read again`, () => {
            const bench = opened();
            Object.assign(bench.model.faults, { damagedSector: 70 + before, damagedReads: errors });
            assert.deepEqual(mustRead(bench, 70, count), fresh(70, count));
            assert.equal(bench.disk.crcErrors, errors);
            assert.equal(bench.disk.retries, errors);
            assert.deepEqual(mustRead(bench, 70 + count, 2), fresh(70 + count, 2));
          });

    it('counts the attempts for each block', () => {
      const bench = opened();
      Object.assign(bench.model.faults, {
        damagedSector: 70,
        damagedReads: 3,
        refusedSector: 72,
        refusals: 3,
      });
      assert.deepEqual(mustRead(bench, 69, 5), fresh(69, 5));
      assert.equal(bench.disk.retries, 6);
    });

    it('gives up after four times; the card stays open', () => {
      for (const count of [1, 6]) {
        const bench = opened();
        bench.model.timing.read = 300;
        Object.assign(bench.model.faults, { damagedSector: 69 + count, damagedReads: 4 });
        assert.equal(read(bench, 70, count).status, PortStatus.crcError);
        assert.equal(bench.disk.crcErrors, 4);
        assert.equal(bench.disk.retries, 3);
        assert.deepEqual(mustRead(bench, 70, count), fresh(70, count));
        assert.equal(bench.disk.reopened, 0);
      }
    });

    it('gives up at a card that never sends a block intact', () => {
      const bench = opened();
      bench.model.faults.damagedReads = Infinity;
      assert.equal(read(bench, 70, 3).status, PortStatus.crcError);
      assert.equal(read(bench, 71, 1).status, PortStatus.crcError);
    });

    it('a damaged CSD is read again', () => {
      const bench = makeModelBench();
      bench.model.faults.damagedReads = 2;
      open(bench);
      assert.equal(bench.model.commands[CMD9], 3);
      bench.model.faults.damagedReads = Infinity;
      assert.equal(
        settle(bench, (nowUs) => bench.disk.open(nowUs)),
        PortStatus.crcError,
      );
    });

    it('a block that the card got damaged is written again', () => {
      for (const count of [1, 4])
        for (let before = 0; before < count; before++) {
          const bench = opened();
          Object.assign(bench.model.faults, { writesBeforeRejection: before, rejections: 2 });
          assert.equal(write(bench, 70, pattern(before, count)), PortStatus.ok);
          assert.equal(bench.disk.crcErrors, 2);
          assert.deepEqual(mustRead(bench, 69, 1), freshSector(69));
          assert.deepEqual(mustRead(bench, 70, count), pattern(before, count));
          assert.deepEqual(mustRead(bench, 70 + count, 1), freshSector(70 + count));
        }
    });

    it('a write gives up after four times; the card stays open', () => {
      for (const count of [1, 4]) {
        const bench = opened();
        bench.model.faults.rejections = 4;
        assert.equal(write(bench, 70, pattern(0, count)), PortStatus.crcError);
        assert.equal(write(bench, 70, pattern(0, count)), PortStatus.ok);
      }
    });

    it('damaged commands are sent again', () => {
      const bench = opened();
      bench.model.faults.damagedCommands = 2;
      assert.deepEqual(mustRead(bench, 5, 1), freshSector(5));
      bench.model.faults.damagedCommands = 3;
      assert.equal(write(bench, 70, pattern(0, 4)), PortStatus.ok);
      assert.equal(bench.disk.commandCrcErrors, 5);
      bench.model.faults.damagedCommands = 4;
      assert.equal(read(bench, 9, 1).status, PortStatus.crcError);
      assert.deepEqual(mustRead(bench, 9, 1), freshSector(9));
    });
  });

  describe('SD card driver: errors that the card reports', () => {
    it('a data error token that goes away', () => {
      for (const count of [1, 5]) {
        const bench = opened();
        Object.assign(bench.model.faults, {
          refusedSector: 70,
          refusals: 2,
          refusal: DataError.cardEccFailed,
        });
        const from = 71 - count;
        assert.deepEqual(mustRead(bench, from, count), fresh(from, count));
        assert.equal(bench.disk.retries, 2);
        assert.equal(bench.disk.crcErrors, 0);
      }
    });

    for (const [name, refusal, status] of [
      ['error', DataError.error, PortStatus.crcError],
      ['CC error', DataError.ccError, PortStatus.crcError],
      ['card ECC failed', DataError.cardEccFailed, PortStatus.crcError],
      ['out of range', DataError.outOfRange, PortStatus.outOfRange],
    ] as const)
      it(`a data error token that stays: ${name}`, () => {
        for (const count of [1, 5]) {
          const bench = opened();
          Object.assign(bench.model.faults, { refusedSector: 70, refusals: Infinity, refusal });
          assert.equal(read(bench, 71 - count, count).status, status);
          assert.deepEqual(mustRead(bench, 71, 2), fresh(71, 2));
        }
      });

    it('a write error', () => {
      for (const count of [1, 4]) {
        const bench = opened();
        // CMD13 tells of the error too, once.
        Object.assign(bench.model.faults, {
          rejections: 1,
          rejection: DataResponse.writeError,
          writeLost: true,
        });
        assert.equal(write(bench, 70, pattern(0, count)), PortStatus.writeError);
        assert.equal(write(bench, 70, pattern(0, count)), PortStatus.ok);
        assert.deepEqual(mustRead(bench, 70, count), pattern(0, count));
      }
    });

    it('a write error that shows only in CMD13', () => {
      for (const count of [1, 4]) {
        const bench = opened();
        bench.model.faults.writeLost = true;
        assert.equal(write(bench, 70, pattern(0, count)), PortStatus.writeError);
        assert.equal(write(bench, 70, pattern(0, count)), PortStatus.ok);
      }
    });

    it('a data response that [SD] does not define', () => {
      const bench = opened();
      Object.assign(bench.model.faults, { rejections: 1, rejection: 0xe1 });
      assert.equal(write(bench, 70, pattern(0, 1)), PortStatus.protocolError);
      open(bench);
      mustRead(bench, 0, 1);
    });
  });

  describe('SD card driver: time', () => {
    const BYTES_A_MS = 25_000 / 8;

    it('waits 95 ms for each block, and 480 ms for each end of busy', () => {
      const bench = opened();
      const slow = bench.model.timing;
      slow.read = 95 * BYTES_A_MS;
      assert.deepEqual(mustRead(bench, 5, 3), fresh(5, 3));
      assert.deepEqual(mustRead(bench, 100, 1), freshSector(100));
      slow.writeBusy = 480 * BYTES_A_MS;
      slow.stopBusy = 480 * BYTES_A_MS;
      assert.equal(write(bench, 5, pattern(1, 2)), PortStatus.ok);
      assert.equal(bench.disk.timeouts, 0);
    });

    it('waits 950 ms for a card to initialise itself, and no longer than 1 s', () => {
      const late = makeModelBench();
      late.model.initialisationPolls = 1_100; // each takes 43 bytes at 400 kHz
      open(late);
      assert.ok(late.nowUs() > 940_000);
      const never = makeModelBench();
      const startUs = never.nowUs();
      never.model.faults.neverReady = true;
      assert.equal(
        settle(never, (nowUs) => never.disk.open(nowUs)),
        PortStatus.timeout,
      );
      const tookMs = (never.nowUs() - startUs) / 1000;
      assert.ok(tookMs >= 1000 && tookMs < 1020, `${tookMs} ms`);
      never.model.faults.neverReady = false;
      open(never);
    });

    it('a block that never comes: timeout, and open repairs', () => {
      for (const exclusiveBus of [false, true])
        for (const count of [1, 3]) {
          const bench = opened(4096, {}, { exclusiveBus });
          bench.model.faults.endlessRead = true;
          const startUs = bench.nowUs();
          assert.equal(read(bench, 5, count).status, PortStatus.timeout);
          const tookMs = (bench.nowUs() - startUs) / 1000;
          // On a shared bus the driver tries once more, with the bus held.
          const expectedMs = exclusiveBus ? 100 : 200;
          assert.ok(tookMs >= expectedMs && tookMs < expectedMs + 3, `${tookMs} ms`);
          assert.equal(bench.disk.timeouts, exclusiveBus ? 1 : 2);
          assert.equal(read(bench, 5, count).status, PortStatus.noMedium);
          bench.model.faults.endlessRead = false;
          open(bench);
          assert.deepEqual(mustRead(bench, 5, count), fresh(5, count));
        }
    });

    it('a run whose next block never comes can still be left', () => {
      const bench = opened();
      mustRead(bench, 5, 3);
      bench.model.faults.endlessRead = true;
      assert.equal(write(bench, 90, pattern(0, 1)), PortStatus.ok);
    });

    it('busy that never ends: timeout, and open repairs', () => {
      for (const count of [1, 3]) {
        const bench = opened();
        bench.model.faults.endlessBusy = true;
        const startUs = bench.nowUs();
        assert.equal(write(bench, 5, pattern(1, count)), PortStatus.timeout);
        const tookMs = (bench.nowUs() - startUs) / 1000;
        assert.ok(tookMs >= 1000 && tookMs < 1005, `${tookMs} ms`);
        assert.equal(write(bench, 5, pattern(1, count)), PortStatus.noMedium);
        bench.model.faults.endlessBusy = false;
        open(bench);
        assert.equal(write(bench, 5, pattern(1, count)), PortStatus.ok);
      }
    });

    it('a command that gets no response', () => {
      for (const index of [CMD17, CMD18, CMD24, CMD25, CMD13]) {
        const bench = opened();
        bench.model.faults.ignoredCommand = index;
        const count = index === CMD18 || index === CMD25 ? 2 : 1;
        const status =
          index < CMD24 && index !== CMD13
            ? read(bench, 5, count).status
            : write(bench, 5, pattern(1, count));
        assert.equal(status, PortStatus.noMedium, `CMD${index}`);
        open(bench);
        mustRead(bench, 5, 2);
      }
    });

    it('commands of the initialisation that get no response', () => {
      for (const index of [0, 8, 59, 55, 58, 9, 16]) {
        const bench = makeModelBench();
        open(bench);
        bench.model.faults.ignoredCommand = index;
        const status = settle(bench, (nowUs) => bench.disk.open(nowUs));
        // CMD0 is tried again.
        assert.equal(status, index === 0 ? PortStatus.ok : PortStatus.noMedium, `CMD${index}`);
        open(bench);
        mustRead(bench, 5, 2);
      }
    });

    it('is slow, not wrong, with a card that forgets reads when it is deselected', () => {
      const bench = opened();
      bench.model.timing.read = 300;
      bench.model.faults.forgetfulReads = true;
      for (let sector = 10; sector < 60; sector += 5)
        assert.deepEqual(mustRead(bench, sector, 5), fresh(sector, 5));
      assert.equal(bench.disk.timeouts, 1);
      assert.equal(bench.disk.retries, 1);
      const counts = issued(bench);
      assert.equal(counts[CMD18], 11);
    });
  });
}
