/**
 * Sends pseudo packets (Fig. 7 steps 118 and 119), by turns among the delegations that may: first what is to be
 * sent again, then new bytes, in full segments and a smaller one at the edge of the credit or of the span. How much
 * is granted, and when, is the front-end's affair: it grants whole segments where it can (RFC 9293 3.8.6.2.1).
 */
import { CommandFlag } from '../wire/atcp/command.js';
import { TcpFlag } from '../wire/tcp.js';
import { UNIT_BYTES } from '../volume/limits.js';
import type { Counters } from './counters.js';
import type { Delegation } from './delegation.js';
import type { DelegationTable } from './delegation-table.js';
import type { Delegations } from './delegations.js';
import type { Limits } from './limits.js';
import type { MemoryController } from './memory-controller.js';
import type { NicController } from './nic-controller.js';
import type { PseudoPacketizer } from './pseudo-packetizer.js';
import type { Reports } from './reports.js';

/** IPv4's total length has 16 bits (RFC 791 3.1). */
const MAX_IP_BYTES = 0xffff;

/** What came of one step. */
export const SendStep = Object.freeze({
  /** Nobody may send, or what may be sent has not been read yet. */
  idle: 0,
  /** As many segments were sent as a step allows; there may be more. */
  worked: 1,
  /** The NIC has no room. */
  waiting: 2,
} as const);
export type SendStep = (typeof SendStep)[keyof typeof SendStep];

export class SegmentSender {
  readonly #nic: NicController;
  readonly #memory: MemoryController;
  readonly #packetizer: PseudoPacketizer;
  readonly #table: DelegationTable;
  readonly #delegations: Delegations;
  readonly #reports: Reports;
  readonly #counters: Counters;
  readonly #perStep: number;
  readonly #superFrameBytes: number;
  /** Whose turn it is, by index in the list of active slots. */
  #turn = 0;
  /** The packet in the pseudo frame that the NIC had no room for: whose it is, as of which stamp, and what it carries. */
  #made: Delegation | null = null;
  #madeStamp = 0;
  #madeLength = 0;
  #madePayload = 0;
  #madeAgain = false;

  constructor(
    nic: NicController,
    memory: MemoryController,
    packetizer: PseudoPacketizer,
    table: DelegationTable,
    delegations: Delegations,
    reports: Reports,
    limits: Limits,
    counters: Counters,
  ) {
    this.#nic = nic;
    this.#memory = memory;
    this.#packetizer = packetizer;
    this.#table = table;
    this.#delegations = delegations;
    this.#reports = reports;
    this.#counters = counters;
    this.#perStep = limits.segmentsPerStep;
    this.#superFrameBytes = nic.superFrameBytes;
  }

