/**
 * One connection after its handshake: the states of RFC 9293 3.3.2 from ESTABLISHED on, and what binds the
 * sending and the receiving half, the timers and the program together. Nothing is sent while segments are taken
 * in, apart from ACKs that may not wait: {@link Connection.run} does it once a batch.
 */
import type { FrontEndCounters } from '../counters.js';
import type { IcmpError } from '../link/icmp-error.js';
import type { IpAddress } from '../link/ip-address.js';
import type { Path } from '../link/path.js';
import { ChallengeLimit } from './challenge-limit.js';
import { ConnectionCarrier } from './connection-carrier.js';
import { ConnectionOutput } from './connection-output.js';
import type { TableEntry } from './connection-table.js';
import { Delivery, type ConnectionUser } from './connection-user.js';
import { nextState, type ConnectionEvent, type ConnectionState } from './connection-state.js';
import { ConnectionTimers } from './connection-timers.js';
import { connectionReset, connectionTimedOut } from './errors.js';
import type { ConnectionStart } from './handshake.js';
import { PathMtu } from './path-mtu.js';
import { Receiver, windowShift } from './receiver.js';
import { receiveSegment } from './segment-input.js';
import type { Segment } from './segment.js';
import { Sender } from './sender.js';
import type { Span } from './span.js';
import type { TcpStack } from './stack.js';
import { TimeWait, type RestKind } from './time-wait.js';
import type { Timed } from './timers.js';
import { Timestamps } from './timestamps.js';

export class Connection implements TableEntry, Timed {
  readonly localAddress: IpAddress;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  readonly localPort: number;
  nextInBucket: TableEntry | undefined = undefined;
  wakeUs = 0;
  heapIndex = -1;
  readonly path: Path;
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly openedUs: number;
  readonly sack: boolean;
  /** Undefined when they were not agreed. */
  readonly timestamps: Timestamps | undefined;
  /** In the stack's list of connections to run, to deliver; the stack's to write. */
  toRun = false;
  toDeliver = false;
  private current: ConnectionState = 'ESTABLISHED';
  private readonly stack: TcpStack;
  private readonly accept: (connection: Connection) => void;
  private accepted = false;
  private readonly delivery: Delivery;
  private error: Error | undefined = undefined;
  private readonly remoteShift: number;
  private readonly output: ConnectionOutput;
  private readonly carrier: ConnectionCarrier;
  private readonly timers: ConnectionTimers;
  /** From the first ICMP error on that speaks of this connection. */
  private pathMtu: PathMtu | undefined = undefined;
  /** Position of the first byte of the stream. */
  private readonly firstByte: number;
  private released = false;
  private idleExpired = false;
  private readonly challenges: ChallengeLimit;

  constructor(stack: TcpStack, start: ConnectionStart, nowUs: number) {
    const { settings, counters } = stack;
    this.stack = stack;
    this.accept = start.accept;
    this.path = start.path;
    this.localAddress = start.path.localAddress;
    this.remoteAddress = start.path.remoteAddress;
    this.remotePort = start.remotePort;
    this.localPort = start.localPort;
    this.remoteShift = Math.max(0, start.remoteShift);
    this.openedUs = nowUs;
    this.output = new ConnectionOutput(stack, this);
    this.carrier = new ConnectionCarrier(this, this.output, start.rcvNxt);
    this.sender = new Sender(this.carrier, start, settings, counters, nowUs);
    this.receiver = new Receiver(
      start.rcvNxt,
      settings.receiveBufferBytes,
      start.offeredBytes,
      start.remoteShift < 0 ? 0 : windowShift(settings.receiveBufferBytes),
      start.segmentBytes,
      settings.delayedAckUs,
      counters,
    );
    this.sack = start.sack;
    this.timestamps = start.timestamps ? new Timestamps(start.timestampStart, nowUs) : undefined;
    this.delivery = new Delivery(this.receiver);
    this.timers = new ConnectionTimers(this, settings);
    this.challenges = new ChallengeLimit(settings.challengeAckUs, counters);
    this.firstByte = this.sender.sndUna;
  }

  get counters(): FrontEndCounters {
    return this.stack.counters;
  }

  /** The time of what is being done. */
  get nowUs(): number {
    return this.stack.nowUs;
  }

  get state(): ConnectionState {
    return this.current;
  }

  /** The client, as "192.0.2.1:40000" or "[2001:db8::1]:40000". */
  get client(): string {
    return this.remoteAddress.withPort(this.remotePort);
  }

