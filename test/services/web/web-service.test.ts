import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import {
  BoardFailedError,
  NoBoardError,
  type ObjectFacts,
  ObjectNotFoundError,
  type ObjectRange,
} from '../../../src/front-end/index.js';
import { createWebService, type WebBackEnds } from '../../../src/services/web/index.js';

const MODIFIED_MS = Date.UTC(2024, 1, 29, 12, 34, 56);

/** Boards whose bytes come from memory, straight into the response. */
class MemoryBackEnds {
  readonly files = new Map<string, Buffer>();
  readonly directories = new Set<string>(['']);
  readonly delegated: ObjectRange[] = [];
  readonly asked: string[] = [];
  statError: Error | undefined;
  readError: Error | undefined;

  async stat(name: string): Promise<ObjectFacts> {
    this.asked.push(name);
    await new Promise((resolve) => setImmediate(resolve));
    if (this.statError !== undefined) throw this.statError;
    if (Buffer.byteLength(name) > 255) throw new RangeError('an object name has at most 255 bytes');
    const version = new Uint8Array(16).fill(0xab);
    const directory = this.directories.has(name);
    const file = this.files.get(name);
    if (!directory && file === undefined) throw new ObjectNotFoundError(name);
    return {
      name,
      kind: directory ? 'directory' : 'file',
      size: file?.length ?? 0,
      modifiedMs: MODIFIED_MS,
      version,
    };
  }

  delegate: WebBackEnds['delegate'] = (target, range, callback) => {
    this.delegated.push(range);
    if (this.readError !== undefined) callback?.(this.readError);
    else target.write(this.files.get(range.name)!.subarray(0, range.length), () => callback?.());
  };
}

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

