/**
 * NIC controller 32 (Fig. 11): which frames are ours, and what waits to be sent. Knows nothing of what ATCP
 * frames say.
 */
import { equal, fill } from '../wire/byte-loops.js';
import { ETHERNET_HEADER_BYTES, ETHERNET_MIN_BYTES, etherType, MAC_BYTES } from '../wire/ethernet.js';
import type { Counters } from './counters.js';
import { FRAME_BYTES } from './limits.js';
import type { MemoryController } from './memory-controller.js';
import { PortStatus } from './ports.js';
import type { NicPort } from './ports.js';

/** {@link NicController.receive}: a frame came, and it is not ours. */
export const FOREIGN = -1;

export class NicController {
  /** Length of the ATCP frame that waits for room; the next one can be written when it is 0. */
  waitingBytes = 0;
  readonly #port: NicPort;
  readonly #etherType: number;
  readonly #receiveFrame: Uint8Array;
  readonly #controlFrame: Uint8Array;
  readonly #pseudoFrame: Uint8Array;
  readonly #counters: Counters;
  readonly #broadcast = new Uint8Array(MAC_BYTES).fill(0xff);
  /** Since a frame was taken. */
  #refusals = 0;
  /** When the NIC was last seen to take what it is given. */
  #movingUs = 0;

  constructor(port: NicPort, etherTypeOfLink: number, memory: MemoryController, counters: Counters) {
    this.#port = port;
    this.#etherType = etherTypeOfLink;
    this.#receiveFrame = memory.receiveFrame;
    this.#controlFrame = memory.controlFrame;
    this.#pseudoFrame = memory.pseudoFrame;
    this.#counters = counters;
  }

  get macAddress(): Uint8Array {
    return this.#port.macAddress;
  }

  /** The largest frame that the NIC segments itself, 0 when it can't. */
  get superFrameBytes(): number {
    return this.#port.transmitSegments === undefined ? 0 : this.#port.segmentationBytes;
  }

  get broadcast(): Uint8Array {
    return this.#broadcast;
  }

  /** Opens the chip; true when that is done. What waited is dropped: all of it is stated again. */
  open(nowUs: number): boolean {
    this.waitingBytes = 0;
    this.#refusals = 0;
    this.#movingUs = nowUs;
    return this.#port.open(nowUs) === PortStatus.ok;
  }

  /** Without a link nothing can be sent: that is no fault of the NIC. */
  linkUp(): boolean {
    const up = this.#port.linkUp();
    if (!up) this.#refusals = 0;
    return up;
  }

  /** True when the NIC has refused frames, and taken none, for `stallUs`; to be asked from time to time. */
  stalled(nowUs: number, stallUs: number): boolean {
    if (this.#refusals === 0) this.#movingUs = nowUs;
    return nowUs - this.#movingUs >= stallUs;
  }

  /** Fetches one frame to the receive frame: its length when it is ours, {@link FOREIGN}, or 0 when none came. */
  receive(): number {
    const frame = this.#receiveFrame;
    const length = this.#port.receive(frame, 0, FRAME_BYTES);
    if (length === 0) return 0;
    this.#counters.framesReceived++;
    if (length < ETHERNET_HEADER_BYTES || etherType(frame, 0) !== this.#etherType || !this.#isForUs(frame)) {
      this.#counters.framesForeign++;
      return FOREIGN;
    }
    return length;
  }

  #isForUs(frame: Uint8Array): boolean {
    return (
      equal(frame, 0, this.#port.macAddress, 0, MAC_BYTES) || equal(frame, 0, this.#broadcast, 0, MAC_BYTES)
    );
  }

  /** Sends the control frame; when there is no room it waits for {@link flush}. */
  sendControl(length: number): void {
    this.waitingBytes = padded(this.#controlFrame, length);
    this.flush();
  }

  /** Tries again to send what waits. */
  flush(): void {
    if (this.waitingBytes === 0) return;
    if (!this.#port.transmit(this.#controlFrame, 0, this.waitingBytes)) {
      this.#refuse();
      return;
    }
    this.waitingBytes = 0;
    this.#refusals = 0;
    this.#counters.framesSent++;
  }

  /**
   * Hands the pseudo frame to the NIC; false when there is no room, or while an ATCP frame waits, since what an
   * ATCP frame says comes before the bytes that it speaks of.
   */
  sendPseudo(length: number): boolean {
    if (this.waitingBytes !== 0) return false;
    const frame = this.#pseudoFrame;
    const bytes = length < ETHERNET_MIN_BYTES ? padded(frame, length) : length;
    if (!this.#port.transmit(frame, 0, bytes)) return this.#refuse();
    if (this.#refusals !== 0) this.#refusals = 0;
    return true;
  }

  /** The same for a packet that the NIC is to cut into segments of `segmentBytes`. */
  sendSuper(length: number, l4Offset: number, payloadOffset: number, segmentBytes: number): boolean {
    if (this.waitingBytes !== 0) return false;
    const frame = this.#pseudoFrame;
    if (!this.#port.transmitSegments!(frame, 0, length, l4Offset, payloadOffset, segmentBytes)) {
      return this.#refuse();
    }
    this.#refusals = 0;
    return true;
  }

  #refuse(): false {
    this.#counters.nicBusy++;
    this.#refusals++;
    return false;
  }
}

/** Ethernet's shortest frame: zeros behind a shorter one. */
function padded(frame: Uint8Array, length: number): number {
  if (length >= ETHERNET_MIN_BYTES) return length;
  fill(frame, length, ETHERNET_MIN_BYTES - length, 0);
  return ETHERNET_MIN_BYTES;
}
