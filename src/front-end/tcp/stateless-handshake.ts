/**
 * The handshake of a port whose backlog is full, as under a flood of SYNs: nothing is kept between the SYN-ACK (22
 * of Fig. 2) and the client's ACK (23), which brings back the cookie that the SYN-ACK had for its sequence number
 * (RFC 4987 3.6). Such a SYN-ACK is not repeated; the client repeats its SYN.
 */
import { TcpFlag } from '../../wire/tcp.js';
import { Path } from '../link/path.js';
import { agree, emitSynAckOptions, payloadBytesOf, synAckWindow, type Agreement } from './agreement.js';
import { Connection } from './connection.js';
import { timestampOffset, type Entropy } from './isn.js';
import type { Listener } from './listener.js';
import type { Segment } from './segment.js';
import type { TcpStack } from './stack.js';
import { COOKIE_LIFETIME_US, SynCookies } from './syn-cookies.js';
import { timestampAt } from './timestamps.js';

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
    const tupleHash = this.tupleHash(segment);
    const cookie = this.cookies.make(tupleHash, segment.sequence, agreement, nowUs);
    const tsVal = timestampAt(nowUs, timestampOffset(tupleHash));
    this.stack.aim(this.path, segment);
    output.send(
      this.path,
      segment.localPort,
      segment.remotePort,
      cookie,
      (segment.sequence + 1) >>> 0,
      TcpFlag.syn | TcpFlag.ack,
      synAckWindow(settings),
      emitSynAckOptions(output.options, agreement, this.path, settings, tsVal, segment.options.tsVal),
    );
  }

  /** An ACK for no connection, possibly with text: the connection, if it brings a cookie back. */
  complete(listener: Listener, segment: Segment, nowUs: number): Connection | undefined {
    const { counters } = this.stack;
    if (nowUs >= this.goodUntilUs) return undefined;
    const iss = (segment.acknowledgment - 1) >>> 0;
    const irs = (segment.sequence - 1) >>> 0;
    const tupleHash = this.tupleHash(segment);
    const contents = this.cookies.open(tupleHash, irs, iss, nowUs);
    if (contents === undefined) {
      counters.synCookiesRefused++;
      return undefined;
    }
    counters.synCookiesTaken++;
    const { localMac, settings } = this.stack;
    const { hasTimestamps, tsVal } = segment.options;
    const agreement: Agreement = { ...contents, timestamps: hasTimestamps && settings.timestamps };
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
        segmentBytes: payloadBytesOf(agreement),
        timestampStart: { offset: timestampOffset(tupleHash), tsRecent: tsVal },
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
