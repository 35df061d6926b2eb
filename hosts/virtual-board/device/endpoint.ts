/**
 * An address with an optional port or range of ports in text: 10.77.0.10, 10.77.0.10:80, 10.77.0.10:49152-50175,
 * fd77::10, [fd77::10]:80 (RFC 4291 2.2, RFC 3986 3.2.2).
 */
import type { PseudoSource } from '../../../src/back-end/ports.js';
import { IPV4_ADDRESS_BYTES } from '../../../src/wire/ipv4.js';
import { parseIpv6 } from '../../../src/wire/ipv6-address.js';
import { parseInteger } from './parse.js';

/** Without a port, every port is meant (0). Throws an Error when the text is neither an IPv4 nor an IPv6 address. */
export function parseEndpoint(text: string): PseudoSource {
  const bracketed = /^\[(.*)\](?::([0-9]+)(?:-([0-9]+))?)?$/.exec(text);
  if (bracketed) return { address: parseIpv6Text(bracketed[1]!), ...parsePorts(bracketed[2], bracketed[3]) };
  const plain = /^([0-9.]+)(?::([0-9]+)(?:-([0-9]+))?)?$/.exec(text);
  if (plain) return { address: parseIpv4(plain[1]!), ...parsePorts(plain[2], plain[3]) };
  return { address: parseIpv6Text(text), port: 0 };
}

function parsePorts(first: string | undefined, last: string | undefined): Omit<PseudoSource, 'address'> {
  const port = first === undefined ? 0 : parseInteger('port', first, 0, 0xffff);
  return last === undefined ? { port } : { port, lastPort: parseInteger('last port', last, port, 0xffff) };
}

function parseIpv4(text: string): Uint8Array {
  const parts = text.split('.');
  if (parts.length !== IPV4_ADDRESS_BYTES) throw new Error(`${text} is not an IPv4 address`);
  return Uint8Array.from(parts, (part) => parseInteger('part of an IPv4 address', part, 0, 255));
}

function parseIpv6Text(text: string): Uint8Array {
  const address = parseIpv6(text);
  if (address === undefined) throw new Error(`${text} is not an IP address`);
  return address;
}
