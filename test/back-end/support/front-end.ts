/** As much of a front-end as a test of one board needs: it seals, opens a session, and reads what comes back. */
import {
  Direction,
  FrameAuthenticator,
  KEY_BYTES,
  KeyDeriver,
  NONCE_BYTES,
} from '../../../src/wire/atcp/authentication.js';
import {
  ACK_UP_RESULT,
  ACK_UP_VERSION_AT,
  ackUpAgeUs,
  ackUpHintMs,
  ackUpReason,
  ackUpResendGeneration,
  ackUpResultBytes,
  ackUpSentUpTo,
  ackUpState,
  ackUpTemplateVersion,
  ackUpTotal,
  ackUpVersion,
  checkAckUp,
} from '../../../src/wire/atcp/ack-up.js';
import {
  ATCP_HEADER_BYTES,
  atcpEpoch,
  AtcpKey,
  atcpLength,
  atcpSequence,
  AtcpType,
  atcpType,
  checkAtcp,
  emitAtcp,
} from '../../../src/wire/atcp/header.js';
import {
  BOARD_NONCE,
  DISCOVER_BYTES,
  FRONT_END_NONCE,
  HEARTBEAT_INTERVAL,
  SESSION_OPEN_BYTES,
} from '../../../src/wire/atcp/session.js';
import {
  checkStatement,
  commandCounter,
  commandEpoch,
  statementKind,
  StatementKind,
  statementLength,
} from '../../../src/wire/atcp/statements.js';
import { put16 } from '../../../src/wire/bytes.js';
import { emitEthernet, ETHERNET_HEADER_BYTES } from '../../../src/wire/ethernet.js';

const HEADER = ETHERNET_HEADER_BYTES;
const BODY = HEADER + ATCP_HEADER_BYTES;

/** An ATCP_ACK 27, read. */
export interface Report {
  readonly epoch: number;
  readonly counter: number;
  readonly version: number;
  readonly sentUpTo: number;
  readonly total: number;
  readonly ageUs: number;
  readonly generation: number;
  readonly state: number;
  readonly reason: number;
  readonly hintMs: number;
  readonly templateVersion: number;
  readonly objectVersion: Uint8Array;
  readonly result: Uint8Array;
}

/** A frame of the board, verified and read. */
export interface Message {
  readonly destination: Uint8Array;
  readonly type: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly body: Uint8Array;
  readonly reports: readonly Report[];
  /** Bodies of heartbeats, with their statement header. */
  readonly heartbeats: readonly Uint8Array[];
}

export class TestFrontEnd {
  readonly macAddress = Uint8Array.of(0x02, 0xa7, 0xc0, 0, 0, 0x01);
  readonly boardMac: Uint8Array;
  readonly boardKey: Uint8Array;
  readonly boardId: number;
  readonly nonce = new Uint8Array(NONCE_BYTES).fill(0x11);
  readonly boardNonce = new Uint8Array(NONCE_BYTES);
  readonly downKey = new Uint8Array(KEY_BYTES);
  readonly upKey = new Uint8Array(KEY_BYTES);
  epoch = 0x0e00_0001;
  sequence = 0;
  etherType = 0x88b5;
  readonly #deriver = new KeyDeriver();
  readonly #authenticator = new FrameAuthenticator();

  constructor(boardId: number, boardKey: Uint8Array, boardMac: Uint8Array) {
    this.boardId = boardId;
    this.boardKey = boardKey;
    this.boardMac = boardMac;
  }

