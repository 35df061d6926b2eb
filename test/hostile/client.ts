/**
 * A client of its own making, on raw segments: it connects, asks, takes what comes, whoever sent it, acknowledges,
 * repeats and closes; and it can say anything else besides.
 */
import assert from 'node:assert/strict';
import {
  PEER_ADDRESS,
  PEER_MAC,
  segmentFrame,
  type Endpoint,
  type SegmentFields,
  type Sent,
} from '../front-end/rig.js';
import type { World } from './world.js';

export interface ClientOptions {
  /** Of its receive buffer; at most 65,535. */
  readonly bufferBytes?: number;
  readonly localPort?: number;
  readonly mss?: number;
}

export interface Response {
  readonly status: number;
  readonly head: string;
  readonly body: Buffer;
}

const RTO_US = 300_000;
/** Of its own text. */
const SEGMENT_BYTES = 1460;
const ACK_DELAY_US = 20;

export class Client implements Endpoint {
  readonly mac = PEER_MAC;
  readonly address = PEER_ADDRESS;
  readonly port: number;
  readonly localPort: number;
  /** What it says that it takes. */
  readonly mss: number;
  bufferBytes: number;
  /** SND.NXT, SND.UNA and RCV.NXT, modulo 2^32. */
  seq: number;
  una: number;
  ack = 0;
  connected = false;
  wasReset = false;
  /** The server has sent its FIN, and everything before it is here. */
  ended = false;
  /** Answers the server's FIN with its own. */
  closesWithServer = true;
  receivedBytes = 0;
  /** Segments that came, without the handshake's. */
  segments = 0;
  /** It hears nothing and says nothing any more. */
  gone = false;
  /** Whoever is looking on. */
  onSegmentHook: (segment: Sent) => void = () => {};
  readonly #world: World;
  readonly #received: Buffer[] = [];
  readonly #early = new Map<number, Buffer>();
  #unread = 0;
  #reading = true;
  #finAt: number | undefined;
  #output = Buffer.alloc(0);
  #finQueued = false;
  #finSent = false;
  #ackDue = false;
  #timer = 0;

  constructor(world: World, port: number, options: ClientOptions) {
    this.#world = world;
    this.port = port;
    this.localPort = options.localPort ?? 80;
    this.mss = options.mss ?? 1460;
    this.bufferBytes = options.bufferBytes ?? 0xffff;
    this.seq = (0xffff_f000 + port * 7919) >>> 0;
    this.una = this.seq;
  }

  connect(): void {
    this.segment({ flags: 'S', ack: 0, options: [2, 4, this.mss >>> 8, this.mss & 255] });
    this.seq = (this.seq + 1) >>> 0;
    this.#startTimer();
  }

  get(path: string): void {
    this.write(`GET ${path} HTTP/1.1\r\nHost: site\r\n\r\n`);
  }

  write(text: string | Uint8Array): void {
    this.#output = Buffer.concat([this.#output, Buffer.from(text as string, 'latin1')]);
    this.#transmit();
  }

  /** FIN, behind what was written. */
  end(): void {
    this.#finQueued = true;
    this.#transmit();
  }

  reset(): void {
    this.segment({ flags: 'RA' });
    this.gone = true;
  }

  /** The program stops taking bytes: the window closes as the buffer fills. */
  pause(): void {
    this.#reading = false;
  }

  resume(): void {
    this.#reading = true;
    this.#unread = 0;
    this.segment({ flags: 'A' });
  }

  get received(): Buffer {
    const all = Buffer.concat(this.#received.splice(0));
    this.#received.push(all);
    return all;
  }

  /** Complete responses, by Content-Length. */
  responses(): Response[] {
    const { received } = this;
    const responses: Response[] = [];
    for (let at = 0; ;) {
      const end = received.indexOf('\r\n\r\n', at);
      if (end === -1) return responses;
      const head = received.toString('latin1', at, end);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (received.length < end + 4 + length) return responses;
      responses.push({
        status: Number(head.slice(9, 12)),
        head,
        body: received.subarray(end + 4, end + 4 + length),
      });
      at = end + 4 + length;
    }
  }

  /** Waits for `count` responses and returns the last one. */
  async response(count = 1, ms = 60_000): Promise<Response> {
    let looked = -1;
    const isThere = (): boolean => {
      if (this.receivedBytes === looked) return false;
      looked = this.receivedBytes;
      return this.responses().length >= count;
    };
    await this.#world.until(
      isThere,
      ms,
      `response ${count} on port ${this.port}, after ${this.receivedBytes} bytes`,
    );
    return this.responses()[count - 1]!;
  }

  /** Waits for a 200 with exactly these bytes, and closes. */
  async expectBody(expected: Uint8Array, ms = 60_000): Promise<void> {
    const { status, body, head } = await this.response(1, ms);
    assert.equal(status, 200, head);
    assert.equal(
      Buffer.compare(body, expected),
      0,
      `${body.length} of ${expected.length} bytes, and every one right`,
    );
    this.end();
  }

