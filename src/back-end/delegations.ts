/**
 * Runs the state machine of every delegation: takes events, looks the transition up, does the action. Nobody else
 * changes a delegation's state.
 */
import { DelegationState, ObjectKind, Reason } from '../wire/atcp/ack-up.js';
import { CommandFlag, Opcode, OBJECT_VERSION_BYTES } from '../wire/atcp/command.js';
import { equal } from '../wire/byte-loops.js';
import { UNIT_BYTES } from '../volume/limits.js';
import type { Counters } from './counters.js';
import type { Delegation } from './delegation.js';
import { Remembered } from './delegation-table.js';
import type { DelegationTable } from './delegation-table.js';
import type { HttpResponder } from './http-responder.js';
import { NEVER_US } from './limits.js';
import type { Limits } from './limits.js';
import type { MemoryController } from './memory-controller.js';
import type { ObjectReader } from './object-reader.js';
import type { Reports } from './reports.js';
import { SLOT_TABLE, SlotAction, SlotEvent, SlotState } from './state-machine.js';
import { unitOf } from './unit.js';
import type { WorkQueues } from './work-queues.js';

export class Delegations {
  /** No lease ends, and no grace after one, before this: when {@link expire} is to be called. */
  nextLeaseUs: number = NEVER_US;
  readonly #table: DelegationTable;
  readonly #queues: WorkQueues;
  readonly #memory: MemoryController;
  readonly #reader: ObjectReader;
  readonly #reports: Reports;
  readonly #counters: Counters;
  readonly #responder: HttpResponder;
  readonly #graceUs: number;
  readonly #anyVersion = new Uint8Array(OBJECT_VERSION_BYTES);

  constructor(
    table: DelegationTable,
    queues: WorkQueues,
    memory: MemoryController,
    reader: ObjectReader,
    reports: Reports,
    responder: HttpResponder,
    limits: Limits,
    counters: Counters,
  ) {
    this.#table = table;
    this.#queues = queues;
    this.#memory = memory;
    this.#reader = reader;
    this.#reports = reports;
    this.#responder = responder;
    this.#counters = counters;
    this.#graceUs = limits.graceUs;
  }

  fire(nowUs: number, d: Delegation, event: SlotEvent): void {
    const transition = SLOT_TABLE[d.state]![event]!;
    const action = transition.action;
    if (action === SlotAction.anomaly) {
      this.#counters.anomalies++;
      return;
    }
    const next = transition.next;
    d.state = next;
    d.sends = next === SlotState.sending || next === SlotState.sent;
    if (action !== SlotAction.none) this.#act(nowUs, d, action);
  }

