/**
 * Memory for sendmmsg and recvmmsg: as many slots as frames may wait, each with its struct mmsghdr, struct iovec
 * and, if wanted, struct sockaddr_in, laid out once. Per frame only a length changes.
 */
import { libc, type MessageLayout } from './libc.js';

export const SOCKADDR_IN_BYTES = 16;
/** struct iovec's own and cache-line alignment both divide it. */
const SLOT_ALIGNMENT = 64;

export class MessageVector {
  readonly count: number;
  readonly slotBytes: number;
  /** The frames: slot i starts at i · slotBytes. */
  readonly frames: Uint8Array;
  /** One sockaddr_in a slot, as 32-bit words (family and port, address); empty without names. */
  readonly names: Uint32Array;

  readonly #layout: MessageLayout;
  readonly #messages: Uint32Array;
  readonly #messagesAddress: number;
  readonly #entriesAt: number;

  constructor(count: number, frameBytes: number, withNames: boolean) {
    const c = libc();
    const layout = c.layout;
    this.#layout = layout;
    this.count = count;
    this.slotBytes = Math.ceil(frameBytes / SLOT_ALIGNMENT) * SLOT_ALIGNMENT;
    // Explicit ArrayBuffers, because V8 keeps small typed arrays in its heap, where they move.
    this.frames = new Uint8Array(new ArrayBuffer(count * this.slotBytes));
    this.names = new Uint32Array(new ArrayBuffer(withNames ? count * SOCKADDR_IN_BYTES : 0));
    this.#entriesAt = count * layout.messageBytes;
    this.#messages = new Uint32Array(new ArrayBuffer(this.#entriesAt + count * layout.vectorEntryBytes));
    this.#messagesAddress = c.addressOf(new Uint8Array(this.#messages.buffer));

    const framesAddress = c.addressOf(this.frames);
    const namesAddress = withNames ? c.addressOf(new Uint8Array(this.names.buffer)) : 0;
    for (let i = 0; i < count; i++) {
      const message = i * layout.messageBytes;
      const entry = this.#entriesAt + i * layout.vectorEntryBytes;
      this.#putPointer(message + layout.vector, this.#messagesAddress + entry);
      this.#putWord(message + layout.vectorCount, 1);
      this.#putPointer(entry, framesAddress + i * this.slotBytes);
      this.setLength(i, this.slotBytes);
      if (withNames) this.#putPointer(message + layout.name, namesAddress + i * SOCKADDR_IN_BYTES);
      this.resetName(i);
    }
  }

  /** The address of slot i's struct mmsghdr. */
  addressOf(i: number): number {
    return this.#messagesAddress + i * this.#layout.messageBytes;
  }

  /** Sets how many bytes of slot i are sent. */
  setLength(i: number, bytes: number): void {
    this.#putWord(
      this.#entriesAt + i * this.#layout.vectorEntryBytes + this.#layout.vectorEntryLength,
      bytes,
    );
  }

  /** How many bytes came into slot i. */
  receivedBytes(i: number): number {
    return this.#messages[(i * this.#layout.messageBytes + this.#layout.receivedBytes) >>> 2]!;
  }

  /** recvmmsg overwrites the size of the name with what it wrote: makes slot i ready for the next. */
  resetName(i: number): void {
    const bytes = this.names.length === 0 ? 0 : SOCKADDR_IN_BYTES;
    this.#putWord(i * this.#layout.messageBytes + this.#layout.nameBytes, bytes);
  }

  /** The low word of a field; the high word of a size is never anything but 0. */
  #putWord(at: number, value: number): void {
    this.#messages[at >>> 2] = value;
  }

  #putPointer(at: number, address: number): void {
    this.#messages[at >>> 2] = address % 0x1_0000_0000;
    if (this.#layout.pointerBytes === 8) this.#messages[(at >>> 2) + 1] = Math.floor(address / 0x1_0000_0000);
  }
}
