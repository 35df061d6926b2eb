/** Node's own `http.Server` on the front-end, and delegated bodies within its responses (decision 16). */
import assert from 'node:assert/strict';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { connect, createServer as createNetServer } from 'node:net';
import { createServer, type AtcpServer } from '../../src/front-end/server.js';
import { chunkFor } from '../../src/front-end/tcp/span-chunk.js';
import { AutoClient, Network, type AutoClientOptions } from './auto-client.js';
import { FakeSpan } from './fake-span.js';
import { MS, PORT, Rig, SECOND } from './rig.js';

interface Web {
  rig: Rig;
  net: Network;
  httpServer: Server;
  server: AtcpServer;
  client: AutoClient;
}

function web(listener: RequestListener, options: AutoClientOptions = {}): Web {
  const rig = new Rig();
  const net = new Network(rig);
  const httpServer = createHttpServer({ keepAlive: true }, listener);
  const server = createServer({ host: rig.host }).attachHttp(httpServer).listen(PORT);
  const client = new AutoClient(net, options).connect();
  return { rig, net, httpServer, server, client };
}

function request(path: string, method = 'GET', headers = ''): string {
  return `${method} ${path} HTTP/1.1\r\nHost: test\r\n${headers}\r\n`;
}

/** Bodies of responses with Content-Length, in order; throws when they do not fit. */
function bodies(text: string, heads: (string | undefined)[] = []): string[] {
  const result: string[] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\r\n\r\n', at);
    assert.ok(end > 0, `a header in ${JSON.stringify(text.slice(at, at + 80))}`);
    const length = Number(/content-length: (\d+)/i.exec(text.slice(at, end))?.[1] ?? 0);
    const bodyBytes = heads[result.length] === 'HEAD' ? 0 : length;
    result.push(text.slice(end + 4, end + 4 + bodyBytes));
    at = end + 4 + bodyBytes;
  }
  return result;
}

