import assert from 'node:assert/strict';
import { Gem, gemDmaBytes } from '../../../drivers/gem/gem.js';
import { PortStatus } from '../../../src/back-end/ports.js';
import { GemModel } from './controller.js';

const MAC = Uint8Array.of(0x02, 0xa7, 0xc9, 0, 1, 0x2a);
const RX = 3;
const TX = 2;

function frame(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 255);
}

describe('Gem', () => {
  let port: GemModel;
  let nic: Gem;
  beforeEach(() => {
    port = new GemModel(gemDmaBytes(RX, TX));
    nic = new Gem({ port, macAddress: MAC, rxBuffers: RX, txBuffers: TX });
    assert.equal(nic.open(0), PortStatus.ok);
  });

  it('programs address, rings and buffers', () => {
    assert.equal(port.registers.get(0x88)! >>> 0, 0x00c9_a702);
    assert.equal(port.registers.get(0x8c), 0x2a01);
    assert.equal(port.registers.get(0x18), 0x4000_0000);
    assert.equal(port.registers.get(0x1c), 0x4000_0040);
    assert.equal((port.registers.get(0x10)! >>> 16) & 0xff, 24, 'receive buffers of 1,536 bytes');
    assert.equal(port.registers.get(0x00)! & 0x0c, 0x0c, 'receiver and transmitter on');
    assert.equal(port.readWord(2 * 8) & 3, 2, 'the last receive descriptor wraps, and is the controller’s');
    assert.equal(port.readWord(0x40 + 8 + 4) >>> 30, 3, 'the last transmit descriptor wraps, and is unused');
  });

  it('refuses another module, and a cable without PHY', () => {
    port.registers.set(0xfc, 0x0040_0000);
    assert.equal(nic.open(0), PortStatus.unsupported);
    port.registers.set(0xfc, 0x0002_0118);
    port.phyAddress = 40;
    assert.equal(nic.open(0), PortStatus.noMedium);
    assert.equal(nic.transmit(frame(60, 1), 0, 60), false);
  });

  it('tells the state of the link', () => {
    assert.equal(nic.linkUp(), true);
    port.linkUp = false;
    assert.equal(nic.linkUp(), false);
  });

  it('sends frames of every length, from any place, round the ring', () => {
    const b = frame(3000, 5);
    const lengths = [14, 60, 61, 1514, 1518, 100, 1460];
    for (const [i, length] of lengths.entries()) assert.equal(nic.transmit(b, i, length), true);
    assert.deepEqual(
      port.sent,
      lengths.map((length, i) => b.slice(i, i + length)),
    );
    assert.equal(nic.transmitted, lengths.length);
  });

  it('has no room while the controller sends nothing, and goes on afterwards', () => {
    port.sends = false;
    assert.deepEqual(
      [1, 2, 3].map((seed) => nic.transmit(frame(60, seed), 0, 60)),
      [true, true, false],
    );
    port.sends = true;
    port.transmitAll();
    assert.equal(nic.transmit(frame(60, 4), 0, 60), true);
    assert.deepEqual(port.sent, [frame(60, 1), frame(60, 2), frame(60, 4)]);
  });

  it('drops and counts a length that Ethernet does not have', () => {
    for (const length of [0, 13, 1519]) assert.equal(nic.transmit(new Uint8Array(2000), 0, length), true);
    assert.equal(nic.refusedLength, 3);
    assert.deepEqual(port.sent, []);
  });

  it('receives round the ring, into a dirty buffer, and touches nothing beside the frame', () => {
    for (let seed = 0; seed < 10; seed++) {
      const length = 60 + seed * 150;
      assert.equal(port.arrive(frame(length, seed)), true);
      const b = new Uint8Array(1600).fill(0xa5);
      assert.equal(nic.receive(b, 7, 1518), length);
      assert.deepEqual(b.slice(7, 7 + length), frame(length, seed));
      assert.ok(b.subarray(0, 7).every((byte) => byte === 0xa5));
      assert.ok(b.subarray(7 + length).every((byte) => byte === 0xa5));
      assert.equal(nic.receive(b, 0, 1518), 0);
    }
    assert.equal(nic.received, 10);
  });

  it('passes over frames that are too long or in pieces', () => {
    const b = new Uint8Array(1600);
    port.arrive(frame(1000, 1));
    port.arrive(frame(100, 2), 0x4000);
    port.arrive(frame(80, 3));
    assert.equal(nic.receive(b, 0, 500), 80);
    assert.deepEqual(b.slice(0, 80), frame(80, 3));
    assert.equal(nic.droppedTooLong, 1);
    assert.equal(nic.droppedBroken, 1);
  });

  it('counts that frames were lost for want of a buffer', () => {
    for (let seed = 0; seed < RX; seed++) assert.equal(port.arrive(frame(60, seed)), true);
    assert.equal(port.arrive(frame(60, 9)), false);
    const b = new Uint8Array(1600);
    for (let seed = 0; seed < RX; seed++) assert.equal(nic.receive(b, 0, 1518), 60);
    assert.equal(nic.overruns, 1);
  });

  it('says what is wrong with its options', () => {
    assert.throws(() => new Gem({ port, macAddress: MAC, rxBuffers: RX + 1, txBuffers: TX }), /DMA memory/);
    const group = Uint8Array.of(1, 0, 0, 0, 0, 1);
    assert.throws(() => new Gem({ port, macAddress: group, rxBuffers: RX, txBuffers: TX }), /macAddress/);
  });
});
