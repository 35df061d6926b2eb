/**
 * The front-end's TCP as a whole: from a checked IP packet to the connection that it belongs to, and from there to
 * the programs. It is a pure engine (design idea 4): packets in, frames out, time as a value. Segments only mark
 * what is to be done; {@link TcpStack.endOfBatch} does it, so that grants are stated once a drain and not once an ACK.
 */
import { get32 } from '../../wire/bytes.js';
import { checkTcp } from '../../wire/tcp.js';
import type { FrontEndCounters } from '../counters.js';
import { Trace } from '../inspection/trace.js';
import type { IcmpError } from '../link/icmp-error.js';
import type { IpPacket } from '../link/ip-packet.js';
import { Path } from '../link/path.js';
import type { Transmit } from '../link/transmit.js';
import { Connection } from './connection.js';
import { ConnectionTable, HASH_KEYS } from './connection-table.js';
import { addressInUse } from './errors.js';
import { Handshake } from './handshake.js';
import { IsnGenerator, type Entropy } from './isn.js';
import { Listener } from './listener.js';
import { RateLimit } from './rate-limit.js';
import { Segment } from './segment.js';
import { SegmentOutput } from './segment-output.js';
import { DEFAULT_TCP_SETTINGS, checkSettings, type TcpSettings } from './settings.js';
import { StatelessHandshake } from './stateless-handshake.js';
import type { TimeWait } from './time-wait.js';
import { TimerHeap } from './timers.js';
import { WorkList } from './work-list.js';

export interface TcpStackOptions {
  /** Six bytes. */
  readonly localMac: Uint8Array;
  readonly transmit: Transmit;
  readonly entropy: Entropy;
  /** Microseconds, from any start, never backwards; asked only when a program calls. */
  readonly clock: () => number;
  readonly counters: FrontEndCounters;
  readonly trace?: Trace;
  readonly settings?: Partial<TcpSettings> | undefined;
}

/** ICMP errors that are looked at: guessing a sequence number that is under way takes thousands (RFC 5927 4.1). */
const TOO_BIG_PER_S = 100;

export class TcpStack {
  readonly localMac: Uint8Array;
  readonly clock: () => number;
  readonly counters: FrontEndCounters;
  readonly trace: Trace;
  readonly settings: TcpSettings;
  readonly table: ConnectionTable;
  readonly timers = new TimerHeap();
  readonly output: SegmentOutput;
  readonly isn: IsnGenerator;
  /** The time of what is being done. */
  nowUs = 0;
  /** Called when a program has left something to do: the next {@link endOfBatch} should come soon. */
  onWork: () => void = () => {};
  private readonly listeners = new Map<number, Listener>();
  private readonly segment = new Segment();
  private readonly strangerPath: Path;
  private readonly stateless: StatelessHandshake;
  private readonly tooBigLimit = new RateLimit(TOO_BIG_PER_S);
  private readonly running = new WorkList<Connection>();
  private readonly delivering = new WorkList<Connection>();
  private open = 0;
  private inBatch = false;

  constructor(options: TcpStackOptions) {
    this.settings = { ...DEFAULT_TCP_SETTINGS, ...options.settings };
    checkSettings(this.settings);
    this.localMac = options.localMac;
    this.clock = options.clock;
    this.counters = options.counters;
    this.trace = options.trace ?? new Trace(options.clock);
    const seed = new Uint8Array(4 * HASH_KEYS);
    options.entropy.fill(seed, 0, seed.length);
    this.table = new ConnectionTable(Int32Array.from({ length: HASH_KEYS }, (_, i) => get32(seed, 4 * i)));
    this.isn = new IsnGenerator(options.entropy);
    this.output = new SegmentOutput(this.settings.mtuBytes, options.transmit, options.counters);
    this.strangerPath = new Path(this.localMac);
    this.stateless = new StatelessHandshake(this, options.entropy);
  }

  /** Connections that are open now, handshakes not counted. */
  get connections(): number {
    return this.open;
  }

  /** True when {@link endOfBatch} has something to do. */
  get hasWork(): boolean {
    return !this.running.empty || !this.delivering.empty;
  }

  /** Throws EADDRINUSE when the port has a listener. */
  listen(port: number, backlog: number, accept: (connection: Connection) => void): Listener {
    if (this.listeners.has(port)) throw addressInUse(port);
    const listener = new Listener(port, backlog, accept);
    this.listeners.set(port, listener);
    return listener;
  }

  /** Accepts no more; connections and handshakes under way go on. */
  unlisten(listener: Listener): void {
    this.listeners.delete(listener.port);
  }

  /** One packet that carries TCP, for one of our addresses, from one that can be answered. */
  onPacket(packet: IpPacket, nowUs: number): void {
    this.nowUs = nowUs;
    const { segment, counters } = this;
    if (checkTcp(packet.frame, packet.l4At, packet.l4Bytes, packet.pseudoHeaderSum()) !== 'ok') {
      counters.segmentCheckFailed++;
      return;
    }
    counters.segmentsReceived++;
    segment.parse(packet);
    const entry = this.table.find(packet.local, segment.localPort, packet.remote, segment.remotePort);
    if (entry !== undefined) entry.onSegment(segment, nowUs);
    else this.onStranger(segment, nowUs);
  }

