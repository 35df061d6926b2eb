/**
 * What is left of a connection while its 4-tuple rests: TIME-WAIT (RFC 9293 3.6), so that old segments are not
 * taken for new ones; or quarantine after an abrupt end, so that a board's last pseudo packets are not (decision 2).
 */
import { TcpFlag } from '../../wire/tcp.js';
import type { IpAddress } from '../link/ip-address.js';
import type { Path } from '../link/path.js';
import { ChallengeLimit } from './challenge-limit.js';
import type { TableEntry } from './connection-table.js';
import { unwrap, type Segment } from './segment.js';
import type { TcpStack } from './stack.js';
import type { Timed } from './timers.js';

/** What it takes over from the connection. */
export interface Remains {
  readonly path: Path;
  readonly localAddress: IpAddress;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  readonly localPort: number;
  readonly windowField: number;
  readonly sender: { readonly sndNxt: number };
  readonly receiver: { readonly rcvNxt: number };
}

export class TimeWait implements TableEntry, Timed {
  readonly localAddress: IpAddress;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  readonly localPort: number;
  nextInBucket: TableEntry | undefined = undefined;
  wakeUs = 0;
  heapIndex = -1;
  readonly quarantine: boolean;
  private readonly stack: TcpStack;
  private readonly path: Path;
  private readonly sndNxt: number;
  private readonly rcvNxt: number;
  private readonly windowField: number;
  private readonly challenges: ChallengeLimit;
  private endUs: number;

  constructor(stack: TcpStack, remains: Remains, quarantine: boolean) {
    this.stack = stack;
    this.path = remains.path;
    this.localAddress = remains.localAddress;
    this.remoteAddress = remains.remoteAddress;
    this.remotePort = remains.remotePort;
    this.localPort = remains.localPort;
    this.sndNxt = remains.sender.sndNxt;
    this.rcvNxt = remains.receiver.rcvNxt;
    this.windowField = remains.windowField;
    this.quarantine = quarantine;
    this.challenges = new ChallengeLimit(stack.settings.challengeAckUs, stack.counters);
    this.endUs = stack.nowUs + (quarantine ? stack.settings.quarantineUs : stack.settings.timeWaitUs);
  }

  get deadlineUs(): number {
    return this.endUs;
  }

  onSegment(segment: Segment, nowUs: number): void {
    if (this.quarantine) this.whileQuarantined(segment);
    else this.whileWaiting(segment, nowUs);
  }

  onTimer(nowUs: number): void {
    if (nowUs >= this.endUs) this.stack.table.remove(this);
    else this.stack.timers.schedule(this, this.endUs);
  }

  private whileQuarantined(segment: Segment): void {
    if (segment.syn) this.stack.counters.synRefusedQuarantine++;
    else this.stack.output.sendReset(this.path, segment);
  }

  private whileWaiting(segment: Segment, nowUs: number): void {
    // A reset does not end TIME-WAIT (RFC 1337 3, fix F1).
    if (segment.rst) return;
    const sequence = unwrap(segment.sequence, this.rcvNxt);
    if (segment.syn && !segment.ack && sequence > this.rcvNxt) {
      // A new connection, clearly after the old one (RFC 9293 3.6.1, MAY-2): so is its sequence space.
      this.stack.endWait(this);
      this.stack.onSyn(segment, nowUs, this.sndNxt);
      return;
    }
    if (segment.fin) {
      this.endUs = nowUs + this.stack.settings.timeWaitUs;
      this.answer();
    } else if ((segment.length > 0 || sequence !== this.rcvNxt) && this.challenges.allow(nowUs)) {
      this.answer();
    }
  }

  private answer(): void {
    const { path, localPort, remotePort } = this;
    const sequence = this.sndNxt >>> 0;
    const acknowledgment = this.rcvNxt >>> 0;
    this.stack.output.send(
      path,
      localPort,
      remotePort,
      sequence,
      acknowledgment,
      TcpFlag.ack,
      this.windowField,
    );
  }
}
