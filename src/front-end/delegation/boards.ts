/**
 * The registry of boards: finds them, opens and renews sessions, watches heartbeats, and lets nothing through
 * that is not sealed by a board's session key. Frames in, frames out, time as a value (decision 11;
 * src/wire/README.md §4).
 */
import { FrameAuthenticator, KEY_BYTES, KeyDeriver, NONCE_BYTES } from '../../wire/atcp/authentication.js';
import {
  ATCP_HEADER_BYTES,
  atcpBoardId,
  atcpEpoch,
  AtcpKey,
  atcpKeyId,
  atcpLength,
  atcpSequence,
  AtcpType,
  atcpType,
  checkAtcp,
} from '../../wire/atcp/header.js';
import { HEARTBEAT_BYTES } from '../../wire/atcp/heartbeat.js';
import {
  ANNOUNCE_BYTES,
  BOARD_FACTS,
  BOARD_NONCE,
  FRONT_END_NONCE,
  HEARTBEAT_INTERVAL,
  SESSION_ACCEPT_BYTES,
  SESSION_OPEN_BYTES,
} from '../../wire/atcp/session.js';
import { checkStatement, StatementKind, statementKind, statementLength } from '../../wire/atcp/statements.js';
import { copy, equal } from '../../wire/byte-loops.js';
import { put16 } from '../../wire/bytes.js';
import { ETHERNET_HEADER_BYTES, ETHERNET_SOURCE, MAC_BYTES } from '../../wire/ethernet.js';
import type { Trace } from '../inspection/trace.js';
import { formatMac } from '../link/addresses.js';
import type { Entropy } from '../tcp/isn.js';
import { Board } from './board.js';
import type { DelegationCounters } from './counters.js';
import { Discovery, takeAnswer } from './discovery.js';
import { BODY, type FrameSender } from './frame-sender.js';
import { REMINDERS_BEFORE_GIVING_UP, type DelegationTiming } from './limits.js';
import { Session } from './session.js';

/** One entry of the provisioning list. */
export interface ProvisionedBoard {
  /** 1 … 2^32 - 1. */
  readonly id: number;
  /** 16 bytes. */
  readonly key: Uint8Array;
}

export interface BoardEvents {
  /** It can take commands now. */
  onAvailable(board: Board, nowUs: number): void;
  /** No sign of life any more. It may still be sending until its leases end. */
  onLost(board: Board, nowUs: number): void;
  /** It has booted again: nothing that was delegated to it exists any more. */
  onRebooted(board: Board, nowUs: number): void;
  /** A statement of a live session; heartbeats are the registry's own. */
  onStatement(board: Board, b: Uint8Array, at: number, length: number, sequence: number, nowUs: number): void;
}

export interface BoardsOptions {
  readonly provisioning: readonly ProvisionedBoard[];
  readonly entropy: Entropy;
  readonly sender: FrameSender;
  readonly timing: DelegationTiming;
  readonly counters: DelegationCounters;
  readonly trace: Trace;
  readonly events: BoardEvents;
  /** A session is renewed when the sequence numbers of either side reach this. */
  readonly sequenceLimit: number;
}

export class Boards {
  readonly all: readonly Board[];
  readonly #byId = new Map<number, Board>();
  readonly #options: BoardsOptions;
  readonly #deriver = new KeyDeriver();
  readonly #authenticator = new FrameAuthenticator();
  readonly #discovery: Discovery;

