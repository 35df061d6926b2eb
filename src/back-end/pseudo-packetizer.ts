/**
 * Pseudo packetizer 37 (Fig. 7 step 118, Fig. 11): TCP and UDP over IPv4 and IPv6, as the front-end would have
 * sent them. The template's header, the payload from unit buffers, then what differs per packet: sequence number,
 * flags, lengths and checksum.
 */
import { copy, sum16 } from '../wire/byte-loops.js';
import { setIpv4Length } from '../wire/ipv4.js';
import { TCP_CHECKSUM, TCP_FLAGS, TCP_SEQUENCE } from '../wire/tcp.js';
import { UDP_CHECKSUM, UDP_LENGTH } from '../wire/udp.js';
import { IPV6_PAYLOAD_LENGTH } from './template.js';
import type { Template } from './template.js';

export class PseudoPacketizer {
  readonly #frame: Uint8Array;
  /** On XS one call of it costs less than the four bytes one by one. */
  readonly #view: DataView;
  #length = 0;

  /** Packets are made at the start of `frame`. */
  constructor(frame: Uint8Array) {
    this.#frame = frame;
    this.#view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  }

  /** Starts a packet with the template's header and the first `length` bytes of payload. */
  begin(template: Template, b: Uint8Array, at: number, length: number): void {
    const frame = this.#frame;
    const bytes = template.bytes;
    copy(template.header, 0, frame, 0, bytes);
    copy(b, at, frame, bytes, length);
    this.#length = bytes + length;
  }

  /** Adds payload. */
  append(b: Uint8Array, at: number, length: number): void {
    copy(b, at, this.#frame, this.#length, length);
    this.#length += length;
  }

  /**
   * Completes the packet and returns the frame's length. `flags` (TCP) are added to the template's; `sequence`
   * (TCP) is that of the first payload byte.
   */
  end(template: Template, sequence: number, flags: number): number {
    const length = this.#length;
    const frame = this.#frame;
    const view = this.#view;
    const payload = template.bytes;
    if (length - payload !== template.segmentBytes) this.#setIpLength(template, length);
    if (template.stale) template.refresh();
    if (!template.isTcp) return this.#endUdp(template, length);
    const l4 = template.l4;
    const control = template.flags | flags;
    view.setUint32(l4 + TCP_SEQUENCE, sequence);
    frame[l4 + TCP_FLAGS] = control;
    // RFC 1071 sums in any order: the header's unchanging part, what was just written, then the payload.
    const sum = template.sum + length - l4 + control + (sequence >>> 16) + (sequence & 0xffff);
    view.setUint16(l4 + TCP_CHECKSUM, ~sum16(frame, payload, length - payload, sum) & 0xffff);
    return length;
  }

  /**
   * The same for a packet that the NIC segments itself: lengths are those of the whole, and the checksum field
   * holds the sum of the pseudo header for the NIC to complete (PACKET_VNET_HDR, VIRTIO_NET_HDR_F_NEEDS_CSUM).
   */
  endSuper(template: Template, sequence: number, flags: number): number {
    const length = this.#length;
    const l4 = template.l4;
    this.#setIpLength(template, length);
    this.#view.setUint32(l4 + TCP_SEQUENCE, sequence);
    this.#frame[l4 + TCP_FLAGS] = template.flags | flags;
    this.#view.setUint16(l4 + TCP_CHECKSUM, template.pseudoHeaderSum(length - l4));
    return length;
  }

  #setIpLength(template: Template, length: number): void {
    const l3 = template.l3;
    if (template.isIpv4) setIpv4Length(this.#frame, l3, length - l3);
    else this.#view.setUint16(l3 + IPV6_PAYLOAD_LENGTH, length - template.l4);
  }

  #endUdp(template: Template, length: number): number {
    const l4 = template.l4;
    const payload = template.bytes;
    const l4Bytes = length - l4;
    this.#view.setUint16(l4 + UDP_LENGTH, l4Bytes);
    // The length counts twice: in the pseudo header and in UDP's own (RFC 768).
    const sum = sum16(this.#frame, payload, length - payload, template.sum + 2 * l4Bytes);
    const checksum = ~sum & 0xffff;
    this.#view.setUint16(l4 + UDP_CHECKSUM, checksum === 0 ? 0xffff : checksum);
    return length;
  }
}
