/**
 * The session with the front-end (decision 11): discover, announce, open, accept; two keys and a replay window.
 * One at a time, which stays until the next one has been opened under a nonce that was not used before.
 */
import {
  Direction,
  FrameAuthenticator,
  KEY_BYTES,
  KeyDeriver,
  NONCE_BYTES,
  ReplayWindow,
} from '../wire/atcp/authentication.js';
import {
  ATCP_HEADER_BYTES,
  ATCP_VERSION,
  atcpBoardId,
  atcpEpoch,
  AtcpKey,
  atcpKeyId,
  atcpLength,
  atcpSequence,
  AtcpType,
  atcpType,
  checkAtcp,
  emitAtcp,
} from '../wire/atcp/header.js';
import {
  ANNOUNCE_BYTES,
  BOARD_FACTS,
  BOARD_NONCE,
  BoardFact,
  DISCOVER_BYTES,
  FRONT_END_NONCE,
  HEARTBEAT_INTERVAL,
  SESSION_ACCEPT_BYTES,
  SESSION_OPEN_BYTES,
} from '../wire/atcp/session.js';
import { copy, equal, fill } from '../wire/byte-loops.js';
import { get16, get32, put16, put32, put64 } from '../wire/bytes.js';
import { emitEthernet, ETHERNET_HEADER_BYTES, ETHERNET_SOURCE, MAC_BYTES } from '../wire/ethernet.js';
import type { BoardFacts } from './board-facts.js';
import type { Counters } from './counters.js';
import type { DueTime } from './due-time.js';
import { NEVER_US } from './limits.js';
import type { Limits } from './limits.js';
import type { NicController } from './nic-controller.js';
import type { EntropyPort, Provisioning } from './ports.js';

/** Of this firmware, in board facts. */
export const FIRMWARE_VERSION = 0x0000_0100;

/** Positions in the frame buffers. */
const HEADER = ETHERNET_HEADER_BYTES;
export const BODY = ETHERNET_HEADER_BYTES + ATCP_HEADER_BYTES;

/** What a received frame was. */
export const Received = Object.freeze({
  /** Discarded, or dealt with here. */
  nothing: 0,
  /** A new session of the same front-end. */
  opened: 1,
  /** A new session of a front-end that has booted: it knows of no delegation. */
  openedByNewEpoch: 2,
  /** Statements, verified. */
  statements: 3,
} as const);
export type Received = (typeof Received)[keyof typeof Received];

export class Session {
  /** When an announcement, an acceptance or a heartbeat is due; {@link NEVER_US} for none. Stated to the {@link DueTime}, too. */
  announceDueUs: number = NEVER_US;
  acceptDueUs: number = NEVER_US;
  heartbeatDueUs: number = NEVER_US;
  /** The last valid frame of the session. */
  lastHeardUs = 0;
  active = false;
  frontEndEpoch = 0;
  readonly #boardId: number;
  readonly #boardKey: Uint8Array;
  readonly #etherType: number;
  readonly #epoch: number;
  readonly #entropy: EntropyPort;
  readonly #nic: NicController;
  readonly #due: DueTime;
  readonly #limits: Limits;
  readonly #counters: Counters;
  readonly #deriver = new KeyDeriver();
  readonly #authenticator = new FrameAuthenticator();
  readonly #replay = new ReplayWindow();
  readonly #downKey = new Uint8Array(KEY_BYTES);
  readonly #upKey = new Uint8Array(KEY_BYTES);
  readonly #candidateKey = new Uint8Array(KEY_BYTES);
  /** Of the active session. */
  readonly #frontEndNonce = new Uint8Array(NONCE_BYTES);
  readonly #boardNonce = new Uint8Array(NONCE_BYTES);
  readonly #frontEndMac = new Uint8Array(MAC_BYTES);
  /** What the next session has to name. */
  readonly #nextNonce = new Uint8Array(NONCE_BYTES);
  /** Who asked for the next announcement, and the nonce to echo; everybody and zero when nobody did. */
  readonly #askerMac = new Uint8Array(MAC_BYTES);
  readonly #askerNonce = new Uint8Array(NONCE_BYTES);
  #asked = false;
  #lastAnnounceUs = -NEVER_US;
  #announcements = 0;
  #sequence = 0;
  #heartbeatUs = 0;