describe('http.Server on the front-end', () => {
  it('serves a request and closes when the client asks for it', async () => {
    const { rig, net, client } = web((req, res) => res.end(`you are ${req.socket.remoteAddress}`));
    client.send(request('/', 'GET', 'Connection: close\r\n'));
    client.on('end', () => client.end());
    assert.ok(await net.run(() => client.ended && rig.host.tcp.connections === 0));
    assert.deepEqual(bodies(client.text), ['you are 10.0.0.200']);
  });

  it('keeps the connection for further requests', async () => {
    let connections = 0;
    const { net, client, server } = web((req, res) => res.end(req.url));
    server.on('connection', () => connections++);
    for (const path of ['/a', '/b', '/c']) {
      client.send(request(path));
      const before = client.text.length;
      assert.ok(await net.run(() => client.text.length > before && client.text.endsWith(path)));
    }
    assert.deepEqual(bodies(client.text), ['/a', '/b', '/c']);
    assert.equal(connections, 1);
  });

  it('answers pipelined requests in order, however late each answer is', async () => {
    const { net, client } = web((req, res) => {
      const delay = req.url === '/0' ? 3 : 0;
      let turns = 0;
      const answer = (): void =>
        void (turns++ < delay ? setImmediate(answer) : res.end(req.url!.repeat(1000)));
      answer();
    });
    const paths = Array.from({ length: 20 }, (_, i) => `/${i}`);
    client.send(paths.map((path) => request(path)).join(''));
    const bytes = (): string[] => bodies(client.text);
    assert.ok(
      await net.run(() => client.text.length > 0 && client.text.endsWith('/19') && bytes().length === 20),
    );
    assert.deepEqual(
      bytes(),
      paths.map((path) => path.repeat(1000)),
    );
  });

  it('reads a request body that arrives in many segments, and honours Expect: 100-continue', async () => {
    const { net, client } = web((req, res) => {
      let bytes = 0;
      req.on('data', (chunk: Buffer) => (bytes += chunk.length));
      req.on('end', () => res.end(`${bytes} bytes`));
    });
    client.send(request('/', 'POST', 'Content-Length: 300000\r\nExpect: 100-continue\r\n'));
    assert.ok(await net.run(() => client.text.includes('100 Continue')));
    client.send(Buffer.alloc(300_000, 0x61));
    assert.ok(await net.run(() => client.text.endsWith('300000 bytes')));
  });

  it('answers nonsense with 400 before it closes', async () => {
    const { rig, net, client } = web(() => assert.fail('there is no request'));
    client.send('nonsense\r\n\r\n');
    client.on('end', () => client.end());
    assert.ok(await net.run(() => client.ended && rig.host.tcp.connections === 0));
    assert.match(client.text, /^HTTP\/1.1 400 Bad Request\r\n/);
    assert.equal(client.wasReset, false);
  });

  it('closes an idle kept-alive connection after keepAliveTimeout', async () => {
    const { rig, net, client, httpServer } = web((_req, res) => res.end('x'));
    httpServer.keepAliveTimeout = 3000;
    client.send(request('/'));
    client.on('end', () => client.end());
    const startUs = rig.nowUs;
    assert.ok(await net.run(() => client.ended && rig.host.tcp.connections === 0));
    const seconds = (rig.nowUs - startUs) / SECOND;
    assert.ok(seconds > 3 && seconds < 5.5, `after ${seconds} s`);
  });

  it('stops when the client stops reading, and goes on when it reads', async () => {
    const { rig, net, client } = web((_req, res) => res.end(Buffer.alloc(1_000_000, 0x61)), {
      bufferBytes: 20_000,
    });
    client.paused = true;
    client.send(request('/'));
    assert.equal(await net.run(() => client.receivedBytes > 20_000, 5 * SECOND), false);
    assert.ok(client.receivedBytes > 18_000);
    assert.ok(rig.counters.probesSent > 0);
    client.resume();
    assert.ok(await net.run(() => client.receivedBytes > 1_000_000));
  });

  it('lets a program destroy a response: the client is reset', async () => {
    const { net, client } = web((_req, res) => {
      res.writeHead(200, { 'Content-Length': 1_000_000 });
      res.write(Buffer.alloc(600_000));
      setImmediate(() => setImmediate(() => res.destroy()));
    });
    client.send(request('/'));
    assert.ok(await net.run(() => client.wasReset));
  });

  it('upgrades', async () => {
    const { net, client, httpServer } = web(() => assert.fail('an upgrade is no request'));
    httpServer.on('upgrade', (_req, socket, head) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n${head.toString()}`,
      );
      socket.on('data', (chunk: Buffer) => socket.write(chunk));
    });
    client.send(request('/', 'GET', 'Upgrade: echo\r\nConnection: Upgrade\r\n') + 'first');
    assert.ok(await net.run(() => client.text.endsWith('first')));
    client.send(' second');
    assert.ok(await net.run(() => client.text.endsWith('first second')));
  });

  it('closes: no more connections, idle ones ended, then "close"', async () => {
    const { rig, net, client, server } = web((_req, res) => res.end('x'));
    client.send(request('/'));
    assert.ok(await net.run(() => client.text.endsWith('x')));
    let closed = false;
    server.close(() => (closed = true));
    client.on('end', () => client.end());
    assert.ok(await net.run(() => closed && rig.host.tcp.connections === 0));
    const late = new AutoClient(net, { port: 50_001 }).connect();
    assert.ok(await net.run(() => late.wasReset));
    assert.equal(server.address(), null);
  });
});

describe('a delegated body in a response', () => {
  /** Sends a span's bytes as its board would: letters of the path, by offset. */
  class LetterSpan extends FakeSpan {
    readonly #letter: string;
    readonly #rig: Rig;

    constructor(rig: Rig, letter: string, length: number) {
      super(length);
      this.#letter = letter;
      this.#rig = rig;
    }

    override send(to: number): void {
      super.send(to);
      const carrier = this.carrier!;
      for (let offset = this.sentUpTo; offset < to; offset += 1460) {
        const bytes = Buffer.from(this.#letter.repeat(Math.min(1460, to - offset)));
        carrier.sendSegment((this.startSequence + offset) >>> 0, bytes, 0, bytes.length, false);
      }
      this.sentUpTo = to;
      carrier.onSent(this, to, this.#rig.nowUs);
    }
  }

  function delegating(
    paths: string[],
    lengthOf: (path: string) => number = () => 5000,
  ): Web & { order: string[] } {
    const order: string[] = [];
    const web_ = web((req, res) => {
      const path = req.url!;
      order.push(path);
      const length = lengthOf(path);
      res.setHeader('Content-Length', length);
      if (path.startsWith('/flushed')) res.flushHeaders();
      if (req.method === 'HEAD') res.end();
      else if (path.startsWith('/local')) res.end('L'.repeat(length));
      else {
        const chunk = chunkFor(new LetterSpan(web_.rig, path.at(-1)!, length));
        if (path.startsWith('/late')) setImmediate(() => res.end(chunk));
        else if (path.startsWith('/written')) {
          res.write(chunk);
          res.end();
        } else res.end(chunk);
      }
    });
    web_.client.send(paths.map((path) => request(path, path.startsWith('/head') ? 'HEAD' : 'GET')).join(''));
    return { ...web_, order };
  }

  it('stands exactly where the body belongs', async () => {
    const { net, client } = delegating(['/a']);
    assert.ok(await net.run(() => client.text.endsWith('a'.repeat(5000))));
    assert.deepEqual(bodies(client.text), ['a'.repeat(5000)]);
    assert.doesNotMatch(client.text, /chunked/i);
  });

  it('keeps its place among pipelined responses of every kind', async () => {
    const paths = [
      '/a',
      '/local',
      '/late/b',
      '/head',
      '/written/c',
      '/flushed/d',
      '/local',
      '/e',
      '/late/f',
      '/g',
    ];
    const { net, client, order } = delegating(paths);
    assert.ok(await net.run(() => client.text.endsWith('g'.repeat(5000))));
    assert.deepEqual(order, paths);
    assert.deepEqual(
      bodies(
        client.text,
        paths.map((path) => (path === '/head' ? 'HEAD' : 'GET')),
      ).map((body) => `${body[0] ?? '-'} ${body.length} ${new Set(body).size}`),
      [
        'a 5000 1',
        'L 5000 1',
        'b 5000 1',
        '- 0 0',
        'c 5000 1',
        'd 5000 1',
        'L 5000 1',
        'e 5000 1',
        'f 5000 1',
        'g 5000 1',
      ],
    );
  });

  it('is joined by the next pipelined response before the client has acknowledged it', async () => {
    const { rig, net, client } = delegating(['/a', '/b'], () => 1000);
    assert.ok(await net.run(() => client.text.endsWith('b'.repeat(1000))));
    const startUs = 10 * SECOND;
    // SYN, SYN-ACK, requests, replies: two round trips of 1 ms, and no third one between the replies.
    assert.ok(rig.nowUs - startUs < 3 * MS, `took ${rig.nowUs - startUs} µs`);
  });

  it('holds the next response back while much of it is not granted', async () => {
    const { net, client, order } = delegating(['/a', '/b'], () => 2_000_000);
    assert.ok(await net.run(() => client.receivedBytes > 1_000_000));
    assert.deepEqual(order, ['/a', '/b'], 'http has parsed both');
    assert.doesNotMatch(client.text, /b{100}/);
    assert.ok(await net.run(() => client.text.endsWith('b'.repeat(10)) && client.receivedBytes > 4_000_000));
  });

  it('survives keepAliveTimeout while the client is still receiving it', async () => {
    const rig = new Rig();
    const net = new Network(rig, 1, { delayUs: 100 * MS });
    const httpServer = createHttpServer({ keepAliveTimeout: 1000 }, (_req, res) => {
      res.setHeader('Content-Length', 1_000_000);
      res.end(chunkFor(new LetterSpan(rig, 'x', 1_000_000)));
    });
    createServer({ host: rig.host }).attachHttp(httpServer).listen(PORT);
    const client = new AutoClient(net).connect();
    client.send(request('/'));
    const startUs = rig.nowUs;
    assert.ok(await net.run(() => client.receivedBytes > 1_000_000));
    assert.ok(rig.nowUs - startUs > 2 * SECOND);
    assert.equal(client.wasReset, false);
  });

  it('closes the connection after it when the client asks for that', async () => {
    const { rig, net, client } = web((_req, res) => {
      res.setHeader('Content-Length', 5000);
      res.end(chunkFor(new LetterSpan(rig, 'x', 5000)));
    });
    client.send(request('/', 'GET', 'Connection: close\r\n'));
    client.on('end', () => client.end());
    assert.ok(await net.run(() => client.ended && rig.host.tcp.connections === 0));
    assert.deepEqual(bodies(client.text), ['x'.repeat(5000)]);
  });

  it('that fails resets the connection and closes the response', async () => {
    let closed = false;
    let span: FakeSpan | undefined;
    const { net, client } = web((_req, res) => {
      span = new FakeSpan(1000);
      res.setHeader('Content-Length', 1000);
      res.on('close', () => (closed = true));
      res.end(chunkFor(span));
    });
    client.send(request('/'));
    assert.ok(await net.run(() => span?.carrier !== undefined));
    span!.carrier!.onFailed(span!, new Error('no board'));
    assert.ok(await net.run(() => client.wasReset && closed));
  });
});

describe('AtcpServer', () => {
  it('behaves as net.Server where a program looks', async () => {
    const rig = new Rig();
    const server = createServer({ host: rig.host });
    assert.equal(server.listening, false);
    assert.equal(server.address(), null);
    const listening = new Promise((resolve) => server.listen(8080, () => resolve(undefined)));
    await listening;
    assert.deepEqual(server.address(), { address: '10.0.0.1', family: 'IPv4', port: 8080 });
    assert.throws(() => server.listen(8081), /listens already/);
    const second = createServer({ host: rig.host });
    const error = await new Promise<NodeJS.ErrnoException>((resolve) =>
      second.on('error', resolve).listen(8080),
    );
    assert.equal(error.code, 'EADDRINUSE');
    for (const port of [0, -1, 65_536, 1.5]) assert.throws(() => second.listen(port), RangeError);
    await new Promise<void>((resolve) => server.close(resolve));
    second.removeAllListeners('error').listen(8080);
    assert.equal(second.listening, true);
  });

  it('resets connections beyond maxConnections', async () => {
    const rig = new Rig();
    const net = new Network(rig);
    const server = rig.serve((socket) => void socket.write('hello'));
    server.maxConnections = 1;
    const first = new AutoClient(net, { port: 1 }).connect();
    assert.ok(await net.run(() => first.text === 'hello'));
    const second = new AutoClient(net, { port: 2 }).connect();
    assert.ok(await net.run(() => second.wasReset));
    assert.equal(server.connections, 1);
  });

  it('has the face of net.Socket', async () => {
    const rig = new Rig();
    const net = new Network(rig);
    const sockets: object[] = [];
    rig.serve((socket) => sockets.push(socket));
    new AutoClient(net).connect();
    assert.ok(await net.run(() => sockets.length === 1));
    const real = await new Promise<object>((resolve, reject) => {
      const server = createNetServer((socket) => {
        resolve(socket);
        socket.destroy();
        server.close();
      }).listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number };
        connect(port, '127.0.0.1').on('error', reject).resume();
      });
    });
    const ours = sockets[0]! as Record<string, unknown>;
    const names = [
      'setTimeout',
      'setNoDelay',
      'setKeepAlive',
      'ref',
      'unref',
      'destroySoon',
      'resetAndDestroy',
      'address',
    ];
    for (const name of names) {
      assert.equal(typeof (real as Record<string, unknown>)[name], 'function', name);
      assert.equal(typeof ours[name], 'function', name);
    }
    assert.equal(ours['encrypted'], undefined);
    assert.equal(ours['connecting'], false);
    assert.equal(ours['pending'], false);
  });
});
