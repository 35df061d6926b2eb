/** The engine on Node's clock, over a link that ends in this process. */
import assert from 'node:assert/strict';
import type { FrameLink, FrameLinkCounters, FrameSink, Pace } from '../../src/front-end/link/frame-link.js';
import { FrontEnd } from '../../src/front-end/index.js';
import {
  HOST_MAC,
  PEER_ADDRESS,
  PEER_MAC,
  parseSent,
  segmentFrame,
  type SegmentFields,
  type Sent,
} from './rig.js';

/** Frames from {@link receive} come in batches of one turn; what was sent is there after a flush. */
class TestLink implements FrameLink {
  readonly macAddress = HOST_MAC;
  readonly mtu = 1500;
  readonly sent: Uint8Array[] = [];
  flushes = 0;
  closed = false;
  sink: FrameSink | undefined;
  readonly #queue: Uint8Array[] = [];

  start(sink: FrameSink): void {
    this.sink = sink;
  }

  send(b: Uint8Array, at: number, length: number): boolean {
    this.#queue.push(b.slice(at, at + length));
    return true;
  }

  flush(): void {
    this.flushes++;
    this.sent.push(...this.#queue.splice(0));
  }

  counters(): FrameLinkCounters {
    throw new Error('nobody asks');
  }

  close(): void {
    this.closed = true;
  }

  receive(...frames: Uint8Array[]): Pace | undefined {
    for (const frame of frames) this.sink!.onFrame(frame, 0, frame.length);
    const pace = this.sink!.onBatchEnd(frames.length);
    this.flush();
    return pace;
  }
}

const PEER = { mac: PEER_MAC, address: PEER_ADDRESS, port: 40_000, localPort: 80 };

function frame(fields: SegmentFields): Uint8Array {
  return segmentFrame(PEER, { seq: 0, ack: 0, window: 0xffff, payload: '', options: [], ...fields });
}

function take(link: TestLink): Sent[] {
  const frames = link.sent.splice(0).filter((each) => each[12] === 8 && each[13] === 0);
  return frames.map((each) => parseSent(each, 0));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe('FrontEnd', () => {
  it('announces, accepts, answers within the batch, writes later, and repeats what is lost', async () => {
    const link = new TestLink();
    const frontEnd = new FrontEnd({ link, address: '10.0.0.1', settings: { minRtoUs: 20_000 } });
    try {
      frontEnd.start();
      await sleep(0);
      await sleep(5);
      assert.equal(link.sent.length, 1);
      assert.equal(link.sent[0]![12], 8);
      assert.equal(link.sent[0]![13], 6);
      frontEnd
        .createServer({}, (socket) => {
          socket.on('data', () => {
            socket.write('at once ');
            setTimeout(() => socket.write('later'), 20);
          });
        })
        .listen(80);
      link.receive(frame({ flags: 'S', seq: 100 }));
      const [synAck] = take(link);
      assert.equal(synAck!.flags, 'SA');
      const ack = synAck!.seq + 1;
      link.receive(frame({ flags: 'A', seq: 101, ack }));
      await sleep(0);
      link.receive(frame({ flags: 'PA', seq: 101, ack, payload: 'hello' }));
      assert.deepEqual(
        take(link).map(({ payload }) => payload.toString()),
        ['at once '],
      );
      link.receive(frame({ flags: 'A', seq: 106, ack: ack + 8 }));
      await sleep(30);
      assert.equal(take(link)[0]?.payload.toString(), 'later');
      await sleep(60);
      assert.equal(take(link)[0]?.payload.toString(), 'later', 'the timer repeats it');
      assert.ok(frontEnd.counters.retransmissionTimeouts >= 1);
    } finally {
      frontEnd.close();
    }
    assert.equal(link.closed, true);
    take(link);
    await sleep(60);
    assert.deepEqual(take(link), [], 'no timer is left');
  });

  it('does much in one turn with one batch and one flush', async () => {
    const link = new TestLink();
    const frontEnd = new FrontEnd({ link, address: '10.0.0.1' });
    try {
      frontEnd.start();
      await sleep(5);
      const before = link.flushes;
      for (let i = 0; i < 10; i++) frontEnd.requestBatch();
      await sleep(5);
      assert.equal(link.flushes - before, 1);
    } finally {
      frontEnd.close();
    }
  });

  it('asks the link to wake for the next frame while clients ask for something, not for mere ACKs', async () => {
    const link = new TestLink();
    const frontEnd = new FrontEnd({ link, address: '10.0.0.1' });
    try {
      frontEnd.start();
      frontEnd.createServer({}, (socket) => socket.on('data', () => {})).listen(80);
      assert.equal(link.receive(frame({ flags: 'S', seq: 100 })), 'wake');
      const ack = take(link)[0]!.seq + 1;
      assert.equal(link.receive(frame({ flags: 'A', seq: 101, ack })), undefined);
      assert.equal(link.receive(frame({ flags: 'PA', seq: 101, ack, payload: 'hello' })), 'wake');
      assert.equal(link.receive(), undefined);
    } finally {
      frontEnd.close();
    }
  });

  it('goes on after a program’s listener has thrown', async () => {
    const link = new TestLink();
    const frontEnd = new FrontEnd({ link, address: '10.0.0.1' });
    try {
      frontEnd.start();
      const server = frontEnd.createServer({}, () => {
        throw new Error('a bug of the program');
      });
      server.listen(80);
      link.receive(frame({ flags: 'S', seq: 100 }));
      const ack = take(link)[0]!.seq + 1;
      assert.throws(() => link.receive(frame({ flags: 'A', seq: 101, ack })), /a bug of the program/);
      link.receive(frame({ flags: 'FA', seq: 101, ack }));
      await sleep(5);
      link.flush();
      assert.equal(take(link)[0]?.ack, 102);
    } finally {
      frontEnd.close();
    }
  });

  it('tells when the link is lost', () => {
    const link = new TestLink();
    const errors: Error[] = [];
    const frontEnd = new FrontEnd({ link, address: '10.0.0.1', onLost: (error) => errors.push(error) });
    frontEnd.start();
    link.sink!.onLost(new Error('unplugged'));
    assert.equal(errors[0]!.message, 'unplugged');
    assert.equal(link.closed, true);
  });

  it('refuses an address that can not be', () => {
    assert.throws(() => new FrontEnd({ link: new TestLink(), address: '10.0.0' }), RangeError);
  });
});
