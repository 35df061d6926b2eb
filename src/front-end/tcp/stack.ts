/**
 * The front-end's TCP as a whole: from a checked IP packet to the connection that it belongs to, and from there to
 * the programs. It is a pure engine (design idea 4): packets in, frames out, time as a value. Segments only mark
 * what is to be done; {@link TcpStack.endOfBatch} does it, so that grants are stated once a drain and not once an ACK.
 */
import { ipv4PseudoHeaderSum, IpProtocol } from '../../wire/ipv4.js';
import { get32 } from '../../wire/bytes.js';
import { checkTcp } from '../../wire/tcp.js';
import type { FrontEndCounters } from '../counters.js';
import { Trace } from '../inspection/trace.js';
import { Ipv4Path } from '../link/path.js';
import type { Transmit } from '../link/transmit.js';
import type { Connection } from './connection.js';
import { ConnectionTable } from './connection-table.js';
import { addressInUse } from './errors.js';
import { Handshake } from './handshake.js';
import { IsnGenerator, type Entropy } from './isn.js';
import { Listener } from './listener.js';
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
  /** The front-end's IPv4 address. */
  readonly localAddress: number;
  readonly transmit: Transmit;
  readonly entropy: Entropy;
  /** Microseconds, from any start, never backwards; asked only when a program calls. */
  readonly clock: () => number;
  readonly counters: FrontEndCounters;
  readonly trace?: Trace;
  readonly settings?: Partial<TcpSettings> | undefined;
}

export class TcpStack {
  readonly localMac: Uint8Array;
  readonly localAddress: number;
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
  private readonly strangerPath: Ipv4Path;
  private readonly stateless: StatelessHandshake;
  private readonly running = new WorkList<Connection>();
  private readonly delivering = new WorkList<Connection>();
  private open = 0;
  private inBatch = false;

  constructor(options: TcpStackOptions) {
    this.settings = { ...DEFAULT_TCP_SETTINGS, ...options.settings };
    checkSettings(this.settings);
    this.localMac = options.localMac;
    this.localAddress = options.localAddress;
    this.clock = options.clock;
    this.counters = options.counters;
    this.trace = options.trace ?? new Trace(options.clock);
    const seed = new Uint8Array(4);
    options.entropy.fill(seed, 0, 4);
    this.table = new ConnectionTable(get32(seed, 0));
    this.isn = new IsnGenerator(options.entropy);
    this.output = new SegmentOutput(this.settings.mtuBytes, options.transmit, options.counters);
    this.strangerPath = new Ipv4Path(this.localMac, this.localAddress, this.localMac, 0, 0);
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

  /**
   * One TCP packet for our address. `macAt`: where the frame's source MAC is; `l3At`: the IP header, which was
   * checked; `l4Bytes` from `l4At`: the segment.
   */
  onPacket(
    frame: Uint8Array,
    macAt: number,
    l3At: number,
    l4At: number,
    l4Bytes: number,
    remoteAddress: number,
    nowUs: number,
  ): void {
    this.nowUs = nowUs;
    const { segment, counters } = this;
    const sum = ipv4PseudoHeaderSum(frame, l3At, IpProtocol.tcp, l4Bytes);
    if (checkTcp(frame, l4At, l4Bytes, sum) !== 'ok') {
      counters.segmentCheckFailed++;
      return;
    }
    counters.segmentsReceived++;
    segment.parse(frame, macAt, remoteAddress, l4At, l4Bytes);
    const entry = this.table.find(remoteAddress, segment.remotePort, segment.localPort);
    if (entry !== undefined) entry.onSegment(segment, nowUs);
    else this.onStranger(segment, nowUs);
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
      // A cookie can't be made to lie beyond the old connection's numbers; what rests in TIME-WAIT is bounded.
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
    if (wait.quarantine) this.counters.quarantines++;
    else this.counters.timeWaits++;
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
    this.strangerPath.aim(segment.frame, segment.sourceMacAt, segment.remoteAddress);
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
