import assert from 'node:assert/strict';
import { MAX_LISTED_CONNECTIONS } from '../../../src/front-end/inspection/status.js';
import { Peer, settle } from '../rig.js';
import { Scene } from './scene.js';

const CLIENT = '10.0.0.200:40000';
const HEAD = Buffer.from('HTTP/1.1 200 OK\r\n\r\n');
const BODY_BYTES = 5000;

/** A reply of a head and a delegated body is queued; the client has acknowledged nothing of it. */
async function reply(scene: Scene): Promise<void> {
  const socket = await scene.connect();
  socket.write(HEAD);
  scene.world.backEnds.delegate(socket, { name: 'file', from: 100, length: BODY_BYTES });
  await settle();
  scene.pass(10);
}

describe('front-end/inspection: status', () => {
  it('shows boards as they say they are', () => {
    const scene = new Scene(2);
    scene.world.boards[1]!.powered = false;
    scene.world.run(5_000);
    scene.rig.nowUs = scene.world.nowUs();
    const { boards } = scene.status();
    assert.deepEqual(
      boards.map(({ id, state, available, card, epoch }) => ({ id, state, available, card, epoch })),
      [
        { id: 1, state: 'alive', available: true, card: 'ready', epoch: 1000 },
        { id: 2, state: 'lost', available: false, card: 'ready', epoch: 1000 },
      ],
    );
    assert.match(boards[0]!.macAddress!, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    assert.ok(boards[0]!.lastHeardMs! < 1_000 && boards[1]!.lastHeardMs! > 4_000);
    assert.equal(boards[0]!.heartbeat.slots, 16);
    assert.equal(boards[0]!.dataLink!.lost, 0);
    assert.ok(boards[0]!.dataLink!.received > 4);
    assert.equal(boards[1]!.dataLink, null, 'its session is over');
  });

  it('says null where a board that was never heard has nothing', () => {
    const scene = new Scene(1, (world) => (world.boards[0]!.powered = false));
    const { id, state, macAddress, epoch, lastHeardMs, dataLink, bytes } = scene.status().boards[0]!;
    assert.deepEqual(
      { id, state, macAddress, epoch, lastHeardMs, dataLink, bytes },
      { id: 1, state: 'unknown', macAddress: null, epoch: null, lastHeardMs: null, dataLink: null, bytes: 0 },
    );
  });

  it('counts frames of a board that were lost or came twice', () => {
    const scene = new Scene(1);
    let beats = 0;
    scene.world.fault = (note) =>
      note.direction !== 'up' ? undefined : ++beats === 2 ? 'drop' : beats === 4 ? [0, 10] : undefined;
    scene.world.run(2_000);
    const { lost, duplicate } = scene.status().boards[0]!.dataLink!;
    assert.deepEqual({ lost, duplicate }, { lost: 1, duplicate: 1 });
  });

  it('divides the bytes of a connection between the front-end and the boards', async () => {
    const scene = new Scene(1);
    await reply(scene);
    const before = scene.status();
    assert.equal(before.connectionCounts.open, 1);
    assert.deepEqual(
      before.delegations.outstanding.map(({ board, opcode, phase }) => ({ board, opcode, phase })),
      [{ board: 1, opcode: 'read', phase: 'confirmed' }],
    );
    assert.deepEqual(before.bytes, { frontEnd: 0, boards: { 1: 0 } });
    const { command } = before.delegations.outstanding[0]!;
    scene.peer.acknowledge(HEAD.length + 1460);
    scene.pass(10);
    const { connections, bytes, endedSpans } = scene.status();
    assert.equal(connections.length, 1);
    const { ageMs, spans, ...connection } = connections[0]!;
    assert.equal(ageMs, 20);
    assert.deepEqual(connection, {
      client: CLIENT,
      localPort: 80,
      state: 'ESTABLISHED',
      bytes: HEAD.length + 1460,
      frontEndBytes: HEAD.length,
      boardBytes: 1460,
    });
    assert.deepEqual(spans, [
      {
        client: CLIENT,
        object: 'file',
        from: 100,
        length: BODY_BYTES,
        acknowledged: 1460,
        ageMs: spans[0]!.ageMs,
        outcome: 'underWay',
        error: null,
        pieces: [
          { board: 1, command, from: 100, to: 1560, sentUpTo: 100 + BODY_BYTES, resentBytes: 0, cause: null },
        ],
      },
    ]);
    assert.deepEqual(bytes, { frontEnd: HEAD.length, boards: { 1: 1460 } });
    assert.deepEqual(endedSpans, []);
  });

  it('keeps what there was when all is over', async () => {
    const scene = new Scene(1);
    await reply(scene);
    scene.peer.acknowledge(HEAD.length + BODY_BYTES);
    scene.pass(5);
    const open = scene.status();
    assert.equal(open.connections[0]!.spans.length, 1, 'still shown with its connection');
    assert.equal(open.connections[0]!.spans[0]!.outcome, 'completed');
    scene.socket!.end();
    await settle();
    scene.pass(1);
    scene.peer.acknowledge(1);
    scene.peer.send({ flags: 'FA' });
    scene.pass(5);
    const status = scene.status();
    assert.deepEqual(status.connectionCounts, { open: 0, handshakes: 0, timeWait: 1, quarantined: 0 });
    assert.deepEqual(status.connections, []);
    assert.deepEqual(status.delegations, { outstanding: [], waiting: 0 });
    assert.deepEqual(status.bytes, { frontEnd: HEAD.length, boards: { 1: BODY_BYTES } });
    assert.equal(status.endedSpans.length, 1);
    assert.deepEqual(
      status.endedSpans[0]!.pieces.map(({ board, from, to }) => ({ board, from, to })),
      [{ board: 1, from: 100, to: 100 + BODY_BYTES }],
    );
    const { length } = HEAD;
    const closed = scene.heard.filter(({ event }) => event === 'connectionClosed');
    assert.deepEqual(closed, [
      {
        atUs: closed[0]!.atUs,
        event: 'connectionClosed',
        client: CLIENT,
        state: 'FIN-WAIT-2',
        bytes: length + BODY_BYTES,
        frontEndBytes: length,
        error: null,
      },
    ]);
    // The FIN is a number of the sequence space, not a byte.
    assert.equal(status.counters.frontEnd.step127EmptiedBytes, length + BODY_BYTES + 1);
  });

  it('counts what a client had of a reply that it broke off', async () => {
    const scene = new Scene(1);
    await reply(scene);
    scene.peer.acknowledge(HEAD.length + 2920);
    scene.pass(2);
    scene.peer.send({ flags: 'R' });
    scene.pass(50);
    const { bytes, endedSpans, connectionCounts } = scene.status();
    assert.deepEqual(bytes, { frontEnd: HEAD.length, boards: { 1: 2920 } });
    assert.deepEqual([endedSpans[0]!.outcome, endedSpans[0]!.acknowledged], ['failed', 2920]);
    assert.equal(connectionCounts.quarantined, 1);
    assert.deepEqual(
      scene.heard.map(({ event }) => event),
      ['connectionOpened', 'delegated', 'accepted', 'failed', 'connectionClosed', 'released'],
    );
  });

  it('does not show spans of an earlier connection from the same port', async () => {
    const scene = new Scene(1);
    await reply(scene);
    scene.peer.send({ flags: 'R' });
    scene.pass(60_000);
    await scene.connect();
    scene.pass(1);
    const { connections, endedSpans } = scene.status();
    assert.equal(endedSpans.length, 1);
    assert.deepEqual([connections[0]!.client, connections[0]!.spans], [CLIENT, []]);
  });

  it('lists as many connections as are of use, and counts them all', () => {
    const scene = new Scene(0);
    const open = MAX_LISTED_CONNECTIONS + 3;
    for (let i = 0; i < open; i++) new Peer(scene.rig, { port: 1024 + i }).connect();
    new Peer(scene.rig, { port: 1000 }).send({ flags: 'S' });
    const { connections, connectionCounts } = scene.status();
    assert.deepEqual(connectionCounts, { open, handshakes: 1, timeWait: 0, quarantined: 0 });
    assert.equal(new Set(connections.map(({ client }) => client)).size, MAX_LISTED_CONNECTIONS);
  });

  it('names every step by a counter that exists, and takes its value', async () => {
    const scene = new Scene(1);
    await reply(scene);
    scene.peer.acknowledge(HEAD.length + BODY_BYTES);
    scene.pass(5);
    const { steps, counters } = scene.status();
    for (const { counter, count, step } of steps) assert.equal(typeof count, 'number', `${step} ${counter}`);
    const named = Object.keys({ ...counters.frontEnd, ...counters.delegation }).filter((name) =>
      /^(step|point)|2[1-3]$/.test(name),
    );
    const shown = new Set(steps.map(({ counter }) => counter));
    assert.deepEqual(
      named.filter((name) => !shown.has(name) && name !== 'synAckRepeated22'),
      [],
      'a counter that stands for a step is in the table',
    );
    const of = (counter: string): number | undefined => steps.find((each) => each.counter === counter)?.count;
    assert.equal(of('synReceived21'), 1);
    assert.equal(of('step127EmptiedBytes'), HEAD.length + BODY_BYTES);
    assert.equal(of('step120AcksChecked'), counters.delegation.step120AcksChecked);
    assert.ok(of('step120AcksChecked')! > 0);
  });

  it('is plain data that JSON keeps', async () => {
    const scene = new Scene(1);
    await reply(scene);
    const status = scene.status();
    assert.deepEqual(JSON.parse(JSON.stringify(status)), status);
  });
});
