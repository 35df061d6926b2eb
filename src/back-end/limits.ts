/**
 * Every size of the firmware. A microcontroller takes {@link boardLimits}; a host with more memory hands the
 * {@link Board} larger ones. {@link checkLimits} holds them against each other at boot.
 */
import { ACK_UP_RESULT, LIST_RESULT_MAX_BYTES } from '../wire/atcp/ack-up.js';
import { MAX_TEMPLATE_BYTES } from '../wire/atcp/command.js';
import { ATCP_HEADER_BYTES, ATCP_MAX_BYTES } from '../wire/atcp/header.js';
import { HEARTBEAT_BYTES } from '../wire/atcp/heartbeat.js';
import { ETHERNET_HEADER_BYTES } from '../wire/ethernet.js';
import { UNIT_BYTES } from '../volume/limits.js';

/** 1,514 bytes and one VLAN tag. */
export const FRAME_BYTES = 1518;
/** What an Ethernet frame carries behind its header (and VLAN tag). */
export const MTU_BYTES = 1500;
/** Offsets and sizes stay below this, so that sums of two of them and a sequence number are exact. */
export const OFFSET_LIMIT = 2 ** 52;
/** "Not at all", as a time. */
export const NEVER_US = Number.MAX_SAFE_INTEGER;

export interface Limits {
  /** Delegations served at once. */
  readonly slots: number;
  /** Unit buffers of 4,096 bytes, shared by all slots. */
  readonly buffers: number;
  /** Consecutive units that one slot may hold; a power of two. */
  readonly buffersPerSlot: number;
  /** Units read ahead of the sending position. */
  readonly readAheadUnits: number;
  /** Units read for one slot before the card turns to another: a multi-block read goes on without a seek. */
  readonly unitsPerTurn: number;
  /** Frames taken from the NIC in one step. */
  readonly framesPerStep: number;
  /** Units read from the card in one step. */
  readonly unitsPerStep: number;
  /** Pseudo packets handed to the NIC in one step. */
  readonly segmentsPerStep: number;
  /** Of these, for one delegation before it is another's turn. */
  readonly segmentsPerTurn: number;
  /** Answers about commands that hold no slot, waiting for a frame. */
  readonly answers: number;
  /** Command ids of which is remembered that they are over, or had no slot; a power of two. */
  readonly rememberedIds: number;

  /** ATCP_ACKs 27 of a sending board are at least this far apart. */
  readonly reportIntervalUs: number;
  /** Answers to discover frames are at least this far apart. */
  readonly announceIntervalUs: number;
  /** Unsolicited announcements while no front-end is heard. */
  readonly seekIntervalUs: number;
  /** A front-end that is not heard for so long is sought again. */
  readonly silenceUs: number;
  /** Heartbeats when the session names no interval, and the shortest interval that it may name. */
  readonly heartbeatUs: number;
  readonly shortestHeartbeatUs: number;
  /** A command without a statement is kept for this long, as if it had a lease. */
  readonly commandLeaseUs: number;
  /** After its lease a delegation is kept for this long, silent, in case that statements were lost. */
  readonly graceUs: number;
  /** When to ask again after `busy`. */
  readonly busyHintMs: number;
  /** How often link, NIC and front-end are looked after. */
  readonly watchUs: number;
  /** How soon to look again at a card or a NIC that was busy. */
  readonly devicePollUs: number;
  /** A NIC that takes no frame for so long is opened again. */
  readonly nicStallUs: number;
}

export const boardLimits: Limits = Object.freeze({
  slots: 16,
  buffers: 16,
  buffersPerSlot: 8,
  readAheadUnits: 4,
  unitsPerTurn: 4,
  framesPerStep: 4,
  unitsPerStep: 2,
  segmentsPerStep: 8,
  segmentsPerTurn: 8,
  answers: 32,
  rememberedIds: 256,
  reportIntervalUs: 2_000,
  announceIntervalUs: 20_000,
  seekIntervalUs: 1_000_000,
  silenceUs: 5_000_000,
  heartbeatUs: 1_000_000,
  shortestHeartbeatUs: 20_000,
  commandLeaseUs: 2_000_000,
  graceUs: 2_000_000,
  busyHintMs: 20,
  watchUs: 100_000,
  devicePollUs: 20,
  nicStallUs: 2_000_000,
});

/** Throws a RangeError that names the pair of limits that do not go together. */
export function checkLimits(l: Limits): void {
  demand(l.slots >= 1 && l.slots <= 0xffff, 'slots must be 1 … 65535 (board facts, 2 bytes)');
  demand(l.buffers >= 1 && l.buffers <= 0x7fff, 'buffers must be 1 … 32767 (16-bit indexes)');
  demand(isPowerOfTwo(l.buffersPerSlot), 'buffersPerSlot must be a power of two');
  demand(isPowerOfTwo(l.rememberedIds), 'rememberedIds must be a power of two');
  demand(l.buffersPerSlot >= 2, 'buffersPerSlot: a segment lies in up to two units');
  demand(l.buffers >= 2, 'buffers: a segment lies in up to two units');
  demand(l.readAheadUnits >= 2, 'readAheadUnits: a segment lies in up to two units');
  demand(l.readAheadUnits <= l.buffersPerSlot, 'readAheadUnits must not exceed buffersPerSlot');
  demand(l.unitsPerTurn >= 1, 'unitsPerTurn must be at least 1');
  demand(l.framesPerStep >= 1 && l.segmentsPerStep >= 1, 'a step must take and give at least one frame');
  demand(l.unitsPerStep >= 1 && l.segmentsPerTurn >= 1, 'a turn must do something');
  demand(l.answers >= 1 && l.slots <= l.rememberedIds, 'rememberedIds must cover all slots');
  demand(MTU_BYTES <= UNIT_BYTES, 'UNIT_BYTES: a segment lies in at most two units');
  demand(MAX_TEMPLATE_BYTES < FRAME_BYTES, 'FRAME_BYTES must hold a template and a payload');
  demand(ETHERNET_HEADER_BYTES + ATCP_MAX_BYTES <= FRAME_BYTES, 'FRAME_BYTES must hold an ATCP frame');
  demand(
    ATCP_HEADER_BYTES + HEARTBEAT_BYTES + ACK_UP_RESULT + LIST_RESULT_MAX_BYTES <= ATCP_MAX_BYTES,
    'a frame must hold a heartbeat and one ATCP_ACK',
  );
  demand(LIST_RESULT_MAX_BYTES <= UNIT_BYTES, 'UNIT_BYTES: a buffer holds a page of a directory');
  demand(l.shortestHeartbeatUs <= l.heartbeatUs, 'shortestHeartbeatUs must not exceed heartbeatUs');
  demand(l.busyHintMs <= 0xffff, 'busyHintMs must fit two bytes');
  demand(l.devicePollUs >= 1, 'devicePollUs must be at least 1');
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}

function demand(holds: boolean, rule: string): void {
  if (!holds) throw new RangeError(`Inconsistent limits: ${rule}. See src/back-end/limits.ts.`);
}
