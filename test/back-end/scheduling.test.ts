/** Many delegations at once: fairness, little memory, a slow NIC, a failing card, bounded steps. */
import assert from 'node:assert/strict';
import { PortStatus } from '../../src/back-end/ports.js';
import { DelegationState, Reason } from '../../src/wire/atcp/ack-up.js';
import { Opcode } from '../../src/wire/atcp/command.js';
import { Rig } from './support/rig.js';
import type { RigOptions } from './support/rig.js';
import type { Segment } from './support/segments.js';
import { ackDown, bareCommand, readCommand, template } from './support/statements.js';
import { pattern, volumeImage } from './support/volume-image.js';

const SLOTS = 16;
const FILE_BYTES = 60_000;
const MS = 1000;

/** The client's port tells the delegations apart. */
function portOf(segment: Segment): number {
  return segment.frame[36]! * 256 + segment.frame[37]!;
}

function streamOf(rig: Rig, counter: number): Uint8Array {
  const mine = rig.segments.filter((segment) => portOf(segment) === 40_000 + counter);
  const end = mine.reduce(
    (most, { sequence, payload }) => Math.max(most, sequence - 1000 + payload.length),
    0,
  );
  const b = new Uint8Array(end);
  for (const { sequence, payload } of mine) b.set(payload, sequence - 1000);
  return b;
}