  discover(boardId = 0): Uint8Array {
    const body = new Uint8Array(DISCOVER_BYTES);
    body.set(this.nonce, 0);
    return this.#frame(
      new Uint8Array(6).fill(0xff),
      AtcpType.discover,
      AtcpKey.board,
      body,
      boardId,
      undefined,
    );
  }

  /** Remembers the nonce of an announcement, and derives the keys of the session that it allows. */
  heard(announce: Message): void {
    this.boardNonce.set(announce.body.subarray(BOARD_NONCE, BOARD_NONCE + NONCE_BYTES));
    const { boardKey, nonce, boardNonce } = this;
    this.#deriver.sessionKey(boardKey, Direction.down, nonce, 0, boardNonce, 0, this.downKey);
    this.#deriver.sessionKey(boardKey, Direction.up, nonce, 0, boardNonce, 0, this.upKey);
    this.sequence = 0;
  }

  open(heartbeatMs = 0): Uint8Array {
    const body = new Uint8Array(SESSION_OPEN_BYTES);
    body.set(this.nonce, FRONT_END_NONCE);
    body.set(this.boardNonce, BOARD_NONCE);
    put16(body, HEARTBEAT_INTERVAL, heartbeatMs);
    return this.#frame(
      this.boardMac,
      AtcpType.sessionOpen,
      AtcpKey.session,
      body,
      this.boardId,
      this.downKey,
    );
  }

  /** A frame with these statements. */
  statements(...statements: Uint8Array[]): Uint8Array {
    const body = new Uint8Array(statements.reduce((sum, each) => sum + each.length, 0));
    let at = 0;
    for (const statement of statements) {
      body.set(statement, at);
      at += statement.length;
    }
    return this.#frame(this.boardMac, AtcpType.statements, AtcpKey.session, body, this.boardId, this.downKey);
  }

  /** Seals any body. */
  sealed(type: AtcpType, body: Uint8Array, key: Uint8Array): Uint8Array {
    return this.#frame(this.boardMac, type, AtcpKey.session, body, this.boardId, key);
  }

  #frame(
    destination: Uint8Array,
    type: AtcpType,
    keyId: number,
    body: Uint8Array,
    boardId: number,
    key: Uint8Array | undefined,
  ): Uint8Array {
    const length = ATCP_HEADER_BYTES + body.length;
    const frame = new Uint8Array(Math.max(60, HEADER + length));
    emitEthernet(frame, 0, destination, this.macAddress, this.etherType);
    emitAtcp(frame, HEADER, type, keyId, length, boardId, this.epoch, ++this.sequence);
    frame.set(body, BODY);
    if (key !== undefined) this.#authenticator.seal(frame, HEADER, key);
    return frame;
  }

  /** Reads a frame of the board; throws when it is not a sound one. */
  read(frame: Uint8Array): Message {
    const problem = checkAtcp(frame, HEADER, frame.length - HEADER);
    if (problem !== 'ok') throw new Error(`the board sent a malformed frame: ${problem}`);
    const type = atcpType(frame, HEADER);
    const key = type === AtcpType.announce ? this.boardKey : this.upKey;
    if (!this.#authenticator.verify(frame, HEADER, key)) throw new Error('the board sent a wrong tag');
    const end = HEADER + atcpLength(frame, HEADER);
    const message = {
      destination: frame.slice(0, 6),
      type,
      epoch: atcpEpoch(frame, HEADER),
      sequence: atcpSequence(frame, HEADER),
      body: frame.slice(BODY, end),
      reports: [] as Report[],
      heartbeats: [] as Uint8Array[],
    };
    if (type !== AtcpType.statements) return message;
    let at = BODY;
    for (; checkStatement(frame, at, end) === 'ok'; at += statementLength(frame, at)) {
      const length = statementLength(frame, at);
      if (statementKind(frame, at) === StatementKind.heartbeat)
        message.heartbeats.push(frame.slice(at, at + length));
      else message.reports.push(readReport(frame, at, length));
    }
    if (checkStatement(frame, at, end) !== 'end') throw new Error('the board sent malformed statements');
    return message;
  }
}

function readReport(b: Uint8Array, at: number, length: number): Report {
  if (statementKind(b, at) !== StatementKind.ackUp) throw new Error(`statement of kind ${b[at]!}`);
  const problem = checkAckUp(b, at, length);
  if (problem !== 'ok') throw new Error(`malformed ATCP_ACK 27: ${problem}`);
  return {
    epoch: commandEpoch(b, at),
    counter: commandCounter(b, at),
    version: ackUpVersion(b, at),
    sentUpTo: ackUpSentUpTo(b, at),
    total: ackUpTotal(b, at),
    ageUs: ackUpAgeUs(b, at),
    generation: ackUpResendGeneration(b, at),
    state: ackUpState(b, at),
    reason: ackUpReason(b, at),
    hintMs: ackUpHintMs(b, at),
    templateVersion: ackUpTemplateVersion(b, at),
    objectVersion: b.slice(at + ACK_UP_VERSION_AT, at + ACK_UP_VERSION_AT + 16),
    result: b.slice(at + ACK_UP_RESULT, at + ACK_UP_RESULT + ackUpResultBytes(b, at)),
  };
}
