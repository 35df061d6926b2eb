/** Plays a conformance script on the front-end's TCP: frames in, frames out, the clock a number. */
import assert from 'node:assert/strict';
import type { FrontEndCounters } from '../../src/front-end/counters.js';
import { chunkFor } from '../../src/front-end/tcp/span-chunk.js';
import type { AtcpSocket } from '../../src/front-end/tcp/socket.js';
import { put16, put32 } from '../../src/wire/bytes.js';
import { ETHERNET_HEADER_BYTES, EtherType, emitEthernet, etherType } from '../../src/wire/ethernet.js';
import { sum16 } from '../../src/wire/byte-loops.js';
import { IPV4_HEADER_BYTES, IpProtocol, emitIpv4, ipv4Protocol } from '../../src/wire/ipv4.js';
import {
  HOST_MAC,
  PEER_ADDRESS,
  PEER_ADDRESS6,
  PEER_MAC,
  PORT,
  Rig,
  VIP_NUMBER,
  parseSent,
  sackOption,
  segmentFrame,
  settle,
  type Sent,
} from '../front-end/rig.js';
import { BoardSpan } from './board-span.js';
import type { ClientFields, IcmpFields, Script, Sender, ServerFields, Version } from './script.js';

const FIRST_PORT = 40_000;
const DEFAULT_ISS = 0xffff_fff0;
const US_PER_MS = 1000;
/** Over IPv6 the link is so much wider that the scripts' segments of 1,460 bytes fit it. */
const MTU6_BYTES = 1520;
const IPV6_NEXT_HEADER_AT = ETHERNET_HEADER_BYTES + 6;

/** What both sides of a connection send: a byte for each offset of the stream, different from its neighbours. */
function patternByte(offset: number): number {
  return (Math.imul(offset + 1, 0x9e3779b1) >>> 24) & 0xff;
}

function pattern(from: number, bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, i) => patternByte(from + i)));
}

/** One connection of the client, by its port. */
interface Flow {
  readonly iss: number;
  /** Known with the SYN-ACK. */
  irs: number;
  next: number;
  ack: number;
  win: number;
}

export class Player {
  readonly rig: Rig;
  private readonly script: Script;
  private readonly sender: Sender;
  private readonly version: Version;
  private readonly startUs: number;
  private readonly flows = new Map<number, Flow>();
  private readonly sent: Sent[] = [];
  private readonly boards: BoardSpan[] = [];
  private readonly sockets: AtcpSocket[] = [];
  private readonly errors: NodeJS.ErrnoException[] = [];
  private readonly read: Buffer[] = [];
  private hasEnded = false;
  private writtenBytes = 0;
  /** The next segment of the client arrives in the same batch as the last one. */
  private joining = false;

  constructor(script: Script, sender: Sender, version: Version) {
    this.script = script;
    this.sender = sender;
    this.version = version;
    this.rig = new Rig({ ...(version === 6 && { mtuBytes: MTU6_BYTES }), ...script.settings });
    this.startUs = this.rig.nowUs;
    this.rig.onFrameOut = (frame) => this.onFrame(frame);
    const { endsWithClient = false, backlog } = script;
    this.rig.serve((socket) => this.onConnection(socket), {
      allowHalfOpen: !endsWithClient,
      // A program that pauses holds one segment and leaves the others to TCP.
      highWaterMark: 1,
      ...(backlog !== undefined && { backlog }),
    });
  }

  /** The program's side of the latest connection. */
  get socket(): AtcpSocket {
    const socket = this.sockets.at(-1);
    assert.ok(socket, 'a connection is open');
    return socket;
  }

  async play(): Promise<void> {
    for (const [index, step] of this.script.steps.entries()) {
      try {
        await step.run(this);
      } catch (error) {
        (error as Error).message =
          `step ${index + 1}, at ${step.atMs} ms, ${step.text}: ${(error as Error).message}`;
        throw error;
      }
    }
    this.expectNothing();
  }

  // Time.

  /** Lets everything happen up to `atMs`. */
  async until(atMs: number): Promise<void> {
    const atUs = this.startUs + Math.round(atMs * US_PER_MS);
    if (this.joining && atUs <= this.rig.nowUs) return;
    await this.settle();
    while (this.nextUs <= atUs) await this.advance();
    this.rig.nowUs = Math.max(this.rig.nowUs, atUs);
    await this.settle();
  }

  /** Ends the batch and lets the program and the boards do what they do now. */
  async settle(): Promise<void> {
    const { rig } = this;
    this.joining = false;
    for (let turns = 0; ; turns++) {
      assert.ok(turns < 1000, 'the front-end comes to rest');
      rig.batch();
      await settle();
      const busy = this.boards.filter((board) => board.step(rig.nowUs)).length > 0;
      if (!busy && !rig.host.tcp.hasWork && rig.deadlineUs > rig.nowUs) return;
    }
  }

  private get nextUs(): number {
    return this.boards.reduce((next, { dueUs }) => Math.min(next, dueUs), this.rig.deadlineUs);
  }

  private async advance(): Promise<void> {
    this.rig.nowUs = Math.max(this.rig.nowUs, this.nextUs);
    await this.settle();
  }

