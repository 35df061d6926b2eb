/** A board of the conformance scripts: a span that sends what it is granted as pseudo packets, and then reports it. */
import type { Span, SpanCarrier, SpanTemplate } from '../../src/front-end/tcp/span.js';
import { put16, put32 } from '../../src/wire/bytes.js';
import { TimestampMarks } from '../../src/front-end/tcp/timestamp-marks.js';
import { EtherType, etherType } from '../../src/wire/ethernet.js';
import { IpProtocol, ipv4PseudoHeaderSum, setIpv4Length } from '../../src/wire/ipv4.js';
import { IPV6_HEADER_BYTES, ipv6PseudoHeaderSum } from '../../src/wire/ipv6.js';
import { TcpFlag, setTcpChecksum } from '../../src/wire/tcp.js';

const MAX_TEMPLATE_BYTES = 128;

interface Job {
  readonly atUs: number;
  readonly from: number;
  readonly to: number;
  readonly again: boolean;
}

export class BoardSpan implements Span {
  readonly length: number;
  readonly ready: number;
  readonly canResend = true;
  sentUpTo = 0;
  onDone: ((error?: Error) => void) | undefined = undefined;
  private readonly content: (offset: number) => number;
  private readonly transmit: (frame: Uint8Array) => void;
  private readonly clock: () => number;
  private readonly delayUs: number;
  private carrier: SpanCarrier | undefined;
  private startSequence = 0;
  private granted = 0;
  private readonly marks = new TimestampMarks();
  private readonly jobs: Job[] = [];

  /** `content`: the byte at an offset; `delayUs`: from a grant to the sending. */
  constructor(
    length: number,
    content: (offset: number) => number,
    transmit: (frame: Uint8Array) => void,
    clock: () => number,
    delayUs = 0,
  ) {
    this.length = length;
    this.ready = length;
    this.content = content;
    this.transmit = transmit;
    this.clock = clock;
    this.delayUs = delayUs;
  }

  /** When it has something to send; Infinity for never. */
  get dueUs(): number {
    return this.jobs.reduce((due, { atUs }) => Math.min(due, atUs), Infinity);
  }

  /** Sends what is due and reports it; true when there was something. */
  step(nowUs: number): boolean {
    const due = this.jobs.filter(({ atUs }) => atUs <= nowUs);
    this.jobs.splice(0, this.jobs.length, ...this.jobs.filter(({ atUs }) => atUs > nowUs));
    for (const job of due) this.perform(job, nowUs);
    return due.length > 0;
  }

  attach(carrier: SpanCarrier, startSequence: number): void {
    this.carrier = carrier;
    this.startSequence = startSequence;
  }

  send(to: number): void {
    const { tsVal } = this.carrier!;
    if (tsVal !== 0) this.marks.mark(this.granted, tsVal);
    this.plan(this.granted, to, false);
    this.granted = to;
  }

  resend(from: number, to: number): void {
    this.plan(from, to, true);
  }

  acknowledge(offset: number): void {
    this.sentUpTo = Math.max(this.sentUpTo, offset);
    if (offset === this.length) this.end();
  }

  pairChanged(): void {
    // Each packet takes the pair when it is sent.
  }

  templateChanged(): void {
    // … and the header.
  }

  abandon(): void {
    this.end(new Error('abandoned'));
  }

  private end(error?: Error): void {
    this.carrier = undefined;
    this.jobs.length = 0;
    this.onDone?.(error);
    this.onDone = undefined;
  }

  private plan(from: number, to: number, again: boolean): void {
    this.jobs.push({ atUs: this.clock() + this.delayUs, from, to, again });
  }

  private perform({ from, to, again }: Job, nowUs: number): void {
    const { carrier } = this;
    if (carrier === undefined) return;
    for (let offset = from; offset < to; offset += carrier.segmentBytes)
      this.transmit(this.packet(carrier, offset, Math.min(to, offset + carrier.segmentBytes)));
    if (again) carrier.onResent(this, from, to, nowUs);
    else {
      this.sentUpTo = Math.max(this.sentUpTo, to);
      carrier.onSent(this, to, nowUs);
    }
  }

  private packet(carrier: SpanCarrier, from: number, to: number): Uint8Array {
    const header = new Uint8Array(MAX_TEMPLATE_BYTES);
    const template: SpanTemplate = carrier.writeTemplate(header);
    const frame = new Uint8Array(template.bytes + to - from);
    frame.set(header.subarray(0, template.bytes));
    for (let offset = from; offset < to; offset++)
      frame[template.bytes + offset - from] = this.content(offset);
    const { l3Offset, l4Offset } = template;
    put32(frame, l4Offset + 4, (this.startSequence + from) >>> 0);
    put32(frame, l4Offset + 8, carrier.acknowledgment);
    put16(frame, l4Offset + 14, carrier.windowField);
    if (to === this.length) frame[l4Offset + 13]! |= TcpFlag.psh;
    if (this.marks.count > 0) {
      // NOP, NOP, timestamps (RFC 7323 appendix A).
      put32(frame, l4Offset + 24, this.marks.at(from));
      put32(frame, l4Offset + 28, carrier.tsEcr);
    }
    const is6 = etherType(frame, 0) === EtherType.ipv6;
    if (is6) put16(frame, l3Offset + 4, frame.length - l3Offset - IPV6_HEADER_BYTES);
    else setIpv4Length(frame, l3Offset, frame.length - l3Offset);
    const tcpBytes = frame.length - l4Offset;
    const sum = is6 ? ipv6PseudoHeaderSum : ipv4PseudoHeaderSum;
    setTcpChecksum(frame, l4Offset, tcpBytes, sum(frame, l3Offset, IpProtocol.tcp, tcpBytes));
    return frame;
  }
}
