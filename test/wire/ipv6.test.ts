import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { checkIcmpv6, checkNeighborMessage } from '../../src/wire/icmpv6.js';
import { checkIpv6, Ipv6Walk } from '../../src/wire/ipv6.js';
import { formatIpv6, parseIpv6 } from '../../src/wire/ipv6-address.js';

const address = fc.uint8Array({ minLength: 16, maxLength: 16 });
/** Many zeros, so that runs of them compete. */
const sparse = fc
  .array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff])));

describe('wire: IPv6', () => {
  it('writes addresses as the platform does, and reads them back', () => {
    fc.assert(
      fc.property(fc.oneof(address, sparse), (b) => {
        // The platform writes some addresses with an IPv4 tail.
        fc.pre(b.subarray(0, 10).some((x) => x !== 0));
        const text = formatIpv6(b, 0);
        assert.ok(isIPv6(text), text);
        assert.equal(new URL(`http://[${text}]/`).hostname, `[${text}]`);
        assert.deepEqual(parseIpv6(text), b);
      }),
    );
  });

  it('reads exactly the texts that the platform reads', () => {
    const part = fc.constantFrom('0', 'a', 'ffff', '12345', '', '::', '1.2.3.4', '01.2.3.4', 'g');
    const joined = fc.array(part, { maxLength: 9 }).map((parts) => parts.join(':'));
    fc.assert(
      fc.property(fc.oneof(joined, fc.string({ unit: fc.constantFrom(...'0af:.') })), (text) => {
        assert.equal(parseIpv6(text) !== undefined, isIPv6(text), text);
      }),
      { numRuns: 2000 },
    );
  });

  it('never walks out of the packet, whatever is in it', () => {
    const walk = new Ipv6Walk();
    const header = fc
      .tuple(
        fc.constantFrom(0, 6, 43, 44, 58, 60),
        fc.nat(2),
        fc.constantFrom(1, 0, 0x40),
        fc.constantFrom(4, 0, 12),
      )
      .map((start) => [...start, 0, 0, 0, 0]);
    const chain = fc.array(header, { maxLength: 9 }).map((headers) => headers.flat());
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.oneof(chain, fc.array(fc.nat(255), { maxLength: 200 })),
        fc.constantFrom(0, 43, 60),
        (rest, next) => {
          const b = Uint8Array.from([
            0x60,
            0,
            0,
            0,
            0,
            rest.length,
            next,
            64,
            ...new Uint8Array(32),
            ...rest,
          ]);
          assert.equal(checkIpv6(b, 0, b.length), 'ok');
          if (walk.walk(b, 0) !== 'ok') return;
          accepted++;
          assert.ok(walk.l4At >= 40 && walk.l4Bytes >= 0);
          assert.equal(walk.l4At + walk.l4Bytes, b.length);
        },
      ),
      { numRuns: 3000 },
    );
    assert.ok(accepted > 50, `${accepted} accepted`);
  });

  it('looks at ICMPv6 and neighbour discovery of any bytes without a fault', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 120 }), fc.constantFrom(135, 136), (b, type) => {
        b[7] = 255;
        b[40] = type;
        const length = b.length - 40;
        checkIcmpv6(b, 40, length, 0);
        if (checkNeighborMessage(b, 0, 40, length) !== 'ok') return;
        assert.ok(length >= 24 && (length - 24) % 8 === 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('finds every flipped bit of a message that a checksum covers', () => {
    const message = Uint8Array.from(Buffer.from('8000ac2212340001616263', 'hex'));
    // The sum of fd77::200, fd77::10, the length and the protocol.
    const pseudo = 0xfd77 + 0x200 + 0xfd77 + 0x10 + message.length + 58;
    assert.equal(checkIcmpv6(message, 0, message.length, pseudo), 'ok');
    for (let bit = 0; bit < 8 * message.length; bit++) {
      message[bit >>> 3]! ^= 1 << (bit & 7);
      assert.equal(checkIcmpv6(message, 0, message.length, pseudo), 'checksum', `bit ${bit}`);
      message[bit >>> 3]! ^= 1 << (bit & 7);
    }
  });
});
