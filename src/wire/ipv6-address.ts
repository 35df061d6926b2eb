/** IPv6 addresses: their text (RFC 4291 2.2, RFC 5952), and those that follow from others (RFC 4291, RFC 2464). */
import { copy } from './byte-loops.js';
import { get16, get32, put16, put32 } from './bytes.js';
import { MAC_BYTES } from './ethernet.js';
import { IPV6_ADDRESS_BYTES } from './ipv6.js';

/** `::`, the source of who has no address yet. */
export function isUnspecified(b: Uint8Array, at: number): boolean {
  for (let i = 0; i < IPV6_ADDRESS_BYTES; i += 4) if (get32(b, at + i) !== 0) return false;
  return true;
}

/** ff02::1:ff00:0/104 (RFC 4291 2.7.1). */
export function isSolicitedNode(b: Uint8Array, at: number): boolean {
  return (
    get32(b, at) === 0xff02_0000 && get32(b, at + 4) === 0 && get32(b, at + 8) === 1 && b[at + 12] === 0xff
  );
}

/** Writes the solicited-node group of the address at `from`. */
export function solicitedNodeGroup(address: Uint8Array, from: number, b: Uint8Array, at: number): number {
  put32(b, at, 0xff02_0000);
  put32(b, at + 4, 0);
  put32(b, at + 8, 1);
  put32(b, at + 12, (0xff00_0000 | (get32(address, from + 12) & 0x00ff_ffff)) >>> 0);
  return IPV6_ADDRESS_BYTES;
}

/** Writes the MAC address of the group at `from`: 33:33 and its last four bytes (RFC 2464 7). */
export function multicastMac(group: Uint8Array, from: number, b: Uint8Array, at: number): number {
  put16(b, at, 0x3333);
  copy(group, from + 12, b, at + 2, 4);
  return MAC_BYTES;
}

/** Writes fe80::/64 and the modified EUI-64 of a MAC address (RFC 4291 2.5.1, appendix A; RFC 2464 5). */
export function linkLocalAddress(macAddress: Uint8Array, b: Uint8Array, at: number): number {
  put32(b, at, 0xfe80_0000);
  put32(b, at + 4, 0);
  b[at + 8] = macAddress[0]! ^ 0x02;
  b[at + 9] = macAddress[1]!;
  b[at + 10] = macAddress[2]!;
  put16(b, at + 11, 0xfffe);
  copy(macAddress, 3, b, at + 13, 3);
  return IPV6_ADDRESS_BYTES;
}

const GROUPS = 8;

/** "2001:db8::1" for the 16 bytes at `at`, in the form of RFC 5952 4. */
export function formatIpv6(b: Uint8Array, at: number): string {
  let longestAt = 0;
  let longest = 1;
  for (let i = 0; i < GROUPS; i++) {
    let zeros = 0;
    while (i + zeros < GROUPS && get16(b, at + 2 * (i + zeros)) === 0) zeros++;
    if (zeros > longest) {
      longest = zeros;
      longestAt = i;
    }
  }
  let text = '';
  for (let i = 0; i < GROUPS; i++) {
    if (longest > 1 && i === longestAt) {
      text += '::';
      i += longest - 1;
      continue;
    }
    if (text !== '' && !text.endsWith(':')) text += ':';
    text += get16(b, at + 2 * i).toString(16);
  }
  return text;
}

/** The 16 bytes of an address in one of the forms of RFC 4291 2.2, without a zone; undefined for any other text. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const isCompressed = halves.length === 2;
  const head = parseGroups(halves[0]!, !isCompressed);
  const tail = isCompressed ? parseGroups(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = GROUPS - head.length - tail.length;
  if (isCompressed ? missing < 1 : missing !== 0) return undefined;
  const address = new Uint8Array(IPV6_ADDRESS_BYTES);
  head.forEach((group, i) => put16(address, 2 * i, group));
  tail.forEach((group, i) => put16(address, 2 * (GROUPS - tail.length + i), group));
  return address;
}

/** `isLast`: the last of them may be an IPv4 address, which counts as two. */
function parseGroups(text: string, isLast: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(parseInt(part, 16));
    else if (!isLast || i < parts.length - 1 || !putIpv4(part, groups)) return undefined;
  }
  return groups;
}

function putIpv4(text: string, groups: number[]): boolean {
  const parts = text.split('.');
  if (parts.length !== 4) return false;
  for (let i = 0; i < 4; i++) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(parts[i]!) || Number(parts[i]) > 255) return false;
  }
  groups.push(Number(parts[0]) * 256 + Number(parts[1]), Number(parts[2]) * 256 + Number(parts[3]));
  return true;
}
