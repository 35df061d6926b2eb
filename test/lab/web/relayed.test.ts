/** Mode `relayed` in the laboratory: boards answer by themselves, and nobody can tell from the answers. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atcp, content, digests, sha256, tshark, writeTree } from '../system/laboratory.js';

interface Answer {
  readonly line: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Bytes as Latin-1. */
  readonly body: string;
}

interface Answers {
  readonly kept: readonly Answer[];
  readonly pipelined: readonly Answer[];
  readonly attacked: readonly (readonly Answer[])[];
}

const SECRET = Buffer.from('what no other request may bring');
const MANY = Array.from({ length: 120 }, (_, i) => `many/a-file-with-a-long-name-${i}.bin`);
const FILES: Record<string, Buffer> = {
  'large.bin': content(1_000_000, 1),
  'small.txt': content(700, 2),
  empty: Buffer.alloc(0),
  'ünï & co.css': content(5_000, 3),
  'secret.txt': SECRET,
  ...Object.fromEntries(MANY.map((name, i) => [name, content(3_000 + i, i)])),
};

const HOST = '\r\nHost: site\r\n';
const ASKED: readonly (readonly [request: string, status: number, body?: Buffer])[] = [
  ['GET /large.bin', 200, FILES['large.bin']!],
  ['GET /small.txt', 200, FILES['small.txt']!],
  ['HEAD /small.txt', 200],
  ['GET /empty', 200],
  ['GET /%C3%BCn%C3%AF%20&%20co.css', 200, FILES['ünï & co.css']!],
  ['GET /large.bin Range: bytes=4090-12299', 206, FILES['large.bin']!.subarray(4090, 12_300)],
  ['GET /large.bin Range: bytes=-1000', 206, FILES['large.bin']!.subarray(-1000)],
  ['GET /large.bin Range: bytes=1000000-', 416],
  ['GET /large.bin If-None-Match: {etag}', 304],
  ['GET /large.bin If-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT', 304],
  ['GET /large.bin If-Match: "x"', 412],
  ['GET /nowhere', 404],
  ['HEAD /nowhere', 404],
  ['GET /many', 301],
  ['HEAD /many', 301],
  // Beyond boards: the front-end answers, in the same order.
  ['OPTIONS /small.txt', 204],
  ['PUT /small.txt', 405],
  ['GET /many/', 200],
  ['GET /small.txt', 200, FILES['small.txt']!],
];

/** How many answers there may be, none of them with the secret. */
const ATTACKS: readonly (readonly [request: string, answers: number])[] = [
  [
    `GET /small.txt HTTP/1.1${HOST}Content-Length: 46\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /secret.txt HTTP/1.1${HOST}\r\n`,
    1,
  ],
  [
    `GET /small.txt HTTP/1.1${HOST}Content-Length: 5\r\nContent-Length: 0\r\n\r\nGET /secret.txt HTTP/1.1${HOST}\r\n`,
    1,
  ],
  [`GET /small.txt HTTP/1.1${HOST}Content-Length: 42\r\n\r\nGET /secret.txt HTTP/1.1${HOST}\r\n`, 1],
  [
    `GET /small.txt HTTP/1.1${HOST}Transfer-Encoding: chunked\r\n\r\n2a\r\nGET /secret.txt HTTP/1.1${HOST}\r\n\r\n0\r\n\r\n`,
    1,
  ],
  [`GET /small.txt HTTP/1.1${HOST}X: a\n\nGET /secret.txt HTTP/1.1\nHost: site\n\n`, 1],
  [`GET /small.txt%20HTTP/1.1%0d%0a%0d%0aGET%20/secret.txt HTTP/1.1${HOST}\r\n`, 1],
  [`GET /small.txt HTTP/1.1${HOST}Transfer-Encoding: xchunked\r\n\r\nGET /secret.txt HTTP/1.1${HOST}\r\n`, 1],
];

function requestText(request: string): string {
  const [, start, fields] = /^(\S+ \S+)(?: (.*))?$/.exec(request)!;
  return `${start} HTTP/1.1${HOST}${fields === undefined ? '' : `${fields}\r\n`}\r\n`;
}

