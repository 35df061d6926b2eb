import assert from 'node:assert/strict';
import { pattern, volumeImage } from '../../back-end/support/volume-image.js';
import type { WebConfiguration } from '../../../src/services/web/index.js';
import { assertBody, Client, get, Site } from './site.js';

const SMALL = pattern(700, 1);
const LARGE = pattern(400_000, 2);
const MANY = Array.from({ length: 150 }, (_, i) => `entry-${i}`);

describe('services/web: the whole site', () => {
  let image: Uint8Array;

  before(async () => {
    image = await volumeImage(
      new Map([
        ['small.bin', SMALL],
        ['large.bin', LARGE],
        ['docs/index.html', Buffer.from('<p>docs</p>')],
        ['empty', new Uint8Array(0)],
        ...MANY.map((name) => [`many/${name}`, SMALL] as const),
      ]),
    );
  });

  async function open(boardCount: number, configuration: Partial<WebConfiguration> = {}): Promise<Site> {
    const site = new Site(boardCount, image, configuration);
    await site.run(500, () => site.backEnds.boards.every((board) => board.available));
    return site;
  }

  it('serves objects whose bytes come from boards alone', async () => {
    const site = await open(2);
    const client = new Client(site, 40_001);
    client.say(get('/large.bin'));
    await site.run(3_000, () => client.responses().length === 1);
    assertBody(client.responses()[0], LARGE);
    assert.ok(
      site.frontEndPayloadBytes < 1_000,
      `the front-end sent ${site.frontEndPayloadBytes} bytes itself`,
    );
    await site.run(50);
    assert.deepEqual(
      site.boards.map(({ board }) => board.slotsUsed),
      [0, 0],
    );
  });

  it('keeps the connection, and pipelines: another board for each request', async () => {
    const site = await open(2);
    const client = new Client(site, 40_002);
    client.say(
      get('/small.bin') +
        get('/large.bin') +
        get('/docs/') +
        get('/empty') +
        get('/nowhere') +
        get('/small.bin'),
    );
    await site.run(4_000, () => client.responses().length === 6);
    const responses = client.responses();
    assertBody(responses[0], SMALL);
    assertBody(responses[1], LARGE);
    assertBody(responses[2], Buffer.from('<p>docs</p>'));
    assertBody(responses[3], new Uint8Array(0));
    assert.match(responses[4]!.head, /^HTTP\/1\.1 404/);
    assertBody(responses[5], SMALL);
    assert.ok(
      site.boards.every((board) => board.segments > 0),
      'both boards had a part in it',
    );
    assert.equal(client.reset, false);
  });

  it('delivers every byte although a twentieth of all segments is lost', async () => {
    const site = await open(2);
    let state = 7;
    site.lose = () => (state = (Math.imul(state, 48_271) >>> 0) % 0x7fff_ffff) % 20 === 0;
    const clients = [1, 2, 3].map((i) => new Client(site, 41_000 + i));
    site.lose = (fromBoard) =>
      fromBoard && (state = (Math.imul(state, 48_271) >>> 0) % 0x7fff_ffff) % 20 === 0;
    for (const client of clients) client.say(get('/large.bin'));
    await site.run(20_000, () => clients.every((client) => client.responses().length === 1));
    for (const client of clients) assertBody(client.responses()[0], LARGE);
  });

  it('completes a download whose board is switched off', async () => {
    const site = await open(2);
    const client = new Client(site, 40_003);
    client.say(get('/large.bin'));
    await site.run(2_000, () => client.received.length > 100_000);
    const speaking = site.boards.find(({ board }) => board.slotsUsed > 0)!;
    speaking.powered = false;
    await site.run(6_000, () => client.responses().length === 1);
    assertBody(client.responses()[0], LARGE);
    assert.equal(site.backEnds.counters.spansMoved, 1);
  });

  it('says 503 while no board is there', async () => {
    const site = await open(1);
    site.boards[0]!.powered = false;
    await site.run(2_000);
    const client = new Client(site, 40_004);
    client.say(get('/small.bin'));
    await site.run(200, () => client.responses().length === 1);
    assert.match(client.responses()[0]!.head, /^HTTP\/1\.1 503[^]*retry-after: 1/i);
  });

  it('releases what a client no longer wants', async () => {
    const site = await open(1);
    const client = new Client(site, 40_005);
    client.say(get('/large.bin'));
    await site.run(2_000, () => client.received.length > 50_000);
    site.clients.delete(client.port);
    assert.equal(site.boards[0]!.board.slotsUsed, 1);
    client.hangUp();
    await site.run(100);
    assert.equal(site.boards[0]!.board.slotsUsed, 0);
    assert.equal(site.backEnds.counters.spansAbandoned, 1);
  });

  it('interleaves heads of parts from here with their bodies from boards', async () => {
    const site = await open(2);
    const client = new Client(site, 40_006);
    const range = Array.from({ length: 12 }, (_, i) => `${i * 30_000}-${i * 30_000 + 19_999}`).join(',');
    client.say(`GET /large.bin HTTP/1.1\r\nHost: site\r\nRange: bytes=${range}\r\n\r\n${get('/small.bin')}`);
    await site.run(6_000, () => client.responses().length === 2);
    const [parts, small] = client.responses();
    assert.match(parts!.head, /^HTTP\/1\.1 206/);
    const boundary = /boundary=(\S+)/.exec(parts!.head)![1]!;
    const bodies = splitParts(parts!.body, boundary);
    assert.equal(bodies.length, 12);
    for (const [i, { head, body }] of bodies.entries()) {
      assert.match(head, new RegExp(`Content-Range: bytes ${i * 30_000}-${i * 30_000 + 19_999}/400000$`));
      assert.equal(Buffer.compare(body, LARGE.subarray(i * 30_000, i * 30_000 + 20_000)), 0);
    }
    assertBody(small, SMALL);
    assert.ok(
      site.frontEndPayloadBytes < 4_000,
      `the front-end sent ${site.frontEndPayloadBytes} bytes itself`,
    );
    assert.ok(site.boards.every((board) => board.segments > 0));
    await site.run(50);
    assert.deepEqual(
      site.boards.map(({ board }) => board.slotsUsed),
      [0, 0],
    );
  });

  it('resumes a download from any byte, at any board', async () => {
    const site = await open(2);
    const client = new Client(site, 40_007);
    for (const from of [0, 1, 4_095, 4_096, 399_999])
      client.say(`GET /large.bin HTTP/1.1\r\nHost: site\r\nRange: bytes=${from}-\r\n\r\n`);
    await site.run(6_000, () => client.responses().length === 5);
    assert.deepEqual(
      client.responses().map(({ body }) => Buffer.compare(body, LARGE.subarray(400_000 - body.length))),
      [0, 0, 0, 0, 0],
    );
    assert.deepEqual(
      client.responses().map(({ body }) => 400_000 - body.length),
      [0, 1, 4_095, 4_096, 399_999],
    );
  });

  it('answers a head that is too large, and closes in order although the client goes on sending', async () => {
    const site = await open(1);
    const client = new Client(site, 40_008);
    client.say('GET / HTTP/1.1\r\nHost: site\r\nX: ');
    for (let i = 0; i < 60; i++) client.say('a'.repeat(1_000));
    await site.run(500, () => client.finished);
    assert.match(client.received.toString('latin1'), /^HTTP\/1\.1 431 [^]*Connection: close[^]*<\/html>\n$/);
    for (let i = 0; i < 20; i++) client.say('b'.repeat(1_000));
    await site.run(500);
    assert.equal(client.reset, false);
  });

  for (const [what, keepAliveTimeoutMs, from] of [
    ['that no longer takes its answer', 15_000, 0],
    // Node counts a response as finished when little enough of it is not granted.
    ['that no longer takes the end of its answer', 200, 300_000],
  ] as const)
    it(`cuts off a client ${what}, and frees the board`, async () => {
      const site = await open(1, { progressTimeoutMs: 2_000, keepAliveTimeoutMs });
      const client = new Client(site, 40_009);
      client.window = 40;
      client.say(`GET /large.bin HTTP/1.1\r\nHost: site\r\nRange: bytes=${from}-\r\n\r\n`);
      await site.run(2_000, () => client.received.length > 0);
      client.window = 0;
      client.acknowledge();
      await site.run(1_500);
      assert.equal(site.boards[0]!.board.slotsUsed, 1);
      assert.equal(client.reset, false);
      const received = client.received.length;
      await site.run(1_000, () => client.reset);
      assert.equal(client.reset, true);
      assert.equal(client.received.length, received);
      await site.run(100);
      assert.equal(site.boards[0]!.board.slotsUsed, 0);
      assert.equal(site.backEnds.counters.spansAbandoned, 1);
    });

  it('does not cut off a client that is slow, but takes something now and then', async () => {
    const site = await open(1, { progressTimeoutMs: 300, keepAliveTimeoutMs: 300 });
    const client = new Client(site, 40_010);
    client.window = 40;
    client.say(get('/large.bin'));
    let last = 0;
    for (let i = 0; i < 12 && client.responses().length === 0; i++) {
      client.window = 0;
      await site.run(200);
      client.window = 300;
      client.acknowledge();
      await site.run(50);
      assert.ok(client.received.length > last, 'something came');
      last = client.received.length;
    }
    client.window = 1024;
    client.acknowledge();
    await site.run(3_000, () => client.responses().length === 1);
    assertBody(client.responses()[0], LARGE);
    assert.equal(client.reset, false);
  });

  it('lists directories, as the boards name what is in them', async () => {
    const site = await open(2, { listing: true });
    const client = new Client(site, 40_012);
    client.say(get('/') + get('/many/') + get('/docs/') + get('/nowhere/'));
    await site.run(4_000, () => client.responses().length === 4);
    const [root, many, docs, nowhere] = client.responses();
    assert.match(root!.head, /^HTTP\/1\.1 200/);
    const links = (body: Buffer): string[] =>
      [...body.toString().matchAll(/<a href="(?<link>[^"]+)"/g)].map((match) => match.groups!['link']!);
    assert.deepEqual(links(root!.body), ['docs/', 'many/', 'empty', 'large.bin', 'small.bin']);
    assert.deepEqual(links(many!.body), ['../', ...MANY]);
    assertBody(docs, Buffer.from('<p>docs</p>'));
    assert.match(nowhere!.head, /^HTTP\/1\.1 404/);
    await site.run(50);
    assert.deepEqual(
      site.boards.map(({ board }) => board.slotsUsed),
      [0, 0],
    );
  });

  it('closes a connection that rests for too long', async () => {
    const site = await open(1, { keepAliveTimeoutMs: 300 });
    const client = new Client(site, 40_011);
    client.say(get('/small.bin'));
    await site.run(500, () => client.responses().length === 1);
    await site.run(250);
    assert.equal(client.finished, false);
    await site.run(1_500, () => client.finished);
    assert.equal(client.finished, true);
    assert.equal(client.reset, false);
  });
});

function splitParts(body: Buffer, boundary: string): { head: string; body: Buffer }[] {
  const parts: { head: string; body: Buffer }[] = [];
  let at = body.indexOf(`--${boundary}\r\n`);
  assert.equal(at, 0);
  while (body.indexOf(`--${boundary}--\r\n`, at) !== at) {
    const start = at + boundary.length + 4;
    const headEnd = body.indexOf('\r\n\r\n', start);
    const end = body.indexOf(`\r\n--${boundary}`, headEnd);
    parts.push({ head: body.toString('latin1', start, headEnd), body: body.subarray(headEnd + 4, end) });
    at = end + 2;
  }
  assert.equal(at + boundary.length + 6, body.length);
  return parts;
}