  get isJoining(): boolean {
    return this.joining;
  }

  private get nowMs(): number {
    return (this.rig.nowUs - this.startUs) / US_PER_MS;
  }

  // The client.

  clientSends(flags: string, fields: ClientFields): void {
    const port = fields.port ?? FIRST_PORT;
    const flow = this.flowOf(port);
    const seq = fields.seq ?? flow.next;
    const payload = typeof fields.data === 'string' ? fields.data : pattern(seq - 1, fields.data ?? 0);
    flow.ack = fields.ack ?? flow.ack;
    flow.win = fields.win ?? flow.win;
    const ack = flags.includes('A') ? (flow.irs + flow.ack) >>> 0 : 0;
    const frame = segmentFrame(
      {
        mac: PEER_MAC,
        address: PEER_ADDRESS,
        address6: this.version === 6 ? PEER_ADDRESS6 : undefined,
        port,
        localPort: fields.to ?? PORT,
      },
      { flags, seq: flow.iss + seq, ack, window: flow.win, payload, options: optionsOf(fields, flow.irs) },
    );
    if (fields.damaged === true) frame[frame.length - 1]! ^= 0x40;
    if (fields.seq === undefined) flow.next += payload.length + (flags.match(/[SF]/g) ?? []).length;
    this.rig.frameIn(frame);
    this.joining = fields.joined === true;
  }

  icmpArrives({ type, code, mtu = 0, seq }: IcmpFields): void {
    const flow = this.flows.get(FIRST_PORT)!;
    const quotedBytes = IPV4_HEADER_BYTES + 8;
    const icmpBytes = 8 + quotedBytes;
    const icmpAt = ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES;
    const frame = new Uint8Array(icmpAt + icmpBytes);
    emitEthernet(frame, 0, HOST_MAC, PEER_MAC, EtherType.ipv4);
    emitIpv4(frame, ETHERNET_HEADER_BYTES, icmpBytes, IpProtocol.icmp, PEER_ADDRESS, VIP_NUMBER);
    frame[icmpAt] = type;
    frame[icmpAt + 1] = code;
    put16(frame, icmpAt + 6, mtu);
    const quoted = icmpAt + 8;
    emitIpv4(frame, quoted, 1480, IpProtocol.tcp, VIP_NUMBER, PEER_ADDRESS);
    put16(frame, quoted + IPV4_HEADER_BYTES, PORT);
    put16(frame, quoted + IPV4_HEADER_BYTES + 2, FIRST_PORT);
    put32(frame, quoted + IPV4_HEADER_BYTES + 4, (flow.irs + seq) >>> 0);
    put16(frame, icmpAt + 2, ~sum16(frame, icmpAt, icmpBytes, 0) & 0xffff);
    this.rig.frameIn(frame);
  }

  private flowOf(port: number): Flow {
    let flow = this.flows.get(port);
    if (flow === undefined) {
      flow = { iss: this.script.iss ?? DEFAULT_ISS, irs: 0, next: 0, ack: 0, win: 0xffff };
      this.flows.set(port, flow);
    }
    return flow;
  }

  // The program.

  private onConnection(socket: AtcpSocket): void {
    this.sockets.push(socket);
    socket.on('data', (chunk: Buffer) => this.read.push(chunk));
    socket.on('end', () => (this.hasEnded = true));
    socket.on('error', (error) => this.errors.push(error));
  }

  write(bytes: number): void {
    if (this.sender === 'delegated') this.writeBySlowBoard(bytes, 0);
    else {
      this.socket.write(pattern(this.writtenBytes, bytes));
      this.writtenBytes += bytes;
    }
  }

  writeBySlowBoard(bytes: number, delayUs: number): void {
    const start = this.writtenBytes;
    this.writtenBytes += bytes;
    const board = new BoardSpan(
      bytes,
      (offset) => patternByte(start + offset),
      (frame) => this.onFrame(frame),
      () => this.rig.nowUs,
      delayUs,
    );
    this.boards.push(board);
    this.socket.write(chunkFor(board));
  }

  expectReceived(what: number | string): void {
    const got = Buffer.concat(this.read);
    if (typeof what === 'string') assert.equal(got.toString('latin1'), what);
    else {
      assert.equal(got.length, what, 'bytes that the program has read');
      assert.ok(got.equals(pattern(0, what)), 'the bytes that the client sent');
    }
  }

  expectEnded(ended: boolean): void {
    assert.equal(this.hasEnded, ended);
  }

  expectError(code: string): void {
    assert.deepEqual(
      this.errors.map((error) => error.code),
      [code],
    );
  }

  expectConnections(count: number): void {
    assert.equal(this.rig.host.tcp.connections, count);
  }

  expectHeld(count: number): void {
    assert.equal(this.rig.host.tcp.table.size, count);
  }

  expectCounters(counters: Partial<FrontEndCounters>): void {
    const names = Object.keys(counters) as (keyof FrontEndCounters)[];
    assert.deepEqual(Object.fromEntries(names.map((each) => [each, this.rig.counters[each]])), counters);
  }

  // What the server sends.

