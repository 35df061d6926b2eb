/**
 * What any NIC driver must do, on a bench: an emulated chip in w5500.test.ts, a real one where there is hardware.
 * Frames of other stations may be on the Ethernet too; the suite looks only at those of its own EtherType.
 */
import assert from 'node:assert/strict';
import { type NicPort, PortStatus } from '../../../src/back-end/ports.js';

/** A station on the same Ethernet as the NIC. */
export interface Peer {
  readonly macAddress: Uint8Array;
  send(frame: Uint8Array): void | Promise<void>;
  /** The next frame that reached the station, if one is there. */
  receive(): Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

export interface NicBench {
  readonly nic: NicPort;
  readonly peer: Peer;
  /** Monotonic; moves on by itself, or in `idle`. */
  nowUs(): number;
  /** Lets a little time pass. */
  idle(): void | Promise<void>;
  close(): void | Promise<void>;
}

const BROADCAST = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
const ETHERTYPE = 0x88b6; // IEEE 802 Local Experimental EtherType 2
const PATIENCE_US = 2_000_000;
const LENGTHS = [60, 61, 62, 63, 64, 127, 128, 255, 256, 511, 512, 1023, 1024, 1513, 1514];
/** As many full-size frames as the least NIC buffers hold. */
const BURST = 8;

/** A frame of `length` bytes; `number` is its first payload and decides the rest. */
export function testFrame(to: Uint8Array, from: Uint8Array, length: number, number: number): Buffer {
  const frame = Buffer.alloc(length);
  frame.set(to, 0);
  frame.set(from, 6);
  frame.writeUInt16BE(ETHERTYPE, 12);
  for (let i = 14; i < length; i++) frame[i] = i < 16 ? number >> (8 * (15 - i)) : number * 29 + i * 13;
  return frame;
}

function isOurs(frame: Uint8Array): boolean {
  return ((frame[12]! << 8) | frame[13]!) === ETHERTYPE;
}

export function nicSuite(name: string, makeBench: () => NicBench | Promise<NicBench>): void {
  describe(name, () => {
    let bench: NicBench;

    beforeEach(async () => {
      bench = await makeBench();
      await open();
    });

    afterEach(() => bench.close());

    async function open(): Promise<void> {
      const giveUpUs = bench.nowUs() + PATIENCE_US;
      let status = bench.nic.open(bench.nowUs());
      while (status === PortStatus.pending && bench.nowUs() < giveUpUs) {
        await bench.idle();
        status = bench.nic.open(bench.nowUs());
      }
      assert.equal(status, PortStatus.ok);
      while (!bench.nic.linkUp() && bench.nowUs() < giveUpUs) await bench.idle();
      assert.ok(bench.nic.linkUp(), 'no link: is the cable plugged in?');
    }

    /** The next test frame that the NIC receives, from a dirty buffer. */
    async function nicReceives(patienceUs = PATIENCE_US): Promise<Buffer | undefined> {
      const b = new Uint8Array(1600).fill(0xa5);
      const giveUpUs = bench.nowUs() + patienceUs;
      do {
        const length = bench.nic.receive(b, 3, 1518);
        if (length > 0 && isOurs(b.subarray(3))) return Buffer.from(b.subarray(3, 3 + length));
        if (length === 0) await bench.idle();
      } while (bench.nowUs() < giveUpUs);
      return undefined;
    }

    async function peerReceives(): Promise<Buffer | undefined> {
      const giveUpUs = bench.nowUs() + PATIENCE_US;
      do {
        const frame = await bench.peer.receive();
        if (frame !== undefined && isOurs(frame)) return Buffer.from(frame);
        if (frame === undefined) await bench.idle();
      } while (bench.nowUs() < giveUpUs);
      return undefined;
    }

    async function nicSends(frame: Uint8Array): Promise<void> {
      const giveUpUs = bench.nowUs() + PATIENCE_US;
      while (!bench.nic.transmit(frame, 0, frame.length)) {
        assert.ok(bench.nowUs() < giveUpUs, 'the NIC never had room');
        await bench.idle();
      }
    }

    function toNic(length: number, number: number): Buffer {
      return testFrame(bench.nic.macAddress, bench.peer.macAddress, length, number);
    }

    function toPeer(length: number, number: number): Buffer {
      return testFrame(bench.peer.macAddress, bench.nic.macAddress, length, number);
    }

    it('receives frames of every kind of length', async () => {
      for (const [number, length] of LENGTHS.entries()) {
        const frame = toNic(length, number);
        await bench.peer.send(frame);
        assert.deepEqual(await nicReceives(), frame, `length ${length}`);
      }
    });

    it('sends frames of every kind of length', async () => {
      for (const [number, length] of LENGTHS.entries()) {
        const frame = toPeer(length, number);
        await nicSends(frame);
        assert.deepEqual(await peerReceives(), frame, `length ${length}`);
      }
    });

    it('pads a short frame with zeros', async () => {
      const frame = toPeer(42, 1);
      await nicSends(frame);
      assert.deepEqual(await peerReceives(), Buffer.concat([frame, Buffer.alloc(18)]));
    });

    it('receives broadcast, but neither frames to others nor multicast', async () => {
      const last = testFrame(BROADCAST, bench.peer.macAddress, 60, 9);
      for (const to of ['0200000000ee', '01005e000001', '0180c2000000']) {
        await bench.peer.send(testFrame(Buffer.from(to, 'hex'), bench.peer.macAddress, 60, 1));
      }
      await bench.peer.send(last);
      assert.deepEqual(await nicReceives(), last);
    });

    it('receives bursts in order, through more than one turn of its buffers', async () => {
      for (let number = 0; number < 25 * BURST; number += BURST) {
        const frames = Array.from({ length: BURST }, (_, i) => toNic(i % 2 ? 1514 : 777 + i, number + i));
        for (const frame of frames) await bench.peer.send(frame);
        for (const frame of frames) assert.deepEqual(await nicReceives(), frame);
      }
    });

    it('sends back to back in order, through more than one turn of its buffers', async () => {
      const frames = Array.from({ length: 100 }, (_, i) => toPeer(i % 3 ? 1514 : 60 + i, i));
      for (const [i, frame] of frames.entries()) {
        await nicSends(frame);
        if (i % BURST !== BURST - 1 && i !== frames.length - 1) continue;
        for (const sent of frames.slice(i - (i % BURST), i + 1)) assert.deepEqual(await peerReceives(), sent);
      }
    });

    it('receives while it sends', async () => {
      for (let number = 0; number < 100; number++) {
        const [down, up] = [
          toNic(60 + ((number * 211) % 1455), number),
          toPeer(60 + ((number * 97) % 1455), number),
        ];
        await bench.peer.send(down);
        await nicSends(up);
        assert.deepEqual(await nicReceives(), down);
        assert.deepEqual(await peerReceives(), up);
      }
    });

    it('has nothing to receive when nothing was sent', async () => {
      assert.equal(await nicReceives(50_000), undefined);
    });

    it('works again after a second open', async () => {
      await open();
      const [down, up] = [toNic(200, 1), toPeer(300, 2)];
      await bench.peer.send(down);
      assert.deepEqual(await nicReceives(), down);
      await nicSends(up);
      assert.deepEqual(await peerReceives(), up);
    });
  });
}
