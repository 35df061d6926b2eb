/**
 * The messages that src/wire/README.md shows byte by byte, made by the code. Emitters write into a dirty buffer,
 * so that a byte which nobody wrote shows as A5.
 */
import {
  AckDownFlag,
  ackTemplate,
  emitSegmentBytes,
  emitAckDown,
  emitResendRange,
  emitTimestampMark,
} from '../../../src/wire/atcp/ack-down.js';
import {
  ACK_UP_RESULT,
  ACK_UP_VERSION_AT,
  DelegationState,
  emitAckUp,
  ListEntry,
  ListResult,
  ObjectKind,
  Reason,
  StatResult,
} from '../../../src/wire/atcp/ack-up.js';
import { AtcpKey, AtcpType } from '../../../src/wire/atcp/header.js';
import { emitHeartbeat, HEARTBEAT_VOLUME_ID } from '../../../src/wire/atcp/heartbeat.js';
import {
  ANNOUNCE_BYTES,
  BOARD_FACTS,
  BoardFact,
  CardState,
  DISCOVER_BYTES,
  SESSION_ACCEPT_BYTES,
  SESSION_OPEN_BYTES,
} from '../../../src/wire/atcp/session.js';
import { put16, put32, put64, UNKNOWN_U64 } from '../../../src/wire/bytes.js';
import { emitDatagramRead, emitList, emitRead, emitRelay, emitStat } from './example-commands.js';
import {
  BOARD_EPOCH,
  BOARD_ID,
  BOARD_NONCE,
  boardKey,
  downKey,
  FRONT_END_EPOCH,
  FRONT_END_NONCE,
  message,
  OBJECT_VERSION,
  statement,
  upKey,
  utf8,
} from './example-site.js';

function emitPace(b: Uint8Array, at: number): number {
  return emitAckDown(b, at, 0, FRONT_END_EPOCH, 5, 2, 14_280, 28_560, 4_000_000, 0, 2_000, 0, 0, 0, 0, 0);
}

function emitFirstGrant(b: Uint8Array, at: number): number {
  return emitAckDown(b, at, 0, FRONT_END_EPOCH, 1, 1, 0, 14_600, 0x1234_5678, 501, 2_000, 0, 0, 0, 0, 0);
}

function emitLaterStatement(b: Uint8Array, at: number): number {
  const length = emitAckDown(
    b,
    at,
    0,
    FRONT_END_EPOCH,
    1,
    9,
    0x1_0000_0000,
    0x1_0000_8000,
    0x1234_5678,
    501,
    1_960,
    0x0bad_cafe,
    1,
    2,
    0,
    0,
  );
  emitResendRange(b, at, 0, 3, 0x1_0000_05b4, 0x1_0000_0b68);
  emitTimestampMark(b, at, 0, 0xffff_f000, 1_000);
  emitTimestampMark(b, at, 1, 0x1_0000_4000, 1_016);
  return length;
}

function emitTemplateChange(b: Uint8Array, at: number): number {
  const length = emitAckDown(b, at, 0, FRONT_END_EPOCH, 1, 10, 0, 0, 0, 501, 2_000, 0, 0, 0, 54, 1);
  b.fill(0x11, ackTemplate(b, at), ackTemplate(b, at) + 54);
  b.fill(0, ackTemplate(b, at) + 54, at + length);
  emitSegmentBytes(b, at, 1360);
  return length;
}

function emitRelease(b: Uint8Array, at: number): number {
  return emitAckDown(
    b,
    at,
    AckDownFlag.release,
    FRONT_END_EPOCH,
    1,
    11,
    1_000_000,
    1_000_000,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
  );
}

function emitReport(b: Uint8Array, at: number): number {
  const length = emitAckUp(
    b,
    at,
    FRONT_END_EPOCH,
    1,
    1,
    14_600,
    1_000_000,
    350,
    2_920,
    0,
    DelegationState.sending,
    Reason.none,
    0,
    0,
    0,
  );
  b.set(OBJECT_VERSION, at + ACK_UP_VERSION_AT);
  return length;
}

/** 363 bytes of head, 4,096 of the object. */
function emitRelayAnswer(b: Uint8Array, at: number): number {
  const length = emitAckUp(
    b,
    at,
    FRONT_END_EPOCH,
    6,
    1,
    0,
    4_459,
    0,
    0,
    0,
    DelegationState.accepted,
    Reason.none,
    0,
    0,
    0,
  );
  b.set(OBJECT_VERSION, at + ACK_UP_VERSION_AT);
  return length;
}

function emitStatAnswer(b: Uint8Array, at: number): number {
  const length = emitAckUp(
    b,
    at,
    FRONT_END_EPOCH,
    2,
    0,
    0,
    UNKNOWN_U64,
    0,
    0,
    0,
    DelegationState.done,
    Reason.none,
    0,
    0,
    20,
  );
  b.set(OBJECT_VERSION, at + ACK_UP_VERSION_AT);
  put64(b, at + ACK_UP_RESULT + StatResult.size, 1_000_000);
  put64(b, at + ACK_UP_RESULT + StatResult.modified, 1_700_000_000_000);
  b[at + ACK_UP_RESULT + StatResult.kind] = ObjectKind.file;
  return length;
}

