/** Whatever arrives: nothing throws, nothing loops, nothing stays for ever, and checks are not passed by accident. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from '../../src/front-end/server.js';
import { chunkFor } from '../../src/front-end/tcp/span-chunk.js';
import { seededRandom } from './auto-client.js';
import { FakeSpan } from './fake-span.js';
import { PORT, Peer, Rig, SECOND, segmentFrame, settle } from './rig.js';

const flagSets = ['S', 'SA', 'A', 'PA', 'FA', 'R', 'RA', 'F', '', 'SF', 'SR', 'FPA', 'SFRPA'];

describe('fuzz', function () {
  this.timeout(60_000);

  it('random bytes as frames', () => {
    const rig = new Rig();
    rig.serve(() => {});
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        rig.frameIn(bytes);
        const forUs = bytes.slice();
        forUs.set(Uint8Array.of(2, 0, 0, 0, 0, 1).subarray(0, forUs.length));
        rig.frameIn(forUs);
        rig.batch();
      }),
      { numRuns: 500 },
    );
    assert.equal(rig.host.tcp.table.size, 0);
  });

  it('valid frames with bytes changed', () => {
    const rig = new Rig();
    rig.serve((socket) => socket.on('error', () => {}).on('data', (chunk: Buffer) => socket.write(chunk)));
    const peer = new Peer(rig);
    peer.connect();
    const endpoint = { mac: peer.mac, address: peer.address, port: peer.port, localPort: PORT };
    fc.assert(
      fc.property(
        fc.constantFrom(...flagSets),
        fc.uint8Array({ maxLength: 40 }),
        fc.array(fc.tuple(fc.nat(113), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (flags, payload, changes) => {
          const { seq, ack } = peer;
          const frame = segmentFrame(endpoint, {
            flags,
            seq,
            ack,
            window: 1000,
            payload,
            options: [1, 1, 5, 2],
          });
          for (const [at, value] of changes) if (at < frame.length) frame[at] = value;
          rig.frameIn(frame);
          rig.batch();
        },
      ),
      { numRuns: 2000 },
    );
    rig.pass(400 * SECOND);
  });

  it('segments of every kind around the windows, with delegated and local replies', async () => {
    for (let seed = 1; seed <= 30; seed++) await storm(seed);
  });

  it('options of every kind', () => {
    const rig = new Rig();
    rig.serve((socket) => {
      socket.on('error', () => {});
      socket.write(Buffer.alloc(20_000));
    });
    let port = 1;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 40 }), (syn, ack) => {
        const peer = new Peer(rig, { port: port++ });
        const [synAck] = peer.send({ flags: 'S', options: [...syn] });
        if (synAck === undefined) return;
        peer.ack = (synAck.seq + 1) >>> 0;
        for (let i = 0; i < 4; i++) peer.send({ flags: 'A', options: [...ack] });
        peer.send({ flags: 'R' });
      }),
      { numRuns: 300 },
    );
    assert.equal(rig.host.tcp.connections, 0);
  });
});

async function storm(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const rig = new Rig();
  const spans: FakeSpan[] = [];
  const httpServer = createHttpServer({ keepAliveTimeout: 1000 }, (req, res) => {
    req.on('error', () => {});
    res.on('error', () => {});
    if (random() < 0.3) {
      res.end(Buffer.alloc(random() * 50_000));
      return;
    }
    const span = new FakeSpan(Math.floor(random() * 50_000));
    spans.push(span);
    res.setHeader('Content-Length', span.length!);
    res.end(chunkFor(span));
  });
  httpServer.timeout = 5000;
  httpServer.on('clientError', (_error, socket) => socket.destroy());
  createServer({ host: rig.host }).attachHttp(httpServer).listen(PORT);
  const peer = new Peer(rig);
  peer.connect([2, 4, 5, 0xb4, 4, 2, 3, 3, 7]);
  await settle();
  let highestAck = peer.ack;
  for (let step = 0; step < 150; step++) {
    const near = (value: number): number =>
      (value +
        pick([0, 0, 0, 0, 1, -1, 1460, -1460, 65_535, 2 ** 31, -50_000, Math.floor(random() * 3000)])) >>>
      0;
    const fields = {
      flags: random() < 0.9 ? pick(['A', 'PA', 'A', 'A', 'FA']) : pick(flagSets),
      seq: near(peer.seq),
      ack: near(random() < 0.5 ? peer.ack : highestAck),
      window: pick([0, 1, 100, 1000, 65_535]),
      payload: random() < 0.3 ? 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' : '',
      options: random() < 0.3 ? [1, 1, 5, 10, ...Buffer.from([...Array(8)].map(() => random() * 256))] : [],
    };
    peer.put(fields);
    if (fields.seq === peer.seq) peer.seq = (peer.seq + fields.payload.length) >>> 0;
    for (const sent of peer.batch()) {
      const end = (sent.seq + sent.payload.length) >>> 0;
      if (((end - highestAck) | 0) > 0) highestAck = end;
    }
    const span = pick(spans.length > 0 ? spans : [undefined]);
    if (span?.carrier !== undefined && random() < 0.3) {
      const granted = span.calls
        .filter((call) => call.startsWith('send '))
        .map((call) => Number(call.slice(5)));
      const sentUpTo = Math.max(0, ...granted);
      if (!span.calls.includes('abandon')) span.report(sentUpTo, rig.nowUs - Math.floor(random() * 1000));
    }
    rig.pass(Math.floor(random() ** 6 * 3 * SECOND));
    if (random() < 0.3) await settle();
  }
  // The client is gone. What is left may only wait for a board that was granted something and does not send it.
  for (let i = 0; i < 10; i++) {
    await settle();
    rig.pass(300 * SECOND);
  }
  const waiting = spans.some((span) => span.carrier !== undefined && !isOver(span));
  assert.equal(rig.host.tcp.connections, waiting ? 1 : 0, `seed ${seed}`);
  assert.equal(rig.host.tcp.table.size, rig.host.tcp.connections);
  for (const span of spans) if (span.carrier !== undefined) assertOrderly(span);
}

/** What a span may rely on. */
function assertOrderly(span: FakeSpan): void {
  let granted = 0;
  let acknowledged = 0;
  for (const call of span.calls) {
    const [what, argument = ''] = call.split(' ');
    if (what === 'send') {
      assert.ok(Number(argument) > granted && Number(argument) <= span.length!, call);
      granted = Number(argument);
    } else if (what === 'acknowledge') {
      assert.ok(Number(argument) >= acknowledged && Number(argument) <= granted, call);
      acknowledged = Number(argument);
    } else if (what === 'resend') {
      const [from, to] = argument.split('-').map(Number);
      assert.ok(from! >= acknowledged && from! < to! && to! <= granted, call);
    }
  }
  const ends = span.calls.filter((call) => isEnd(span, call));
  assert.ok(ends.length <= 1, `ended once, not ${span.calls.slice(-3).join()}`);
}

function isEnd(span: FakeSpan, call: string): boolean {
  return call === 'abandon' || call === `acknowledge ${span.length}`;
}

function isOver(span: FakeSpan): boolean {
  return span.calls.some((call) => isEnd(span, call));
}