describe('services/web: the service', () => {
  let backEnds: MemoryBackEnds;
  let server: http.Server;
  let port: number;
  let agent: http.Agent;

  beforeEach(async () => {
    backEnds = new MemoryBackEnds();
    backEnds.files.set('a b.txt', Buffer.from('hello'));
    backEnds.files.set('index.html', Buffer.from('<p>root</p>'));
    backEnds.files.set('docs/index.html', Buffer.from('<p>docs</p>'));
    backEnds.files.set('empty.bin', Buffer.alloc(0));
    backEnds.files.set('image.png', Buffer.alloc(100_000, 7));
    backEnds.directories.add('docs').add('bare');
    server = http.createServer(createWebService({ backEnds }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
    agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  });

  afterEach(async () => {
    agent.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function ask(path: string, method = 'GET'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = http.request({ host: '127.0.0.1', port, path, method, agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
        );
        response.on('error', reject);
      });
      request.on('error', reject);
      request.end();
    });
  }

  it('gives an object with its metadata', async () => {
    const { status, headers, body } = await ask('/a%20b.txt');
    assert.equal(status, 200);
    assert.equal(body.toString(), 'hello');
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(headers['content-length'], '5');
    assert.equal(headers.etag, `"${'ab'.repeat(16)}"`);
    assert.equal(headers['last-modified'], 'Thu, 29 Feb 2024 12:34:56 GMT');
    assert.equal(headers['accept-ranges'], 'none');
    assert.ok(Math.abs(Date.parse(headers.date!) - Date.now()) < 5_000);
    assert.deepEqual(backEnds.delegated[0], {
      name: 'a b.txt',
      version: new Uint8Array(16).fill(0xab),
      length: 5,
    });
  });

  it('answers HEAD with the same head and no body, and delegates nothing', async () => {
    const { status, headers, body } = await ask('/image.png', 'HEAD');
    assert.equal(status, 200);
    assert.equal(headers['content-length'], '100000');
    assert.equal(headers['content-type'], 'image/png');
    assert.equal(body.length, 0);
    assert.equal(backEnds.delegated.length, 0);
  });

  it('gives an empty object without any board', async () => {
    const { status, headers, body } = await ask('/empty.bin');
    assert.equal(status, 200);
    assert.equal(headers['content-length'], '0');
    assert.equal(headers['content-type'], 'application/octet-stream');
    assert.equal(body.length, 0);
    assert.equal(backEnds.delegated.length, 0);
  });

  it('keeps a connection for many requests of all kinds', async () => {
    let connections = 0;
    server.on('connection', () => connections++);
    assert.equal((await ask('/')).body.toString(), '<p>root</p>');
    assert.equal((await ask('/image.png')).body.length, 100_000);
    assert.equal((await ask('/nowhere')).status, 404);
    assert.equal((await ask('/image.png', 'HEAD')).status, 200);
    assert.equal((await ask('/empty.bin')).status, 200);
    assert.equal((await ask('/a%20b.txt', 'POST')).status, 405);
    assert.equal((await ask('/a%20b.txt')).body.toString(), 'hello');
    assert.equal(connections, 1);
  });

  it('keeps pipelined answers in order', async () => {
    const socket = net.connect(port, '127.0.0.1');
    const paths = ['/image.png', '/a%20b.txt', '/nowhere', '/docs/'];
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
    let text = '';
    for await (const chunk of socket) {
      text += (chunk as Buffer).toString('latin1');
      if (text.endsWith('<p>docs</p>')) break;
    }
    const lengths = [...text.matchAll(/^Content-Length: (\d+)/gim)].map((match) => match[1]);
    assert.deepEqual([lengths[0], lengths[1], lengths[3]], ['100000', '5', '11']);
    assert.ok(text.indexOf('hello') < text.indexOf('404 Not Found'));
  });

  it('gives the index of a directory, and sends those who forgot the slash to it', async () => {
    assert.equal((await ask('/docs/')).body.toString(), '<p>docs</p>');
    const redirected = await ask('/docs?x=1');
    assert.equal(redirected.status, 301);
    assert.equal(redirected.headers.location, '/docs/?x=1');
    const doubled = await ask('//docs');
    assert.equal(doubled.headers.location, '/docs/');
    assert.equal((await ask('/bare/')).status, 404);
    assert.equal((await ask('/a%20b.txt/')).status, 404);
  });

  it('turns malformed targets away', async () => {
    for (const path of ['/%00', '/%zz', '/%ff']) assert.equal((await ask(path)).status, 400, path);
    assert.deepEqual(backEnds.asked, []);
  });

  it('stays inside the volume', async () => {
    await ask('/docs/%2e%2e/../%2e%2e/a%20b.txt');
    assert.deepEqual(backEnds.asked, ['a b.txt']);
  });

  it('says 404 with a page that repeats nothing of the request', async () => {
    const { status, headers, body } = await ask('/%3Cscript%3E');
    assert.equal(status, 404);
    assert.equal(headers['content-type'], 'text/html; charset=utf-8');
    assert.match(body.toString(), /404 Not Found/);
    assert.doesNotMatch(body.toString(), /script/);
    assert.equal((await ask(`/${'n'.repeat(300)}`)).status, 404);
  });

  it('names the methods that it allows', async () => {
    const { status, headers } = await ask('/a%20b.txt', 'DELETE');
    assert.equal(status, 405);
    assert.equal(headers.allow, 'GET, HEAD');
  });

  it('says when to come again while no board is there', async () => {
    backEnds.statError = new NoBoardError('none is alive');
    const { status, headers } = await ask('/a%20b.txt');
    assert.equal(status, 503);
    assert.equal(headers['retry-after'], '1');
  });

  it('says 502 when the boards are there and can not do it', async () => {
    backEnds.statError = new BoardFailedError(3, 'data on its card is damaged');
    assert.equal((await ask('/a%20b.txt')).status, 502);
  });

  it('cuts the connection when reading fails after the head', async () => {
    backEnds.readError = new BoardFailedError(3, 'data on its card is damaged');
    await assert.rejects(ask('/image.png'), /aborted|hang up|ECONNRESET/);
  });
});
