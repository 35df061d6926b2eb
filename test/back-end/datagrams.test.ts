/** Spans in UDP datagrams (claims 4 and 12, [0053]): whole datagrams, numbers, the pace. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CommandFlag } from '../../src/wire/atcp/command.js';
import { DelegationState, Reason } from '../../src/wire/atcp/ack-up.js';
import { Rig, VIP, VIP6, type RigOptions } from './support/rig.js';
import type { Segment } from './support/segments.js';
import { ackDown, readCommand, template } from './support/statements.js';
import type { AckOptions, ReadOptions, TemplateOptions } from './support/statements.js';
import { pattern, volumeImage } from './support/volume-image.js';

const FILE = pattern(300_000, 5);
const DATA = [0, 3, 0, 0];
const NUMBERED = CommandFlag.restartable | CommandFlag.numbered;
const MS = 1000;

/** Number and payload of a datagram with the header of TFTP's DATA. */
function dataOf(segment: Segment): [number: number, payload: Uint8Array] {
  const { payload, isTcp } = segment;
  assert.equal(isTcp, false);
  assert.deepEqual([...payload.subarray(0, 2)], [0, 3]);
  return [payload[2]! * 256 + payload[3]!, payload.slice(4)];
}

describe('spans in datagrams', () => {
  let image: Uint8Array;

  before(async () => {
    image = await volumeImage(new Map([['file', FILE]]));
  });

  function connected(options: RigOptions = {}): Rig {
    const rig = new Rig(image, { sources: [{ ...VIP, port: 0 }, VIP6], ...options });
    rig.connect(60_000);
    return rig;
  }

  function datagrams(options: TemplateOptions = {}, read: ReadOptions = {}): Uint8Array {
    return readCommand({
      template: template({ udp: true, datagramHeader: DATA, ...options }),
      flags: NUMBERED,
      segmentBytes: 512,
      startSequence: 1,
      ...read,
    });
  }

  /** Of a delegation in datagrams: without a pace. */
  function state(rig: Rig, options: AckOptions): void {
    rig.state(ackDown({ acknowledgment: 0, window: 0, ...options }));
  }

  it('numbers them from the number of the first, and sends whole ones only', () => {
    const rig = connected();
    rig.state(datagrams(), ackDown({ acknowledgment: 0, granted: 1600 }));
    assert.deepEqual(rig.segments.map(dataOf), [
      [1, FILE.slice(0, 512)],
      [2, FILE.slice(512, 1024)],
      [3, FILE.slice(1024, 1536)],
    ]);
    rig.run(5 * MS);
    assert.equal(rig.report().sentUpTo, 1536);
    rig.clear();
    state(rig, { version: 2, acknowledged: 700, granted: 2048 });
    assert.deepEqual(rig.segments.map(dataOf), [[4, FILE.slice(1536, 2048)]]);
  });

  it('sends a shorter one at the end of the span only, whatever the NIC can segment', () => {
    for (const segmentationBytes of [0, 0x1_0000]) {
      const rig = connected({ segmentationBytes });
      rig.state(datagrams({}, { length: 5000 }), ackDown({ acknowledgment: 0, granted: 100_000 }));
      rig.run(20 * MS);
      const data = rig.segments.map(dataOf);
      assert.deepEqual(
        data.map(([number]) => number),
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      );
      assert.deepEqual(Uint8Array.from(data.flatMap(([, payload]) => [...payload])), FILE.slice(0, 5000));
      assert.equal(rig.nic.superFrames.length, 0);
      assert.equal(rig.report().state, DelegationState.sent);
    }
  });

  it('counts modulo 2^16', () => {
    const rig = connected();
    rig.state(
      datagrams({}, { startSequence: 0xffff, segmentBytes: 8 }),
      ackDown({ acknowledgment: 0, granted: 24 }),
    );
    const numbers = rig.segments.map((segment) => dataOf(segment)[0]);
    assert.deepEqual(numbers, [0xffff, 0, 1]);
  });

  it('goes on with the number that belongs to its first offset', () => {
    const rig = connected();
    rig.state(
      datagrams({}, { firstOffset: 200_000, segmentBytes: 1000 }),
      ackDown({ acknowledgment: 0, acknowledged: 200_000, granted: 202_000 }),
    );
    assert.deepEqual(rig.segments.map(dataOf), [
      [201, FILE.slice(200_000, 201_000)],
      [202, FILE.slice(201_000, 202_000)],
    ]);
  });

  it('sends again the whole datagrams that a range touches, with the same bytes', () => {
    const rig = connected();
    rig.state(datagrams(), ackDown({ acknowledgment: 0, granted: 5120 }));
    const first = rig.segments.map((segment) => segment.frame);
    rig.clear();
    state(rig, { version: 2, granted: 5120, resend: [[1, 600, 1100]] });
    assert.deepEqual(
      rig.segments.map((segment) => segment.frame),
      first.slice(1, 3),
    );
    assert.equal(rig.report().generation, 1);
  });

  it('whatever is granted, acknowledged and lost, a number always carries the same bytes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 750 }).map((half) => half * 2 - 1),
        fc.array(fc.tuple(fc.nat(12_000), fc.nat(12_000), fc.nat(12_000), fc.nat(12_000)), {
          minLength: 1,
          maxLength: 8,
        }),
        (segmentBytes, rounds) => {
          const rig = connected();
          const length = 11_000;
          rig.state(datagrams({}, { segmentBytes, length }), ackDown({ acknowledgment: 0, granted: 0 }));
          let acknowledged = 0;
          for (const [i, [ack, more, from, bytes]] of rounds.entries()) {
            acknowledged = Math.min(length, Math.max(acknowledged, ack));
            const granted = Math.max(acknowledged, more);
            const start = acknowledged + from;
            state(rig, {
              version: i + 2,
              acknowledged,
              granted,
              resend: [[i + 1, start, start + bytes]],
            });
          }
          for (const [number, payload] of rig.segments.map(dataOf)) {
            const at = (number - 1) * segmentBytes;
            assert.deepEqual(payload, FILE.slice(at, Math.min(at + segmentBytes, length)));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('sends over IPv6 and a VLAN', () => {
    const rig = connected();
    const source = [...VIP6.address];
    const cases: [TemplateOptions, number][] = [
      [{ source, destination: new Array<number>(16).fill(0xfd) }, 1448],
      [{ vlan: 7 }, 1468],
    ];
    for (const [i, [options, segmentBytes]] of cases.entries()) {
      rig.clear();
      const counter = i + 1;
      rig.state(
        datagrams(options, { counter, segmentBytes }),
        ackDown({ counter, acknowledgment: 0, granted: 2 * segmentBytes }),
      );
      assert.deepEqual(rig.segments.map(dataOf), [
        [1, FILE.slice(0, segmentBytes)],
        [2, FILE.slice(segmentBytes, 2 * segmentBytes)],
      ]);
    }
  });

  it('sends from the ports that it was provisioned for only', () => {
    const rig = connected({ sources: [{ ...VIP, port: 49_152, lastPort: 49_154 }] });
    for (const [i, sourcePort] of [49_151, 49_152, 49_154, 49_155, 80].entries()) {
      rig.clear();
      const counter = i + 1;
      rig.state(
        datagrams({ sourcePort }, { counter }),
        ackDown({ counter, acknowledgment: 0, granted: 512 }),
      );
      const allowed = sourcePort >= 49_152 && sourcePort <= 49_154;
      assert.equal(rig.segments.length, allowed ? 1 : 0, `${sourcePort}`);
      if (!allowed) assert.equal(rig.report(counter).reason, Reason.forbiddenSource);
    }
  });

  it('refuses what would have to be fragmented, and numbers without a place', () => {
    const rig = connected();
    const refused: Uint8Array[] = [
      datagrams({}, { segmentBytes: 1469 }),
      datagrams({ datagramHeader: [] }, { counter: 2 }),
      readCommand({ counter: 3, flags: NUMBERED }),
    ];
    for (const [i, command] of refused.entries()) {
      rig.clear();
      rig.state(command, ackDown({ counter: i + 1, granted: 5000 }));
      assert.equal(rig.report(i + 1).reason, Reason.badCommand);
      assert.equal(rig.segments.length, 0);
    }
  });

  describe('with a pace', () => {
    // 1,316 bytes each 10 ms.
    const PACE = (1316 * 8 * 1000) / 10;
    const plain = { datagramHeader: [] };
    const read = { segmentBytes: 1316, flags: CommandFlag.restartable };

    /** How many datagrams have come by the end of each of `count` spans of `us`. */
    function counts(rig: Rig, count: number, us: number): number[] {
      const all: number[] = [];
      for (let i = 0; i < count; i++) {
        rig.run(us);
        all.push(rig.segments.length);
      }
      return all;
    }

    it('sends a datagram each interval by its own clock, and rests in between', () => {
      const rig = connected();
      rig.state(
        datagrams(plain, read),
        ackDown({ acknowledgment: PACE, granted: FILE.length, leaseMs: 60_000 }),
      );
      rig.run(3 * MS);
      const first = rig.segments.length;
      const stepsBefore = rig.steps;
      const sent = counts(rig, 100, 10 * MS).map((count) => count - first);
      assert.deepEqual(
        sent,
        sent.map((_, i) => i + 1),
      );
      assert.ok(rig.steps - stepsBefore < 100 * 40, `${rig.steps - stepsBefore} steps in a second`);
      for (const [i, { payload }] of rig.segments.entries())
        assert.deepEqual(payload, FILE.slice(i * 1316, (i + 1) * 1316));
    });

    it('is silent when credit or lease ends, and does not make up for a long gap', () => {
      const rig = connected();
      rig.state(datagrams(plain, read), ackDown({ acknowledgment: PACE, granted: 1316 * 5, leaseMs: 300 }));
      rig.run(150 * MS);
      assert.equal(rig.segments.length, 5);
      state(rig, { version: 2, acknowledgment: PACE, granted: FILE.length, leaseMs: 300 });
      rig.run(100 * MS);
      assert.ok(rig.segments.length >= 15 && rig.segments.length <= 17, `${rig.segments.length}`);
      rig.run(500 * MS);
      const atEnd = rig.segments.length;
      assert.ok(atEnd >= 34 && atEnd <= 36, `${atEnd} when the lease ended`);
      state(rig, { version: 3, acknowledgment: PACE, granted: FILE.length, leaseMs: 60_000 });
      assert.ok(rig.segments.length <= atEnd + 1);
      rig.run(100 * MS);
      assert.ok(rig.segments.length - atEnd >= 9 && rig.segments.length - atEnd <= 12);
    });

    it('takes another pace from a later statement, and none', () => {
      const rig = connected();
      rig.state(
        datagrams(plain, read),
        ackDown({ acknowledgment: PACE, granted: FILE.length, leaseMs: 60_000 }),
      );
      rig.run(100 * MS);
      const slow = rig.segments.length;
      state(rig, { version: 2, acknowledgment: PACE * 5, granted: FILE.length, leaseMs: 60_000 });
      rig.run(100 * MS);
      const fast = rig.segments.length - slow;
      assert.ok(slow >= 10 && slow <= 11 && fast >= 45 && fast <= 52, `${slow}, ${fast}`);
      state(rig, { version: 3, granted: FILE.length, leaseMs: 60_000 });
      rig.run(100 * MS);
      assert.equal(rig.report().state, DelegationState.sent);
    });

    it('makes up for a board that came late by a little', () => {
      const rig = connected({ stepUs: 35 * MS });
      rig.state(
        datagrams(plain, read),
        ackDown({ acknowledgment: PACE, granted: FILE.length, leaseMs: 60_000 }),
      );
      rig.run(1000 * MS);
      assert.ok(rig.segments.length >= 95 && rig.segments.length <= 102, `${rig.segments.length}`);
    });

    it('serves sixteen at once, each at its rate, beside one over TCP', () => {
      const rig = connected();
      for (let counter = 1; counter <= 15; counter++) {
        const headers = { ...plain, destinationPort: 40_000 + counter };
        rig.nic.arrived.push(
          rig.frontEnd.statements(
            datagrams(headers, { ...read, counter }),
            ackDown({ counter, acknowledgment: PACE, granted: FILE.length, leaseMs: 60_000 }),
          ),
        );
      }
      rig.state(
        readCommand({ counter: 16 }),
        ackDown({ counter: 16, granted: FILE.length, leaseMs: 60_000 }),
      );
      rig.run(500 * MS);
      assert.equal(rig.report(16).state, DelegationState.sent);
      for (let counter = 1; counter <= 15; counter++) {
        const mine = rig.segments.filter(
          ({ frame, isTcp }) => !isTcp && frame[36]! * 256 + frame[37]! === 40_000 + counter,
        );
        assert.ok(mine.length >= 48 && mine.length <= 53, `${counter}: ${mine.length}`);
      }
    });
  });
});
