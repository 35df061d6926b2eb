/**
 * What any disk driver must do, on a bench: an emulated card in sd-card.test.ts, a real one where there is hardware.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type DiskPort, PortStatus } from '../../../src/back-end/ports.js';

const SECTOR_BYTES = 512;

export interface DiskBench {
  readonly disk: DiskPort;
  /** What the disk must say that it holds, where that is known. */
  readonly sectorCount?: number;
  /** The first of at least 64 sectors that the suite may overwrite. */
  readonly scratchSector: number;
  nowUs(): number;
  /** Between two calls that answered `pending`. */
  idle(): void;
  close(): void;
}

/** No sane disk needs more calls for a request of a few sectors. */
const MOST_CALLS = 200_000;

/** Calls until the answer isn't `pending`. */
export function settle(
  bench: Pick<DiskBench, 'nowUs' | 'idle'>,
  call: (nowUs: number) => PortStatus,
): PortStatus {
  for (let calls = 0; calls < MOST_CALLS; calls++) {
    const status = call(bench.nowUs());
    if (status !== PortStatus.pending) return status;
    bench.idle();
  }
  return assert.fail('pending for ever');
}

export function open(bench: DiskBench): void {
  assert.equal(
    settle(bench, (nowUs) => bench.disk.open(nowUs)),
    PortStatus.ok,
  );
}

/** Reads into a dirty buffer at an odd place; fails when a byte beside the sectors changes. */
export function read(bench: DiskBench, sector: number, count: number): { status: PortStatus; data: Buffer } {
  const b = Buffer.alloc(3 + count * SECTOR_BYTES + 5, 0xa5);
  const status = settle(bench, (nowUs) => bench.disk.read(nowUs, sector, count, b, 3));
  assert.ok(b.subarray(0, 3).equals(Buffer.alloc(3, 0xa5)), 'wrote before the buffer');
  assert.ok(b.subarray(-5).equals(Buffer.alloc(5, 0xa5)), 'wrote behind the buffer');
  return { status, data: b.subarray(3, -5) };
}

export function mustRead(bench: DiskBench, sector: number, count: number): Buffer {
  const { status, data } = read(bench, sector, count);
  assert.equal(status, PortStatus.ok);
  return data;
}

export function write(bench: DiskBench, sector: number, data: Buffer): PortStatus {
  const b = Buffer.concat([Buffer.alloc(1), data]);
  const count = data.length / SECTOR_BYTES;
  return settle(bench, (nowUs) => bench.disk.write(nowUs, sector, count, b, 1));
}

/** Bytes that differ from sector to sector, and from seed to seed. */
export function pattern(seed: number, count: number): Buffer {
  const b = Buffer.alloc(count * SECTOR_BYTES);
  for (let i = 0; i < b.length; i++) b[i] = (seed * 151 + i * 7 + (i >> 9) * 31) & 0xff;
  return b;
}

