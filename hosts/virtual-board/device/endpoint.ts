/**
 * An address with an optional port in text: 10.77.0.10, 10.77.0.10:80, fd77::10, [fd77::10]:80 (RFC 4291 2.2,
 * RFC 3986 3.2.2).
 */
import type { PseudoSource } from '../../../src/back-end/ports.js';
import { IPV4_ADDRESS_BYTES } from '../../../src/wire/ipv4.js';
import { parseInteger } from './parse.js';

const IPV6_ADDRESS_BYTES = 16;
const IPV6_GROUPS = 8;

/** Without a port, every port is meant (0). Throws an Error when the text is neither an IPv4 nor an IPv6 address. */
export function parseEndpoint(text: string): PseudoSource {
  const bracketed = /^\[(.*)\](?::([0-9]+))?$/.exec(text);
  if (bracketed) return { address: parseIpv6(bracketed[1]!), port: parsePort(bracketed[2]) };
  const plain = /^([0-9.]+)(?::([0-9]+))?$/.exec(text);
  if (plain) return { address: parseIpv4(plain[1]!), port: parsePort(plain[2]) };
  return { address: parseIpv6(text), port: 0 };
}

function parsePort(text: string | undefined): number {
  return text === undefined ? 0 : parseInteger('port', text, 0, 0xffff);
}

function parseIpv4(text: string): Uint8Array {
  const parts = text.split('.');
  if (parts.length !== IPV4_ADDRESS_BYTES) throw new Error(`${text} is not an IPv4 address`);
  return Uint8Array.from(parts, (part) => parseInteger('part of an IPv4 address', part, 0, 255));
}

function parseIpv6(text: string): Uint8Array {
  const halves = text.split('::');
  const head = groups(halves[0]!);
  const tail = halves.length === 2 ? groups(halves[1]!) : [];
  const missing = IPV6_GROUPS - head.length - tail.length;
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) {
    throw new Error(`${text} is not an IP address`);
  }
  const address = new Uint8Array(IPV6_ADDRESS_BYTES);
  head.forEach((group, i) => putGroup(address, i, group));
  tail.forEach((group, i) => putGroup(address, IPV6_GROUPS - tail.length + i, group));
  return address;
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map(parseGroup);
}

function parseGroup(text: string): number {
  if (!/^[0-9a-f]{1,4}$/i.test(text)) throw new Error(`"${text}" is not a part of an IP address`);
  return parseInt(text, 16);
}

function putGroup(address: Uint8Array, index: number, group: number): void {
  address[2 * index] = group >>> 8;
  address[2 * index + 1] = group & 0xff;
}
