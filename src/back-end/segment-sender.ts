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
import type { Delegations } from './delegations.js';
import type { Limits } from './limits.js';
import type { MemoryController } from './memory-controller.js';
import type { NicController } from './nic-controller.js';
import type { PseudoPacketizer } from './pseudo-packetizer.js';
import type { Reports } from './reports.js';
import { unitOf } from './unit.js';
import type { WorkQueues } from './work-queues.js';

/** IPv4's total length has 16 bits (RFC 791 3.1). */
const MAX_IP_BYTES = 0xffff;

/** What came of one step. */
export const SendStep = Object.freeze({
  /** Nobody may send, or what may be sent has not been read yet. */
  idle: 0,
  /** Something was sent; there may be more. */
  worked: 1,
  /** The NIC has no room. */
  waiting: 2,
} as const);
export type SendStep = (typeof SendStep)[keyof typeof SendStep];

export class SegmentSender {
  /** The packet in the pseudo frame that the NIC has had no room for: whose it is, or null. */
  made: Delegation | null = null;
  /** As of which stamp, its length, what it carries, and whether that was sent before. */
  #madeStamp = 0;
  #madeLength = 0;
  #madePayload = 0;
  #madeAgain = false;
  readonly #queues: WorkQueues;
  readonly #memory: MemoryController;
  readonly #packetizer: PseudoPacketizer;
  readonly #nic: NicController;
  readonly #reports: Reports;
  readonly #delegations: Delegations;
  readonly #counters: Counters;
  readonly #perStep: number;
  readonly #superFrameBytes: number;

  constructor(
    nic: NicController,
    memory: MemoryController,
    packetizer: PseudoPacketizer,
    queues: WorkQueues,
    delegations: Delegations,
    reports: Reports,
    limits: Limits,
    counters: Counters,
  ) {
    this.#nic = nic;
    this.#memory = memory;
    this.#packetizer = packetizer;
    this.#queues = queues;
    this.#delegations = delegations;
    this.#reports = reports;
    this.#counters = counters;
    this.#perStep = limits.segmentsPerStep;
    this.#superFrameBytes = nic.superFrameBytes;
  }

  step(nowUs: number): SendStep {
    let left = this.#perStep;
    if (this.made !== null) {
      if (!this.#sendMade(nowUs)) return SendStep.waiting;
      left--;
    }
    const queue = this.#queues.toSend;
    while (left > 0 && queue.count > 0) {
      const d = queue.pop();
      if (d.sends && this.#make(d)) {
        queue.push(d);
        if (!this.#sendMade(nowUs)) return SendStep.waiting;
        left--;
      } else d.inToSend = false;
    }
    return left === this.#perStep ? SendStep.idle : SendStep.worked;
  }

  /** Makes the next packet of a delegation, if it has one to send and the bytes are there. */
  #make(d: Delegation): boolean {
    const resend = d.resend;
    const again = resend.at < resend.end;
    let offset = d.next;
    let end = d.limit;
    let sequence = d.sequence;
    let unit = d.unit;
    let within = d.within;
    if (again) {
      offset = resend.at;
      end = resend.end;
      sequence = (d.startSequence + offset) >>> 0;
      unit = unitOf(d.from + offset);
      within = d.from + offset - unit * UNIT_BYTES;
    } else if (offset >= end) return false;

    const segmentBytes = d.segmentBytes;
    const template = d.template;
    let bytes = end - offset;
    if (bytes > segmentBytes) bytes = this.#superFrameBytes === 0 ? segmentBytes : this.#superBytes(d, offset, bytes);
    if (template.tsValAt !== 0 && d.marks.count !== 0) template.setTsVal(d.marks.at(offset));
    bytes = this.#gather(d, unit, within, bytes);
    if (bytes === 0) return false;

    const flags = offset + bytes === d.total ? lastFlags(d.commandFlags) : 0;
    this.#madeLength =
      bytes <= segmentBytes
        ? this.#packetizer.end(template, sequence, flags)
        : this.#packetizer.endSuper(template, sequence, flags);
    this.made = d;
    this.#madeStamp = d.stamp;
    this.#madePayload = bytes;
    this.#madeAgain = again;
    return true;
  }

  /** Begins a packet with `bytes` of payload; returns how many there are, 0 when a unit must be read first. */
  #gather(d: Delegation, unit: number, within: number, bytes: number): number {
    const memory = this.#memory;
    const slot = d.slot;
    const units = memory.units;
    const packetizer = this.#packetizer;
    const first = memory.find(slot, unit);
    if (first < 0) return this.#miss(d, unit);
    const head = UNIT_BYTES - within;
    if (bytes <= head) {
      packetizer.begin(d.template, units, first + within, bytes);
      return bytes;
    }
    const have = bytes <= d.segmentBytes ? bytes : memory.atHand(slot, unit, within, bytes);
    const payload = have === bytes ? bytes : have - (have % d.segmentBytes);
    if (payload === 0 || (payload > head && memory.find(slot, unit + 1) < 0)) return this.#miss(d, unit + 1);
    packetizer.begin(d.template, units, first + within, head < payload ? head : payload);
    let left = payload - head;
    for (let next = unit + 1; left > 0; next++) {
      packetizer.append(units, memory.find(slot, next), left < UNIT_BYTES ? left : UNIT_BYTES);
      left -= UNIT_BYTES;
    }
    return payload;
  }

  /** Nothing of the delegation can be sent before this unit has been read. */
  #miss(d: Delegation, unit: number): 0 {
    d.missing = unit;
    this.#queues.read(d);
    return 0;
  }

  /** Payload of a packet that the NIC segments: full segments with one TSval that fit a frame, or all there is. */
  #superBytes(d: Delegation, offset: number, bytes: number): number {
    const segmentBytes = d.segmentBytes;
    const template = d.template;
    if (!template.isTcp) return segmentBytes;
    const frameBytes = Math.min(this.#superFrameBytes, template.l3 + MAX_IP_BYTES);
    const room = Math.min(frameBytes - template.bytes, d.marks.endOf(offset) - offset);
    return bytes <= room ? bytes : Math.max(segmentBytes, room - (room % segmentBytes));
  }

  /** Hands the packet that was made to the NIC; false when there is no room. One that became void is dropped. */
  #sendMade(nowUs: number): boolean {
    const d = this.made!;
    if (d.stamp !== this.#madeStamp) {
      this.made = null;
      return true;
    }
    const bytes = this.#madePayload;
    const taken =
      bytes <= d.segmentBytes
        ? this.#nic.sendPseudo(nowUs, this.#madeLength)
        : this.#nic.sendSuper(nowUs, this.#madeLength, d.template.l4, d.template.bytes, d.segmentBytes);
    if (!taken) return false;
    this.made = null;
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
    if (within >= UNIT_BYTES) {
      for (; within >= UNIT_BYTES; within -= UNIT_BYTES) this.#memory.sent(d.slot, d.unit++);
      this.#queues.readAhead(d);
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
