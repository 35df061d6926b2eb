/**
 * What a SYN and its SYN-ACK agree on: the options of both, in one place for the handshake that remembers
 * ({@link Handshake}) and for the one that does not ({@link StatelessHandshake}).
 */
import { IPV4_HEADER_BYTES } from '../../wire/ipv4.js';
import {
  DEFAULT_MSS,
  TCP_HEADER_BYTES,
  emitMssOption,
  emitSackPermittedOption,
  emitWindowScaleOption,
  type TcpOptions,
} from '../../wire/tcp.js';
import { windowShift } from './receiver.js';
import type { TcpSettings } from './settings.js';

export interface Agreement {
  /** Largest payload of a segment, in bytes. */
  readonly segmentBytes: number;
  /** The client's window scale; -1 when it offers none. */
  readonly remoteShift: number;
  readonly sack: boolean;
}

/** A smaller MSS is taken for this one: it would only serve to make us send many small segments. */
export const SMALLEST_MSS = 48;

/** The MSS that we name: what fits our link without options (RFC 6691). */
export function ownMss(settings: TcpSettings): number {
  return settings.mtuBytes - IPV4_HEADER_BYTES - TCP_HEADER_BYTES;
}

/** The window of a SYN-ACK is never scaled (RFC 7323 2.2). */
export function synAckWindow(settings: TcpSettings): number {
  return Math.min(0xffff, settings.receiveBufferBytes);
}

/** `options`: of the client's SYN. */
export function agree(options: TcpOptions, settings: TcpSettings): Agreement {
  return {
    segmentBytes: Math.min(Math.max(options.mss || DEFAULT_MSS, SMALLEST_MSS), ownMss(settings)),
    remoteShift: options.windowScale,
    sack: options.sackPermitted && settings.sack,
  };
}

/** Writes the options of the SYN-ACK to `b`; returns their size. */
export function emitSynAckOptions(b: Uint8Array, agreement: Agreement, settings: TcpSettings): number {
  let bytes = emitMssOption(b, 0, ownMss(settings));
  if (agreement.remoteShift >= 0)
    bytes += emitWindowScaleOption(b, bytes, windowShift(settings.receiveBufferBytes));
  if (agreement.sack) bytes += emitSackPermittedOption(b, bytes);
  return bytes;
}
