import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import {
  BoardFailedError,
  NoBoardError,
  NotAFileError,
  ObjectNotFoundError,
} from '../../../src/front-end/index.js';
import {
  createWebServer,
  type RequestHandler,
  type WebConfiguration,
  type WebRequest,
} from '../../../src/services/web/index.js';
import { ListingBackEnds, MemoryBackEnds } from './memory-back-ends.js';
import { ask, listen, RawClient, type RawResponse, request, shut } from './raw-client.js';

const LAST_MODIFIED = 'Thu, 29 Feb 2024 12:34:56 GMT';
const TEXT = Buffer.from('0123456789'.repeat(1_000));

describe('services/web: the service', () => {
  let backEnds: MemoryBackEnds;
  let server: Server;
  let port = 0;
  let nowMs = 0;

  async function serve(
    configuration: Partial<WebConfiguration> = {},
    boards = new MemoryBackEnds(),
  ): Promise<void> {
    if (port !== 0) await shut(server);
    backEnds = boards;
    backEnds.put('a b.txt', 'hello');
    backEnds.put('index.html', '<p>root</p>');
    backEnds.put('docs/index.html', '<p>docs</p>');
    backEnds.put('bare/file.bin', 'x');
    backEnds.put('empty.bin', '');
    backEnds.put('image.png', Buffer.alloc(100_000, 7));
    backEnds.put('digits.bin', TEXT);
    nowMs = Date.now();
    server = createWebServer({ backEnds, configuration, clock: () => nowMs });
    port = await listen(server);
  }

  beforeEach(() => serve());
  afterEach(async () => {
    await shut(server);
    port = 0;
  });

  const get = (target: string, headers: Record<string, string> = {}): Promise<RawResponse> =>
    ask(port, target, headers);

  function etagOf(name: string): string {
    return `"${Buffer.from(backEnds.files.get(name)!.version).toString('hex')}"`;
  }

  describe('whole objects', () => {
    it('gives an object with its metadata', async () => {
      const { status, headers, body } = await get('/a%20b.txt');
      assert.equal(status, 200);
      assert.equal(body.toString(), 'hello');
      assert.ok(Math.abs(Date.parse(headers['date']!) - Date.now()) < 5_000);
      assert.deepEqual(
        { ...headers, date: '' },
        {
          'content-type': 'text/plain; charset=utf-8',
          'content-length': '5',
          etag: `"${'ab'.repeat(16)}"`,
          'last-modified': LAST_MODIFIED,
          'accept-ranges': 'bytes',
          'cache-control': 'no-cache',
          vary: 'Accept-Encoding',
          'x-content-type-options': 'nosniff',
          date: '',
          connection: 'keep-alive',
          'keep-alive': 'timeout=15',
        },
      );
      const version = new Uint8Array(16).fill(0xab);
      assert.deepEqual(backEnds.delegated, [{ name: 'a b.txt', version, from: 0, length: 5 }]);
    });

    it('answers HEAD with the same head and no body, and delegates nothing', async () => {
      const head = await ask(port, '/image.png', {}, 'HEAD');
      const { headers } = await get('/image.png');
      assert.equal(head.status, 200);
      assert.deepEqual({ ...head.headers, date: '' }, { ...headers, date: '' });
      assert.equal(headers['content-length'], '100000');
      assert.equal(backEnds.delegated.length, 1);
    });

    it('gives an empty object without any board', async () => {
      const { status, headers, body } = await get('/empty.bin');
      assert.equal(status, 200);
      assert.equal(headers['content-length'], '0');
      assert.equal(headers['content-type'], 'application/octet-stream');
      assert.equal(body.length, 0);
      assert.equal(backEnds.delegated.length, 0);
    });

    it('never says that an object was changed later than now', async () => {
      backEnds.files.get('empty.bin')!.modifiedMs = nowMs + 3_600_000;
      const { headers } = await get('/empty.bin');
      assert.equal(headers['last-modified'], new Date(nowMs).toUTCString());
    });

    it('tells caches what the configuration says', async () => {
      await serve({ cacheControl: 'public, max-age=3600' });
      assert.equal((await get('/empty.bin')).headers['cache-control'], 'public, max-age=3600');
      const { headers } = await get('/empty.bin', { 'If-None-Match': '*' });
      assert.equal(headers['cache-control'], 'public, max-age=3600');
    });
  });

  describe('ranges', () => {
    const etag = (): string => etagOf('digits.bin');

    it('sends one range as 206', async () => {
      const { status, headers, body } = await get('/digits.bin', { Range: 'bytes=5-14' });
      assert.equal(status, 206);
      assert.equal(body.toString(), '5678901234');
      assert.equal(headers['content-range'], 'bytes 5-14/10000');
      assert.equal(headers['content-length'], '10');
      assert.equal(headers['content-type'], 'application/octet-stream');
      assert.equal(headers['etag'], etag());
      assert.equal(headers['last-modified'], LAST_MODIFIED);
      assert.equal(headers['cache-control'], 'no-cache');
      assert.equal(headers['vary'], 'Accept-Encoding');
      assert.deepEqual(
        backEnds.delegated.map(({ from, length }) => [from, length]),
        [[5, 10]],
      );
    });

    it('sends several as multipart/byteranges, in the order of the request', async () => {
      const { status, headers, body } = await get('/digits.bin', { Range: 'bytes=-3,0-4,5000-5009' });
      assert.equal(status, 206);
      const boundary = /^multipart\/byteranges; boundary=([\da-f]{32})$/.exec(headers['content-type']!)?.[1];
      assert.ok(boundary);
      assert.equal(headers['content-range'], undefined);
      const part = (range: string, content: string): string =>
        `--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ${range}/10000\r\n\r\n${content}\r\n`;
      assert.equal(
        body.toString(),
        part('9997-9999', '789') +
          part('0-4', '01234') +
          part('5000-5009', '0123456789') +
          `--${boundary}--\r\n`,
      );
    });

    it('sends many parts, a few at a time with boards', async () => {
      const starts = Array.from({ length: 15 }, (_, i) => i * 650);
      const ranges = starts.map((from) => `${from}-${from + 4}`).join(',');
      const { headers, body } = await get('/digits.bin', { Range: `bytes=${ranges}` });
      assert.match(headers['content-type']!, /^multipart/);
      assert.equal(body.length, Number(headers['content-length']));
      assert.equal(body.toString().match(/Content-Range/g)?.length, 15);
      assert.match(body.toString(), /--\r\n$/);
      assert.deepEqual(
        backEnds.delegated.map(({ from }) => from),
        starts,
      );
    });

    it('gives boards the next part when the client has one', async () => {
      const unacknowledged: (() => void)[] = [];
      backEnds.delegate = (target, { from, length }, onDone) => {
        target.write(TEXT.subarray(from, from! + length));
        unacknowledged.push(() => onDone?.());
      };
      const client = new RawClient(port);
      client.say(
        request('/digits.bin', { Range: `bytes=${[0, 1, 2, 3, 4, 5].map((i) => `${i * 999}-${i * 999}`)}` }),
      );
      const parts = (): number => client.received.toString('latin1').split('Content-Range:').length - 1;
      for (const [acknowledged, expected] of [
        [0, 4],
        [1, 5],
        [2, 6],
      ] as const) {
        for (let i = 0; i < acknowledged; i++) unacknowledged.shift()!();
        await client.until(() => parts() >= expected);
        assert.equal(parts(), expected);
      }
      const [response] = await client.responses(1);
      client.close();
      assert.match(response!.body.toString(), /--\r\n$/);
    });

    it('keeps the connection after a multipart answer', async () => {
      const client = new RawClient(port);
      client.say(request('/digits.bin', { Range: 'bytes=0-0,-1' }) + request('/a%20b.txt'));
      const [first, second] = await client.responses(2);
      client.close();
      assert.equal(first!.status, 206);
      assert.equal(second!.body.toString(), 'hello');
    });

    it('sends ranges that become one without parts', async () => {
      const { headers, body } = await get('/digits.bin', { Range: 'bytes=0-1,2-3' });
      assert.equal(headers['content-range'], 'bytes 0-3/10000');
      assert.equal(body.toString(), '0123');
    });

    it('says 416 and the size when there is nothing there, or too much is asked', async () => {
      const many = Array.from({ length: 65 }, (_, i) => `${i * 2}-`).join(',');
      const tiny = Array.from({ length: 17 }, (_, i) => `${i * 500}-${i * 500}`).join(',');
      for (const range of ['bytes=10000-', 'bytes=-0', `bytes=${many}`, `bytes=${tiny}`]) {
        const { status, headers } = await get('/digits.bin', { Range: range });
        assert.equal(status, 416, range);
        assert.equal(headers['content-range'], 'bytes */10000');
      }
      assert.equal(backEnds.delegated.length, 0);
      assert.equal((await get('/empty.bin', { Range: 'bytes=0-' })).headers['content-range'], 'bytes */0');
    });

    it('ignores what it does not understand, and ranges of HEAD', async () => {
      for (const range of ['bytes=2-1', 'lines=1-2', 'bytes', 'bytes=a-b'])
        assert.equal((await get('/digits.bin', { Range: range })).status, 200, range);
      const head = await ask(port, '/digits.bin', { Range: 'bytes=0-4' }, 'HEAD');
      assert.equal(head.status, 200);
      assert.equal(head.headers['content-length'], '10000');
      assert.equal(head.headers['accept-ranges'], 'bytes');
    });

    it('heeds If-Range', async () => {
      const rows: [string, number][] = [
        [etag(), 206],
        [`W/${etag()}`, 200],
        ['"other"', 200],
        [LAST_MODIFIED, 206],
        ['Thu, 29 Feb 2024 12:34:57 GMT', 200],
        ['junk', 200],
      ];
      for (const [value, expected] of rows) {
        const { status, body } = await get('/digits.bin', { Range: 'bytes=0-4', 'If-Range': value });
        assert.equal(status, expected, value);
        assert.equal(body.length, expected === 206 ? 5 : 10_000);
      }
      const gone = await get('/digits.bin', { Range: 'bytes=10000-', 'If-Range': '"other"' });
      assert.equal(gone.status, 200, 'what does not count is not denied either');
    });

    it('cuts the connection when a part fails after the head', async () => {
      backEnds.readError = new BoardFailedError(3, 'data on its card is damaged');
      const client = new RawClient(port).say(request('/digits.bin', { Range: 'bytes=0-0,-1' }));
      await client.until(() => client.ended || client.reset);
      client.close();
      assert.equal(client.parsed().length, 0);
    });
  });

  describe('conditions', () => {
    it('answers 304 with what guides caches and no more', async () => {
      const { status, headers, body } = await get('/digits.bin', { 'If-None-Match': etagOf('digits.bin') });
      assert.equal(status, 304);
      assert.equal(body.length, 0);
      assert.deepEqual(Object.keys(headers).sort(), [
        ...['cache-control', 'connection', 'date', 'etag', 'keep-alive', 'vary'],
      ]);
      assert.equal(headers['etag'], etagOf('digits.bin'));
      assert.equal(backEnds.delegated.length, 0);
    });

    it('keeps the connection after 304, for GET and HEAD', async () => {
      const condition = { 'If-Modified-Since': LAST_MODIFIED };
      const client = new RawClient(port, ['GET', 'HEAD', 'GET']);
      client.say(
        request('/digits.bin', condition) + request('/digits.bin', condition, 'HEAD') + request('/a%20b.txt'),
      );
      const statuses = (await client.responses(3)).map(({ status }) => status);
      client.close();
      assert.deepEqual(statuses, [304, 304, 200]);
    });

    it('answers 412, and evaluates conditions before ranges', async () => {
      assert.equal((await get('/digits.bin', { 'If-Match': '"other"' })).status, 412);
      assert.equal((await get('/digits.bin', { 'If-Match': '"other"', Range: 'bytes=10000-' })).status, 412);
      const both = { 'If-Match': etagOf('digits.bin'), Range: 'bytes=0-4' };
      assert.equal((await get('/digits.bin', both)).status, 206);
      const matched = { 'If-None-Match': etagOf('digits.bin'), Range: 'bytes=10000-' };
      assert.equal((await get('/digits.bin', matched)).status, 304);
      assert.equal((await ask(port, '/digits.bin', { 'If-Match': '"other"' }, 'HEAD')).status, 412);
    });

    it('takes fields that came twice for lists', async () => {
      const client = new RawClient(port);
      client.say(
        `GET /digits.bin HTTP/1.1\r\nHost: x\r\nIf-None-Match: "a"\r\nIf-None-Match: ${etagOf('digits.bin')}\r\n\r\n`,
      );
      assert.equal((await client.responses(1))[0]!.status, 304);
      client.close();
    });

    it('is of no account where there is nothing (RFC 9110 13.2.1)', async () => {
      assert.equal((await get('/nowhere', { 'If-Match': '*' })).status, 404);
      assert.equal((await get('/nowhere', { 'If-None-Match': '*' })).status, 404);
      assert.equal((await get('/docs', { 'If-Match': '"x"' })).status, 301);
    });
  });

  describe('pre-compressed variants', () => {
    beforeEach(() => {
      backEnds.put('page.html', '<p>page</p>');
      backEnds.put('page.html.gz', 'GZIP bytes');
      backEnds.put('page.html.br', 'BR bytes');
      backEnds.asked.length = 0;
    });

    it('chooses by Accept-Encoding, with the ETag of the variant', async () => {
      const rows: [string, string | undefined, string][] = [
        ['gzip, deflate, br', 'br', 'BR bytes'],
        ['gzip', 'gzip', 'GZIP bytes'],
        ['gzip, br;q=0.5', 'gzip', 'GZIP bytes'],
        ['zstd', undefined, '<p>page</p>'],
        ['zstd, gzip;q=0.1', 'gzip', 'GZIP bytes'],
        ['gzip;q=0', undefined, '<p>page</p>'],
        ['identity, gzip;q=0.5', undefined, '<p>page</p>'],
        ['*', 'br', 'BR bytes'],
        ['identity;q=0, gzip', 'gzip', 'GZIP bytes'],
      ];
      for (const [field, coding, content] of rows) {
        const { status, headers, body } = await get('/page.html', { 'Accept-Encoding': field });
        assert.equal(status, 200, field);
        assert.equal(headers['content-encoding'], coding, field);
        assert.equal(headers['content-type'], 'text/html; charset=utf-8');
        assert.equal(headers['vary'], 'Accept-Encoding');
        assert.equal(body.toString(), content);
        const suffix = { br: '.br', gzip: '.gz' }[coding ?? ''] ?? '';
        assert.equal(headers['etag'], etagOf(`page.html${suffix}`));
      }
    });

    it('compares conditions and ranges with the variant', async () => {
      const accept = { 'Accept-Encoding': 'gzip' };
      const gzipTag = etagOf('page.html.gz');
      assert.equal((await get('/page.html', { ...accept, 'If-None-Match': gzipTag })).status, 304);
      assert.equal((await get('/page.html', { 'If-None-Match': gzipTag })).status, 200);
      const range = await get('/page.html', { ...accept, Range: 'bytes=0-3', 'If-Range': gzipTag });
      assert.equal(range.status, 206);
      assert.equal(range.headers['content-encoding'], 'gzip');
      assert.equal(range.headers['content-range'], 'bytes 0-3/10');
      assert.equal(range.body.toString(), 'GZIP');
    });

    it('says 406 when nothing that the client takes is there', async () => {
      const { status, headers } = await get('/a%20b.txt', { 'Accept-Encoding': 'gzip, identity;q=0' });
      assert.equal(status, 406);
      assert.equal(headers['vary'], 'Accept-Encoding');
    });

    it('asks for missing variants once in a while, and only those that the client takes', async () => {
      const accept = { 'Accept-Encoding': 'gzip, br, zstd' };
      const questions = async (): Promise<string[]> => {
        backEnds.asked.length = 0;
        await get('/digits.bin', accept);
        return [...backEnds.asked].sort();
      };
      const all = ['digits.bin', 'digits.bin.br', 'digits.bin.gz', 'digits.bin.zst'];
      assert.deepEqual(await questions(), all);
      assert.deepEqual(await questions(), ['digits.bin']);
      nowMs += 4_999;
      assert.deepEqual(await questions(), ['digits.bin']);
      nowMs += 1;
      assert.deepEqual(await questions(), all, 'after its time');
      backEnds.put('digits.bin', 'new');
      assert.deepEqual(await questions(), all, 'after a change');
      backEnds.asked.length = 0;
      await get('/digits.bin');
      assert.deepEqual(backEnds.asked, ['digits.bin']);
    });

    it('finds a variant that was added, after a while', async () => {
      const accept = { 'Accept-Encoding': 'gzip' };
      assert.equal((await get('/digits.bin', accept)).headers['content-encoding'], undefined);
      backEnds.put('digits.bin.gz', 'small');
      nowMs += 5_000;
      assert.equal((await get('/digits.bin', accept)).headers['content-encoding'], 'gzip');
    });

    it('does not look for variants of what is compressed, nor when told not to', async () => {
      await get('/image.png', { 'Accept-Encoding': 'gzip' });
      assert.deepEqual(backEnds.asked, ['image.png']);
      await serve({ precompressed: false });
      const { headers } = await get('/a%20b.txt', { 'Accept-Encoding': 'gzip' });
      assert.deepEqual(backEnds.asked, ['a b.txt']);
      assert.equal(headers['vary'], undefined);
    });

    it('sends the object itself when asking for a variant fails, or it is a directory', async () => {
      const stat = backEnds.stat;
      backEnds.stat = async (name) => {
        if (name.endsWith('.gz')) throw new NoBoardError('all are busy');
        return stat(name);
      };
      assert.equal((await get('/page.html', { 'Accept-Encoding': 'gzip' })).body.toString(), '<p>page</p>');
      backEnds.stat = stat;
      backEnds.directories.add('a b.txt.gz');
      assert.equal((await get('/a%20b.txt', { 'Accept-Encoding': 'gzip' })).body.toString(), 'hello');
    });

    it('gives the variant of an index', async () => {
      backEnds.put('docs/index.html.gz', 'GZIP docs');
      const { headers, body } = await get('/docs/', { 'Accept-Encoding': 'gzip' });
      assert.equal(headers['content-encoding'], 'gzip');
      assert.equal(body.toString(), 'GZIP docs');
    });

    it('gives a variant under its own name for what it is', async () => {
      const { headers } = await get('/page.html.gz', { 'Accept-Encoding': 'gzip' });
      assert.equal(headers['content-type'], 'application/gzip');
      assert.equal(headers['content-encoding'], undefined);
    });
  });

  describe('directories', () => {
    it('gives the index, and sends those who forgot the slash to it', async () => {
      assert.equal((await get('/docs/')).body.toString(), '<p>docs</p>');
      assert.equal((await get('/')).body.toString(), '<p>root</p>');
      const redirected = await get('/docs?x=1');
      assert.equal(redirected.status, 301);
      assert.equal(redirected.headers['location'], '/docs/?x=1');
      assert.equal((await get('/bare/')).status, 404);
      assert.equal((await get('/a%20b.txt/')).status, 404);
    });

    it('never redirects to another server', async () => {
      backEnds.directories.add('\\host').add('a:b').add('.hidden');
      const rows: [string, string][] = [
        ['//docs', '/docs/'],
        ['///docs', '/docs/'],
        ['/%2fdocs', '/docs/'],
        ['/%5Chost', '/%5Chost/'],
        ['http://elsewhere/docs', '/docs/'],
        ['/x/..//docs', '/docs/'],
        ['/a:b', '/a%3Ab/'],
        ['/.hidden', '/.hidden/'],
        ['/docs?//elsewhere', '/docs/?//elsewhere'],
      ];
      for (const [target, location] of rows) {
        const { status, headers } = await get(target);
        assert.equal(status, 301, target);
        assert.equal(headers['location'], location);
      }
    });

    it('uses the index that the configuration names', async () => {
      await serve({ indexName: 'home.txt' });
      backEnds.put('docs/home.txt', 'home');
      assert.equal((await get('/docs/')).body.toString(), 'home');
      assert.equal((await get('/')).status, 404);
    });

    it('lists a directory without an index when told to', async () => {
      await serve({ listing: true }, new ListingBackEnds());
      backEnds.put('bare/zwei & drei.txt', 'x'.repeat(1_234));
      backEnds.put('bare/sub/deep.txt', '');
      const { status, headers, body } = await get('/bare/');
      assert.equal(status, 200);
      assert.equal(headers['content-type'], 'text/html; charset=utf-8');
      assert.match(headers['content-security-policy']!, /^default-src 'none'/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['cache-control'], 'no-cache');
      assert.deepEqual(
        [...body.toString().matchAll(/href="([^"]*)"/g)].map((match) => match[1]),
        ['../', 'sub/', 'file.bin', 'zwei%20%26%20drei.txt'],
      );
      assert.match(body.toString(), /1\.2 kB/);
      const again = await get('/bare/', { 'If-None-Match': headers['etag']! });
      assert.equal(again.status, 304);
      assert.equal((await get('/bare/', { 'If-Match': '"x"' })).status, 412);
      assert.equal((await ask(port, '/bare/', {}, 'HEAD')).headers['content-length'], String(body.length));
      assert.equal((await get('/docs/')).body.toString(), '<p>docs</p>');
      assert.equal((await get('/nowhere/')).status, 404);
      assert.equal((await get('/a%20b.txt/')).status, 404);
    });

    it('takes the entries all at once, too, and bounds the page', async () => {
      const boards = new MemoryBackEnds();
      const all = Object.assign(boards, { list: async (name: string) => boards.children(name) });
      await serve({ listing: true, maxListingEntries: 2 }, all);
      for (const name of ['bare/2', 'bare/3']) backEnds.put(name, '');
      const page = (await get('/bare/')).body.toString();
      assert.equal(page.match(/href/g)?.length, 3, 'the parent and two');
      assert.match(page, /There are more entries/);
      backEnds.files.delete('bare/3');
      assert.doesNotMatch((await get('/bare/')).body.toString(), /There are more entries/);
    });

    it('says what went wrong with a listing', async () => {
      await serve({ listing: true }, new ListingBackEnds());
      backEnds.listError = new NoBoardError('none is alive');
      assert.equal((await get('/bare/')).status, 503);
      backEnds.listError = new NotAFileError('bare');
      assert.equal((await get('/bare/')).status, 404);
    });
  });

  describe('targets', () => {
    it('turns malformed ones away', async () => {
      for (const target of ['/%00', '/%zz', '/%ff', '/%', '/\\docs', '/a#b', '*', 'docs', '/%c0%ae'])
        assert.equal((await get(target)).status, 400, target);
      assert.deepEqual(backEnds.asked, []);
    });

    it('stay inside the volume', async () => {
      await get('/docs/%2e%2e/../%2e%2e/a%20b.txt');
      assert.deepEqual(backEnds.asked, ['a b.txt']);
    });

    it('may be as long as the configuration says, then it is 414', async () => {
      assert.equal((await get(`/${'n'.repeat(0x1fff)}`)).status, 404);
      assert.equal((await get(`/${'n'.repeat(0x2000)}`)).status, 414);
      assert.equal((await ask(port, `/${'n'.repeat(0x2000)}`, {}, 'OPTIONS')).status, 414);
      assert.equal((await get(`/a%20b.txt?${'q'.repeat(7_000)}`)).status, 200);
    });

    it('that lead nowhere get a page that repeats nothing of the request', async () => {
      const { status, headers, body } = await get('/%3Cscript%3E');
      assert.equal(status, 404);
      assert.equal(headers['content-type'], 'text/html; charset=utf-8');
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.match(body.toString(), /404 Not Found/);
      assert.doesNotMatch(body.toString(), /script/);
      assert.equal((await get(`/${'n'.repeat(300)}`)).status, 404);
    });

    it('can not write header fields', async () => {
      backEnds.directories.add('a\r\nX-Evil: 1');
      const { status, headers } = await get('/a%0D%0AX-Evil:%201?%0D%0AX-Evil:%201');
      assert.equal(status, 301);
      assert.equal(headers['location'], '/a%0D%0AX-Evil%3A%201/?%0D%0AX-Evil:%201');
      assert.equal(headers['x-evil'], undefined);
    });
  });

  describe('methods', () => {
    it('names those that it allows, for one target and for the server', async () => {
      for (const target of ['/a%20b.txt', '/nowhere', '*']) {
        const { status, headers, body } = await ask(port, target, {}, 'OPTIONS');
        assert.equal(status, 204);
        assert.equal(headers['allow'], 'GET, HEAD, OPTIONS');
        assert.equal(headers['content-length'], undefined);
        assert.equal(body.length, 0);
      }
      assert.equal((await ask(port, '/%zz', {}, 'OPTIONS')).status, 400);
      assert.deepEqual(backEnds.asked, []);
    });

    it('tells methods that it does not allow from those that it does not know', async () => {
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE']) {
        const { status, headers } = await ask(port, '/a%20b.txt', {}, method);
        assert.equal(status, 405, method);
        assert.equal(headers['allow'], 'GET, HEAD, OPTIONS');
      }
      for (const method of ['PROPFIND', 'MKCOL', 'BREW', 'get'])
        assert.equal((await ask(port, '/a%20b.txt', {}, method)).status, 501, method);
    });
  });

  describe('failures of boards', () => {
    it('says when to come again while no board is there', async () => {
      backEnds.statError = new NoBoardError('none is alive');
      const { status, headers } = await get('/a%20b.txt');
      assert.equal(status, 503);
      assert.equal(headers['retry-after'], '1');
    });

    it('says 502 when the boards are there and can not do it', async () => {
      backEnds.statError = new BoardFailedError(3, 'data on its card is damaged');
      assert.equal((await get('/a%20b.txt')).status, 502);
    });

    it('cuts the connection when reading fails after the head', async () => {
      backEnds.readError = new BoardFailedError(3, 'data on its card is damaged');
      const client = new RawClient(port).say(request('/image.png'));
      await client.until(() => client.ended || client.reset);
      client.close();
      assert.equal(client.parsed().length, 0);
    });
  });

  describe('mode relayed', () => {
    it('hands on a request that is in order, and nothing else', async () => {
      const relayed: WebRequest[] = [];
      const relay: RequestHandler = {
        handle: async (webRequest, response) => {
          relayed.push(webRequest);
          if (webRequest.target.name === 'missing') throw new ObjectNotFoundError('missing');
          response.end('relayed');
        },
      };
      await shut(server);
      server = createWebServer({ backEnds, configuration: { mode: 'relayed' }, relay });
      port = await listen(server);
      const client = new RawClient(port).say(request('/a%20b.txt?q', { Range: 'bytes=0-1' }));
      await client.until(() => client.received.includes('relayed'));
      client.close();
      assert.equal((await get('/missing')).status, 404);
      assert.equal((await get('/%zz')).status, 400);
      assert.equal((await ask(port, '/a', {}, 'POST')).status, 405);
      assert.equal(relayed.length, 2);
      const { method, target, headers } = relayed[0]!;
      assert.deepEqual(
        [method, target.name, target.rawQuery, headers.range],
        ['GET', 'a b.txt', '?q', 'bytes=0-1'],
      );
      assert.deepEqual(backEnds.asked, []);
    });
  });
});
