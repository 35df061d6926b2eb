/**
 * SYN-RECEIVED (RFC 9293 3.10.7.2 and 3.10.7.4): from the client's SYN (21 of Fig. 2) over our SYN-ACK (22) to its
 * ACK (23), in an object much smaller than a connection. It reads the options, chooses the initial sequence
 * number, repeats the SYN-ACK and makes the connection.
 */
import { seqDiff } from '../../wire/sequence.js';
import { TcpFlag, emitTimestampsOption } from '../../wire/tcp.js';
import type { IpAddress } from '../link/ip-address.js';
import { Path } from '../link/path.js';
import { agree, emitSynAckOptions, payloadBytesOf, synAckWindow, type Agreement } from './agreement.js';
import { ChallengeLimit } from './challenge-limit.js';
import { Connection } from './connection.js';
import { timestampOffset } from './isn.js';
import type { TableEntry } from './connection-table.js';
import type { Listener } from './listener.js';
import { isAcceptable } from './segment-input.js';
import { unwrap, type Segment } from './segment.js';
import type { SenderStart } from './sender.js';
import type { TcpStack } from './stack.js';
import type { Timed } from './timers.js';
import { timestampAt, type TimestampStart } from './timestamps.js';

/** What the handshake hands over to the connection. */
export interface ConnectionStart extends SenderStart, Agreement {
  readonly path: Path;
  readonly localPort: number;
  readonly remotePort: number;
  /** RCV.NXT after the SYN, and the window of the SYN-ACK. */
  readonly rcvNxt: number;
  readonly offeredBytes: number;
  /** What timestamps begin with, if they were agreed. */
  readonly timestampStart: TimestampStart;
  /** Makes the program known to the connection, before anything is delivered. */
  readonly accept: (connection: Connection) => void;
}

export class Handshake implements TableEntry, Timed {
  readonly localAddress: IpAddress;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  readonly localPort: number;
  nextInBucket: TableEntry | undefined = undefined;
  wakeUs = 0;
  heapIndex = -1;
  private readonly stack: TcpStack;
  private readonly listener: Listener;
  private readonly path: Path;
  private readonly minIss: number | undefined;
  private readonly iss: number;
  private readonly irs: number;
  private readonly agreement: Agreement;
  private readonly timestampOffset: number;
  /** TSval of the client's latest SYN. */
  private tsRecent: number;
  private repeats = 0;
  private firstSentUs: number;
  private repeatAtUs: number;
  private readonly challenges: ChallengeLimit;

  /** `minIss`: an unwrapped sequence number that this connection's must lie beyond, or undefined. */
  constructor(
    stack: TcpStack,
    listener: Listener,
    segment: Segment,
    nowUs: number,
    minIss: number | undefined,
  ) {
    const { localAddress, remotePort, localPort } = segment;
    this.stack = stack;
    this.listener = listener;
    this.localAddress = localAddress;
    this.remotePort = remotePort;
    this.localPort = localPort;
    this.path = new Path(stack.localMac);
    stack.aim(this.path, segment);
    this.remoteAddress = this.path.remoteAddress;
    const iss = stack.isn.next(localAddress, localPort, this.remoteAddress, remotePort, nowUs);
    this.minIss = minIss;
    this.iss = minIss !== undefined && unwrap(iss, minIss) <= minIss ? (minIss + 0x1_0000) >>> 0 : iss;
    this.irs = segment.sequence;
    this.agreement = agree(segment, stack.settings);
    this.timestampOffset = timestampOffset(
      stack.isn.tupleHash(localAddress, localPort, this.remoteAddress, remotePort),
    );
    this.tsRecent = segment.options.tsVal;
    this.challenges = new ChallengeLimit(stack.settings.challengeAckUs, stack.counters);
    this.firstSentUs = nowUs;
    this.repeatAtUs = nowUs + stack.settings.initialRtoUs;
  }

  /** Adds it to the table and sends the SYN-ACK. */
  begin(): void {
    this.listener.pending++;
    this.stack.table.add(this);
    this.stack.timers.schedule(this, this.repeatAtUs);
    this.sendSynAck();
  }

