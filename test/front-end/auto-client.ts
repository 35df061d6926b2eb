/**
 * A small TCP client that runs by itself over a faulty network on virtual time: it opens, sends what it is given,
 * acknowledges (with SACK when agreed), repeats what is lost and closes. Written apart from the stack under test.
 */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { put32 } from '../../src/wire/bytes.js';
import {
  PEER_ADDRESS,
  PEER_MAC,
  PORT,
  type Rig,
  parseSent,
  sackOption,
  segmentFrame,
  settle,
  type Sent,
} from './rig.js';

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Faults {
  readonly loss?: number;
  readonly duplicate?: number;
  /** Chance of an extra delay of up to five times {@link delayUs}. */
  readonly reorder?: number;
  readonly delayUs?: number;
}

interface Event {
  readonly atUs: number;
  readonly order: number;
  readonly run: () => void;
}

/** The wire between a {@link Rig} and its clients, and the clock of both. */
export class Network {
  readonly rig: Rig;
  private readonly random: () => number;
  private readonly faults: Required<Faults>;
  private readonly events: Event[] = [];
  private readonly clients = new Map<number, AutoClient>();
  private order = 0;

  constructor(rig: Rig, seed = 1, faults: Faults = {}) {
    this.rig = rig;
    this.random = seededRandom(seed);
    this.faults = { loss: 0, duplicate: 0, reorder: 0, delayUs: 500, ...faults };
    rig.onFrameOut = (frame) => this.transfer(() => this.toClient(frame));
  }

  get nowUs(): number {
    return this.rig.nowUs;
  }

  add(client: AutoClient): void {
    this.clients.set(client.port, client);
  }

  toHost(frame: Uint8Array): void {
    this.transfer(() => this.rig.frameIn(frame));
  }

  at(atUs: number, run: () => void): void {
    this.events.push({ atUs, order: this.order++, run });
  }

  /** Runs until `done` or until nothing happens any more or time is up; returns whether it was done. */
  async run(done: () => boolean, limitUs = 600_000_000): Promise<boolean> {
    const endUs = this.nowUs + limitUs;
    this.rig.batch();
    await settle();
    this.rig.batch();
    while (!done()) {
      const nextUs = Math.min(this.nextEventUs(), this.rig.deadlineUs);
      if (nextUs > endUs) return false;
      this.rig.nowUs = Math.max(this.rig.nowUs, nextUs);
      for (const event of this.takeDue()) event.run();
      this.rig.batch();
      await settle();
      this.rig.batch();
    }
    return true;
  }

  private nextEventUs(): number {
    return this.events.reduce((atUs, event) => Math.min(atUs, event.atUs), Infinity);
  }

  private takeDue(): Event[] {
    const due = this.events.filter((event) => event.atUs <= this.nowUs);
    const later = this.events.filter((event) => event.atUs > this.nowUs);
    this.events.splice(0, this.events.length, ...later);
    return due.sort((a, b) => a.atUs - b.atUs || a.order - b.order);
  }

  private transfer(arrive: () => void): void {
    const { loss, duplicate, reorder, delayUs } = this.faults;
    for (let copies = this.random() < duplicate ? 2 : 1; copies > 0; copies--) {
      if (this.random() < loss) continue;
      const extra = this.random() < reorder ? Math.floor(this.random() * 5 * delayUs) : 0;
      this.at(this.nowUs + delayUs + extra, arrive);
    }
  }

  private toClient(frame: Uint8Array): void {
    if (frame[12] !== 0x08 || frame[13] !== 0x00) return;
    const segment = parseSent(frame, this.nowUs);
    this.clients.get(segment.remotePort)?.onSegment(segment);
  }
}

export interface AutoClientOptions {
  readonly port?: number;
  readonly sack?: boolean;
  /** Window scale to offer; left out: none. */
  readonly scale?: number;
  readonly bufferBytes?: number;
  readonly iss?: number;
  /** Offer timestamps, and check them as RFC 7323 5.3 says. */
  readonly timestamps?: boolean;
}

const RTO_US = 300_000;
const MSS = 1460;

