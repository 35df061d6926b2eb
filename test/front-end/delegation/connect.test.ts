import assert from 'node:assert/strict';
import { connectBackEnds, FrontEnd, type FrameLink, type FrameSink } from '../../../src/front-end/index.js';
import { AtcpType } from '../../../src/wire/atcp/header.js';
import { EtherType, etherType } from '../../../src/wire/ethernet.js';
import { FakeBoard } from './fake-board.js';
import { describeFrame } from './world.js';

/** A link with one board at its other end. */
class BoardLink implements FrameLink {
  readonly macAddress = Uint8Array.of(2, 0, 0, 0, 0, 1);
  readonly mtu = 1500;
  readonly board: FakeBoard;
  readonly types: AtcpType[] = [];
  #sink: FrameSink | undefined;

  constructor(key: Uint8Array) {
    const world = {
      nowUs: () => 0,
      onSent: () => {},
      transmit: (_board: FakeBoard, frame: Uint8Array) =>
        void setImmediate(() => {
          this.#sink?.onFrame(frame, 0, frame.length);
          this.#sink?.onBatchEnd(1);
        }),
    };
    this.board = new FakeBoard(world, 1, key);
    this.board.put('file', 77);
  }

  start(sink: FrameSink): void {
    this.#sink = sink;
  }

  send(b: Uint8Array, at: number, length: number): boolean {
    const frame = b.slice(at, at + length);
    if (etherType(frame, 0) === EtherType.arp) return true;
    this.types.push(describeFrame(frame).type);
    this.board.onFrame(frame);
    return true;
  }

  flush(): void {}

  counters(): ReturnType<FrameLink['counters']> {
    throw new Error('nobody asks');
  }

  close(): void {
    this.#sink = undefined;
  }
}

describe('front-end/delegation: joined to a front-end that runs', () => {
  it('finds its board on the link, in real time, and asks it', async () => {
    const key = new Uint8Array(16).fill(3);
    const link = new BoardLink(key);
    const frontEnd = new FrontEnd({ link, address: '192.0.2.1' });
    const backEnds = connectBackEnds(frontEnd, { provisioning: [{ id: 1, key }] });
    try {
      frontEnd.start();
      await backEnds.whenAvailable();
      const [one, two] = await Promise.all([backEnds.stat('file'), backEnds.stat('file')]);
      assert.equal(one.size, 77);
      assert.equal(two, one, 'one question for both');
      assert.equal(link.board.statsSeen, 1);
      assert.deepEqual(link.types.slice(0, 3), [
        AtcpType.discover,
        AtcpType.sessionOpen,
        AtcpType.statements,
      ]);
    } finally {
      frontEnd.close();
    }
  });
});
