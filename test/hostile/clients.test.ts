/** Clients that are slow, rude, or gone: what they hold is given back, and others notice nothing. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { WEB_MODES } from '../../src/services/web/index.js';
import type { Client } from './client.js';
import { HonestTraffic, watch } from './honest-traffic.js';
import { LARGE, siteCard, SMALL } from './site-files.js';
import { World } from './world.js';

for (const mode of WEB_MODES)
  describe(`hostile: clients, mode ${mode}`, function () {
    this.timeout(60_000);
    let world: World;
    let moved: ReturnType<typeof watch<World['host']['counters']>>;
    let link: ReturnType<typeof watch<World['backEnds']['counters']>>;

    beforeEach(async () => {
      world = new World({
        cards: [await siteCard(), await siteCard()],
        web: { mode },
      });
      await world.start();
      moved = watch(world.host.counters);
      link = watch(world.backEnds.counters);
    });
    afterEach(() => world.close());

    function slotsUsed(): number {
      return world.boards.reduce((sum, { board }) => sum + board.slotsUsed, 0);
    }

    async function halfWay(client: Client): Promise<void> {
      await world.until(() => client.receivedBytes > 100_000, 2_000);
      assert.equal(slotsUsed(), 1);
    }

    it('a megabyte of headers: 431, and the connection closes', async () => {
      const honest = new HonestTraffic(world);
      const client = world.client();
      client.connect();
      client.write('GET /small.bin HTTP/1.1\r\nHost: site\r\n');
      for (let i = 0; i < 1024; i++) client.write(`X-Header-${i}: ${'v'.repeat(1000)}\r\n`);
      client.write('\r\n');
      const { head } = await client.expectStatus(431);
      assert.match(head, /connection: close/i);
      await world.until(() => client.ended || client.wasReset, 10_000);
      await honest.finish();
      await world.assertEmpty();
    });

    it('… also when they come as one header, as one line, or as nothing but bytes', async () => {
      for (const [text, status] of [
        [`GET / HTTP/1.1\r\nHost: site\r\nX: ${'v'.repeat(1 << 20)}`, 431],
        [`GET /${'v'.repeat(1 << 20)}`, 431],
        ['\0'.repeat(1 << 20), 400],
        ['G'.repeat(1 << 20), 400],
      ] as const) {
        const client = world.client();
        client.connect();
        client.write(text);
        await client.expectStatus(status);
        await world.until(() => client.ended || client.wasReset, 10_000);
      }
      await world.assertEmpty();
    });

    it('a head that comes byte by byte: 408 after its time, and the connection closes', async () => {
      world.close();
      // Node itself looks after these, on the real clock.
      const web = { mode, headersTimeoutMs: 150, requestTimeoutMs: 150, checkIntervalMs: 20 };
      world = await new World({ cards: [await siteCard()], web }).start();
      const honest = new HonestTraffic(world);
      const client = world.client();
      client.connect();
      const text = `GET /small.bin HTTP/1.1\r\nHost: site\r\nX: ${'y'.repeat(10_000)}`;
      for (let i = 0; i < text.length && client.receivedBytes === 0; i++) {
        client.write(text[i]!);
        await world.run(1);
        await sleep(2);
      }
      await client.expectStatus(408);
      await world.until(() => client.ended, 10_000);
      await honest.finish();
      await world.assertEmpty();
    });

    it('connections on which nothing is ever said are closed', async () => {
      const clients = Array.from({ length: 100 }, () => world.client());
      for (const client of clients) client.connect();
      await world.run(10);
      assert.equal(world.host.tcp.connections, 100);
      await world.until(() => clients.every(({ ended, wasReset }) => ended || wasReset), 40_000);
      await new HonestTraffic(world).finish();
      await world.assertEmpty();
    });

    it('one that vanishes in the middle is given up, and its slot is free again', async () => {
      const honest = new HonestTraffic(world);
      const client = world.download('/large.bin');
      await world.until(() => client.receivedBytes > 100_000, 2_000);
      client.gone = true;
      await honest.finish();
      await world.until(() => world.host.tcp.connections === 0, 40_000);
      assert.equal(moved('connectionsAborted'), 1);
      assert.equal(link('spansAbandoned'), 1);
      await world.assertEmpty();
    });

    it('… also when it vanishes before its request, in its handshake, or in its close', async () => {
      const silent = world.client();
      silent.connect();
      await world.until(() => silent.connected, 10);
      silent.gone = true;
      const opening = world.client();
      opening.onSegmentHook = () => (opening.gone = true);
      opening.connect();
      const closing = world.download('/small.bin');
      await closing.response();
      closing.end();
      closing.gone = true;
      await world.until(() => world.host.tcp.table.size === 0, 200_000);
      assert.equal(moved('handshakesTimedOut'), 1);
      await world.assertEmpty();
    });

    it('one that stops reading and goes on later gets every byte', async () => {
      const honest = new HonestTraffic(world, 400);
      const client = world.download('/large.bin', { bufferBytes: 20_000 });
      await world.until(() => client.receivedBytes > 100_000, 2_000);
      client.pause();
      await world.run(8_000);
      const received = client.receivedBytes;
      assert.ok(received < 200_000, `${received}: its window is closed`);
      assert.ok(moved('probesSent') > 2);
      client.resume();
      await client.expectBody(LARGE);
      await honest.finish();
      await world.assertEmpty();
    });

    it('one that stops reading for good is reset', async () => {
      const client = world.download('/large.bin', { bufferBytes: 20_000 });
      await halfWay(client);
      client.pause();
      await world.until(() => client.wasReset, 70_000);
      assert.equal(link('spansAbandoned'), 1);
      await world.assertEmpty();
    });

    it('forty that stop reading do not keep slots from others', async () => {
      const idle = Array.from({ length: 40 }, () => world.download('/large.bin', { bufferBytes: 5_000 }));
      await world.until(() => idle.every(({ receivedBytes }) => receivedBytes > 0), 20_000);
      for (const client of idle) client.pause();
      await world.run(50);
      const honest = new HonestTraffic(world, 400);
      await world.run(5_000);
      await honest.finish(3);
      for (const client of idle) client.resume();
      for (const client of idle) await client.expectBody(LARGE);
      await world.assertEmpty();
    });

    it('a reset in the middle', async () => {
      const client = world.download('/large.bin');
      await halfWay(client);
      client.reset();
      await world.run(10);
      assert.equal(moved('connectionsResetByPeer'), 1);
      assert.equal(link('spansAbandoned'), 1);
      assert.equal(slotsUsed(), 0);
      await world.assertEmpty();
    });

    it('resets at every moment of a download', async () => {
      const honest = new HonestTraffic(world);
      const clients: Client[] = [];
      for (let us = 0; us < 6_000; us += 75) {
        const client = world.download('/large.bin', { bufferBytes: 30_000 });
        clients.push(client);
        world.clock.in(us, () => (client.connected ? client.reset() : undefined));
        if (us % 300 === 0) await world.run(0.2);
      }
      await world.run(20);
      for (const client of clients) if (!client.gone) client.reset();
      await honest.finish();
      await world.assertEmpty();
    });

    it('a FIN before the answer: half of the connection is closed, the answer comes whole', async () => {
      const client = world.download('/large.bin');
      client.end();
      assert.equal(Buffer.compare((await client.response()).body, LARGE), 0);
      await world.until(() => client.ended, 10_000);
      await world.assertEmpty();
    });

    it('the FIN of the server first, then the client’s, and both at once', async () => {
      const later = world.client();
      later.closesWithServer = false;
      later.connect();
      later.write('GET /small.bin HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n');
      await world.until(() => later.ended, 10_000);
      assert.equal(Buffer.compare(later.responses()[0]!.body, SMALL), 0);
      await world.run(100);
      later.end();
      const both = world.client();
      both.connect();
      both.write('GET /small.bin HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n');
      both.onSegmentHook = () => {
        if (both.receivedBytes > 0) both.end();
      };
      await world.until(() => both.ended, 10_000);
      assert.equal(moved('connectionsResetByPeer') + moved('connectionsAborted'), 0);
      await world.assertEmpty();
      assert.ok(moved('timeWaits') >= 1);
    });

    it('requests without end on one connection', async () => {
      const honest = new HonestTraffic(world);
      const client = world.client();
      client.connect();
      client.write('GET /small.bin HTTP/1.1\r\nHost: site\r\n\r\n'.repeat(600));
      await client.response(600);
      const statuses = client.responses().map(({ status }) => status);
      assert.ok(statuses.every((status) => status === 200 || status === 503));
      assert.ok(statuses.filter((status) => status === 200).length > 100);
      client.end();
      await honest.finish();
      await world.assertEmpty();
    });
  });
