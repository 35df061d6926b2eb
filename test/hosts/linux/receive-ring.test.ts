import assert from 'node:assert/strict';
import { ReceiveRing, ringSlotBytes } from '../../../hosts/linux/receive-ring.js';

const SLOT = 2048;
const SLOTS = 4;
/** As the kernel puts it: 14 bytes in front of the network header at 80. */
const MAC_AT = 66;

/** The kernel's side of a ring in plain memory. */
class Kernel {
  readonly bytes = new Uint8Array(SLOT * SLOTS).fill(0xa5);
  readonly view = new DataView(this.bytes.buffer);

  constructor() {
    for (let slot = 0; slot < SLOTS; slot++) this.view.setUint32(slot * SLOT, 0, true);
  }

  put(slot: number, frame: Uint8Array, flags = 0, vlan = { tci: 0, tpid: 0 }, length = frame.length): void {
    const at = slot * SLOT;
    this.bytes.set(frame, at + MAC_AT);
    this.view.setUint32(at + 4, length, true);
    this.view.setUint32(at + 8, frame.length, true);
    this.view.setUint16(at + 12, MAC_AT, true);
    this.view.setUint16(at + 14, MAC_AT + 14, true);
    this.view.setUint16(at + 24, vlan.tci, true);
    this.view.setUint16(at + 26, vlan.tpid, true);
    this.view.setUint32(at, 1 | flags, true);
  }

  owns(slot: number): boolean {
    return this.view.getUint32(slot * SLOT, true) === 0;
  }
}

function current(ring: ReceiveRing): Uint8Array {
  return ring.bytes.slice(ring.frameAt, ring.frameAt + ring.frameBytes);
}

const frame = (mark: number): Uint8Array => new Uint8Array(60).map((_, i) => mark + i);

describe('ReceiveRing', () => {
  it('hands over frames in order, around the ring, and each slot back when the next is asked for', () => {
    const kernel = new Kernel();
    const ring = new ReceiveRing(kernel.bytes, SLOT);
    assert.equal(ring.next(), false);
    for (let i = 0; i < 11; i++) {
      kernel.put(i % SLOTS, frame(i));
      assert.equal(ring.next(), true);
      assert.deepEqual(current(ring), frame(i));
      assert.equal(kernel.owns(i % SLOTS), false);
      if (i % 2 === 0) assert.equal(ring.next(), false);
      if (i % 2 === 0) assert.equal(kernel.owns(i % SLOTS), true);
    }
  });

  it('takes a whole ring at once', () => {
    const kernel = new Kernel();
    const ring = new ReceiveRing(kernel.bytes, SLOT);
    for (let slot = 0; slot < SLOTS; slot++) kernel.put(slot, frame(slot));
    for (let slot = 0; slot < SLOTS; slot++) {
      assert.equal(ring.next(), true);
      assert.deepEqual(current(ring), frame(slot));
    }
    assert.equal(ring.next(), false);
    assert.ok([0, 1, 2, 3].every((slot) => kernel.owns(slot)));
  });

  it('skips and counts a frame that was cut off', () => {
    const kernel = new Kernel();
    const ring = new ReceiveRing(kernel.bytes, SLOT);
    kernel.put(0, frame(0), 0, undefined, 5000);
    kernel.put(1, frame(1));
    assert.equal(ring.next(), true);
    assert.deepEqual(current(ring), frame(1));
    assert.equal(ring.truncated, 1);
    assert.equal(kernel.owns(0), true);
  });

  it('puts the VLAN tag back that the kernel took out', () => {
    const kernel = new Kernel();
    const ring = new ReceiveRing(kernel.bytes, SLOT);
    const tagged = (tpid: number): Uint8Array => {
      const plain = frame(9);
      return Uint8Array.of(...plain.slice(0, 12), tpid >>> 8, tpid & 0xff, 0x20, 0x07, ...plain.slice(12));
    };
    kernel.put(0, frame(9), (1 << 4) | (1 << 6), { tci: 0x2007, tpid: 0x88a8 });
    kernel.put(1, frame(9), 1 << 4, { tci: 0x2007, tpid: 0 });
    ring.next();
    assert.deepEqual(current(ring), tagged(0x88a8));
    ring.next();
    assert.deepEqual(current(ring), tagged(0x8100));
  });

  it('has slots that hold the longest frame behind the kernel’s headers', () => {
    assert.equal(ringSlotBytes(1518), 2048);
    assert.equal(ringSlotBytes(2048 - 80), 2048);
    assert.equal(ringSlotBytes(2048 - 79), 4096);
    assert.equal(ringSlotBytes(9018), 16384);
  });
});
