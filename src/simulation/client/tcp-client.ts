/**
 * A TCP client that runs by itself on virtual time, written apart from the stack under test: it opens, sends,
 * acknowledges as its plan says (SACK, D-SACK, window scale, timestamps with PAWS), repeats, closes. What the server
 * must not do, it reports.
 */
import { ACK, FIN, option32, PSH, RST, SYN, writeSegment, type Addresses, type Segment } from './packet.js';
import { StreamReceiver } from './receiver.js';

export interface ClientTcpOptions {
  readonly addresses: Addresses;
  readonly iss: number;
  readonly mss: number;
  readonly bufferBytes: number;
  /** -1: no window scaling. */
  readonly windowShift: number;
  readonly sack: boolean;
  readonly timestamps: boolean;
  readonly ackEvery: number;
  readonly ackDelayUs: number;
}

/** What it needs of the world. */
export interface ClientWorld {
  readonly nowUs: number;
  in(us: number, run: () => void): void;
  send(frame: Uint8Array): void;
  /** The server has done what no server may. */
  violation(what: string): void;
}

export interface ClientUser {
  onOpen(): void;
  /** Bytes in order; they count as unread until {@link TcpClient.read}. */
  onBytes(bytes: Uint8Array): void;
  /** The server's FIN, in order. */
  onFin(): void;
  onEnd(how: 'closed' | 'reset' | 'gaveUp'): void;
}

const FIRST_RTO_US = 1_000_000;
const RTO_US = 300_000;
const LONGEST_RTO_US = 20_000_000;
const MOST_REPETITIONS = 12;
/** An empty stretch of the stream that is looked at as text. */
const NOTHING = new Uint8Array(0);

export class TcpClient {
  /** Segments with text that came; and those dropped by PAWS. */
  segments = 0;
  pawsDrops = 0;
  badChecksums = 0;
  ended = false;
  readonly receiver: StreamReceiver;
  readonly #options: ClientTcpOptions;
  readonly #world: ClientWorld;
  readonly #user: ClientUser;
  #state: 'idle' | 'opening' | 'open' = 'idle';
  /** It hears nothing and says nothing. */
  #gone = false;
  /** After its own RST it answers everything with RST. */
  #aborted = false;
  // Sending: positions are relative to the ISS, so that the SYN is 0 and text begins at 1.
  #output = NOTHING;
  #una = 0;
  #nxt = 0;
  #finQueued = false;
  #timer = 0;
  #repetitions = 0;
  #segmentBytes: number;
  // Receiving.
  #irs = 0;
  #shift = 0;
  #sack = false;
  #timestamps = false;
  #tsRecent = 0;
  #lastAckSent = 0;
  #unacknowledged = 0;
  #ackTimer = 0;
  #ackDue = false;

  constructor(options: ClientTcpOptions, world: ClientWorld, user: ClientUser) {
    this.#options = options;
    this.#world = world;
    this.#user = user;
    this.#segmentBytes = options.mss;
    this.receiver = new StreamReceiver(options.bufferBytes, (bytes) => user.onBytes(bytes));
  }

  connect(): void {
    this.#state = 'opening';
    this.#sendSyn();
  }

