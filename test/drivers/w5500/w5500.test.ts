import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { PortStatus } from '../../../src/back-end/ports.js';
import { makeModelBench, type ModelBench, NIC_MAC, PEER_MAC } from './model-bench.js';
import { type NicBench, nicSuite, testFrame } from './nic-suite.js';

nicSuite('W5500 over its model', () => makeModelBench());
nicSuite('W5500 over a slow model', () => makeModelBench({ commandPolls: 2, sendPolls: 3 }));
nicSuite('W5500 over its model, 16-bit pointers about to wrap', () =>
  makeModelBench({ pointersAtOpen: 0xfc01 }),
);

/** A module that exports `makeBench(): NicBench | Promise<NicBench>` for a board with the real chip. */
const realBench = process.env['ATCP_W5500_BENCH'];
if (realBench !== undefined) {
  nicSuite('W5500 on real hardware', async () => {
    const module = (await import(pathToFileURL(realBench).href)) as {
      makeBench(): NicBench | Promise<NicBench>;
    };
    return module.makeBench();
  });
}

/** So many bits a second that the driver gives a command ten polls. */
const TEN_POLLS_HZ = 64_000;

function opened(options: Parameters<typeof makeModelBench>[0] = {}): ModelBench {
  const bench = makeModelBench(options);
  let status: PortStatus = PortStatus.pending;
  for (let nowUs = 0; status === PortStatus.pending; nowUs += 100) status = bench.nic.open(nowUs);
  assert.equal(status, PortStatus.ok);
  return bench;
}

function toNic(length: number, number = 0): Buffer {
  return testFrame(NIC_MAC, PEER_MAC, length, number);
}

function toPeer(length: number, number = 0): Buffer {
  return testFrame(PEER_MAC, NIC_MAC, length, number);
}

function receive(bench: ModelBench): Buffer {
  const b = new Uint8Array(1600).fill(0xa5);
  const length = bench.nic.receive(b, 5, 1518);
  assert.ok(
    b.subarray(0, 5).every((value) => value === 0xa5) && b[5 + length] === 0xa5,
    'wrote beside the frame',
  );
  return Buffer.from(b.subarray(5, 5 + length));
}

function transmit(bench: ModelBench, frame: Buffer): boolean {
  return bench.nic.transmit(frame, 0, frame.length);
}

/** Calls until `condition` holds; the driver must get there in a bounded number of calls. */
function until(what: string, condition: () => boolean): void {
  for (let call = 0; call < 1_000; call++) if (condition()) return;
  assert.fail(`${what}: not after 1,000 calls`);
}

