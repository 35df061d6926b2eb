/**
 * Writes the ATCP frames that are due, one at a time, since there is one frame to write them to: acceptance of a
 * session, announcement, then a list of statements: heartbeat, answers about ids without a slot, ATCP_ACKs 27.
 */
import {
  ACK_UP_RESULT,
  ACK_UP_VERSION_AT,
  DelegationState,
  emitAckUp,
  type Reason,
  STAT_RESULT_BYTES,
  StatResult,
} from '../wire/atcp/ack-up.js';
import { Opcode, OBJECT_VERSION_BYTES } from '../wire/atcp/command.js';
import { ATCP_MAX_BYTES } from '../wire/atcp/header.js';
import { emitHeartbeat, HEARTBEAT_BYTES, HEARTBEAT_VOLUME_ID } from '../wire/atcp/heartbeat.js';
import { padded4 } from '../wire/atcp/statements.js';
import { copy } from '../wire/byte-loops.js';
import { put64, UNKNOWN_U64 } from '../wire/bytes.js';
import { ETHERNET_HEADER_BYTES } from '../wire/ethernet.js';
import type { BoardFacts } from './board-facts.js';
import type { Counters } from './counters.js';
import type { Delegation } from './delegation.js';
import type { DelegationTable } from './delegation-table.js';
import type { Delegations } from './delegations.js';
import type { DueTime } from './due-time.js';
import type { MemoryController } from './memory-controller.js';
import type { NicController } from './nic-controller.js';
import type { Reports } from './reports.js';
import { BODY } from './session.js';
import type { Session } from './session.js';
import { SlotState } from './state-machine.js';

const END = ETHERNET_HEADER_BYTES + ATCP_MAX_BYTES;
const MAX_AGE_US = 0xffff_ffff;

export class FrameWriter {
  readonly #nic: NicController;
  readonly #session: Session;
  readonly #table: DelegationTable;
  readonly #delegations: Delegations;
  readonly #reports: Reports;
  readonly #memory: MemoryController;
  readonly #facts: BoardFacts;
  readonly #counters: Counters;
  readonly #frame: Uint8Array;
  readonly #due: DueTime;

  constructor(
    nic: NicController,
    session: Session,
    table: DelegationTable,
    delegations: Delegations,
    reports: Reports,
    memory: MemoryController,
    facts: BoardFacts,
    due: DueTime,
    counters: Counters,
  ) {
    this.#due = due;
    this.#nic = nic;
    this.#session = session;
    this.#table = table;
    this.#delegations = delegations;
    this.#reports = reports;
    this.#memory = memory;
    this.#facts = facts;
    this.#counters = counters;
    this.#frame = memory.controlFrame;
  }

