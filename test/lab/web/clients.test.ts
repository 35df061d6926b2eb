import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { atcp, content, digests, sha256, tshark, writeTree } from '../system/laboratory.js';

const VIP = '10.77.0.10';
const LARGE = content(3_000_000, 1);
const PAGE = Buffer.from(
  `<!doctype html><title>page</title>${'<p>A paragraph like others.</p>'.repeat(2_000)}`,
);
const PICTURES = 12;

/** What `wget -r` finds, and what lies beside it. */
const linked: Record<string, Buffer> = {
  'index.html': Buffer.from(
    '<!doctype html><a href="sub/">sub</a><a href="sub/a%20b.txt">text</a>' +
      Array.from({ length: PICTURES }, (_, i) => `<img src="pictures/${i}.png">`).join(''),
  ),
  'sub/index.html': Buffer.from('<!doctype html><a href="../deep/er/">deeper</a>'),
  'sub/a b.txt': content(5_000, 2),
  'deep/er/index.html': Buffer.from('<!doctype html><a href="ünï.bin">umlauts</a>'),
  'deep/er/ünï.bin': content(70_001, 3),
};
for (let i = 0; i < PICTURES; i++) linked[`pictures/${i}.png`] = content(20_000 + i, 10 + i);
const files: Record<string, Buffer> = {
  ...linked,
  'large.bin': LARGE,
  'page.html': PAGE,
  'page.html.gz': gzipSync(PAGE),
  'page.html.br': brotliCompressSync(PAGE),
};

/** Asks for everything below at once, and writes down what came. */
const PIPELINE = `
const net = require('node:net'), fs = require('node:fs');
const socket = net.connect(80, process.env.ATCP_VIP);
const paths = Array.from({ length: ${PICTURES} }, (_, i) => '/pictures/' + i + '.png');
let text = paths.concat('/nowhere', '/large.bin').map((path) => 'GET ' + path + ' HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n').join('');
socket.write(text + 'GET /sub/ HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n');
const chunks = [];
socket.on('data', (chunk) => chunks.push(chunk));
socket.on('end', () => fs.writeFileSync('pipelined', Buffer.concat(chunks)));
`;

/** One laboratory for all: each line leaves its findings in files named after it. */
function script(got: string): string {
  const out = (name: string): string => `-D ${got}/${name}.head -o ${got}/${name}`;
  return `
cd ${got}
U=$ATCP_URL
c() { curl -sS --max-time 30 "$@" || echo "curl $* failed with $?" >> failures; }
c -r 1000-1999 ${out('range')} $U/large.bin
c -r -1000 ${out('suffix')} $U/large.bin
c -r 0-99,2000000-2099999,500-599 ${out('parts')} $U/large.bin
c -r 3000000- ${out('beyond')} $U/large.bin
c --compressed ${out('compressed')} $U/page.html
c -H 'Accept-Encoding: gzip' ${out('gzip')} $U/page.html
c ${out('page')} $U/page.html
c --etag-save etag ${out('tagged')} $U/large.bin
c --etag-compare etag ${out('compared')} $U/large.bin
c -z page ${out('unmodified')} $U/page.html
c -z '2001-01-01' ${out('modified')} $U/page.html
head -c 1234567 large-source > resumed
c -C - -D resumed.head -o resumed $U/large.bin
head -c 2000000 large-source > large.bin && wget -q -c $U/large.bin; echo $? > wget-c.status
c -I ${out('head')} $U/large.bin
c -X OPTIONS ${out('options')} $U/
c -X POST -d "$(head -c 100000 /dev/zero | tr '\\0' x)" ${out('post')} $U/
c -H "X: $(head -c 40000 /dev/zero | tr '\\0' x)" ${out('large-head')} $U/
c ${out('long-target')} $U/$(head -c 10000 /dev/zero | tr '\\0' x)
c -L ${out('slash')} $U/deep/er
c --path-as-is ${out('dots')} $U/sub/../../%2e%2e/page.html
c --parallel --parallel-max 16 --no-progress-meter --create-dirs -o 'parallel/#2/#1.png' "$U/pictures/[0-11].png?[1-4]"
wget -q -r -nH -P mirror $U/; echo $? > wget.status
ab -q -k -n 600 -c 8 $U/pictures/1.png > ab.txt 2>&1
ab -q -n 60 -c 4 $U/page.html > ab-close.txt 2>&1
wrk -t1 -c8 -d1s $U/page.html > wrk.txt 2>&1
node pipeline.cjs
`;
}

