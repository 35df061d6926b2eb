/**
 * Big-endian reads and writes of unsigned integers: the only place where wire and volume code touches
 * single bytes of a multi-byte field. Numbers of 64-bit fields stay below 2^53 and are plain numbers.
 */

export { get16, get32, get64, put16, put32, put64 } from './byte-loops.js';

export const U32 = 0x1_0000_0000;

/** An "unknown" or "to the end" 64-bit field: all ones on the wire, -1 in code. */
export const UNKNOWN_U64 = -1;
