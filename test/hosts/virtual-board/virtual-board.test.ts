import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  startVirtualBoard,
  type RunningVirtualBoard,
  type VirtualBoardKind,
} from '../../../hosts/virtual-board/launch.js';
import { makeVolume } from '../../../src/volume/tool/make.js';
import { compileProject } from '../xs/xs.js';
import { BenchLink, VIP } from './bench-link.js';

const BOARD_ID = 7;
const KEY = randomBytes(16);
const CONTENT = randomBytes(3_000_001);
const NAME = 'folder/content';

interface Setup {
  readonly board: RunningVirtualBoard;
  readonly link: BenchLink;
  readonly lines: string[];
}

for (const kind of ['xs', 'node'] as const) {
  describe(`a virtual board on ${kind === 'xs' ? 'XS' : 'Node'}`, function () {
    this.timeout(120_000); // The first run compiles XS.
    let folder: string;
    let running: Setup | undefined;

    before(async () => {
      compileProject('tsconfig.node.json', 'hosts/virtual-board/node-main.js');
      folder = mkdtempSync(join(tmpdir(), 'atcp-board-'));
      mkdirSync(join(folder, 'files', 'folder'), { recursive: true });
      writeFileSync(join(folder, 'files', NAME), CONTENT);
      await makeVolume({ image: join(folder, 'card'), from: join(folder, 'files') });
      writeFileSync(join(folder, 'blank'), '');
      truncateSync(join(folder, 'blank'), 16 * 1024 * 1024);
    });
    afterEach(async () => {
      running?.link.close();
      await running?.board.stop();
      running = undefined;
    });
    after(() => rmSync(folder, { recursive: true }));

    async function start(image: string, key = KEY): Promise<Setup> {
      const link = await BenchLink.open(BOARD_ID, KEY);
      const localPort = 20_000 + Math.floor(Math.random() * 10_000);
      const lines: string[] = [];
      const board = await startVirtualBoard(
        boardOptions(kind, join(folder, image), localPort, link.remotePort, key),
        (line) => lines.push(line),
      );
      running = { board, link, lines };
      await board.ready;
      link.connect(localPort);
      return running;
    }

    it('opens a session, finds its volume, says what an object is', async () => {
      const { link } = await start('card');
      await link.backEnds.whenAvailable(1);
      const facts = await link.backEnds.stat(NAME);
      assert.equal(facts.size, CONTENT.length);
      await assert.rejects(link.backEnds.stat('folder/nothing'));
    });

    it('sends a whole object and a part of one, byte for byte', async () => {
      const { link } = await start('card');
      await link.backEnds.whenAvailable(1);
      const { version } = await link.backEnds.stat(NAME);
      const whole = await link.download(NAME, version, 0, CONTENT.length);
      assert.equal(digest(whole), digest(CONTENT));
      const part = await link.download(NAME, version, 12_345, 70_001);
      assert.equal(digest(part), digest(CONTENT.subarray(12_345, 82_346)));
    });

    it('reports a card without a volume, and serves nothing', async () => {
      const { link, lines } = await start('blank');
      await until(() => lines.some((line) => line.includes('no volume')));
      await assert.rejects(link.backEnds.stat(NAME));
    });

    it('stays silent under another key', async () => {
      const { link } = await start('card', randomBytes(16));
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(link.backEnds.boards.filter((board) => board.available).length, 0);
    });

    it('ends with status 0 when it is told to', async () => {
      const { board } = await start('card');
      assert.equal(await board.stop(), 0);
    });

    it('ends when its standard input ends', async () => {
      const { board } = await start('card');
      board.process.stdin!.end();
      await until(() => board.process.exitCode !== null);
      assert.equal(board.process.exitCode, 0);
    });

    it('names the cause when it cannot start', async () => {
      const board = await startVirtualBoard(boardOptions(kind, join(folder, 'none'), 20_001, 20_002, KEY));
      await assert.rejects(board.ready, /before it was ready[^]*none/);
      assert.notEqual(await board.stop(), 0);
    });

    if (kind === 'xs') {
      it('allocates nothing on the XS heap while it serves', async () => {
        const { board, link, lines } = await start('card');
        await link.backEnds.whenAvailable(1);
        const { version } = await link.backEnds.stat(NAME);
        await link.download(NAME, version, 0, CONTENT.length);
        await heapReport(board, lines); // Makes what later reports use again.
        const first = await heapReport(board, lines);
        const second = await heapReport(board, lines);
        await link.download(NAME, version, 0, CONTENT.length);
        const third = await heapReport(board, lines);
        assert.equal(third.collections, first.collections);
        // A report is garbage itself: as much between the last two as between the first two.
        assert.equal(third.slots - second.slots, second.slots - first.slots);
        const chunkBytes = third.chunkBytes - second.chunkBytes - (second.chunkBytes - first.chunkBytes);
        assert.ok(Math.abs(chunkBytes) < 100, `${chunkBytes} bytes of chunks`);
      });
    }
  });
}

function boardOptions(
  kind: VirtualBoardKind,
  image: string,
  localPort: number,
  remotePort: number,
  key: Buffer,
) {
  return {
    kind,
    id: BOARD_ID,
    key: key.toString('hex'),
    mac: '02:a7:c0:00:00:07',
    image,
    localPort,
    remotePort,
    sources: [`${VIP}:80`],
  };
}

interface HeapReport {
  readonly slots: number;
  readonly chunkBytes: number;
  readonly collections: number;
}

async function heapReport(board: RunningVirtualBoard, lines: string[]): Promise<HeapReport> {
  const seen = lines.length;
  const reported = () => lines.slice(seen).find((line) => line.startsWith('report '));
  board.process.kill('SIGUSR1');
  await until(() => reported() !== undefined);
  return JSON.parse(reported()!.slice('report '.length)) as HeapReport;
}

function digest(b: Uint8Array): string {
  return createHash('sha256').update(b).digest('hex');
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
