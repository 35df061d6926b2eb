/** UDP datagrams and ICMP errors, made and read with arithmetic of their own. */
import assert from 'node:assert/strict';
import { internetSum, wordsOf } from '../../back-end/support/segments.js';
import { HOST_MAC, PEER_ADDRESS, PEER_MAC, VIP6_BYTES, VIP_NUMBER } from '../rig.js';

/** A UDP datagram, read with arithmetic of its own. */
export interface Datagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Buffer;
}

/** Of either family. */
export function readDatagram(frame: Uint8Array): Datagram {
  const b = Buffer.from(frame);
  const isIpv4 = b.readUInt16BE(12) === 0x0800;
  const l4 = isIpv4 ? 34 : 54;
  const end = isIpv4 ? 14 + b.readUInt16BE(16) : l4 + b.readUInt16BE(18);
  assert.ok(end <= 1514 && end <= b.length);
  if (isIpv4) {
    assert.equal(internetSum(wordsOf(b.subarray(14, 34))), 0xffff, 'IPv4 checksum');
    assert.equal(b.readUInt16BE(20) & 0x3fff, 0, 'no fragment');
  }
  const udp = b.subarray(l4, end);
  assert.equal(udp.readUInt16BE(4), udp.length, 'UDP length');
  const addresses = wordsOf(b.subarray(isIpv4 ? 26 : 22, l4));
  assert.equal(internetSum([...addresses, 17, udp.length, ...wordsOf(udp)]), 0xffff, 'UDP checksum');
  return {
    sourcePort: udp.readUInt16BE(0),
    destinationPort: udp.readUInt16BE(2),
    payload: Buffer.from(udp.subarray(8)),
  };
}

export interface SenderAddress {
  readonly mac?: Uint8Array;
  readonly address?: number;
  /** Over IPv6. */
  readonly address6?: Uint8Array;
}

export function datagramFrame(
  from: number,
  to: number,
  payload: Uint8Array,
  { mac = PEER_MAC, address = PEER_ADDRESS, address6 }: SenderAddress = {},
): Uint8Array {
  const l4 = address6 === undefined ? 34 : 54;
  const udpBytes = 8 + payload.length;
  const frame = Buffer.alloc(Math.max(60, l4 + udpBytes));
  frame.set(HOST_MAC, 0);
  frame.set(mac, 6);
  if (address6 === undefined) {
    frame.writeUInt16BE(0x0800, 12);
    frame.writeUInt16BE(0x4500, 14);
    frame.writeUInt16BE(20 + udpBytes, 16);
    frame[22] = 64;
    frame[23] = 17;
    frame.writeUInt32BE(address, 26);
    frame.writeUInt32BE(VIP_NUMBER, 30);
    frame.writeUInt16BE(~internetSum(wordsOf(frame.subarray(14, 34))) & 0xffff, 24);
  } else {
    frame.writeUInt16BE(0x86dd, 12);
    frame[14] = 0x60;
    frame.writeUInt16BE(udpBytes, 18);
    frame[20] = 17;
    frame[21] = 64;
    frame.set(address6, 22);
    frame.set(VIP6_BYTES, 38);
  }
  frame.writeUInt16BE(from, l4);
  frame.writeUInt16BE(to, l4 + 2);
  frame.writeUInt16BE(udpBytes, l4 + 4);
  frame.set(payload, l4 + 8);
  const udp = frame.subarray(l4, l4 + udpBytes);
  const addresses = wordsOf(frame.subarray(address6 === undefined ? 26 : 22, l4));
  const sum = internetSum([...addresses, 17, udpBytes, ...wordsOf(udp)]);
  frame.writeUInt16BE(~sum & 0xffff || 0xffff, l4 + 6);
  return new Uint8Array(frame);
}

/** ICMP "port unreachable" (RFC 792) from the client about a datagram that it got: from `localPort` to `port`. */
export function portUnreachableFrame(localPort: number, port: number): Uint8Array {
  return icmpErrorFrame([3, 3, 0, 0, 0, 0, 0, 0], localPort, port);
}

/** ICMP "fragmentation needed" (RFC 1191) about such a datagram. */
export function tooBigFrame(localPort: number, port: number, mtuBytes: number): Uint8Array {
  return icmpErrorFrame([3, 4, 0, 0, 0, 0, mtuBytes >>> 8, mtuBytes & 255], localPort, port);
}

function icmpErrorFrame(header: readonly number[], localPort: number, port: number): Uint8Array {
  const quoted = Buffer.from(datagramFrame(localPort, port, Buffer.alloc(0)).subarray(14, 42));
  quoted.writeUInt32BE(VIP_NUMBER, 12);
  quoted.writeUInt32BE(PEER_ADDRESS, 16);
  const icmp = Buffer.concat([Buffer.from(header), quoted]);
  icmp.writeUInt16BE(~internetSum(wordsOf(icmp)) & 0xffff, 2);
  const frame = Buffer.from(datagramFrame(0, 0, Buffer.alloc(icmp.length - 8)));
  frame[23] = 1;
  frame.writeUInt16BE(0, 24);
  frame.writeUInt16BE(~internetSum(wordsOf(frame.subarray(14, 34))) & 0xffff, 24);
  frame.set(icmp, 34);
  return new Uint8Array(frame);
}
