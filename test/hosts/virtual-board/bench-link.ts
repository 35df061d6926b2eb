/**
 * The other end of a virtual board's cable: the project's delegation layer as front-end, and a client that takes
 * what the board sends, checks every checksum and acknowledges, without loss.
 */
import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { BackEnds } from '../../../src/front-end/delegation/index.js';
import type { Span, SpanCarrier, SpanTemplate } from '../../../src/front-end/tcp/span.js';
import { emitEthernet, EtherType, etherType } from '../../../src/wire/ethernet.js';
import {
  checkIpv4,
  emitIpv4,
  IpProtocol,
  ipv4HeaderBytes,
  ipv4PseudoHeaderSum,
  ipv4TotalLength,
} from '../../../src/wire/ipv4.js';
import { checkTcp, emitTcp, TcpFlag, tcpHeaderBytes, tcpSequence } from '../../../src/wire/tcp.js';

export const VIP = '10.77.0.10';
const VIP_ADDRESS = 0x0a4d_000a;
const CLIENT_ADDRESS = 0x0a4d_00c8;
const FRONT_END_MAC = Uint8Array.of(2, 0xa7, 0xc0, 0, 0, 0xfe);
const CLIENT_MAC = Uint8Array.of(2, 0xa7, 0xc0, 0, 0, 0xc8);
const VIP_PORT = 80;
const CLIENT_PORT = 40_000;
const SEGMENT_BYTES = 1460;
const START_SEQUENCE = 0xffff_f000; // Wraps soon.
/** What may be on its way to the client: its receive window. */
const WINDOW_BYTES = 256 * 1024;

const L3 = 14;
const L4 = 34;

export class BenchLink {
  readonly backEnds: BackEnds;
  readonly remotePort: number;
  readonly #socket: Socket;
  #boardPort = 0;
  #timer: NodeJS.Timeout | undefined;
  #flushing = false;
  #closed = false;
  #client: Client | undefined;

  static async open(boardId: number, key: Uint8Array): Promise<BenchLink> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new BenchLink(socket, boardId, key);
  }

  private constructor(socket: Socket, boardId: number, key: Uint8Array) {
    this.#socket = socket;
    this.remotePort = socket.address().port;
    this.backEnds = new BackEnds({
      provisioning: [{ id: boardId, key }],
      macAddress: FRONT_END_MAC,
      epoch: 1,
      entropy: { fill: (b, at, length) => void randomFillSync(b, at, length) },
      transmit: (b, at, length) => {
        socket.send(Buffer.from(b.subarray(at, at + length)), this.#boardPort, '127.0.0.1');
        return true;
      },
      unixTimeMs: Date.now,
      onWork: () => this.#later(),
    });
    socket.on('message', (frame) => this.#onFrame(frame));
  }

  /** The board's local port is known: begin to look for it. */
  connect(boardPort: number): void {
    this.#boardPort = boardPort;
    this.#tick();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  /** Downloads a range of an object; the bytes as the client got them. */
  async download(name: string, version: Uint8Array, from: number, length: number): Promise<Buffer> {
    const client = new Client(length);
    this.#client = client;
    await new Promise<void>((resolve, reject) => {
      const span = this.backEnds.createSpan({ name, version, from, length });
      span.onDone = (error) => (error ? reject(error) : resolve());
      client.start(span);
      this.#later();
    });
    this.#client = undefined;
    return client.bytes;
  }

  #onFrame(frame: Buffer): void {
    if (etherType(frame, 0) === EtherType.atcp) this.backEnds.onFrame(frame, 0, frame.length, nowUs());
    else this.#client?.take(frame);
    this.#later();
  }

  /** Once a batch of datagrams, not once each. */
  #later(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#tick();
    });
  }

  #tick(): void {
    if (this.#closed) return;
    const now = nowUs();
    this.#client?.acknowledge();
    this.backEnds.onTimer(now);
    this.backEnds.flush(now);
    clearTimeout(this.#timer);
    const deadline = this.backEnds.nextDeadlineUs;
    if (deadline !== Infinity) {
      this.#timer = setTimeout(() => this.#tick(), Math.min(1000, Math.max(1, (deadline - now) / 1000)));
    }
  }
}

function nowUs(): number {
  return Math.floor(performance.now() * 1000);
}

/** A lossless TCP receiver that a board sends to. */
class Client implements SpanCarrier {
  readonly bytes: Buffer;
  readonly segmentBytes = SEGMENT_BYTES;
  readonly acknowledgment = 0x1234_5678;
  readonly windowField = 0xffff;
  readonly tsVal = 0;
  readonly tsEcr = 0;
  #received = 0;
  #span: Span | undefined;

  constructor(length: number) {
    this.bytes = Buffer.alloc(length, 0xa5);
  }

  start(span: Span): void {
    this.#span = span;
    span.attach(this, START_SEQUENCE);
    span.send(Math.min(this.bytes.length, WINDOW_BYTES));
  }

  take(frame: Buffer): void {
    assert.equal(frame.subarray(0, 6).compare(CLIENT_MAC), 0);
    assert.equal(checkIpv4(frame, L3, frame.length - L3), 'ok');
    assert.equal(ipv4HeaderBytes(frame, L3), L4 - L3);
    const tcpBytes = ipv4TotalLength(frame, L3) - (L4 - L3);
    assert.equal(
      checkTcp(frame, L4, tcpBytes, ipv4PseudoHeaderSum(frame, L3, IpProtocol.tcp, tcpBytes)),
      'ok',
    );
    const offset = (tcpSequence(frame, L4) - START_SEQUENCE) >>> 0;
    assert.equal(offset, this.#received, 'in order and each byte once');
    const payloadAt = L4 + tcpHeaderBytes(frame, L4);
    frame.copy(this.bytes, offset, payloadAt, L4 + tcpBytes);
    this.#received = offset + L4 + tcpBytes - payloadAt;
  }

  acknowledge(): void {
    this.#span?.acknowledge(this.#received);
    this.#span?.send(Math.min(this.bytes.length, this.#received + WINDOW_BYTES));
  }

  writeTemplate(b: Uint8Array): SpanTemplate {
    // The board puts its own MAC in as the source.
    emitEthernet(b, 0, CLIENT_MAC, FRONT_END_MAC, EtherType.ipv4);
    emitIpv4(b, L3, 0, IpProtocol.tcp, VIP_ADDRESS, CLIENT_ADDRESS);
    emitTcp(b, L4, VIP_PORT, CLIENT_PORT, 0, this.acknowledgment, TcpFlag.ack, this.windowField, 20);
    b.fill(0, L3 + 10, L3 + 12);
    return { bytes: L4 + 20, l3Offset: L3, l4Offset: L4 };
  }

  sendSegment(): void {
    assert.fail('the front-end carries no payload');
  }
  onReady(): void {}
  onSent(): void {}
  onResent(): void {}
  onFailed(_span: Span, error: Error): void {
    throw error;
  }
}
