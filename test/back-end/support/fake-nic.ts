/** A NIC without a network: the test puts frames in and takes frames out. */
import { type NicPort, PortStatus } from '../../../src/back-end/ports.js';
import { internetSum, wordsOf } from './segments.js';

export class FakeNic implements NicPort {
  readonly macAddress = Uint8Array.of(0x02, 0xa7, 0xc0, 0, 0, 0x21);
  segmentationBytes = 0;
  /** Super frames that were handed over, with the segment size asked for. */
  readonly superFrames: { readonly frame: Uint8Array; readonly segmentBytes: number }[] = [];
  status: PortStatus = PortStatus.ok;
  up = true;
  /** Frames that fit before {@link sent} is emptied. */
  room = Infinity;
  opens = 0;
  readonly arrived: Uint8Array[] = [];
  readonly sent: Uint8Array[] = [];

  open(): PortStatus {
    this.opens++;
    return this.status;
  }

  linkUp(): boolean {
    return this.up;
  }

  receive(b: Uint8Array, at: number, capacity: number): number {
    const frame = this.arrived.shift();
    if (frame === undefined || frame.length > capacity) return 0;
    b.set(frame, at);
    return frame.length;
  }

  transmit(b: Uint8Array, at: number, length: number): boolean {
    if (this.sent.length >= this.room) return false;
    this.sent.push(b.slice(at, at + length));
    return true;
  }

  /** Cuts the frame as VIRTIO_NET_HDR_GSO_TCPV4 and _TCPV6 have it. */
  transmitSegments(
    b: Uint8Array,
    at: number,
    length: number,
    l4Offset: number,
    payloadOffset: number,
    segmentBytes: number,
  ): boolean {
    if (this.sent.length >= this.room) return false;
    const frame = b.slice(at, at + length);
    this.superFrames.push({ frame, segmentBytes });
    const l3 = frame[12] === 0x81 ? 18 : 14;
    const isIpv4 = frame[l3]! >>> 4 === 4;
    for (let from = payloadOffset; from < length; from += segmentBytes) {
      const payload = frame.subarray(from, Math.min(from + segmentBytes, length));
      const segment = new Uint8Array(payloadOffset + payload.length);
      segment.set(frame.subarray(0, payloadOffset));
      segment.set(payload, payloadOffset);
      const view = new DataView(segment.buffer);
      view.setUint32(l4Offset + 4, view.getUint32(l4Offset + 4) + from - payloadOffset);
      if (from + segmentBytes < length) segment[l4Offset + 13]! &= ~0x09;
      const l4Bytes = segment.length - l4Offset;
      if (isIpv4) {
        view.setUint16(l3 + 2, segment.length - l3);
        view.setUint16(l3 + 10, 0);
        view.setUint16(l3 + 10, 0xffff - internetSum(wordsOf(segment.subarray(l3, l4Offset))));
      } else view.setUint16(l3 + 4, l4Bytes);
      // What stands in the checksum field is the pseudo header's sum for the whole length.
      const pseudo = internetSum([view.getUint16(l4Offset + 16), 0xffff - (length - l4Offset), l4Bytes]);
      view.setUint16(l4Offset + 16, pseudo);
      view.setUint16(l4Offset + 16, 0xffff - internetSum(wordsOf(segment.subarray(l4Offset))));
      this.sent.push(segment);
    }
    return true;
  }
}
