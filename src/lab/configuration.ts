/** What a laboratory is made of: the contract between the outside (`lab.ts`) and the inside (`sandbox.ts`). */

import type { Faults, FaultsOn } from './switch/faults.js';

export type BoardKind = 'xs' | 'node' | 'qemu';
export const BOARD_KINDS: readonly BoardKind[] = ['xs', 'node', 'qemu'];

export type WebMode = 'decoded' | 'relayed';

export type SwitchKind = 'virtual' | 'bridge';

export const LAB_ADDRESS = Object.freeze({
  vip: '10.77.0.10',
  client: '10.77.0.100',
  prefixBits: 24,
  vip6: 'fd77::10',
  client6: 'fd77::100',
  prefixBits6: 64,
  vipMac: '02:a7:c9:00:00:10',
  clientMac: '02:a7:c9:00:00:c1',
  webPort: 80,
  tftpPort: 69,
  streamPort: 5_004,
} as const);

export function boardMac(id: number): string {
  return `02:a7:c9:00:01:${id.toString(16).padStart(2, '0')}`;
}

/** Loopback ports of the datagram cable between a board and the switch, inside the laboratory's namespace. */
export function boardCable(id: number): { switchPort: number; boardPort: number } {
  return { switchPort: 40_000 + 2 * id, boardPort: 40_001 + 2 * id };
}

export interface LabBoard {
  readonly id: number;
  readonly kind: BoardKind;
  /** The image of the board's card. */
  readonly image: string;
}

/** A board that loses its power while the command runs. */
export interface BoardKill {
  readonly board: number;
  /** From the start of the command. */
  readonly afterMs: number;
}

export interface LabConfiguration {
  /** A folder of the laboratory's own; it goes when the laboratory ends. */
  readonly directory: string;
  readonly boards: readonly LabBoard[];
  /** 32 hexadecimal digits; every board's key is derived from it. */
  readonly secret: string;
  readonly switch: SwitchKind;
  readonly faults: Faults;
  readonly faultsOn: FaultsOn;
  readonly rateMbit: number | undefined;
  readonly seed: number;
  readonly pcap: string | undefined;
  /** Who makes the web's answers: the front-end, or a board's own responder. */
  readonly webMode: WebMode;
  /** The front-end agrees to TCP timestamps (RFC 7323). */
  readonly timestamps: boolean;
  readonly kills: readonly BoardKill[];
  /** Print what the parts of the laboratory say. */
  readonly verbose: boolean;
  readonly command: readonly string[];
}
