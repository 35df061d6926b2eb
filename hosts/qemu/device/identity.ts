/**
 * Who an emulated board is: what `atcp provision` writes to a real one, here a line of hexadecimal digits that QEMU
 * passes by semihosting. The layout, all big-endian:
 *
 *   0 version 2 (1)   1 number of sources   2 board id (4)   6 EtherType (2)   8 MAC address (6)
 *   14 board key (16)   30 seed of the random generator (16)   46 sources: first port (2), last port (2), address length (1), address (16)
 */
import type { Provisioning, PseudoSource } from '../../../src/back-end/ports.js';
import { copy, fill } from '../../../src/wire/byte-loops.js';
import { get16, get32, put16, put32 } from '../../../src/wire/bytes.js';

const VERSION = 2;
const SOURCES_AT = 46;
const SOURCE_BYTES = 21;
const KEY_BYTES = 16;
const MAC_BYTES = 6;
export const SOURCES_MAX = 16;
export const IDENTITY_MAX_BYTES = SOURCES_AT + SOURCES_MAX * SOURCE_BYTES;

export interface Identity {
  readonly provisioning: Provisioning;
  /** Six bytes. */
  readonly macAddress: Uint8Array;
  /** 16 bytes. */
  readonly seed: Uint8Array;
}

/** The bytes that {@link decodeIdentity} reads. Throws a RangeError when there are too many sources. */
export function encodeIdentity(identity: Identity): Uint8Array {
  const { boardId, boardKey, etherType, pseudoSources } = identity.provisioning;
  if (pseudoSources.length > SOURCES_MAX) {
    throw new RangeError(`an emulated board can be told ${SOURCES_MAX} sources, not ${pseudoSources.length}`);
  }
  const b = new Uint8Array(SOURCES_AT + pseudoSources.length * SOURCE_BYTES);
  b[0] = VERSION;
  b[1] = pseudoSources.length;
  put32(b, 2, boardId);
  put16(b, 6, etherType);
  copy(identity.macAddress, 0, b, 8, MAC_BYTES);
  copy(boardKey, 0, b, 14, KEY_BYTES);
  copy(identity.seed, 0, b, 30, KEY_BYTES);
  pseudoSources.forEach((source, i) => {
    const at = SOURCES_AT + i * SOURCE_BYTES;
    put16(b, at, source.port);
    put16(b, at + 2, source.lastPort ?? source.port);
    b[at + 4] = source.address.length;
    fill(b, at + 5, SOURCE_BYTES - 5, 0);
    copy(source.address, 0, b, at + 5, source.address.length);
  });
  return b;
}

/** Throws an Error when the bytes are no identity. */
export function decodeIdentity(b: Uint8Array, length: number): Identity {
  const count = b[1]!;
  if (length < SOURCES_AT || b[0] !== VERSION || length !== SOURCES_AT + count * SOURCE_BYTES) {
    throw new Error('the board was not told who it is: start it with hosts/qemu/launch.ts');
  }
  const pseudoSources: PseudoSource[] = [];
  for (let i = 0; i < count; i++) {
    const at = SOURCES_AT + i * SOURCE_BYTES;
    const address = b.slice(at + 5, at + 5 + b[at + 4]!);
    const port = get16(b, at);
    const lastPort = get16(b, at + 2);
    pseudoSources.push(lastPort === port ? { port, address } : { port, lastPort, address });
  }
  return {
    provisioning: {
      boardId: get32(b, 2),
      boardKey: b.slice(14, 14 + KEY_BYTES),
      etherType: get16(b, 6),
      pseudoSources,
    },
    macAddress: b.slice(8, 8 + MAC_BYTES),
    seed: b.slice(30, 30 + KEY_BYTES),
  };
}

/** Reads hexadecimal digits in place: two ASCII digits become a byte. Returns the number of bytes. */
export function decodeHex(b: Uint8Array, length: number): number {
  const bytes = length >> 1;
  for (let i = 0; i < bytes; i++) b[i] = (digit(b[2 * i]!) << 4) | digit(b[2 * i + 1]!);
  return bytes;
}

function digit(ascii: number): number {
  return ascii <= 0x39 ? ascii - 0x30 : (ascii | 0x20) - 0x61 + 10;
}
