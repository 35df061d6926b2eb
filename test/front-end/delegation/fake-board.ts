/**
 * A board that speaks the wire protocol and sends nothing real: what it would put into pseudo packets is
 * reported as ranges. Written from src/wire/README.md, so that it and the front-end's code meet only there.
 */
import {
  ackAcknowledged,
  ackAcknowledgment,
  ackDownVersion,
  AckDownFlag,
  ackGranted,
  ackLeaseMs,
  ackResendCount,
  ackTemplateBytes,
  ackTemplateVersion,
  ackTimestampMarkCount,
  ackWindow,
  checkAckDown,
  resendFrom,
  resendGeneration,
  resendTo,
  timestampMarkFrom,
  timestampMarkTsVal,
} from '../../../src/wire/atcp/ack-down.js';
import {
  ACK_UP_RESULT,
  ACK_UP_VERSION_AT,
  DelegationState,
  emitAckUp,
  ObjectKind,
  Reason,
  STAT_RESULT_BYTES,
  StatResult,
} from '../../../src/wire/atcp/ack-up.js';
import {
  Direction,
  FrameAuthenticator,
  KeyDeriver,
  ReplayWindow,
} from '../../../src/wire/atcp/authentication.js';
import {
  checkCommand,
  commandArguments,
  commandFirstOffset,
  commandOpcode,
  commandStartSequence,
  Opcode,
  ReadArgument,
  StatArgument,
} from '../../../src/wire/atcp/command.js';
import {
  ATCP_HEADER_BYTES,
  atcpBoardId,
  atcpEpoch,
  AtcpKey,
  atcpLength,
  atcpSequence,
  AtcpType,
  atcpType,
  checkAtcp,
  emitAtcp,
} from '../../../src/wire/atcp/header.js';
import { emitHeartbeat } from '../../../src/wire/atcp/heartbeat.js';
import {
  ANNOUNCE_BYTES,
  BOARD_FACTS,
  BOARD_NONCE,
  BoardFact,
  CardState,
  FRONT_END_NONCE,
  HEARTBEAT_INTERVAL,
  SESSION_ACCEPT_BYTES,
} from '../../../src/wire/atcp/session.js';
import {
  checkStatement,
  commandCounter,
  commandEpoch,
  statementFlags,
  StatementKind,
  statementKind,
  statementLength,
} from '../../../src/wire/atcp/statements.js';
import { get16, get64, put16, put64 } from '../../../src/wire/bytes.js';
import { emitEthernet, EtherType } from '../../../src/wire/ethernet.js';

const HEADER = 14;
const BODY = HEADER + ATCP_HEADER_BYTES;

export interface FakeObject {
  readonly size: number;
  readonly version: Uint8Array;
  readonly modifiedMs?: number;
  readonly directory?: boolean;
}

/** What one pseudo packet run would have been. */
export interface SentRange {
  readonly board: FakeBoard;
  readonly counter: number;
  readonly startSequence: number;
  readonly from: number;
  readonly to: number;
  readonly again: boolean;
  readonly acknowledgment: number;
  readonly window: number;
  /** TSval of the first byte; undefined without marks. */
  readonly tsVal: number | undefined;
}

export interface FakeBoardWorld {
  transmit(board: FakeBoard, frame: Uint8Array): void;
  onSent(range: SentRange): void;
  nowUs(): number;
}

class Slot {
  readonly epoch: number;
  readonly counter: number;
  opcode = 0;
  state: DelegationState = DelegationState.accepted;
  reason: Reason = Reason.none;
  object: FakeObject | undefined;
  startSequence = 0;
  total = -1;
  sentUpTo = 0;
  sentAtUs = 0;
  version = 0;
  generation = 0;
  leaseEndUs = 0;
  acknowledged = 0;
  granted = 0;
  templateVersion = 0;
  acknowledgment = 0;
  window = 0;
  hold = false;
  marks: { from: number; tsVal: number }[] = [];
  ranges: { generation: number; from: number; to: number }[] = [];

