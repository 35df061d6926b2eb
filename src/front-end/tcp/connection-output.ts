/** The segments of one connection: its addresses, its latest (acknowledgment, window) pair, and what they are for. */
import { ETHERNET_HEADER_BYTES } from '../../wire/ethernet.js';
import { TCP_HEADER_BYTES, TcpFlag, emitTcp, emitTimestampsOption } from '../../wire/tcp.js';
import type { Path } from '../link/path.js';
import type { Receiver } from './receiver.js';
import { unwrap } from './segment.js';
import type { SegmentOutput } from './segment-output.js';
import type { SpanTemplate } from './span.js';
import type { Timestamps } from './timestamps.js';

/** What the segments are made of. */
export interface OutputSource {
  readonly path: Path;
  readonly localPort: number;
  readonly remotePort: number;
  readonly receiver: Receiver;
  readonly sender: { readonly sndNxt: number; readonly rtt: { readonly srttUs: number } };
  readonly sack: boolean;
  /** Undefined when they were not agreed. */
  readonly timestamps: Timestamps | undefined;
}

export class ConnectionOutput {
  private readonly stack: { readonly output: SegmentOutput; readonly nowUs: number };
  private readonly source: OutputSource;

  constructor(stack: { readonly output: SegmentOutput; readonly nowUs: number }, source: OutputSource) {
    this.stack = stack;
    this.source = source;
  }

  get acknowledgment(): number {
    return this.source.receiver.rcvNxt >>> 0;
  }

  /** TSval of what is granted now; 0 without timestamps. */
  get tsVal(): number {
    return this.tsValAt(this.source.sender.sndNxt);
  }

  /** TSecr; 0 without timestamps. */
  get tsEcr(): number {
    return this.source.timestamps?.tsRecent ?? 0;
  }

  sendAck(sequence: number): void {
    this.send(sequence, TcpFlag.ack, this.source.sack && !this.source.receiver.reassembly.empty);
  }

  sendText(sequence: number, payload: Uint8Array, at: number, length: number, psh: boolean): void {
    this.send(sequence, psh ? TcpFlag.ack | TcpFlag.psh : TcpFlag.ack, false, payload, at, length);
  }

  sendFin(sequence: number): void {
    this.send(sequence, TcpFlag.fin | TcpFlag.ack, false);
  }

  sendReset(sequence: number): void {
    this.send(sequence, TcpFlag.rst | TcpFlag.ack, false);
  }

  /** Headers of a data segment, lengths, checksums and sequence number zero (decision 13). */
  writeTemplate(b: Uint8Array): SpanTemplate {
    const { path, localPort, remotePort, receiver, timestamps } = this.source;
    const at = path.writeTemplate(b);
    let bytes = TCP_HEADER_BYTES;
    if (timestamps !== undefined) bytes += emitTimestampsOption(b, at + bytes, this.tsVal, this.tsEcr);
    emitTcp(b, at, localPort, remotePort, 0, this.acknowledgment, TcpFlag.ack, receiver.offer(), bytes);
    return { bytes: at + bytes, l3Offset: ETHERNET_HEADER_BYTES, l4Offset: at };
  }

  private tsValAt(position: number): number {
    const { timestamps, sender } = this.source;
    if (timestamps === undefined) return 0;
    return timestamps.valueAt(position, sender.sndNxt, sender.rtt.srttUs, this.stack.nowUs);
  }

  private send(
    sequence: number,
    flags: number,
    sacked: boolean,
    payload?: Uint8Array,
    payloadAt?: number,
    payloadBytes?: number,
  ): void {
    const { output } = this.stack;
    const { path, localPort, remotePort, receiver, sender, timestamps } = this.source;
    let optionBytes = 0;
    if (timestamps !== undefined) {
      const tsVal = this.tsValAt(unwrap(sequence, sender.sndNxt));
      optionBytes = emitTimestampsOption(output.options, 0, tsVal, this.tsEcr);
    }
    if (sacked) optionBytes += output.putSack(receiver.reassembly, optionBytes);
    output.send(
      path,
      localPort,
      remotePort,
      sequence,
      this.acknowledgment,
      flags,
      receiver.offer(),
      optionBytes,
      payload,
      payloadAt,
      payloadBytes,
    );
    receiver.onAckSent();
  }
}
