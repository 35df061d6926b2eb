/** Mode `relayed` against mode `decoded`, the firmware answering in both: the same request, the same answer. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ackUpTotal } from '../../../src/wire/atcp/ack-up.js';
import { commandArguments, commandOpcode, Opcode, RelayArgument } from '../../../src/wire/atcp/command.js';
import {
  checkStatement,
  StatementKind,
  statementKind,
  statementLength,
} from '../../../src/wire/atcp/statements.js';
import { UNKNOWN_U64 } from '../../../src/wire/bytes.js';
import { seededRandom } from '../../front-end/auto-client.js';
import { pattern, volumeImage } from '../../back-end/support/volume-image.js';
import type { WebConfiguration } from '../../../src/services/web/index.js';
import { damageSector, layoutOf } from '../../hostile/card.js';
import { Client, get, Site } from './site.js';

const LARGE = pattern(400_000, 2);
const SMALL = pattern(700, 1);
const FIELDS = [
  'etag',
  'last-modified',
  'content-type',
  'content-length',
  'content-range',
  'accept-ranges',
  'cache-control',
  'connection',
  'location',
];

interface Reply {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Replies so far; `methods` says which of them have no body whatever their length field says. */
function repliesOf(client: Client, methods: readonly string[]): Reply[] {
  const replies: Reply[] = [];
  for (let at = 0; ;) {
    const end = client.received.indexOf('\r\n\r\n', at);
    if (end === -1) return replies;
    const [line, ...rest] = client.received.toString('latin1', at, end).split('\r\n');
    assert.match(line!, /^HTTP\/1\.1 \d{3} [A-Z]/, 'a reply begins where the one before ended');
    const fields = new Map(
      rest.map((each) => [each.slice(0, each.indexOf(':')).toLowerCase(), each.slice(each.indexOf(':') + 2)]),
    );
    const status = Number(line!.slice(9, 12));
    const none = methods[replies.length] === 'HEAD' || status === 304;
    const length = none ? 0 : Number(fields.get('content-length') ?? 0);
    if (client.received.length < end + 4 + length) return replies;
    replies.push({ status, fields, body: client.received.subarray(end + 4, end + 4 + length) });
    at = end + 4 + length;
  }
}

