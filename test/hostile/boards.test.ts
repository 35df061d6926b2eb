/** Boards and front-ends that go away, come back, and have too much to do. */
import assert from 'node:assert/strict';
import { WEB_MODES } from '../../src/services/web/index.js';
import type { Client } from './client.js';
import { HonestTraffic, watch } from './honest-traffic.js';
import { LARGE, MEDIUM, siteCard, SMALL } from './site-files.js';
import { World } from './world.js';

for (const mode of WEB_MODES)
  describe(`hostile: boards and front-ends, mode ${mode}`, function () {
    this.timeout(60_000);
    let world: World;

    afterEach(() => world.close());

    async function site(boards: number): Promise<ReturnType<typeof watch<World['backEnds']['counters']>>> {
      const cards = await Promise.all(Array.from({ length: boards }, () => siteCard()));
      world = await new World({ web: { mode }, cards }).start();
      return watch(world.backEnds.counters);
    }

    /** The board that is sending. */
    async function busyBoard(client: Client): Promise<World['boards'][number]> {
      await world.until(() => client.receivedBytes > 100_000, 5_000);
      return world.boards.find(({ board }) => board.slotsUsed > 0)!;
    }

    it('a board that reboots in the middle: its part goes on, from there or from elsewhere', async () => {
      for (const boards of [1, 2]) {
        const link = await site(boards);
        const client = world.download('/large.bin', { bufferBytes: 20_000 });
        const board = await busyBoard(client);
        board.reboot(world.nowUs);
        await client.expectBody(LARGE);
        assert.equal(link('spansMoved'), 1);
        await world.until(() => world.backEnds.boards.every(({ available }) => available), 5_000);
        assert.equal(link('boardsRebooted'), 1);
        await world.assertEmpty();
        if (boards === 1) world.close();
      }
    });

    it('a board that reboots again and again', async () => {
      await site(2);
      const [board] = world.boards;
      const honest = new HonestTraffic(world);
      for (let i = 0; i < 25; i++) {
        board!.reboot(world.nowUs);
        await world.run(37 * (1 + (i % 5)));
      }
      await honest.finish(5);
      await world.assertEmpty();
    });

    it('a front-end that starts anew: old delegations are released, new requests served', async () => {
      await site(2);
      const clients = Array.from({ length: 6 }, () => world.download('/large.bin', { bufferBytes: 20_000 }));
      await world.until(() => clients.every(({ receivedBytes }) => receivedBytes > 20_000), 5_000);
      assert.equal(
        world.boards.reduce((sum, { board }) => sum + board.slotsUsed, 0),
        6,
      );
      const firmware = world.boards.map(({ board }) => watch(board.counters));
      world.restartFrontEnd();
      await world.start();
      assert.deepEqual(
        world.boards.map(({ board }) => board.slotsUsed),
        [0, 0],
      );
      assert.equal(
        firmware.reduce((sum, moved) => sum + moved('delegationReleased'), 0),
        6,
      );
      await new HonestTraffic(world).finish();
      // The old connections are nobody's: their clients say something, and hear that.
      await world.until(
        () => {
          for (const client of clients) client.segment({ flags: 'A' });
          return clients.every(({ wasReset }) => wasReset);
        },
        1_000,
        'every old client is reset',
      );
      assert.ok(world.host.counters.step126NoConnection >= 6);
      await world.assertEmpty();
    });

    it('a front-end that dies and does not come back: boards fall silent and forget', async () => {
      await site(1);
      const client = world.download('/large.bin', { bufferBytes: 20_000 });
      const { board } = await busyBoard(client);
      world.fault = (from, to) => (from === 'front-end' || to === 'front-end' ? 'drop' : 0);
      const before = board.counters.replySent119;
      await world.run(2_500);
      assert.equal(board.counters.leaseEnded, 1);
      const silent = board.counters.replySent119;
      assert.ok(silent - before < 40, 'no more than was granted');
      await world.run(3_000);
      assert.equal(board.counters.replySent119, silent);
      assert.equal(board.counters.delegationForgotten, 1);
      assert.deepEqual([board.slotsUsed, board.memory.lent], [0, 0]);
      world.fault = () => 0;
      await client.expectBody(LARGE);
      await world.assertEmpty();
    });

    it('a board that is gone is not asked, one that is back is', async () => {
      const link = await site(2);
      const [gone, stays] = world.boards;
      gone!.powerOff();
      await world.run(3_000);
      assert.equal(link('boardsLost'), 1);
      const asked = watch(stays!.board.counters);
      for (let i = 0; i < 5; i++) await world.download('/small.bin').expectBody(SMALL);
      assert.ok(asked('delegationSetUp109') >= 5);
      assert.equal(link('delegationsUnanswered'), 0, 'nobody waited for the one that is gone');
      gone!.reboot(world.nowUs);
      await world.until(() => world.backEnds.boards.every(({ available }) => available), 5_000);
      for (let i = 0; i < 4; i++) await world.download('/medium.bin').expectBody(MEDIUM);
      assert.ok(gone!.board.counters.delegationSetUp109 >= 1);
      await world.assertEmpty();
    });

    it('a board that disappears while it is asked: another one answers', async () => {
      await site(2);
      const client = world.download('/large.bin', { bufferBytes: 20_000 });
      (await busyBoard(client)).powerOff();
      await client.expectBody(LARGE);
      await world.assertEmpty();
    });

    it('the last board disappears: 503 for new requests, a clean end for those under way', async () => {
      const link = await site(1);
      const client = world.download('/large.bin', { bufferBytes: 20_000 });
      (await busyBoard(client)).powerOff();
      await world.run(4_000);
      const { head } = await world.download('/small.bin').expectStatus(503);
      assert.match(head, /retry-after/i);
      await world.until(() => client.wasReset || client.ended, 60_000);
      assert.equal(link('spansFailed'), 1);
      await world.assertEmpty();
    });

    it('forty downloads from one board with sixteen slots all come to an end', async () => {
      const link = await site(1);
      const clients = Array.from({ length: 40 }, () =>
        world.download('/medium.bin', { bufferBytes: 10_000 }),
      );
      let most = 0;
      await world.until(
        () => {
          most = Math.max(most, world.boards[0]!.board.slotsUsed);
          return clients.every(({ receivedBytes }) => receivedBytes > MEDIUM.length);
        },
        60_000,
        'forty downloads',
      );
      for (const client of clients) await client.expectBody(MEDIUM);
      assert.equal(most, 16);
      assert.equal(link('spansFailed'), 0);
      await world.assertEmpty();
    });

    it('… also when the board answers BUSY, because slots are taken that the front-end knows nothing of', async () => {
      const link = await site(1);
      // What the front-end believes is wrong: it sends as many commands as there are slots, and four are taken.
      const board = world.boards[0]!;
      world.close();
      world = await new World({ web: { mode }, cards: [await siteCard()], limits: { slots: 4 } }).start();
      (world.backEnds.boards[0] as { slots: number }).slots = 16;
      const clients = Array.from({ length: 24 }, () =>
        world.download('/medium.bin', { bufferBytes: 10_000 }),
      );
      for (const client of clients) await client.expectBody(MEDIUM);
      assert.ok(world.backEnds.counters.delegationsBusy > 0);
      assert.ok(world.boards[0]!.board.counters.commandBusy > 0);
      assert.ok(board.board.slotsUsed === 0 && link('spansFailed') === 0);
      await world.assertEmpty();
    });

    it('a cable that is pulled and put back', async () => {
      for (const boards of [1, 2]) {
        await site(boards);
        const client = world.download('/large.bin', { bufferBytes: 20_000 });
        const board = await busyBoard(client);
        board.nic.up = false;
        board.nic.arrived.length = 0;
        await world.run(1_000);
        board.nic.up = true;
        await client.expectBody(LARGE);
        assert.ok(board.lines.includes('atcp: no link; check the network cable'), board.lines.join('\n'));
        await world.until(() => world.backEnds.boards.every(({ available }) => available), 10_000);
        await new HonestTraffic(world).finish();
        await world.assertEmpty();
        if (boards === 1) world.close();
      }
    });

    it('a cable with a loose contact, and frames that come twice and late', async () => {
      await site(2);
      let state = 5;
      const chance = (): number => (state = (Math.imul(state, 48_271) >>> 0) % 0x7fff_ffff) % 100;
      world.fault = (from, to) => {
        if (typeof from !== 'number' && typeof to !== 'number') return 0;
        const n = chance();
        return n < 5 ? 'drop' : n < 15 ? n * 20 : 0;
      };
      const clients = Array.from({ length: 8 }, () => world.download('/large.bin', { bufferBytes: 30_000 }));
      for (const client of clients) await client.expectBody(LARGE);
      world.fault = () => 0;
      await world.assertEmpty();
    });
  });
