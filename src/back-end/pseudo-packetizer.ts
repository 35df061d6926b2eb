/**
 * Pseudo packetizer 37 (Fig. 7 step 118, Fig. 11): TCP and UDP over IPv4 and IPv6, as the front-end would have
 * sent them. The payload is put in place first, behind the room for the template's header; then the header, of
 * which in a run of segments only sequence number and checksum are new.
 */
import { copy, copySum16, put16, put32, sum16 } from '../wire/byte-loops.js';
import { setIpv4Length } from '../wire/ipv4.js';
import { IPV6_PAYLOAD_LENGTH } from '../wire/ipv6.js';
import { TCP_CHECKSUM, TCP_FLAGS, TCP_SEQUENCE } from '../wire/tcp.js';
import { UDP_CHECKSUM, UDP_LENGTH } from '../wire/udp.js';
import type { Template } from './template.js';

/** Where packets go; {@link NicController} is one. */
export interface PacketSink {
  /** Takes the packet of `length` bytes at the start of the frame; false when there is no room. */
  sendPseudo(length: number): boolean;
}

export class PseudoPacketizer {
  /** Packets are made at its start; the payload belongs at {@link Template.bytes}. */
  readonly frame: Uint8Array;
  /** Whose header is in the frame, and for how many bytes of payload and which flags. */
  #loaded: Template | null = null;
  #payloadBytes = 0;
  #flags = 0;

  readonly #sink: PacketSink;

  /** `frame` is the one that the sink takes packets from. */
  constructor(frame: Uint8Array, sink: PacketSink) {
    this.#sink = sink;
    this.frame = frame;
  }

  /**
   * Sends up to `count` full TCP segments without flags, their payload in a row from `b[at]`, the first one with
   * `sequence`; returns how many were taken. Nearly all segments go through this loop: for the engine that
   * interprets, everything is in locals.
   */
  sendRun(template: Template, b: Uint8Array, at: number, count: number, sequence: number): number {
    if (this.#loaded !== template || template.stale) this.#load(template);
    const bytes = template.segmentBytes;
    if (bytes !== this.#payloadBytes) this.#setLength(template, bytes);
    if (this.#flags !== 0) this.#setFlags(template, 0);
    const frame = this.frame;
    const sink = this.#sink;
    const payload = template.bytes;
    const length = payload + bytes;
    const l4 = template.l4;
    const sequenceAt = l4 + TCP_SEQUENCE;
    const checksumAt = l4 + TCP_CHECKSUM;
    const constant = template.sum + length - l4;
    let from = at;
    // Signed: XS has integers of 32 bits, and calculates with larger numbers in floating point.
    let number = sequence | 0;
    for (let sent = 0; sent < count; sent++) {
      const sum = constant + (number >>> 16) + (number & 0xffff);
      put16(frame, checksumAt, ~copySum16(b, from, frame, payload, bytes, sum));
      put32(frame, sequenceAt, number);
      if (!sink.sendPseudo(length)) return sent;
      from += bytes;
      number = (number + bytes) | 0;
    }
    return count;
  }

  /**
   * Completes the packet around `payloadBytes` and returns the frame's length. `flags` (TCP) are added to the
   * template's; `sequence` is that of the first payload byte, with UDP the number of the datagram.
   */
  finish(template: Template, payloadBytes: number, sequence: number, flags: number): number {
    if (this.#loaded !== template || template.stale) this.#load(template);
    if (payloadBytes !== this.#payloadBytes) this.#setLength(template, payloadBytes);
    const payload = template.bytes;
    const l4 = template.l4;
    const length = payload + payloadBytes;
    // RFC 1071 sums in any order: the header's unchanging part, what differs per packet, then the payload.
    const sum = template.sum + length - l4;
    if (!template.isTcp) return this.#finishUdp(template, length, sequence, sum);
    if (flags !== this.#flags) this.#setFlags(template, flags);
    const frame = this.frame;
    put32(frame, l4 + TCP_SEQUENCE, sequence);
    const total = sum + flags + (sequence >>> 16) + (sequence & 0xffff);
    put16(frame, l4 + TCP_CHECKSUM, ~sum16(frame, payload, payloadBytes, total) & 0xffff);
    return length;
  }

  /**
   * The same for a packet that the NIC segments itself: lengths are those of the whole, and the checksum field
   * holds the sum of the pseudo header for the NIC to complete (PACKET_VNET_HDR, VIRTIO_NET_HDR_F_NEEDS_CSUM).
   */
  finishSuper(template: Template, payloadBytes: number, sequence: number, flags: number): number {
    const l4 = template.l4;
    const length = template.bytes + payloadBytes;
    this.#load(template);
    this.#setLength(template, payloadBytes);
    this.#setFlags(template, flags);
    put32(this.frame, l4 + TCP_SEQUENCE, sequence);
    put16(this.frame, l4 + TCP_CHECKSUM, template.pseudoHeaderSum(length - l4));
    return length;
  }

  #load(template: Template): void {
    if (template.stale) template.refresh();
    copy(template.header, 0, this.frame, 0, template.bytes);
    this.#loaded = template;
    this.#payloadBytes = template.segmentBytes;
    this.#flags = 0;
  }

  #setLength(template: Template, payloadBytes: number): void {
    const l3 = template.l3;
    const end = template.bytes + payloadBytes;
    this.#payloadBytes = payloadBytes;
    if (template.isIpv4) setIpv4Length(this.frame, l3, end - l3);
    else put16(this.frame, l3 + IPV6_PAYLOAD_LENGTH, end - template.l4);
  }

  #setFlags(template: Template, flags: number): void {
    this.#flags = flags;
    this.frame[template.l4 + TCP_FLAGS] = template.flags | flags;
  }

  #finishUdp(template: Template, length: number, sequence: number, sum: number): number {
    const l4 = template.l4;
    const payload = template.bytes;
    const l4Bytes = length - l4;
    put16(this.frame, l4 + UDP_LENGTH, l4Bytes);
    // The length counts twice: in the pseudo header and in UDP's own (RFC 768).
    let total = sum + l4Bytes;
    if (template.numberAt !== 0) {
      const number = sequence & 0xffff;
      put16(this.frame, template.numberAt, number);
      total += number;
    }
    const checksum = ~sum16(this.frame, payload, length - payload, total) & 0xffff;
    put16(this.frame, l4 + UDP_CHECKSUM, checksum === 0 ? 0xffff : checksum);
    return length;
  }
}
