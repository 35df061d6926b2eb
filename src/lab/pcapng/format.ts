/**
 * What of the pcapng file format (draft-ietf-opsawg-pcapng) the writer and the reader share. Blocks are multiples
 * of 4 bytes and state their length at both ends, so that a file can be read backwards:
 *
 *   0 type   4 total length   8 body, options   total - 4 total length
 *
 * An option is a code (2), a length (2) and a value, padded to 4 bytes; code 0 ends the list.
 */

export const BlockType = Object.freeze({
  section: 0x0a0d_0d0a,
  interface: 1,
  enhancedPacket: 6,
} as const);

/** Reads the same only in the byte order it was written in. */
export const BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
/** Block type and the two total lengths. */
export const BLOCK_OVERHEAD_BYTES = 12;
export const OPTION_HEADER_BYTES = 4;
export const LINKTYPE_ETHERNET = 1;

export const OptionCode = Object.freeze({
  end: 0,
  sectionUserApplication: 4,
  interfaceName: 2,
  interfaceTimestampResolution: 9,
  packetFlags: 2,
} as const);

/** Of the interface's view: what came in from the wire, what went out to it. Bits 0 and 1 of epb_flags. */
export type Direction = 'inbound' | 'outbound';
export const DIRECTION_MASK = 3;
export const DIRECTION_INBOUND = 1;
export const DIRECTION_OUTBOUND = 2;

/** Bytes with their padding. */
export function padded(bytes: number): number {
  return (bytes + 3) & ~3;
}
