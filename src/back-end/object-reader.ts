/**
 * Decides what the disk controller does next: looks objects up, brings the units that segments wait for, then reads
 * ahead of the NIC. One operation at a time, one call a step. Units of one object are read in turns of a few, so
 * that they come from one multi-block command.
 */
import { Reason } from '../wire/atcp/ack-up.js';
import type { Counters } from './counters.js';
import type { Delegation } from './delegation.js';
import type { DelegationTable } from './delegation-table.js';
import type { Delegations } from './delegations.js';
import { DiskResult, DiskState, isCardError } from './disk-controller.js';
import type { DiskController } from './disk-controller.js';
import type { Limits } from './limits.js';
import type { MemoryController } from './memory-controller.js';
import { SlotState } from './state-machine.js';

/** What came of one step. */
export const ReadStep = Object.freeze({
  /** There is nothing to read. */
  idle: 0,
  /** Something was done; there may be more. */
  worked: 1,
  /** The card is busy, or not there yet. */
  waiting: 2,
} as const);
export type ReadStep = (typeof ReadStep)[keyof typeof ReadStep];

export class ObjectReader {
  readonly #disk: DiskController;
  readonly #memory: MemoryController;
  readonly #table: DelegationTable;
  readonly #counters: Counters;
  readonly #aheadUnits: number;
  readonly #buffers: number;
  readonly #unitsPerTurn: number;
  /** The delegation whose operation is under way, and the unit and its place in memory when that is a read. */
  #current: Delegation | null = null;
  #unit = 0;
  #position = 0;
  /** Who comes next, by index in the list of active slots. */
  #turn = 0;
  /** Whose turn has begun, -1 for nobody's, and how many units are left in it. */
  #turnSlot = -1;
  #unitsLeft = 0;

  constructor(
    disk: DiskController,
    memory: MemoryController,
    table: DelegationTable,
    limits: Limits,
    counters: Counters,
  ) {
    this.#disk = disk;
    this.#memory = memory;
    this.#table = table;
    this.#counters = counters;
    this.#aheadUnits = limits.readAheadUnits;
    this.#buffers = limits.buffers;
    this.#unitsPerTurn = limits.unitsPerTurn;
  }

  /** Stops what is under way for this delegation. */
  cancel(d: Delegation): void {
    if (this.#current !== d) return;
    this.#disk.cancel(d.handle);
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
    return d.state === SlotState.executing
      ? this.#lookUp(nowUs, d, delegations)
      : this.#read(nowUs, d, delegations);
  }

  #lookUp(nowUs: number, d: Delegation, delegations: Delegations): ReadStep {
    const result = this.#disk.lookup(nowUs, d.handle, d.name, 0, d.nameBytes);
    if (result === DiskResult.pending || this.#isMounting(result)) return ReadStep.waiting;
    this.#current = null;
    if (result === DiskResult.ok) delegations.lookedUp(nowUs, d);
    else this.#fail(nowUs, d, result, delegations);
    return ReadStep.worked;
  }

  #read(nowUs: number, d: Delegation, delegations: Delegations): ReadStep {
    const memory = this.#memory;
    const unit = this.#unit;
    const result = this.#disk.readUnit(nowUs, d.handle, unit, memory.units, this.#position);
    if (result === DiskResult.pending) return ReadStep.waiting;
    this.#current = null;
    if (result !== DiskResult.ok) {
      memory.unfilled();
      this.#fail(nowUs, d, result, delegations);
      return ReadStep.worked;
    }
    memory.filled();
    this.#counters.resultReceived117++;
    if (unit === d.missing) d.missing = -1;
    if (unit === d.readAhead) d.readAhead = unit + 1;
    return ReadStep.worked;
  }

