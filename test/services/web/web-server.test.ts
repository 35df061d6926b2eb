import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import { createWebServer, type WebConfiguration } from '../../../src/services/web/index.js';
import { MemoryBackEnds } from './memory-back-ends.js';
import { listen, RawClient, type RawResponse, request, shut } from './raw-client.js';

const HOST = 'Host: site\r\n';
const GET = request('/small.txt');

describe('services/web: limits and hostile clients', () => {
  let backEnds: MemoryBackEnds;
  let server: Server;
  let port = 0;
  let clients: RawClient[] = [];

  async function serve(configuration: Partial<WebConfiguration> = {}): Promise<void> {
    if (port !== 0) await shut(server);
    backEnds = new MemoryBackEnds();
    backEnds.put('small.txt', 'hello');
    backEnds.put('large.bin', Buffer.alloc(32_000_000, 1));
    server = createWebServer({ backEnds, configuration: { checkIntervalMs: 20, ...configuration } });
    port = await listen(server);
  }

  beforeEach(() => serve());
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    clients = [];
    await shut(server);
    port = 0;
  });

  function connect(methods?: string[]): RawClient {
    const client = new RawClient(port, methods);
    clients.push(client);
    return client;
  }

  /** What a connection gets on which `text` is said, until the server ends it. */
  async function lastWords(text: string, methods?: string[]): Promise<RawResponse[]> {
    const client = connect(methods).say(text);
    await client.until(() => client.ended || client.reset);
    assert.equal(client.reset, false, 'closed in order');
    return client.parsed();
  }

  const statuses = (responses: readonly RawResponse[]): number[] => responses.map(({ status }) => status);

  describe('what can not be parsed', () => {
    const rows: [string, string, number][] = [
      ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
      ['two Hosts', `GET / HTTP/1.1\r\n${HOST}Host: other\r\n\r\n`, 400],
      ['two equal Hosts', `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, 400],
      ['a Host that is none', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
      ['a Host with user information', 'GET / HTTP/1.1\r\nHost: user@site\r\n\r\n', 400],
      ['two Hosts in HTTP/1.0', `GET / HTTP/1.0\r\n${HOST}${HOST}\r\n`, 400],
      ['two lengths', `GET / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 400],
      ['a list of lengths', `GET / HTTP/1.1\r\n${HOST}Content-Length: 1, 1\r\n\r\na`, 400],
      ['a signed length', `GET / HTTP/1.1\r\n${HOST}Content-Length: +1\r\n\r\na`, 400],
      [
        'length and chunks',
        `GET / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        400,
      ],
      [
        'chunks and length',
        `GET / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
        400,
      ],
      ['chunks twice', `GET / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`, 400],
      [
        'another transfer coding',
        `GET / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
        501,
      ],
      ['a space before the colon', 'GET / HTTP/1.1\r\nHost : site\r\n\r\n', 400],
      ['a folded line', `GET / HTTP/1.1\r\n${HOST}X: a\r\n b\r\n\r\n`, 400],
      ['bare line feeds', 'GET / HTTP/1.1\nHost: site\n\n', 400],
      ['a bare carriage return', `GET / HTTP/1.1\r\n${HOST}X: a\rY: b\r\n\r\n`, 400],
      ['NUL in a field', `GET / HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`, 400],
      ['a space in the target', `GET /a b HTTP/1.1\r\n${HOST}\r\n`, 400],
      ['bytes beyond ASCII in the target', `GET /\xe9 HTTP/1.1\r\n${HOST}\r\n`, 400],
      ['no target', `GET HTTP/1.1\r\n${HOST}\r\n`, 400],
      ['nothing like HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400],
      ['a method that nobody knows', `BREW / HTTP/1.1\r\n${HOST}\r\n`, 501],
      ['a version to come', `GET / HTTP/3.0\r\n${HOST}\r\n`, 505],
      ['no version', 'GET /\r\n\r\n', 400],
      ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
      ['a head that is too large', `GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(0x8000)}\r\n\r\n`, 431],
      ['a head of too many fields', `GET / HTTP/1.1\r\n${HOST}${'X: abcdefg\r\n'.repeat(5_000)}\r\n`, 431],
      [
        'a target that is larger than a head may be',
        `GET /${'a'.repeat(0x9000)} HTTP/1.1\r\n${HOST}\r\n`,
        414,
      ],
      ['CONNECT', `CONNECT site:80 HTTP/1.1\r\n${HOST}\r\n`, 405],
      ['an expectation', `GET / HTTP/1.1\r\n${HOST}Expect: wonders\r\n\r\n`, 417],
    ];
    for (const [what, text, status] of rows)
      it(`${what}: ${status}, and the connection ends`, async () => {
        const responses = await lastWords(text);
        assert.deepEqual(statuses(responses), [status]);
        const { headers, body } = responses[0]!;
        assert.equal(headers['connection'], 'close');
        assert.ok(Math.abs(Date.parse(headers['date']!) - Date.now()) < 5_000);
        assert.match(body.toString(), new RegExp(`<h1>${status} `));
        assert.equal(headers['x-content-type-options'], 'nosniff');
        if (status === 405) assert.equal(headers['allow'], 'GET, HEAD, OPTIONS');
      });

    it('takes hosts of every kind', async () => {
      for (const host of ['', 'site', 'site:80', '10.77.0.10:8080', '[fd00::1]', '[fd00::1]:80', 'a_b.c-d']) {
        const client = connect().say(`GET /small.txt HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
        assert.equal((await client.responses(1))[0]!.status, 200, host);
      }
      assert.deepEqual(statuses(await lastWords('GET /small.txt HTTP/1.0\r\n\r\n')), [200]);
    });

    it('answers what came before in order, nothing of what comes after', async () => {
      const text = request('/large.bin') + GET + 'BREW / HTTP/1.1\r\n\r\n' + GET + GET;
      assert.deepEqual(statuses(await lastWords(text)), [200, 200, 501]);
    });

    it('ends the connection without a second answer when the content of a request is broken', async () => {
      const broken = `GET /small.txt HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`;
      assert.deepEqual(statuses(await lastWords(GET + broken + GET)), [200, 200]);
    });

    it('delivers the answer although the client is still sending', async () => {
      const client = connect().say(`GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(0x8000)}`);
      for (let i = 0; i < 20; i++) client.say('b'.repeat(10_000));
      await client.until(() => client.ended || client.reset);
      assert.deepEqual(statuses(client.parsed()), [431]);
      assert.equal(client.reset, false);
      // What is thrown away has a limit, too.
      for (let i = 0; i < 200 && !client.reset; i++) {
        client.say('b'.repeat(10_000));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assert.equal(client.reset, true);
    });
  });

  it('does not wait for ever for a client to close', async () => {
    await serve({ closeTimeoutMs: 100 });
    const texts = [
      `CONNECT site:80 HTTP/1.1\r\n${HOST}\r\n`,
      'nonsense\r\n\r\n',
      request('/small.txt', { Connection: 'close' }),
      `PUT /a HTTP/1.1\r\n${HOST}Content-Length: 1000000\r\n\r\n`,
    ];
    for (const text of texts) {
      const closed = new Promise((resolve) => {
        server.once('connection', (socket) => socket.once('close', resolve));
      });
      const client = connect().say(text);
      await client.until(() => client.ended);
      await closed;
    }
  });

  describe('content that nobody wants', () => {
    it('is ignored, and the connection goes on', async () => {
      const sized = `GET /small.txt HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nabcde`;
      const chunked = `GET /small.txt HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n`;
      const posted = `POST /small.txt HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nGET /`;
      const client = connect().say(sized + chunked + posted + GET);
      assert.deepEqual(statuses(await client.responses(4)), [200, 200, 405, 200]);
    });

    it('is refused with 413 when there is too much of it', async () => {
      const text = `GET /small.txt HTTP/1.1\r\n${HOST}Content-Length: 65537\r\n\r\n`;
      assert.deepEqual(statuses(await lastWords(text + 'x'.repeat(65_537) + GET)), [413]);
      const most = `GET /small.txt HTTP/1.1\r\n${HOST}Content-Length: 65536\r\n\r\n${'x'.repeat(65_536)}`;
      assert.deepEqual(
        statuses(
          await connect()
            .say(most + GET)
            .responses(2),
        ),
        [200, 200],
      );
    });

    it('ends the connection when there is too much of it after all', async () => {
      const client = connect().say(`GET /small.txt HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`);
      const chunk = `2710\r\n${'x'.repeat(10_000)}\r\n`;
      for (let i = 0; i < 7; i++) client.say(chunk);
      await client.until(() => client.ended || client.reset);
    });

    it('of a method that is not allowed ends the connection, after an answer', async () => {
      for (const framing of ['Content-Length: 1000000', 'Transfer-Encoding: chunked']) {
        const client = connect().say(`PUT /a HTTP/1.1\r\n${HOST}${framing}\r\n\r\n`);
        for (let i = 0; i < 10; i++) client.say('x'.repeat(10_000));
        await client.until(() => client.ended || client.reset);
        assert.deepEqual(statuses(client.parsed()), [405]);
        assert.equal(client.reset, false);
      }
    });

    it('is not asked for', async () => {
      const text = `GET /small.txt HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`;
      const [response, ...others] = await lastWords(text);
      assert.equal(response!.status, 200);
      assert.equal(response!.headers['connection'], 'close');
      assert.deepEqual(others, []);
    });
  });

  describe('slow clients', () => {
    it('have a time for the head: 408', async () => {
      await serve({ headersTimeoutMs: 100 });
      assert.deepEqual(statuses(await lastWords('GET / HTTP/1.1\r\nHost: si')), [408]);
      assert.deepEqual(statuses(await lastWords(`${GET}GET / HT`)), [200, 408]);
    });

    it('that say nothing are told nothing', async () => {
      await serve({ headersTimeoutMs: 100 });
      const client = connect();
      await client.until(() => client.ended || client.reset);
      assert.equal(client.received.length, 0);
    });

    it('have a time for the content', async () => {
      await serve({ headersTimeoutMs: 100, requestTimeoutMs: 150 });
      const text = `GET /small.txt HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nab`;
      assert.deepEqual(statuses(await lastWords(text)), [200]);
    });

    it('may rest between requests for a while', async () => {
      await serve({ keepAliveTimeoutMs: 150 });
      const client = connect().say(GET);
      assert.match((await client.responses(1))[0]!.headers['connection']!, /keep-alive/);
      await new Promise((resolve) => setTimeout(resolve, 50));
      client.say(GET);
      await client.responses(2);
      await client.until(() => client.ended, 4_000);
      assert.equal(client.reset, false);
    });

    it('that stop reading are cut off', async () => {
      await serve({ progressTimeoutMs: 200 });
      const client = connect().say(request('/large.bin'));
      await client.until(() => client.receivedBytes > 0);
      client.socket.pause();
      const closed = new Promise((resolve) => server.once('timeout', resolve));
      await closed;
      client.socket.resume();
      await client.until(() => client.reset || client.ended);
      assert.ok(client.receivedBytes < 32_000_000);
    });

    it('that read slowly are served', async () => {
      await serve({ progressTimeoutMs: 400 });
      const client = connect().say(request('/large.bin'));
      await client.until(() => client.receivedBytes > 0);
      // Twice the time in all, half of it at most without progress.
      for (let i = 0; i < 8; i++) {
        client.socket.pause();
        await new Promise((resolve) => setTimeout(resolve, 100));
        const before = client.receivedBytes;
        client.socket.resume();
        await client.until(() => client.receivedBytes > before + 1_000_000);
      }
      await client.until(() => client.receivedBytes > 32_000_000);
    });
  });

  describe('many', () => {
    it('connections: those beyond the limit are reset, until others close', async () => {
      await serve({ maxConnections: 2 });
      const first = connect().say(GET);
      const second = connect().say(GET);
      await Promise.all([first.responses(1), second.responses(1)]);
      const third = connect().say(GET);
      await third.until(() => third.reset || third.ended);
      assert.equal(third.received.length, 0);
      first.close();
      await first.until(() => first.socket.closed);
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.deepEqual(statuses(await connect().say(GET).responses(1)), [200]);
    });

    it('requests on a connection: the last one is told', async () => {
      await serve({ maxRequestsPerConnection: 2 });
      const responses = await lastWords(GET + GET + GET);
      assert.deepEqual(
        responses.map(({ headers }) => headers['connection']),
        ['keep-alive', 'close'],
      );
    });

    it('pipelined requests: few at a time, all in order', async () => {
      const count = 200;
      for (let i = 0; i < count; i++) backEnds.put(`n${i}`, String(i));
      const client = connect();
      client.say(Array.from({ length: count }, (_, i) => request(`/n${i}`)).join(''));
      const responses = await client.responses(count);
      assert.deepEqual(
        responses.map(({ body }) => Number(body.toString())),
        Array.from({ length: count }, (_, i) => i),
      );
      assert.equal(backEnds.mostAsking, 8);
    });

    it('an object that changes while its reply waits for its turn is sent as it is then', async () => {
      backEnds.put('page.txt', 'as it was');
      backEnds.put('wide.bin', Buffer.alloc(8_000_000, 1));
      backEnds.put('other.txt', 'next');
      backEnds.put('lost.txt', 'for a while');
      const client = connect(['GET', 'HEAD', 'GET', 'GET', 'GET']);
      const [large, page] = [request('/wide.bin'), request('/page.txt')];
      const [head, lost] = [request('/page.txt', {}, 'HEAD'), request('/lost.txt')];
      client.socket.pause();
      client.say(large + head + page + lost + request('/other.txt'));
      await client.until(() => backEnds.asking === 0 && backEnds.asked.includes('other.txt'));
      assert.equal(backEnds.delegated.length, 1, 'boards are asked for bytes when it is their turn');
      const { version } = backEnds.put('page.txt', 'as it is now');
      backEnds.files.delete('lost.txt');
      client.socket.resume();
      const responses = await client.responses(5);
      assert.deepEqual(statuses(responses), [200, 200, 200, 404, 200]);
      const etag = `"${Buffer.from(version).toString('hex')}"`;
      assert.deepEqual([responses[1]!.headers['etag'], responses[2]!.headers['etag']], [etag, etag]);
      assert.equal(responses[1]!.headers['content-length'], '12');
      assert.equal(responses[2]!.body.toString(), 'as it is now');
      assert.equal(responses[4]!.body.toString(), 'next');
    });

    it('pipelined requests beyond the limit get 503 in their turn', async () => {
      await serve({ maxPipelinedRequests: 4 });
      const responses = await connect().say(GET.repeat(20)).responses(20);
      assert.deepEqual(statuses(responses), [...Array<number>(12).fill(200), ...Array<number>(8).fill(503)]);
      assert.equal(responses[19]!.headers['retry-after'], '1');
    });
  });

  it('survives noise', async () => {
    let state = 1;
    const random = (limit: number): number => {
      state = Math.imul(state, 48_271) >>> 0 || 1;
      return state % limit;
    };
    const pieces = [
      ...['GET ', 'HEAD ', '/small.txt', ' HTTP/1.1', '\r\n', '\r\n\r\n', HOST, 'Range: bytes=0-1,', '3-'],
      ...[
        'Content-Length: 3\r\n',
        'Transfer-Encoding: chunked\r\n',
        '\0',
        '\xff',
        ':',
        ' ',
        '0\r\n\r\n',
        GET,
      ],
      ...[
        'If-None-Match: "',
        'Expect: 100-continue\r\n',
        'Connection: close\r\n',
        'Upgrade: x\r\n',
        '%',
        '5\r\n',
      ],
    ];
    for (let i = 0; i < 150; i++) {
      const text = Array.from({ length: 1 + random(12) }, () => pieces[random(pieces.length)]).join('');
      const client = connect().say(text);
      client.socket.end();
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.deepEqual(statuses(await connect().say(GET).responses(1)), [200]);
  });
});
