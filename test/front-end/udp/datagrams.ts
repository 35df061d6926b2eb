/** UDP datagrams and ICMP errors, made and read with arithmetic of their own. */
import assert from 'node:assert/strict';
import { internetSum, wordsOf } from '../../back-end/support/segments.js';
import { HOST_MAC, PEER_ADDRESS, PEER_MAC, VIP_NUMBER } from '../rig.js';

/** A UDP datagram, read with arithmetic of its own. */
export interface Datagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Buffer;
}

export function readDatagram(frame: Uint8Array): Datagram {
  const b = Buffer.from(frame);
  const total = b.readUInt16BE(16);
  assert.ok(total <= 1500 && 14 + total <= b.length);
  assert.equal(internetSum(wordsOf(b.subarray(14, 34))), 0xffff, 'IPv4 checksum');
  assert.equal(b.readUInt16BE(20) & 0x3fff, 0, 'no fragment');
  const udp = b.subarray(34, 14 + total);
  assert.equal(udp.readUInt16BE(4), udp.length, 'UDP length');
  assert.equal(
    internetSum([...wordsOf(b.subarray(26, 34)), 17, udp.length, ...wordsOf(udp)]),
    0xffff,
    'UDP checksum',
  );
  return {
    sourcePort: udp.readUInt16BE(0),
    destinationPort: udp.readUInt16BE(2),
    payload: Buffer.from(udp.subarray(8)),
  };
}

export interface SenderAddress {
  readonly mac?: Uint8Array;
  readonly address?: number;
}

export function datagramFrame(
  from: number,
  to: number,
  payload: Uint8Array,
  { mac = PEER_MAC, address = PEER_ADDRESS }: SenderAddress = {},
): Uint8Array {
  const frame = Buffer.alloc(Math.max(60, 42 + payload.length));
  frame.set(HOST_MAC, 0);
  frame.set(mac, 6);
  frame.writeUInt16BE(0x0800, 12);
  frame.writeUInt16BE(0x4500, 14);
  frame.writeUInt16BE(28 + payload.length, 16);
  frame[22] = 64;
  frame[23] = 17;
  frame.writeUInt32BE(address, 26);
  frame.writeUInt32BE(VIP_NUMBER, 30);
  frame.writeUInt16BE(~internetSum(wordsOf(frame.subarray(14, 34))) & 0xffff, 24);
  frame.writeUInt16BE(from, 34);
  frame.writeUInt16BE(to, 36);
  frame.writeUInt16BE(8 + payload.length, 38);
  frame.set(payload, 42);
  const udp = frame.subarray(34, 42 + payload.length);
  const sum = internetSum([...wordsOf(frame.subarray(26, 34)), 17, udp.length, ...wordsOf(udp)]);
  frame.writeUInt16BE(~sum & 0xffff || 0xffff, 40);
  return new Uint8Array(frame);
}

/** ICMP "port unreachable" (RFC 792) from the client about a datagram that it got: from `localPort` to `port`. */
export function portUnreachableFrame(localPort: number, port: number): Uint8Array {
  const quoted = Buffer.from(datagramFrame(localPort, port, Buffer.alloc(0)).subarray(14, 42));
  quoted.writeUInt32BE(VIP_NUMBER, 12);
  quoted.writeUInt32BE(PEER_ADDRESS, 16);
  const icmp = Buffer.concat([Buffer.of(3, 3, 0, 0, 0, 0, 0, 0), quoted]);
  icmp.writeUInt16BE(~internetSum(wordsOf(icmp)) & 0xffff, 2);
  const frame = Buffer.from(datagramFrame(0, 0, Buffer.alloc(icmp.length - 8)));
  frame[23] = 1;
  frame.writeUInt16BE(0, 24);
  frame.writeUInt16BE(~internetSum(wordsOf(frame.subarray(14, 34))) & 0xffff, 24);
  frame.set(icmp, 34);
  return new Uint8Array(frame);
}
