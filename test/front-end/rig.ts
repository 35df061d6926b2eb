/**
 * A front-end without a network: frames go in and out as bytes, time is a number. {@link Peer} speaks TCP by hand,
 * one segment a call, so that a test says exactly what a client does and sees exactly what it gets.
 */
import assert from 'node:assert/strict';
import { FrontEndHost } from '../../src/front-end/link/host.js';
import { createServer, type AtcpServer, type AtcpServerOptions } from '../../src/front-end/server.js';
import type { AtcpSocket } from '../../src/front-end/tcp/socket.js';
import type { TcpSettings } from '../../src/front-end/tcp/settings.js';
import { get16, get32, put32 } from '../../src/wire/bytes.js';
import { EtherType, emitEthernet, etherType } from '../../src/wire/ethernet.js';
import {
  IpProtocol,
  checkIpv4,
  emitIpv4,
  ipv4PseudoHeaderSum,
  ipv4TotalLength,
} from '../../src/wire/ipv4.js';
import {
  IPV6_DESTINATION,
  IPV6_SOURCE,
  checkIpv6,
  emitIpv6,
  ipv6PayloadBytes,
  ipv6PseudoHeaderSum,
} from '../../src/wire/ipv6.js';
import { parseIpv6 } from '../../src/wire/ipv6-address.js';
import {
  TcpFlag,
  TcpOptions,
  checkTcp,
  emitTcp,
  setTcpChecksum,
  tcpAcknowledgment,
  tcpDestinationPort,
  tcpFlags,
  tcpHeaderBytes,
  tcpSequence,
  tcpSourcePort,
  tcpWindow,
} from '../../src/wire/tcp.js';

export const VIP = '10.0.0.1';
export const VIP_NUMBER = 0x0a000001;
export const VIP6 = 'fd77::10';
export const VIP6_BYTES = parseIpv6(VIP6)!;
export const HOST_MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 0x01);
export const PEER_MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 0xcc);
export const PEER_ADDRESS = 0x0a0000c8;
export const PEER_ADDRESS6 = parseIpv6('fd77::c8')!;
export const PORT = 80;
export const SECOND = 1_000_000;
export const MS = 1_000;

const { fin, syn, rst, psh, ack } = TcpFlag;
const LETTERS: readonly (readonly [string, number])[] = [
  ['S', syn],
  ['F', fin],
  ['R', rst],
  ['P', psh],
  ['A', ack],
];

/** "SA" for SYN and ACK; always in the order S F R P A. */
export function flagLetters(flags: number): string {
  return LETTERS.filter(([, bit]) => (flags & bit) !== 0)
    .map(([letter]) => letter)
    .join('');
}

function flagBits(letters: string): number {
  return LETTERS.filter(([letter]) => letters.includes(letter)).reduce((bits, [, bit]) => bits | bit, 0);
}

/** A segment that the front-end sent, taken apart; its checksums were verified. */
export interface Sent {
  readonly atUs: number;
  readonly frame: Uint8Array;
  readonly flags: string;
  readonly seq: number;
  readonly ack: number;
  readonly window: number;
  readonly options: TcpOptions;
  readonly optionBytes: Uint8Array;
  readonly payload: Buffer;
  readonly localPort: number;
  readonly remotePort: number;
}

export function parseSent(frame: Uint8Array, atUs: number): Sent {
  const is6 = etherType(frame, 0) === EtherType.ipv6;
  assert.equal((is6 ? checkIpv6 : checkIpv4)(frame, 14, frame.length - 14), 'ok');
  const at = is6 ? 54 : 34;
  const tcpBytes = is6 ? ipv6PayloadBytes(frame, 14) : ipv4TotalLength(frame, 14) - 20;
  const sum = (is6 ? ipv6PseudoHeaderSum : ipv4PseudoHeaderSum)(frame, 14, IpProtocol.tcp, tcpBytes);
  assert.equal(checkTcp(frame, at, tcpBytes, sum), 'ok');
  const options = new TcpOptions();
  options.parse(frame, at);
  const headerBytes = tcpHeaderBytes(frame, at);
  return {
    atUs,
    frame,
    flags: flagLetters(tcpFlags(frame, at)),
    seq: tcpSequence(frame, at),
    ack: tcpAcknowledgment(frame, at),
    window: tcpWindow(frame, at),
    options,
    optionBytes: frame.slice(at + 20, at + headerBytes),
    payload: Buffer.from(frame.subarray(at + headerBytes, at + tcpBytes)),
    localPort: tcpSourcePort(frame, at),
    remotePort: tcpDestinationPort(frame, at),
  };
}

