/**
 * The record of one delegation (design idea 2): where its bytes are, how the packets look that carry them, what was
 * sent and what may be sent. Made at boot, one a slot. It has no methods on purpose: the engine that interprets
 * looks properties up one after the other, so what every segment needs comes first.
 */
import { MAX_NAME_BYTES, MAX_RELAY_BYTES, OBJECT_VERSION_BYTES } from '../wire/atcp/command.js';
import { Reason } from '../wire/atcp/ack-up.js';
import { UNKNOWN_U64 } from '../wire/bytes.js';
import type { ObjectHandle } from './disk-handle.js';
import { NEVER_US } from './limits.js';
import { ResendList, ResendMemory } from './resend-list.js';
import { SlotState } from './state-machine.js';
import { Template } from './template.js';
import { MarkMemory, TimestampMarks } from './timestamp-marks.js';

const TEXT_BYTES = OBJECT_VERSION_BYTES + MAX_NAME_BYTES;

/** What the records of all slots share: on XS an array of a few bytes costs a hundred more. */
export class DelegationMemory {
  readonly resend: ResendMemory;
  readonly marks: MarkMemory;
  readonly text: Uint8Array;

  constructor(slots: number) {
    this.resend = new ResendMemory(slots);
    this.marks = new MarkMemory(slots);
    this.text = new Uint8Array(slots * TEXT_BYTES);
  }
}

export class Delegation {
  /** Sends now: the state is `sending` or `sent`. */
  sends = false;
  /** The next new byte: offset within the span, its sequence number, and where it lies in the object. */
  next = 0;
  sequence = 0;
  unit = 0;
  within = 0;
  /** New bytes may be sent up to this offset: credit and total in one. */
  limit = 0;
  segmentBytes = 0;
  /** Of `relay`: span bytes below are the head, or all of an error; the object's follow. */
  headBytes = 0;
  /** Number of the slot. */
  readonly slot: number;
  readonly template = new Template();
  /** Bytes of the span, -1 while nobody knows. */
  total: number = UNKNOWN_U64;
  lastSentUs = 0;
  /** ATCP_ACK 27 has something new to say. */
  reportDue = false;
  /** A unit that must be read before anything else can be sent, or -1. */
  missing = -1;
  readonly resend: ResendList;
  readonly marks: TimestampMarks;
  /** The next unit to read ahead, and the first one that the span does not need. */
  readAhead = 0;
  endUnit = 0;
  readonly handle: ObjectHandle;
  state: SlotState = SlotState.ready;

  // What the latest statement says (decision 1).
  version = 0;
  acknowledged = 0;
  granted = 0;
  leaseEndsUs = 0;
  hold = false;
  /** The lease of the latest statement has ended, and that was acted on. */
  leaseOver = false;
  templateVersion = 0;
  /** Units below this one have been returned: the client has their bytes. */
  lowUnit = 0;
  /** Of UDP: from one datagram to the next, 0 for at once; and when the next one is due. */
  intervalUs = 0;
  paceDueUs = 0;

  // The command.
  epoch = 0;
  counter = 0;
  opcode = 0;
  commandFlags = 0;
  /** Object byte of the first span byte that is the object's: of offset {@link headBytes}. */
  from = 0;
  /** Bytes asked for, -1 for all there are. */
  length = 0;
  firstOffset = 0;
  startSequence = 0;
  /** Name and expected version of the object, at {@link nameAt} and {@link versionAt}. */
  readonly text: Uint8Array;
  readonly nameAt: number;
  readonly versionAt: number;
  nameBytes = 0;

  /** Of `list`: the record that the page begins with, then the next one; 0 for the first and after the last. */
  cursor = 0;

  /** Of `relay`: the request as it came, without the name, and the reply's Date. */
  readonly request = new Uint8Array(MAX_RELAY_BYTES);
  dateMs = 0;

  // The result.
  reason: Reason = Reason.none;
  /** {@link handle} holds the object. */
  found = false;
  /** Of `relay`: the reply's status line, and how many bytes of the object follow the head. */
  status = 0;
  bodyBytes = 0;
  /** Of `list`: bytes of the page, in the slot's buffer of unit 0, and how many entries it has. */
  pageBytes = 0;
  pageEntries = 0;

  constructor(slot: number, handle: ObjectHandle, memory: DelegationMemory) {
    this.slot = slot;
    this.handle = handle;
    this.resend = new ResendList(memory.resend, slot);
    this.marks = new TimestampMarks(memory.marks, slot);
    this.text = memory.text;
    this.versionAt = slot * TEXT_BYTES;
    this.nameAt = this.versionAt + OBJECT_VERSION_BYTES;
  }
}

/** Makes the record that of a delegation without credit, statement or result. */
export function resetDelegation(d: Delegation): void {
  d.sends = false;
  d.next = 0;
  d.unit = 0;
  d.limit = 0;
  d.leaseEndsUs = NEVER_US;
  d.resend.clear();
  d.marks.clear();
  d.lastSentUs = 0;
  d.reportDue = false;
  d.missing = -1;
  d.readAhead = 0;
  d.endUnit = 0;
  d.version = 0;
  d.acknowledged = 0;
  d.granted = 0;
  d.hold = false;
  d.leaseOver = false;
  d.templateVersion = 0;
  d.lowUnit = 0;
  d.intervalUs = 0;
  d.paceDueUs = 0;
  d.reason = Reason.none;
  d.total = UNKNOWN_U64;
  d.found = false;
  d.pageBytes = 0;
  d.pageEntries = 0;
  d.headBytes = 0;
  d.status = 0;
  d.bodyBytes = 0;
}