  /** Bytes of the stream that the client has acknowledged. */
  get bytesAcknowledged(): number {
    const { sndUna, finAcknowledged } = this.sender;
    return sndUna - this.firstByte - (finAcknowledged ? 1 : 0);
  }

  /** … and that the front-end sent itself. */
  get frontEndBytes(): number {
    return this.bytesAcknowledged - this.sender.queue.delegatedBytes;
  }

  /** The program has let go of it. */
  get orphaned(): boolean {
    return this.released;
  }

  // What the program does.

  setUser(user: ConnectionUser): void {
    this.delivery.user = user;
  }

  /** Appends bytes; small ones are copied, large ones are held by reference until {@link ownBytes}. */
  writeCopy(bytes: Uint8Array): void {
    this.sender.queue.appendCopy(bytes);
    this.onProgress(this.stack.clock());
    this.wake();
  }

  writeSpan(span: Span): void {
    if (this.current === 'CLOSED') {
      span.abandon();
      return;
    }
    this.sender.queue.append(span);
    this.onProgress(this.stack.clock());
    this.wake();
  }

  hasRoom(): boolean {
    const { sendBufferBytes, sendBufferSpans } = this.stack.settings;
    return this.sender.queue.hasRoom(sendBufferBytes, sendBufferSpans);
  }

  ownBytes(): void {
    this.sender.queue.ownBytes();
  }

  /** Nothing more will be written: a FIN follows what was. */
  shutdown(): void {
    this.sender.finish();
    this.wake();
  }

  /** The program wants data again. */
  onWanted(): void {
    if (this.receiver.unreadBytes > 0) this.stack.markToDeliver(this);
  }

  /**
   * The program lets go. What was written is still delivered and followed by a FIN, unless `discard` says that
   * something can't be: then the client gets a reset.
   */
  release(discard: boolean): void {
    if (this.released) return;
    this.released = true;
    this.delivery.user = undefined;
    if (this.current === 'CLOSED') return;
    if (discard || this.receiver.unreadBytes > 0) {
      this.abort();
      return;
    }
    this.timers.idle.set(this.stack.settings.orphanUs, this.stack.clock());
    this.shutdown();
  }

  /** Tells the user when nothing got through for so long; 0 is never. */
  setIdleTimeout(timeoutUs: number): void {
    this.timers.idle.set(timeoutUs, this.stack.clock());
    this.arm();
    this.stack.requestBatch();
  }

  setKeepAlive(idleUs: number): void {
    this.timers.setKeepAlive(idleUs, this.stack.clock());
    this.arm();
    this.stack.requestBatch();
  }

  /** Ends the connection with a reset. */
  abort(error?: Error): void {
    if (this.current === 'CLOSED') return;
    this.counters.connectionsAborted++;
    this.counters.resetsSent++;
    this.output.sendReset(this.sender.sndNxt >>> 0);
    this.close(error);
    this.stack.requestBatch();
  }

  // What segments do.

  onSegment(segment: Segment, nowUs: number): void {
    receiveSegment(this, segment, nowUs);
  }

  scaleWindow(field: number): number {
    return field * 2 ** this.remoteShift;
  }

  /** An acceptable segment came: the client is there, behind this next hop. */
  heard(segment: Segment, nowUs: number): void {
    if (this.path.heardFrom(segment.frame, segment.sourceMacAt)) this.sender.queue.templateChanged();
    this.timers.onHeard(nowUs);
  }

  /** Bytes got through, in either direction, or the program wrote some. */
  onProgress(nowUs: number): void {
    this.timers.idle.onProgress(nowUs);
  }

  /** An acknowledgment was taken; false when it ended the connection. */
  onAckTaken(): boolean {
    this.timestamps?.acknowledge(this.sender.sndUna);
    if (this.sender.finAcknowledged) this.advance('finAcknowledged');
    return this.current !== 'CLOSED';
  }

  onTextTaken(nowUs: number): void {
    this.onProgress(nowUs);
    this.stack.markToDeliver(this);
    if (this.receiver.finished) this.advance('finReceived');
  }

  /** A packet of this connection was too large, or somebody says so. */
  onTooBig(error: IcmpError): void {
    this.pathMtu ??= new PathMtu(this, this.firstByte);
    if (this.pathMtu.onError(error)) this.wake();
  }

  /** The retransmission timer, or one beside it, has expired. */
  afterTimeout(): void {
    if (this.pathMtu?.onTimeout() === true) this.wake();
  }

  resetByPeer(): void {
    this.counters.connectionsResetByPeer++;
    this.close(connectionReset());
  }

