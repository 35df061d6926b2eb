/**
 * State machine 31 of Fig. 11 and Fig. 12: ready, a command is decoded, the object is looked up and read, the
 * pseudo packetizer sends it, ready. One instance per delegation ({@link SlotState}), and a small one for the
 * board itself ({@link BoardState}). docs/state-machine.md is printed from these tables.
 *
 * Every pair of state and event has an entry. {@link SlotAction.anomaly} marks the impossible ones: they change
 * nothing and are counted.
 */

export const SlotState = Object.freeze({
  /** Free. */
  ready: 0,
  /** The object of the command is being looked up. */
  executing: 1,
  /** The total is known, the front-end has not been told yet: credit is 0 (decision 7). */
  naming: 2,
  /** Sends as far as the credit goes. */
  sending: 3,
  /** Every byte was sent once; sends again what it is asked to. */
  sent: 4,
  /** Told to hold. */
  paused: 5,
  /** The lease ended: silent until a statement renews it. */
  lapsed: 6,
  /** The client has everything, or the result has been reported. */
  done: 7,
  /** Will not be done, or not any further. */
  failed: 8,
} as const);
export type SlotState = (typeof SlotState)[keyof typeof SlotState];

export const SlotEvent = Object.freeze({
  /** A new command was decoded and given this slot. */
  command: 0,
  /** A new command was decoded and can't be done. */
  refused: 1,
  /** A command with this id came once more. */
  repeated: 2,
  /** The object is there, and the range lies within it. */
  found: 3,
  /** The object is there, and what was asked for about it is known. */
  answered: 4,
  /** The object can't be had: not there, not the expected version, or the card failed. */
  broken: 5,
  /** ATCP_ACK 27 with the total has been queued ahead of the first byte. */
  reported: 6,
  /** A later ATCP_ACK 29 that lets the board send. */
  granted: 7,
  /** A later ATCP_ACK 29 that tells it to hold. */
  held: 8,
  /** The last byte was sent. */
  allSent: 9,
  /** The client has the last byte. */
  allAcknowledged: 10,
  leaseEnded: 11,
  /** The lease ended long ago, or somebody else needs the slot. */
  forgotten: 12,
  /** The front-end is through with it. */
  released: 13,
} as const);
export type SlotEvent = (typeof SlotEvent)[keyof typeof SlotEvent];

export const SlotAction = Object.freeze({
  /** Nothing but the state changes. */
  none: 0,
  /** Impossible: count it. */
  anomaly: 1,
  /** Have the disk controller look the object up. */
  lookUp: 2,
  /** Report with ATCP_ACK 27 at once. */
  report: 3,
  /** Act on the new credit and resend ranges; report with the next coalesced ATCP_ACK 27. */
  credit: 4,
  /** Report with the next coalesced ATCP_ACK 27. */
  note: 5,
  /** Stop reading and return the buffers: what is still needed can be read again. */
  quiet: 6,
  /** Stop reading, return the buffers, report at once. */
  stop: 7,
  /** Stop reading, return everything, confirm with `released`. */
  free: 8,
  /** Stop reading, return everything, say why with `failed`. */
  forget: 9,
} as const);
export type SlotAction = (typeof SlotAction)[keyof typeof SlotAction];

export interface Transition<Action, State> {
  readonly action: Action;
  readonly next: State;
}

type SlotRow = Readonly<Partial<Record<SlotEvent, Transition<SlotAction, SlotState>>>>;

const S = SlotState;
const E = SlotEvent;
const A = SlotAction;

function to<Action, State>(action: Action, next: State): Transition<Action, State> {
  return Object.freeze({ action, next });
}

const SLOT_ROWS: Readonly<Record<SlotState, SlotRow>> = {
  [S.ready]: {
    [E.command]: to(A.lookUp, S.executing),
    [E.refused]: to(A.report, S.failed),
  },
  [S.executing]: {
    [E.repeated]: to(A.report, S.executing),
    [E.found]: to(A.report, S.naming),
    [E.answered]: to(A.report, S.done),
    [E.broken]: to(A.stop, S.failed),
    [E.granted]: to(A.note, S.executing),
    [E.held]: to(A.note, S.executing),
    [E.leaseEnded]: to(A.none, S.executing),
    [E.forgotten]: to(A.forget, S.ready),
    [E.released]: to(A.free, S.ready),
  },
  [S.naming]: {
    [E.repeated]: to(A.report, S.naming),
    [E.broken]: to(A.stop, S.failed),
    [E.reported]: to(A.credit, S.sending),
    [E.granted]: to(A.note, S.naming),
    [E.held]: to(A.note, S.naming),
    [E.leaseEnded]: to(A.none, S.naming),
    [E.forgotten]: to(A.forget, S.ready),
    [E.released]: to(A.free, S.ready),
  },
  [S.sending]: {
    [E.repeated]: to(A.report, S.sending),
    [E.broken]: to(A.stop, S.failed),
    [E.granted]: to(A.credit, S.sending),
    [E.held]: to(A.report, S.paused),
    [E.allSent]: to(A.report, S.sent),
    [E.leaseEnded]: to(A.quiet, S.lapsed),
    [E.released]: to(A.free, S.ready),
  },
  [S.sent]: {
    [E.repeated]: to(A.report, S.sent),
    [E.broken]: to(A.stop, S.failed),
    [E.granted]: to(A.credit, S.sent),
    [E.held]: to(A.report, S.paused),
    [E.allAcknowledged]: to(A.stop, S.done),
    [E.leaseEnded]: to(A.quiet, S.lapsed),
    [E.released]: to(A.free, S.ready),
  },
  [S.paused]: {
    [E.repeated]: to(A.report, S.paused),
    [E.broken]: to(A.stop, S.failed),
    [E.granted]: to(A.credit, S.sending),
    [E.held]: to(A.note, S.paused),
    [E.leaseEnded]: to(A.quiet, S.lapsed),
    [E.released]: to(A.free, S.ready),
  },
  [S.lapsed]: {
    [E.repeated]: to(A.report, S.lapsed),
    [E.broken]: to(A.stop, S.failed),
    [E.granted]: to(A.credit, S.sending),
    [E.held]: to(A.note, S.paused),
    [E.forgotten]: to(A.forget, S.ready),
    [E.released]: to(A.free, S.ready),
  },
  [S.done]: {
    [E.repeated]: to(A.report, S.done),
    [E.granted]: to(A.note, S.done),
    [E.held]: to(A.note, S.done),
    [E.leaseEnded]: to(A.none, S.done),
    [E.forgotten]: to(A.free, S.ready),
    [E.released]: to(A.free, S.ready),
  },
  [S.failed]: {
    [E.repeated]: to(A.report, S.failed),
    [E.granted]: to(A.note, S.failed),
    [E.held]: to(A.note, S.failed),
    [E.leaseEnded]: to(A.none, S.failed),
    [E.forgotten]: to(A.free, S.ready),
    [E.released]: to(A.free, S.ready),
  },
};