  #act(nowUs: number, d: Delegation, action: SlotAction): void {
    switch (action) {
      case SlotAction.lookUp:
        this.#counters.commandWoken110++;
        this.#queues.toLookUp.add(d);
        break;
      case SlotAction.report:
        this.#reports.atOnce(nowUs, d);
        break;
      case SlotAction.note:
        this.#reports.soon(nowUs, d);
        break;
      case SlotAction.credit:
        this.#reports.soon(nowUs, d);
        this.#credit(nowUs, d);
        break;
      case SlotAction.quiet:
        this.#reader.cancel(d);
        this.#returnUnits(d);
        break;
      case SlotAction.stop:
        this.#reader.cancel(d);
        this.#returnUnits(d);
        this.#reports.atOnce(nowUs, d);
        break;
      case SlotAction.free:
        this.#counters.delegationReleased++;
        this.#end(nowUs, d, DelegationState.released, Reason.none);
        break;
      case SlotAction.forget:
        this.#counters.delegationForgotten++;
        this.#end(nowUs, d, DelegationState.failed, d.reason === Reason.none ? Reason.leaseEnded : d.reason);
        break;
    }
  }

  #end(nowUs: number, d: Delegation, state: DelegationState, reason: Reason): void {
    this.#reader.cancel(d);
    this.#returnUnits(d);
    this.#table.free(d);
    d.reportDue = false;
    this.#reports.answer(nowUs, d.epoch, d.counter, state, reason, 0);
  }

  #returnUnits(d: Delegation): void {
    this.#memory.giveBackAll(d.slot);
    d.missing = -1;
    d.readAhead = d.unit;
  }

  /** The disk controller has the object: what the command says about it is checked. */
  lookedUp(nowUs: number, d: Delegation): void {
    d.found = true;
    const handle = d.handle;
    if (d.opcode === Opcode.stat) {
      this.fire(nowUs, d, SlotEvent.answered);
      return;
    }
    if (d.opcode === Opcode.list) {
      this.#beginPage(nowUs, d);
      return;
    }
    if (d.opcode === Opcode.relay) {
      this.#beginReply(nowUs, d);
      return;
    }
    const rest = handle.sizeBytes - d.from;
    const total = d.length < 0 || d.length > rest ? rest : d.length;
    if (handle.kind !== ObjectKind.file) this.fail(nowUs, d, Reason.notAFile);
    else if (!this.#isExpected(d)) this.fail(nowUs, d, Reason.versionMismatch);
    else if (rest < 0 || d.firstOffset > total) this.fail(nowUs, d, Reason.range);
    else this.#beginSpan(nowUs, d, total);
  }

  #beginSpan(nowUs: number, d: Delegation, total: number): void {
    d.total = total;
    // The last byte of the object that the span has: none, when it is all head.
    d.endUnit = total === d.headBytes ? 0 : Math.ceil((d.from + total - d.headBytes) / UNIT_BYTES);
    moveTo(d, wholeDatagrams(d, d.firstOffset));
    this.#queues.toReadAhead.add(d);
    this.fire(nowUs, d, SlotEvent.found);
  }

  /** There is an object of that name, or {@link notThere}: a relayed request is answered in both cases. */
  #beginReply(nowUs: number, d: Delegation): void {
    if (!this.#responder.decide(d)) {
      this.fail(nowUs, d, Reason.versionMismatch);
      return;
    }
    const total = d.headBytes + d.bodyBytes;
    if (d.firstOffset > total) this.fail(nowUs, d, Reason.range);
    else this.#beginSpan(nowUs, d, total);
  }

  /** The volume has no object of that name. */
  notThere(nowUs: number, d: Delegation): void {
    if (d.opcode === Opcode.relay) this.#beginReply(nowUs, d);
    else this.fail(nowUs, d, Reason.notFound);
  }

  /** The reader goes on with the entries of the directory. */
  #beginPage(nowUs: number, d: Delegation): void {
    if (d.handle.kind !== ObjectKind.directory) this.fail(nowUs, d, Reason.notADirectory);
    else if (!this.#isExpected(d)) this.fail(nowUs, d, Reason.versionMismatch);
    else this.#queues.toLookUp.add(d);
  }

  #isExpected(d: Delegation): boolean {
    const text = d.text;
    const versionAt = d.versionAt;
    return (
      equal(text, versionAt, this.#anyVersion, 0, OBJECT_VERSION_BYTES) ||
      equal(text, versionAt, d.handle.version, 0, OBJECT_VERSION_BYTES)
    );
  }

  fail(nowUs: number, d: Delegation, reason: Reason): void {
    this.#counters.delegationFailed++;
    d.reason = reason;
    this.fire(nowUs, d, SlotEvent.broken);
  }

  /** The ATCP_ACK 27 with the total is on its way, ahead of the first byte. */
  reported(nowUs: number, d: Delegation): void {
    this.fire(nowUs, d, SlotEvent.reported);
    if (d.leaseOver) this.fire(nowUs, d, SlotEvent.leaseEnded);
    else if (d.hold) this.fire(nowUs, d, SlotEvent.held);
  }

  /** Acts on what the latest statement says, while the state lets the board send. */
  #credit(nowUs: number, d: Delegation): void {
    const acknowledged = neededFrom(d);
    d.limit = wholeDatagrams(d, d.granted < d.total ? d.granted : d.total);
    if (acknowledged > d.next) {
      this.#counters.ackAheadOfSent130++;
      d.missing = -1;
      moveTo(d, acknowledged);
    }
    this.#empty(d, unitAt(d, acknowledged));
    d.resend.select(acknowledged, d.next);
    this.#queues.toSend.add(d);
    this.#queues.toReadAhead.add(d);
    this.settle(nowUs, d);
  }

  /** Step 132: returns the buffers whose bytes the client has. */
  #empty(d: Delegation, unit: number): void {
    if (unit === d.lowUnit) return;
    this.#counters.bufferEmptied132++;
    this.#memory.giveBackBelow(d.slot, d.lowUnit, unit);
    d.lowUnit = unit;
  }

  /** Everything sent, everything acknowledged: says so. */
  settle(nowUs: number, d: Delegation): void {
    if (d.state === SlotState.sending && d.next === d.total) this.fire(nowUs, d, SlotEvent.allSent);
    if (d.state === SlotState.sent && d.acknowledged >= d.total)
      this.fire(nowUs, d, SlotEvent.allAcknowledged);
  }

  /** The statement that was just applied holds for so long. */
  renewLease(nowUs: number, d: Delegation, leaseUs: number): void {
    d.leaseEndsUs = nowUs + leaseUs;
    d.leaseOver = false;
    if (d.leaseEndsUs < this.nextLeaseUs) this.nextLeaseUs = d.leaseEndsUs;
  }

  /** Ends leases (decision 2) and forgets delegations that nobody came back for. */
  expire(nowUs: number): void {
    const table = this.#table;
    let nextUs: number = NEVER_US;
    // Downwards, since a slot that becomes free leaves the list.
    for (let i = table.activeCount - 1; i >= 0; i--) {
      const d = table.slots[table.active[i]!]!;
      const forgetUs = d.leaseEndsUs + this.#graceUs;
      if (nowUs >= d.leaseEndsUs && !d.leaseOver) {
        d.leaseOver = true;
        this.#counters.leaseEnded++;
        this.fire(nowUs, d, SlotEvent.leaseEnded);
      }
      if (nowUs >= forgetUs) this.fire(nowUs, d, SlotEvent.forgotten);
      else nextUs = Math.min(nextUs, d.leaseOver ? forgetUs : d.leaseEndsUs);
    }
    this.nextLeaseUs = nextUs;
  }

  /**
   * Frees the slot whose lease ended first, if another board can do the rest of it, or nothing is left to do
   * (decision 14); false when there is none.
   */
  evict(nowUs: number): boolean {
    const table = this.#table;
    let oldest: Delegation | null = null;
    for (let i = 0; i < table.activeCount; i++) {
      const d = table.slots[table.active[i]!]!;
      if (!d.leaseOver || !isEvictable(d)) continue;
      if (oldest === null || d.leaseEndsUs < oldest.leaseEndsUs) oldest = d;
    }
    if (oldest === null) return false;
    this.#counters.delegationEvicted++;
    if (oldest.reason === Reason.none) oldest.reason = Reason.evicted;
    this.fire(nowUs, oldest, SlotEvent.forgotten);
    return true;
  }

  /** Releases every delegation: the front-end that they were for has booted again, and knows of none. */
  releaseAll(nowUs: number): void {
    const table = this.#table;
    for (let i = table.activeCount - 1; i >= 0; i--) {
      this.fire(nowUs, table.slots[table.active[i]!]!, SlotEvent.released);
    }
    table.forgetIds();
    this.#reports.dropAnswers();
  }

  /** Releases every delegation up to a command id: they are finished. */
  releaseUpTo(nowUs: number, counter: number): void {
    const table = this.#table;
    for (let i = table.activeCount - 1; i >= 0; i--) {
      const d = table.slots[table.active[i]!]!;
      if (d.counter <= counter) this.fire(nowUs, d, SlotEvent.released);
    }
  }

  /** An answer about an id that holds no slot: it is over, or was turned away for want of one. */
  answerUnknown(nowUs: number, epoch: number, counter: number, hintMs: number): void {
    if (this.#table.recall(counter) === Remembered.busy) {
      this.#reports.answer(nowUs, epoch, counter, DelegationState.busy, Reason.noSlot, hintMs);
    } else this.#reports.answer(nowUs, epoch, counter, DelegationState.released, Reason.none, 0);
  }
}

