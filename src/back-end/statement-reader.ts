/**
 * Reads the statements of a verified frame: ATCP_COMMAND 25 (Fig. 6), ATCP_ACK 29 (Fig. 10), watermarks. Whatever
 * the bytes are, the answer is a counter, a report, or an event for the state machine.
 */
import {
  ackAcknowledged,
  ackAcknowledgment,
  AckDownFlag,
  ackDownVersion,
  ackGranted,
  ackPace,
  ackLeaseMs,
  ackSegmentBytes,
  ackTemplate,
  ackTemplateBytes,
  ackTemplateVersion,
  ackTsEcr,
  ackWindow,
  checkAckDown,
} from '../wire/atcp/ack-down.js';
import { DelegationState, Reason } from '../wire/atcp/ack-up.js';
import { CommandFlag, Opcode, OBJECT_VERSION_BYTES } from '../wire/atcp/command.js';
import {
  checkStatement,
  commandCounter,
  commandEpoch,
  statementFlags,
  StatementKind,
  statementKind,
  statementLength,
} from '../wire/atcp/statements.js';
import { copy } from '../wire/byte-loops.js';
import { Command } from './command-decoder.js';
import type { CommandDecoder } from './command-decoder.js';
import type { Counters } from './counters.js';
import type { Delegation } from './delegation.js';
import { Remembered } from './delegation-table.js';
import type { DelegationTable } from './delegation-table.js';
import type { Delegations } from './delegations.js';
import { OFFSET_LIMIT } from './limits.js';
import type { Limits } from './limits.js';
import type { NicController } from './nic-controller.js';
import type { PseudoSource } from './ports.js';
import type { Reports } from './reports.js';
import { SlotEvent, SlotState } from './state-machine.js';
import { checkTemplate } from './template.js';

const US_PER_S = 1_000_000;

export class StatementReader {
  readonly #decoder: CommandDecoder;
  readonly #sources: readonly PseudoSource[];
  readonly #table: DelegationTable;
  readonly #delegations: Delegations;
  readonly #reports: Reports;
  readonly #nic: NicController;
  readonly #limits: Limits;
  readonly #counters: Counters;
  readonly #command = new Command();
  #epoch = 0;
  /** Command counters up to this one are finished. */
  #watermark = -1;

  constructor(
    decoder: CommandDecoder,
    sources: readonly PseudoSource[],
    table: DelegationTable,
    delegations: Delegations,
    reports: Reports,
    nic: NicController,
    limits: Limits,
    counters: Counters,
  ) {
    this.#decoder = decoder;
    this.#sources = sources;
    this.#table = table;
    this.#delegations = delegations;
    this.#reports = reports;
    this.#nic = nic;
    this.#limits = limits;
    this.#counters = counters;
  }

  /** From now on command ids are of this epoch of the front-end; nothing is known of those before. */
  beginEpoch(epoch: number): void {
    this.#epoch = epoch;
    this.#watermark = -1;
  }

  /** Reads the statements between `at` and `end`. */
  read(nowUs: number, b: Uint8Array, at: number, end: number): void {
    let i = at;
    let problem = checkStatement(b, i, end);
    while (problem === 'ok') {
      this.#readOne(nowUs, b, i);
      i += statementLength(b, i);
      problem = checkStatement(b, i, end);
    }
    if (problem !== 'end') this.#counters.statementsMalformed++;
  }

