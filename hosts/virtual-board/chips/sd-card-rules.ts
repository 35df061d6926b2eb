/**
 * When a master may send a command to an SD card, and what the card is doing then. References as in sd-card-model.ts.
 */
export const State = Object.freeze({
  /** Takes commands. */
  ready: 0,
  /** Sends a response after `delay` bytes, is busy for `busyAfter` bytes, goes on to `next`. */
  respond: 1,
  /** Gets the next block, which takes `delay` bytes. */
  fetch: 2,
  /** Sends a block, or the data error token in its place. */
  send: 3,
  /** Sent a data error token in a multiple block read, and waits for CMD12. */
  refused: 4,
  /** Waits for a block, or the end of a multiple block write. */
  awaitBlock: 5,
  receive: 6,
  /** Rejected a block of a multiple block write, and waits for CMD12. */
  rejected: 7,
  /** Holds the line low for `delay` bytes, then goes on to `next`. */
  busy: 8,
} as const);
export type State = (typeof State)[keyof typeof State];

/** [SD] 7.3.3.2. */
export const Token = Object.freeze({
  startBlock: 0xfe,
  startBlockMultipleWrite: 0xfc,
  stopTran: 0xfd,
} as const);

/** [SD] 6.4.1.1. */
export const POWER_UP_CLOCKS = 74;
/** f_OD, [SD] 4.2.1. */
const IDENTIFICATION_HZ = 400_000;
/** TRAN_SPEED, [SD] 5.3.2. */
const TRANSFER_HZ = 25_000_000;
/** The latest that a response begins, [SDM] 5.24. */
const NCR_BYTES = 8;

/** What is wrong with a command's beginning now, or ''. `gapBytes`: since the card last did anything. */
export function commandProblem(index: number, state: State, gapBytes: number): string {
  const isReading = state === State.fetch || state === State.send;
  if (state === State.respond || (!isReading && state !== State.refused && gapBytes < 1))
    return `CMD${index} without a byte of clocks before it, [SDM] 5.24, N_RC`;
  if (index === 0) return '';
  // [SD] 7.2.8: these are rejected, and the rejection disturbs the transfer.
  if (state === State.busy) return `CMD${index} while the card is busy`;
  if (index === 12 || state === State.ready) return '';
  return isReading || state === State.refused
    ? `CMD${index} while the card reads blocks`
    : `CMD${index} while the card waits for blocks`;
}

/** What is wrong with a token of a write command, or ''. `gapBytes`: since the card last did anything. */
export function tokenProblem(token: number, multiple: boolean, gapBytes: number): string {
  if (gapBytes < 2) return 'a token needs a byte of clocks before it, [SDM] 5.24, N_WR';
  if (multiple && token === Token.stopTran) return '';
  if (token === (multiple ? Token.startBlockMultipleWrite : Token.startBlock)) return '';
  return `token 0x${token.toString(16)} does not belong to this write command, [SD] 7.3.3.2`;
}

/** What is wrong with chip select going high now, or ''. */
export function deselectProblem(state: State, inCommand: boolean): string {
  if (inCommand) return 'chip select went high inside a command';
  if (state === State.respond) return 'chip select went high before the response was read';
  const inBlock = state === State.send || state === State.receive;
  return inBlock ? 'chip select went high inside a data block' : '';
}

/** What is wrong with the clocks so far, or ''. */
export function clockProblem(powerUpClocks: number, clockHz: number, initialised: boolean): string {
  if (powerUpClocks < POWER_UP_CLOCKS) return 'before 74 clocks without chip select, [SD] 6.4.1.1';
  const limitHz = initialised ? TRANSFER_HZ : IDENTIFICATION_HZ;
  return clockHz > limitHz ? `at ${clockHz} Hz, more than ${limitHz} Hz` : '';
}

/**
 * Whether CMD12's response may meet the beginning of a block ([SD] 7.5.2.2, full edition): it can't when CMD12 ends with
 * a block, or begins after a token. `began` and `state`: the card's at CMD12's first and last byte; `isLate`: the block
 * ended before CMD12 did; `delayBytes`: to the next block.
 */
export function stopMeetsBlock(began: State, state: State, isLate: boolean, delayBytes: number): boolean {
  if (began === State.send) return isLate;
  if (began === State.fetch) return state !== State.fetch || delayBytes <= 1 + NCR_BYTES;
  return false;
}