  onSegment(segment: Segment, nowUs: number): void {
    if (segment.syn && !segment.ack && segment.sequence === this.irs) {
      // Our SYN-ACK was lost, or is late.
      this.repeats++;
      this.stack.counters.synAckRepeated22++;
      this.path.setNextHop(segment.frame, segment.sourceMacAt);
      this.tsRecent = segment.options.tsVal;
      this.sendSynAck();
      return;
    }
    const rcvNxt = this.irs + 1;
    const sequence = unwrap(segment.sequence, rcvNxt);
    if (!segment.rst && this.isOutdated(segment)) {
      this.stack.counters.segmentsOutdated++;
      this.challenge(nowUs);
    } else if (!isAcceptable(sequence, segment.length, rcvNxt, this.offeredBytes)) {
      this.stack.counters.segmentsOutOfWindow++;
      if (!segment.rst) this.challenge(nowUs);
    } else if (segment.rst) {
      if (sequence === rcvNxt) this.end();
      else this.challenge(nowUs);
    } else if (segment.syn) {
      // Back to LISTEN (RFC 9293 3.10.7.4, fourth): the client has begun again.
      this.end();
      this.stack.onSyn(segment, nowUs, this.minIss);
    } else if (segment.ack) {
      this.onAck(segment, nowUs);
    }
  }

  onTimer(nowUs: number): void {
    if (nowUs < this.repeatAtUs) {
      this.stack.timers.schedule(this, this.repeatAtUs);
      return;
    }
    const { maxSynAckRetransmissions, initialRtoUs } = this.stack.settings;
    if (this.repeats >= maxSynAckRetransmissions) {
      this.stack.counters.handshakesTimedOut++;
      this.end();
      return;
    }
    this.repeats++;
    this.stack.counters.synAckRepeated22++;
    this.sendSynAck();
    this.repeatAtUs = nowUs + initialRtoUs * 2 ** this.repeats;
    this.stack.timers.schedule(this, this.repeatAtUs);
  }

  /** PAWS (RFC 7323 5.3, R1). */
  private isOutdated({ options }: Segment): boolean {
    return this.agreement.timestamps && options.hasTimestamps && seqDiff(options.tsVal, this.tsRecent) < 0;
  }

  private get offeredBytes(): number {
    return synAckWindow(this.stack.settings);
  }

  private onAck(segment: Segment, nowUs: number): void {
    if (segment.acknowledgment !== (this.iss + 1) >>> 0) {
      this.stack.counters.step126AckBeyondSent++;
      this.stack.output.sendReset(this.path, segment);
      return;
    }
    this.end();
    const connection = new Connection(
      this.stack,
      {
        path: this.path,
        localPort: this.localPort,
        remotePort: this.remotePort,
        iss: this.iss,
        ...this.agreement,
        segmentBytes: payloadBytesOf(this.agreement),
        timestampStart: { offset: this.timestampOffset, tsRecent: this.tsRecent },
        windowBytes: segment.window * 2 ** Math.max(0, this.agreement.remoteShift),
        windowSequence: unwrap(segment.sequence, this.irs + 1),
        synAckRepeated: this.repeats > 0,
        handshakeRttUs: nowUs - this.firstSentUs,
        rcvNxt: this.irs + 1,
        offeredBytes: this.offeredBytes,
        accept: this.listener.accept,
      },
      nowUs,
    );
    this.stack.addConnection(connection);
    connection.onSegment(segment, nowUs);
  }

  private end(): void {
    this.listener.pending--;
    this.stack.table.remove(this);
    this.stack.timers.cancel(this);
  }

  private sendSynAck(): void {
    const { output, settings, counters } = this.stack;
    counters.synAckSent22++;
    const { agreement, path, tsVal, tsRecent } = this;
    const optionBytes = emitSynAckOptions(output.options, agreement, path, settings, tsVal, tsRecent);
    this.send(this.iss, TcpFlag.syn | TcpFlag.ack, optionBytes);
  }

  private get tsVal(): number {
    return timestampAt(this.stack.nowUs, this.timestampOffset);
  }

  private challenge(nowUs: number): void {
    if (!this.challenges.allow(nowUs)) return;
    let optionBytes = 0;
    if (this.agreement.timestamps)
      optionBytes = emitTimestampsOption(this.stack.output.options, 0, this.tsVal, this.tsRecent);
    this.send((this.iss + 1) >>> 0, TcpFlag.ack, optionBytes);
  }

  private send(sequence: number, flags: number, optionBytes: number): void {
    const { path, localPort, remotePort } = this;
    const acknowledgment = (this.irs + 1) >>> 0;
    this.stack.output.send(
      path,
      localPort,
      remotePort,
      sequence,
      acknowledgment,
      flags,
      this.offeredBytes,
      optionBytes,
    );
  }
}
