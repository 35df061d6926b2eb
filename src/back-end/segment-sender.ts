/**
 * Sends pseudo packets (Fig. 7 steps 118 and 119), by turns among the delegations that may: first what is to be
 * sent again, then new bytes, in full segments and a smaller one at the edge of the credit or of the span. How much
 * is granted, and when, is the front-end's affair: it grants whole segments where it can (RFC 9293 3.8.6.2.1).
 */
import { copy } from '../wire/byte-loops.js';
import { CommandFlag } from '../wire/atcp/command.js';
import { TcpFlag } from '../wire/tcp.js';
import { UNIT_BYTES } from '../volume/limits.js';
import type { Counters } from './counters.js';
import type { Delegation } from './delegation.js';
import { neededFrom, unitAt, withinAt } from './delegations.js';
import type { Delegations } from './delegations.js';
import type { HttpResponder } from './http-responder.js';
import type { Limits } from './limits.js';
import type { MemoryController } from './memory-controller.js';
import type { NicController } from './nic-controller.js';
import type { Pacer } from './pacer.js';
import type { PseudoPacketizer } from './pseudo-packetizer.js';
import type { Reports } from './reports.js';
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
  /** The NIC had no room for the last packet. */
  #refused = false;
  readonly #queues: WorkQueues;
  readonly #pacer: Pacer;
  readonly #memory: MemoryController;
  readonly #packetizer: PseudoPacketizer;
  readonly #responder: HttpResponder;
  readonly #nic: NicController;
  readonly #reports: Reports;
  readonly #delegations: Delegations;
  readonly #counters: Counters;
  readonly #perStep: number;
  readonly #perTurn: number;
  readonly #superFrameBytes: number;

  constructor(
    nic: NicController,
    memory: MemoryController,
    packetizer: PseudoPacketizer,
    responder: HttpResponder,
    queues: WorkQueues,
    pacer: Pacer,
    delegations: Delegations,
    reports: Reports,
    limits: Limits,
    counters: Counters,
  ) {
    this.#nic = nic;
    this.#memory = memory;
    this.#packetizer = packetizer;
    this.#responder = responder;
    this.#queues = queues;
    this.#pacer = pacer;
    this.#delegations = delegations;
    this.#reports = reports;
    this.#counters = counters;
    this.#perStep = limits.segmentsPerStep;
    this.#perTurn = limits.segmentsPerTurn;
    this.#superFrameBytes = nic.superFrameBytes;
  }

  step(nowUs: number): SendStep {
    if (nowUs >= this.#pacer.nextUs) this.#pacer.wake(nowUs);
    const queue = this.#queues.toSend;
    if (queue.count === 0) return SendStep.idle;
    const perStep = this.#perStep;
    const perTurn = this.#perTurn;
    let left = perStep;
    this.#refused = false;
    while (left > 0 && queue.count > 0) {
      const d = queue.take();
      if (!d.sends || d.missing >= 0) continue;
      const most = left < perTurn ? left : perTurn;
      const sent = d.intervalUs === 0 ? this.#send(d, most) : this.#sendPaced(nowUs, d, most);
      if (sent > 0) this.#account(nowUs, d, sent);
      left -= sent;
      const hasMore = d.next < d.limit || d.resend.at < d.resend.end;
      if (hasMore && d.missing < 0 && (d.intervalUs === 0 || !this.#pacer.holds(nowUs, d))) queue.add(d);
      if (this.#refused) return SendStep.waiting;
    }
    return left === perStep ? SendStep.idle : SendStep.worked;
  }

  /** As many datagrams as are due by now; the pacer wakes it when the next one is. */
  #sendPaced(nowUs: number, d: Delegation, most: number): number {
    const due = this.#pacer.due(nowUs, d, most);
    if (due === 0) return 0;
    const sent = this.#send(d, due);
    d.paceDueUs += sent * d.intervalUs;
    return sent;
  }

  /**
   * Sends up to `most` packets of a delegation, of the range that is to be sent again if there is one, else of new
   * bytes; returns how many the NIC took.
   */
  #send(d: Delegation, most: number): number {
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
      unit = unitAt(d, offset);
      within = withinAt(d, offset, unit);
    }
    if (offset >= end) return 0;

    const slot = d.slot;
    const segmentBytes = d.segmentBytes;
    const memory = this.#memory;
    const headBytes = d.headBytes;
    let sent = 0;
    while (sent < most && offset < end) {
      let bytes = 0;
      if (offset < headBytes) {
        bytes = this.#sendHead(d, offset, end, unit, sequence);
        if (bytes > 0) sent++;
      } else {
        const position = memory.find(slot, unit);
        if (position < 0) {
          this.#miss(d, unit);
          break;
        }
        const at = position + within;
        const wanted = within + (most - sent) * segmentBytes;
        const row = memory.inRow(slot, unit, position, wanted) - within;
        const full = this.#fullSegments(d, offset, row < end - offset ? row : end - offset);
        if (full > 0) {
          const count = full < most - sent ? full : most - sent;
          const taken = this.#packetizer.sendRun(d.template, memory.units, at, count, sequence);
          this.#refused = taken < count;
          sent += taken;
          bytes = taken * segmentBytes;
        } else {
          bytes = this.#sendOne(d, offset, end, unit, at, row, sequence);
          if (bytes > 0) sent++;
        }
      }
      offset += bytes;
      sequence = (sequence + bytes) >>> 0;
      within += bytes;
      for (; within >= UNIT_BYTES; within -= UNIT_BYTES) memory.sent(slot, unit++);
      if (this.#refused || bytes === 0) break;
    }
    if (again) {
      resend.advance(offset);
      if (unit < d.unit) memory.sent(slot, unit);
    } else {
      d.next = offset;
      d.sequence = sequence;
      d.unit = unit;
      d.within = within;
    }
    return sent;
  }

  /**
   * How many full segments without flags and with one TSval there are in `bytes` from `offset` on: those go the
   * short way.
   */
  #fullSegments(d: Delegation, offset: number, bytes: number): number {
    const template = d.template;
    if (!template.isTcp || this.#superFrameBytes !== 0) return 0;
    let plain = bytes;
    // The last segment of the span has flags, even if it is a full one.
    if (offset + plain === d.total) plain--;
    if (template.tsValAt !== 0 && d.marks.count !== 0) {
      template.setTsVal(d.marks.at(offset));
      const tsValBytes = d.marks.endOf(offset) - offset;
      if (tsValBytes < plain) plain = tsValBytes;
    }
    return plain < d.segmentBytes ? 0 : Math.trunc(plain / d.segmentBytes);
  }

  /**
   * Sends any one packet, whose payload begins at `at`, where `row` bytes lie in a row; returns the payload's length,
   * 0 when the NIC had no room or a unit must be read first.
   */
  #sendOne(
    d: Delegation,
    offset: number,
    end: number,
    unit: number,
    at: number,
    row: number,
    sequence: number,
  ): number {
    const segmentBytes = d.segmentBytes;
    const template = d.template;
    const packetizer = this.#packetizer;
    let bytes = end - offset;
    if (bytes > segmentBytes)
      bytes = this.#superFrameBytes === 0 ? segmentBytes : this.#superBytes(d, offset, bytes);
    if (bytes <= row) copy(this.#memory.units, at, packetizer.frame, template.bytes, bytes);
    else bytes = this.#gather(d, unit, at, template.bytes, bytes);
    return bytes === 0 ? 0 : this.#transmit(d, offset, bytes, sequence);
  }

  /** Completes the packet around the payload that is in place; returns the payload's length, 0 without room in the NIC. */
  #transmit(d: Delegation, offset: number, bytes: number, sequence: number): number {
    const template = d.template;
    const packetizer = this.#packetizer;
    if (template.tsValAt !== 0 && d.marks.count !== 0) template.setTsVal(d.marks.at(offset));
    const flags = offset + bytes === d.total ? lastFlags(d.commandFlags) : 0;
    let taken: boolean;
    if (bytes <= d.segmentBytes) {
      const number = template.numberAt === 0 ? sequence : datagramNumber(d, offset);
      taken = this.#nic.sendPseudo(packetizer.finish(template, bytes, number, flags));
    } else {
      const length = packetizer.finishSuper(template, bytes, sequence, flags);
      taken = this.#nic.sendSuper(length, template.l4, template.bytes, d.segmentBytes);
    }
    this.#refused = !taken;
    return taken ? bytes : 0;
  }

  /**
   * Puts a payload in place that begins at `at`, in `unit`, and lies in several units. Returns how much of it: all,
   * or the full segments that are there; 0 when a unit must be read first.
   */
  #gather(d: Delegation, unit: number, at: number, payloadAt: number, bytes: number): number {
    const memory = this.#memory;
    const slot = d.slot;
    const within = at % UNIT_BYTES;
    const have = memory.atHand(slot, unit, within, bytes);
    const payload = have === bytes ? bytes : have - (have % d.segmentBytes);
    if (payload === 0) {
      this.#miss(d, unit + 1);
      return 0;
    }
    const units = memory.units;
    const frame = this.#packetizer.frame;
    let to = payloadAt;
    const end = to + payload;
    let part = UNIT_BYTES - within;
    let from = at;
    for (let next = unit + 1; ; next++) {
      if (part > end - to) part = end - to;
      copy(units, from, frame, to, part);
      to += part;
      if (to === end) return payload;
      part = UNIT_BYTES;
      from = memory.find(slot, next);
    }
  }

  /**
   * Sends one packet of at most a segment that begins within the head; behind the head's end it carries what of the
   * object belongs to it. Returns the payload's length, 0 when the NIC had no room or a unit must be read first.
   */
  #sendHead(d: Delegation, offset: number, end: number, unit: number, sequence: number): number {
    const payloadAt = d.template.bytes;
    const bytes = end - offset < d.segmentBytes ? end - offset : d.segmentBytes;
    const left = d.headBytes - offset;
    const ofHead = bytes < left ? bytes : left;
    const ofObject = bytes - ofHead;
    if (ofObject > 0) {
      const position = this.#memory.find(d.slot, unit);
      if (position < 0) {
        this.#miss(d, unit);
        return 0;
      }
      const at = position + withinAt(d, d.headBytes, unit);
      if (this.#gather(d, unit, at, payloadAt + ofHead, ofObject) < ofObject) return 0;
    }
    this.#responder.compose(d);
    copy(this.#responder.head, offset, this.#packetizer.frame, payloadAt, ofHead);
    return this.#transmit(d, offset, bytes, sequence);
  }

  /** Nothing of the delegation can be sent before this unit has been read. */
  #miss(d: Delegation, unit: number): void {
    d.missing = unit;
    this.#queues.toRead.add(d);
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

  /** What follows from `sent` packets having been sent. */
  #account(nowUs: number, d: Delegation, sent: number): void {
    const counters = this.#counters;
    counters.replySent119 += sent;
    d.lastSentUs = nowUs;
    if (!d.reportDue) this.#reports.soon(nowUs, d);
    this.#queues.toReadAhead.add(d);
    const resend = d.resend;
    if (resend.at > 0) this.#accountAgain(nowUs, d, sent);
    else if (d.next === d.limit) {
      counters.creditUsedUp++;
      if (d.next !== d.total) return;
      if (d.within !== 0) this.#memory.sent(d.slot, d.unit);
      this.#delegations.settle(nowUs, d);
    }
  }

  #accountAgain(nowUs: number, d: Delegation, sent: number): void {
    const resend = d.resend;
    this.#counters.replyRepeated += sent;
    if (resend.at < resend.end) return;
    const executed = resend.executed;
    resend.select(neededFrom(d), d.next);
    if (resend.executed !== executed) this.#reports.atOnce(nowUs, d);
  }
}

/** Modulo 2^16, by whoever writes it; the sum is exact. */
function datagramNumber(d: Delegation, offset: number): number {
  return d.startSequence + Math.trunc(offset / d.segmentBytes);
}

/** Flags of the segment with the last byte of the span (decision 7). */
function lastFlags(commandFlags: number): number {
  const fin = (commandFlags & CommandFlag.fin) !== 0 ? TcpFlag.fin : 0;
  return (commandFlags & CommandFlag.psh) !== 0 ? fin | TcpFlag.psh : fin;
}
