/**
 * What a SYN and its SYN-ACK agree on: the options of both, in one place for the handshake that remembers
 * ({@link Handshake}) and for the one that does not ({@link StatelessHandshake}).
 */
import { IPV4_HEADER_BYTES } from '../../wire/ipv4.js';
import { IPV6_HEADER_BYTES } from '../../wire/ipv6.js';
import {
  DEFAULT_MSS,
  DEFAULT_MSS_IPV6,
  TCP_HEADER_BYTES,
  TIMESTAMPS_OPTION_BYTES,
  emitMssOption,
  emitSackPermittedOption,
  emitTimestampsOption,
  emitWindowScaleOption,
} from '../../wire/tcp.js';
import type { IpAddress } from '../link/ip-address.js';
import type { Path } from '../link/path.js';
import { windowShift } from './receiver.js';
import type { Segment } from './segment.js';
import type { TcpSettings } from './settings.js';

export interface Agreement {
  /** The smaller MSS of both. */
  readonly mss: number;
  /** The client's window scale; -1 when it offers none. */
  readonly remoteShift: number;
  readonly sack: boolean;
  /** RFC 7323 3.2. */
  readonly timestamps: boolean;
}

/** A smaller MSS is taken for this one: it would only serve to make us send many small segments. */
export const SMALLEST_MSS = 48;

/** The MSS that we name: what fits our link without options (RFC 6691), in the family of our address. */
export function ownMss(localAddress: IpAddress, settings: TcpSettings): number {
  const ipBytes = localAddress.isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  return settings.mtuBytes - ipBytes - TCP_HEADER_BYTES;
}

/** The window of a SYN-ACK is never scaled (RFC 7323 2.2). */
export function synAckWindow(settings: TcpSettings): number {
  return Math.min(0xffff, settings.receiveBufferBytes);
}

/** What the client's SYN leads to. */
export function agree({ options, localAddress }: Segment, settings: TcpSettings): Agreement {
  const theirMss = options.mss || (localAddress.isIpv4 ? DEFAULT_MSS : DEFAULT_MSS_IPV6);
  return {
    mss: Math.min(Math.max(theirMss, SMALLEST_MSS), ownMss(localAddress, settings)),
    remoteShift: options.windowScale,
    sack: options.sackPermitted && settings.sack,
    timestamps: options.hasTimestamps && settings.timestamps,
  };
}

/** Largest payload of a segment, in bytes: what is left of the MSS beside options on every segment (RFC 6691 2). */
export function payloadBytesOf({ mss, timestamps }: Agreement): number {
  return timestamps ? mss - TIMESTAMPS_OPTION_BYTES : mss;
}

/** Writes the options of the SYN-ACK to `b`; returns their size. TSval and TSecr only count when agreed. */
export function emitSynAckOptions(
  b: Uint8Array,
  agreement: Agreement,
  { localAddress }: Path,
  settings: TcpSettings,
  tsVal: number,
  tsEcr: number,
): number {
  let bytes = emitMssOption(b, 0, ownMss(localAddress, settings));
  if (agreement.remoteShift >= 0)
    bytes += emitWindowScaleOption(b, bytes, windowShift(settings.receiveBufferBytes));
  if (agreement.sack) bytes += emitSackPermittedOption(b, bytes);
  if (agreement.timestamps) bytes += emitTimestampsOption(b, bytes, tsVal, tsEcr);
  return bytes;
}
