import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Status, TraceLine } from '../../../src/control/protocol.js';
import { atcp, content, root, sha256, writeTree } from './laboratory.js';

const SMALL_BYTES = 123_457;
const LARGE_BYTES = 3_000_001;
const ATCP = `"${process.execPath}" "${join(root, 'src/cli/launch.mjs')}"`;

/** One request under trace; then a slow one, looked at half-way, its client stopped; then everything at rest. */
const SCRIPT = `
  ${ATCP} trace --json > trace.ndjson & trace=$!
  until grep -q listening trace.ndjson; do sleep 0.05; done
  curl -sS --fail -o small.bin "$ATCP_URL/small.bin"
  until grep -q '"released".*"command":2' trace.ndjson; do sleep 0.05; done
  until grep -q connectionClosed trace.ndjson; do sleep 0.05; done
  kill $trace
  curl -sS --fail --limit-rate 1500K -o large.bin "$ATCP_URL/large.bin" & curl=$!
  until [ -s large.bin ]; do sleep 0.05; done
  kill -STOP $curl
  ${ATCP} status --json > under-way.json
  kill -CONT $curl
  wait $curl || exit
  sleep 2
  ${ATCP} status --json > at-rest.json && ${ATCP} status > at-rest.txt`;

describe('lab: atcp status and atcp trace', function () {
  this.timeout(120_000);
  const files = { 'small.bin': content(SMALL_BYTES, 1), 'large.bin': content(LARGE_BYTES, 2) };
  let folder = '';
  let underWay: Status;
  let atRest: Status;
  let trace: TraceLine[];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'atcp-test-'));
    writeTree(join(folder, 'site'), files);
    const script = `cd "${folder}"; ${SCRIPT}`;
    const lab = ['lab', '--boards', '2', '--board', 'node', '--files', join(folder, 'site')];
    const run = atcp(...lab, '--', 'sh', '-c', script);
    assert.equal(run.status, 0, run.stderr);
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    for (const [name, bytes] of Object.entries(files))
      assert.equal(sha256(readFileSync(join(folder, name))), sha256(bytes));
    underWay = JSON.parse(read('under-way.json')) as Status;
    atRest = JSON.parse(read('at-rest.json')) as Status;
    trace = read('trace.ndjson')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as TraceLine);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('traces the life of one request', () => {
    // Boards answer and clients acknowledge on paths of their own: each has its order, among each other they have none.
    const board = trace.filter(({ event }) => /^(asked|answered|delegated|accepted|released)$/.test(event));
    assert.deepEqual(
      board.filter((line) => 'command' in line && line.command === 1).map(({ event }) => event),
      ['asked', 'answered', 'released'],
    );
    assert.deepEqual(
      board.filter((line) => 'command' in line && line.command === 2).map(({ event }) => event),
      ['delegated', 'accepted', 'released'],
    );
    assert.deepEqual(
      trace
        .map(({ event }) => event)
        .filter((event) => /^(listening|connectionOpened|delegated|completed|connectionClosed)$/.test(event)),
      ['listening', 'connectionOpened', 'delegated', 'completed', 'connectionClosed'],
    );
    const delegated = trace.find((line) => line.event === 'delegated')!;
    assert.ok(delegated.event === 'delegated');
    assert.deepEqual([delegated.object, delegated.from, delegated.to], ['small.bin', 0, SMALL_BYTES]);
    const completed = trace.find((line) => line.event === 'completed')!;
    assert.ok(completed.event === 'completed');
    assert.deepEqual([completed.bytes, completed.boards], [SMALL_BYTES, [delegated.board]]);
    assert.equal(completed.client, delegated.client);
  });

  it('shows a connection and the delegation that it waits for', () => {
    assert.equal(underWay.connectionCounts.open, 1);
    const [connection] = underWay.connections;
    const [span] = connection!.spans;
    assert.deepEqual([connection!.state, connection!.localPort], ['ESTABLISHED', 80]);
    assert.deepEqual([span!.object, span!.outcome, span!.length], ['large.bin', 'underWay', LARGE_BYTES]);
    assert.equal(span!.pieces.length, 1);
    const { board, command, from, to, sentUpTo } = span!.pieces[0]!;
    assert.ok(to > 0 && to < LARGE_BYTES && sentUpTo >= to);
    assert.deepEqual([from, connection!.boardBytes], [0, to]);
    assert.ok(connection!.frontEndBytes > 100 && connection!.frontEndBytes < 1000, 'the head');
    assert.deepEqual(underWay.delegations.outstanding, [
      { command, board, opcode: 'read', phase: 'confirmed' },
    ]);
  });

  it('accounts for every byte of every object', () => {
    assert.deepEqual(
      atRest.endedSpans.map(({ object, outcome }) => [object, outcome]),
      [
        ['small.bin', 'completed'],
        ['large.bin', 'completed'],
      ],
    );
    for (const { object, pieces } of atRest.endedSpans) {
      const bytes = pieces.reduce((sum, { from, to }) => sum + to - from, 0);
      assert.equal(bytes, files[object as keyof typeof files].length, object);
    }
    const total = SMALL_BYTES + LARGE_BYTES;
    assert.equal(
      Object.values(atRest.bytes.boards).reduce((sum, bytes) => sum + bytes, 0),
      total,
    );
    assert.equal(
      atRest.boards.reduce((sum, { bytes }) => sum + bytes, 0),
      total,
    );
    const fins = 2;
    assert.equal(atRest.counters.frontEnd.step127EmptiedBytes, total + atRest.bytes.frontEnd + fins);
  });

  it('shows nothing left over when all is done', () => {
    const { open, handshakes, quarantined } = atRest.connectionCounts;
    assert.deepEqual({ open, handshakes, quarantined }, { open: 0, handshakes: 0, quarantined: 0 });
    assert.deepEqual(atRest.connections, []);
    assert.deepEqual(atRest.delegations, { outstanding: [], waiting: 0 });
    for (const { state, card, heartbeat, dataLink } of atRest.boards) {
      assert.deepEqual([state, card, heartbeat.slotsUsed, heartbeat.buffersLent], ['alive', 'ready', 0, 0]);
      assert.deepEqual([dataLink!.lost, dataLink!.duplicate], [0, 0]);
    }
    const packets = atRest.steps.find(({ counter }) => counter === 'pseudoPacketsSent')!.count;
    assert.ok(packets >= Math.ceil(SMALL_BYTES / 1460) + Math.ceil(LARGE_BYTES / 1460));
  });

  it('shows it to people, too', () => {
    const text = readFileSync(join(folder, 'at-rest.txt'), 'utf8');
    assert.match(text, /^Front-end 10\.77\.0\.10(, fd77::10)? at 02:a7:c9:00:00:10, epoch \d+, up /);
    assert.match(
      text,
      /\n10\.77\.0\.100:\d+ {2}large\.bin {2}completed +[12] +\d+( +(0|3,000,001)){3} +[\d,]+\n/,
    );
    assert.match(text, /\nConnections: 0 open, /);
    assert.match(text, /\nFig\. 8 +120 +\d/);
  });

  it('says what to do when there is no front-end', () => {
    const run = atcp('status', '--socket', join(folder, 'none'));
    assert.equal(run.status, 1);
    assert.match(run.stderr, /^atcp: there is no control socket .*none: /);
  });
});
