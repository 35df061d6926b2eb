/**
 * Which frames socket 0 takes in MACRAW mode: [DS] 4.2 Sn_MR bits 7 to 4, and [OBS], see w5500-model.ts, for
 * multicast.
 */
import { equal } from '../../../src/wire/byte-loops.js';

/** Only frames to SHAR, broadcast and IP multicast. */
const MFEN = 1 << 7;
/** No broadcast. */
const BCASTB = 1 << 6;
/** No multicast, that of IPv6 excepted. */
const MMB = 1 << 5;
/** No IPv6 packets. */
const MIP6B = 1 << 4;

const ETHERTYPE = 12;
const ETHERTYPE_IPV6 = 0x86dd;

/** @param mode Sn_MR */
export function passesMacFilter(mode: number, macAddress: Uint8Array, b: Uint8Array, at: number): boolean {
  if (mode & MIP6B && ((b[at + ETHERTYPE]! << 8) | b[at + ETHERTYPE + 1]!) === ETHERTYPE_IPV6) return false;
  if ((b[at]! & 1) === 0) return !(mode & MFEN) || equal(b, at, macAddress, 0, 6);
  if (isBroadcast(b, at)) return !(mode & BCASTB);
  if (b[at] === 0x33 && b[at + 1] === 0x33) return true;
  if (mode & MMB) return false;
  return !(mode & MFEN) || (b[at] === 0x01 && b[at + 1] === 0x00 && b[at + 2] === 0x5e);
}

function isBroadcast(b: Uint8Array, at: number): boolean {
  for (let i = 0; i < 6; i++) if (b[at + i] !== 0xff) return false;
  return true;
}
