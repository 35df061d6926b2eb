/** Where a datagram came from, and the way back: the only way to a client, since nobody is ever asked for a MAC. */
import { MAC_BYTES } from '../../wire/ethernet.js';
import { UDP_HEADER_BYTES } from '../../wire/udp.js';
import type { Path } from '../link/path.js';

export class UdpPeer {
  readonly family: 'IPv4' | 'IPv6';
  readonly address: string;
  readonly port: number;
  /** The most that a datagram to it can carry without being fragmented, in bytes. */
  readonly payloadBytes: number;
  /** The way to it; the front-end's own. */
  readonly path: Path;
  readonly #macAddress: Uint8Array;

  constructor(path: Path, macAddress: Uint8Array, macAt: number, port: number, mtuBytes: number) {
    this.path = path;
    this.family = path.remoteAddress.isIpv4 ? 'IPv4' : 'IPv6';
    this.address = path.remoteAddress.toString();
    this.port = port;
    this.payloadBytes = mtuBytes - path.ipHeaderBytes - UDP_HEADER_BYTES;
    this.#macAddress = macAddress.slice(macAt, macAt + MAC_BYTES);
  }

  /** "192.0.2.7:40000", "[2001:db8::7]:40000": the same for the same client. */
  toString(): string {
    return this.path.remoteAddress.withPort(this.port);
  }

  /** The same client was heard again as `latest`; true when the way to it is another one now. */
  heardAs(latest: UdpPeer): boolean {
    return this.path.heardFrom(latest.#macAddress, 0);
  }
}