describe('W5500 over its model: trouble', () => {
  it('has no link while the cable is out, and works again after', () => {
    const bench = opened({ clockHz: TEN_POLLS_HZ });
    bench.model.setLink(false);
    assert.equal(bench.nic.linkUp(), false);
    assert.equal(transmit(bench, toPeer(100, 1)), true);
    until('reopening', () => {
      assert.equal(transmit(bench, toPeer(100, 2)), false);
      return bench.nic.reopened > 0;
    });
    assert.deepEqual(bench.network.fromModel, []);
    bench.network.toModel.push(toNic(100));
    until('discarding', () => receive(bench).length === 0 && bench.network.toModel.length === 0);

    bench.model.setLink(true);
    until('linkUp', () => bench.nic.linkUp() || receive(bench).length > 0);
    until('transmit', () => transmit(bench, toPeer(100, 3)));
    assert.deepEqual(bench.network.fromModel, [toPeer(100, 3)]);
    bench.network.toModel.push(toNic(99));
    until('receive', () => receive(bench).equals(toNic(99)));
    assert.equal(bench.nic.restarted, 0);
  });

  it('reopens the socket after a SEND that never ends', () => {
    const bench = opened({ clockHz: TEN_POLLS_HZ });
    bench.model.socket.sendPolls = Infinity;
    assert.equal(transmit(bench, toPeer(60, 1)), true);
    until('stall', () => {
      assert.equal(transmit(bench, toPeer(60, 2)), false);
      return bench.nic.stalled > 0;
    });
    bench.model.socket.sendPolls = 0;
    until('transmit', () => transmit(bench, toPeer(60, 3)));
    assert.deepEqual(bench.network.fromModel, [toPeer(60, 1), toPeer(60, 3)]);
    assert.equal(bench.nic.restarted, 0);
  });

  it('resets the chip after a command that is never accepted', () => {
    const bench = opened({ clockHz: TEN_POLLS_HZ });
    bench.model.socket.commandPolls = Infinity;
    assert.equal(transmit(bench, toPeer(60, 1)), true);
    until('restart', () => {
      assert.equal(transmit(bench, toPeer(60, 2)), false);
      return bench.nic.restarted > 0;
    });
    bench.model.socket.commandPolls = 0;
    until('transmit', () => transmit(bench, toPeer(60, 3)));
    assert.deepEqual(bench.network.fromModel, [toPeer(60, 1), toPeer(60, 3)]);
  });

  it('survives a dip of the supply, which clears every register', () => {
    const bench = opened();
    assert.equal(transmit(bench, toPeer(60, 1)), true);
    bench.network.toModel.push(toNic(60));
    assert.deepEqual(receive(bench), toNic(60));
    bench.model.reset();
    until('transmit', () => transmit(bench, toPeer(60, 2)));
    assert.ok(bench.nic.restarted > 0);
    bench.network.toModel.push(toNic(70));
    until('receive', () => receive(bench).equals(toNic(70)));
    assert.deepEqual(bench.network.fromModel, [toPeer(60, 1), toPeer(60, 2)]);
  });

  it('survives a dip of the supply while it only receives', () => {
    const bench = opened();
    bench.network.toModel.push(toNic(60));
    assert.deepEqual(receive(bench), toNic(60));
    bench.model.reset();
    until('restart', () => receive(bench).length === 0 && bench.nic.restarted > 0);
    bench.network.toModel.push(toNic(70));
    until('receive', () => receive(bench).equals(toNic(70)));
  });

  it('loses frames to a full buffer and goes on with whole ones', () => {
    const bench = opened();
    const frames = Array.from({ length: 30 }, (_, number) => toNic(1514, number));
    bench.network.toModel.push(...frames);
    const first = frames.slice(0, Math.floor(16_384 / 1516));
    for (const frame of first) assert.deepEqual(receive(bench), frame);
    assert.equal(bench.model.socket.droppedFull, 20);
    assert.equal(receive(bench).length, 0);
    bench.network.toModel.push(toNic(64, 99));
    assert.deepEqual(receive(bench), toNic(64, 99));
    assert.equal(bench.nic.resynchronised, 0);
  });

  it('does not stop when bytes cannot be given back while a SEND is under way', () => {
    const bench = opened({ commandPolls: 4, sendPolls: 6 });
    for (let number = 0; number < 60; number++) {
      transmit(bench, toPeer(1514, number));
      bench.network.toModel.push(toNic(1514, number));
      until('receive', () => receive(bench).equals(toNic(1514, number)));
    }
    assert.equal(bench.nic.received, 60);
  });

  it('counts each transaction that a steady stream costs', () => {
    const bench = opened();
    for (let i = 0; i < 10; i++) assert.ok(transmit(bench, toPeer(1514, i)));
    let before = bench.model.transactions;
    for (let i = 0; i < 100; i++) assert.ok(transmit(bench, toPeer(1514, i)));
    // Poll, clear, frame, pointer, SEND; and two readings of Sn_TX_FSR for every ten frames.
    assert.equal(bench.model.transactions - before, 100 * 5 + 10 * 2);

    before = bench.model.transactions;
    for (let round = 0; round < 64; round++) {
      for (let i = 0; i < 8; i++) bench.network.toModel.push(toNic(126, i));
      for (let i = 0; i < 8; i++) assert.deepEqual(receive(bench), toNic(126, i));
    }
    // Frames, two readings of Sn_RX_RSR a round, and a release (pointer, RECV, poll) for every 4 KB but the last;
    // the first release finds the last SEND (poll, clear).
    assert.equal(bench.model.transactions - before, 64 * 8 + 64 * 2 + 15 * 3 + 2);
  });
});

