/**
 * Bodies of the frames that find boards and open sessions. Offsets from the start of the body.
 *
 *   discover         0 front-end nonce (16)
 *   announce         0 front-end nonce, echoed (16)   16 board nonce (16)   32 board facts (48)
 *   session open     0 front-end nonce (16)   16 board nonce (16)   32 heartbeat interval, ms (2)   34 zero (2)
 *   session accept   0 front-end nonce (16)   16 board nonce (16)
 *
 *   board facts      0 firmware version (4)   4 lowest and highest ATCP version (1, 1)   6 delegation slots (2)
 *                    8 volume id (16)   24 volume generation (8)   32 volume sectors (8)   40 card state (1)
 *                    41 zero (7)
 */
export const DISCOVER_BYTES = 16;
export const ANNOUNCE_BYTES = 80;
export const SESSION_OPEN_BYTES = 36;
export const SESSION_ACCEPT_BYTES = 32;

export const FRONT_END_NONCE = 0;
export const BOARD_NONCE = 16;
export const BOARD_FACTS = 32;
export const HEARTBEAT_INTERVAL = 32;

export const BoardFact = Object.freeze({
  firmwareVersion: 0,
  lowestVersion: 4,
  highestVersion: 5,
  slots: 6,
  volumeId: 8,
  volumeGeneration: 24,
  volumeSectors: 32,
  cardState: 40,
} as const);

export const CardState = Object.freeze({ absent: 0, opening: 1, noVolume: 2, ready: 3, failed: 4 } as const);
export type CardState = (typeof CardState)[keyof typeof CardState];
