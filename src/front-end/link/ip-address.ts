/**
 * An IP address of either family, as four words that compare and hash without a string or an array. An IPv4 address
 * is kept as the IPv4-mapped one (RFC 4291 2.5.5.2), which no IPv6 packet may come from: so the two can't be mixed up.
 */
import { get32, put32 } from '../../wire/bytes.js';
import { formatIpv4 } from '../../wire/ipv4.js';
import { formatIpv6, parseIpv6 } from '../../wire/ipv6-address.js';
import { parseIpv4 } from './addresses.js';

const MAPPED = 0xffff;

export class IpAddress {
  /** Signed 32-bit integers, which an engine keeps without a box. Written by the methods only. */
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;

  /** "192.0.2.1"; throws a RangeError on anything else. */
  static ipv4(text: string): IpAddress {
    const address = new IpAddress();
    address.setIpv4(parseIpv4(text));
    return address;
  }

  /** "2001:db8::1"; throws a RangeError on anything else, an address that can't be a server's own among it. */
  static ipv6(text: string): IpAddress {
    const bytes = parseIpv6(text);
    const address = new IpAddress();
    if (bytes !== undefined) address.readIpv6(bytes, 0);
    if (address.isUnicastIpv6) return address;
    throw new RangeError(
      `"${text}" is no unicast IPv6 address; write it as in fd77::10, without zone or prefix`,
    );
  }

  get isIpv4(): boolean {
    return this.w2 === MAPPED && this.w1 === 0 && this.w0 === 0;
  }

  /** Not a group, `::`, `::1`, nor one that carries an IPv4 address in its end (RFC 4291 2.4, 2.5.5). */
  get isUnicastIpv6(): boolean {
    if (this.w0 >>> 24 === 0xff) return false;
    return this.w0 !== 0 || this.w1 !== 0 || (this.w2 !== 0 && this.w2 !== MAPPED);
  }

  /** The IPv4 address as a number. */
  get ipv4Number(): number {
    return this.w3 >>> 0;
  }

  setIpv4(address: number): void {
    this.w0 = 0;
    this.w1 = 0;
    this.w2 = MAPPED;
    this.w3 = address | 0;
  }

  /** Takes the 16 bytes at `at`. */
  readIpv6(b: Uint8Array, at: number): void {
    this.w0 = get32(b, at) | 0;
    this.w1 = get32(b, at + 4) | 0;
    this.w2 = get32(b, at + 8) | 0;
    this.w3 = get32(b, at + 12) | 0;
  }

  set(other: IpAddress): void {
    this.w0 = other.w0;
    this.w1 = other.w1;
    this.w2 = other.w2;
    this.w3 = other.w3;
  }

  equals(other: IpAddress): boolean {
    return this.w3 === other.w3 && this.w2 === other.w2 && this.w1 === other.w1 && this.w0 === other.w0;
  }

  /** Are the 16 bytes at `at` this address? */
  equalsIpv6(b: Uint8Array, at: number): boolean {
    return (
      this.w3 === (get32(b, at + 12) | 0) &&
      this.w2 === (get32(b, at + 8) | 0) &&
      this.w1 === (get32(b, at + 4) | 0) &&
      this.w0 === (get32(b, at) | 0)
    );
  }

  /** Writes 16 bytes, whatever the family. */
  write(b: Uint8Array, at: number): void {
    put32(b, at, this.w0);
    put32(b, at + 4, this.w1);
    put32(b, at + 8, this.w2);
    put32(b, at + 12, this.w3);
  }

  /** "192.0.2.1", or "2001:db8::1" as RFC 5952 has it. */
  toString(): string {
    if (this.isIpv4) return formatIpv4(this.ipv4Number);
    const bytes = new Uint8Array(16);
    this.write(bytes, 0);
    return formatIpv6(bytes, 0);
  }

  /** "192.0.2.1:80", "[2001:db8::1]:80". */
  withPort(port: number): string {
    return this.isIpv4 ? `${this}:${port}` : `[${this}]:${port}`;
  }
}
