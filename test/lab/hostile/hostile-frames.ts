/** What an attacker on the client's network sends: an endless series of frames of every sort, the same for a seed. */
import { boardMac, LAB_ADDRESS } from '../../../src/lab/configuration.js';
import { parseIpv4, parseMac } from '../../../src/front-end/index.js';
import { AtcpType, emitAtcp } from '../../../src/wire/atcp/header.js';
import { put16 } from '../../../src/wire/bytes.js';
import { emitEthernet, EtherType } from '../../../src/wire/ethernet.js';
import { emitIpv4, IpProtocol, ipv4PseudoHeaderSum, setIpv4Length } from '../../../src/wire/ipv4.js';
import { emitTcp, setTcpChecksum } from '../../../src/wire/tcp.js';
import { seededRandom } from '../../front-end/auto-client.js';
import { HostileFrames6 } from './hostile-frames6.js';

const VIP = parseIpv4(LAB_ADDRESS.vip);
const CLIENT = parseIpv4(LAB_ADDRESS.client);
const VIP_MAC = parseMac(LAB_ADDRESS.vipMac);
const CLIENT_MAC = parseMac(LAB_ADDRESS.clientMac);
const BROADCAST = new Uint8Array(6).fill(0xff);
const L3 = 14;
const L4 = 34;

export class HostileFrames {
  /** Real ATCP frames that were seen, to be sent again. */
  readonly overheard: Uint8Array[] = [];
  readonly #random: () => number;
  readonly #over6: HostileFrames6;
  readonly #boards: number;
  #count = 0;

  constructor(seed: number, boards: number) {
    this.#random = seededRandom(seed);
    this.#over6 = new HostileFrames6(this.#random);
    this.#boards = boards;
  }

  next(): Uint8Array {
    const makers = [
      () => this.#noise(),
      () => this.#forged(),
      () => this.#forged().subarray(0, 15 + this.#below(60)),
      () => this.#discover(),
      () => this.#replayed(),
      () => this.#segment(),
      () => this.#damagedSegment(),
      () => this.#fromOurselves(),
      () => this.#icmp(),
      () => this.#over6.next(),
      () => this.#over6.next(),
    ];
    return makers[this.#count++ % makers.length]!();
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #fill(b: Uint8Array, from: number): Uint8Array {
    for (let i = from; i < b.length; i++) b[i] = this.#random() * 256;
    return b;
  }

  #victim(): Uint8Array {
    const board = this.#below(this.#boards + 1);
    return board === 0 ? VIP_MAC : parseMac(boardMac(board));
  }

  #noise(): Uint8Array {
    const frame = this.#fill(new Uint8Array(60 + this.#below(1454)), L3);
    emitEthernet(frame, 0, this.#victim(), CLIENT_MAC, EtherType.atcp);
    return frame;
  }

  /** A header in order, and a tag that can't be. */
  #forged(): Uint8Array {
    const frame = this.#fill(new Uint8Array(60 + this.#below(400)), L3);
    const type = (2 + this.#below(4)) as AtcpType;
    emitEthernet(frame, 0, this.#victim(), CLIENT_MAC, EtherType.atcp);
    const board = 1 + this.#below(this.#boards);
    emitAtcp(
      frame,
      L3,
      type,
      type === AtcpType.announce ? 0 : 1,
      frame.length - L3,
      board,
      this.#count,
      this.#count,
    );
    this.#fill(frame.subarray(38, 46), 0);
    return frame;
  }

  #discover(): Uint8Array {
    const frame = this.#fill(new Uint8Array(62), L3);
    emitEthernet(frame, 0, BROADCAST, CLIENT_MAC, EtherType.atcp);
    emitAtcp(frame, L3, AtcpType.discover, 0, 48, 0, this.#count, 0);
    return frame;
  }

  #replayed(): Uint8Array {
    const seen = this.overheard[this.#below(this.overheard.length)]?.slice();
    if (seen === undefined) return this.#noise();
    // Its own source, so that no switch learns anything wrong: this attack is on the protocol.
    seen.set(this.#victim(), 0);
    seen.set(CLIENT_MAC, 6);
    return seen;
  }

  /** Any flags and numbers, on ports that the client's own connections may have. */
  #segment(): Uint8Array {
    const payloadBytes = this.#below(40);
    const frame = this.#fill(new Uint8Array(L4 + 20 + payloadBytes), L4 + 20);
    emitEthernet(frame, 0, VIP_MAC, CLIENT_MAC, EtherType.ipv4);
    emitIpv4(frame, L3, 20 + payloadBytes, IpProtocol.tcp, CLIENT, VIP);
    const port = this.#random() < 0.8 ? 80 : this.#below(65_536);
    const seq = this.#random() * 2 ** 32;
    emitTcp(
      frame,
      L4,
      32_768 + this.#below(28_000),
      port,
      seq,
      seq ^ 0x5555,
      this.#below(64),
      this.#below(65_536),
      20,
    );
    setTcpChecksum(frame, L4, 20 + payloadBytes, ipv4PseudoHeaderSum(frame, L3, 6, 20 + payloadBytes));
    return frame;
  }

  /** Wrong checksums, fragments, lengths that lie. */
  #damagedSegment(): Uint8Array {
    const frame = this.#segment();
    const at = L3 + this.#below(frame.length - L3);
    frame[at]! ^= 1 << this.#below(8);
    if (this.#random() < 0.3) put16(frame, L3 + 6, this.#below(0x4000));
    // The destination stays: whom else it might reach is not this attack.
    frame.set([10, 77, 0, 10], L3 + 16);
    return frame;
  }

  /** Land attack and its like. */
  #fromOurselves(): Uint8Array {
    const frame = new Uint8Array(60);
    const source = [VIP, 0, 0xffff_ffff, 0x7f00_0001, 0xe000_0001][this.#below(5)]!;
    emitEthernet(frame, 0, VIP_MAC, CLIENT_MAC, EtherType.ipv4);
    emitIpv4(frame, L3, 20, IpProtocol.tcp, source, VIP);
    emitTcp(frame, L4, 80, 80, this.#count, 0, 2, 1000, 20);
    setTcpChecksum(frame, L4, 20, ipv4PseudoHeaderSum(frame, L3, 6, 20));
    return frame;
  }

  #icmp(): Uint8Array {
    const bytes = 8 + this.#below(200);
    const frame = this.#fill(new Uint8Array(Math.max(60, L4 + bytes)), L4);
    emitEthernet(frame, 0, VIP_MAC, CLIENT_MAC, EtherType.ipv4);
    emitIpv4(frame, L3, bytes, IpProtocol.icmp, CLIENT, VIP);
    setIpv4Length(frame, L3, 20 + bytes);
    return frame;
  }
}
