import assert from 'node:assert/strict';
import { pattern, volumeImage } from '../../back-end/support/volume-image.js';
import { assertBody, Client, get, Site } from './site.js';

const SMALL = pattern(700, 1);
const LARGE = pattern(400_000, 2);

describe('services/web: the whole site', () => {
  let image: Uint8Array;

  before(async () => {
    image = await volumeImage(
      new Map([
        ['small.bin', SMALL],
        ['large.bin', LARGE],
        ['docs/index.html', Buffer.from('<p>docs</p>')],
        ['empty', new Uint8Array(0)],
      ]),
    );
  });

  async function open(boardCount: number): Promise<Site> {
    const site = new Site(boardCount, image);
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
});
