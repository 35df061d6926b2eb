import { UNIT_BYTES } from '../volume/limits.js';

const UNIT_SHIFT = Math.log2(UNIT_BYTES);
const U32 = 2 ** 32;

/** The unit that holds a byte of an object. Shifted where that can be: on XS `Math.floor` costs five times as much. */
export function unitOf(at: number): number {
  return at < U32 ? at >>> UNIT_SHIFT : Math.floor(at / UNIT_BYTES);
}
