/**
 * What is left of a connection while its 4-tuple rests: TIME-WAIT (RFC 9293 3.6), so that old segments are not
 * taken for new ones; or a shorter rest, so that a board's last pseudo packets are not (decision 2).
 */
import { seqDiff } from '../../wire/sequence.js';
import { TcpFlag, emitTimestampsOption, type TcpOptions } from '../../wire/tcp.js';
import type { IpAddress } from '../link/ip-address.js';
import type { Path } from '../link/path.js';
import { ChallengeLimit } from './challenge-limit.js';
import type { TableEntry } from './connection-table.js';
import { unwrap, type Segment } from './segment.js';
import type { TcpStack } from './stack.js';
import type { Timed } from './timers.js';
import type { Timestamps } from './timestamps.js';

/**
 * `timeWait`: we closed first. `quarantine`: an abrupt end, and a board may still use up a grant. `released`: the client
 * has everything, but a board may not have heard of it, and may yet send something again: as in TIME-WAIT, a new
 * connection's sequence space lies beyond, where nothing of the old one is in its window.
 */
export type RestKind = 'timeWait' | 'quarantine' | 'released';

/** What it takes over from the connection. */
export interface Remains {
  readonly path: Path;
  readonly localAddress: IpAddress;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  readonly localPort: number;
  readonly sender: { readonly sndNxt: number };
  readonly receiver: { readonly rcvNxt: number; offer(): number };
  readonly timestamps: Timestamps | undefined;
}

export class TimeWait implements TableEntry, Timed {
  readonly localAddress: IpAddress;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  readonly localPort: number;
  nextInBucket: TableEntry | undefined = undefined;
  wakeUs = 0;
  heapIndex = -1;
  readonly kind: RestKind;
  private readonly stack: TcpStack;
  private readonly path: Path;
  private readonly sndNxt: number;
  private readonly rcvNxt: number;
  private readonly windowField: number;
  private readonly timestamps: Timestamps | undefined;
  private readonly challenges: ChallengeLimit;
  private endUs: number;

  constructor(stack: TcpStack, remains: Remains, kind: RestKind) {
    this.stack = stack;
    this.path = remains.path;
    this.localAddress = remains.localAddress;
    this.remoteAddress = remains.remoteAddress;
    this.remotePort = remains.remotePort;
    this.localPort = remains.localPort;
    this.sndNxt = remains.sender.sndNxt;
    this.rcvNxt = remains.receiver.rcvNxt;
    this.windowField = remains.receiver.offer();
    this.timestamps = remains.timestamps;
    this.kind = kind;
    this.challenges = new ChallengeLimit(stack.settings.challengeAckUs, stack.counters);
    const { timeWaitUs, quarantineUs } = stack.settings;
    this.endUs = stack.nowUs + (kind === 'timeWait' ? timeWaitUs : quarantineUs);
  }

  get deadlineUs(): number {
    return this.endUs;
  }

  onSegment(segment: Segment, nowUs: number): void {
    if (this.kind === 'timeWait') this.whileWaiting(segment, nowUs);
    else if (this.kind === 'released' && segment.syn && !segment.ack && !segment.rst && !segment.fin)
      this.giveWay(segment, nowUs);
    else this.whileQuarantined(segment);
  }

  onTimer(nowUs: number): void {
    if (nowUs >= this.endUs) this.stack.table.remove(this);
    else this.stack.timers.schedule(this, this.endUs);
  }

  private whileQuarantined(segment: Segment): void {
    if (this.kind === 'quarantine' && segment.syn) this.stack.counters.synRefusedQuarantine++;
    else this.stack.output.sendReset(this.path, segment);
  }

  private whileWaiting(segment: Segment, nowUs: number): void {
    // A reset does not end TIME-WAIT (RFC 1337 3, fix F1).
    if (segment.rst) return;
    const sequence = unwrap(segment.sequence, this.rcvNxt);
    if (segment.syn && !segment.ack && this.isAfter(segment.options, sequence)) {
      // A new connection, clearly after the old one (RFC 9293 3.6.1, MAY-2): so is its sequence space.
      this.giveWay(segment, nowUs);
      return;
    }
    if (segment.fin) {
      this.endUs = nowUs + this.stack.settings.timeWaitUs;
      this.answer();
    } else if ((segment.length > 0 || sequence !== this.rcvNxt) && this.challenges.allow(nowUs)) {
      this.answer();
    }
  }

  private giveWay(segment: Segment, nowUs: number): void {
    this.stack.endWait(this);
    this.stack.onSyn(segment, nowUs, this.sndNxt);
  }

  /** By the time of the SYN, if it tells one (RFC 6191 2), else by its sequence number. */
  private isAfter(options: TcpOptions, sequence: number): boolean {
    const later =
      this.timestamps !== undefined && options.hasTimestamps
        ? seqDiff(options.tsVal, this.timestamps.tsRecent)
        : 0;
    return later > 0 || (later === 0 && sequence > this.rcvNxt);
  }

  private answer(): void {
    const { path, localPort, remotePort, sndNxt, timestamps } = this;
    const { output, nowUs } = this.stack;
    let optionBytes = 0;
    if (timestamps !== undefined) {
      const tsVal = timestamps.valueAt(sndNxt, sndNxt, 0, nowUs);
      optionBytes = emitTimestampsOption(output.options, 0, tsVal, timestamps.tsRecent);
    }
    const sequence = this.sndNxt >>> 0;
    const acknowledgment = this.rcvNxt >>> 0;
    output.send(
      path,
      localPort,
      remotePort,
      sequence,
      acknowledgment,
      TcpFlag.ack,
      this.windowField,
      optionBytes,
    );
  }
}
