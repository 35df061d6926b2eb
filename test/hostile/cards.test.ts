/** Cards that are foreign, damaged, missing, failing, pulled: never a wrong byte, and what can be served is served. */
import assert from 'node:assert/strict';
import { PortStatus } from '../../src/back-end/ports.js';
import { WEB_MODES } from '../../src/services/web/index.js';
import { seededRandom } from '../front-end/auto-client.js';
import { pattern, volumeImage } from '../back-end/support/volume-image.js';
import { damageSector, layoutOf, sectorOf } from './card.js';
import { HonestTraffic, watch } from './honest-traffic.js';
import { LARGE, MEDIUM, siteCard, SMALL } from './site-files.js';
import { World } from './world.js';

const SECTOR_BYTES = 512;

for (const mode of WEB_MODES)
  describe(`hostile: cards, mode ${mode}`, function () {
    this.timeout(60_000);
    let world: World;

    afterEach(() => world.close());

    async function site(...cards: (Uint8Array | undefined)[]): Promise<void> {
      world = new World({ web: { mode }, cards });
      await world.until(() => world.backEnds.boards.every(({ state }) => state === 'alive'), 2_000);
      await world.run(500);
    }

    /** The bytes that came of a body, though not all of them came: they must be the right ones. */
    async function expectCut(path: string, expected: Uint8Array, ms = 60_000): Promise<void> {
      const client = world.download(path);
      await world.until(() => client.ended || client.wasReset, ms, `${path} is cut`);
      const { received } = client;
      const body = received.subarray(received.indexOf('\r\n\r\n') + 4);
      assert.ok(body.length < expected.length);
      assert.equal(Buffer.compare(body, expected.subarray(0, body.length)), 0, 'what came is right');
    }

    it('a card that holds no volume: 503, and the board says why', async () => {
      const random = seededRandom(3);
      const bytes = (fill: () => number): Uint8Array => Uint8Array.from({ length: 4 << 20 }, fill);
      const signed = bytes(() => 0);
      signed.set([0x55, 0xaa], 510);
      const fat = bytes(() => 0);
      fat.set(Buffer.from('\xeb\x58\x90mkfs.fat', 'latin1'));
      fat.set([0x55, 0xaa], 510);
      const card = await siteCard();
      const { superblockA, superblockB } = layoutOf(card);
      const both = card.slice();
      damageSector(both, superblockA);
      damageSector(both, superblockB);
      const newer = card.slice();
      newer[superblockA * SECTOR_BYTES + 9] = 99;
      newer[superblockB * SECTOR_BYTES + 9] = 99;
      const foreign: [string, Uint8Array][] = [
        ['random bytes', bytes(() => random() * 256)],
        ['zeros', bytes(() => 0)],
        ['an empty partition table', signed],
        ['a FAT file system', fat],
        ['half of a volume', card.slice(0, card.length / 2)],
        ['a volume cut in its metadata', card.slice(0, (superblockA + 3) * SECTOR_BYTES)],
        ['two damaged superblocks', both],
        ['a format to come', newer],
        ['less than a sector', card.slice(0, 100)],
      ];
      for (const [what, image] of foreign) {
        await site(image);
        const { head } = await world.download('/small.bin').expectStatus(503);
        assert.match(head, /retry-after/i, what);
        const [board] = world.boards;
        assert.ok(
          board!.lines.some((line) => line.includes('the card has no volume')),
          `${what}: ${board!.lines.join('; ')}`,
        );
        assert.equal(world.backEnds.boards[0]!.cardState, 2, what);
        await world.assertEmpty();
        world.close();
      }
      await site(foreign[0]![1], card);
      await new HonestTraffic(world).finish();
      await world.assertEmpty();
    });

    it('no card: 503 until one is inserted', async () => {
      await site(undefined);
      await world.download('/small.bin').expectStatus(503);
      assert.ok(world.boards[0]!.lines.some((line) => line.includes('no card')));
      world.boards[0]!.slot.card = await siteCard();
      await world.until(() => world.backEnds.boards[0]!.available, 10_000);
      await world.download('/small.bin').expectBody(SMALL);
      await world.assertEmpty();
    });

    it('one damaged superblock, or a damaged partition table, costs nothing', async () => {
      for (const which of ['superblockA', 'superblockB', 'mbr'] as const) {
        const card = await siteCard();
        damageSector(card, which === 'mbr' ? 0 : layoutOf(await siteCard())[which]);
        await site(card);
        await world.download('/medium.bin').expectBody(MEDIUM);
        await world.assertEmpty();
        world.close();
      }
      await site(await siteCard());
    });

    for (const part of ['record', 'bucket'] as const) {
      it(`a damaged ${part}: the object is refused, others are served, and another board has it`, async () => {
        const card = await siteCard();
        const layout = layoutOf(card);
        assert.notEqual(layout.bucket('large.bin'), layout.bucket('medium.bin'), 'in buckets of their own');
        damageSector(card, layout[part]('large.bin'));
        await site(card);
        await world.download('/large.bin').expectStatus(502);
        assert.equal(world.boards[0]!.board.disk.counters.metadataErrors, 1);
        await world.download('/medium.bin').expectBody(MEDIUM);
        await world.assertEmpty();
        world.close();
        await site(card, await siteCard());
        for (let i = 0; i < 4; i++) await world.download('/large.bin').expectBody(LARGE);
        await world.assertEmpty();
      });
    }

    it('damaged data: the answer ends there, or goes on from another board', async () => {
      const card = await siteCard();
      const sound = await siteCard();
      const start = sectorOf(card, LARGE);
      damageSector(card, start + 8 * 40);
      await site(card);
      const { counters } = world.boards[0]!.board.disk;
      const link = watch(world.backEnds.counters);
      await expectCut('/large.bin', LARGE);
      assert.equal(counters.checksumErrors, 1);
      assert.equal(link('spansFailed'), 1);
      await world.download('/medium.bin').expectBody(MEDIUM);
      await world.assertEmpty();
      world.close();

      await site(card, sound);
      for (let i = 0; i < 4; i++) await world.download('/large.bin').expectBody(LARGE);
      assert.ok(world.backEnds.counters.spansMoved >= 1);
      await world.assertEmpty();
      world.close();

      // A damaged checksum sector is no better than damaged data.
      const checksums = sound.slice();
      damageSector(checksums, start - 1);
      await site(checksums);
      await expectCut('/large.bin', LARGE);
      await world.assertEmpty();
    });

    it('whatever sector is damaged, nobody gets a wrong byte', async () => {
      const sound = await siteCard();
      const used: number[] = [];
      for (let sector = 2048; sector < sound.length / SECTOR_BYTES; sector++)
        if (sound.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES).some((byte) => byte !== 0))
          used.push(sector);
      const random = seededRandom(17);
      let cut = 0;
      for (let run = 0; run < 40; run++) {
        const card = sound.slice();
        for (let i = 0; i < 3; i++) damageSector(card, used[Math.floor(random() * used.length)]!);
        await site(card);
        const client = world.download('/large.bin');
        await world.until(() => client.ended || client.wasReset || client.responses().length === 1, 60_000);
        const [response] = client.responses();
        if (response?.status === 200) assert.equal(Buffer.compare(response.body, LARGE), 0);
        else {
          cut++;
          const at = client.received.indexOf('\r\n\r\n') + 4;
          const body = client.received.subarray(at);
          const fine = response !== undefined || Buffer.compare(body, LARGE.subarray(0, body.length)) === 0;
          assert.ok(fine, 'an error, or the right bytes as far as they go');
        }
        client.end();
        await world.assertEmpty();
        world.close();
      }
      assert.ok(cut > 10 && cut < 40, `${cut} of 40 downloads met the damage`);
      await site(sound);
    });

    it('reads that fail once or twice are repeated', async () => {
      await site(await siteCard());
      const { slot, board } = world.boards[0]!;
      const failures = [PortStatus.crcError, PortStatus.timeout, PortStatus.protocolError];
      slot.fault = () => (slot.reads % 5 === 0 ? failures[slot.reads % 3]! : PortStatus.ok);
      for (let i = 0; i < 3; i++) await world.download('/large.bin').expectBody(LARGE);
      assert.ok(board.disk.counters.cardErrors > 30);
      assert.equal(board.disk.counters.retries, board.disk.counters.cardErrors);
      assert.equal(board.counters.diskErrors, 0);
      await world.assertEmpty();
    });

    it('a card that fails for good in the middle: another board goes on; alone, a clean end', async () => {
      for (const alone of [false, true]) {
        await (alone ? site(await siteCard()) : site(await siteCard(), await siteCard()));
        const client = world.download('/large.bin', { bufferBytes: 20_000 });
        await world.until(() => client.receivedBytes > 100_000, 5_000);
        const board = world.boards.find(({ board: { slotsUsed } }) => slotsUsed > 0)!;
        board.slot.fault = () => PortStatus.timeout;
        if (alone) {
          await world.until(() => client.ended || client.wasReset, 60_000);
          await world.download('/small.bin').expectStatus(503);
        } else await client.expectBody(LARGE);
        assert.ok(board.board.counters.diskErrors >= 1);
        assert.ok(board.lines.some((line) => line.includes('the card fails')));
        board.slot.fault = () => PortStatus.ok;
        await world.until(() => world.backEnds.boards.every(({ available }) => available), 20_000);
        await world.download('/medium.bin').expectBody(MEDIUM);
        await world.assertEmpty();
        world.close();
      }
      await site(undefined);
    });

    it('a card that never answers: another board goes on', async () => {
      await site(await siteCard(), await siteCard());
      const client = world.download('/large.bin', { bufferBytes: 20_000 });
      await world.until(() => client.receivedBytes > 100_000, 5_000);
      const board = world.boards.find(({ board: { slotsUsed } }) => slotsUsed > 0)!;
      board.slot.fault = () => PortStatus.pending;
      await client.expectBody(LARGE);
      assert.equal(world.backEnds.counters.delegationsStalled, 1);
      board.slot.fault = () => PortStatus.ok;
      await new HonestTraffic(world).finish();
      await world.assertEmpty();
    });

    it('a card that is pulled and put back', async () => {
      for (const alone of [false, true]) {
        const card = await siteCard();
        await (alone ? site(card) : site(card, await siteCard()));
        const client = world.download('/large.bin', { bufferBytes: 20_000 });
        await world.until(() => client.receivedBytes > 100_000, 5_000);
        const board = world.boards.find(({ board: { slotsUsed } }) => slotsUsed > 0)!;
        const { slot } = board;
        const pulled = slot.card;
        slot.card = undefined;
        if (alone) await world.until(() => client.ended || client.wasReset, 60_000);
        else await client.expectBody(LARGE);
        await world.run(300);
        assert.equal(world.backEnds.boards[board.id - 1]!.cardState, 0);
        slot.card = pulled;
        await world.until(() => world.backEnds.boards.every(({ available }) => available), 20_000);
        const setUp = board.board.counters.delegationSetUp109;
        for (let i = 0; i < 3; i++) await world.download('/medium.bin').expectBody(MEDIUM);
        assert.ok(board.board.counters.delegationSetUp109 > setUp, 'it is asked again');
        await world.assertEmpty();
        world.close();
      }
      await site(undefined);
    });

    it('another card in its place: no answer is made of two versions', async () => {
      await site(await siteCard());
      const other = pattern(LARGE.length, 77);
      const otherCard = await volumeImage(new Map([['large.bin', other]]));
      const client = world.download('/large.bin', { bufferBytes: 20_000 });
      await world.until(() => client.receivedBytes > 100_000, 5_000);
      const { slot } = world.boards[0]!;
      slot.card = undefined;
      await world.run(50);
      slot.card = otherCard;
      await world.until(() => client.ended || client.wasReset, 60_000);
      const body = client.received.subarray(client.received.indexOf('\r\n\r\n') + 4);
      assert.equal(Buffer.compare(body, LARGE.subarray(0, body.length)), 0, 'all of one version');
      await world.until(() => world.backEnds.boards[0]!.available, 10_000);
      await world.download('/large.bin').expectBody(other);
      await world.download('/medium.bin').expectStatus(404);
      await world.assertEmpty();
    });
  });
