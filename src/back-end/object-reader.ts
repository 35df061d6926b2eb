/**
 * Decides what the disk controller does next: looks objects up, brings the units that segments wait for, then reads
 * ahead of the NIC. One operation at a time, one call a step. Units of one object are read in turns of a few, so
 * that they come from one multi-block command.
 */
import { Reason } from '../wire/atcp/ack-up.js';
import { Opcode } from '../wire/atcp/command.js';
import type { Counters } from './counters.js';
import type { Delegation } from './delegation.js';
import type { DelegationTable } from './delegation-table.js';
import type { Delegations } from './delegations.js';
import { DiskResult, DiskState, isCardError } from './disk-controller.js';
import type { DiskController } from './disk-controller.js';
import { DirectoryPages, PageStep } from './directory-pages.js';
import type { Limits } from './limits.js';
import { THERE } from './memory-controller.js';
import type { MemoryController } from './memory-controller.js';
import { SlotEvent, SlotState } from './state-machine.js';
import type { WorkQueues } from './work-queues.js';

/** What `lend` answers when there is no buffer. */
const NO_BUFFER = -1;

/** What came of one step. */
export const ReadStep = Object.freeze({
  /** There is nothing to read. */
  idle: 0,
  /** Something was done; there may be more. */
  worked: 1,
  /** The card is busy, or not there yet. */
  waiting: 2,
  /** An operation failed: the state of the card may be another now. */
  failed: 3,
} as const);
export type ReadStep = (typeof ReadStep)[keyof typeof ReadStep];

// What every unit is compared with: on XS a constant of the module costs a tenth of a property of a table.
const EXECUTING = SlotState.executing;
const OK = DiskResult.ok;
const PENDING = DiskResult.pending;
const WORKED = ReadStep.worked;

export class ObjectReader {
  /** The delegation whose operation is under way, and the unit and its place in memory when that is a read. */
  #current: Delegation | null = null;
  #unit = 0;
  #position = 0;
  /** Whose turn it is, and how many units are left in it. */
  #turn: Delegation | null = null;
  #unitsLeft = 0;
  readonly #queues: WorkQueues;
  readonly #memory: MemoryController;
  readonly #disk: DiskController;
  readonly #table: DelegationTable;
  readonly #counters: Counters;
  readonly #aheadMost: number;
  readonly #buffers: number;
  readonly #unitsPerTurn: number;
  readonly #pages: DirectoryPages;

  constructor(
    disk: DiskController,
    memory: MemoryController,
    table: DelegationTable,
    queues: WorkQueues,
    limits: Limits,
    counters: Counters,
  ) {
    this.#disk = disk;
    this.#memory = memory;
    this.#table = table;
    this.#queues = queues;
    this.#counters = counters;
    this.#aheadMost = limits.readAheadUnits;
    this.#buffers = limits.buffers;
    this.#unitsPerTurn = limits.unitsPerTurn;
    this.#pages = new DirectoryPages(disk, memory);
  }

  /** Stops what is under way for this delegation. */
  cancel(d: Delegation): void {
    if (this.#current !== d) return;
    this.#disk.cancel(d.handle);
    this.#pages.cancel();
    this.#memory.unfilled();
    this.#current = null;
  }

  step(nowUs: number, delegations: Delegations): ReadStep {
    let d = this.#current;
    if (d === null) {
      d = this.#choose();
      if (d === null) return ReadStep.idle;
      this.#current = d;
    }
    return d.state === EXECUTING ? this.#lookUp(nowUs, d, delegations) : this.#read(nowUs, d, delegations);
  }

  #lookUp(nowUs: number, d: Delegation, delegations: Delegations): ReadStep {
    if (d.found) return this.#list(nowUs, d, delegations);
    const result = this.#disk.lookup(nowUs, d.handle, d.text, d.nameAt, d.nameBytes);
    if (result === DiskResult.pending || this.#isMounting(result)) return ReadStep.waiting;
    this.#current = null;
    if (result === DiskResult.ok) delegations.lookedUp(nowUs, d);
    else if (result === DiskResult.notFound) delegations.notThere(nowUs, d);
    else return this.#fail(nowUs, d, result, delegations);
    return ReadStep.worked;
  }

  #read(nowUs: number, d: Delegation, delegations: Delegations): ReadStep {
    const memory = this.#memory;
    const unit = this.#unit;
    const result = this.#disk.readUnit(nowUs, d.handle, unit, memory.units, this.#position);
    if (result === PENDING) return ReadStep.waiting;
    this.#current = null;
    if (result !== OK) {
      memory.unfilled();
      return this.#fail(nowUs, d, result, delegations);
    }
    memory.filled();
    this.#counters.resultReceived117++;
    if (unit === d.readAhead) d.readAhead = unit + 1;
    if (unit === d.missing) this.#arrived(d);
    return WORKED;
  }

