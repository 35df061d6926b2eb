/** The segments of one connection: its addresses, its latest (acknowledgment, window) pair, and what they are for. */
import { ETHERNET_HEADER_BYTES } from '../../wire/ethernet.js';
import { TCP_HEADER_BYTES, TcpFlag, emitTcp } from '../../wire/tcp.js';
import type { Path } from '../link/path.js';
import type { Receiver } from './receiver.js';
import type { SegmentOutput } from './segment-output.js';
import type { SpanTemplate } from './span.js';

export class ConnectionOutput {
  private readonly output: SegmentOutput;
  private readonly path: Path;
  private readonly localPort: number;
  private readonly remotePort: number;
  private readonly receiver: Receiver;
  private readonly sack: boolean;

  constructor(
    output: SegmentOutput,
    path: Path,
    localPort: number,
    remotePort: number,
    receiver: Receiver,
    sack: boolean,
  ) {
    this.output = output;
    this.path = path;
    this.localPort = localPort;
    this.remotePort = remotePort;
    this.receiver = receiver;
    this.sack = sack;
  }

  get acknowledgment(): number {
    return this.receiver.rcvNxt >>> 0;
  }

  sendAck(sequence: number): void {
    const sacked = this.sack && !this.receiver.reassembly.empty;
    this.send(sequence, TcpFlag.ack, sacked ? this.output.putSack(this.receiver.reassembly) : 0);
  }

  sendText(sequence: number, payload: Uint8Array, at: number, length: number, psh: boolean): void {
    this.send(sequence, psh ? TcpFlag.ack | TcpFlag.psh : TcpFlag.ack, 0, payload, at, length);
  }

  sendFin(sequence: number): void {
    this.send(sequence, TcpFlag.fin | TcpFlag.ack, 0);
  }

  sendReset(sequence: number): void {
    this.send(sequence, TcpFlag.rst | TcpFlag.ack, 0);
  }

  /** Headers of a data segment, lengths, checksums and sequence number zero (decision 13). */
  writeTemplate(b: Uint8Array): SpanTemplate {
    const at = this.path.writeTemplate(b);
    const { localPort, remotePort, acknowledgment } = this;
    const window = this.receiver.offer();
    emitTcp(b, at, localPort, remotePort, 0, acknowledgment, TcpFlag.ack, window, TCP_HEADER_BYTES);
    return { bytes: at + TCP_HEADER_BYTES, l3Offset: ETHERNET_HEADER_BYTES, l4Offset: at };
  }

  private send(
    sequence: number,
    flags: number,
    optionBytes: number,
    payload?: Uint8Array,
    payloadAt?: number,
    payloadBytes?: number,
  ): void {
    this.output.send(
      this.path,
      this.localPort,
      this.remotePort,
      sequence,
      this.acknowledgment,
      flags,
      this.receiver.offer(),
      optionBytes,
      payload,
      payloadAt,
      payloadBytes,
    );
    this.receiver.onAckSent();
  }
}
