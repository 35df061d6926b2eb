/** Puts ATCP messages into Ethernet frames, seals them and hands them to the link: one frame at a time, one buffer. */
import { FrameAuthenticator } from '../../wire/atcp/authentication.js';
import { ATCP_HEADER_BYTES, ATCP_MAX_BYTES, emitAtcp, type AtcpType } from '../../wire/atcp/header.js';
import { fill } from '../../wire/byte-loops.js';
import {
  emitEthernet,
  ETHERNET_HEADER_BYTES,
  ETHERNET_MAX_BYTES,
  ETHERNET_MIN_BYTES,
} from '../../wire/ethernet.js';
import type { Transmit } from '../link/transmit.js';
import type { DelegationCounters } from './counters.js';

/** Where the body of a message lies within {@link FrameSender.frame}. */
export const BODY = ETHERNET_HEADER_BYTES + ATCP_HEADER_BYTES;
/** Largest body. */
export const BODY_BYTES = ATCP_MAX_BYTES - ATCP_HEADER_BYTES;

export const BROADCAST_MAC: Uint8Array = new Uint8Array(6).fill(0xff);

export interface FrameSenderOptions {
  /** Six bytes: the front-end's own on the data link. */
  readonly macAddress: Uint8Array;
  readonly etherType: number;
  readonly epoch: number;
  readonly transmit: Transmit;
  readonly counters: DelegationCounters;
}

export class FrameSender {
  /** The caller writes the body from {@link BODY}, then sends. */
  readonly frame = new Uint8Array(ETHERNET_MAX_BYTES);
  readonly #options: FrameSenderOptions;
  readonly #authenticator = new FrameAuthenticator();

  constructor(options: FrameSenderOptions) {
    this.#options = options;
  }

  /** Without a key the message goes out with a zero tag (`discover` only). */
  send(
    destination: Uint8Array,
    type: AtcpType,
    keyId: number,
    bodyBytes: number,
    boardId: number,
    sequence: number,
    key?: Uint8Array,
  ): void {
    const { macAddress, etherType, epoch, transmit, counters } = this.#options;
    const b = this.frame;
    const length = ATCP_HEADER_BYTES + bodyBytes;
    emitEthernet(b, 0, destination, macAddress, etherType);
    emitAtcp(b, ETHERNET_HEADER_BYTES, type, keyId, length, boardId, epoch, sequence);
    if (key !== undefined) this.#authenticator.seal(b, ETHERNET_HEADER_BYTES, key);
    let frameBytes = ETHERNET_HEADER_BYTES + length;
    if (frameBytes < ETHERNET_MIN_BYTES) {
      fill(b, frameBytes, ETHERNET_MIN_BYTES - frameBytes, 0);
      frameBytes = ETHERNET_MIN_BYTES;
    }
    if (transmit(b, 0, frameBytes)) counters.framesSent++;
    else counters.framesRefused++;
  }
}