  async expectStatus(status: number, ms = 60_000): Promise<Response> {
    const response = await this.response(1, ms);
    assert.equal(response.status, status, response.head);
    this.end();
    return response;
  }

  /** Sends any segment; what is left out is what an honest client would say now. */
  segment(fields: SegmentFields): void {
    if (!this.gone) this.#world.sendFromClient(this.frame(fields));
  }

  frame(fields: SegmentFields): Uint8Array {
    const { payload = '', options = [], ...rest } = fields;
    const honest = { seq: this.seq, ack: this.ack, window: this.window };
    return segmentFrame(this, { ...honest, ...rest, payload, options });
  }

  get window(): number {
    return Math.max(0, this.bufferBytes - this.#unread);
  }

  onSegment(segment: Sent): void {
    if (this.gone) return;
    this.onSegmentHook(segment);
    if (segment.flags.includes('R')) {
      this.#onReset(segment.seq);
      return;
    }
    if (segment.flags === 'SA') {
      this.#onSynAck(segment);
      return;
    }
    if (!this.connected) return;
    this.segments++;
    this.#takeAck(segment.ack);
    const length = segment.payload.length;
    if (segment.flags.includes('F')) this.#finAt = (segment.seq + length) >>> 0;
    if (length > 0 || segment.flags.includes('F')) this.#takeText(segment.seq, segment.payload);
    // A probe: SEQ behind what was acknowledged.
    else if (((segment.seq - this.ack) | 0) < 0) this.#acknowledge();
  }

  /** RFC 5961 3.2: only the exact one counts; one within the window is questioned. */
  #onReset(seq: number): void {
    const ahead = (seq - this.ack) | 0;
    if (!this.connected || ahead === 0) this.wasReset = true;
    else if (ahead > 0 && ahead < this.window) this.segment({ flags: 'A' });
  }

  #onSynAck(segment: Sent): void {
    if (!this.connected) {
      this.ack = (segment.seq + 1) >>> 0;
      this.una = this.seq;
      this.connected = true;
    }
    this.segment({ flags: 'A' });
    this.#transmit();
  }

  #takeAck(ack: number): void {
    const acked = (ack - this.una) | 0;
    if (acked <= 0 || ((this.seq - ack) | 0) < 0) return;
    this.#output = this.#output.subarray(Math.min(acked, this.#output.length));
    this.una = ack;
    this.#transmit();
  }

  #takeText(seq: number, payload: Buffer): void {
    const ahead = (seq - this.ack) | 0;
    if (ahead + payload.length <= this.window && payload.length > 0) this.#early.set(seq, payload);
    for (let moved = true; moved;) {
      moved = false;
      for (const [start, bytes] of this.#early) {
        const known = (this.ack - start) | 0;
        if (known < 0) continue;
        this.#early.delete(start);
        if (known >= bytes.length) continue;
        this.#take(bytes.subarray(known));
        moved = true;
      }
    }
    if (this.#finAt === this.ack && !this.ended) this.#onFin();
    if (ahead > 0) this.segment({ flags: 'A' });
    else this.#acknowledge();
  }

  #take(bytes: Buffer): void {
    this.#received.push(Buffer.from(bytes));
    this.receivedBytes += bytes.length;
    this.ack = (this.ack + bytes.length) >>> 0;
    if (!this.#reading) this.#unread += bytes.length;
  }

  #onFin(): void {
    this.ended = true;
    this.ack = (this.ack + 1) >>> 0;
    if (this.closesWithServer) this.end();
  }

  /** Once for all that comes within a moment. */
  #acknowledge(): void {
    if (this.#ackDue) return;
    this.#ackDue = true;
    this.#world.clock.in(ACK_DELAY_US, () => {
      this.#ackDue = false;
      if (!this.wasReset) this.segment({ flags: 'A' });
    });
  }

  #transmit(): void {
    if (!this.connected || this.wasReset) return;
    const sent = (this.seq - this.una) | 0;
    for (let at = sent; at < this.#output.length; at += SEGMENT_BYTES) {
      const payload = this.#output.subarray(at, at + SEGMENT_BYTES);
      this.segment({ flags: 'PA', payload });
      this.seq = (this.seq + payload.length) >>> 0;
    }
    if (this.#finQueued && !this.#finSent) {
      this.#finSent = true;
      this.segment({ flags: 'FA' });
      this.seq = (this.seq + 1) >>> 0;
    }
    this.#startTimer();
  }

  /** Goes back to what is not acknowledged yet. */
  #startTimer(): void {
    const timer = ++this.#timer;
    if (this.seq === this.una) return;
    this.#world.clock.in(RTO_US, () => {
      if (timer !== this.#timer || this.wasReset || this.gone) return;
      this.seq = this.una;
      this.#finSent = false;
      if (this.connected) this.#transmit();
      else this.connect();
    });
  }
}
