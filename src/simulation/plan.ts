/**
 * What one seed decides: topology, faults, events and workload. A plan is plain data, so that it can be printed,
 * kept in a file, made smaller, and run again.
 */

/** What goes wrong in one direction of a cable; probabilities are per frame. */
export interface LinkFaults {
  readonly loss: number;
  readonly duplicate: number;
  /** The frame is late by up to eight times {@link delayUs}, and others overtake it. */
  readonly reorder: number;
  /** One bit is wrong, as from a broken switch: a cable's own errors are found by the FCS. */
  readonly corrupt: number;
  readonly delayUs: number;
  /** Up to so much longer, without overtaking. */
  readonly jitterUs: number;
  /** Every so often everything is lost for {@link burstUs}; 0 is never. */
  readonly burstEveryUs: number;
  readonly burstUs: number;
}

export interface CablePlan {
  /** From the station to the switch, and from the switch to the station. */
  readonly up: LinkFaults;
  readonly down: LinkFaults;
}

export interface BoardPlan {
  readonly cable: CablePlan;
  readonly rateMbit: number;
  /** Frames that wait to be sent in the NIC's memory, and frames that wait to be fetched from there. */
  readonly sendFrames: number;
  readonly receiveFrames: number;
  /** What its clock shows when the simulation begins, and by how much it is too fast. */
  readonly clockUs: number;
  readonly driftPpm: number;
  /** What one step of the firmware takes. */
  readonly stepUs: number;
  readonly seekUs: number;
  readonly sectorUs: number;
  /** Probability that a read of the card brings a wrong bit. */
  readonly wrongBit: number;
  readonly slots: number;
  readonly buffers: number;
  readonly rememberedIds: number;
}

export interface FrontEndPlan {
  readonly cable: CablePlan;
  /** Frames are taken so long after the first of them came. */
  readonly drainUs: number;
  readonly receiveFrames: number;
  readonly mode: 'decoded' | 'relayed';
  /** It agrees to timestamps. */
  readonly timestamps: boolean;
}

export interface RequestPlan {
  readonly method: 'GET' | 'HEAD';
  /** Number of the file; the first one beyond the last is a name that is not there. */
  readonly file: number;
  /** First and last byte. */
  readonly range?: readonly [number, number];
  /** Sends the entity tag that an earlier reply for the file had, if there was one. */
  readonly conditional?: boolean;
}

/** How a client ends its connection. */
export type Ending =
  /** FIN after the last reply. */
  | 'close'
  /** Its last request says `Connection: close`: the server closes first. */
  | 'serverCloses'
  /** FIN right behind the last request. */
  | 'halfClose'
  /** RST after {@link ClientPlan.endsAfterBytes}. */
  | 'reset'
  /** After so many bytes it hears nothing and says nothing any more. */
  | 'vanish'
  /** It stays until the server has had enough. */
  | 'idle';

export interface ClientPlan {
  readonly cable: CablePlan;
  readonly startUs: number;
  /** Starts so long after client number `after` has ended, from its address and port. */
  readonly after?: number;
  readonly ipv6: boolean;
  readonly mss: number;
  readonly bufferBytes: number;
  /** Shift of the window, -1 for no scaling. */
  readonly windowShift: number;
  readonly sack: boolean;
  readonly timestamps: boolean;
  /** Full segments that one ACK acknowledges, and how long it may wait. */
  readonly ackEvery: number;
  readonly ackDelayUs: number;
  /** How fast the program reads; 0 is at once. */
  readonly readBytesPerMs: number;
  /** The program stops reading for so long, once, after so many bytes. */
  readonly pauseAfterBytes: number;
  readonly pauseUs: number;
  /** Requests under way at a time. */
  readonly pipeline: number;
  readonly requests: readonly RequestPlan[];
  readonly ending: Ending;
  readonly endsAfterBytes: number;
}

export type EventPlan = { readonly atUs: number } & (
  | { readonly kind: 'reboot'; readonly board: number; readonly forUs: number }
  | { readonly kind: 'freeze'; readonly board: number; readonly forUs: number }
  | { readonly kind: 'cardErrors'; readonly board: number; readonly forUs: number }
  | { readonly kind: 'cardPulled'; readonly board: number; readonly forUs: number }
  | { readonly kind: 'boardUnplugged'; readonly board: number; readonly forUs: number }
  | { readonly kind: 'clientUnplugged'; readonly client: number; readonly forUs: number }
  | { readonly kind: 'frontEndUnplugged'; readonly forUs: number }
  | { readonly kind: 'frontEndPaused'; readonly forUs: number }
  | { readonly kind: 'frontEndRestarted' }
  /** Somebody repeats frames of the data link that he has recorded, and sends forged ones. */
  | { readonly kind: 'attack'; readonly frames: number }
);

export interface Plan {
  readonly seed: number;
  readonly boards: readonly BoardPlan[];
  readonly frontEnd: FrontEndPlan;
  readonly clients: readonly ClientPlan[];
  readonly events: readonly EventPlan[];
}

const FAST_MBIT = 10;

/** Events that keep a board from serving. */
function harms(event: EventPlan, board: number): boolean {
  return 'board' in event && event.board === board;
}

/** Nothing happens to any board. */
export function isHarmless(plan: Plan): boolean {
  return plan.boards.every((board, i) => isUnharmed(plan, board, i));
}

function isUnharmed(plan: Plan, board: BoardPlan, index: number): boolean {
  return board.wrongBit === 0 && !plan.events.some((event) => harms(event, index));
}

/** A slow board whose slots are all taken turns others away after a while, and rightly so. */
function canKeepUp(plan: Plan, board: BoardPlan): boolean {
  const replies = plan.clients.reduce(
    (sum, { pipeline, requests }) => sum + Math.min(pipeline, requests.length),
    0,
  );
  return board.rateMbit >= FAST_MBIT || replies <= board.slots;
}

/**
 * A board to which nothing happens serves everything, sooner or later: then no reply may fail. Where there is none,
 * a reply may end early; but never with a wrong byte, and never without an end.
 */
export function demandsSuccess(plan: Plan): boolean {
  if (plan.events.some(({ kind }) => kind === 'frontEndRestarted')) return false;
  return plan.boards.some((board, i) => isUnharmed(plan, board, i) && canKeepUp(plan, board));
}