  /** An ICMP error quotes a packet of ours that was too large; false when no connection has sent it. */
  onTooBig(error: IcmpError, nowUs: number): boolean {
    const { counters } = this;
    counters.tooBigReceived++;
    if (!this.tooBigLimit.allow(nowUs)) {
      counters.tooBigSuppressed++;
      return true;
    }
    const entry = this.table.find(error.local, error.localPort, error.remote, error.remotePort);
    if (!(entry instanceof Connection)) return false;
    this.nowUs = nowUs;
    entry.onTooBig(error);
    return true;
  }

  /** A SYN for no connection. `minIss`: what the new sequence space must lie beyond. */
  onSyn(segment: Segment, nowUs: number, minIss: number | undefined): void {
    const { counters } = this;
    counters.synReceived21++;
    const listener = this.listeners.get(segment.localPort);
    if (listener === undefined) {
      this.refuse(segment);
    } else if (this.open >= this.settings.maxConnections) {
      counters.synRefusedConnections++;
    } else if (listener.pending < listener.backlog || minIss !== undefined) {
      // A cookie can't be made to lie beyond the old connection's numbers; what rests is bounded.
      new Handshake(this, listener, segment, nowUs, minIss).begin();
    } else if (this.settings.synCookies) {
      this.stateless.begin(segment, nowUs);
    } else {
      counters.synRefusedBacklog++;
    }
  }

  /**
   * The end of a batch of packets, possibly of none: timers that are due run, programs hear what came, then every
   * connection that has to sends, once. Returns when to be called again, Infinity for never.
   */
  endOfBatch(nowUs: number): number {
    this.nowUs = nowUs;
    this.inBatch = true;
    try {
      this.timers.run(nowUs);
      // What programs write goes out in this batch; what that makes room for is written in this batch as well.
      while (this.hasWork) {
        this.deliverAll();
        this.runAll(nowUs);
      }
    } finally {
      this.inBatch = false;
    }
    return this.timers.nextUs;
  }

  // What connections, handshakes and TIME-WAITs call.

  addConnection(connection: Connection): void {
    this.open++;
    this.counters.connectionsOpened23++;
    this.table.add(connection);
    this.trace.events?.({
      event: 'connectionOpened',
      packet: 23,
      client: connection.client,
      localPort: connection.localPort,
    });
    this.markToDeliver(connection);
  }

  forget(connection: Connection): void {
    this.open--;
    this.table.remove(connection);
    this.timers.cancel(connection);
  }

  addWait(wait: TimeWait): void {
    if (wait.kind === 'quarantine') this.counters.quarantines++;
    else if (wait.kind === 'timeWait') this.counters.timeWaits++;
    this.table.add(wait);
    this.timers.schedule(wait, wait.deadlineUs);
  }

  endWait(wait: TimeWait): void {
    this.table.remove(wait);
    this.timers.cancel(wait);
  }

  markToRun(connection: Connection): void {
    if (connection.toRun) return;
    connection.toRun = true;
    this.running.push(connection);
    this.requestBatch();
  }

  markToDeliver(connection: Connection): void {
    if (connection.toDeliver) return;
    connection.toDeliver = true;
    this.delivering.push(connection);
    this.requestBatch();
  }

  /** Points a path at who sent the segment. */
  aim(path: Path, segment: Segment): void {
    const { localAddress, localPort, remoteAddress, remotePort } = segment;
    path.aim(localAddress, remoteAddress, segment.frame, segment.sourceMacAt);
    if (!localAddress.isIpv4)
      path.setFlowLabel(this.isn.flowLabel(localAddress, localPort, remoteAddress, remotePort));
  }

  requestBatch(): void {
    if (!this.inBatch) this.onWork();
  }

  private onStranger(segment: Segment, nowUs: number): void {
    if (segment.syn && !segment.ack && !segment.rst && !segment.fin) {
      this.onSyn(segment, nowUs, undefined);
      return;
    }
    if (segment.ack && !segment.rst) {
      if (!segment.syn && this.completeStateless(segment, nowUs)) return;
      this.counters.pointEAcksReceived++;
      this.counters.step126NoConnection++;
    }
    this.refuse(segment);
  }

  /** True when it was the third step of a handshake that was not kept. */
  private completeStateless(segment: Segment, nowUs: number): boolean {
    const listener = this.listeners.get(segment.localPort);
    if (listener === undefined || this.open >= this.settings.maxConnections) return false;
    const connection = this.stateless.complete(listener, segment, nowUs);
    if (connection === undefined) return false;
    this.addConnection(connection);
    connection.onSegment(segment, nowUs);
    return true;
  }

  private refuse(segment: Segment): void {
    this.aim(this.strangerPath, segment);
    this.output.sendReset(this.strangerPath, segment);
  }

  private deliverAll(): void {
    for (let connection = this.delivering.take(); connection; connection = this.delivering.take()) {
      connection.toDeliver = false;
      connection.deliver();
    }
  }

  private runAll(nowUs: number): void {
    for (let connection = this.running.take(); connection; connection = this.running.take()) {
      connection.toRun = false;
      connection.run(nowUs);
    }
  }
}