describe('services/web: relayed', () => {
  let image: Uint8Array;

  before(async () => {
    image = await volumeImage(
      new Map([
        ['large.bin', LARGE],
        ['small.txt', SMALL],
        ['docs/index.html', Buffer.from('<p>docs</p>')],
        ['empty', new Uint8Array(0)],
        ['name with ünï.css', SMALL],
      ]),
    );
  });

  async function open(boardCount: number, configuration: Partial<WebConfiguration> = {}): Promise<Site> {
    const site = new Site(boardCount, image, { precompressed: false, ...configuration });
    await site.run(500, () => site.backEnds.boards.every((board) => board.available));
    return site;
  }

  async function answers(site: Site, port: number, requests: readonly string[]): Promise<Reply[]> {
    const client = new Client(site, port);
    const methods = requests.map((each) => each.slice(0, each.indexOf(' ')));
    const replies: Reply[] = [];
    for (let at = 0; at < requests.length; at += 6) {
      for (const request of requests.slice(at, at + 6)) client.say(request);
      const wanted = Math.min(at + 6, requests.length);
      await site.run(6_000, () => repliesOf(client, methods).length === wanted);
      assert.equal(
        repliesOf(client, methods).length,
        wanted,
        `replies to ${requests.slice(at, wanted).join('')}`,
      );
    }
    replies.push(...repliesOf(client, methods));
    assert.equal(client.reset, false);
    return replies;
  }

  it('sends head and body from a board: the front-end sends nothing', async () => {
    const site = await open(2, { mode: 'relayed' });
    const [reply, missing, small] = await answers(site, 40_001, [
      get('/large.bin'),
      get('/none'),
      get('/small.txt'),
    ]);
    assert.equal(reply!.status, 200);
    assert.equal(Buffer.compare(reply!.body, LARGE), 0);
    assert.equal(missing!.status, 404);
    assert.equal(Buffer.compare(small!.body, SMALL), 0);
    assert.equal(site.frontEndPayloadBytes, 0);
    assert.equal(reply!.fields.get('date'), new Date(1_800_000_000_000).toUTCString());
    await site.run(50);
    assert.deepEqual(
      site.boards.map(({ board }) => board.slotsUsed),
      [0, 0],
    );
  });

  it('agrees with the mode decoded on status, body and fields, but for Keep-Alive', async () => {
    const [decoded, relayed] = [await open(1), await open(1, { mode: 'relayed' })];
    const [first] = await answers(decoded, 40_001, [get('/large.bin')]);
    const etag = first!.fields.get('etag')!;
    const modified = Date.parse(first!.fields.get('last-modified')!);
    const tag = fc.constantFrom(
      etag,
      `W/${etag}`,
      '"x"',
      '*',
      `"x", ${etag}`,
      'junk',
      '"00112233445566778899aabbccddeeff"',
    );
    const date = fc
      .constantFrom(-1000, 0, 1000, -86_400_000)
      .map((ms) => new Date(modified + ms).toUTCString());
    const number = fc.oneof(fc.nat(400_010), fc.constantFrom(0, 1, 699, 700, 4095, 4096, 399_999, 400_000));
    const range = fc.oneof(
      fc.tuple(number, number).map(([a, b]) => `bytes=${a}-${b}`),
      number.map((a) => `bytes=${a}-`),
      number.map((a) => `bytes=-${a}`),
      fc.constantFrom('bytes=', 'lines=1-2', 'bytes=5-4', 'bytes=1-2,5000-6000', 'bytes=x-y'),
    );
    const maybe = <T>(value: fc.Arbitrary<T>, weight = 3): fc.Arbitrary<T | undefined> =>
      fc.oneof({ weight, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
    const request = fc
      .record({
        method: fc.constantFrom('GET', 'GET', 'HEAD', 'OPTIONS', 'PUT'),
        path: fc.constantFrom(
          'large.bin',
          'small.txt',
          'empty',
          'none',
          'docs/',
          'docs',
          'name%20with%20%C3%BCn%C3%AF.css',
          'docs/index.html',
        ),
        range: maybe(range, 1),
        fields: fc.record({
          'If-Match': maybe(tag, 8),
          'If-None-Match': maybe(tag),
          'If-Modified-Since': maybe(date),
          'If-Unmodified-Since': maybe(date, 8),
          'If-Range': maybe(fc.oneof(tag, date)),
        }),
      })
      .map(({ method, path, range, fields }) => {
        const lines = Object.entries({ Range: range, ...fields }).filter(([, value]) => value !== undefined);
        const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
        return `${method} /${path} HTTP/1.1\r\nHost: site\r\n${head}\r\n`;
      });
    const requests = fc.sample(request, { numRuns: 240, seed: 20 });
    const [expected, actual] = [
      await answers(decoded, 40_002, requests),
      await answers(relayed, 40_002, requests),
    ];
    const seen = new Set<number>();
    for (const [i, each] of expected.entries()) {
      const other = actual[i]!;
      seen.add(each.status);
      assert.equal(other.status, each.status, requests[i]);
      // The boundary between parts is made anew each time.
      if (/multipart/.test(each.fields.get('content-type') ?? '')) continue;
      const names = ({ fields }: Reply): string[] =>
        [...fields.keys()].filter((name) => name !== 'keep-alive').sort();
      assert.deepEqual(names(other), names(each), requests[i]);
      for (const name of FIELDS)
        assert.equal(other.fields.get(name), each.fields.get(name), `${name} of ${requests[i]}`);
      assert.equal(Buffer.compare(other.body, each.body), 0, requests[i]);
    }
    assert.deepEqual([...seen].sort(), [200, 204, 206, 301, 304, 404, 405, 412, 416]);
  }).timeout(120_000);

  it('delivers every byte although segments are lost, and a board is switched off in the middle', async () => {
    const site = await open(2, { mode: 'relayed' });
    let state = 7;
    site.lose = (fromBoard) =>
      fromBoard && (state = (Math.imul(state, 48_271) >>> 0) % 0x7fff_ffff) % 20 === 0;
    const client = new Client(site, 40_003);
    client.say(get('/large.bin'));
    await site.run(3_000, () => client.received.length > 100_000);
    site.boards.find(({ board }) => board.slotsUsed > 0)!.powered = false;
    await site.run(20_000, () => repliesOf(client, ['GET']).length === 1);
    assert.equal(Buffer.compare(repliesOf(client, ['GET'])[0]!.body, LARGE), 0);
    assert.equal(site.backEnds.counters.spansMoved, 1);
  }).timeout(60_000);

  it('delivers every reply although frames of the data link are lost and doubled', async () => {
    const site = await open(2, { mode: 'relayed' });
    const random = seededRandom(5);
    const copies = (): number => (random() < 0.2 ? 0 : random() < 0.2 ? 2 : 1);
    site.copiesFromBoard = copies;
    site.copiesToBoard = copies;
    const client = new Client(site, 40_009);
    for (let round = 0; round < 6; round++) client.say(get('/small.txt') + get('/none') + get('/large.bin'));
    await site.run(30_000, () => client.responses().length === 18);
    for (const [i, { head, body }] of client.responses().entries()) {
      assert.match(head, i % 3 === 1 ? /^HTTP\/1\.1 404 / : /^HTTP\/1\.1 200 /);
      if (i % 3 !== 1) assert.equal(Buffer.compare(body, i % 3 === 0 ? SMALL : LARGE), 0, `reply ${i}`);
    }
    assert.equal(client.responses().length, 18);
    assert.equal(site.frontEndPayloadBytes, 0);
    assert.ok(site.backEnds.counters.commandsRepeated > 0);
    site.copiesFromBoard = site.copiesToBoard = () => 1;
    await site.run(5_000, () => site.backEnds.outstanding === 0);
    await site.run(20);
    assert.deepEqual(
      site.boards.map(({ board }) => [board.slotsUsed, board.memory.lent]),
      [
        [0, 0],
        [0, 0],
      ],
    );
  }).timeout(60_000);

  it('asks again soon for a total whose report was lost', async () => {
    const site = await open(1, { mode: 'relayed' });
    const client = new Client(site, 40_007);
    await site.run(20);
    const startedUs = site.rig.nowUs;
    let lost = 0;
    site.copiesFromBoard = (frame) => (lost < 2 && namesTotal(frame) && ++lost > 0 ? 0 : 1);
    client.say(get('/small.txt'));
    await site.run(1_000, () => client.responses().length === 1);
    assert.equal(lost, 2);
    assert.equal(Buffer.compare(client.responses()[0]!.body, SMALL), 0);
    const tookMs = (site.rig.nowUs - startedUs) / 1000;
    assert.ok(tookMs < 150, `${tookMs} ms`);
    assert.ok(site.backEnds.counters.stallReminders > 0);
    await site.run(3_000);
    assert.equal(site.backEnds.outstanding, 0);
  });

  it('keeps the connection, and closes it when it is asked to', async () => {
    const site = await open(1, { mode: 'relayed' });
    const client = new Client(site, 40_004);
    client.say(get('/small.txt'));
    await site.run(1_000, () => client.responses().length === 1);
    assert.equal(client.finished, false);
    client.say('GET /small.txt HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n');
    await site.run(1_000, () => client.finished);
    const [, last] = client.responses();
    assert.match(last!.head, /\r\nConnection: close\r\n/);
    assert.equal(Buffer.compare(last!.body, SMALL), 0);
    assert.equal(client.finished, true);
    assert.equal(client.reset, false);
  });

  it('says 502 in the place of a reply that no board can begin, and keeps the connection', async () => {
    const damaged = image.slice();
    damageSector(damaged, layoutOf(damaged).record('small.txt'));
    const site = new Site(2, damaged, { mode: 'relayed' });
    await site.run(500, () => site.backEnds.boards.every((board) => board.available));
    const requests = [
      get('/large.bin'),
      get('/small.txt'),
      get('/small.txt').replace('GET', 'HEAD'),
      get('/empty'),
    ];
    requests.push('GET /small.txt HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n');
    const client = new Client(site, 40_008);
    client.say(requests.join(''));
    await site.run(6_000, () => client.finished);
    const replies = repliesOf(client, ['GET', 'GET', 'HEAD', 'GET', 'GET']);
    assert.deepEqual(
      replies.map(({ status, fields }) => [status, fields.get('connection')]),
      [
        [200, 'keep-alive'],
        [502, 'keep-alive'],
        [502, 'keep-alive'],
        [200, 'keep-alive'],
        [502, 'close'],
      ],
    );
    assert.equal(Buffer.compare(replies[0]!.body, LARGE), 0);
    assert.match(replies[1]!.body.toString(), /<h1>502 Bad Gateway<\/h1>/);
    assert.deepEqual([client.finished, client.reset], [true, false]);
    assert.equal(site.backEnds.counters.spansFailed, 3);
    await site.run(500);
    assert.equal(site.backEnds.outstanding, 0);
  });

  it('says 503 while no board is there', async () => {
    const site = await open(1, { mode: 'relayed' });
    site.boards[0]!.powered = false;
    await site.run(2_000);
    const client = new Client(site, 40_005);
    client.say(get('/small.txt'));
    await site.run(200, () => client.responses().length === 1);
    assert.match(client.responses()[0]!.head, /^HTTP\/1\.1 503/);
  });

  for (const [what, request, status] of [
    ['a line break in the path', 'GET /small.txt%0d%0aX-Evil:%20MARK HTTP/1.1\r\nHost: site\r\n\r\n', 404],
    [
      'a bare line feed in a field',
      'GET /small.txt HTTP/1.1\r\nHost: site\r\nX: a\nMARK: b\r\n\r\n',
      undefined,
    ],
    [
      'a folded field',
      'GET /small.txt HTTP/1.1\r\nHost: site\r\nIf-Match: "x",\r\n "MARK"\r\n\r\n',
      undefined,
    ],
    [
      'two lengths',
      'GET /small.txt HTTP/1.1\r\nHost: site\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nMARK',
      400,
    ],
    [
      'a length and a coding',
      'GET /small.txt HTTP/1.1\r\nHost: site\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /MARK HTTP/1.1\r\n\r\n',
      400,
    ],
    ['an absolute target', 'GET http://MARK/small.txt?MARK HTTP/1.1\r\nHost: site\r\n\r\n', 200],
    [
      'fields that boards do not use',
      'GET /small.txt HTTP/1.1\r\nHost: site\r\nCookie: MARK\r\nRange: bytes=MARK\r\n\r\n',
      200,
    ],
  ] as const)
    it(`hands nothing of the client's bytes on: ${what}`, async () => {
      const site = await open(1, { mode: 'relayed' });
      const commands: Uint8Array[] = [];
      const { arrived } = site.boards[0]!.nic;
      const push = arrived.push.bind(arrived);
      arrived.push = (...frames: Uint8Array[]) => {
        for (const frame of frames) commands.push(...statements(frame, StatementKind.command));
        return push(...frames);
      };
      const client = new Client(site, 40_006);
      client.say(request);
      await site.run(400);
      const statuses = [...client.received.toString('latin1').matchAll(/HTTP\/1\.1 (?<status>\d{3}) /g)];
      assert.equal(statuses.length, 1, 'one reply to one request');
      if (status !== undefined) assert.equal(Number(statuses[0]!.groups!['status']), status);
      for (const command of commands) {
        if (commandOpcode(command, 0) !== Opcode.relay) continue;
        const args = commandArguments(command, 0);
        const nameBytes = command[args + RelayArgument.nameLength]!;
        const tags = command[args + RelayArgument.matchTags]! + command[args + RelayArgument.noneMatchTags]!;
        const nameAt = args + RelayArgument.tags + 16 * tags;
        const rest = Buffer.from(command).fill(0, nameAt, nameAt + nameBytes);
        assert.equal(rest.includes('MARK'), false);
      }
      assert.equal(client.received.includes('\r\nX-Evil'), false);
    });
});

/** The statements of a kind in a frame. */
function statements(frame: Uint8Array, kind: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  const end = 14 + ((frame[18]! << 8) | frame[19]!);
  if (frame[15] !== 5) return found;
  for (let at = 14 + 32; checkStatement(frame, at, end) === 'ok'; at += statementLength(frame, at))
    if (statementKind(frame, at) === kind) found.push(frame.slice(at, at + statementLength(frame, at)));
  return found;
}

function namesTotal(frame: Uint8Array): boolean {
  return statements(frame, StatementKind.ackUp).some((report) => ackUpTotal(report, 0) !== UNKNOWN_U64);
}
