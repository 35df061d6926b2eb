/**
 * The handshake of a port whose backlog is full, as under a flood of SYNs: nothing is kept between the SYN-ACK (22
 * of Fig. 2) and the client's ACK (23), which brings back the cookie that the SYN-ACK had for its sequence number
 * (RFC 4987 3.6). Such a SYN-ACK is not repeated; the client repeats its SYN.
 */
import { TcpFlag } from '../../wire/tcp.js';
import { Path } from '../link/path.js';
import { agree, emitSynAckOptions, synAckWindow } from './agreement.js';
import { Connection } from './connection.js';
import type { Entropy } from './isn.js';
import type { Listener } from './listener.js';
import type { Segment } from './segment.js';
import type { TcpStack } from './stack.js';
import { COOKIE_LIFETIME_US, SynCookies } from './syn-cookies.js';

export class StatelessHandshake {
  private readonly stack: TcpStack;
  private readonly cookies: SynCookies;
  private readonly path: Path;
  /** While no cookie is out, no ACK is examined for one. */
  private goodUntilUs = -Infinity;

  constructor(stack: TcpStack, entropy: Entropy) {
    this.stack = stack;
    this.cookies = new SynCookies(entropy);
    this.path = new Path(stack.localMac);
  }

  /** Answers a SYN. */
  begin(segment: Segment, nowUs: number): void {
    const { settings, counters, output } = this.stack;
    counters.synAckSent22++;
    counters.synCookiesSent++;
    this.goodUntilUs = nowUs + COOKIE_LIFETIME_US;
    const agreement = agree(segment, settings);
    const cookie = this.cookies.make(this.tupleHash(segment), segment.sequence, agreement, nowUs);
    this.stack.aim(this.path, segment);
    output.send(
      this.path,
      segment.localPort,
      segment.remotePort,
      cookie,
      (segment.sequence + 1) >>> 0,
      TcpFlag.syn | TcpFlag.ack,
      synAckWindow(settings),
      emitSynAckOptions(output.options, agreement, this.path, settings),
    );
  }

  /** An ACK for no connection, possibly with text: the connection, if it brings a cookie back. */
  complete(listener: Listener, segment: Segment, nowUs: number): Connection | undefined {
    const { counters } = this.stack;
    if (nowUs >= this.goodUntilUs) return undefined;
    const iss = (segment.acknowledgment - 1) >>> 0;
    const irs = (segment.sequence - 1) >>> 0;
    const agreement = this.cookies.open(this.tupleHash(segment), irs, iss, nowUs);
    if (agreement === undefined) {
      counters.synCookiesRefused++;
      return undefined;
    }
    counters.synCookiesTaken++;
    const { localMac, settings } = this.stack;
    const path = new Path(localMac);
    this.stack.aim(path, segment);
    const { remotePort, localPort } = segment;
    return new Connection(
      this.stack,
      {
        path,
        localPort,
        remotePort,
        iss,
        ...agreement,
        windowBytes: segment.window * 2 ** Math.max(0, agreement.remoteShift),
        windowSequence: irs + 1,
        synAckRepeated: false,
        handshakeRttUs: undefined,
        rcvNxt: irs + 1,
        offeredBytes: synAckWindow(settings),
        accept: listener.accept,
      },
      nowUs,
    );
  }

  private tupleHash(segment: Segment): Uint8Array {
    const { localAddress, localPort, remoteAddress, remotePort } = segment;
    return this.stack.isn.tupleHash(localAddress, localPort, remoteAddress, remotePort);
  }
}
