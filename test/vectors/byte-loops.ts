/** Known answers for src/wire/byte-loops.ts, or what a host has put in its place. */
import { copy, crc16, crc32c, crc7, equal, fill, sipHash, sum16 } from '../../src/wire/byte-loops.js';
import { ascii, bytes, counting, dirty, expectBytes, expectDirt, expectValue, vectors } from './vector.js';

/** `crc(b, at, length, seed)` gives the expected value, in one go and split anywhere. */
function expectCrc(
  crc: (b: Uint8Array, at: number, length: number, crc: number) => number,
  data: Uint8Array,
  expected: number,
): void {
  const b = dirty(data.length + 5);
  b.set(data, 3);
  expectValue(crc(b, 3, data.length, 0), expected, 'in one go');
  for (let cut = 0; cut <= data.length; cut += cut < 12 ? 1 : 37) {
    const head = crc(b, 3, cut, 0);
    expectValue(crc(b, 3 + cut, data.length - cut, head), expected, `cut at ${cut}`);
  }
}

function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}

function expectSipHash(length: number, expectedHex: string): void {
  const out = dirty(24);
  sipHash(counting(20), 0, counting(length), 0, length, out, 8);
  expectBytes(out, 8, expectedHex, `of ${length} bytes`);
  expectDirt(out, 0, 8, 'before');
  expectDirt(out, 16, 8, 'behind');
}

export const byteLoopVectors = vectors(
  {
    name: 'copy: exactly the range, between arrays and to an earlier place of the same one',
    run() {
      const to = dirty(12);
      copy(counting(16), 5, to, 4, 6);
      expectBytes(to, 0, 'a5a5a5a5 05060708090a a5a5', 'between arrays');
      const b = counting(10);
      copy(b, 3, b, 1, 6);
      expectBytes(b, 0, '00 030405060708 07 08 09', 'within one');
      copy(b, 0, b, 0, 0);
      copy(b, 10, b, 10, 0);
      expectBytes(b, 0, '00 030405060708 07 08 09', 'nothing');
    },
  },
  {
    name: 'fill: exactly the range; the value is taken modulo 256',
    run() {
      const b = dirty(8);
      fill(b, 2, 3, 0x1ff);
      fill(b, 7, 0, 0);
      fill(b, 8, 0, 0);
      expectBytes(b, 0, 'a5a5 ffffff a5a5a5', 'filled');
    },
  },
  {
    name: 'equal: true, false in the first and in the last byte, empty',
    run() {
      const a = bytes('00 11223344 55');
      const b = bytes('11223344 11223345 21223344');
      expectValue(equal(a, 1, b, 0, 4), true, 'same');
      expectValue(equal(a, 1, b, 4, 4), false, 'last byte differs');
      expectValue(equal(a, 1, b, 4, 3), true, 'without the last byte');
      expectValue(equal(a, 1, b, 8, 4), false, 'first byte differs');
      expectValue(equal(a, 6, b, 12, 0), true, 'empty at the ends');
    },
  },
  {
    name: 'sum16: the example of RFC 1071 section 3',
    run() {
      const b = bytes('0001f203f4f5f6f7');
      expectValue(sum16(b, 0, 8, 0), 0xddf2, 'sum');
      expectValue(~sum16(b, 0, 8, 0) & 0xffff, 0x220d, 'checksum');
    },
  },
  {
    name: 'sum16: odd lengths, odd places, a sum to start from',
    run() {
      const b = bytes('ff 0001f203f4f5f6f7 ff');
      expectValue(sum16(b, 1, 8, 0), 0xddf2, 'at an odd place');
      expectValue(sum16(b, 1, 7, 0), 0xdcfb, 'odd length: the last byte counts as a high byte');
      expectValue(sum16(b, 1, 0, 0x1_2345), 0x2346, 'nothing added, end-around carry');
      expectValue(sum16(b, 5, 4, sum16(b, 1, 4, 0)), 0xddf2, 'in parts');
      expectValue(sum16(filled(1500, 0xff), 0, 1500, 0), 0xffff, 'all ones stay all ones');
      expectValue(sum16(filled(1500, 0), 0, 1500, 0), 0, 'zero stays zero');
      expectValue(sum16(b, 0, 0, 0x1f_ffff_ffff_ffff), 0x1f, 'the largest start');
    },
  },
  {
    name: 'sum16: a header with its checksum sums to all ones',
    run() {
      const header = bytes('45000073 00004000 4011b861 c0a80001 c0a800c7');
      expectValue(sum16(header, 0, 20, 0), 0xffff, 'sum');
    },
  },
  {
    name: 'crc7: the three examples of [SD] 4.5',
    run() {
      expectCrc(crc7, bytes('4000000000'), 0b1001010_0);
      expectCrc(crc7, bytes('5100000000'), 0b0101010_0);
      expectCrc(crc7, bytes('1100000900'), 0b0110011_0);
    },
  },
  {
    name: 'crc16: 512 bytes of 0xFF give 0x7FA1 ([SD] 4.5); "123456789" gives 0x31C3',
    run() {
      expectCrc(crc16, filled(512, 0xff), 0x7fa1);
      expectCrc(crc16, ascii('123456789'), 0x31c3);
      expectCrc(crc16, new Uint8Array(0), 0);
    },
  },
  {
    name: 'crc32c: the examples of RFC 3720 B.4; "123456789" gives 0xE3069283',
    run() {
      expectCrc(crc32c, filled(32, 0), 0x8a91_36aa);
      expectCrc(crc32c, filled(32, 0xff), 0x62a8_ab43);
      expectCrc(crc32c, counting(32), 0x46dd_794e);
      expectCrc(crc32c, counting(32).reverse(), 0x113f_db5c);
      expectCrc(
        crc32c,
        bytes(
          '01c00000 00000000 00000000 00000000 14000000 00000400 00000014 00000018 28000000 00000000 02000000 00000000',
        ),
        0xd996_3a56,
      );
      expectCrc(crc32c, ascii('123456789'), 0xe306_9283);
      expectCrc(crc32c, new Uint8Array(0), 0);
    },
  },
  {
    name: 'sipHash: the vector of the paper (appendix A) and of its reference implementation',
    run() {
      expectSipHash(15, 'e545be4961ca29a1');
      expectSipHash(0, '310e0edd47db6f72');
      expectSipHash(1, 'fd67dc93c539f874');
      expectSipHash(7, '37d1018bf50002ab');
      expectSipHash(8, '6224939a79f5f593');
      expectSipHash(63, '724506eb4c328a95');
    },
  },
  {
    name: 'sipHash: the length counts modulo 256; key, message and result at any place, even over the message',
    run() {
      expectSipHash(300, '397811b60d710b4b');
      const b = dirty(40);
      b.set(counting(16), 1);
      b.set(counting(15), 19);
      sipHash(b, 1, b, 19, 15, b, 22);
      expectBytes(b, 22, 'e545be4961ca29a1', 'over the message');
      expectBytes(b, 17, 'a5a5 000102', 'before it');
      expectBytes(b, 30, '0b0c0d0e a5', 'behind it');
    },
  },
);