function isEvictable(d: Delegation): boolean {
  if (d.state === SlotState.done || d.state === SlotState.failed) return true;
  return (d.commandFlags & CommandFlag.restartable) !== 0;
}

/** What lies below the client has. */
export function neededFrom(d: Delegation): number {
  return wholeDatagrams(d, d.acknowledged < d.total ? d.acknowledged : d.total);
}

/** A datagram begins at a multiple of its size and goes out whole: an offset within one stands for its start. */
function wholeDatagrams(d: Delegation, offset: number): number {
  return d.template.isTcp || offset === d.total ? offset : offset - (offset % d.segmentBytes);
}

/** The unit where the object's bytes go on from an offset within the span. */
export function unitAt(d: Delegation, offset: number): number {
  const head = d.headBytes;
  return unitOf(offset < head ? d.from : d.from + offset - head);
}

/** Where in that unit it lies: within the head, so many bytes before the place where the object's begin. */
export function withinAt(d: Delegation, offset: number, unit: number): number {
  return d.from + offset - d.headBytes - unit * UNIT_BYTES;
}

/** Goes on at an offset within the span: where it lies in the object, and its sequence number. */
export function moveTo(d: Delegation, offset: number): void {
  const unit = unitAt(d, offset);
  d.next = offset;
  // ToUint32 is modulo 2^32, and the sum is exact (limits.ts, OFFSET_LIMIT).
  d.sequence = (d.startSequence + offset) >>> 0;
  d.unit = unit;
  d.within = withinAt(d, offset, unit);
  if (d.readAhead < unit) d.readAhead = unit;
}
