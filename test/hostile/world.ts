/**
 * A whole site in one process on a virtual clock: a front-end with its web service, boards that run the real
 * firmware, clients, a switch that can lose and delay, and an attacker who sees every frame and can put any frame
 * on any port.
 */
import assert from 'node:assert/strict';
import type { Limits } from '../../src/back-end/limits.js';
import type { DelegationTiming, TcpSettings } from '../../src/front-end/index.js';
import type { WebConfiguration } from '../../src/services/web/index.js';
import { etherType, EtherType } from '../../src/wire/ethernet.js';
import { HOST_MAC, PEER_MAC, parseSent, settle } from '../front-end/rig.js';
import { Client, type ClientOptions } from './client.js';
import { Clock } from './clock.js';
import { BoardMachine, FrontEndMachine } from './machines.js';

/** 'front-end', 'client', or the number of a board. */
export type Port = 'front-end' | 'client' | number;

/** 'drop', or how many µs later than usual the frame arrives. */
export type Fault = (from: Port, to: Port, frame: Uint8Array) => 'drop' | number;

export interface WorldOptions {
  /** One card a board; undefined leaves its slot empty. */
  readonly cards: readonly (Uint8Array | undefined)[];
  readonly settings?: Partial<TcpSettings>;
  readonly timing?: Partial<DelegationTiming>;
  readonly web?: Partial<WebConfiguration>;
  readonly limits?: Partial<Limits>;
  /** The front-end's port from which boards may speak, 0 for all; the web service's when left out. */
  readonly sourcePort?: number;
}

const LATENCY_US = 100;
/** Time-outs of RFC length prove nothing here but patience. */
const SETTINGS: Partial<TcpSettings> = { timeWaitUs: 2_000_000, orphanUs: 5_000_000 };
const FIRST_CLIENT_PORT = 40_000;

