/**
 * What repairs a stream: decides which bytes are lost and how much may be sent. {@link SackRecovery} for clients
 * that report what they have, {@link NewRenoRecovery} for those that do not.
 */
import type { TcpOptions } from '../../wire/tcp.js';

/** What recovery must know of the sender. */
export interface Flight {
  readonly sndUna: number;
  readonly sndNxt: number;
  readonly segmentBytes: number;
  /** End of the segment that begins at SND.UNA. */
  headSegmentEnd(): number;
  /** The highest position that is known to have left. */
  sentEdge(): number;
  /** Where the span begins that holds `position`. */
  spanStart(position: number): number;
}

/** One acknowledgment, as far as recovery is concerned; unwrapped. */
export interface Acknowledgment {
  ack: number;
  options: TcpOptions;
  /** RFC 5681 2: it says nothing that the one before did not say, SACK apart. */
  duplicate: boolean;
  /** The congestion window was what held the sender back. */
  limited: boolean;
}

export interface Recovery {
  /** Lost bytes are being sent again. */
  readonly recovering: boolean;
  /** When {@link onTimer} has something to do; Infinity for never. */
  readonly timerAtUs: number;
  /** How much may be sent now, new bytes or lost ones. */
  readonly roomBytes: number;
  /** What is taken to be in the network, and what may be: for those who ask whether the window is the limit. */
  readonly pipeBytes: number;
  /** Where the next lost bytes are that are not on their way again, and where their run ends; -1 for none. */
  nextLost(): number;
  lostRunEnd(from: number): number;
  /** New bytes up to `to` were handed out. */
  onGranted(to: number, nowUs: number): void;
  /** [from, to) had left by `atUs`: for the first time, or `again`. */
  onLeft(from: number, to: number, atUs: number, again: boolean): void;
  /** [from, to) is sent again now. */
  onResent(from: number, to: number, nowUs: number): void;
  /** SND.UNA has moved already. */
  onAck(acknowledgment: Acknowledgment, nowUs: number): void;
  /** Time has passed. True when a tail loss probe is to be sent: see {@link onProbed}. */
  onTimer(nowUs: number): boolean;
  /** The probe went out: new bytes, or the last segment again. */
  onProbed(isRetransmission: boolean, nowUs: number): void;
  /** The retransmission timer expired; `again` when nothing was acknowledged since it last did. */
  onTimeout(again: boolean, nowUs: number): void;
  /** Nothing that is under way arrives: it was too large for the path. No sign of congestion (RFC 1191 6.5). */
  onTooLarge(): void;
}