describe('lab: web clients, --board node', function () {
  this.timeout(120_000);
  let folder = '';
  let pcap = '';
  const got = (name: string): Buffer => readFileSync(join(folder, 'got', name));
  const text = (name: string): string => got(name).toString('latin1');
  /** The last head that curl saw. */
  const head = (name: string): string => text(`${name}.head`).trimEnd().split('\r\n\r\n').at(-1)!;
  const assertStatus = (name: string, status: number): void =>
    assert.match(head(name), new RegExp(`^HTTP/1\\.1 ${status} `), name);

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'atcp-test-'));
    pcap = join(folder, 'lab.pcapng');
    writeTree(join(folder, 'site'), files);
    mkdirSync(join(folder, 'got'));
    writeFileSync(join(folder, 'got', 'large-source'), LARGE);
    writeFileSync(join(folder, 'run.sh'), script(join(folder, 'got')));
    writeFileSync(join(folder, 'got', 'pipeline.cjs'), PIPELINE);
    const run = atcp(
      ...['lab', '--boards', '3', '--board', 'node', '--files', join(folder, 'site'), '--pcap', pcap],
      ...['--', 'sh', join(folder, 'run.sh')],
    );
    assert.equal(run.status, 0, run.stderr);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('curl -r gets the ranges that it asks for', () => {
    assertStatus('range', 206);
    assert.match(head('range'), /Content-Range: bytes 1000-1999\/3000000/);
    assert.equal(sha256(got('range')), sha256(LARGE.subarray(1000, 2000)));
    assert.equal(sha256(got('suffix')), sha256(LARGE.subarray(-1000)));
    assertStatus('beyond', 416);
    assert.match(head('beyond'), /Content-Range: bytes \*\/3000000/);
  });

  it('curl gets several ranges as parts', () => {
    assertStatus('parts', 206);
    const boundary = /Content-Type: multipart\/byteranges; boundary=(\w+)/.exec(head('parts'))![1]!;
    const part = (from: number, to: number): Buffer =>
      Buffer.concat([
        Buffer.from(`--${boundary}\r\nContent-Type: application/octet-stream\r\n`),
        Buffer.from(`Content-Range: bytes ${from}-${to}/3000000\r\n\r\n`),
        LARGE.subarray(from, to + 1),
        Buffer.from('\r\n'),
      ]);
    const expected = Buffer.concat([
      part(0, 99),
      part(2_000_000, 2_099_999),
      part(500, 599),
      Buffer.from(`--${boundary}--\r\n`),
    ]);
    assert.equal(sha256(got('parts')), sha256(expected));
    assert.match(head('parts'), new RegExp(`Content-Length: ${expected.length}`));
  });

  it('curl --compressed gets a variant and makes the page of it', () => {
    assert.match(head('compressed'), /Content-Encoding: br/);
    assert.equal(sha256(got('compressed')), sha256(PAGE));
    assert.match(head('gzip'), /Content-Encoding: gzip/);
    assert.equal(sha256(got('gzip')), sha256(files['page.html.gz']!));
    assert.doesNotMatch(head('page'), /Content-Encoding/);
    assert.equal(sha256(got('page')), sha256(PAGE));
    for (const name of ['compressed', 'gzip', 'page']) assert.match(head(name), /Vary: Accept-Encoding/);
    const tags = ['compressed', 'gzip', 'page'].map((name) => /ETag: (\S+)/.exec(head(name))![1]);
    assert.equal(new Set(tags).size, 3);
  });

  it('curl --etag-compare and -z learn that nothing has changed', () => {
    assertStatus('tagged', 200);
    assertStatus('compared', 304);
    assertStatus('unmodified', 304);
    assertStatus('modified', 200);
  });

  it('curl -C - and wget -c resume', () => {
    assertStatus('resumed', 206);
    assert.match(head('resumed'), /Content-Range: bytes 1234567-2999999\/3000000/);
    assert.equal(sha256(got('resumed')), sha256(LARGE));
    assert.equal(text('wget-c.status'), '0\n');
    assert.equal(sha256(got('large.bin')), sha256(LARGE));
  });

  it('curl learns of methods and limits, and no transfer fails', () => {
    assertStatus('head', 200);
    assert.match(head('head'), /Content-Length: 3000000/);
    assertStatus('options', 204);
    assertStatus('post', 405);
    assertStatus('large-head', 431);
    assertStatus('long-target', 414);
    assert.match(text('slash.head'), /^HTTP\/1\.1 301 .*\r\nLocation: \/deep\/er\/\r\n/s);
    assert.equal(sha256(got('slash')), sha256(files['deep/er/index.html']!));
    assertStatus('dots', 200);
    assert.equal(sha256(got('dots')), sha256(PAGE));
    assert.throws(() => text('failures'), /ENOENT/);
  });

  it('wget -r mirrors what is linked', () => {
    assert.equal(text('wget.status'), '0\n');
    const want = Object.fromEntries(Object.entries(linked).map(([path, bytes]) => [path, sha256(bytes)]));
    assert.deepEqual(digests(join(folder, 'got', 'mirror')), want);
  });

  it('curl --parallel gets 48 files, 16 at a time', () => {
    for (const turn of [1, 2, 3, 4]) {
      const want = Array.from({ length: PICTURES }, (_, i) => [
        `${i}.png`,
        sha256(files[`pictures/${i}.png`]!),
      ]);
      assert.deepEqual(digests(join(folder, 'got', 'parallel', String(turn))), Object.fromEntries(want));
    }
  });

  it('ab, with and without keep-alive, has no failed request', () => {
    for (const [name, requests] of [
      ['ab.txt', 600],
      ['ab-close.txt', 60],
    ] as const) {
      assert.match(text(name), new RegExp(`Complete requests: +${requests}\n`), text(name));
      assert.match(text(name), /Failed requests: +0\n/);
      assert.doesNotMatch(text(name), /Non-2xx/);
    }
    assert.match(text('ab.txt'), /Keep-Alive requests: +600\n/);
  });

  it('wrk sees no error', () => {
    assert.match(text('wrk.txt'), /\d+ requests in/);
    assert.doesNotMatch(text('wrk.txt'), /Socket errors|Non-2xx/, text('wrk.txt'));
    assert.ok(Number(/(\d+) requests in/.exec(text('wrk.txt'))![1]) > 20);
  });

  it('pipelined requests are answered in order, by several boards on one connection', () => {
    let rest = got('pipelined');
    const bodies: Buffer[] = [];
    while (rest.length > 0) {
      const end = rest.indexOf('\r\n\r\n') + 4;
      const length = Number(/Content-Length: (\d+)/.exec(rest.toString('latin1', 0, end))![1]);
      bodies.push(rest.subarray(end, end + length));
      rest = rest.subarray(end + length);
    }
    const want = Array.from({ length: PICTURES }, (_, i) => sha256(files[`pictures/${i}.png`]!));
    assert.deepEqual(bodies.slice(0, PICTURES).map(sha256), want);
    assert.match(bodies[PICTURES]!.toString(), /404 Not Found/);
    assert.equal(sha256(bodies[PICTURES + 1]!), sha256(LARGE));
    assert.equal(sha256(bodies[PICTURES + 2]!), sha256(files['sub/index.html']!));
    const request = tshark(pcap, 'http.request.uri == "/pictures/0.png"', 'tcp.stream').at(-1)!;
    const senders = new Set(
      tshark(
        pcap,
        `tcp.stream == ${request[0]} && ip.src == ${VIP} && tcp.len > 1000`,
        'frame.interface_name',
      ).map(([port]) => port!),
    );
    assert.ok(senders.size >= 2, `boards: ${[...senders].join(', ')}`);
  });
});