describe('lab: web, --web-mode relayed', function () {
  this.timeout(180_000);
  let folder = '';
  const pcap = (): string => join(folder, 'relayed.pcapng');
  const answersOf = (mode: string): Answers =>
    JSON.parse(readFileSync(join(folder, `${mode}.json`), 'utf8')) as Answers;

  function lab(mode: 'decoded' | 'relayed', ...more: string[]): void {
    const run = atcp(
      ...['lab', '--board', 'xs,node', '--files', join(folder, 'site'), '--web-mode', mode, ...more],
      ...['--', 'sh', join(folder, `${mode}.sh`)],
    );
    assert.equal(run.status, 0, run.stderr);
    assert.equal(run.stderr, '');
  }

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'atcp-test-'));
    writeTree(join(folder, 'site'), FILES);
    const said = {
      requests: ASKED.map(([request]) => requestText(request)),
      attacks: ATTACKS.map(([text]) => text),
    };
    writeFileSync(join(folder, 'asked.json'), JSON.stringify(said));
    const asker = fileURLToPath(new URL('asker.cjs', import.meta.url));
    const ask = (mode: string): string => `node ${asker} ${folder}/asked.json ${folder}/${mode}.json\n`;
    const curl = `curl -sS --no-progress-meter --fail --max-time 60`;
    writeFileSync(join(folder, 'decoded.sh'), ask('decoded'));
    writeFileSync(
      join(folder, 'relayed.sh'),
      `set -e
${ask('relayed')}cd ${folder}
${curl} -o listing.html "$ATCP_URL/many/"
${curl} -I -o head.txt "$ATCP_URL/large.bin"
${curl} --parallel --parallel-max 16 --create-dirs -o 'parallel/a-file-with-a-long-name-#1.bin' \\
  "$ATCP_URL/many/a-file-with-a-long-name-[0-39].bin"
`,
    );
    lab('decoded');
    lab('relayed', '--pcap', pcap());
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const how of ['kept', 'pipelined'] as const)
    it(`answers as it should, connection ${how}`, () => {
      const answers = answersOf('relayed')[how];
      assert.equal(answers.length, ASKED.length);
      for (const [i, [request, status, body]] of ASKED.entries()) {
        assert.match(answers[i]!.line, new RegExp(`^HTTP/1\\.1 ${status} `), request);
        const got = Buffer.from(answers[i]!.body, 'latin1');
        if (body !== undefined) assert.equal(sha256(got), sha256(body), request);
      }
    });

  it('gives the answers of mode decoded, but for Keep-Alive, dates and variants', () => {
    const [relayed, decoded] = [answersOf('relayed').kept, answersOf('decoded').kept];
    const comparable = ({ line, fields, body }: Answer): unknown => {
      assert.match(fields['date']!, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
      // Boards do not look for variants, so nothing varies; each laboratory makes a card, and versions, of its own.
      const same = Object.entries(fields)
        .filter(([name]) => !['date', 'keep-alive', 'vary'].includes(name))
        .map(([name, value]) => [name, name === 'etag' ? value.replace(/[0-9a-f]{32}/, 'version') : value]);
      return { line, fields: Object.fromEntries(same), body: sha256(Buffer.from(body, 'latin1')) };
    };
    for (const [i, [request]] of ASKED.entries())
      assert.deepEqual(comparable(relayed[i]!), comparable(decoded[i]!), request);
  });

  it('lets boards say what boards know, and the front-end only the rest', () => {
    const said = new Map<string, Set<string>>();
    for (const [port, code] of tshark(pcap(), 'http.response', 'frame.interface_name', 'http.response.code'))
      for (const each of code!.split(',')) said.set(port!, (said.get(port!) ?? new Set()).add(each));
    const byBoards = new Set([...(said.get('board-1') ?? []), ...(said.get('board-2') ?? [])]);
    assert.deepEqual([...byBoards].sort(), ['200', '206', '301', '304', '404', '412', '416']);
    // 200: the listing.
    assert.deepEqual([...said.get('front-end')!].sort(), ['200', '204', '400', '405', '501']);
  });

  it('cannot be made to answer a request within a request', () => {
    for (const mode of ['relayed', 'decoded'])
      for (const [i, answers] of answersOf(mode).attacked.entries()) {
        const [text, count] = ATTACKS[i]!;
        assert.equal(answers.length, count, `${mode}: ${text}`);
        for (const { body } of answers) assert.equal(body.includes(SECRET.toString()), false, text);
      }
  });

  it('lists a directory of several pages', () => {
    const page = readFileSync(join(folder, 'listing.html'), 'utf8');
    const links = [...page.matchAll(/<a href="(?<name>[^"]+)"/g)].map(({ groups }) => groups!['name']!);
    const want = MANY.map((name) => encodeURIComponent(name.slice('many/'.length)));
    assert.deepEqual(links.filter((link) => link !== '../').sort(), want.sort());
  });

  it('serves curl: HEAD, and 40 files with 16 connections at a time', () => {
    assert.match(readFileSync(join(folder, 'head.txt'), 'latin1'), /\r\nContent-Length: 1000000\r\n/);
    const want = MANY.slice(0, 40).map((name) => [name.slice('many/'.length), sha256(FILES[name]!)]);
    assert.deepEqual(digests(join(folder, 'parallel')), Object.fromEntries(want));
  });

  it('shows tshark no bad checksum, and no RST of the server', () => {
    const bad = '(tcp.checksum.status == "Bad" && tcp.checksum != 0xffff) || ip.checksum.status == "Bad"';
    const reset = 'ip.src == 10.77.0.10 && tcp.flags.reset == 1';
    assert.deepEqual(tshark(pcap(), `${bad} || (${reset})`, 'frame.number', '_ws.col.Info'), []);
  });
});
