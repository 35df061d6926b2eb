import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  ACK_DOWN_LISTS,
  ackAcknowledged,
  ackDownBytes,
  ackGranted,
  ackResendCount,
  ackTemplate,
  ackTemplateBytes,
  ackTimestampMarkCount,
  checkAckDown,
  emitAckDown,
  emitResendRange,
  emitTimestampMark,
  resendFrom,
  resendGeneration,
  resendTo,
  timestampMarkFrom,
  timestampMarkTsVal,
} from '../../../src/wire/atcp/ack-down.js';
import {
  ACK_UP_RESULT,
  ackUpResultBytes,
  ackUpTotal,
  checkAckUp,
  emitAckUp,
} from '../../../src/wire/atcp/ack-up.js';
import {
  checkCommand,
  COMMAND_TEMPLATE,
  commandArgumentBytes,
  commandArguments,
  commandBytes,
  commandL4Offset,
  commandOpcode,
  commandTemplateBytes,
  emitCommand,
  Opcode,
  ReadArgument,
} from '../../../src/wire/atcp/command.js';
import {
  ATCP_HEADER_BYTES,
  AtcpKey,
  atcpLength,
  AtcpType,
  checkAtcp,
  emitAtcp,
} from '../../../src/wire/atcp/header.js';
import { checkStatement, statementLength } from '../../../src/wire/atcp/statements.js';
import { get16, put16, UNKNOWN_U64 } from '../../../src/wire/bytes.js';
import { EXAMPLES } from './examples.js';

/** Bytes in the middle of a larger array, so that reading outside shows as A5. */
function placed(bytes: Uint8Array, at = 33): Uint8Array {
  const b = new Uint8Array(at + bytes.length + 64).fill(0xa5);
  b.set(bytes, at);
  return b;
}
const AT = 33;

function example(name: string): Uint8Array {
  return EXAMPLES.get(name)!.slice();
}

describe('wire/atcp: header checks', () => {
  const valid = example('sessionOpen');

  it('passes every message of the specification', () => {
    for (const [name, bytes] of EXAMPLES) {
      if (bytes[0] !== 1) continue;
      assert.equal(checkAtcp(placed(bytes), AT, bytes.length), 'ok', name);
      assert.equal(checkAtcp(placed(bytes), AT, bytes.length + 30), 'ok', 'with padding');
    }
  });

  const faults: readonly [string, string, (b: Uint8Array) => void][] = [
    ['another version', 'version', (b) => (b[0] = 2)],
    ['type 0', 'type', (b) => (b[1] = 0)],
    ['a type of the future', 'type', (b) => (b[1] = 6)],
    ['no tag where one is due', 'suite', (b) => (b[2] = 0)],
    ['an unknown suite', 'suite', (b) => (b[2] = 2)],
    ['a length below the header', 'length', (b) => put16(b, 4, 31)],
    ['a length beyond the frame', 'length', (b) => put16(b, 4, b.length + 1)],
    ['a fragment', 'fragment', (b) => (b[7] = 2)],
    ['a later fragment', 'fragment', (b) => (b[6] = 1)],
  ];
  for (const [what, problem, spoil] of faults)
    it(`names ${what}`, () => {
      const b = valid.slice();
      spoil(b);
      assert.equal(checkAtcp(placed(b), AT, b.length), problem);
    });

  it('names what is too short, and what is too long for a frame', () => {
    assert.equal(checkAtcp(placed(valid), AT, ATCP_HEADER_BYTES - 1), 'truncated');
    const b = new Uint8Array(2_000);
    emitAtcp(b, 0, AtcpType.statements, AtcpKey.session, 1_501, 1, 1, 1);
    assert.equal(checkAtcp(b, 0, 2_000), 'length');
  });
});