  /**
   * Sends what is due, as far as the NIC has room, and sets the {@link DueTime} to what is next. `seeking`:
   * announcements go on.
   */
  step(nowUs: number, seeking: boolean): void {
    const nic = this.#nic;
    const session = this.#session;
    nic.flush();
    if (nic.waitingBytes === 0 && nowUs >= session.acceptDueUs) {
      nic.sendControl(session.writeAccept(this.#frame));
    }
    if (nic.waitingBytes === 0 && nowUs >= session.announceDueUs) {
      nic.sendControl(session.writeAnnounce(nowUs, this.#frame, this.#facts, seeking));
    }
    if (nic.waitingBytes === 0 && session.active) {
      const isHeartbeatDue = nowUs >= session.heartbeatDueUs;
      if (isHeartbeatDue || nowUs >= this.#reports.dueUs) this.#sendStatements(nowUs, isHeartbeatDue);
    }
    this.#setDue();
  }

  #setDue(): void {
    const due = this.#due;
    const session = this.#session;
    due.us = session.announceDueUs;
    due.by(session.acceptDueUs);
    if (!session.active) return;
    due.by(session.heartbeatDueUs);
    due.by(this.#reports.dueUs);
  }

  #sendStatements(nowUs: number, isHeartbeatDue: boolean): void {
    let at = BODY;
    if (isHeartbeatDue) at += this.#writeHeartbeat(nowUs, at);
    const reports = this.#reports;
    while (reports.answers > 0 && at + ACK_UP_RESULT <= END) at += this.#writeAnswer(at);
    let more = reports.answers > 0;
    const table = this.#table;
    const count = table.activeCount;
    for (let i = 0; i < count; i++) {
      const d = table.slots[table.active[i]!]!;
      if (!d.reportDue) continue;
      if (at + ACK_UP_RESULT + padded4(resultBytes(d)) > END) {
        more = true;
        break;
      }
      at += this.#writeAck(nowUs, d, at);
    }
    reports.written(nowUs, more);
    this.#nic.sendControl(this.#session.writeStatements(this.#frame, at - BODY));
    this.#passNamed(nowUs);
  }

  #writeHeartbeat(nowUs: number, at: number): number {
    const memory = this.#memory;
    const facts = this.#facts;
    const counters = this.#counters;
    const frame = this.#frame;
    emitHeartbeat(
      frame,
      at,
      Math.floor(nowUs / 1000),
      facts.volumeGeneration,
      this.#table.activeCount,
      this.#table.slots.length,
      memory.lent,
      memory.buffers,
      facts.cardState,
      counters.framesReceived,
      counters.framesForeign + counters.framesMalformed + counters.framesForged + counters.framesReplayed,
      counters.replySent119,
      counters.diskErrors,
    );
    facts.writeVolumeId(frame, at + HEARTBEAT_VOLUME_ID);
    this.#session.heartbeatWritten(nowUs);
    return HEARTBEAT_BYTES;
  }

  #writeAnswer(at: number): number {
    const reports = this.#reports;
    const i = reports.answerAt;
    const length = emitAckUp(
      this.#frame,
      at,
      reports.answerEpoch[i]!,
      reports.answerCounter[i]!,
      0,
      0,
      UNKNOWN_U64,
      0,
      0,
      0,
      reports.answerState[i] as DelegationState,
      reports.answerReason[i] as Reason,
      reports.answerHintMs[i]!,
      0,
      0,
    );
    reports.shiftAnswer();
    this.#counters.ackSent119++;
    return length;
  }

  #writeAck(nowUs: number, d: Delegation, at: number): number {
    const frame = this.#frame;
    const result = resultBytes(d);
    const length = emitAckUp(
      frame,
      at,
      d.epoch,
      d.counter,
      d.version,
      d.next,
      d.total,
      d.lastSentUs === 0 ? 0 : Math.min(nowUs - d.lastSentUs, MAX_AGE_US),
      0,
      d.resend.executed,
      stateOf(d),
      d.reason,
      0,
      d.templateVersion,
      result,
    );
    if (d.found) copy(d.handle.version, 0, frame, at + ACK_UP_VERSION_AT, OBJECT_VERSION_BYTES);
    if (result > 0 && d.opcode === Opcode.list) {
      copy(this.#memory.units, this.#memory.find(d.slot, 0), frame, at + ACK_UP_RESULT, result);
    } else if (result > 0) {
      put64(frame, at + ACK_UP_RESULT + StatResult.size, d.handle.sizeBytes);
      put64(frame, at + ACK_UP_RESULT + StatResult.modified, d.handle.modifiedMs);
      frame[at + ACK_UP_RESULT + StatResult.kind] = d.handle.kind;
    }
    d.reportDue = false;
    this.#counters.ackSent119++;
    return length;
  }

  /** Whose total has just been reported may send: the NIC takes the report before any pseudo packet. */
  #passNamed(nowUs: number): void {
    const table = this.#table;
    for (let i = 0; i < table.activeCount; i++) {
      const d = table.slots[table.active[i]!]!;
      if (d.state === SlotState.naming && !d.reportDue) this.#delegations.reported(nowUs, d);
    }
  }
}

/** Bytes of the answer that ATCP_ACK 27 carries now. */
function resultBytes(d: Delegation): number {
  if (d.state !== SlotState.done) return 0;
  if (d.opcode === Opcode.stat) return STAT_RESULT_BYTES;
  return d.opcode === Opcode.list ? d.pageBytes : 0;
}

/** How the state reads on the data link. */
function stateOf(d: Delegation): DelegationState {
  switch (d.state) {
    case SlotState.sending:
      return DelegationState.sending;
    case SlotState.paused:
    case SlotState.lapsed:
      return d.next === d.total ? DelegationState.sent : DelegationState.sending;
    case SlotState.sent:
      return DelegationState.sent;
    case SlotState.done:
      return DelegationState.done;
    case SlotState.failed:
      return DelegationState.failed;
    default:
      return DelegationState.accepted;
  }
}
