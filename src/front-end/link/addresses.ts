/** Addresses as people write them. */
import { MAC_BYTES } from '../../wire/ethernet.js';

/** "192.0.2.1" as a 32-bit number; throws a RangeError on anything else. */
export function parseIpv4(text: string): number {
  const parts = text.split('.');
  const valid =
    parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  if (!valid)
    throw new RangeError(`"${text}" is no IPv4 address; write four numbers below 256, as in 192.0.2.1`);
  return parts.reduce((address, part) => address * 256 + Number(part), 0);
}

/** "02:00:5e:00:00:01" as six bytes; throws a RangeError on anything else. */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) {
    throw new RangeError(`"${text}" is no MAC address; write six hexadecimal bytes, as in 02:00:5e:00:00:01`);
  }
  return Uint8Array.from(text.split(':'), (byte) => parseInt(byte, 16));
}

export function formatMac(b: Uint8Array, at: number): string {
  return Array.from(b.subarray(at, at + MAC_BYTES), (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
