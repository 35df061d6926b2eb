/** What a flooder, a scanner and a blind attacker send; one frame each, used again by the next call. */
import { parseIpv4, parseMac } from '../../../src/front-end/index.js';
import { LAB_ADDRESS } from '../../../src/lab/configuration.js';
import { emitEthernet, ETHERNET_MIN_BYTES, EtherType } from '../../../src/wire/ethernet.js';
import { emitIpv4, IPV4_HEADER_BYTES, IpProtocol, ipv4PseudoHeaderSum } from '../../../src/wire/ipv4.js';
import {
  emitMssOption,
  emitSackPermittedOption,
  emitTcp,
  setTcpChecksum,
  TcpFlag,
} from '../../../src/wire/tcp.js';

const L3 = 14;
const L4 = L3 + IPV4_HEADER_BYTES;
const OPTION_BYTES = 8;
/** 198.18.0.0/15 is for tests of this sort (RFC 2544): nobody answers for it. */
const NOBODY = 0xc612_0000;
const { fin, syn, rst, psh, ack, urg } = TcpFlag;
const SCANS = Object.freeze([syn, 0, fin, fin | psh | urg, ack, syn | fin, rst]);

export class AttackFrames {
  readonly #vip = parseIpv4(LAB_ADDRESS.vip);
  readonly #client = parseIpv4(LAB_ADDRESS.client);
  readonly #vipMac = parseMac(LAB_ADDRESS.vipMac);
  readonly #clientMac = parseMac(LAB_ADDRESS.clientMac);
  readonly #frame = new Uint8Array(ETHERNET_MIN_BYTES + 2);

  /** A SYN with the options of a real one, from somebody who does not exist. */
  syn(): Uint8Array {
    const source = NOBODY + below(1 << 17);
    return this.#make(
      source,
      1024 + below(60_000),
      LAB_ADDRESS.webPort,
      below(2 ** 32),
      0,
      syn,
      OPTION_BYTES,
    );
  }

  /** One probe of a scan of all ports, with the flags that scanners try. */
  scan(): Uint8Array {
    const flags = SCANS[below(SCANS.length)]!;
    return this.#make(NOBODY + below(8), 40_000 + below(100), below(65_536), below(2 ** 32), 0, flags, 0);
  }

  /** Any numbers, on ports that the client's own connections may have. */
  randomSegment(): Uint8Array {
    const port = 32_768 + below(28_000);
    return this.#make(this.#client, port, LAB_ADDRESS.webPort, below(2 ** 32), below(2 ** 32), below(64), 0);
  }

  #make(
    source: number,
    sourcePort: number,
    port: number,
    sequence: number,
    acknowledgment: number,
    flags: number,
    optionBytes: number,
  ): Uint8Array {
    const frame = this.#frame;
    const tcpBytes = 20 + optionBytes;
    emitEthernet(frame, 0, this.#vipMac, this.#clientMac, EtherType.ipv4);
    emitIpv4(frame, L3, tcpBytes, IpProtocol.tcp, source, this.#vip);
    emitTcp(frame, L4, sourcePort, port, sequence, acknowledgment, flags, 29_200, tcpBytes);
    if (optionBytes > 0) emitSackPermittedOption(frame, L4 + 20 + emitMssOption(frame, L4 + 20, 1460));
    setTcpChecksum(frame, L4, tcpBytes, ipv4PseudoHeaderSum(frame, L3, IpProtocol.tcp, tcpBytes));
    return frame.subarray(0, Math.max(ETHERNET_MIN_BYTES, L4 + tcpBytes));
  }
}

function below(limit: number): number {
  return Math.floor(Math.random() * limit);
}