export interface SegmentFields {
  readonly flags: string;
  readonly seq?: number;
  readonly ack?: number;
  readonly window?: number;
  readonly payload?: Uint8Array | string;
  readonly options?: readonly number[];
}

export interface Endpoint {
  readonly mac: Uint8Array;
  readonly address: number;
  /** 16 bytes: the segment is sent over IPv6, and `address` has no meaning. */
  readonly address6?: Uint8Array | undefined;
  readonly port: number;
  readonly localPort: number;
}

export function segmentFrame(from: Endpoint, fields: Required<SegmentFields>): Uint8Array {
  const payload = typeof fields.payload === 'string' ? Buffer.from(fields.payload) : fields.payload;
  const options = [...fields.options];
  while (options.length % 4 !== 0) options.push(1);
  const headerBytes = 20 + options.length;
  const tcpBytes = headerBytes + payload.length;
  const { address6 } = from;
  const at = address6 === undefined ? 34 : 54;
  const frame = new Uint8Array(at + tcpBytes);
  emitEthernet(frame, 0, HOST_MAC, from.mac, address6 === undefined ? EtherType.ipv4 : EtherType.ipv6);
  if (address6 === undefined) {
    emitIpv4(frame, 14, tcpBytes, IpProtocol.tcp, from.address, VIP_NUMBER);
  } else {
    emitIpv6(frame, 14, tcpBytes, IpProtocol.tcp, 64, 0);
    frame.set(address6, 14 + IPV6_SOURCE);
    frame.set(VIP6_BYTES, 14 + IPV6_DESTINATION);
  }
  emitTcp(
    frame,
    at,
    from.port,
    from.localPort,
    fields.seq >>> 0,
    fields.ack >>> 0,
    flagBits(fields.flags),
    fields.window,
    headerBytes,
  );
  frame.set(options, at + 20);
  frame.set(payload, at + headerBytes);
  const sum = address6 === undefined ? ipv4PseudoHeaderSum : ipv6PseudoHeaderSum;
  setTcpChecksum(frame, at, tcpBytes, sum(frame, 14, IpProtocol.tcp, tcpBytes));
  return frame;
}

/** Entropy that repeats, so that a test does. */
export function seededEntropy(seed: number): { fill(b: Uint8Array, at: number, length: number): void } {
  let state = seed >>> 0 || 1;
  return {
    fill(b, at, length) {
      for (let i = 0; i < length; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        b[at + i] = state >>> 24;
      }
    },
  };
}

/** Lets Node's streams do what they have put off. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class Rig {
  nowUs = 10 * SECOND;
  readonly host: FrontEndHost;
  /** Called for each frame that the front-end sends; collects them when nobody else does. */
  onFrameOut: (frame: Uint8Array) => void = (frame) => this.collected.push({ frame, atUs: this.nowUs });
  deadlineUs = Infinity;
  private readonly collected: { frame: Uint8Array; atUs: number }[] = [];

  constructor(settings: Partial<TcpSettings> = {}) {
    this.host = new FrontEndHost({
      macAddress: HOST_MAC,
      address: VIP,
      address6: VIP6,
      transmit: (b, at, length) => {
        this.onFrameOut(b.slice(at, at + length));
        return true;
      },
      entropy: seededEntropy(7),
      clock: () => this.nowUs,
      settings,
    });
  }

  get counters(): FrontEndHost['counters'] {
    return this.host.counters;
  }

  /** A frame arrives, somewhere within a larger dirty array. */
  frameIn(frame: Uint8Array): void {
    const b = new Uint8Array(frame.length + 16).fill(0xa5);
    b.set(frame, 5);
    this.host.onFrame(b, 5, frame.length, this.nowUs);
    b.fill(0x5a);
  }

  batch(): void {
    this.deadlineUs = this.host.endOfBatch(this.nowUs);
  }

  /** Time passes; every deadline on the way is kept. */
  pass(us: number): void {
    const end = this.nowUs + us;
    this.batch();
    for (let steps = 0; this.deadlineUs <= end; steps++) {
      assert.ok(steps < 100_000, 'the front-end asks to be called again and again');
      this.nowUs = Math.max(this.nowUs, this.deadlineUs);
      this.batch();
    }
    this.nowUs = end;
    this.batch();
  }

  /** Raw frames sent since the last call. */
  takeFrames(): Uint8Array[] {
    return this.collected.splice(0).map(({ frame }) => frame);
  }

  /** TCP segments sent since the last call. */
  take(): Sent[] {
    return this.collected
      .splice(0)
      .filter(({ frame }) => {
        const next = etherType(frame, 0) === EtherType.ipv4 ? 14 + 9 : 14 + 6;
        return etherType(frame, 0) !== EtherType.arp && frame[next] === IpProtocol.tcp;
      })
      .map(({ frame, atUs }) => parseSent(frame, atUs));
  }

  serve(
    onConnection: (socket: AtcpSocket) => void,
    options: Omit<AtcpServerOptions, 'host'> = {},
    port = PORT,
  ): AtcpServer {
    return createServer({ host: this.host, ...options }, onConnection).listen(port);
  }
}

