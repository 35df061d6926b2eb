/**
 * Pseudo packetizer 37 (Fig. 7 step 118, Fig. 11): TCP and UDP over IPv4 and IPv6, as the front-end would have
 * sent them. A packet is begun from a template, gets its payload from unit buffers, and is ended with what
 * differs per packet: sequence number, flags, lengths and checksum.
 */
import { copy, sum16 } from '../wire/byte-loops.js';
import { put16, put32 } from '../wire/bytes.js';
import { setIpv4Length } from '../wire/ipv4.js';
import { TCP_CHECKSUM, TCP_FLAGS, TCP_SEQUENCE } from '../wire/tcp.js';
import { UDP_CHECKSUM, UDP_LENGTH } from '../wire/udp.js';
import { IPV6_PAYLOAD_LENGTH } from './template.js';
import type { Template } from './template.js';

export class PseudoPacketizer {
  readonly #frame: Uint8Array;
  #length = 0;

  /** Packets are made at the start of `frame`. */
  constructor(frame: Uint8Array) {
    this.#frame = frame;
  }

  /** Starts a packet with the template's header. */
  begin(template: Template): void {
    const bytes = template.bytes;
    copy(template.header, 0, this.#frame, 0, bytes);
    this.#length = bytes;
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
    const l4 = template.l4;
    if (length - template.bytes !== template.segmentBytes) this.#setIpLength(template, length);
    if (template.stale) template.refresh();
    if (template.isTcp) this.#endTcp(template, length - l4, sequence, template.flags | flags);
    else this.#endUdp(template, length - l4);
    return length;
  }

  /**
   * The same for a packet that the NIC segments itself: lengths are those of the whole, and the checksum field
   * holds the sum of the pseudo header for the NIC to complete (PACKET_VNET_HDR, VIRTIO_NET_HDR_F_NEEDS_CSUM).
   */
  endSuper(template: Template, sequence: number, flags: number): number {
    const frame = this.#frame;
    const length = this.#length;
    const l4 = template.l4;
    this.#setIpLength(template, length);
    put32(frame, l4 + TCP_SEQUENCE, sequence);
    frame[l4 + TCP_FLAGS] = template.flags | flags;
    put16(frame, l4 + TCP_CHECKSUM, template.pseudoHeaderSum(length - l4));
    return length;
  }

  #setIpLength(template: Template, length: number): void {
    const l3 = template.l3;
    if (template.isIpv4) setIpv4Length(this.#frame, l3, length - l3);
    else put16(this.#frame, l3 + IPV6_PAYLOAD_LENGTH, length - template.l4);
  }

  #endTcp(template: Template, l4Bytes: number, sequence: number, flags: number): void {
    const frame = this.#frame;
    const l4 = template.l4;
    const headerBytes = template.bytes - l4;
    put32(frame, l4 + TCP_SEQUENCE, sequence);
    frame[l4 + TCP_FLAGS] = flags;
    // RFC 1071 sums in any order: the header's unchanging part, what was just written, then the payload.
    const sum = template.sum + l4Bytes + flags + (sequence >>> 16) + (sequence & 0xffff);
    put16(frame, l4 + TCP_CHECKSUM, ~sum16(frame, l4 + headerBytes, l4Bytes - headerBytes, sum) & 0xffff);
  }

  #endUdp(template: Template, l4Bytes: number): void {
    const frame = this.#frame;
    const l4 = template.l4;
    const headerBytes = template.bytes - l4;
    put16(frame, l4 + UDP_LENGTH, l4Bytes);
    // The length counts twice: in the pseudo header and in UDP's own (RFC 768).
    const sum = sum16(frame, l4 + headerBytes, l4Bytes - headerBytes, template.sum + 2 * l4Bytes);
    const checksum = ~sum & 0xffff;
    put16(frame, l4 + UDP_CHECKSUM, checksum === 0 ? 0xffff : checksum);
  }
}