describe('scheduling', () => {
  let image: Uint8Array;
  const files: Uint8Array[] = [];

  before(async () => {
    const map = new Map<string, Uint8Array>();
    for (let i = 0; i < SLOTS; i++) {
      files.push(pattern(FILE_BYTES, 100 + i));
      map.set(`file-${i}`, files[i]!);
    }
    image = await volumeImage(map);
  });

  /** Counter `i + 1` reads file `i`. */
  function commanded(options: RigOptions, granted: number, slots = SLOTS): Rig {
    const rig = new Rig(image, options);
    rig.connect(60_000);
    for (let i = 0; i < slots; i++) {
      const counter = i + 1;
      const headers = template({ destinationPort: 40_000 + counter });
      rig.nic.arrived.push(
        rig.frontEnd.statements(
          readCommand({ counter, name: `file-${i}`, template: headers }),
          ackDown({ counter, granted, leaseMs: 60_000 }),
        ),
      );
    }
    return rig;
  }

  function expectAll(rig: Rig): void {
    for (let i = 0; i < SLOTS; i++) assert.deepEqual(streamOf(rig, i + 1), files[i], `file ${i}`);
  }

  function releaseAll(rig: Rig): void {
    for (let counter = 1; counter <= SLOTS; counter++) rig.state(bareCommand(Opcode.release, counter));
    assert.equal(rig.board.memory.lent, 0);
    assert.equal(rig.board.slotsUsed, 0);
  }

  for (const buffers of [24, 16, 5, 2]) {
    it(`serves 16 delegations with ${buffers} unit buffers`, () => {
      const rig = commanded({ limits: { buffers } }, FILE_BYTES);
      rig.run(2000 * MS);
      expectAll(rig);
      assert.ok(rig.board.memory.highWater <= buffers);
      assert.equal(rig.board.counters.anomalies, 0);
      releaseAll(rig);
    });
  }

  it('serves them when half of the clients take nothing while their bytes fill the memory', () => {
    const rig = commanded({ limits: { buffers: 6 } }, 0);
    rig.run(50 * MS);
    for (let counter = 1; counter <= SLOTS; counter += 2) {
      rig.state(ackDown({ counter, version: 2, granted: FILE_BYTES, leaseMs: 60_000 }));
    }
    rig.run(1000 * MS);
    for (let i = 0; i < SLOTS; i += 2) assert.deepEqual(streamOf(rig, i + 1), files[i]);
    for (let i = 1; i < SLOTS; i += 2) assert.equal(streamOf(rig, i + 1).length, 0);
  });

  it('lets others have the memory of what was sent again', () => {
    const rig = commanded({ limits: { buffers: 2 } }, 20_480, 1);
    rig.run(50 * MS);
    rig.state(ackDown({ counter: 1, version: 2, granted: 20_480, leaseMs: 60_000, resend: [[1, 0, 1000]] }));
    rig.state(
      ackDown({ counter: 1, version: 3, granted: 20_480, leaseMs: 60_000, resend: [[2, 5000, 6000]] }),
    );
    rig.state(readCommand({ counter: 2, name: 'file-1', template: template({ destinationPort: 40_002 }) }));
    rig.state(ackDown({ counter: 2, granted: FILE_BYTES, leaseMs: 60_000 }));
    rig.run(200 * MS);
    assert.deepEqual(streamOf(rig, 2), files[1]);
    assert.equal(rig.board.counters.replyRepeated, 2);
    assert.equal(rig.board.counters.bufferStolen, 0);
  });

  it('gives every delegation its turn', () => {
    const rig = commanded({}, FILE_BYTES);
    // A NIC that takes one frame a step is the bottleneck.
    rig.nic.room = 1;
    while (rig.segments.length < 16 * 20) rig.run(MS);
    const counts = new Map<number, number>();
    for (const segment of rig.segments) counts.set(portOf(segment), (counts.get(portOf(segment)) ?? 0) + 1);
    assert.equal(counts.size, SLOTS);
    for (const count of counts.values()) assert.ok(count >= 12 && count <= 30, String([...counts.values()]));
  });

  it('reads an object in runs of units, so that the card seeks rarely', () => {
    const rig = commanded({}, FILE_BYTES, 4);
    rig.run(1000 * MS);
    const units = 4 * Math.ceil(FILE_BYTES / 4096);
    assert.equal(rig.board.counters.resultReceived117, units, 'and each unit once');
    assert.ok(rig.disk.seeks < units / 2 + 40, `${rig.disk.seeks} seeks for ${units} units`);
  });

  it('sends the same segment later when the NIC is full, none twice, none left out', () => {
    const rig = commanded({}, FILE_BYTES, 3);
    for (let i = 0; i < 4000; i++) {
      rig.nic.room = i % 5 === 0 ? 2 : 0;
      rig.step();
      rig.nowUs += 20;
    }
    rig.nic.room = Infinity;
    rig.run(500 * MS);
    for (let i = 0; i < 3; i++) assert.deepEqual(streamOf(rig, i + 1), files[i]);
    assert.equal(rig.segments.length, 3 * Math.ceil(FILE_BYTES / 1460));
    assert.ok(rig.board.counters.nicBusy > 100);
  });

  it('does a bounded piece of work a step', () => {
    const rig = commanded({}, FILE_BYTES);
    let most = 0;
    for (let i = 0; i < 5000; i++) {
      rig.nic.room = i < 1000 ? 0 : Infinity;
      const before = { arrived: rig.nic.arrived.length, reads: rig.disk.reads, sent: rig.segments.length };
      rig.step();
      rig.nowUs += 5;
      assert.ok(before.arrived - rig.nic.arrived.length <= 4);
      assert.ok(rig.disk.reads - before.reads <= 4, 'two units and their checksums, at most');
      most = Math.max(most, rig.segments.length - before.sent);
    }
    assert.equal(most, 8);
  });

  it('asks to be called at once while there is work, and rests when there is none', () => {
    const rig = commanded({}, 10_000, 1);
    let restUs = 0;
    for (let i = 0; i < 3000; i++) {
      const nextUs = rig.step();
      if (nextUs > rig.nowUs + 20) restUs += nextUs - rig.nowUs;
      rig.nowUs = Math.max(nextUs, rig.nowUs + 5);
    }
    assert.deepEqual(streamOf(rig, 1), files[0]!.slice(0, 10_000));
    assert.ok(restUs > 1000 * MS, 'wakes for the link and the leases only');
    assert.ok(rig.step() > rig.nowUs + 1000);
  });

  it('reports a card that fails in the middle, and keeps the slot until released', () => {
    const rig = commanded({}, 20_000, 2);
    rig.run(50 * MS);
    rig.disk.failure = PortStatus.timeout;
    for (const counter of [1, 2])
      rig.state(ackDown({ counter, version: 2, granted: FILE_BYTES, leaseMs: 60_000 }));
    rig.run(50 * MS);
    for (const counter of [1, 2]) {
      assert.deepEqual(
        [rig.report(counter).state, rig.report(counter).reason],
        [DelegationState.failed, Reason.cardError],
      );
    }
    assert.equal(rig.board.slotsUsed, 2);
    assert.equal(rig.board.memory.lent, 0);
    assert.ok(rig.board.counters.diskErrors >= 2);
  });

  it('reports data that does not match its checksum, and sends none of it', () => {
    const damaged = image.slice();
    const at = findIn(damaged, files[0]!.subarray(20_480, 20_512));
    damaged[at]! ^= 1;
    const rig = new Rig(damaged);
    rig.connect(60_000);
    rig.state(readCommand({ name: 'file-0' }), ackDown({ granted: FILE_BYTES }));
    rig.run(200 * MS);
    assert.deepEqual([rig.report().state, rig.report().reason], [DelegationState.failed, Reason.checksum]);
    assert.ok(rig.stream().length <= 20_480);
    assert.deepEqual(rig.stream(), files[0]!.slice(0, rig.stream().length));
  });

  it('waits for a card that is still being opened', () => {
    const rig = new Rig(image);
    rig.disk.failure = PortStatus.pending;
    rig.connect(60_000);
    rig.state(readCommand({ name: 'file-0' }), ackDown({ granted: 1460 }));
    assert.equal(rig.report().state, DelegationState.accepted);
    rig.disk.failure = PortStatus.ok;
    rig.run(50 * MS);
    assert.deepEqual(rig.stream(), files[0]!.slice(0, 1460));
  });
});

function findIn(b: Uint8Array, what: Uint8Array): number {
  for (let i = 0; i + what.length <= b.length; i++) {
    let same = 0;
    while (same < what.length && b[i + same] === what[same]) same++;
    if (same === what.length) return i;
  }
  throw new Error('not found');
}
