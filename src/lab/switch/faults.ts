/** What goes wrong on a cable, and which cables it goes wrong on. */

export interface Faults {
  /** Probability that a frame is lost. */
  readonly loss: number;
  /** Probability that a frame is held back until others have overtaken it. */
  readonly reorder: number;
  /** Probability that a frame arrives twice. */
  readonly duplicate: number;
  /** Probability that one bit of a frame is flipped, at most one on all of its way. */
  readonly corrupt: number;
  /** How long every frame takes, in milliseconds. */
  readonly delayMs: number;
}

export const NO_FAULTS: Faults = Object.freeze({ loss: 0, reorder: 0, duplicate: 0, corrupt: 0, delayMs: 0 });

/** Which ports have faults: the client's, the boards', or every one. */
export type FaultsOn = 'client' | 'boards' | 'all';

/** The names that a lab gives its ports. */
export const CLIENT_PORT = 'client';
const BOARD_PORT = /^board-\d+$/;

export function isBoardPort(name: string): boolean {
  return BOARD_PORT.test(name);
}

/** Whether the port `name` is one of those. */
export function hasFaults(name: string, faultsOn: FaultsOn): boolean {
  if (faultsOn === 'all') return true;
  return faultsOn === 'client' ? name === CLIENT_PORT : isBoardPort(name);
}
