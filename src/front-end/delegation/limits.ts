/**
 * Every duration of the delegation layer, cross-checked. All are intervals on the front-end's own clock; nothing
 * here compares clocks of two machines.
 */
export interface DelegationTiming {
  /** Pause before the second `discover`; doubles up to {@link discoverMaxMs} while a provisioned board is missing. */
  readonly discoverMs: number;
  readonly discoverMaxMs: number;
  /** Pause before a `sessionOpen` is repeated; doubles for {@link openAttempts} attempts, then it starts over. */
  readonly openMs: number;
  readonly openAttempts: number;
  /** What boards are told. */
  readonly heartbeatMs: number;
  /** Silence after which a board is asked by a `discover` of its own (a rebooted board answers at once). */
  readonly suspectMs: number;
  /** Silence after which a board counts as lost. */
  readonly boardLostMs: number;
  /** Pause before an unanswered statement is repeated, until it is known how fast the board answers. */
  readonly retryMs: number;
  /** The shortest such pause when it is known. The pause doubles up to {@link retryMaxMs}. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Without an answer for so long, a delegation is given up. */
  readonly unansweredMs: number;
  /** How long a statement is valid on the board (decision 2). */
  readonly leaseMs: number;
  /** Added before the front-end believes that a lease has ended: frames under way, clocks of two crystals. */
  readonly leaseGraceMs: number;
  /** Granted, answered, but nothing more sent for so long: say it again. The pause doubles up to {@link stallMs}. */
  readonly stallMinMs: number;
  readonly stallMs: number;
  /** … and for so long: give the delegation up. */
  readonly stalledMs: number;
  /** A board that left a delegation unanswered or stalled is avoided for so long. */
  readonly avoidMs: number;
  /** How long a span may be without progress and without a board before it fails. */
  readonly placementMs: number;
  /** The same for a question (`stat`) that waits for a free board. */
  readonly inquiryMs: number;
  /** A board to which nothing was said for so long is told that the front-end is there. */
  readonly presenceMs: number;
}

export const DEFAULT_TIMING: DelegationTiming = Object.freeze({
  discoverMs: 50,
  discoverMaxMs: 1_000,
  openMs: 50,
  openAttempts: 5,
  heartbeatMs: 250,
  suspectMs: 600,
  boardLostMs: 1_500,
  retryMs: 30,
  retryMinMs: 4,
  retryMaxMs: 240,
  unansweredMs: 1_000,
  leaseMs: 2_000,
  leaseGraceMs: 200,
  stallMinMs: 20,
  stallMs: 250,
  stalledMs: 3_000,
  avoidMs: 500,
  placementMs: 20_000,
  inquiryMs: 5_000,
  presenceMs: 1_000,
});

/** Throws a RangeError that names the two values which contradict each other. */
export function checkTiming(timing: DelegationTiming): void {
  const below = (small: keyof DelegationTiming, large: keyof DelegationTiming, why: string): void => {
    if (timing[small] < timing[large]) return;
    throw new RangeError(`${small} (${timing[small]}) must be below ${large} (${timing[large]}): ${why}`);
  };
  below('discoverMs', 'discoverMaxMs', 'the pause doubles');
  below('retryMinMs', 'retryMs', 'a board that was not heard is not known to be fast');
  below('retryMs', 'retryMaxMs', 'the pause doubles');
  below('stallMinMs', 'stallMs', 'the pause doubles');
  below('retryMaxMs', 'unansweredMs', 'a statement is repeated before it is given up');
  below('unansweredMs', 'leaseMs', 'repetitions do not extend a lease');
  below('stallMs', 'stalledMs', 'a stalled board is reminded before it is given up');
  below('heartbeatMs', 'suspectMs', 'one late heartbeat is no suspicion');
  below('suspectMs', 'boardLostMs', 'a suspect is asked before it is lost');
  if (timing.leaseMs > 0xffff)
    throw new RangeError(`leaseMs (${timing.leaseMs}) does not fit its 16-bit field`);
}

/**
 * Nobody is given up before he was reminded this often, however much time has passed: a front-end that was stopped
 * itself (a suspended machine, a long garbage collection) has not heard what was said meanwhile.
 */
export const REMINDERS_BEFORE_GIVING_UP = 3;
