/** Clients that say exactly what a test wants, byte by byte, and what they get back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';

export interface RawResponse {
  readonly status: number;
  /** Names in lower case; a field that came twice fails the test. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

export async function shut(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

export class RawClient {
  readonly socket: net.Socket;
  receivedBytes = 0;
  /** The server has sent FIN. */
  ended = false;
  reset = false;
  /** Of the requests, in order: the answer to HEAD has no body. */
  readonly #methods: string[];
  #chunks: Buffer[] = [];
  #changed = (): void => {};

  constructor(port: number, methods: string[] = []) {
    this.#methods = methods;
    this.socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.receivedBytes += chunk.length;
      this.#changed();
    });
    this.socket.on('end', () => {
      this.ended = true;
      this.#changed();
    });
    this.socket.on('error', () => {
      this.reset = true;
      this.#changed();
    });
  }

  get received(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  say(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  async until(condition: () => boolean, timeoutMs = 5_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!condition()) {
      if (Date.now() > deadline)
        assert.fail(`waited in vain; so far: ${this.received.toString('latin1').slice(0, 2_000)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 20);
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async responses(count: number): Promise<RawResponse[]> {
    await this.until(() => this.ended || this.reset || this.parsed().length >= count);
    const parsed = this.parsed();
    assert.equal(parsed.length, count, this.received.toString('latin1').slice(0, 2_000));
    return parsed;
  }

  parsed(): RawResponse[] {
    const { received } = this;
    const responses: RawResponse[] = [];
    let at = 0;
    for (;;) {
      const end = received.indexOf('\r\n\r\n', at);
      if (end === -1) return responses;
      const response = parseHead(received.toString('latin1', at, end));
      const noBody =
        this.#methods[responses.length] === 'HEAD' || response.status === 304 || response.status === 204;
      assert.equal(response.headers['transfer-encoding'], undefined, 'every length is known beforehand');
      const length = noBody ? 0 : Number(response.headers['content-length'] ?? 0);
      at = end + 4 + length;
      if (received.length < at) return responses;
      responses.push({ ...response, body: received.subarray(end + 4, at) });
    }
  }

  close(): void {
    this.socket.destroy();
  }
}

function parseHead(text: string): { status: number; headers: Record<string, string> } {
  const [statusLine, ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3}) [\x20-\x7e]+$/.exec(statusLine!)?.[1];
  assert.ok(status, `a status line: ${statusLine}`);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const match = /^([\w-]+): ([\x20-\x7e]*)$/.exec(line);
    assert.ok(match, `a header field: ${line}`);
    const name = match[1]!.toLowerCase();
    assert.equal(headers[name], undefined, `${name} comes once`);
    headers[name] = match[2]!;
  }
  return { status: Number(status), headers };
}

/** One request on a connection of its own. */
export async function ask(
  port: number,
  target: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<RawResponse> {
  const client = new RawClient(port, [method]);
  try {
    client.say(request(target, headers, method));
    return (await client.responses(1))[0]!;
  } finally {
    client.close();
  }
}

export function request(
  target: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): string {
  const fields = Object.entries({ Host: 'site', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/1.1\r\n${fields.join('')}\r\n`;
}
