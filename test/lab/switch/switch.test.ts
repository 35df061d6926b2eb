import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Switch } from '../../../src/lab/switch/switch.js';
import { Bench, BROADCAST, frame } from './frames.js';

const A = 0x02_00_00_00_00_0a;
const B = 0x02_00_00_00_00_0b;
const C = 0x02_00_00_00_00_0c;
const PORTS = [{ name: 'client' }, { name: 'front-end' }, { name: 'board-1' }];

describe('Switch', () => {
  it('floods frames to unknown stations to every port but their own, unchanged', () => {
    const bench = new Bench({ ports: PORTS });
    const sent = frame(B, A, 1, 1514);
    bench.receive(0, sent);
    assert.deepEqual(
      bench.sent.map(({ port, bytes }) => ({ port, bytes })),
      [
        { port: 1, bytes: sent },
        { port: 2, bytes: sent },
      ],
    );
    assert.equal(bench.switch.counters()[0]!.flooded, 1);
  });

  it('learns where a station is, and sends to that port only', () => {
    const bench = new Bench({ ports: PORTS });
    bench.receive(1, frame(BROADCAST, B));
    assert.deepEqual(bench.takePorts(), [0, 2]);
    bench.receive(0, frame(B, A));
    assert.deepEqual(bench.takePorts(), [1]);
    bench.receive(1, frame(A, B));
    assert.deepEqual(bench.takePorts(), [0]);
  });

  it('floods group addresses always, and learns no group address', () => {
    const bench = new Bench({ ports: PORTS });
    const group = 0x33_33_00_00_00_01;
    bench.receive(0, frame(B, group));
    bench.takePorts();
    bench.receive(1, frame(group, B));
    assert.deepEqual(bench.takePorts(), [0, 2]);
  });

  it('follows a station that moves', () => {
    const bench = new Bench({ ports: PORTS });
    bench.receive(1, frame(BROADCAST, B));
    bench.receive(2, frame(BROADCAST, B));
    bench.takePorts();
    bench.receive(0, frame(B, A));
    assert.deepEqual(bench.takePorts(), [2]);
  });

  it('forgets a station that was silent for the ageing time, not one that was a little less', () => {
    const bench = new Bench({ ports: PORTS, ageingMs: 1000 });
    bench.receive(1, frame(BROADCAST, B));
    bench.takePorts();
    bench.nowUs = 999_999;
    bench.receive(0, frame(B, A));
    assert.deepEqual(bench.takePorts(), [1]);
    bench.nowUs = 1_000_000;
    bench.receive(0, frame(B, A));
    assert.deepEqual(bench.takePorts(), [1, 2]);
  });

  it('keeps traffic between stations of one port off the others', () => {
    const bench = new Bench({ ports: PORTS });
    bench.receive(0, frame(BROADCAST, B));
    bench.takePorts();
    bench.receive(0, frame(B, A));
    assert.deepEqual(bench.takePorts(), []);
    assert.equal(bench.switch.counters()[0]!.filtered, 1);
  });

  it('does not forward what is for bridges themselves (IEEE 802.1D 7.12.6)', () => {
    const bench = new Bench({ ports: PORTS });
    bench.receive(0, frame(0x01_80_c2_00_00_0f, A));
    assert.deepEqual(bench.takePorts(), []);
    bench.receive(0, frame(0x01_80_c2_00_00_10, A));
    assert.deepEqual(bench.takePorts(), [1, 2]);
  });

  it('refuses frames without a header or longer than the limit', () => {
    const bench = new Bench({ ports: PORTS });
    bench.receive(0, frame(B, A, 0, 60).subarray(0, 13));
    bench.receive(0, frame(B, A, 0, 1519));
    assert.deepEqual(bench.takePorts(), []);
    assert.equal(bench.switch.counters()[0]!.refused, 2);
    bench.receive(0, frame(B, A, 0, 1518));
    assert.deepEqual(bench.takePorts(), [1, 2]);
  });

  it('counts frames and bytes each way, and what a port could not send', () => {
    const bench = new Bench({ ports: PORTS });
    bench.receive(1, frame(BROADCAST, B, 0, 100));
    bench.accepts = false;
    bench.receive(0, frame(B, A, 0, 200));
    const [client, frontEnd, board] = bench.switch.counters();
    assert.deepEqual(
      [client!.in.frames, client!.in.bytes, client!.out.frames, client!.out.bytes],
      [1, 200, 1, 100],
    );
    assert.deepEqual([frontEnd!.in.frames, frontEnd!.out.frames, frontEnd!.sendDrops], [1, 1, 1]);
    assert.deepEqual([board!.in.frames, board!.out.frames, board!.sendDrops], [0, 1, 0]);
    assert.deepEqual([client!.name, frontEnd!.name, board!.name], ['client', 'front-end', 'board-1']);
  });

  it('captures each frame once, where it entered and as it was, even one that is lost or refused', () => {
    const faults = { loss: 1, reorder: 0, duplicate: 0, corrupt: 0, delayMs: 0 };
    const bench = new Bench({ ports: [{ name: 'client', faults }, ...PORTS.slice(1)] });
    bench.nowUs = 5;
    bench.receive(0, frame(B, A, 1));
    bench.receive(1, frame(C, B, 2));
    bench.receive(2, frame(C, B, 3, 2000));
    assert.deepEqual(bench.captured, [
      { port: 0, bytes: frame(B, A, 1), atUs: 5 },
      { port: 1, bytes: frame(C, B, 2), atUs: 5 },
      { port: 2, bytes: frame(C, B, 3, 2000), atUs: 5 },
    ]);
  });

  it('flips one bit of a frame at most, however many bad cables it goes through', () => {
    for (const reorder of [0, 0.5]) {
      const faults = { loss: 0, reorder, duplicate: 0, corrupt: 1, delayMs: 1 };
      const bench = new Bench({ ports: PORTS.map((port) => ({ ...port, faults })) });
      const sent = frame(B, A);
      for (let i = 0; i < 50; i++) bench.receive(0, sent);
      bench.runUntil(1_000_000);
      const bits = bench.sent.map(({ bytes }) => flippedBits(bytes, sent));
      assert.ok(bits.length >= 50);
      assert.ok(
        bits.every((count) => count <= 1),
        bits.join(),
      );
      assert.ok(bits.some((count) => count === 1));
    }
  });

  it('keeps working when more stations talk than it can remember', () => {
    const bench = new Bench({ ports: PORTS });
    for (let station = 0; station < 20_000; station++)
      bench.receive(1, frame(BROADCAST, 0x02_00_00_01_00_00 + station));
    bench.takePorts();
    for (let station = 0; station < 20_000; station += 7) {
      bench.receive(0, frame(0x02_00_00_01_00_00 + station, A));
      const ports = bench.takePorts().join();
      assert.ok(ports === '1' || ports === '1,2', ports);
    }
  });

  it('agrees with a plain model of a learning switch', () => {
    const station = fc.integer({ min: 1, max: 12 }).map((n) => 0x02_00_00_00_00_00 + n);
    const destination = fc.oneof(station, fc.constant(BROADCAST));
    const step = fc.record({ port: fc.integer({ min: 0, max: 2 }), source: station, destination });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const bench = new Bench({ ports: PORTS });
        const known = new Map<number, number>();
        for (const { port, source, destination: to } of steps) {
          known.set(source, port);
          bench.receive(port, frame(to, source));
          const target = known.get(to);
          const others = [0, 1, 2].filter((other) => other !== port);
          const expected = target === undefined ? others : target === port ? [] : [target];
          assert.deepEqual(bench.takePorts(), expected);
        }
      }),
    );
  });

  it('has nothing to wait for without delays and rates', () => {
    const idle = new Switch({ ports: PORTS }, { transmit: () => true });
    assert.equal(idle.nextEventUs, Infinity);
  });
});

function flippedBits(a: Uint8Array, b: Uint8Array): number {
  let bits = 0;
  for (let i = 0; i < b.length; i++) for (let x = a[i]! ^ b[i]!; x !== 0; x &= x - 1) bits++;
  return bits;
}
