import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { atcp, content, root, startAtcp, writeTree } from './laboratory.js';

/** Processes of this machine that have `text` in their command line. */
function processesWith(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return line.includes(text) ? [`${pid} ${line}`] : [];
      } catch {
        return [];
      }
    });
}

async function gone(text: string): Promise<string[]> {
  for (let i = 0; i < 50 && processesWith(text).length > 0; i++) await sleep(100);
  return processesWith(text);
}

/** What a laboratory has left in its temporary folder. */
function leftovers(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('atcp-'));
}

describe('lab: behaviour', function () {
  this.timeout(120_000);
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'atcp-test-'));
    writeTree(join(folder, 'site'), { 'a.txt': content(10_000, 1) });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const lab = (...rest: string[]): string[] => [
    'lab',
    '--board',
    'node',
    '--files',
    join(folder, 'site'),
    ...rest,
  ];

  it('ends with the exit status of the command, and the command sees its variables', () => {
    const run = atcp(
      ...lab('--', 'sh', '-c', 'echo "$ATCP_URL $ATCP_VIP $ATCP_BOARDS $ATCP_WEB_PORT"; exit 7'),
    );
    assert.equal(run.stdout, 'http://10.77.0.10 10.77.0.10 1 80\n');
    assert.equal(run.status, 7);
  });

  it('says which command is missing, with status 127 or 255', () => {
    const run = atcp(...lab('--', 'no-such-program-anywhere'));
    assert.notEqual(run.status, 0);
    assert.match(run.stderr, /no-such-program-anywhere/);
  });

  it('answers ping and closed ports as a server does', () => {
    const script = 'ping -c 2 -W 2 "$ATCP_VIP" >/dev/null && curl -sS --max-time 5 "http://$ATCP_VIP:81/"';
    const run = atcp(...lab('--', 'sh', '-c', script));
    assert.equal(run.status, 7, `curl: connection refused; ${run.stderr}`);
  });

  it('ends everything on Ctrl-C', async () => {
    const child = startAtcp(folder, ...lab('--', 'sh', '-c', 'echo up; sleep 4711'));
    await once(child.stdout!, 'data');
    assert.ok(processesWith('sleep 4711').length > 0);
    process.kill(-child.pid!, 'SIGINT');
    const [status] = (await once(child, 'exit')) as [number | null];
    assert.equal(status, 130);
    assert.deepEqual(await gone('sleep 4711'), []);
    assert.deepEqual(await gone(folder), []);
    assert.deepEqual(leftovers(folder), []);
  });

  it('ends everything when it is killed itself', async () => {
    const child = startAtcp(folder, ...lab('--', 'sh', '-c', 'echo up; sleep 4712'));
    await once(child.stdout!, 'data');
    child.kill('SIGKILL');
    assert.deepEqual(await gone('sleep 4712'), []);
    assert.deepEqual(await gone(folder), []);
  });

  it('runs as an ordinary user where user namespaces are allowed', function () {
    if (process.getuid!() !== 0) return; // every other test of this file has then shown it
    const script = `node ${join(root, 'src/cli/launch.mjs')} lab --board node --files ${join(folder, 'site')} -- sh -c 'curl -sS "$ATCP_URL/a.txt" | sha256sum'`;
    spawnSync('chmod', ['-R', 'a+rX', folder]);
    const run = spawnSync(
      'setpriv',
      ['--reuid=65534', '--regid=65534', '--clear-groups', 'sh', '-c', script],
      {
        encoding: 'utf8',
        env: { ...process.env, HOME: '/tmp' },
      },
    );
    const expected = spawnSync('sha256sum', { input: content(10_000, 1), encoding: 'utf8' }).stdout;
    assert.equal(run.stdout, expected, run.stderr);
  });

  it('refuses wrong flags with the reason', () => {
    for (const [flags, reason] of [
      [['--boards', '0', '--', 'true'], /whole number from 1/],
      [['--loss', '2', '--', 'true'], /probability/],
      [['--board', 'toaster', '--', 'true'], /one of xs, node/],
      [['--files', '/no/such/folder', '--', 'true'], /no folder/],
    ] as const) {
      const run = atcp('lab', ...flags);
      assert.notEqual(run.status, 0);
      assert.match(run.stderr, reason);
    }
  });
});

describe('start', function () {
  this.timeout(180_000);
  it('--once checks itself, shows the ladder with the patent’s numbers, and ends with 0', () => {
    const run = atcp('start', '--once');
    assert.equal(run.status, 0, run.stdout + run.stderr);
    for (const number of ['21', '22', '23', '24', '25', '26', '27', '28', '29'])
      assert.match(run.stdout, new RegExp(`ms +${number}  \\w`), `rung ${number}`);
    assert.match(run.stdout, /Self-check passed/);
  });

  it('opens a page on 127.0.0.1 until Ctrl-C', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'atcp-test-'));
    const child = startAtcp(scratch, 'start', '--port', '0');
    let output = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
    const deadline = Date.now() + 120_000;
    while (!/relay ready/.test(output) && Date.now() < deadline && child.exitCode === null) await sleep(100);
    const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(output)?.[0];
    assert.ok(url, output);
    const page = await (await fetch(url)).text();
    assert.match(page, /SD card/);
    const picture = await fetch(new URL('pictures/plate%201.png', url));
    assert.equal(picture.headers.get('content-type'), 'image/png');
    assert.ok((await picture.arrayBuffer()).byteLength > 1000);
    process.kill(-child.pid!, 'SIGINT');
    await once(child, 'exit');
    assert.deepEqual(await gone(scratch), []);
    rmSync(scratch, { recursive: true });
  });
});
