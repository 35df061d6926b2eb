/**
 * What a transfer will be like: blksize (RFC 2348), timeout and tsize (RFC 2349), windowsize (RFC 7440). An option
 * that is unknown, or whose value can't be, is left out of the answer, and so is as if it had not been asked for
 * (RFC 2347).
 */
import type { TftpConfiguration } from './configuration.js';
import { DATA_HEADER_BYTES } from './packets.js';

export interface TransferTerms {
  readonly blockBytes: number;
  readonly windowBlocks: number;
  /** How long to wait for an acknowledgment; undefined when the client leaves it to the server. */
  readonly timeoutMs: number | undefined;
  /** What the OACK says, in the order of the request; empty: there is none. */
  readonly accepted: readonly (readonly [name: string, value: string])[];
}

const DEFAULT_BLOCK_BYTES = 512;
const MIN_BLOCK_BYTES = 8;
const MAX_BLOCK_BYTES = 65_464;
const MAX_TIMEOUT_S = 255;
const MAX_WINDOW_BLOCKS = 0xffff;

/** `payloadBytes`: what a datagram to the client carries at most. */
export function negotiate(
  options: ReadonlyMap<string, string>,
  sizeBytes: number,
  payloadBytes: number,
  configuration: TftpConfiguration,
): TransferTerms {
  const room = Math.min(configuration.maxBlockBytes, payloadBytes - DATA_HEADER_BYTES);
  let blockBytes = Math.min(DEFAULT_BLOCK_BYTES, room);
  let windowBlocks = 1;
  let timeoutMs: number | undefined;
  const accepted: [string, string][] = [];
  for (const [name, text] of options) {
    if (name === 'blksize') {
      const asked = wholeNumber(text, MIN_BLOCK_BYTES, MAX_BLOCK_BYTES);
      if (asked === undefined) continue;
      blockBytes = Math.min(asked, room);
      accepted.push([name, String(blockBytes)]);
    } else if (name === 'windowsize') {
      const asked = wholeNumber(text, 1, MAX_WINDOW_BLOCKS);
      if (asked === undefined) continue;
      windowBlocks = Math.min(asked, configuration.maxWindowBlocks);
      accepted.push([name, String(windowBlocks)]);
    } else if (name === 'timeout') {
      const asked = wholeNumber(text, 1, MAX_TIMEOUT_S);
      if (asked === undefined) continue;
      timeoutMs = asked * 1000;
      accepted.push([name, String(asked)]);
    } else if (name === 'tsize') {
      // Of an empty object it is left out: curl (7.88) takes 0 for an error.
      if (wholeNumber(text, 0, Number.MAX_SAFE_INTEGER) === undefined || sizeBytes === 0) continue;
      accepted.push([name, String(sizeBytes)]);
    }
  }
  return { blockBytes, windowBlocks, timeoutMs, accepted };
}

function wholeNumber(text: string, low: number, high: number): number | undefined {
  if (!/^[0-9]{1,15}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= low && value <= high ? value : undefined;
}