  constructor(
    provisioning: Provisioning,
    entropy: EntropyPort,
    nic: NicController,
    due: DueTime,
    limits: Limits,
    counters: Counters,
  ) {
    this.#due = due;
    this.#boardId = provisioning.boardId;
    this.#boardKey = provisioning.boardKey;
    this.#etherType = provisioning.etherType;
    this.#entropy = entropy;
    this.#nic = nic;
    this.#limits = limits;
    this.#counters = counters;
    entropy.fill(this.#nextNonce, 0, NONCE_BYTES);
    this.#epoch = get32(this.#nextNonce, 0);
    entropy.fill(this.#nextNonce, 0, NONCE_BYTES);
  }

  /** Takes the frame of `length` bytes at the start of `frame`. */
  receive(nowUs: number, frame: Uint8Array, length: number): Received {
    if (checkAtcp(frame, HEADER, length - HEADER) !== 'ok') return this.#discardMalformed();
    const type = atcpType(frame, HEADER);
    const boardId = atcpBoardId(frame, HEADER);
    if (boardId !== this.#boardId && !(type === AtcpType.discover && boardId === 0)) {
      this.#counters.framesForeign++;
      return Received.nothing;
    }
    if (type === AtcpType.statements) return this.#takeStatements(nowUs, frame);
    if (type === AtcpType.sessionOpen) return this.#takeOpen(nowUs, frame);
    if (type === AtcpType.discover) return this.#takeDiscover(nowUs, frame);
    this.#counters.framesUnexpected++;
    return Received.nothing;
  }

  #discardMalformed(): Received {
    this.#counters.framesMalformed++;
    return Received.nothing;
  }

  #takeStatements(nowUs: number, frame: Uint8Array): Received {
    const counters = this.#counters;
    if (!this.active || atcpKeyId(frame, HEADER) !== AtcpKey.session) counters.framesUnexpected++;
    else if (!this.#authenticator.verify(frame, HEADER, this.#downKey)) counters.framesForged++;
    else if (!this.#replay.accept(atcpSequence(frame, HEADER))) counters.framesReplayed++;
    else {
      this.lastHeardUs = nowUs;
      return Received.statements;
    }
    return Received.nothing;
  }

  /** Not authenticated, so it only makes the board say who it is, and not often. */
  #takeDiscover(nowUs: number, frame: Uint8Array): Received {
    if (atcpLength(frame, HEADER) < ATCP_HEADER_BYTES + DISCOVER_BYTES) return this.#discardMalformed();
    if (this.#asked) this.#counters.discoversSuperseded++;
    copy(frame, ETHERNET_SOURCE, this.#askerMac, 0, MAC_BYTES);
    copy(frame, BODY, this.#askerNonce, 0, NONCE_BYTES);
    this.#asked = true;
    const dueUs = Math.max(nowUs, this.#lastAnnounceUs + this.#limits.announceIntervalUs);
    this.#announceBy(dueUs);
    return Received.nothing;
  }

  #announceBy(dueUs: number): void {
    if (dueUs >= this.announceDueUs) return;
    this.announceDueUs = dueUs;
    this.#due.by(dueUs);
  }

  #takeOpen(nowUs: number, frame: Uint8Array): Received {
    if (atcpLength(frame, HEADER) !== ATCP_HEADER_BYTES + SESSION_OPEN_BYTES) return this.#discardMalformed();
    if (atcpKeyId(frame, HEADER) !== AtcpKey.session) return this.#discardMalformed();
    if (this.#isOfActive(frame)) {
      if (!this.#authenticator.verify(frame, HEADER, this.#downKey)) this.#counters.framesForged++;
      else this.#accept(nowUs);
      return Received.nothing;
    }
    // A nonce opens one session only: with a used one, a recorded open and all that followed could be played again.
    if (!equal(frame, BODY + BOARD_NONCE, this.#nextNonce, 0, NONCE_BYTES)) {
      this.#counters.framesUnexpected++;
      return Received.nothing;
    }
    this.#derive(frame, Direction.down, this.#candidateKey);
    if (!this.#authenticator.verify(frame, HEADER, this.#candidateKey)) {
      this.#counters.framesForged++;
      return Received.nothing;
    }
    return this.#open(nowUs, frame);
  }

  #accept(nowUs: number): void {
    this.acceptDueUs = nowUs;
    this.#due.by(nowUs);
  }

  /** The open of the active session once more: its acceptance was lost. */
  #isOfActive(frame: Uint8Array): boolean {
    return (
      this.active &&
      equal(frame, BODY + BOARD_NONCE, this.#boardNonce, 0, NONCE_BYTES) &&
      equal(frame, BODY + FRONT_END_NONCE, this.#frontEndNonce, 0, NONCE_BYTES)
    );
  }

  #derive(frame: Uint8Array, direction: Direction, out: Uint8Array): void {
    const frontEndNonceAt = BODY + FRONT_END_NONCE;
    const boardNonceAt = BODY + BOARD_NONCE;
    this.#deriver.sessionKey(this.#boardKey, direction, frame, frontEndNonceAt, frame, boardNonceAt, out);
  }

  #open(nowUs: number, frame: Uint8Array): Received {
    const epoch = atcpEpoch(frame, HEADER);
    const isSameFrontEnd = this.#counters.sessionsOpened > 0 && epoch === this.frontEndEpoch;
    copy(this.#candidateKey, 0, this.#downKey, 0, KEY_BYTES);
    this.#derive(frame, Direction.up, this.#upKey);
    copy(frame, BODY + FRONT_END_NONCE, this.#frontEndNonce, 0, NONCE_BYTES);
    copy(this.#nextNonce, 0, this.#boardNonce, 0, NONCE_BYTES);
    copy(frame, ETHERNET_SOURCE, this.#frontEndMac, 0, MAC_BYTES);
    this.#entropy.fill(this.#nextNonce, 0, NONCE_BYTES);
    this.#replay.reset();
    this.#sequence = 0;
    const intervalUs = get16(frame, BODY + HEARTBEAT_INTERVAL) * 1000;
    const limits = this.#limits;
    this.#heartbeatUs =
      intervalUs === 0 ? limits.heartbeatUs : Math.max(intervalUs, limits.shortestHeartbeatUs);
    this.active = true;
    this.frontEndEpoch = epoch;
    this.lastHeardUs = nowUs;
    this.#accept(nowUs);
    this.beat(nowUs);
    this.#counters.sessionsOpened++;
    return isSameFrontEnd ? Received.opened : Received.openedByNewEpoch;
  }

  /** Announce to everybody as soon as the rate limit allows. */
  seek(nowUs: number): void {
    const dueUs = Math.max(nowUs, this.#lastAnnounceUs + this.#limits.announceIntervalUs);
    this.#announceBy(dueUs);
  }

  /** A heartbeat now, whenever the next one would have been. */
  beat(nowUs: number): void {
    this.heartbeatDueUs = nowUs;
    this.#due.by(nowUs);
  }

  /** Nobody is sought any more; whoever asked gets an answer. */
  stopSeeking(): void {
    if (!this.#asked) this.announceDueUs = NEVER_US;
  }

  /** Writes the announcement to the start of `frame`; returns the frame's length. `seeking`: go on announcing. */
  writeAnnounce(nowUs: number, frame: Uint8Array, facts: BoardFacts, seeking: boolean): number {
    if (this.#asked) copy(this.#askerNonce, 0, frame, BODY + FRONT_END_NONCE, NONCE_BYTES);
    else fill(frame, BODY + FRONT_END_NONCE, NONCE_BYTES, 0);
    copy(this.#nextNonce, 0, frame, BODY + BOARD_NONCE, NONCE_BYTES);
    this.#writeFacts(frame, BODY + BOARD_FACTS, facts);
    const destination = this.#asked ? this.#askerMac : this.#nic.broadcast;
    const length = this.#writeHeader(
      frame,
      destination,
      AtcpType.announce,
      AtcpKey.board,
      ANNOUNCE_BYTES,
      ++this.#announcements,
    );
    this.#authenticator.seal(frame, HEADER, this.#boardKey);
    this.#asked = false;
    this.#lastAnnounceUs = nowUs;
    this.announceDueUs = seeking ? nowUs + this.#limits.seekIntervalUs : NEVER_US;
    return length;
  }

  #writeFacts(b: Uint8Array, at: number, facts: BoardFacts): void {
    fill(b, at, ANNOUNCE_BYTES - BOARD_FACTS, 0);
    put32(b, at + BoardFact.firmwareVersion, FIRMWARE_VERSION);
    b[at + BoardFact.lowestVersion] = ATCP_VERSION;
    b[at + BoardFact.highestVersion] = ATCP_VERSION;
    put16(b, at + BoardFact.slots, this.#limits.slots);
    facts.writeVolumeId(b, at + BoardFact.volumeId);
    put64(b, at + BoardFact.volumeGeneration, facts.volumeGeneration);
    put64(b, at + BoardFact.volumeSectors, facts.volumeSectors);
    b[at + BoardFact.cardState] = facts.cardState;
  }

  writeAccept(frame: Uint8Array): number {
    copy(this.#frontEndNonce, 0, frame, BODY + FRONT_END_NONCE, NONCE_BYTES);
    copy(this.#boardNonce, 0, frame, BODY + BOARD_NONCE, NONCE_BYTES);
    this.acceptDueUs = NEVER_US;
    return this.#writeSealed(frame, AtcpType.sessionAccept, SESSION_ACCEPT_BYTES);
  }

  /** Completes a frame whose body of `bodyBytes` statements has been written. */
  writeStatements(frame: Uint8Array, bodyBytes: number): number {
    return this.#writeSealed(frame, AtcpType.statements, bodyBytes);
  }

  /** A heartbeat has been written. */
  heartbeatWritten(nowUs: number): void {
    this.heartbeatDueUs = nowUs + this.#heartbeatUs;
  }

  #writeSealed(frame: Uint8Array, type: AtcpType, bodyBytes: number): number {
    const length = this.#writeHeader(
      frame,
      this.#frontEndMac,
      type,
      AtcpKey.session,
      bodyBytes,
      ++this.#sequence,
    );
    this.#authenticator.seal(frame, HEADER, this.#upKey);
    return length;
  }

  #writeHeader(
    frame: Uint8Array,
    destination: Uint8Array,
    type: AtcpType,
    key: number,
    bodyBytes: number,
    sequence: number,
  ): number {
    const length = ATCP_HEADER_BYTES + bodyBytes;
    emitEthernet(frame, 0, destination, this.#nic.macAddress, this.#etherType);
    emitAtcp(frame, HEADER, type, key, length, this.#boardId, this.#epoch, sequence);
    return HEADER + length;
  }
}