export const BoardState = Object.freeze({
  /** The NIC is not open yet. */
  noNic: 0,
  /** The NIC has no link. */
  noLink: 1,
  /** No front-end is heard: announces itself. */
  seeking: 2,
  /** In a session, without a volume to serve from. */
  noVolume: 3,
  /** In a session, with a volume. */
  serving: 4,
} as const);
export type BoardState = (typeof BoardState)[keyof typeof BoardState];

export const BoardEvent = Object.freeze({
  nicOpened: 0,
  /** The NIC takes no more frames. */
  nicStalled: 1,
  linkUp: 2,
  linkDown: 3,
  /** A valid frame of the front-end came while none was heard. */
  heard: 4,
  /** No valid frame for too long. */
  silence: 5,
  volumeReady: 6,
  volumeGone: 7,
} as const);
export type BoardEvent = (typeof BoardEvent)[keyof typeof BoardEvent];

export const BoardAction = Object.freeze({
  none: 0,
  anomaly: 1,
  /** Announce the board to everybody, now and from time to time. */
  announce: 2,
  /** Say how the board is, now. */
  heartbeat: 3,
  /** Stop announcing; say how the board is, now. */
  greet: 4,
  /** Open the NIC again. */
  reopen: 5,
} as const);
export type BoardAction = (typeof BoardAction)[keyof typeof BoardAction];

type BoardRow = Readonly<Partial<Record<BoardEvent, Transition<BoardAction, BoardState>>>>;

const B = BoardState;
const O = BoardEvent;
const D = BoardAction;

const BOARD_ROWS: Readonly<Record<BoardState, BoardRow>> = {
  [B.noNic]: {
    [O.nicOpened]: to(D.none, B.noLink),
    [O.volumeReady]: to(D.none, B.noNic),
    [O.volumeGone]: to(D.none, B.noNic),
  },
  [B.noLink]: {
    [O.linkUp]: to(D.announce, B.seeking),
    [O.volumeReady]: to(D.none, B.noLink),
    [O.volumeGone]: to(D.none, B.noLink),
  },
  [B.seeking]: {
    [O.nicStalled]: to(D.reopen, B.noNic),
    [O.linkDown]: to(D.none, B.noLink),
    [O.heard]: to(D.greet, B.noVolume),
    [O.volumeReady]: to(D.none, B.seeking),
    [O.volumeGone]: to(D.none, B.seeking),
  },
  [B.noVolume]: {
    [O.nicStalled]: to(D.reopen, B.noNic),
    [O.linkDown]: to(D.none, B.noLink),
    [O.silence]: to(D.announce, B.seeking),
    [O.volumeReady]: to(D.heartbeat, B.serving),
    [O.volumeGone]: to(D.heartbeat, B.noVolume),
  },
  [B.serving]: {
    [O.nicStalled]: to(D.reopen, B.noNic),
    [O.linkDown]: to(D.none, B.noLink),
    [O.silence]: to(D.announce, B.seeking),
    [O.volumeGone]: to(D.heartbeat, B.noVolume),
  },
};

/** The rows as arrays by number, with an anomaly for every pair that the rows do not list. */
function complete<Action, State>(
  rows: Readonly<Record<number, Readonly<Partial<Record<number, Transition<Action, State>>>>>>,
  states: Readonly<Record<string, State & number>>,
  events: Readonly<Record<string, number>>,
  anomaly: Action,
): readonly (readonly Transition<Action, State>[])[] {
  const table: (readonly Transition<Action, State>[])[] = [];
  for (const state of Object.values(states)) {
    const row: Transition<Action, State>[] = [];
    for (const event of Object.values(events)) row[event] = rows[state]?.[event] ?? to(anomaly, state);
    table[state] = Object.freeze(row);
  }
  return Object.freeze(table);
}

/** By {@link SlotState}, then {@link SlotEvent}. */
export const SLOT_TABLE = complete<SlotAction, SlotState>(
  SLOT_ROWS,
  SlotState,
  SlotEvent,
  SlotAction.anomaly,
);

/** By {@link BoardState}, then {@link BoardEvent}. */
export const BOARD_TABLE = complete<BoardAction, BoardState>(
  BOARD_ROWS,
  BoardState,
  BoardEvent,
  BoardAction.anomaly,
);