  async expect(atMs: number, withinMs: number, flags: string, fields: ServerFields): Promise<void> {
    const segment = await this.nextSegment(atMs, withinMs);
    const flow = this.flows.get(segment.remotePort)!;
    const got = this.fieldsOf(segment, flow, fields);
    const wanted: Record<string, unknown> = { data: 0, ...fields };
    delete wanted['withinMs'];
    const letters = flags.includes('P') ? segment.flags : segment.flags.replace('P', '');
    assert.deepEqual({ flags: letters, ...got }, { flags, ...wanted });
    this.checkText(segment, flow);
  }

  async expectText(atMs: number, withinMs: number, from: number, to: number): Promise<void> {
    for (let position = from; position < to;) {
      const segment = await this.nextSegment(atMs, withinMs);
      const flow = this.flows.get(segment.remotePort)!;
      assert.match(segment.flags, /^P?A$/);
      assert.equal((segment.seq - flow.irs) | 0, position, 'sequence number');
      assert.ok(segment.payload.length > 0, 'it carries data');
      this.checkText(segment, flow);
      position += segment.payload.length;
      assert.ok(position <= to, `it ends at ${position}`);
    }
  }

  expectNothing(): void {
    assert.deepEqual(
      this.sent.map((segment) => this.describe(segment)),
      [],
      'nothing else was sent',
    );
  }

  private async nextSegment(atMs: number, withinMs: number): Promise<Sent> {
    const endUs = this.startUs + (atMs + withinMs) * US_PER_MS;
    await this.settle();
    while (this.sent.length === 0 && this.nextUs <= endUs) await this.advance();
    const segment = this.sent.shift();
    assert.ok(segment, `a segment is due; nothing came until ${this.nowMs} ms`);
    const sentMs = (segment.atUs - this.startUs) / US_PER_MS;
    assert.ok(
      Math.abs(sentMs - atMs) <= withinMs,
      `it came at ${sentMs} ms instead: ${this.describe(segment)}`,
    );
    return segment;
  }

  /** The fields that are asked for, of what came. */
  private fieldsOf(segment: Sent, flow: Flow, wanted: ServerFields): Record<string, unknown> {
    const { options } = segment;
    const blocks = Array.from({ length: options.sackBlocks }, (_, i) =>
      [0, 1].map((edge) => (options.sackEdges[2 * i + edge]! - flow.iss) | 0),
    );
    const all = {
      seq: (segment.seq - flow.irs) | 0,
      ack: segment.flags.includes('A') ? (segment.ack - flow.iss) | 0 : 0,
      win: segment.window,
      port: segment.remotePort,
      mss: options.mss,
      sackOk: options.sackPermitted,
      wscale: options.windowScale,
      sack: blocks,
      ts: options.hasTimestamps && [
        Array.isArray(wanted.ts) && wanted.ts[0] === null ? null : options.tsVal,
        options.tsEcr,
      ],
    };
    const asked = Object.entries(all).filter(([key]) => wanted[key as keyof ServerFields] !== undefined);
    return { data: segment.payload.length, ...Object.fromEntries(asked) };
  }

  private checkText(segment: Sent, flow: Flow): void {
    const from = (segment.seq - flow.irs - 1) | 0;
    assert.ok(
      segment.payload.every((byte, i) => byte === patternByte(from + i)),
      'the bytes that the program wrote',
    );
  }

  private describe(segment: Sent): string {
    const flow = this.flows.get(segment.remotePort);
    const seq = (segment.seq - (flow?.irs ?? 0)) | 0;
    const ack = (segment.ack - (flow?.iss ?? 0)) | 0;
    const sentMs = (segment.atUs - this.startUs) / US_PER_MS;
    return `at ${sentMs} ms ${segment.flags} seq ${seq} ack ${ack} data ${segment.payload.length}`;
  }

  private onFrame(frame: Uint8Array): void {
    const is6 = this.version === 6;
    const protocol = is6 ? frame[IPV6_NEXT_HEADER_AT] : ipv4Protocol(frame, ETHERNET_HEADER_BYTES);
    if (etherType(frame, 0) !== (is6 ? EtherType.ipv6 : EtherType.ipv4) || protocol !== IpProtocol.tcp)
      return;
    const segment = parseSent(frame, this.rig.nowUs);
    const flow = this.flows.get(segment.remotePort);
    if (flow !== undefined && segment.flags === 'SA') flow.irs = segment.seq;
    this.sent.push(segment);
  }
}

function optionsOf(fields: ClientFields, irs: number): readonly number[] {
  if (fields.rawOptions !== undefined) return fields.rawOptions;
  const { mss, sackOk, wscale, sack, ts } = fields;
  const word = (value: number): number[] => [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff);
  return [
    ...(mss === undefined ? [] : [2, 4, mss >>> 8, mss & 0xff]),
    ...(sackOk === true ? [4, 2] : []),
    ...(ts === undefined ? [] : [8, 10, ...word(ts[0]), ...word(ts[1])]),
    ...(wscale === undefined ? [] : [3, 3, wscale]),
    ...(sack === undefined ? [] : sackOption(...sack.flat().map((edge) => irs + edge))),
  ];
}