  constructor(epoch: number, counter: number) {
    this.epoch = epoch;
    this.counter = counter;
  }
}

export class FakeBoard {
  readonly id: number;
  readonly key: Uint8Array;
  readonly macAddress: Uint8Array;
  readonly objects = new Map<string, FakeObject>();
  readonly slots = new Map<number, Slot>();
  /** Ids that are over. */
  readonly over = new Set<number>();
  slotCount = 16;
  cardState: number = CardState.ready;
  epoch = 1000;
  volumeGeneration = 1;
  /** Powered; a dead board neither hears nor says anything. */
  powered = true;
  /** Answers nothing about delegations, but its heart beats. */
  deaf = false;
  /** Answers, but sends nothing. */
  stuck = false;
  /** Bytes that it can send at once; then it waits for {@link step}. */
  busyHintMs = 20;
  versions: number[] = [];
  discards = 0;
  commandsSeen = 0;
  statsSeen = 0;
  session:
    | {
        down: Uint8Array;
        up: Uint8Array;
        sequence: number;
        window: ReplayWindow;
        frontEndNonce: Uint8Array;
        boardNonce: Uint8Array;
        frontEndEpoch: number;
        frontEndMac: Uint8Array;
        heartbeatUs: number;
      }
    | undefined;
  #offered = new Uint8Array(16);
  #nonces = 0;
  #announcements = 0;
  #heartbeatAtUs = Infinity;
  readonly #world: FakeBoardWorld;
  readonly #authenticator = new FrameAuthenticator();
  readonly #deriver = new KeyDeriver();

  constructor(world: FakeBoardWorld, id: number, key: Uint8Array) {
    this.#world = world;
    this.id = id;
    this.key = key;
    this.macAddress = Uint8Array.of(2, 0xa7, 0xc9, 0, 0, id);
    this.#drawNonce();
  }

  put(name: string, size: number, version = 1, modifiedMs = 1_700_000_000_000): void {
    this.objects.set(name, { size, modifiedMs, version: new Uint8Array(16).fill(version) });
  }

  /** Everything volatile is gone. */
  reboot(): void {
    this.epoch++;
    this.session = undefined;
    this.slots.clear();
    this.over.clear();
    this.powered = true;
    this.#heartbeatAtUs = Infinity;
    this.#drawNonce();
    this.announce(new Uint8Array(6).fill(0xff), new Uint8Array(16));
  }

  get nextDeadlineUs(): number {
    return this.powered && this.session !== undefined ? this.#heartbeatAtUs : Infinity;
  }

  onTimer(nowUs: number): void {
    if (nowUs < this.nextDeadlineUs) return;
    this.heartbeat();
  }

  heartbeat(): void {
    const session = this.session!;
    this.#heartbeatAtUs = this.#world.nowUs() + session.heartbeatUs;
    const b = frame();
    const bytes = emitHeartbeat(
      b,
      BODY,
      0,
      this.volumeGeneration,
      this.slots.size,
      this.slotCount,
      0,
      24,
      this.cardState,
      0,
      0,
      0,
      0,
    );
    this.#send(b, AtcpType.statements, bytes);
  }