  step(nowUs: number): SendStep {
    let left = this.#perStep;
    if (this.#made !== null) {
      if (!this.#sendMade(nowUs)) return SendStep.waiting;
      left--;
    }
    const table = this.#table;
    const slots = table.slots;
    const active = table.active;
    // A round of turns in which nobody had anything to send ends the step.
    let idle = 0;
    while (left > 0 && idle < table.activeCount) {
      if (this.#turn >= table.activeCount) this.#turn = 0;
      const d = slots[active[this.#turn]!]!;
      if (d.sends && this.#make(d)) {
        if (!this.#sendMade(nowUs)) return SendStep.waiting;
        left--;
        idle = 0;
      } else idle++;
      this.#turn++;
    }
    return left === 0 ? SendStep.worked : SendStep.idle;
  }

  /** Makes the next packet of a delegation, if it has one to send and the bytes are there. */
  #make(d: Delegation): boolean {
    const resend = d.resend;
    if (resend.at < resend.end) {
      const at = d.from + resend.at;
      const unit = Math.floor(at / UNIT_BYTES);
      const sequence = (d.startSequence + resend.at) >>> 0;
      return this.#build(d, resend.at, resend.end, sequence, unit, at - unit * UNIT_BYTES, true);
    }
    if (d.next >= d.limit) return false;
    return this.#build(d, d.next, d.limit, d.sequence, d.unit, d.within, false);
  }

  /** `offset` and `end` within the span; `unit` and `within` the object: where the payload begins. */
  #build(
    d: Delegation,
    offset: number,
    end: number,
    sequence: number,
    unit: number,
    within: number,
    again: boolean,
  ): boolean {
    const memory = this.#memory;
    const template = d.template;
    const segmentBytes = d.segmentBytes;
    let bytes = end - offset;
    const most = this.#superFrameBytes === 0 ? segmentBytes : this.#mostBytes(d, offset);
    if (bytes > most) bytes = most;
    const have = memory.atHand(d.slot, unit, within, bytes);
    if (have < bytes) {
      bytes = have - (have % segmentBytes);
      if (bytes === 0) {
        d.missing = unit + Math.floor((within + have) / UNIT_BYTES);
        return false;
      }
    }
    if (template.tsValAt !== 0 && d.marks.count !== 0) template.setTsVal(d.marks.at(offset));
    this.#gather(d, unit, within, bytes);
    const flags = offset + bytes === d.total ? lastFlags(d.commandFlags) : 0;
    this.#madeLength =
      bytes > segmentBytes
        ? this.#packetizer.endSuper(template, sequence, flags)
        : this.#packetizer.end(template, sequence, flags);
    this.#made = d;
    this.#madeStamp = d.stamp;
    this.#madePayload = bytes;
    this.#madeAgain = again;
    this.#counters.headerIncorporated118++;
    return true;
  }

  /** The header, and the payload from the units that hold it. */
  #gather(d: Delegation, unit: number, within: number, bytes: number): void {
    const memory = this.#memory;
    const units = memory.units;
    const packetizer = this.#packetizer;
    packetizer.begin(d.template);
    let left = bytes;
    let from = within;
    for (let next = unit; left > 0; next++) {
      const room = UNIT_BYTES - from;
      const part = left < room ? left : room;
      packetizer.append(units, memory.find(d.slot, next) + from, part);
      left -= part;
      from = 0;
    }
  }

  /** Payload of a packet that the NIC segments: full segments with one TSval that fit a frame. */
  #mostBytes(d: Delegation, offset: number): number {
    const segmentBytes = d.segmentBytes;
    const template = d.template;
    if (!template.isTcp) return segmentBytes;
    const frameBytes = Math.min(this.#superFrameBytes, template.l3 + MAX_IP_BYTES);
    const room = Math.min(frameBytes - template.bytes, d.marks.endOf(offset) - offset);
    return Math.max(segmentBytes, room - (room % segmentBytes));
  }

  /** Hands the packet that was made to the NIC; false when there is no room. One that became void is dropped. */
  #sendMade(nowUs: number): boolean {
    const d = this.#made!;
    if (d.stamp !== this.#madeStamp) {
      this.#made = null;
      return true;
    }
    const bytes = this.#madePayload;
    const template = d.template;
    const taken =
      bytes > d.segmentBytes
        ? this.#nic.sendSuper(nowUs, this.#madeLength, template.l4, template.bytes, d.segmentBytes)
        : this.#nic.sendPseudo(nowUs, this.#madeLength);
    if (!taken) return false;
    this.#made = null;
    this.#counters.replySent119++;
    d.lastSentUs = nowUs;
    if (!d.reportDue) this.#reports.soon(nowUs, d);
    if (this.#madeAgain) this.#advanceAgain(nowUs, d, bytes);
    else this.#advance(nowUs, d, bytes);
    return true;
  }

  #advance(nowUs: number, d: Delegation, bytes: number): void {
    const next = d.next + bytes;
    d.next = next;
    d.sequence = (d.sequence + bytes) >>> 0;
    let within = d.within + bytes;
    while (within >= UNIT_BYTES) {
      within -= UNIT_BYTES;
      this.#memory.sent(d.slot, d.unit++);
    }
    d.within = within;
    if (next !== d.limit) return;
    this.#counters.creditUsedUp++;
    if (next !== d.total) return;
    if (within !== 0) this.#memory.sent(d.slot, d.unit);
    this.#delegations.settle(nowUs, d);
  }

  #advanceAgain(nowUs: number, d: Delegation, bytes: number): void {
    const resend = d.resend;
    this.#counters.replyRepeated++;
    resend.advance(resend.at + bytes);
    if (resend.at < resend.end) return;
    const executed = resend.executed;
    resend.select(Math.min(d.acknowledged, d.total), d.next);
    if (resend.executed !== executed) this.#reports.atOnce(nowUs, d);
  }
}

/** Flags of the segment with the last byte of the span (decision 7). */
function lastFlags(commandFlags: number): number {
  const fin = (commandFlags & CommandFlag.fin) !== 0 ? TcpFlag.fin : 0;
  return (commandFlags & CommandFlag.psh) !== 0 ? fin | TcpFlag.psh : fin;
}
