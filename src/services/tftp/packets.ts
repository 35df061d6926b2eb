/**
 * TFTP's packets (RFC 1350 5; options RFC 2347), without those that only a writing client sends:
 *
 *   RRQ    0 opcode 1 (2)   2 name, 0   mode, 0   then any number of: option, 0, value, 0
 *   DATA   0 opcode 3 (2)   2 block (2)   4 data
 *   ACK    0 opcode 4 (2)   2 block (2)
 *   ERROR  0 opcode 5 (2)   2 code (2)   4 message, 0
 *   OACK   0 opcode 6 (2)   2 option, 0, value, 0, …
 */
export const TftpOpcode = Object.freeze({ rrq: 1, wrq: 2, data: 3, ack: 4, error: 5, oack: 6 } as const);

export const TftpErrorCode = Object.freeze({
  notDefined: 0,
  fileNotFound: 1,
  accessViolation: 2,
  illegalOperation: 4,
  unknownTransfer: 5,
  /** RFC 2347. */
  badOptions: 8,
} as const);
export type TftpErrorCode = (typeof TftpErrorCode)[keyof typeof TftpErrorCode];

/** Opcode and block number in front of the data. */
export const DATA_HEADER_BYTES = 4;
/** RFC 2347: a request fits a packet of so many bytes. */
const MAX_REQUEST_BYTES = 512;

export interface ReadRequest {
  /** As the client spelt it. */
  readonly name: string;
  /** In lower case. */
  readonly mode: string;
  /** By name in lower case. */
  readonly options: ReadonlyMap<string, string>;
}

export class RequestError extends Error {
  readonly code: TftpErrorCode;

  constructor(code: TftpErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function opcodeOf(packet: Buffer): number {
  return packet.length < 2 ? 0 : packet.readUInt16BE(0);
}

/** Block of an ACK; undefined when it is none. */
export function acknowledgedBlock(packet: Buffer): number | undefined {
  if (packet.length < 4 || opcodeOf(packet) !== TftpOpcode.ack) return undefined;
  return packet.readUInt16BE(2);
}

/** Reads an RRQ. Throws a {@link RequestError}. */
export function parseReadRequest(packet: Buffer): ReadRequest {
  if (packet.length > MAX_REQUEST_BYTES)
    throw new RequestError(
      TftpErrorCode.illegalOperation,
      `a request has at most ${MAX_REQUEST_BYTES} bytes`,
    );
  const texts = splitTexts(packet.subarray(2));
  const [name, mode] = texts;
  if (name === undefined || mode === undefined || texts.length % 2 !== 0)
    throw new RequestError(TftpErrorCode.illegalOperation, 'malformed request');
  const options = new Map<string, string>();
  for (let i = 2; i < texts.length; i += 2) {
    const option = texts[i]!.toLowerCase();
    if (options.has(option))
      throw new RequestError(TftpErrorCode.badOptions, `option ${printable(option)} twice`);
    options.set(option, texts[i + 1]!);
  }
  return { name, mode: mode.toLowerCase(), options };
}

/** Texts that each end with a zero byte; none at all when the last one does not. */
function splitTexts(b: Buffer): string[] {
  if (b.length === 0 || b[b.length - 1] !== 0) return [];
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const texts: string[] = [];
  for (let at = 0; at < b.length;) {
    const end = b.indexOf(0, at);
    try {
      texts.push(decoder.decode(b.subarray(at, end)));
    } catch {
      throw new RequestError(TftpErrorCode.illegalOperation, 'names are written in UTF-8');
    }
    at = end + 1;
  }
  return texts;
}

/** For messages: what a terminal should not see is left out. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 64);
}

export function errorPacket(code: TftpErrorCode, message: string): Buffer {
  return Buffer.concat([header(TftpOpcode.error, code), Buffer.from(`${message}\0`)]);
}

export function optionsPacket(options: readonly (readonly [string, string])[]): Buffer {
  const texts = options.map(([name, value]) => `${name}\0${value}\0`).join('');
  const opcode = Buffer.alloc(2);
  opcode.writeUInt16BE(TftpOpcode.oack);
  return Buffer.concat([opcode, Buffer.from(texts)]);
}

/** DATA without data: the last block of an object that ends with a full one. */
export function emptyBlock(block: number): Buffer {
  return header(TftpOpcode.data, block & 0xffff);
}

/** In front of a board's blocks; the number is the board's to fill in. */
export const DATA_HEADER: Uint8Array = header(TftpOpcode.data, 0);

function header(opcode: number, value: number): Buffer {
  const b = Buffer.alloc(DATA_HEADER_BYTES);
  b.writeUInt16BE(opcode, 0);
  b.writeUInt16BE(value, 2);
  return b;
}