  write(bytes: Uint8Array): void {
    const output = new Uint8Array(this.#output.length + bytes.length);
    output.set(this.#output);
    output.set(bytes, this.#output.length);
    this.#output = output;
    this.#transmit();
  }

  /** FIN, behind what was written. */
  finish(): void {
    this.#finQueued = true;
    this.#transmit();
  }

  reset(): void {
    if (this.#state === 'open') this.#send(this.#nxt, RST | ACK, NOTHING);
    this.#aborted = true;
    this.#timer++;
    this.ended = true;
  }

  vanish(): void {
    this.#gone = true;
    this.#timer++;
    this.ended = true;
  }

  /** Asks whether the other side is still there (RFC 9293 3.8.4). */
  probe(): void {
    if (this.#state === 'open' && !this.ended) this.#send(this.#nxt - 1, ACK, NOTHING);
  }

  /** The program has read so many of the bytes that came. */
  read(bytes: number): void {
    const { receiver } = this;
    const { bufferBytes, mss } = this.#options;
    receiver.unread -= bytes;
    const opened = receiver.next + receiver.windowBytes - receiver.edge;
    if (opened >= Math.min(bufferBytes / 2, 2 * mss)) this.#acknowledge();
  }

  onSegment(segment: Segment): void {
    if (this.#gone || this.#state === 'idle') return;
    if (this.#aborted) {
      if ((segment.flags & RST) === 0) this.#send(segment.acknowledgment - this.#options.iss, RST, NOTHING);
      return;
    }
    if (this.#state === 'opening') this.#onAnswer(segment);
    else this.#onOpen(segment);
  }

  // Opening.

  #sendSyn(): void {
    const { mss, windowShift, sack, timestamps, iss } = this.#options;
    const options = [2, 4, mss >>> 8, mss & 255];
    if (sack) options.push(4, 2);
    if (timestamps) options.push(8, 10, ...option32(this.#tsVal, 0));
    if (windowShift >= 0) options.push(3, 3, windowShift);
    const window = Math.min(0xffff, this.receiver.windowBytes);
    this.#world.send(writeSegment(this.#options.addresses, iss >>> 0, 0, SYN, window, options, NOTHING));
    this.#nxt = 1;
    this.#startTimer(FIRST_RTO_US, () => this.#sendSyn());
  }

  #onAnswer(segment: Segment): void {
    const { iss, windowShift, sack, timestamps, mss } = this.#options;
    const acknowledges = ((segment.flags & ACK) !== 0 && segment.acknowledgment === (iss + 1) >>> 0) || false;
    if ((segment.flags & RST) !== 0) {
      if (acknowledges) this.#end('reset');
      return;
    }
    if ((segment.flags & SYN) === 0 || !acknowledges) {
      // Of an earlier connection (RFC 9293 3.5.2).
      if ((segment.flags & ACK) !== 0) this.#send(segment.acknowledgment - iss, RST, NOTHING);
      return;
    }
    if (segment.sackPermitted && !sack) this.#world.violation('SACK was permitted and not asked for');
    if (segment.windowShift >= 0 && windowShift < 0)
      this.#world.violation('window scaling was not asked for');
    if (segment.timestamps !== undefined && !timestamps)
      this.#world.violation('timestamps were not asked for');
    this.#irs = segment.sequence;
    this.#sack = sack && segment.sackPermitted;
    this.#shift = segment.windowShift >= 0 && windowShift >= 0 ? windowShift : 0;
    this.#timestamps = timestamps && segment.timestamps !== undefined;
    this.#tsRecent = segment.timestamps?.[0] ?? 0;
    if (segment.mss > 0) this.#segmentBytes = Math.min(mss, segment.mss);
    if (this.#timestamps) this.#segmentBytes -= 12;
    this.#una = 1;
    this.#state = 'open';
    this.#repetitions = 0;
    this.#timer++;
    this.#acknowledge();
    this.#user.onOpen();
    this.#transmit();
  }

  // Open: RFC 9293 3.10.7.4, RFC 5961, RFC 7323.

  #onOpen(segment: Segment): void {
    if (!this.#takeTimestamps(segment)) return;
    const { receiver } = this;
    const start = this.#offsetOf(segment.sequence);
    const isFin = (segment.flags & FIN) !== 0;
    const end = start + segment.payload.length + (isFin ? 1 : 0);
    if ((segment.flags & RST) !== 0) {
      this.#onReset(start);
      return;
    }
    if (end < receiver.next || start > receiver.edge || (end === receiver.next && end > start)) {
      if (end <= receiver.next && segment.payload.length > 0) receiver.duplicate = [start, end];
      this.#acknowledge();
      return;
    }
    if ((segment.flags & SYN) !== 0) {
      this.#acknowledge();
      return;
    }
    if ((segment.flags & ACK) === 0 || !this.#takeAck(segment)) return;
    if (this.ended) return;
    if (end > start) this.#takeText(segment, start, isFin);
    // A probe lies just below the window (RFC 9293 3.8.4).
    else if (start < receiver.next) this.#acknowledge();
  }

  /** False when the segment is to be dropped (PAWS, RFC 7323 5.3). */
  #takeTimestamps(segment: Segment): boolean {
    if (!this.#timestamps || (segment.flags & RST) !== 0) return true;
    if (segment.timestamps === undefined) {
      const start = this.#offsetOf(segment.sequence);
      // Others are late ones of an earlier connection.
      if (start >= this.receiver.next && start <= this.receiver.edge)
        this.#world.violation('a segment without the timestamps that were agreed on');
      return false;
    }
    const [tsVal] = segment.timestamps;
    if (((tsVal - this.#tsRecent) | 0) < 0) {
      this.pawsDrops++;
      this.#acknowledge();
      return false;
    }
    if (this.#offsetOf(segment.sequence) <= this.#lastAckSent) this.#tsRecent = tsVal;
    return true;
  }

  #onReset(start: number): void {
    const { receiver } = this;
    if (start === receiver.next) this.#end('reset');
    else if (start > receiver.next && start < receiver.edge) this.#acknowledge();
  }

  #takeAck(segment: Segment): boolean {
    const ack = (segment.acknowledgment - this.#options.iss) | 0;
    if (ack > this.#nxt) {
      this.#world.violation(`an acknowledgment of ${ack - this.#nxt} bytes that were never sent`);
      return false;
    }
    if (ack > this.#una) {
      this.#una = ack;
      this.#repetitions = 0;
      this.#transmit();
      this.#lookWhetherClosed();
    }
    return true;
  }

  #takeText(segment: Segment, start: number, isFin: boolean): void {
    const { receiver } = this;
    if (segment.payload.length > 0) this.segments++;
    const optionBytes = this.#timestamps ? 12 : 0;
    if (segment.payload.length + optionBytes > this.#options.mss)
      this.#world.violation(`${segment.payload.length} bytes of text, and the MSS is ${this.#options.mss}`);
    const beyond = start + segment.payload.length - receiver.edge;
    if (beyond > 0) this.#world.violation(`${beyond} bytes beyond the window that was offered`);
    if (isFin) this.#takeFinAt(start + segment.payload.length);
    if (receiver.finished) {
      this.#acknowledge();
      return;
    }
    const unusual = receiver.take(start, segment.payload);
    if (this.ended) return;
    const before = receiver.next;
    receiver.takeFin();
    if (receiver.next > before) {
      this.#acknowledge();
      this.#user.onFin();
      this.#lookWhetherClosed();
    } else if (unusual || receiver.duplicate !== undefined) this.#acknowledge();
    else this.#acknowledgeLater(segment.payload.length);
  }

  #takeFinAt(at: number): void {
    const { receiver } = this;
    if (receiver.finAt === Infinity) receiver.finAt = at;
    else if (receiver.finAt !== at) this.#world.violation(`a FIN at ${at}, and one at ${receiver.finAt}`);
  }

  #lookWhetherClosed(): void {
    const finAcknowledged = this.#finQueued && this.#una === this.#output.length + 2;
    if (finAcknowledged && this.receiver.finished) this.#end('closed');
  }

  #end(how: 'closed' | 'reset' | 'gaveUp'): void {
    if (this.ended) return;
    this.ended = true;
    this.#timer++;
    // A socket that was reset is gone; one that closed still answers (TIME-WAIT).
    if (how !== 'closed') this.#aborted = true;
    this.#user.onEnd(how);
  }

  #offsetOf(sequence: number): number {
    // Near what is expected, modulo 2^32.
    const { next } = this.receiver;
    return next + ((sequence - (this.#irs + 1) - next) | 0);
  }

  // Sending.

  #transmit(): void {
    if (this.#state !== 'open' || this.ended) return;
    const end = 1 + this.#output.length;
    while (this.#nxt < end) {
      const payload = this.#output.subarray(this.#nxt - 1, this.#nxt - 1 + this.#segmentBytes);
      this.#send(this.#nxt, ACK | PSH, payload);
      this.#nxt += payload.length;
    }
    if (this.#finQueued && this.#nxt === end) {
      this.#send(end, FIN | ACK, NOTHING);
      this.#nxt = end + 1;
    }
    if (this.#una < this.#nxt) this.#startTimer(RTO_US, () => this.#repeat());
    else this.#timer++;
  }

  /** Goes back to what is not acknowledged yet. */
  #repeat(): void {
    this.#nxt = this.#una;
    this.#transmit();
  }

  #startTimer(firstUs: number, run: () => void): void {
    const timer = ++this.#timer;
    const us = Math.min(LONGEST_RTO_US, firstUs * 2 ** this.#repetitions);
    this.#world.in(us, () => {
      if (timer !== this.#timer || this.ended) return;
      if (++this.#repetitions > MOST_REPETITIONS) this.#end('gaveUp');
      else run();
    });
  }

  // Acknowledging.

  #acknowledgeLater(bytes: number): void {
    this.#unacknowledged += bytes;
    if (this.#unacknowledged >= this.#options.ackEvery * this.#segmentBytes || bytes === 0) {
      this.#acknowledge();
      return;
    }
    if (this.#ackDue) return;
    this.#ackDue = true;
    const timer = ++this.#ackTimer;
    this.#world.in(this.#options.ackDelayUs, () => {
      if (timer === this.#ackTimer && this.#ackDue && !this.#gone && !this.#aborted) this.#acknowledge();
    });
  }

  #acknowledge(): void {
    this.#send(Math.max(this.#nxt, 1), ACK, NOTHING);
  }

  get #tsVal(): number {
    return Math.floor(this.#world.nowUs / 1000) >>> 0;
  }

  /** `position` is relative to the ISS. */
  #send(position: number, flags: number, payload: Uint8Array): void {
    const { receiver } = this;
    const options: number[] = [];
    if (this.#timestamps) options.push(1, 1, 8, 10, ...option32(this.#tsVal, this.#tsRecent));
    if (this.#sack && payload.length === 0 && (flags & (RST | FIN)) === 0) {
      const ranges = receiver.sackRanges(this.#timestamps ? 3 : 4);
      if (ranges.length > 0) {
        const edges = ranges.flat().map((at) => (this.#irs + 1 + at) >>> 0);
        options.push(1, 1, 5, 2 + 4 * edges.length, ...option32(...edges));
      }
    }
    const unit = 2 ** this.#shift;
    // The edge that was offered is never taken back, not even by rounding.
    const kept = Math.ceil(Math.max(0, receiver.edge - receiver.next) / unit);
    const window = Math.min(0xffff, Math.max(kept, Math.floor(receiver.windowBytes / unit)));
    receiver.offered(window * unit);
    const isReset = (flags & RST) !== 0;
    const ack = this.#state === 'open' ? (this.#irs + 1 + receiver.next) >>> 0 : 0;
    if (!isReset) {
      this.#lastAckSent = receiver.next;
      this.#unacknowledged = 0;
      this.#ackDue = false;
    }
    const sequence = (this.#options.iss + position) >>> 0;
    this.#world.send(writeSegment(this.#options.addresses, sequence, ack, flags, window, options, payload));
  }
}