  #drawNonce(): void {
    this.#offered = new Uint8Array(16).fill(this.id);
    this.#offered[15] = ++this.#nonces;
    this.#offered[14] = this.epoch;
  }

  // ---- Frames in ----

  onFrame(b: Uint8Array): void {
    if (!this.powered) return;
    if (checkAtcp(b, HEADER, b.length - HEADER) !== 'ok') {
      this.discards++;
      return;
    }
    const type = atcpType(b, HEADER);
    const boardId = atcpBoardId(b, HEADER);
    if (boardId !== this.id && !(boardId === 0 && type === AtcpType.discover)) return;
    if (type === AtcpType.discover) this.announce(b.slice(6, 12), b.slice(BODY, BODY + 16));
    else if (type === AtcpType.sessionOpen) this.#onOpen(b);
    else if (type === AtcpType.statements) this.#onStatements(b);
  }

  announce(destination: Uint8Array, nonce: Uint8Array): void {
    const b = frame();
    b.set(nonce, BODY + FRONT_END_NONCE);
    b.set(this.#offered, BODY + BOARD_NONCE);
    const facts = BODY + BOARD_FACTS;
    b.fill(0, facts, facts + 48);
    put16(b, facts + BoardFact.slots, this.slotCount);
    b[facts + BoardFact.cardState] = this.cardState;
    const length = ATCP_HEADER_BYTES + ANNOUNCE_BYTES;
    emitEthernet(b, 0, destination, this.macAddress, EtherType.atcp);
    emitAtcp(b, HEADER, AtcpType.announce, AtcpKey.board, length, this.id, this.epoch, ++this.#announcements);
    this.#authenticator.seal(b, HEADER, this.key);
    this.#world.transmit(this, b.slice(0, HEADER + length));
  }

  #onOpen(b: Uint8Array): void {
    const frontEndNonce = b.slice(BODY + FRONT_END_NONCE, BODY + FRONT_END_NONCE + 16);
    const boardNonce = b.slice(BODY + BOARD_NONCE, BODY + BOARD_NONCE + 16);
    const present = this.session;
    if (
      present !== undefined &&
      same(frontEndNonce, present.frontEndNonce) &&
      same(boardNonce, present.boardNonce)
    ) {
      if (this.#authenticator.verify(b, HEADER, present.down)) this.#accept();
      return;
    }
    const down = new Uint8Array(16);
    const up = new Uint8Array(16);
    this.#deriver.sessionKey(this.key, Direction.down, frontEndNonce, 0, boardNonce, 0, down);
    this.#deriver.sessionKey(this.key, Direction.up, frontEndNonce, 0, boardNonce, 0, up);
    if (!same(boardNonce, this.#offered) || !this.#authenticator.verify(b, HEADER, down)) {
      this.discards++;
      return;
    }
    const frontEndEpoch = atcpEpoch(b, HEADER);
    if (present?.frontEndEpoch !== frontEndEpoch) this.slots.clear();
    const heartbeatUs = get16(b, BODY + HEARTBEAT_INTERVAL) * 1000;
    const window = new ReplayWindow();
    const frontEndMac = b.slice(6, 12);
    this.session = {
      down,
      up,
      sequence: 0,
      window,
      frontEndNonce,
      boardNonce,
      frontEndEpoch,
      frontEndMac,
      heartbeatUs,
    };
    this.#drawNonce();
    this.#accept();
    this.#heartbeatAtUs = this.#world.nowUs() + heartbeatUs;
  }

  #accept(): void {
    const b = frame();
    b.set(this.session!.frontEndNonce, BODY + FRONT_END_NONCE);
    b.set(this.session!.boardNonce, BODY + BOARD_NONCE);
    this.#send(b, AtcpType.sessionAccept, SESSION_ACCEPT_BYTES);
  }

  #onStatements(b: Uint8Array): void {
    const session = this.session;
    if (
      session === undefined ||
      !this.#authenticator.verify(b, HEADER, session.down) ||
      !session.window.accept(atcpSequence(b, HEADER))
    ) {
      this.discards++;
      return;
    }
    const end = HEADER + atcpLength(b, HEADER);
    const touched = new Set<number>();
    for (let at = BODY; checkStatement(b, at, end) === 'ok'; at += statementLength(b, at)) {
      if (commandEpoch(b, at) !== session.frontEndEpoch) throw new Error('a foreign command epoch');
      if (this.deaf) continue;
      const kind = statementKind(b, at);
      if (kind === StatementKind.command) this.#onCommand(b, at);
      else if (kind === StatementKind.ackDown) this.#onAckDown(b, at);
      else throw new Error(`unexpected statement ${kind}`);
      touched.add(commandCounter(b, at));
    }
    if (end !== HEADER + atcpLength(b, HEADER)) throw new Error('statements do not fill the frame');
    for (const counter of touched) this.step(counter);
    for (const counter of touched) this.report(counter);
  }

  #onCommand(b: Uint8Array, at: number): void {
    if (checkCommand(b, at, statementLength(b, at)) !== 'ok') throw new Error('malformed command');
    const counter = commandCounter(b, at);
    const opcode = commandOpcode(b, at);
    if (opcode === Opcode.release) {
      this.#free(counter);
      return;
    }
    if (this.slots.has(counter) || this.over.has(counter)) return;
    if (this.slots.size >= this.slotCount) return;
    this.commandsSeen++;
    const slot = new Slot(commandEpoch(b, at), counter);
    slot.opcode = opcode;
    this.slots.set(counter, slot);
    const args = commandArguments(b, at);
    const isStat = opcode === Opcode.stat;
    if (isStat) this.statsSeen++;
    const nameAt = args + (isStat ? StatArgument.name : ReadArgument.name);
    const nameBytes = get16(b, args + (isStat ? StatArgument.nameLength : ReadArgument.nameLength));
    const name = new TextDecoder().decode(b.slice(nameAt, nameAt + nameBytes));
    const object = this.objects.get(name);
    slot.startSequence = commandStartSequence(b, at);
    slot.sentUpTo = commandFirstOffset(b, at);
    if (this.cardState !== CardState.ready) this.#failSlot(slot, Reason.noCard);
    else if (object === undefined) this.#failSlot(slot, Reason.notFound);
    else if (isStat) {
      slot.object = object;
      slot.state = DelegationState.done;
    } else {
      const expected = b.slice(args + ReadArgument.version, args + ReadArgument.version + 16);
      slot.object = object;
      slot.total = get64(b, args + ReadArgument.length);
      if (expected.some((byte) => byte !== 0) && !same(expected, object.version))
        this.#failSlot(slot, Reason.versionMismatch);
      else if (get64(b, args + ReadArgument.from) + slot.total > object.size)
        this.#failSlot(slot, Reason.range);
    }
  }

  #failSlot(slot: Slot, reason: Reason): void {
    slot.state = DelegationState.failed;
    slot.reason = reason;
  }

  #onAckDown(b: Uint8Array, at: number): void {
    const problem = checkAckDown(b, at, statementLength(b, at));
    if (problem !== 'ok') throw new Error(`malformed ATCP_ACK 29: ${problem}`);
    const counter = commandCounter(b, at);
    if ((statementFlags(b, at) & AckDownFlag.release) !== 0) {
      this.#free(counter);
      return;
    }
    const slot = this.slots.get(counter);
    const version = ackDownVersion(b, at);
    if (slot === undefined || version <= slot.version) return;
    this.versions.push(version);
    slot.version = version;
    slot.acknowledged = ackAcknowledged(b, at);
    slot.granted = ackGranted(b, at);
    slot.acknowledgment = ackAcknowledgment(b, at);
    slot.window = ackWindow(b, at);
    slot.leaseEndUs = this.#world.nowUs() + ackLeaseMs(b, at) * 1000;
    slot.ranges = [];
    for (let i = 0; i < ackResendCount(b, at); i++)
      slot.ranges.push({
        generation: resendGeneration(b, at, i),
        from: resendFrom(b, at, i),
        to: resendTo(b, at, i),
      });
    if (ackTemplateBytes(b, at) > 0) slot.templateVersion = ackTemplateVersion(b, at);
    slot.marks = [];
    for (let i = 0; i < ackTimestampMarkCount(b, at); i++)
      slot.marks.push({ from: timestampMarkFrom(b, at, i), tsVal: timestampMarkTsVal(b, at, i) });
  }

  #free(counter: number): void {
    if (this.slots.delete(counter)) this.over.add(counter);
  }

  // ---- Sending ----

  /** Sends what a delegation may send now. */
  step(counter: number): void {
    const slot = this.slots.get(counter);
    const nowUs = this.#world.nowUs();
    if (slot === undefined || slot.object === undefined || slot.opcode !== Opcode.read) return;
    if (slot.state === DelegationState.failed || this.stuck || nowUs >= slot.leaseEndUs) return;
    if (slot.acknowledged > slot.sentUpTo) slot.sentUpTo = slot.acknowledged;
    for (const range of slot.ranges) {
      if (range.generation <= slot.generation) continue;
      slot.generation = range.generation;
      const to = Math.min(range.to, slot.sentUpTo);
      if (range.from < to) this.#sent(slot, range.from, to, true);
    }
    const edge = Math.min(slot.granted, slot.total);
    if (edge > slot.sentUpTo) {
      const from = slot.sentUpTo;
      slot.sentUpTo = edge;
      slot.sentAtUs = nowUs;
      this.#sent(slot, from, edge, false);
    }
    slot.state = slot.sentUpTo === slot.total ? DelegationState.sent : DelegationState.sending;
  }

  #sent(slot: Slot, from: number, to: number, again: boolean): void {
    let tsVal: number | undefined;
    for (const mark of slot.marks) if (tsVal === undefined || mark.from <= from) tsVal = mark.tsVal;
    const { counter, startSequence, acknowledgment, window } = slot;
    this.#world.onSent({
      board: this,
      counter,
      startSequence,
      from,
      to,
      again,
      acknowledgment,
      window,
      tsVal,
    });
  }

  /** Takes the slot away from a delegation. */
  evict(counter: number): void {
    const slot = this.slots.get(counter)!;
    slot.state = DelegationState.failed;
    slot.reason = Reason.evicted;
    this.report(counter);
    this.#free(counter);
  }

  fail(counter: number, reason: Reason): void {
    this.#failSlot(this.slots.get(counter)!, reason);
    this.report(counter);
  }

  report(counter: number): void {
    const b = frame();
    const slot = this.slots.get(counter);
    const epoch = this.session!.frontEndEpoch;
    if (slot === undefined) {
      const busy = !this.over.has(counter) && this.slots.size >= this.slotCount;
      const state = busy ? DelegationState.busy : DelegationState.released;
      const hint = busy ? this.busyHintMs : 0;
      this.#send(
        b,
        AtcpType.statements,
        emitAckUp(b, BODY, epoch, counter, 0, 0, -1, 0, 0, 0, state, 0, hint, 0, 0),
      );
      return;
    }
    const stat = slot.opcode === Opcode.stat && slot.state === DelegationState.done;
    const ageUs = slot.sentAtUs === 0 ? 0 : this.#world.nowUs() - slot.sentAtUs;
    const bytes = emitAckUp(
      b,
      BODY,
      epoch,
      counter,
      slot.version,
      slot.sentUpTo,
      slot.total,
      ageUs,
      0,
      slot.generation,
      slot.state,
      slot.reason,
      0,
      slot.templateVersion,
      stat ? STAT_RESULT_BYTES : 0,
    );
    if (slot.object !== undefined) b.set(slot.object.version, BODY + ACK_UP_VERSION_AT);
    if (stat) {
      const result = BODY + ACK_UP_RESULT;
      put64(b, result + StatResult.size, slot.object!.size);
      put64(b, result + StatResult.modified, slot.object!.modifiedMs ?? 0);
      b[result + StatResult.kind] = slot.object!.directory === true ? ObjectKind.directory : ObjectKind.file;
    }
    this.#send(b, AtcpType.statements, bytes);
  }

  #send(b: Uint8Array, type: AtcpType, bodyBytes: number): void {
    const session = this.session!;
    const length = ATCP_HEADER_BYTES + bodyBytes;
    emitEthernet(b, 0, session.frontEndMac, this.macAddress, EtherType.atcp);
    emitAtcp(b, HEADER, type, AtcpKey.session, length, this.id, this.epoch, ++session.sequence);
    this.#authenticator.seal(b, HEADER, session.up);
    this.#world.transmit(this, b.slice(0, HEADER + length));
  }
}

function frame(): Uint8Array {
  return new Uint8Array(1514).fill(0xa5);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