describe('wire/atcp: emitters write every byte that is theirs', () => {
  it('command without template and arguments', () => {
    const b = new Uint8Array(100).fill(0xa5);
    assert.equal(emitCommand(b, 8, 0, 1, 2, Opcode.release, 0, 0, 0, 0, 0, 0, 0, 0), 40);
    assert.equal(
      Buffer.from(b).toString('hex', 4, 52),
      'a5a5a5a5' + '19000028' + '00000001' + '00000002' + '03' + '000000' + '00'.repeat(24) + 'a5a5a5a5',
    );
  });

  it('command: places of template and arguments are zeroed, padding too', () => {
    const b = new Uint8Array(200).fill(0xa5);
    const length = emitCommand(b, 0, 6, 1, 2, Opcode.read, 54, 14, 34, 1460, 37, 9, 1, 2 ** 40);
    assert.equal(length, COMMAND_TEMPLATE + 56 + 40);
    assert.ok(b.subarray(COMMAND_TEMPLATE, length).every((byte) => byte === 0));
    assert.equal(b[length], 0xa5);
    assert.equal(Buffer.from(b).toString('hex', 32, 40), '0000010000000000');
  });

  it('ATCP_ACK 27 zeroes object version and result', () => {
    const b = new Uint8Array(120).fill(0xa5);
    const length = emitAckUp(b, 0, 1, 2, 3, 4, UNKNOWN_U64, 5, 6, 7, 2, 0, 8, 9, 18);
    assert.equal(length, ACK_UP_RESULT + 20);
    assert.equal(ackUpTotal(b, 0), UNKNOWN_U64);
    assert.equal(
      Buffer.from(b).toString('hex', 44, length + 1),
      '02000008' + '00'.repeat(16) + '0012' + '0900' + '00'.repeat(20) + 'a5',
    );
  });
});

describe('wire/atcp: lists of ATCP_ACK 29', () => {
  it('gives back what was stated, beyond 4 GiB as well', () => {
    const offset = fc.nat({ max: 2 ** 51 });
    const u32 = fc.nat({ max: 0xffff_ffff });
    const pair = fc.tuple(u32, fc.nat({ max: 0x7fff_ffff }), fc.nat({ max: 0x7fff_ffff }));
    fc.assert(
      fc.property(
        offset,
        u32,
        fc.array(pair, { maxLength: 8 }),
        fc.array(fc.tuple(u32, u32), { maxLength: 8 }),
        fc.nat({ max: 118 }),
        (acknowledged, credit, ranges, marks, templateBytes) => {
          const b = new Uint8Array(700).fill(0xa5);
          const granted = acknowledged + credit;
          const length = emitAckDown(
            b,
            7,
            0,
            1,
            2,
            3,
            acknowledged,
            granted,
            4,
            5,
            6,
            7,
            ranges.length,
            marks.length,
            templateBytes,
            1,
          );
          ranges.forEach(([generation, from, size], i) =>
            emitResendRange(b, 7, i, generation, acknowledged + from, acknowledged + from + size),
          );
          marks.forEach(([from, tsVal], i) => emitTimestampMark(b, 7, i, acknowledged + from, tsVal));
          assert.equal(length, ackDownBytes(ranges.length, marks.length, templateBytes));
          assert.equal(checkAckDown(b, 7, length), 'ok');
          assert.equal(ackAcknowledged(b, 7), acknowledged);
          assert.equal(ackGranted(b, 7), granted);
          ranges.forEach(([generation, from, size], i) =>
            assert.deepEqual(
              [resendGeneration(b, 7, i), resendFrom(b, 7, i), resendTo(b, 7, i)],
              [generation, acknowledged + from, acknowledged + from + size],
            ),
          );
          marks.forEach(([from, tsVal], i) =>
            assert.deepEqual(
              [timestampMarkFrom(b, 7, i), timestampMarkTsVal(b, 7, i)],
              [acknowledged + from, tsVal],
            ),
          );
          assert.equal(ackTemplate(b, 7), 7 + ACK_DOWN_LISTS + 12 * ranges.length + 8 * marks.length);
          assert.equal(b[7 + length], 0xa5);
        },
      ),
    );
  });

  it('states a mark below the acknowledged offset at that offset', () => {
    const b = new Uint8Array(100);
    emitAckDown(b, 0, 0, 1, 2, 3, 5_000, 6_000, 0, 0, 0, 0, 0, 1, 0, 0);
    emitTimestampMark(b, 0, 0, 4_000, 9);
    assert.equal(timestampMarkFrom(b, 0, 0), 5_000);
  });

  it('refuses lists that do not fill the statement, and a grant below the acknowledged offset', () => {
    const b = new Uint8Array(400);
    const length = emitAckDown(b, 0, 0, 1, 2, 3, 5, 6, 0, 0, 0, 0, 1, 1, 3, 0);
    assert.equal(checkAckDown(b, 0, length), 'ok');
    assert.equal(checkAckDown(b, 0, length + 4), 'lists');
    assert.equal(checkAckDown(b, 0, ACK_DOWN_LISTS - 4), 'truncated');
    b[44] = 9;
    assert.equal(checkAckDown(b, 0, ackDownBytes(9, 1, 3)), 'lists');
    emitAckDown(b, 0, 0, 1, 2, 3, 6, 5, 0, 0, 0, 0, 0, 0, 0, 0);
    assert.equal(checkAckDown(b, 0, ACK_DOWN_LISTS), 'order');
  });
});