/** A client by hand. `seq` and `ack` follow what it sends and acknowledges; every field can be said otherwise. */
export class Peer implements Endpoint {
  readonly rig: Rig;
  readonly mac: Uint8Array;
  readonly address: number;
  readonly address6: Uint8Array | undefined;
  readonly port: number;
  readonly localPort: number;
  /** SND.NXT and RCV.NXT of the client. */
  seq: number;
  ack = 0;
  window = 0xffff;

  constructor(
    rig: Rig,
    options: {
      port?: number;
      localPort?: number;
      iss?: number;
      mac?: Uint8Array;
      address6?: Uint8Array;
    } = {},
  ) {
    this.rig = rig;
    this.mac = options.mac ?? PEER_MAC;
    this.address = PEER_ADDRESS;
    this.address6 = options.address6;
    this.port = options.port ?? 40_000;
    this.localPort = options.localPort ?? PORT;
    this.seq = options.iss ?? 0xffff_ff00;
  }

  /** Queues a segment without ending the batch. */
  put(fields: SegmentFields): void {
    const payload = fields.payload ?? '';
    const full = { seq: this.seq, ack: this.ack, window: this.window, options: [], ...fields, payload };
    this.rig.frameIn(segmentFrame(this, full));
  }

  /** Sends a segment at SND.NXT and moves SND.NXT; returns what came back in the batch. */
  send(fields: SegmentFields): Sent[] {
    this.put(fields);
    if (fields.seq === undefined) {
      const flags = (fields.flags.match(/[SF]/g) ?? []).length;
      this.seq = (this.seq + flags + (fields.payload?.length ?? 0)) >>> 0;
    }
    return this.batch();
  }

  batch(): Sent[] {
    this.rig.batch();
    return this.rig.take();
  }

  /** The three steps, the third `rttUs` later; returns the SYN-ACK. `options`: of the SYN. */
  connect(options: readonly number[] = [2, 4, 5, 0xb4], rttUs = 0): Sent {
    const [synAck] = this.send({ flags: 'S', options });
    assert.ok(synAck);
    assert.equal(synAck.flags, 'SA');
    this.ack = (synAck.seq + 1) >>> 0;
    if (rttUs > 0) this.rig.pass(rttUs);
    this.send({ flags: 'A' });
    return synAck;
  }

  /** Acknowledges `bytes` more. */
  acknowledge(bytes: number, options?: readonly number[]): Sent[] {
    this.ack = (this.ack + bytes) >>> 0;
    return this.send(options === undefined ? { flags: 'A' } : { flags: 'A', options });
  }
}

/** The SACK option for ranges of sequence numbers. */
export function sackOption(...edges: number[]): number[] {
  const b = new Uint8Array(4 * edges.length);
  edges.forEach((edge, i) => put32(b, 4 * i, edge >>> 0));
  return [1, 1, 5, 2 + b.length, ...b];
}

export const MSS_1440 = Object.freeze([2, 4, 5, 0xa0]);
export const MSS_1460 = Object.freeze([2, 4, 5, 0xb4]);
export const SACK_PERMITTED = Object.freeze([4, 2]);
export const WINDOW_SCALE_7 = Object.freeze([3, 3, 7]);

export { get16, get32 };