describe('W5500 over its model: properties', () => {
  const length = fc.integer({ min: 60, max: 1514 });
  const operation = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('arrive' as const), length }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('receive' as const), length }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('transmit' as const), length }) },
  );
  const chip = fc.record({
    commandPolls: fc.integer({ min: 0, max: 3 }),
    sendPolls: fc.integer({ min: 0, max: 3 }),
    pointersAtOpen: fc.integer({ min: 0, max: 0xffff }),
  });

  it('brings every frame over, whole and in order, or counts it as dropped by a full buffer', () => {
    fc.assert(
      fc.property(chip, fc.array(operation, { minLength: 1, maxLength: 150 }), (options, operations) => {
        const bench = opened(options);
        const arrived: Buffer[] = [];
        const received: Buffer[] = [];
        const sent: Buffer[] = [];
        const receiveOne = (): boolean => {
          const frame = receive(bench);
          if (frame.length > 0) received.push(frame);
          return frame.length > 0;
        };
        for (const [number, { kind, length }] of operations.entries()) {
          if (kind === 'arrive') {
            arrived.push(toNic(length, number));
            bench.network.toModel.push(arrived.at(-1)!);
          } else if (kind === 'receive') receiveOne();
          else if (transmit(bench, toPeer(length, number))) sent.push(toPeer(length, number));
        }
        for (let idle = 0; idle < 20; idle++) while (receiveOne()) idle = 0;

        const dropped = bench.model.socket.droppedFull;
        assert.equal(received.length + dropped, arrived.length);
        if (dropped === 0) assert.deepEqual(received, arrived);
        let next = 0;
        for (const frame of received) {
          while (next < arrived.length && !arrived[next]!.equals(frame)) next++;
          assert.ok(next++ < arrived.length, 'a frame changed or out of order');
        }
        assert.deepEqual(bench.network.fromModel, sent);
        assert.equal(bench.nic.reopened + bench.nic.restarted, 0);
      }),
      { numRuns: 150 },
    );
  });

  it('gets over links and commands that fail at any time, without an illegal access', () => {
    const polls = fc.constantFrom(0, 1, 5, Infinity);
    const trouble = fc.oneof(
      { weight: 8, arbitrary: operation },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('link' as const), up: fc.boolean() }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('chip' as const), commandPolls: polls, sendPolls: polls }),
      },
    );
    fc.assert(
      fc.property(fc.array(trouble, { minLength: 20, maxLength: 400 }), (operations) => {
        const bench = opened({ clockHz: TEN_POLLS_HZ });
        const { model, network } = bench;
        const known = new Set<string>();
        for (const [number, next] of operations.entries()) {
          if (next.kind === 'link') model.setLink(next.up);
          else if (next.kind === 'chip') {
            model.socket.commandPolls = next.commandPolls;
            model.socket.sendPolls = next.sendPolls;
          } else if (next.kind === 'arrive') {
            network.toModel.push(toNic(next.length, number));
            known.add(toNic(next.length, number).toString('hex'));
          } else if (next.kind === 'receive') {
            const frame = receive(bench);
            assert.ok(frame.length === 0 || known.has(frame.toString('hex')), 'a frame that nobody sent');
          } else transmit(bench, toPeer(next.length, number));
        }

        model.setLink(true);
        model.socket.commandPolls = 0;
        model.socket.sendPolls = 0;
        const [down, up] = [toNic(1000, 4_001), toPeer(1000, 4_002)];
        until('sending', () => transmit(bench, up) && network.fromModel.at(-1)?.equals(up) === true);
        until(
          'draining',
          () => receive(bench).length === 0 && network.toModel.length === 0 && bench.nic.linkUp(),
        );
        network.toModel.push(down);
        until('receiving', () => receive(bench).equals(down));
        assert.equal(bench.nic.resynchronised, 0);
      }),
      { numRuns: 150 },
    );
  });
});
