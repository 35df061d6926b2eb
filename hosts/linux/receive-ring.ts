/**
 * A TPACKET_V2 receive ring [TP2: the kernel's Documentation/networking/packet_mmap.rst, linux/if_packet.h]: memory
 * shared with the kernel, one slot a frame. A slot begins with struct tpacket2_hdr:
 *
 *   0 tp_status   4 tp_len   8 tp_snaplen   12 tp_mac (2)   14 tp_net (2)   16 tp_sec   20 tp_nsec
 *   24 tp_vlan_tci (2)   26 tp_vlan_tpid (2)   28 padding (4)   32 struct sockaddr_ll   then, at tp_mac, the frame
 *
 * V3 rings gather frames in blocks and hand them over on a timer of their own, which costs about 1 ms of latency.
 */

export const TPACKET_V2 = 1;
/** TPACKET2_HDRLEN: struct tpacket2_hdr and struct sockaddr_ll. */
export const TPACKET2_HEADER_BYTES = 52;
const TPACKET_ALIGNMENT = 16;

const LENGTH = 1;
const CAPTURED = 2;
const OFFSETS = 3;
const VLAN = 6;

export const TpStatus = Object.freeze({
  kernel: 0,
  user: 1 << 0,
  /** TCP or UDP checksum left to a NIC that isn't there. */
  checksumNotReady: 1 << 3,
  vlanValid: 1 << 4,
  vlanTpidValid: 1 << 6,
} as const);

const MAC_ADDRESSES_BYTES = 12;
const VLAN_TAG_BYTES = 4;
const ETHERTYPE_VLAN = 0x8100;

/** The smallest slot, a power of two, that holds a frame of `frameBytes` and what the kernel puts in front. */
export function ringSlotBytes(frameBytes: number): number {
  // packet_set_ring aligns the network header to 16 and puts the 14 bytes of Ethernet in front of it.
  const networkAt = align(TPACKET2_HEADER_BYTES + 16, TPACKET_ALIGNMENT);
  return 2 ** Math.ceil(Math.log2(networkAt + frameBytes));
}

function align(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

export class ReceiveRing {
  readonly bytes: Uint8Array;
  /** Where the current frame starts in {@link bytes}. */
  frameAt = 0;
  frameBytes = 0;
  /** {@link TpStatus} flags of the current frame. */
  status = 0;
  /** Frames that did not fit a slot and were skipped. */
  truncated = 0;

  readonly #words: Int32Array;
  readonly #slotWords: number;
  readonly #slots: number;
  #slot = 0;
  #holding = false;

  constructor(bytes: Uint8Array, slotBytes: number) {
    this.bytes = bytes;
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    this.#slotWords = slotBytes / 4;
    this.#slots = bytes.length / slotBytes;
  }

  /** Gives the current frame's slot back to the kernel and moves on to the next; false when there is none yet. */
  next(): boolean {
    if (this.#holding) this.#release();
    for (;;) {
      const word = this.#slot * this.#slotWords;
      // Atomic: what the kernel wrote before the status must not be read before it.
      const status = Atomics.load(this.#words, word);
      if ((status & TpStatus.user) === 0) return false;
      this.status = status;
      this.frameBytes = this.#words[word + CAPTURED]!;
      this.frameAt = word * 4 + (this.#words[word + OFFSETS]! & 0xffff);
      if (this.frameBytes === this.#words[word + LENGTH]!) break;
      this.truncated++;
      this.#release();
    }
    this.#holding = true;
    if ((this.status & TpStatus.vlanValid) !== 0) this.#restoreVlanTag();
    return true;
  }

  #release(): void {
    Atomics.store(this.#words, this.#slot * this.#slotWords, TpStatus.kernel);
    this.#slot = (this.#slot + 1) % this.#slots;
    this.#holding = false;
  }

  /** The kernel takes the VLAN tag out of the frame: puts it back, in the free room in front of the frame. */
  #restoreVlanTag(): void {
    const vlan = this.#words[this.#slot * this.#slotWords + VLAN]!;
    const tpid = (this.status & TpStatus.vlanTpidValid) !== 0 ? vlan >>> 16 : ETHERTYPE_VLAN;
    const tag = this.frameAt - VLAN_TAG_BYTES + MAC_ADDRESSES_BYTES;
    this.bytes.copyWithin(this.frameAt - VLAN_TAG_BYTES, this.frameAt, this.frameAt + MAC_ADDRESSES_BYTES);
    this.bytes[tag] = tpid >>> 8;
    this.bytes[tag + 1] = tpid;
    this.bytes[tag + 2] = vlan >>> 8;
    this.bytes[tag + 3] = vlan;
    this.frameAt -= VLAN_TAG_BYTES;
    this.frameBytes += VLAN_TAG_BYTES;
  }
}
