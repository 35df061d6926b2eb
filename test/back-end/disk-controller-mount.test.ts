import assert from 'node:assert/strict';
import { DiskController, DiskResult, DiskState } from '../../src/back-end/disk-controller.js';
import { emitSuperblock, parseSuperblock, Superblock } from '../../src/volume/superblock.js';
import { Board, cardMaker, Clock, type Card } from '../volume/board.js';
import { noise, SECTOR, type Files } from '../volume/fixtures.js';
import { MemoryDisk } from '../volume/memory-disk.js';

const cardWith = cardMaker();
const FILES: Files = { 'a/b': noise(10_000, 1), c: noise(5, 2) };
const START = 2048;

function sectorOfImage(card: Card, sector: number): Buffer {
  return card.disk.image.subarray(sector * SECTOR, (sector + 1) * SECTOR);
}

function superblockSectors(card: Card): { a: Buffer; b: Buffer } {
  return {
    a: sectorOfImage(card, START),
    b: sectorOfImage(card, START + card.geometry.volumeSectors - 1),
  };
}

/** Rewrites a superblock with changed fields. */
function rewrite(sector: Buffer, change: Partial<Superblock>): void {
  const superblock = new Superblock();
  assert.equal(parseSuperblock(sector, 0, 0, superblock), 'ok');
  emitSuperblock(sector, 0, Object.assign(superblock, change));
}

describe('disk controller: mounting', () => {
  it('takes one port call a step, and says when it wants the next', async () => {
    const card = await cardWith(FILES);
    const controller = new DiskController(card.disk);
    assert.equal(controller.state, DiskState.opening);
    assert.equal(
      controller.lookup(0, controller.createHandle(), Buffer.from('c'), 0, 1),
      DiskResult.notReady,
    );
    const states: number[] = [];
    const nexts: number[] = [];
    for (let nowUs = 1; nowUs <= 6; nowUs++) {
      nexts.push(controller.step(nowUs));
      states.push(controller.state);
      assert.equal(card.disk.opens, 1);
      assert.equal(card.disk.sectorsRead, nowUs - 1, 'MBR, superblocks A and B, root record, state');
    }
    const { mounting, ready } = DiskState;
    assert.deepEqual(states, [mounting, mounting, mounting, mounting, mounting, ready]);
    assert.deepEqual(nexts, [1, 2, 3, 4, 5, Infinity]);
    assert.equal(controller.step(7), Infinity);
    assert.deepEqual(controller.superblock.volumeId, card.volumeId);
    assert.equal(controller.volumeState.freeBlocks, card.freeBlocks);
    assert.equal(controller.counters.mounts, 1);
  });

  for (const copy of ['a', 'b'] as const) {
    it(`does without superblock ${copy.toUpperCase()}`, async () => {
      const card = await cardWith(FILES);
      superblockSectors(card)[copy].fill(0, 100, 104);
      superblockSectors(card)[copy].writeUInt8(1, 300);
      new Board(card.disk).assertHolds(FILES);
    });

    it(`goes by the newer superblock, ${copy.toUpperCase()}`, async () => {
      const card = await cardWith(FILES);
      // The other one, older, would look for the data one block further on.
      const other = superblockSectors(card)[copy === 'a' ? 'b' : 'a'];
      rewrite(other, { dataStart: card.geometry.dataStart + 8, dataBlocks: card.geometry.dataBlocks - 1 });
      rewrite(superblockSectors(card)[copy], { generation: 2 });
      const board = new Board(card.disk);
      assert.equal(board.controller.superblock.generation, 2);
      board.assertHolds(FILES);
    });

    it(`does not fall back from a newer superblock ${copy.toUpperCase()} that asks for a replay`, async () => {
      const card = await cardWith(FILES);
      rewrite(superblockSectors(card)[copy], { generation: 2, incompatibleFeatures: 1 });
      const { controller } = new Board(card.disk);
      assert.equal(controller.state, DiskState.noVolume);
      assert.equal(controller.problem, 'feature');
    });
  }

  it('finds the volume without a master boot record', async () => {
    const card = await cardWith(FILES);
    sectorOfImage(card, 0).fill(0);
    new Board(card.disk).assertHolds(FILES);
    superblockSectors(card).a.fill(0);
    new Board(card.disk).assertHolds(FILES);
  });

  it('finds the volume if the partition entry leads elsewhere', async () => {
    const card = await cardWith(FILES);
    for (const at of [446 + 8, 446 + 9, 446 + 11, 446 + 12, 446 + 15]) {
      sectorOfImage(card, 0)[at]! ^= 0x10;
      new Board(card.disk).assertHolds(FILES);
      sectorOfImage(card, 0)[at]! ^= 0x10;
    }
  });

  it('finds the volume on a card that is larger than its image', async () => {
    const card = await cardWith(FILES);
    card.disk.image = Buffer.concat([card.disk.image, noise(1_000_000, 1)]);
    superblockSectors(card).a.fill(0);
    new Board(card.disk).assertHolds(FILES);
  });

  const noVolume: [string, (card: Card) => void, string][] = [
    ['a card with nothing on it', (card) => card.disk.image.fill(0), 'magic'],
    ['a card full of something', (card) => noise(card.disk.image.length, 5).copy(card.disk.image), 'magic'],
    ["another disk's partitions", (card) => (sectorOfImage(card, 0)[446 + 4] = 0x0c), 'no-partition'],
    [
      'two damaged superblocks',
      (card) => {
        superblockSectors(card).a[50]! ^= 1;
        superblockSectors(card).b[50]! ^= 1;
      },
      'crc',
    ],
    [
      'a later format',
      (card) => {
        rewrite(superblockSectors(card).a, { formatMajor: 2 });
        rewrite(superblockSectors(card).b, { formatMajor: 2 });
      },
      'format-version',
    ],
    [
      'an image that was cut off',
      (card) => (card.disk.image = card.disk.image.subarray(0, card.disk.image.length - SECTOR)),
      'truncated',
    ],
    [
      'a damaged root record',
      (card) => (sectorOfImage(card, START + card.geometry.recordStart + 1)[90]! ^= 1),
      'crc',
    ],
  ];
  for (const [what, damage, problem] of noVolume) {
    it(`has no volume on ${what}`, async () => {
      const card = await cardWith(FILES);
      damage(card);
      const { controller } = new Board(card.disk);
      assert.equal(controller.state, DiskState.noVolume);
      assert.equal(controller.problem, problem);
    });
  }

  it('reads a volume whose state is damaged, and counts it as full', async () => {
    const card = await cardWith(FILES);
    sectorOfImage(card, START + card.geometry.recordStart)[90]! ^= 1;
    const board = new Board(card.disk);
    board.assertHolds(FILES);
    assert.equal(board.controller.volumeState.freeBlocks, 0);
    assert.equal(board.controller.counters.metadataErrors, 1);
    assert.equal(board.controller.problem, 'crc');
  });

  it('looks again, and finds the card that was put in meanwhile', async () => {
    const card = await cardWith(FILES);
    const disk = new MemoryDisk(Buffer.alloc(4_000_000));
    const clock = new Clock();
    const controller = new DiskController(disk);
    const next = clock.settle(controller);
    assert.equal(controller.state, DiskState.noVolume);
    disk.image = card.disk.image;
    assert.equal(controller.step(next - 1), next, 'not before it said');
    clock.nowUs = next;
    assert.equal(clock.settle(controller), Infinity);
    assert.equal(controller.state, DiskState.ready);
    assert.equal(controller.problem, 'ok');
  });
});