  #readOne(nowUs: number, b: Uint8Array, at: number): void {
    const kind = statementKind(b, at);
    if (kind === StatementKind.ackDown) this.#readAck(nowUs, b, at);
    else if (kind === StatementKind.command) this.#readCommand(nowUs, b, at);
    else if (kind === StatementKind.watermark) this.#readWatermark(nowUs, b, at);
    else this.#counters.statementsUnknown++;
  }

  #readWatermark(nowUs: number, b: Uint8Array, at: number): void {
    const counter = commandCounter(b, at);
    if (commandEpoch(b, at) !== this.#epoch || counter <= this.#watermark) return;
    this.#watermark = counter;
    this.#delegations.releaseUpTo(nowUs, counter);
  }

  // ATCP_COMMAND 25, Fig. 6.

  #readCommand(nowUs: number, b: Uint8Array, at: number): void {
    const command = this.#command;
    this.#counters.commandArrived114++;
    const reason = this.#decoder.decode(b, at, command);
    const counter = command.counter;
    if (command.epoch !== this.#epoch) {
      this.#reports.answer(nowUs, command.epoch, counter, DelegationState.failed, Reason.badCommand, 0);
      return;
    }
    const known = this.#table.find(counter);
    if (command.opcode === Opcode.release) this.#release(nowUs, known, counter);
    else if (known !== null) {
      this.#counters.commandRepeated++;
      this.#delegations.fire(nowUs, known, SlotEvent.repeated);
    } else if (counter <= this.#watermark || this.#table.recall(counter) === Remembered.over) {
      this.#reports.answer(nowUs, command.epoch, counter, DelegationState.released, Reason.none, 0);
    } else this.#begin(nowUs, b, reason);
  }

  #begin(nowUs: number, b: Uint8Array, reason: Reason): void {
    const command = this.#command;
    const table = this.#table;
    let d = table.claim(command.epoch, command.counter);
    if (d === null && this.#delegations.evict(nowUs)) d = table.claim(command.epoch, command.counter);
    if (d === null) {
      this.#counters.commandBusy++;
      table.remember(command.counter, Remembered.busy);
      this.#delegations.answerUnknown(nowUs, command.epoch, command.counter, this.#limits.busyHintMs);
      return;
    }
    table.remember(command.counter, Remembered.nothing);
    this.#delegations.renewLease(nowUs, d, this.#limits.commandLeaseUs);
    if (reason === Reason.none) {
      this.#take(d, b);
      this.#counters.delegationSetUp109++;
      this.#delegations.fire(nowUs, d, SlotEvent.command);
    } else {
      this.#counters.commandRefused++;
      d.opcode = 0;
      d.reason = reason;
      this.#delegations.fire(nowUs, d, SlotEvent.refused);
    }
  }

  /** Copies the decoded command to the delegation. */
  #take(d: Delegation, b: Uint8Array): void {
    const command = this.#command;
    d.opcode = command.opcode;
    d.commandFlags = command.flags;
    d.nameBytes = command.nameBytes;
    copy(b, command.nameAt, d.text, d.nameAt, command.nameBytes);
    if (command.opcode === Opcode.list) {
      d.cursor = command.cursor;
      copy(b, command.versionAt, d.text, d.versionAt, OBJECT_VERSION_BYTES);
    }
    if (command.opcode === Opcode.read) {
      d.from = command.from;
      d.length = command.length;
      copy(b, command.versionAt, d.text, d.versionAt, OBJECT_VERSION_BYTES);
    } else if (command.opcode === Opcode.relay) {
      d.dateMs = command.dateMs;
      copy(b, command.requestAt, d.request, 0, command.requestBytes);
    } else return;
    d.firstOffset = command.firstOffset;
    d.startSequence = command.startSequence;
    d.segmentBytes = command.segmentBytes;
    d.template.load(
      b,
      command.templateAt,
      command.templateBytes,
      command.l3Offset,
      command.l4Offset,
      command.segmentBytes,
      isNumbered(d),
      this.#nic.macAddress,
    );
  }

  /** Confirmed whether or not anything is known of it, and remembered: a late copy must not start it again. */
  #release(nowUs: number, d: Delegation | null, counter: number): void {
    if (d !== null) {
      this.#delegations.fire(nowUs, d, SlotEvent.released);
      return;
    }
    this.#table.remember(counter, Remembered.over);
    this.#reports.answer(nowUs, this.#epoch, counter, DelegationState.released, Reason.none, 0);
  }

  // ATCP_ACK 29, Fig. 10.

  #readAck(nowUs: number, b: Uint8Array, at: number): void {
    const counters = this.#counters;
    const epoch = commandEpoch(b, at);
    const counter = commandCounter(b, at);
    counters.ackReceived128++;
    if (checkAckDown(b, at, statementLength(b, at)) !== 'ok') {
      counters.ackDiscarded131++;
      return;
    }
    const isRelease = (statementFlags(b, at) & AckDownFlag.release) !== 0;
    const d = epoch === this.#epoch ? this.#table.find(counter) : null;
    if (d !== null) {
      counters.delegationValid129++;
      if (isRelease) this.#release(nowUs, d, counter);
      else this.#readStatement(nowUs, d, b, at);
      return;
    }
    counters.delegationInvalid129++;
    if (isRelease && epoch === this.#epoch) this.#release(nowUs, null, counter);
    else this.#delegations.answerUnknown(nowUs, epoch, counter, this.#limits.busyHintMs);
  }

  /** The latest version wins (decision 1); the same one again is answered, and does not prolong the lease. */
  #readStatement(nowUs: number, d: Delegation, b: Uint8Array, at: number): void {
    const version = ackDownVersion(b, at);
    if (version < d.version) {
      this.#counters.ackStale++;
      return;
    }
    if (version === d.version) {
      this.#reports.atOnce(nowUs, d);
      return;
    }
    const acknowledged = ackAcknowledged(b, at);
    const granted = ackGranted(b, at);
    // Steps 130 and 131: offsets that the span can have.
    if (acknowledged < 0 || granted > OFFSET_LIMIT || (d.total >= 0 && acknowledged > d.total)) {
      this.#counters.ackDiscarded131++;
      this.#reports.atOnce(nowUs, d);
      return;
    }
    d.version = version;
    this.#delegations.renewLease(nowUs, d, ackLeaseMs(b, at) * 1000);
    if (!this.#changeTemplate(nowUs, d, b, at)) return;
    d.acknowledged = acknowledged;
    d.granted = granted;
    this.#takeLists(d, b, at);
    d.hold = (statementFlags(b, at) & AckDownFlag.hold) !== 0;
    this.#delegations.fire(nowUs, d, d.hold ? SlotEvent.held : SlotEvent.granted);
  }

  #takeLists(d: Delegation, b: Uint8Array, at: number): void {
    if (!sendsBytes(d)) return;
    const template = d.template;
    d.resend.load(b, at, template.isTcp ? 0 : d.segmentBytes);
    d.marks.load(b, at);
    if (template.isTcp) template.setPair(ackAcknowledgment(b, at), ackWindow(b, at), ackTsEcr(b, at));
    else setPace(d, ackPace(b, at));
  }

  /** Loads the template that comes with a statement; false when pseudo packets can't be made from it. */
  #changeTemplate(nowUs: number, d: Delegation, b: Uint8Array, at: number): boolean {
    const bytes = ackTemplateBytes(b, at);
    const version = ackTemplateVersion(b, at);
    if (bytes === 0 || version === d.templateVersion || !sendsBytes(d)) return true;
    if (d.state === SlotState.done || d.state === SlotState.failed) return true;
    const template = d.template;
    const position = ackTemplate(b, at);
    const l3 = template.l3;
    const l4 = template.l4;
    const segmentBytes = ackSegmentBytes(b, at);
    // A datagram begins where it began.
    const isCut = !template.isTcp && segmentBytes !== d.segmentBytes;
    const reason = isCut
      ? Reason.badCommand
      : checkTemplate(b, position, bytes, l3, l4, segmentBytes, isNumbered(d), this.#sources);
    if (reason !== Reason.none) {
      this.#delegations.fail(nowUs, d, reason);
      return false;
    }
    template.load(b, position, bytes, l3, l4, segmentBytes, isNumbered(d), this.#nic.macAddress);
    d.segmentBytes = segmentBytes;
    d.templateVersion = version;
    return true;
  }
}

function isNumbered(d: Delegation): boolean {
  return (d.commandFlags & CommandFlag.numbered) !== 0;
}

/** Bits of payload per second, or 0. */
function setPace(d: Delegation, pace: number): void {
  d.intervalUs = pace === 0 ? 0 : (d.segmentBytes * 8 * US_PER_S) / pace;
}

function sendsBytes(d: Delegation): boolean {
  return d.opcode === Opcode.read || d.opcode === Opcode.relay;
}