  /** A pure ACK; SEQ is the granted edge (decision 5). */
  sendAck(): void {
    this.counters.pureAcksSent++;
    this.output.sendAck(this.sender.sndNxt >>> 0);
  }

  /** An empty segment below the window, which the client must answer (decision 15). */
  sendProbe(): void {
    this.counters.probesSent++;
    this.output.sendAck((this.sender.sndUna - 1) >>> 0);
  }

  /** An ACK that anybody could provoke, so it is limited. */
  challenge(nowUs: number): void {
    if (this.challenges.allow(nowUs)) this.sendAck();
  }

  /** Something is to be done before the next segments are. */
  wake(): void {
    if (this.current !== 'CLOSED') this.stack.markToRun(this);
  }

  // What the stack does.

  /** Once a batch: sends what may be sent, then the ACK that is owed if nothing carried it. */
  run(nowUs: number): void {
    if (this.current === 'CLOSED') return;
    const { failure } = this.carrier;
    if (failure !== undefined) {
      this.abort(failure);
      return;
    }
    this.sender.run(nowUs);
    if (this.receiver.ackNow) this.sendAck();
    this.carrier.tellPair();
    this.timers.afterSending(nowUs);
    if (this.delivery.user?.awaitsRoom && this.hasRoom()) this.stack.markToDeliver(this);
    this.arm();
  }

  /** Hands over to the program what has happened. The program may do anything meanwhile. */
  deliver(): void {
    if (!this.accepted) {
      this.accepted = true;
      this.accept(this);
    }
    const { delivery, receiver } = this;
    delivery.run();
    if (this.current === 'CLOSED') {
      if (this.error !== undefined) delivery.user?.onError(this.error);
      return;
    }
    if (receiver.updateDue) {
      receiver.ackNow = true;
      this.wake();
    }
    if (delivery.user?.awaitsRoom && this.hasRoom()) delivery.user.onRoom();
    if (this.idleExpired) {
      this.idleExpired = false;
      delivery.user?.onIdle();
    }
  }

  onTimer(nowUs: number): void {
    this.timers.run(nowUs);
    if (this.current !== 'CLOSED') this.arm();
  }

  /** The sender's, right before our FIN leaves. */
  onFinSent(): void {
    this.advance('finSent');
  }

  /** Nothing got through for as long as was to be waited. */
  onIdle(): void {
    if (!this.released) {
      this.idleExpired = true;
      this.stack.markToDeliver(this);
    } else if (this.current === 'FIN-WAIT-2') {
      this.close(undefined);
    } else {
      // Nobody writes or reads any more, and the client takes nothing.
      this.abort();
    }
  }

  /** The client is gone. */
  giveUp(): void {
    this.counters.connectionsTimedOut++;
    this.close(connectionTimedOut());
  }

  private advance(event: ConnectionEvent): void {
    const next = nextState(this.current, event);
    if (next === 'CLOSED') this.close(undefined);
    else if (next === 'TIME-WAIT') this.enterTimeWait();
    else this.current = next;
  }

  private enterTimeWait(): void {
    this.close(undefined, 'timeWait');
    // Our ACK of the client's FIN, if it has not left yet, from what is left of the connection.
    if (this.receiver.ackNow) this.sendAck();
  }

  /** Everything ends here. A 4-tuple for which a board may still send something rests (decision 2). */
  private close(error: Error | undefined, rest?: RestKind): void {
    const state = this.current;
    if (state === 'CLOSED') return;
    this.current = 'CLOSED';
    this.error = error;
    this.stack.forget(this);
    this.counters.connectionsClosed++;
    const { queue } = this.sender;
    const rests = queue.abandon()
      ? 'quarantine'
      : (rest ?? (queue.delegatedBytes > 0 ? 'released' : undefined));
    if (rests !== undefined) this.stack.addWait(new TimeWait(this.stack, this, rests));
    this.counters.closedFrontEndBytes += this.frontEndBytes;
    this.stack.trace.events?.({
      event: 'connectionClosed',
      client: this.client,
      state,
      bytes: this.bytesAcknowledged,
      frontEndBytes: this.frontEndBytes,
      error: error?.message ?? null,
    });
    if (!this.released) this.stack.markToDeliver(this);
  }

  /** A program may set a timeout, or write, after the end that it has not heard of yet: nothing comes of it. */
  private arm(): void {
    if (this.current !== 'CLOSED') this.stack.timers.schedule(this, this.timers.nextUs);
  }
}