export class World {
  readonly clock = new Clock();
  readonly boards: BoardMachine[];
  frontEnd: FrontEndMachine;
  readonly clients = new Map<number, Client>();
  fault: Fault = () => 0;
  /** Gets the UDP datagrams that arrive at the client. */
  onDatagram: (frame: Uint8Array) => void = () => {};
  /** Sees every frame on its way, and where it entered. */
  tap: (from: Port, to: Port, frame: Uint8Array) => void = () => {};
  readonly #options: WorldOptions;
  #epoch = 100;
  #clientPort = FIRST_CLIENT_PORT;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.boards = options.cards.map(
      (card, i) => new BoardMachine(i + 1, card, options.limits ?? {}, options.sourcePort),
    );
    this.frontEnd = this.#startFrontEnd();
  }

  get nowUs(): number {
    return this.clock.nowUs;
  }

  get host(): FrontEndMachine['rig']['host'] {
    return this.frontEnd.rig.host;
  }

  get backEnds(): FrontEndMachine['backEnds'] {
    return this.frontEnd.backEnds;
  }

  /** Runs until every board with a card can take commands. */
  async start(): Promise<this> {
    const wanted = this.boards.filter(({ slot }) => slot.card !== undefined).length;
    await this.until(
      () => this.backEnds.boards.filter(({ available }) => available).length === wanted,
      2_000,
    );
    return this;
  }

  /** The front-end's process ends, and another one starts. */
  restartFrontEnd(): void {
    this.frontEnd.stop();
    this.frontEnd = this.#startFrontEnd();
  }

  close(): void {
    this.frontEnd.stop();
  }

  client(options: ClientOptions = {}): Client {
    const client = new Client(this, this.#clientPort++, options);
    this.clients.set(client.port, client);
    return client;
  }

  /** A client that has opened a connection and asked for `path`. */
  download(path: string, options: ClientOptions = {}): Client {
    const client = this.client(options);
    client.connect();
    client.get(path);
    return client;
  }

  /** Puts a frame on a port from the outside. */
  inject(to: Port, frame: Uint8Array, afterUs = 0): void {
    const copy = frame.slice();
    this.clock.in(afterUs, () => this.#arrive(to, copy));
  }

  /** Runs for `ms`. */
  async run(ms: number): Promise<void> {
    await this.#run(ms, () => false);
  }

  /** Runs until `done`; fails when that takes longer than `ms`. */
  async until(done: () => boolean, ms: number, what = done.toString()): Promise<void> {
    assert.ok(await this.#run(ms, done), `within ${ms} ms: ${what}`);
  }

  /** Nothing is left of anything: no connection, no command, no buffer. Clients must have closed. */
  async assertEmpty(): Promise<void> {
    const { host, backEnds, frontEnd } = this;
    await this.#run(60_000, () => host.tcp.table.size === 0 && backEnds.outstanding === 0);
    await this.#run(5_000, () => this.boards.every(({ board }) => board.slotsUsed === 0));
    assert.deepEqual(
      {
        connections: host.tcp.connections,
        table: host.tcp.table.size,
        timers: host.tcp.timers.size,
        sockets: frontEnd.server.connections,
        commands: backEnds.outstanding,
        waiting: backEnds.waiting,
      },
      { connections: 0, table: 0, timers: 0, sockets: 0, commands: 0, waiting: 0 },
    );
    for (const { board, powered, id } of this.boards) {
      if (!powered) continue;
      const { counters, memory } = board;
      assert.deepEqual(
        { id, slots: board.slotsUsed, lent: memory.lent, anomalies: counters.anomalies },
        { id, slots: 0, lent: 0, anomalies: 0 },
      );
    }
  }

  async #run(ms: number, done: () => boolean): Promise<boolean> {
    const { clock } = this;
    const endUs = clock.nowUs + ms * 1000;
    while (!done()) {
      let nextUs = Math.min(clock.nextUs, this.frontEnd.nextUs);
      for (const board of this.boards) nextUs = Math.min(nextUs, board.wakeUs);
      if (nextUs > endUs) {
        clock.nowUs = endUs;
        return done();
      }
      clock.nowUs = Math.max(clock.nowUs, nextUs);
      this.frontEnd.rig.nowUs = clock.nowUs;
      clock.runDue();
      for (const board of this.boards) if (board.wakeUs <= clock.nowUs) this.#stepBoard(board);
      const { frontEnd } = this;
      while (frontEnd.nextUs <= clock.nowUs) {
        frontEnd.batch(clock.nowUs);
        await settle();
      }
    }
    return true;
  }

  #stepBoard(board: BoardMachine): void {
    if (!board.powered) return;
    for (const frame of board.step(this.nowUs)) this.#send(board.id, frame);
  }

  #startFrontEnd(): FrontEndMachine {
    const { settings, timing = {}, web = {} } = this.#options;
    return new FrontEndMachine(
      {
        epoch: this.#epoch++,
        provisioning: this.boards.map(({ id, key }) => ({ id, key })),
        settings: { ...SETTINGS, ...settings },
        timing,
        web,
        transmit: (frame) => this.#send('front-end', frame),
      },
      this.nowUs,
    );
  }

  /** A client's frame. */
  sendFromClient(frame: Uint8Array): void {
    this.#send('client', frame);
  }

  /** The switch: it knows where everybody is. */
  #send(from: Port, frame: Uint8Array): void {
    if (frame[0] === 0xff) {
      for (const to of ['front-end', 'client', ...this.boards.map(({ id }) => id)] as const)
        if (to !== from) this.#pass(from, to, frame.slice());
      return;
    }
    const to = this.#portOf(frame);
    if (to !== undefined) this.#pass(from, to, frame);
  }

  #portOf(frame: Uint8Array): Port | undefined {
    const isFor = (mac: Uint8Array): boolean => Buffer.compare(frame.subarray(0, 6), mac) === 0;
    if (isFor(HOST_MAC)) return 'front-end';
    if (isFor(PEER_MAC)) return 'client';
    return this.boards.find(({ macAddress }) => isFor(macAddress))?.id;
  }

  #pass(from: Port, to: Port, frame: Uint8Array): void {
    this.tap(from, to, frame);
    const verdict = this.fault(from, to, frame);
    if (verdict !== 'drop') this.clock.in(LATENCY_US + verdict, () => this.#arrive(to, frame));
  }

  #arrive(to: Port, frame: Uint8Array): void {
    if (typeof to === 'number') this.boards[to - 1]!.receive(frame, this.nowUs);
    else if (to === 'front-end') {
      this.frontEnd.rig.frameIn(frame);
      this.frontEnd.wanted = true;
    } else if (etherType(frame, 0) === EtherType.ipv4 && frame[23] === 6) {
      const segment = parseSent(frame, this.nowUs);
      this.clients.get(segment.remotePort)?.onSegment(segment);
    } else if (isUdp(frame)) this.onDatagram(frame);
  }
}

/** Over IPv4 or IPv6. */
export function isUdp(frame: Uint8Array): boolean {
  const type = etherType(frame, 0);
  return (type === EtherType.ipv4 && frame[23] === 17) || (type === EtherType.ipv6 && frame[20] === 17);
}
