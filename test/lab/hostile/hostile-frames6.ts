/** The IPv6 part of what an attacker sends: neighbours that lie, chains of extension headers, fragments, forged errors. */
import { LAB_ADDRESS } from '../../../src/lab/configuration.js';
import { parseMac } from '../../../src/front-end/index.js';
import { emitEthernet, EtherType } from '../../../src/wire/ethernet.js';
import { Icmpv6Type, setIcmpv6Checksum } from '../../../src/wire/icmpv6.js';
import { IpProtocol } from '../../../src/wire/ipv4.js';
import {
  emitIpv6,
  IPV6_DESTINATION,
  IPV6_SOURCE,
  Ipv6Extension,
  ipv6PseudoHeaderSum,
} from '../../../src/wire/ipv6.js';
import { parseIpv6 } from '../../../src/wire/ipv6-address.js';
import { emitTcp, setTcpChecksum } from '../../../src/wire/tcp.js';

const VIP = parseIpv6(LAB_ADDRESS.vip6)!;
const CLIENT = parseIpv6(LAB_ADDRESS.client6)!;
const VIP_MAC = parseMac(LAB_ADDRESS.vipMac);
const CLIENT_MAC = parseMac(LAB_ADDRESS.clientMac);
const L3 = 14;
const L4 = 54;
/** Nobody's, a group, loopback, IPv4-mapped, the server's own. */
const BAD_SOURCES = ['::', 'ff02::1', '::1', '::ffff:10.77.0.100', LAB_ADDRESS.vip6].map((text) =>
  parseIpv6(text)!,
);

export class HostileFrames6 {
  readonly #random: () => number;
  #count = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  next(): Uint8Array {
    const makers = [
      () => this.#neighbor(),
      () => this.#segment(CLIENT),
      () => this.#segment(BAD_SOURCES[this.#below(BAD_SOURCES.length)]!),
      () => this.#extended(),
      () => this.#fragment(),
      () => this.#error(),
      () => this.#damaged(),
      () => this.#noise(),
    ];
    return makers[this.#count++ % makers.length]!();
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #frame(l4Bytes: number, next: number, hopLimit = 64, source = CLIENT): Uint8Array {
    const frame = new Uint8Array(Math.max(60, L4 + l4Bytes));
    for (let i = L4; i < frame.length; i++) frame[i] = this.#random() * 256;
    emitEthernet(frame, 0, VIP_MAC, CLIENT_MAC, EtherType.ipv6);
    emitIpv6(frame, L3, l4Bytes, next, hopLimit, 0);
    frame.set(source, L3 + IPV6_SOURCE);
    frame.set(VIP, L3 + IPV6_DESTINATION);
    return frame;
  }

  #sealIcmp(frame: Uint8Array, at: number, bytes: number): Uint8Array {
    setIcmpv6Checksum(frame, at, bytes, ipv6PseudoHeaderSum(frame, L3, IpProtocol.icmpv6, bytes));
    return frame;
  }

  /** From beyond the link, of odd lengths, with options that end nowhere, claiming the server's address. */
  #neighbor(): Uint8Array {
    const bytes = 20 + this.#below(30);
    const frame = this.#frame(bytes, IpProtocol.icmpv6, 250 + this.#below(6));
    frame[L4] = Icmpv6Type.routerSolicitation + this.#below(5);
    frame[L4 + 1] = 0;
    if (this.#random() < 0.7) frame.set(VIP.subarray(0, bytes - 8), L4 + 8);
    return this.#sealIcmp(frame, L4, bytes);
  }

  #segment(source: Uint8Array): Uint8Array {
    const bytes = 20 + this.#below(40);
    const frame = this.#frame(bytes, IpProtocol.tcp, 64, source);
    const port = this.#random() < 0.8 ? 80 : this.#below(65_536);
    const seq = this.#random() * 2 ** 32;
    emitTcp(frame, L4, 32_768 + this.#below(28_000), port, seq, seq ^ 0x5555, this.#below(64), 1000, 20);
    setTcpChecksum(frame, L4, bytes, ipv6PseudoHeaderSum(frame, L3, IpProtocol.tcp, bytes));
    return frame;
  }

  /** Headers that point at each other, too many of them, longer than the packet. */
  #extended(): Uint8Array {
    const headers = 1 + this.#below(12);
    const frame = this.#frame(8 * headers, [0, 43, 60][this.#below(3)]!);
    for (let i = 0; i < headers; i++) {
      const next = [Ipv6Extension.hopByHop, Ipv6Extension.routing, Ipv6Extension.destination, IpProtocol.tcp];
      frame.set([next[this.#below(4)]!, this.#below(10) === 0 ? 255 : 0], L4 + 8 * i);
    }
    return frame;
  }

  #fragment(): Uint8Array {
    const frame = this.#frame(60, Ipv6Extension.fragment);
    frame.set([IpProtocol.tcp, 0, 0, this.#below(2)], L4);
    return frame;
  }

  /** "Packet too big" and "unreachable" about packets that never were. */
  #error(): Uint8Array {
    const bytes = 8 + this.#below(80);
    const frame = this.#frame(bytes, IpProtocol.icmpv6);
    frame.set([1 + this.#below(2), this.#below(6), 0, 0, 0, 0, 0, this.#below(256)], L4);
    const quoted = new Uint8Array(40);
    emitIpv6(quoted, 0, 20, [6, 17][this.#below(2)]!, 64, 0);
    quoted.set(VIP, IPV6_SOURCE);
    quoted.set(CLIENT, IPV6_DESTINATION);
    frame.set(quoted.subarray(0, Math.max(0, bytes - 8)), L4 + 8);
    return this.#sealIcmp(frame, L4, bytes);
  }

  #damaged(): Uint8Array {
    const frame = this.#random() < 0.5 ? this.#segment(CLIENT) : this.#neighbor();
    frame[L3 + this.#below(frame.length - L3)]! ^= 1 << this.#below(8);
    return frame;
  }

  #noise(): Uint8Array {
    const frame = this.#frame(this.#below(200), this.#below(256));
    for (let i = L3; i < L3 + 8; i++) if (this.#random() < 0.3) frame[i] = this.#random() * 256;
    return frame;
  }
}