  /** What segments waited for is there. */
  #arrived(d: Delegation): void {
    d.missing = -1;
    this.#queues.toSend.add(d);
  }

  /** One entry; then it is another's turn. */
  #list(nowUs: number, d: Delegation, delegations: Delegations): ReadStep {
    if (d.pageBytes === 0 && !this.#beginPage(d)) {
      this.#current = null;
      delegations.fail(nowUs, d, Reason.noSlot);
      return ReadStep.worked;
    }
    const step = this.#pages.step(nowUs, d);
    if (step === PageStep.waiting) return ReadStep.waiting;
    this.#current = null;
    if (step === PageStep.failed) return this.#failPage(nowUs, d, delegations);
    if (step === PageStep.complete) delegations.fire(nowUs, d, SlotEvent.answered);
    else this.#queues.toLookUp.add(d);
    return ReadStep.worked;
  }

  /** Lends the buffer that the page is written to; false when there is none. */
  #beginPage(d: Delegation): boolean {
    return this.#pages.begin(d) || (this.#steal(d) && this.#pages.begin(d));
  }

  /** A cursor that leads nowhere is the asker's mistake: the card was changed since. */
  #failPage(nowUs: number, d: Delegation, delegations: Delegations): ReadStep {
    const result = this.#pages.result;
    const astray =
      result === DiskResult.badMetadata && d.pageEntries === 0 && d.cursor !== d.handle.firstChild;
    if (!astray) return this.#fail(nowUs, d, result, delegations);
    delegations.fail(nowUs, d, Reason.range);
    return ReadStep.worked;
  }

  /** At boot and after a card error the volume is looked for: a command waits for that. */
  #isMounting(result: DiskResult): boolean {
    const state = this.#disk.state;
    return result === DiskResult.notReady && (state === DiskState.opening || state === DiskState.mounting);
  }

  #fail(nowUs: number, d: Delegation, result: DiskResult, delegations: Delegations): ReadStep {
    if (result !== DiskResult.notFound) this.#counters.diskErrors++;
    delegations.fail(nowUs, d, this.#reason(result));
    return ReadStep.failed;
  }

  #reason(result: DiskResult): Reason {
    if (result === DiskResult.notFound) return Reason.notFound;
    if (result === DiskResult.wrongKind) return Reason.notAFile;
    if (result === DiskResult.beyondEnd) return Reason.range;
    if (result === DiskResult.checksum || result === DiskResult.badMetadata) return Reason.checksum;
    if (result === DiskResult.noMedium) return Reason.noCard;
    if (isCardError(result)) return Reason.cardError;
    const state = this.#disk.state;
    if (state === DiskState.noCard) return Reason.noCard;
    return state === DiskState.noVolume ? Reason.noVolume : Reason.cardError;
  }

  /**
   * Chooses whose operation is next, and lends the buffer for it: look-ups first (somebody waits for the first
   * byte), then the turn that has begun, then what segments wait for, then what can be read ahead.
   */
  #choose(): Delegation | null {
    const queues = this.#queues;
    while (queues.toLookUp.count > 0) {
      const d = queues.toLookUp.take();
      if (d.state === EXECUTING) return d;
    }
    const turn = this.#turn;
    if (turn !== null) {
      if (this.#lendNext(turn)) return this.#count(turn);
      this.#endTurn(turn);
    }
    return this.#chooseWaiting() ?? this.#chooseAhead();
  }

  #chooseWaiting(): Delegation | null {
    const queue = this.#queues.toRead;
    while (queue.count > 0) {
      const d = queue.take();
      if (!d.sends || d.missing < 0) continue;
      if (this.#lendMissing(d)) return this.#beginTurn(d);
      // Every buffer holds what is about to be sent: as soon as some of it was, there is one.
      queue.add(d);
      return null;
    }
    return null;
  }

  #chooseAhead(): Delegation | null {
    const queue = this.#queues.toReadAhead;
    while (queue.count > 0) {
      const d = queue.take();
      if (this.#lendAhead(d)) return this.#beginTurn(d);
    }
    return null;
  }

  #beginTurn(d: Delegation): Delegation {
    this.#turn = d;
    this.#unitsLeft = this.#unitsPerTurn;
    return this.#count(d);
  }

  #count(d: Delegation): Delegation {
    if (--this.#unitsLeft === 0) this.#endTurn(d);
    return d;
  }

  /** What it still wants to read waits for its next turn. */
  #endTurn(d: Delegation): void {
    this.#turn = null;
    this.#queues.toReadAhead.add(d);
  }

  /** Lends the buffer for the next unit of a delegation: one that segments wait for, or one ahead. */
  #lendNext(d: Delegation): boolean {
    return d.sends && d.missing >= 0 ? this.#lendMissing(d) : this.#lendAhead(d);
  }

  /** The unit that segments wait for; memory is taken from others if it must be. */
  #lendMissing(d: Delegation): boolean {
    const unit = d.missing;
    let position = this.#memory.lend(d.slot, unit, true);
    if (position === NO_BUFFER && this.#steal(d)) position = this.#memory.lend(d.slot, unit, true);
    this.#unit = unit;
    this.#position = position;
    return position >= 0;
  }

  /** A unit ahead of the sending position that is not there yet. Without credit one is at hand when it comes. */
  #lendAhead(d: Delegation): boolean {
    if (!d.sends && d.state !== SlotState.naming) return false;
    const hasCredit = d.next < d.limit;
    let end = d.unit + (hasCredit ? this.#aheadUnits() : 1);
    if (end > d.endUnit) end = d.endUnit;
    let unit = d.readAhead < d.unit ? d.unit : d.readAhead;
    let position = THERE;
    while (unit < end) {
      position = this.#memory.lend(d.slot, unit, hasCredit);
      if (position !== THERE) break;
      unit++;
    }
    d.readAhead = unit;
    this.#unit = unit;
    this.#position = position;
    return position >= 0;
  }

  /** A fair share of the memory, but never less than a segment can need. */
  #aheadUnits(): number {
    const active = this.#table.activeCount;
    const most = this.#aheadMost;
    if (active * most <= this.#buffers) return most;
    return active * 4 <= this.#buffers && most >= 4 ? 4 : 2;
  }

  /**
   * All memory is read-ahead: takes a unit that its owner does not need for its next segment. First what lies
   * further ahead, then what belongs to those who can't send now. False when every unit is about to be sent.
   */
  #steal(needy: Delegation): boolean {
    const table = this.#table;
    for (let i = 0; i < table.activeCount; i++) {
      const d = table.slots[table.active[i]!]!;
      if (d !== needy && !holdsPage(d) && this.#memory.steal(d.slot, d.unit + 2)) return readAgain(d);
    }
    for (let i = 0; i < table.activeCount; i++) {
      const d = table.slots[table.active[i]!]!;
      const waits = !d.sends || d.missing >= 0 || d.next >= d.limit;
      if (d !== needy && waits && !holdsPage(d) && this.#memory.steal(d.slot, 0)) return readAgain(d);
    }
    return false;
  }
}

/** What its buffer holds can't be read again: it is the answer. */
function holdsPage(d: Delegation): boolean {
  return d.opcode === Opcode.list;
}

/** Read-ahead begins again at the sending position; what is still there is passed over. */
function readAgain(d: Delegation): true {
  d.readAhead = d.unit;
  return true;
}