  constructor(options: BoardsOptions) {
    this.#options = options;
    for (const { id, key } of options.provisioning) {
      if (!Number.isInteger(id) || id < 1 || id > 0xffff_ffff)
        throw new RangeError(`board id ${id} is not 1 … 2^32 - 1; correct the provisioning list`);
      if (key.length !== KEY_BYTES)
        throw new RangeError(`the key of board ${id} has ${key.length} bytes, not 16; provision it again`);
      if (this.#byId.has(id))
        throw new RangeError(`board ${id} is provisioned twice; give each board its own id`);
      this.#byId.set(id, new Board(id, key));
    }
    this.all = [...this.#byId.values()];
    this.#discovery = new Discovery(options, this.all);
  }

  /** `at` is the start of the Ethernet header, `length` the frame's. */
  onFrame(b: Uint8Array, at: number, length: number, nowUs: number): void {
    const { counters } = this.#options;
    const atcp = at + ETHERNET_HEADER_BYTES;
    counters.framesReceived++;
    if (checkAtcp(b, atcp, length - ETHERNET_HEADER_BYTES) !== 'ok') {
      counters.framesMalformed++;
      return;
    }
    const board = this.#byId.get(atcpBoardId(b, atcp));
    if (board === undefined) {
      counters.framesUnknownBoard++;
      return;
    }
    const type = atcpType(b, atcp);
    if (type === AtcpType.statements) this.#onStatements(board, b, atcp, nowUs);
    else if (type === AtcpType.announce) this.#onAnnounce(board, b, at, nowUs);
    else if (type === AtcpType.sessionAccept) this.#onAccept(board, b, atcp, nowUs);
    else counters.framesUnexpected++;
  }

  /** Does what is due. */
  onTimer(nowUs: number): void {
    let missing = false;
    for (const board of this.all) {
      if (board.opening !== undefined && nowUs >= board.openAtUs) this.#repeatOpen(board, nowUs);
      if (board.state === 'alive') this.#watch(board, nowUs);
      else if (board.opening === undefined) missing = true;
    }
    if (missing && nowUs >= this.#discovery.dueUs) this.#discovery.askAll(nowUs);
  }

  /** When {@link onTimer} has something to do at the latest. */
  nextDeadlineUs(): number {
    const { timing } = this.#options;
    let deadlineUs = Infinity;
    for (const board of this.all) {
      if (board.opening !== undefined) deadlineUs = Math.min(deadlineUs, board.openAtUs);
      if (board.state === 'alive') {
        deadlineUs = Math.min(deadlineUs, board.lastToldUs + timing.presenceMs * 1000);
        // Nothing is asked while a session is being opened.
        const suspectUs = Math.max(board.lastHeardUs + timing.suspectMs * 1000, board.askAtUs);
        if (board.opening === undefined) deadlineUs = Math.min(deadlineUs, suspectUs);
      } else if (board.opening === undefined) deadlineUs = Math.min(deadlineUs, this.#discovery.dueUs);
    }
    return deadlineUs;
  }

  #onStatements(board: Board, b: Uint8Array, at: number, nowUs: number): void {
    const { counters, events } = this.#options;
    const session = board.session;
    if (!this.#verified(session, b, at)) return;
    board.heard(nowUs);
    const sequence = atcpSequence(b, at);
    const end = at + atcpLength(b, at);
    let statement = at + ATCP_HEADER_BYTES;
    for (;;) {
      const problem = checkStatement(b, statement, end);
      if (problem !== 'ok') {
        if (problem !== 'end') counters.statementsMalformed++;
        break;
      }
      const length = statementLength(b, statement);
      if (statementKind(b, statement) === StatementKind.heartbeat)
        this.#onHeartbeat(board, b, statement, length, nowUs);
      else events.onStatement(board, b, statement, length, sequence, nowUs);
      // An event may have ended the session; the rest of the frame is then of the past.
      if (board.session !== session) return;
      statement += length;
    }
    if (sequence >= this.#options.sequenceLimit) board.renewing = true;
  }

  #onHeartbeat(board: Board, b: Uint8Array, at: number, length: number, nowUs: number): void {
    const { counters, events } = this.#options;
    if (length < HEARTBEAT_BYTES) {
      counters.statementsMalformed++;
      return;
    }
    const available = board.available;
    board.readHeartbeat(b, at);
    counters.heartbeats++;
    if (!available && board.available) events.onAvailable(board, nowUs);
  }

  /** True when the frame belongs to the session and was not here before. */
  #verified(session: Session | undefined, b: Uint8Array, at: number): session is Session {
    const { counters } = this.#options;
    if (session === undefined || atcpKeyId(b, at) !== AtcpKey.session) counters.framesUnexpected++;
    else if (!this.#authenticator.verify(b, at, session.upKey)) counters.framesBadTag++;
    else if (atcpEpoch(b, at) !== session.boardEpoch) counters.framesWrongEpoch++;
    else if (!session.accept(atcpSequence(b, at))) counters.framesReplayed++;
    else return true;
    return false;
  }

  #onAnnounce(board: Board, b: Uint8Array, at: number, nowUs: number): void {
    const { counters, events, trace } = this.#options;
    const atcp = at + ETHERNET_HEADER_BYTES;
    const body = atcp + ATCP_HEADER_BYTES;
    if (atcpKeyId(b, atcp) !== AtcpKey.board || atcpLength(b, atcp) !== ATCP_HEADER_BYTES + ANNOUNCE_BYTES) {
      counters.framesMalformed++;
      return;
    }
    if (!this.#authenticator.verify(b, atcp, board.key)) {
      counters.framesBadTag++;
      return;
    }
    if (!takeAnswer(board.questions, b, body + FRONT_END_NONCE)) {
      this.#onHint(board, b, body, nowUs);
      return;
    }
    counters.announcesAccepted++;
    copy(b, at + ETHERNET_SOURCE, board.macAddress, 0, MAC_BYTES);
    board.readFacts(b, body + BOARD_FACTS);
    const epoch = atcpEpoch(b, atcp);
    if (board.epoch !== epoch) {
      if (board.epoch !== undefined) {
        counters.boardsRebooted++;
        trace.events?.({ event: 'boardRebooted', board: board.id, epoch });
        board.session = undefined;
        if (board.state === 'alive') board.state = 'lost';
        events.onRebooted(board, nowUs);
      } else {
        const macAddress = formatMac(board.macAddress, 0);
        trace.events?.({ event: 'boardFound', board: board.id, macAddress, epoch });
      }
      board.epoch = epoch;
    } else if (board.opening !== undefined) {
      // The open that is under way holds the nonce that the board offers; another would miss it.
      return;
    } else if (board.state === 'alive' && !this.#isSuspect(board, nowUs) && !board.renewing) return;
    this.#open(
      board,
      new Session(this.#deriver, board.key, epoch, b, body + FRONT_END_NONCE, body + BOARD_NONCE),
      nowUs,
    );
  }

  /** An announce that nobody asked for proves nothing, but it is worth asking. */
  #onHint(board: Board, b: Uint8Array, body: number, nowUs: number): void {
    const { counters } = this.#options;
    for (let i = 0; i < NONCE_BYTES; i++)
      if (b[body + FRONT_END_NONCE + i] !== 0) {
        counters.announcesStale++;
        return;
      }
    counters.announceHints++;
    if (board.opening === undefined) this.#discovery.ask(board, nowUs);
  }

  #open(board: Board, session: Session, nowUs: number): void {
    board.opening = session;
    if (board.state !== 'alive') board.state = 'opening';
    board.openAttempts = 0;
    this.#repeatOpen(board, nowUs);
  }

  #repeatOpen(board: Board, nowUs: number): void {
    const { timing, sender, counters } = this.#options;
    const session = board.opening!;
    if (board.openAttempts === timing.openAttempts) {
      board.opening = undefined;
      if (board.state === 'opening') board.state = board.sessionSerial > 0 ? 'lost' : 'unknown';
      this.#discovery.dueUs = Math.min(this.#discovery.dueUs, nowUs);
      return;
    }
    const b = sender.frame;
    copy(session.frontEndNonce, 0, b, BODY + FRONT_END_NONCE, NONCE_BYTES);
    copy(session.boardNonce, 0, b, BODY + BOARD_NONCE, NONCE_BYTES);
    put16(b, BODY + HEARTBEAT_INTERVAL, timing.heartbeatMs);
    put16(b, BODY + HEARTBEAT_INTERVAL + 2, 0);
    const sequence = session.nextSequence();
    sender.send(
      board.macAddress,
      AtcpType.sessionOpen,
      AtcpKey.session,
      SESSION_OPEN_BYTES,
      board.id,
      sequence,
      session.downKey,
    );
    counters.sessionOpensSent++;
    board.openAtUs = nowUs + (timing.openMs << board.openAttempts) * 1000;
    board.openAttempts++;
  }

  #onAccept(board: Board, b: Uint8Array, at: number, nowUs: number): void {
    const { counters, events, trace } = this.#options;
    const session = board.opening;
    if (!this.#verified(session, b, at)) return;
    const body = at + ATCP_HEADER_BYTES;
    if (
      atcpLength(b, at) !== ATCP_HEADER_BYTES + SESSION_ACCEPT_BYTES ||
      !equal(b, body + FRONT_END_NONCE, session.frontEndNonce, 0, NONCE_BYTES) ||
      !equal(b, body + BOARD_NONCE, session.boardNonce, 0, NONCE_BYTES)
    ) {
      counters.framesMalformed++;
      return;
    }
    const renewed = board.state === 'alive';
    board.session = session;
    board.sessionSerial++;
    board.opening = undefined;
    board.renewing = false;
    board.state = 'alive';
    board.heard(nowUs);
    board.lastToldUs = nowUs;
    if (renewed) counters.sessionsRenewed++;
    else {
      counters.sessionsOpened++;
      trace.events?.({ event: 'boardAlive', board: board.id });
    }
    if (!renewed && board.available) events.onAvailable(board, nowUs);
  }

  /** Looks whether a board that is alive still is. */
  #watch(board: Board, nowUs: number): void {
    const { timing, counters, trace, events, sequenceLimit } = this.#options;
    const silent = nowUs - board.lastHeardUs >= timing.boardLostMs * 1000;
    if (silent && board.asks >= REMINDERS_BEFORE_GIVING_UP) {
      board.state = 'lost';
      board.session = undefined;
      counters.boardsLost++;
      trace.events?.({ event: 'boardLost', board: board.id });
      this.#discovery.restart(nowUs);
      events.onLost(board, nowUs);
      return;
    }
    if (nowUs - board.lastToldUs >= timing.presenceMs * 1000) this.#sayNothing(board, nowUs);
    if (board.session!.sequence >= sequenceLimit) board.renewing = true;
    if (board.renewing || this.#isSuspect(board, nowUs)) this.#discovery.ask(board, nowUs);
  }

  /** A frame without statements: boards look for a front-end that they do not hear. */
  #sayNothing(board: Board, nowUs: number): void {
    const session = board.session!;
    board.lastToldUs = nowUs;
    const sequence = session.nextSequence();
    const { sender } = this.#options;
    sender.send(
      board.macAddress,
      AtcpType.statements,
      AtcpKey.session,
      0,
      board.id,
      sequence,
      session.downKey,
    );
  }

  #isSuspect(board: Board, nowUs: number): boolean {
    return nowUs - board.lastHeardUs >= this.#options.timing.suspectMs * 1000;
  }
}