  /** At boot and after a card error the volume is looked for: a command waits for that. */
  #isMounting(result: DiskResult): boolean {
    const state = this.#disk.state;
    return result === DiskResult.notReady && (state === DiskState.opening || state === DiskState.mounting);
  }

  #fail(nowUs: number, d: Delegation, result: DiskResult, delegations: Delegations): void {
    if (result !== DiskResult.notFound) this.#counters.diskErrors++;
    delegations.fail(nowUs, d, this.#reason(result));
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
    const table = this.#table;
    const count = table.activeCount;
    if (count === 0) return null;
    if (this.#turn >= count) this.#turn = 0;
    const ahead = Math.max(2, Math.min(this.#aheadUnits, Math.floor(this.#buffers / count)));
    let held = -1;
    let waiting = -1;
    let willing = -1;
    for (let i = 0; i < count; i++) {
      const turn = this.#turn + i < count ? this.#turn + i : this.#turn + i - count;
      const d = table.slots[table.active[turn]!]!;
      if (d.state === SlotState.executing) return d;
      const isWaiting = d.sends && d.missing >= 0;
      if (!isWaiting && !this.#wantsAhead(d, ahead)) continue;
      if (d.slot === this.#turnSlot) held = turn;
      else if (isWaiting && waiting < 0) waiting = turn;
      else if (willing < 0) willing = turn;
    }
    return this.#tryTurn(held) ?? this.#tryTurn(waiting) ?? this.#tryTurn(willing);
  }

  /** The delegation whose turn it is by index, with a buffer lent for its next unit; null when none is to be had. */
  #tryTurn(turn: number): Delegation | null {
    if (turn < 0) return null;
    const d = this.#table.slots[this.#table.active[turn]!]!;
    const isWaiting = d.sends && d.missing >= 0;
    if (!this.#lend(d, isWaiting ? d.missing : d.readAhead, isWaiting)) return null;
    return this.#take(d, turn);
  }

  /** Counts the unit against the delegation's turn. */
  #take(d: Delegation, turn: number): Delegation {
    if (d.slot !== this.#turnSlot) {
      this.#turnSlot = d.slot;
      this.#unitsLeft = this.#unitsPerTurn;
      this.#turn = turn + 1;
    }
    if (--this.#unitsLeft === 0) this.#turnSlot = -1;
    return d;
  }

  /** True when a unit ahead of the sending position may be read; {@link Delegation.readAhead} is that unit. */
  #wantsAhead(d: Delegation, ahead: number): boolean {
    if (!d.sends && d.state !== SlotState.naming) return false;
    // Without credit one unit is at hand when it comes.
    const window = d.next < d.limit ? ahead : 1;
    const end = Math.min(d.unit + window, d.endUnit);
    while (d.readAhead < end && this.#memory.find(d.slot, d.readAhead) >= 0) d.readAhead++;
    return d.readAhead < end;
  }

  #lend(d: Delegation, unit: number, needed: boolean): boolean {
    let position = this.#memory.lend(d.slot, unit, needed || d.next < d.limit);
    if (position < 0 && needed && this.#steal(d)) position = this.#memory.lend(d.slot, unit, true);
    this.#unit = unit;
    this.#position = position;
    return position >= 0;
  }

  /**
   * All memory is read-ahead: takes a unit that its owner does not need for its next segment. First what lies
   * further ahead, then what belongs to those who can't send now. False when every unit is about to be sent.
   */
  #steal(needy: Delegation): boolean {
    const table = this.#table;
    for (let i = 0; i < table.activeCount; i++) {
      const d = table.slots[table.active[i]!]!;
      if (d !== needy && this.#memory.steal(d.slot, d.unit + 2)) return readAgain(d);
    }
    for (let i = 0; i < table.activeCount; i++) {
      const d = table.slots[table.active[i]!]!;
      const waits = !d.sends || d.missing >= 0 || d.next >= d.limit;
      if (d !== needy && waits && this.#memory.steal(d.slot, 0)) return readAgain(d);
    }
    return false;
  }
}

/** Read-ahead begins again at the sending position; what is still there is passed over. */
function readAgain(d: Delegation): true {
  d.readAhead = d.unit;
  return true;
}
