import assert from 'node:assert/strict';
import fc from 'fast-check';
import { completeChecksum } from '../../../hosts/linux/checksum-completion.js';

/** The one's complement sum of RFC 1071, the slow way. */
function sum(b: Uint8Array, start = 0): number {
  let total = start;
  for (let i = 0; i < b.length; i += 2) {
    total += b[i]! * 256 + (b[i + 1] ?? 0);
    total = (total % 0x1_0000) + Math.floor(total / 0x1_0000);
  }
  return total;
}

/** Two addresses, length, protocol, each in whole words. */
const PSEUDO_IPV4_BYTES = 16;

interface Packet {
  readonly frame: Uint8Array;
  /** Pseudo header and transport segment, as the receiver sums them up. */
  readonly covered: () => Uint8Array;
  readonly checksumAt: number;
}

/** A frame whose checksum field holds the pseudo header's sum only, as Linux leaves it to a NIC. */
function unfinished(
  ipv6: boolean,
  protocol: 6 | 17,
  payload: Uint8Array,
  tag: boolean,
  extension: boolean,
): Packet {
  const header = Buffer.alloc(protocol === 6 ? 20 : 8);
  header.writeUInt16BE(40000, 0);
  header.writeUInt16BE(80, 2);
  if (protocol === 6) header[12] = 0x50;
  else header.writeUInt16BE(8 + payload.length, 4);
  const segment = Buffer.concat([header, payload]);
  const options = ipv6 && extension ? Buffer.from([protocol, 0, 1, 4, 0, 0, 0, 0]) : Buffer.alloc(0);
  const addresses = Buffer.alloc(ipv6 ? 32 : 8).map((_, i) => i * 11 + 10);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(segment.length);
  const pseudo = Buffer.concat([addresses, length, Buffer.from([0, 0, 0, protocol])]);
  const field = protocol === 6 ? 16 : 6;
  segment.writeUInt16BE(sum(pseudo), field);
  const ip = Buffer.alloc(ipv6 ? 8 : 12);
  if (ipv6) {
    ip[0] = 0x60;
    ip.writeUInt16BE(options.length + segment.length, 4);
    ip[6] = options.length > 0 ? 60 : protocol;
  } else {
    ip[0] = 0x45;
    ip.writeUInt16BE(20 + segment.length, 2);
    ip[9] = protocol;
  }
  const type = Buffer.from(ipv6 ? [0x86, 0xdd] : [8, 0]);
  const ethernet = Buffer.concat([
    Buffer.alloc(12, 2),
    tag ? Buffer.from([0x81, 0, 0, 5]) : Buffer.alloc(0),
    type,
  ]);
  const before = Buffer.concat([ethernet, ip, addresses, options]);
  // Padding to the minimum frame is not part of the datagram, and may be anything.
  const frame = new Uint8Array(Buffer.concat([before, segment, Buffer.alloc(6, 0xa5)]));
  const covered = (): Uint8Array =>
    Buffer.concat([pseudo, frame.subarray(before.length, before.length + segment.length)]);
  return { frame, covered, checksumAt: before.length + field };
}

function complete(frame: Uint8Array, around = 0xa5): boolean {
  const b = new Uint8Array(frame.length + 20).fill(around);
  b.set(frame, 7);
  const done = completeChecksum(b, 7, frame.length);
  frame.set(b.subarray(7, 7 + frame.length));
  assert.ok(b.subarray(0, 7).every((byte) => byte === around));
  assert.ok(b.subarray(7 + frame.length).every((byte) => byte === around));
  return done;
}

describe('completeChecksum', () => {
  it('makes every TCP and UDP segment sum up to all ones, over IPv4 and IPv6, tagged or not', () => {
    const flag = fc.boolean();
    const payload = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(
        flag,
        fc.constantFrom(6 as const, 17 as const),
        payload,
        flag,
        flag,
        (v6, protocol, data, tag, ext) => {
          const packet = unfinished(v6, protocol, data, tag, ext);
          const before = packet.frame.slice();
          assert.equal(complete(packet.frame), true);
          assert.equal(sum(packet.covered()), 0xffff);
          before.set(packet.frame.subarray(packet.checksumAt, packet.checksumAt + 2), packet.checksumAt);
          assert.deepEqual(packet.frame, before);
        },
      ),
    );
  });

  it('sends a UDP checksum of 0 as FFFF (RFC 768)', () => {
    const packet = unfinished(false, 17, new Uint8Array(2), false, false);
    // The payload that brings the rest to all ones.
    const rest = sum(packet.covered().subarray(PSEUDO_IPV4_BYTES));
    packet.frame[packet.checksumAt + 2] = (0xffff - rest) >>> 8;
    packet.frame[packet.checksumAt + 3] = (0xffff - rest) & 0xff;
    assert.equal(complete(packet.frame), true);
    assert.deepEqual([...packet.frame.slice(packet.checksumAt, packet.checksumAt + 2)], [0xff, 0xff]);
  });

  it('leaves alone what it does not understand', () => {
    const changed = (change: (frame: Uint8Array) => void): void => {
      const { frame } = unfinished(false, 6, new Uint8Array(30), false, false);
      change(frame);
      const before = frame.slice();
      assert.equal(complete(frame), false);
      assert.deepEqual(frame, before);
    };
    changed((frame) => frame.set([0x08, 0x06], 12));
    changed((frame) => frame.set([132], 14 + 9));
    // More fragments; a header of 16 bytes; longer than the frame
    changed((frame) => frame.set([0x20], 14 + 6));
    changed((frame) => frame.set([0x44], 14));
    changed((frame) => frame.set([0x05, 0xdc], 14 + 2));
  });

  it('neither reads nor writes beyond the frame, whatever is in it', () => {
    const small = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), small, small, small, (v6, tag, length, at, value) => {
        const { frame: whole } = unfinished(v6, 17, new Uint8Array(40), tag, true);
        whole[at % whole.length] = value;
        const frame = whole.slice(0, length);
        const again = frame.slice();
        assert.equal(complete(frame), complete(again, 0x11));
        assert.deepEqual(frame, again);
      }),
      { numRuns: 2000 },
    );
  });
});