/** Events: 'open', 'data' (bytes in order), 'end' (the server's FIN), 'reset'. */
export class AutoClient extends EventEmitter {
  readonly mac = PEER_MAC;
  readonly address = PEER_ADDRESS;
  readonly port: number;
  readonly localPort = PORT;
  readonly received: Buffer[] = [];
  receivedBytes = 0;
  ended = false;
  wasReset = false;
  opened = false;
  /** Bytes from the start of the stream that are kept from the application: it does not read. */
  paused = false;
  private readonly net: Network;
  private readonly sack: boolean;
  private readonly scale: number;
  private readonly bufferBytes: number;
  private readonly iss: number;
  private output = Buffer.alloc(0);
  private una = 0;
  private nxt = 0;
  private finQueued = false;
  /** The server's initial sequence number. */
  irs = 0;
  private rcvNxt = 0;
  private finAt = -1;
  private readonly ahead = new Map<number, Buffer>();
  /** What came twice, to be reported with the next ACK (D-SACK, RFC 2883). */
  private duplicate: readonly [number, number] | undefined;
  private unread = 0;
  private unacked = 0;
  private timerGeneration = 0;
  private serverSack = false;
  private readonly timestamps: boolean;
  private tsRecent = 0;
  private lastAckSent = 0;
  /** Segments with something new in them that PAWS made us drop. */
  pawsDrops = 0;
  readonly tsVals = new Set<number>();

  constructor(net: Network, options: AutoClientOptions = {}) {
    super();
    this.net = net;
    this.port = options.port ?? 50_000;
    this.sack = options.sack ?? false;
    this.scale = options.scale ?? -1;
    this.bufferBytes = options.bufferBytes ?? (this.scale < 0 ? 0xffff : 0x10_0000);
    this.iss = options.iss ?? 0xffff_f000;
    this.timestamps = options.timestamps ?? false;
    net.add(this);
  }

  connect(): this {
    this.transmit();
    return this;
  }

  send(bytes: Buffer | string): this {
    this.output = Buffer.concat([this.output, Buffer.from(bytes)]);
    if (this.opened) this.transmit();
    return this;
  }

  end(): this {
    this.finQueued = true;
    if (this.opened) this.transmit();
    return this;
  }

  resume(): void {
    this.paused = false;
    this.unread = 0;
    this.acknowledge();
  }

  get text(): string {
    return Buffer.concat(this.received).toString('latin1');
  }

  onSegment(segment: Sent): void {
    if (segment.flags.includes('R')) {
      this.wasReset = true;
      this.timerGeneration++;
      this.emit('reset');
      return;
    }
    if (segment.flags.includes('S')) this.onSynAck(segment);
    if (!this.opened) return;
    if (this.timestamps && !this.takeTimestamps(segment)) return;
    this.onAck(segment);
    if (segment.payload.length > 0 || segment.flags.includes('F')) this.onText(segment);
  }

  private onSynAck(segment: Sent): void {
    if (this.opened) {
      this.acknowledge();
      return;
    }
    this.opened = true;
    this.irs = segment.seq;
    this.rcvNxt = 0;
    this.una = 1;
    this.nxt = 1;
    this.serverSack = segment.options.sackPermitted;
    this.tsRecent = segment.options.tsVal;
    this.acknowledge();
    this.emit('open');
    this.transmit();
  }

  private onAck(segment: Sent): void {
    const acked = (segment.ack - this.iss - this.una) | 0;
    if (acked <= 0) return;
    this.una += acked;
    this.nxt = Math.max(this.nxt, this.una);
    this.transmit();
  }

  private onText(segment: Sent): void {
    const start = (segment.seq - this.irs - 1) | 0;
    const end = start + segment.payload.length;
    if (segment.flags.includes('F')) this.finAt = end;
    if (segment.payload.length > 0 && (end <= this.rcvNxt || this.ahead.has(start)))
      this.duplicate = [start, end];
    let disorder = start > this.rcvNxt || this.duplicate !== undefined;
    // A client drops what lies beyond the window that it offered.
    if (end > this.rcvNxt && end <= this.rcvNxt + this.window()) this.ahead.set(start, segment.payload);
    disorder = this.takeInOrder() || disorder;
    if (this.finAt === this.rcvNxt && !this.ended) {
      this.ended = true;
      this.rcvNxt++;
      this.acknowledge();
      this.emit('end');
    } else if (disorder || ++this.unacked >= 2) {
      this.acknowledge(start);
    } else {
      this.net.at(this.net.nowUs + 40_000, () => {
        if (this.unacked > 0 && !this.wasReset) this.acknowledge();
      });
    }
  }