describe('wire/atcp: bytes from the network', () => {
  const noise = fc.uint8Array({ minLength: 0, maxLength: 200 });

  it('checks answer anything, and what passes lies within its length', () => {
    fc.assert(
      fc.property(noise, (bytes) => {
        const b = placed(bytes);
        if (checkAtcp(b, AT, bytes.length) === 'ok') assert.ok(atcpLength(b, AT) <= bytes.length);
        if (checkStatement(b, AT, AT + bytes.length) === 'ok')
          assert.ok(statementLength(b, AT) <= bytes.length);
        if (checkAckDown(b, AT, bytes.length) === 'ok') insideAckDown(b, bytes.length);
        if (checkAckUp(b, AT, bytes.length) === 'ok')
          assert.ok(ACK_UP_RESULT + ackUpResultBytes(b, AT) <= bytes.length);
        if (checkCommand(b, AT, bytes.length) === 'ok') insideCommand(b, bytes.length);
      }),
      { numRuns: 3_000 },
    );
  });

  it('the same for statements of which a few bytes were changed', () => {
    const statements = [...EXAMPLES.values()].filter((bytes) => bytes[0] !== 1);
    const changes = fc.array(fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.constantFrom(...statements), changes, (statement, changed) => {
        const b = placed(statement);
        for (const [at, value] of changed) b[AT + (at % statement.length)] = value;
        const length = statement.length;
        if (checkAckDown(b, AT, length) === 'ok') insideAckDown(b, length);
        if (checkAckUp(b, AT, length) === 'ok') assert.ok(ACK_UP_RESULT + ackUpResultBytes(b, AT) <= length);
        if (checkCommand(b, AT, length) === 'ok') insideCommand(b, length);
      }),
      { numRuns: 3_000 },
    );
  });

  it('a walk over statements ends, and stays within the body', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const b = placed(bytes);
        const end = AT + bytes.length;
        let at = AT;
        let steps = 0;
        while (checkStatement(b, at, end) === 'ok') {
          at += statementLength(b, at);
          assert.ok(at <= end);
          assert.ok(++steps <= bytes.length / 12);
        }
      }),
    );
  });

  function insideAckDown(b: Uint8Array, length: number): void {
    const lists = ackDownBytes(ackResendCount(b, AT), ackTimestampMarkCount(b, AT), ackTemplateBytes(b, AT));
    assert.equal(lists, length);
    assert.ok(ackTemplate(b, AT) + ackTemplateBytes(b, AT) <= AT + length);
  }

  function insideCommand(b: Uint8Array, length: number): void {
    assert.ok(commandBytes(commandTemplateBytes(b, AT), commandArgumentBytes(b, AT)) <= length);
    if (commandOpcode(b, AT) !== Opcode.read) return;
    assert.ok(commandL4Offset(b, AT) + 8 <= commandTemplateBytes(b, AT));
    const nameEnd = ReadArgument.name + get16(b, commandArguments(b, AT) + ReadArgument.nameLength);
    assert.ok(nameEnd <= commandArgumentBytes(b, AT));
  }
});