describe('lab: web clients, --board xs', function () {
  this.timeout(120_000);

  it('ranges, parts, variants and conditions', () => {
    const folder = mkdtempSync(join(tmpdir(), 'atcp-test-'));
    try {
      writeTree(join(folder, 'site'), files);
      const script = `
cd ${folder}
curl -sS -r 4000-8999 -o range $ATCP_URL/large.bin
curl -sS -r 0-0,-5000 -o parts $ATCP_URL/large.bin
curl -sS --compressed -o page $ATCP_URL/page.html
curl -sS -H 'If-None-Match: *' -w '%{http_code}' -o none $ATCP_URL/page.html`;
      const run = atcp('lab', '--board', 'xs', '--files', join(folder, 'site'), '--', 'sh', '-c', script);
      assert.equal(run.status, 0, run.stderr);
      assert.equal(run.stdout, '304');
      const got = (name: string): Buffer => readFileSync(join(folder, name));
      assert.equal(sha256(got('range')), sha256(LARGE.subarray(4000, 9000)));
      assert.ok(got('parts').includes(LARGE.subarray(-5000)));
      assert.match(got('parts').toString('latin1'), /Content-Range: bytes 0-0\/3000000\r\n\r\n.\r\n--/s);
      assert.equal(sha256(got('page')), sha256(PAGE));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