export function diskSuite(name: string, makeBench: () => DiskBench | Promise<DiskBench>): void {
  describe(`${name}: a disk`, () => {
    let bench: DiskBench;

    before(async () => {
      bench = await makeBench();
    });
    after(() => bench.close());

    it('refuses to work before it is open', () => {
      assert.equal(read(bench, 0, 1).status, PortStatus.noMedium);
      assert.equal(write(bench, bench.scratchSector, pattern(0, 1)), PortStatus.noMedium);
    });

    it('opens and says how large it is', () => {
      open(bench);
      assert.ok(bench.disk.sectorCount >= bench.scratchSector + 64);
      if (bench.sectorCount !== undefined) assert.equal(bench.disk.sectorCount, bench.sectorCount);
    });

    it('reads back what it has written, in one piece and in others', () => {
      const data = pattern(1, 20);
      assert.equal(write(bench, bench.scratchSector, data), PortStatus.ok);
      assert.deepEqual(mustRead(bench, bench.scratchSector, 20), data);
      for (let i = 0; i < 20; i++)
        assert.deepEqual(
          mustRead(bench, bench.scratchSector + i, 1),
          data.subarray(i * SECTOR_BYTES, (i + 1) * SECTOR_BYTES),
        );
      for (let i = 0; i < 20; i += 5)
        assert.deepEqual(
          mustRead(bench, bench.scratchSector + i, 5),
          data.subarray(i * SECTOR_BYTES, (i + 5) * SECTOR_BYTES),
        );
    });

    it('reads backwards and at random', () => {
      const data = pattern(2, 16);
      assert.equal(write(bench, bench.scratchSector, data), PortStatus.ok);
      for (const i of [15, 14, 3, 4, 5, 0, 15, 15, 7])
        assert.deepEqual(
          mustRead(bench, bench.scratchSector + i, 1),
          data.subarray(i * SECTOR_BYTES, (i + 1) * SECTOR_BYTES),
        );
    });

    it('writes a single sector and leaves its neighbours alone', () => {
      const data = pattern(3, 3);
      assert.equal(write(bench, bench.scratchSector, data), PortStatus.ok);
      assert.equal(write(bench, bench.scratchSector + 1, pattern(4, 1)), PortStatus.ok);
      pattern(4, 1).copy(data, SECTOR_BYTES);
      assert.deepEqual(mustRead(bench, bench.scratchSector, 3), data);
    });

    it('reads the last sectors, and goes on after that', () => {
      const last = bench.disk.sectorCount - 3;
      const data = mustRead(bench, last, 3);
      assert.deepEqual(mustRead(bench, last + 2, 1), data.subarray(2 * SECTOR_BYTES));
      assert.deepEqual(mustRead(bench, last, 1), data.subarray(0, SECTOR_BYTES));
    });

    it('refuses what lies outside', () => {
      const end = bench.disk.sectorCount;
      assert.equal(read(bench, end, 1).status, PortStatus.outOfRange);
      assert.equal(read(bench, end - 1, 2).status, PortStatus.outOfRange);
      assert.equal(read(bench, -1, 1).status, PortStatus.outOfRange);
      assert.equal(read(bench, 0, 0).status, PortStatus.outOfRange);
      assert.equal(write(bench, end, pattern(0, 1)), PortStatus.outOfRange);
      mustRead(bench, bench.scratchSector, 1);
    });

    it('opens again in the middle of a run of reads', () => {
      const data = pattern(5, 8);
      assert.equal(write(bench, bench.scratchSector, data), PortStatus.ok);
      mustRead(bench, bench.scratchSector, 4);
      open(bench);
      assert.deepEqual(mustRead(bench, bench.scratchSector + 4, 4), data.subarray(4 * SECTOR_BYTES));
    });

    it('does with any sequence of reads and writes what an array does', () => {
      const sectors = 48;
      const operation = fc.record({
        kind: fc.constantFrom('read', 'write', 'continue'),
        sector: fc.nat(sectors - 1),
        count: fc.integer({ min: 1, max: 6 }),
        seed: fc.nat(255),
      });
      const mirror = mustRead(bench, bench.scratchSector, sectors);
      fc.assert(
        fc.property(fc.array(operation, { minLength: 1, maxLength: 25 }), (operations) => {
          let end = 0;
          for (const { kind, sector, count, seed } of operations) {
            const from = kind === 'continue' ? end % sectors : sector;
            const n = Math.min(count, sectors - from);
            if (kind === 'write') {
              const data = pattern(seed, n);
              assert.equal(write(bench, bench.scratchSector + from, data), PortStatus.ok);
              data.copy(mirror, from * SECTOR_BYTES);
            } else {
              const data = mustRead(bench, bench.scratchSector + from, n);
              assert.ok(data.equals(mirror.subarray(from * SECTOR_BYTES, (from + n) * SECTOR_BYTES)));
              end = from + n;
            }
          }
        }),
        { numRuns: 40 },
      );
    });
  });
}
