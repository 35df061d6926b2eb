/** `BackEnds.list` against the real firmware: whole directories, boards that come and go. */
import assert from 'node:assert/strict';
import { Board } from '../../../src/back-end/board.js';
import { BackEnds, type ObjectEntry } from '../../../src/front-end/index.js';
import { EtherType } from '../../../src/wire/ethernet.js';
import { FakeNic } from '../../back-end/support/fake-nic.js';
import { MemoryDisk } from '../../back-end/support/memory-disk.js';
import { volumeImage } from '../../back-end/support/volume-image.js';
import { seededEntropy } from '../rig.js';

const STEP_US = 50;
const NAMES = Array.from({ length: 300 }, (_, i) => `many/${'long-name-'.repeat(i % 5)}${i}`);

class Bench {
  readonly nics: FakeNic[] = [];
  readonly firmware: Board[] = [];
  readonly backEnds: BackEnds;
  readonly off = new Set<number>();
  /** Frames lost, by a count of them. */
  lose: (count: number) => boolean = () => false;
  nowUs = 1_000_000;
  #frames = 0;

  constructor(images: readonly Uint8Array[]) {
    const keys = images.map((_, i) => new Uint8Array(16).fill(i + 0x30));
    for (const [i, image] of images.entries()) {
      const nic = new FakeNic();
      nic.macAddress[5] = i + 1;
      this.nics.push(nic);
      const ports = {
        nic,
        disk: new MemoryDisk(image),
        entropy: seededEntropy(i + 1),
        console: { write: () => {} },
      };
      const provisioning = {
        boardId: i + 1,
        boardKey: keys[i]!,
        pseudoSources: [],
        etherType: EtherType.atcp,
      };
      this.firmware.push(new Board(ports, provisioning));
    }
    this.backEnds = new BackEnds({
      provisioning: keys.map((key, i) => ({ id: i + 1, key })),
      macAddress: Uint8Array.of(2, 0xfe, 0, 0, 0, 1),
      epoch: 5,
      entropy: seededEntropy(99),
      transmit: (b, at, length) => {
        const frame = b.slice(at, at + length);
        for (const { macAddress, arrived } of this.nics)
          if (frame[0] === 0xff || Buffer.compare(frame.subarray(0, 6), macAddress) === 0)
            if (!this.lose(this.#frames++)) arrived.push(frame.slice());
        return true;
      },
      unixTimeMs: () => 1_800_000_000_000,
    });
  }

  async run(ms: number, until: () => boolean = () => false): Promise<void> {
    for (const endUs = this.nowUs + ms * 1000; this.nowUs < endUs && !until(); this.nowUs += STEP_US) {
      for (const [i, board] of this.firmware.entries()) {
        if (this.off.has(i)) this.nics[i]!.arrived.length = 0;
        else board.step(this.nowUs);
        for (const frame of this.nics[i]!.sent.splice(0))
          if (!this.lose(this.#frames++)) this.backEnds.onFrame(frame, 0, frame.length, this.nowUs);
      }
      if (this.backEnds.nextDeadlineUs <= this.nowUs) this.backEnds.onTimer(this.nowUs);
      this.backEnds.flush(this.nowUs);
      for (let i = 0; i < 6; i++) await Promise.resolve();
    }
  }

  /** Starts to collect; `onEntry` is called for each. */
  collect(name: string, onEntry: (count: number) => void = () => {}): Collected {
    const collected: Collected = { entries: [], done: false, error: undefined };
    const take = async (): Promise<void> => {
      for await (const entry of this.backEnds.list(name)) onEntry(collected.entries.push(entry));
    };
    take()
      .catch((error: unknown) => (collected.error = error as NodeJS.ErrnoException))
      .finally(() => (collected.done = true));
    return collected;
  }

  async all(name: string, ms = 2_000): Promise<Collected> {
    const collected = this.collect(name);
    await this.run(ms, () => collected.done);
    assert.equal(collected.done, true);
    return collected;
  }
}

interface Collected {
  readonly entries: ObjectEntry[];
  done: boolean;
  error: NodeJS.ErrnoException | undefined;
}

const sorted = ({ entries }: Collected): string[] => entries.map(({ name }) => name).sort();

describe('front-end/delegation: list', () => {
  let image: Uint8Array;
  let otherOrder: Uint8Array;

  before(async () => {
    const content = new Map(NAMES.map((name, i) => [name, new Uint8Array(i)]));
    content.set('top', new Uint8Array(3));
    image = await volumeImage(content);
    // Made from other files: its directory `many` has another version.
    otherOrder = await volumeImage(new Map([['many/stranger', new Uint8Array(1)]]));
  });

  it('gives every entry of a directory once, with its whole path', async () => {
    const bench = new Bench([image, image]);
    await bench.run(400);
    const many = await bench.all('many');
    assert.equal(many.error, undefined);
    assert.deepEqual(sorted(many), [...NAMES].sort());
    for (const { name, size, kind } of many.entries)
      assert.deepEqual([kind, size], ['file', NAMES.indexOf(name)]);
    const root = await bench.all('');
    assert.deepEqual(sorted(root), ['many', 'top']);
    assert.equal(root.entries.find(({ name }) => name === 'many')!.kind, 'directory');
    await bench.run(50);
    assert.equal(bench.backEnds.outstanding, 0);
    assert.deepEqual(
      bench.firmware.map((board) => [board.slotsUsed, board.memory.lent]),
      [
        [0, 0],
        [0, 0],
      ],
    );
  });

  it('asks for no page that nobody takes', async () => {
    const bench = new Bench([image]);
    await bench.run(400);
    const answered = bench.backEnds.counters.inquiriesAnswered;
    const first = bench.backEnds.list('many')[Symbol.asyncIterator]();
    const entry = first.next();
    await bench.run(200);
    assert.equal((await entry).done, false);
    await first.return?.(undefined);
    await bench.run(200);
    assert.equal(bench.backEnds.counters.inquiriesAnswered, answered + 1);
  });

  it('says what a name is not', async () => {
    const bench = new Bench([image]);
    await bench.run(400);
    assert.equal((await bench.all('top')).error?.code, 'ENOTDIR');
    assert.equal((await bench.all('nothing')).error?.code, 'ENOENT');
    assert.ok((await bench.all('x'.repeat(256))).error instanceof RangeError);
  });

  it('loses and doubles nothing on a bad link', async () => {
    const bench = new Bench([image]);
    await bench.run(400);
    bench.lose = (count) => count % 4 === 0;
    const many = await bench.all('many', 20_000);
    assert.equal(many.error, undefined);
    assert.deepEqual(sorted(many), [...NAMES].sort());
  });

  it('goes on with another board, and names nothing twice', async () => {
    const bench = new Bench([image, image]);
    await bench.run(400);
    const many = bench.collect('many', (count) => {
      if (count === 60) bench.off.add(bench.firmware.findIndex((board) => board.disk.counters.lookups > 0));
    });
    await bench.run(10_000, () => many.done);
    assert.equal(bench.off.size, 1);
    assert.equal(many.error, undefined);
    assert.equal(many.entries.length, NAMES.length);
    assert.deepEqual(sorted(many), [...NAMES].sort());
  });

  it('does not mix two versions of a directory', async () => {
    const bench = new Bench([image, otherOrder]);
    await bench.run(400);
    const many = bench.collect('many', (count) => {
      if (count === 2) bench.off.add(0);
    });
    await bench.run(10_000, () => many.done);
    if (many.entries.length === 1) assert.deepEqual(sorted(many), ['many/stranger']);
    else assert.equal(many.error?.code, 'ESTALE');
  });
});
