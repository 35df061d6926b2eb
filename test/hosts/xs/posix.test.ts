import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { run } from './xs.js';

const BUILD = new URL('../../../hosts/xs/build.mjs', import.meta.url);
const PRELUDE = `const posix = (name) => native('xs_posix_' + name);
const print = posix('print');
const attempt = (f) => { try { return String(f()); } catch (error) { return error.name; } };
`;

describe('the POSIX host of XS', function () {
  this.timeout(120_000);
  let executable: string;
  let root: string;

  before(async () => {
    executable = (await run([process.execPath, fileURLToPath(BUILD)])).lines[0]!;
    root = mkdtempSync(join(tmpdir(), 'atcp-posix-'));
  });
  after(() => rmSync(root, { recursive: true }));

  function command(text: string, ...args: string[]): string[] {
    writeFileSync(join(root, 'main.js'), PRELUDE + text);
    return [executable, '--root', root, 'main.js', ...args];
  }

  it('reads and writes the image at offsets beyond 2^32', async () => {
    const image = join(root, 'image');
    const fd = openSync(image, 'w+');
    const far = 5 * 2 ** 30 + 512;
    ftruncateSync(fd, far + 4);
    writeSync(fd, Buffer.from('ATCP'), 0, 4, far);
    const { lines, errors } = await run(
      command(
        `const read = posix('image_read'), write = posix('image_write');
        print(String(posix('image_open')(posix('argument')(0))));
        const b = new Uint8Array(8).fill(0xa5);
        print(attempt(() => read(${far}, b, 2, 4)) + ' ' + b.join());
        print(attempt(() => read(${far}, b, 0, 5)));
        print(attempt(() => write(${far}, Uint8Array.of(0, 1, 2, 3, 4), 1, 4)));
        print([() => read(-1, b, 0, 1), () => read(2 ** 53, b, 0, 1), () => read(NaN, b, 0, 1), () => read(0, b, 1, 8),
          () => write(0, b, 0, 9), () => write(0, b, -1, 1)].map(attempt).join());`,
        image,
      ),
    );
    assert.equal(errors, '');
    assert.deepEqual(lines, [
      `${far + 4}`,
      'true 165,165,65,84,67,80,165,165',
      'false',
      'true',
      Array(6).fill('RangeError').join(),
    ]);
    const written = Buffer.alloc(4);
    readSync(fd, written, 0, 4, far);
    assert.deepEqual([...written], [1, 2, 3, 4]);
    closeSync(fd);
  });

  it('names the image that it cannot open', async () => {
    const { status, errors } = await run(command("posix('image_open')('/nowhere/card')"));
    assert.equal(status, 1);
    assert.match(errors, /can't open card image \/nowhere\/card: No such file/);
  });

  it('gives entropy in any amount, into its range only', async () => {
    const { lines } = await run(
      command(`const b = new Uint8Array(1002), c = new Uint8Array(1002);
        posix('entropy')(b, 1, 1000); posix('entropy')(c, 1, 1000);
        print(String(new Set(b).size > 200 && b.join() !== c.join()));
        print(b[0] + ' ' + b[1001]); print(attempt(() => posix('entropy')(b, 3, 1000)));`),
    );
    assert.deepEqual(lines, ['true', '0 0', 'RangeError']);
  });

  it('waits until a time, not longer and not less', async () => {
    const { lines } = await run(
      command(`const now = posix('now_us'), wait = posix('wait_until');
        const start = now(); wait(start + 30000); const end = now();
        wait(start); const past = now();
        print(String(end - start >= 30000 && end - start < 130000)); print(String(past - end < 20000));`),
    );
    assert.deepEqual(lines, ['true', 'true']);
  });

  describe('with a socket', () => {
    let peer: Socket;
    let peerPort: number;

    beforeEach(async () => {
      peer = createSocket('udp4');
      peer.bind(0, '127.0.0.1');
      await once(peer, 'listening');
      peerPort = peer.address().port;
    });
    afterEach(() => peer.close());

    const ECHO = `const receive = posix('datagram_receive'), send = posix('datagram_send'), wait = posix('wait_until');
      const localPort = Number(posix('argument')(0)), remotePort = Number(posix('argument')(1));
      const granted = posix('datagram_open')(localPort, remotePort, 4 * 1024 * 1024);
      const requests = posix('requests'), now = posix('now_us');
      const b = new Uint8Array(1600);
      print('ready ' + granted);
      for (;;) {
        const asked = requests();
        if (asked & 1) break;
        if (asked & 2) print('report');
        const length = receive(b, 5, 1514);
        if (length > 0) send(b, 5, length);
        else wait(now() + 10000000);
      }
      print('lost ' + posix('datagrams_lost')());`;

    /** Starts the echo program; its lines go to `lines`. */
    async function startEcho(text = ECHO) {
      const localPort = 20000 + Math.floor(Math.random() * 10000);
      const argv = command(text, `${localPort}`, `${peerPort}`);
      const child = spawn(argv[0]!, argv.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
      const lines: string[] = [];
      const reader = createInterface({ input: child.stdout });
      reader.on('line', (line) => lines.push(line));
      await once(reader, 'line');
      return { child, lines, localPort, ended: once(child, 'close') };
    }

    it('exchanges datagrams, wakes from the wait, counts what is too long, stops on SIGTERM', async () => {
      const { child, lines, localPort, ended } = await startEcho();
      for (const length of [1, 60, 1514]) {
        const sent = Buffer.alloc(length, length);
        peer.send(Buffer.alloc(1515), localPort, '127.0.0.1');
        peer.send(sent, localPort, '127.0.0.1');
        const [received] = (await once(peer, 'message')) as [Buffer];
        assert.deepEqual(received, sent);
      }
      child.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null]);
      assert.equal(lines.at(-1), 'lost 3');
    });

    it('has room for a burst', async () => {
      const { child, lines, localPort, ended } = await startEcho();
      const granted = Number(lines[0]!.split(' ')[1]);
      assert.ok(granted >= 200_000, lines[0]);
      child.kill('SIGSTOP');
      const burst = 60; // Within what Linux grants to everybody.
      for (let i = 0; i < burst; i++) peer.send(Buffer.alloc(1514, i), localPort, '127.0.0.1');
      await new Promise((resolve) => setTimeout(resolve, 50));
      child.kill('SIGCONT');
      for (let i = 0; i < burst; i++) {
        const [received] = (await once(peer, 'message')) as [Buffer];
        assert.equal(received[0], i);
      }
      child.kill('SIGINT');
      assert.deepEqual(await ended, [0, null]);
      assert.equal(lines.at(-1), 'lost 0');
    });

    it('reports on SIGUSR1 in the middle of a wait', async () => {
      const { child, lines, ended } = await startEcho();
      child.kill('SIGUSR1');
      while (!lines.includes('report')) await new Promise((resolve) => setTimeout(resolve, 5));
      child.kill('SIGTERM');
      await ended;
    });

    it('stops when the watched standard input ends', async () => {
      const { child, ended } = await startEcho(`posix('watch_input')();${ECHO}`);
      child.stdin.write('some bytes');
      await new Promise((resolve) => setTimeout(resolve, 30));
      assert.equal(child.exitCode, null);
      child.stdin.end();
      assert.deepEqual(await ended, [0, null]);
    });

    it('refuses a port that is in use', async () => {
      const { status, errors } = await run(
        command("posix('datagram_open')(Number(posix('argument')(0)), 1, 1)", `${peerPort}`),
      );
      assert.equal(status, 1);
      assert.match(errors, new RegExp(`can't use UDP port ${peerPort} of 127.0.0.1: Address already in use`));
    });
  });
});