  /** True when something had waited. */
  private takeInOrder(): boolean {
    let taken = 0;
    for (let found = true; found;) {
      found = false;
      for (const [start, payload] of this.ahead) {
        if (start > this.rcvNxt) continue;
        this.ahead.delete(start);
        const fresh = payload.subarray(this.rcvNxt - start);
        if (this.rcvNxt - start < payload.length) {
          taken++;
          this.rcvNxt += fresh.length;
          this.receivedBytes += fresh.length;
          this.received.push(Buffer.from(fresh));
          if (this.paused) this.unread += fresh.length;
          this.emit('data', fresh);
        }
        found = true;
        break;
      }
    }
    return taken > 1;
  }

  private window(): number {
    return Math.max(0, this.bufferBytes - this.unread);
  }

  private acknowledge(latest = -1): void {
    this.unacked = 0;
    const options: number[] = this.timestamps && this.opened ? this.timestampsOption() : [];
    if (this.sack && this.serverSack && (this.ahead.size > 0 || this.duplicate !== undefined))
      options.push(...sackOption(...this.sackEdges(latest)));
    this.duplicate = undefined;
    this.emitSegment('A', this.iss + this.nxt, Buffer.alloc(0), options);
  }

  /** Up to three ranges, the one around `latest` first. */
  private sackEdges(latest: number): number[] {
    const ranges: [number, number][] = [];
    for (const [start, payload] of [...this.ahead].sort(([a], [b]) => a - b)) {
      const last = ranges[ranges.length - 1];
      if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], start + payload.length);
      else ranges.push([start, start + payload.length]);
    }
    ranges.sort((a, b) => Number(b[0] <= latest && latest < b[1]) - Number(a[0] <= latest && latest < a[1]));
    if (this.duplicate !== undefined) ranges.unshift([...this.duplicate]);
    return ranges.slice(0, 3).flatMap(([start, end]) => [this.irs + 1 + start, this.irs + 1 + end]);
  }

  /** Sends what is new; a timer repeats from the oldest outstanding byte. */
  private transmit(): void {
    if (!this.opened) {
      const options = [2, 4, 5, 0xb4];
      if (this.sack) options.push(4, 2);
      if (this.scale >= 0) options.push(3, 3, this.scale);
      if (this.timestamps) options.push(...this.timestampsOption());
      this.emitSegment('S', this.iss, Buffer.alloc(0), options);
    } else {
      const end = 1 + this.output.length;
      while (this.nxt < end) {
        const payload = this.output.subarray(this.nxt - 1, Math.min(this.nxt - 1 + MSS, this.output.length));
        this.emitSegment('PA', this.iss + this.nxt, payload);
        this.nxt += payload.length;
      }
      if (this.finQueued && this.nxt === end) {
        this.emitSegment('FA', this.iss + end, Buffer.alloc(0));
        this.nxt++;
      }
    }
    const generation = ++this.timerGeneration;
    const unaBefore = this.una;
    if (this.opened && this.una === this.nxt) return;
    this.net.at(this.net.nowUs + RTO_US, () => {
      if (generation !== this.timerGeneration || this.wasReset || this.una !== unaBefore) return;
      if (this.opened) this.nxt = this.una;
      this.transmit();
    });
  }

  /** False when PAWS says that it is old. */
  private takeTimestamps(segment: Sent): boolean {
    const start = (segment.seq - this.irs - 1) | 0;
    const end = start + segment.payload.length;
    assert.ok(segment.options.hasTimestamps, 'every segment has them');
    this.tsVals.add(segment.options.tsVal);
    if (((segment.options.tsVal - this.tsRecent) | 0) < 0) {
      if (end > this.rcvNxt && !this.ahead.has(start)) this.pawsDrops++;
      this.acknowledge();
      return false;
    }
    if (end >= this.rcvNxt && start <= this.lastAckSent) this.tsRecent = segment.options.tsVal;
    return true;
  }

  private timestampsOption(): number[] {
    const b = new Uint8Array(8);
    put32(b, 0, Math.floor(this.net.nowUs / 1000) >>> 0);
    put32(b, 4, this.tsRecent);
    return [1, 1, 8, 10, ...b];
  }

  private emitSegment(flags: string, seq: number, payload: Buffer, options: number[] = []): void {
    const shift = flags.includes('S') ? 0 : Math.max(0, this.scale);
    const window = Math.min(0xffff, this.window() >> shift);
    const ack = this.opened ? this.irs + 1 + this.rcvNxt : 0;
    this.lastAckSent = this.rcvNxt;
    if (this.timestamps && options.length === 0) options = this.timestampsOption();
    this.net.toHost(segmentFrame(this, { flags, seq, ack, window, payload, options }));
  }
}