function emitListAnswer(b: Uint8Array, at: number): number {
  const name = 'file.bin';
  const length = emitAckUp(
    b,
    at,
    FRONT_END_EPOCH,
    4,
    0,
    0,
    UNKNOWN_U64,
    0,
    0,
    0,
    DelegationState.done,
    Reason.none,
    0,
    0,
    8 + 18 + name.length,
  );
  b.set(OBJECT_VERSION, at + ACK_UP_VERSION_AT);
  const result = at + ACK_UP_RESULT;
  put32(b, result + ListResult.cursor, 6);
  put16(b, result + ListResult.count, 1);
  const entry = result + ListResult.entries;
  put64(b, entry + ListEntry.size, 1_000_000);
  put64(b, entry + ListEntry.modified, 1_700_000_000_000);
  b[entry + ListEntry.kind] = ObjectKind.file;
  b[entry + ListEntry.nameLength] = name.length;
  utf8(b, entry + ListEntry.name, name);
  return length;
}

function emitBusy(b: Uint8Array, at: number): number {
  return emitAckUp(
    b,
    at,
    FRONT_END_EPOCH,
    3,
    0,
    0,
    UNKNOWN_U64,
    0,
    0,
    0,
    DelegationState.busy,
    Reason.noSlot,
    20,
    0,
    0,
  );
}

function emitBeat(b: Uint8Array, at: number): number {
  const length = emitHeartbeat(
    b,
    at,
    86_400_000,
    12,
    3,
    16,
    5,
    24,
    CardState.ready,
    1_000,
    2,
    0xffff_ffff,
    0,
  );
  b.fill(0x55, at + HEARTBEAT_VOLUME_ID, at + HEARTBEAT_VOLUME_ID + 16);
  return length;
}

function emitFacts(b: Uint8Array, at: number): void {
  b.fill(0, at, at + 48);
  put16(b, at + 2, 0x0100);
  b[at + BoardFact.lowestVersion] = 1;
  b[at + BoardFact.highestVersion] = 1;
  put16(b, at + BoardFact.slots, 16);
  b.fill(0x55, at + BoardFact.volumeId, at + BoardFact.volumeId + 16);
  put64(b, at + BoardFact.volumeGeneration, 12);
  put64(b, at + BoardFact.volumeSectors, 62_333_952);
  b[at + BoardFact.cardState] = CardState.ready;
}

function session(type: AtcpType, epoch: number, key: Uint8Array, bytes: number): Uint8Array {
  return message(type, AtcpKey.session, BOARD_ID, epoch, 1, key, (b, at) => {
    b.set(FRONT_END_NONCE, at);
    b.set(BOARD_NONCE, at + 16);
    if (bytes > 32) {
      put16(b, at + 32, 250);
      put16(b, at + 34, 0);
    }
    return bytes;
  });
}

/** By the name that stands over the example in the README. */
export const EXAMPLES: ReadonlyMap<string, Uint8Array> = new Map([
  [
    'discover',
    message(AtcpType.discover, AtcpKey.board, 0, FRONT_END_EPOCH, 0, undefined, (b, at) => {
      b.set(FRONT_END_NONCE, at);
      return DISCOVER_BYTES;
    }),
  ],
  [
    'announce',
    message(AtcpType.announce, AtcpKey.board, BOARD_ID, BOARD_EPOCH, 1, boardKey, (b, at) => {
      b.set(FRONT_END_NONCE, at);
      b.set(BOARD_NONCE, at + 16);
      emitFacts(b, at + BOARD_FACTS);
      return ANNOUNCE_BYTES;
    }),
  ],
  ['sessionOpen', session(AtcpType.sessionOpen, FRONT_END_EPOCH, downKey, SESSION_OPEN_BYTES)],
  ['sessionAccept', session(AtcpType.sessionAccept, BOARD_EPOCH, upKey, SESSION_ACCEPT_BYTES)],
  [
    'statements: command 25 and ATCP_ACK 29 in one frame',
    message(AtcpType.statements, AtcpKey.session, BOARD_ID, FRONT_END_EPOCH, 2, downKey, (b, at) => {
      const command = emitRead(b, at);
      return command + emitFirstGrant(b, at + command);
    }),
  ],
  ['stat', statement(emitStat)],
  ['answer to stat', statement(emitStatAnswer)],
  ['list', statement(emitList)],
  ['answer to list', statement(emitListAnswer)],
  ['relay', statement(emitRelay)],
  ['answer to relay', statement(emitRelayAnswer)],
  ['ATCP_ACK 29 with a resend range and two timestamp marks', statement(emitLaterStatement)],
  ['ATCP_ACK 29 with a template', statement(emitTemplateChange)],
  ['read in numbered datagrams', statement(emitDatagramRead)],
  ['ATCP_ACK 29 with a pace', statement(emitPace)],
  ['ATCP_ACK 29 that releases', statement(emitRelease)],
  ['ATCP_ACK 27', statement(emitReport)],
  ['busy', statement(emitBusy)],
  ['heartbeat', statement(emitBeat)],
]);

/** Sixteen bytes a line, as the README prints them. */
export function hexDump(b: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < b.length; at += 16) {
    const bytes = [...b.subarray(at, at + 16)].map((byte) => byte.toString(16).padStart(2, '0'));
    lines.push(`${at.toString(16).padStart(4, '0')}  ${bytes.join(' ')}`);
  }
  return lines.join('\n');
}
