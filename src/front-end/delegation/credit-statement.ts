/**
 * ATCP_ACK 29 of one delegation (point F): what it says, and what it has said so far, by which answers are checked
 * and by which it is known until when the board may be sending (decisions 1 and 2).
 */
import {
  ackDownBytes,
  AckDownFlag,
  ackTemplate,
  emitAckDown,
  emitSegmentBytes,
} from '../../wire/atcp/ack-down.js';
import type { DelegationContext } from './commands.js';
import type { DelegatedStream } from './delegated-stream.js';
import type { ResendRanges } from './resend-ranges.js';

/** A release has no resend ranges, no marks and no template. */
export const RELEASE_BYTES = ackDownBytes(0, 0, 0);

export class CreditStatement {
  /** Of the latest one; 0 before the first. */
  version = 0;
  /** The most that was ever granted. */
  granted: number;
  acknowledged: number;
  /** Until when the board may be sending, by what it was told. */
  leaseEndUs = 0;
  /** Version of the template that the board has: the command's, or the latest one that it reported. */
  boardTemplate: number;
  readonly #context: DelegationContext;
  readonly #counter: number;
  readonly #ranges: ResendRanges;

  constructor(
    context: DelegationContext,
    counter: number,
    ranges: ResendRanges,
    stream: DelegatedStream,
    firstOffset: number,
  ) {
    this.#context = context;
    this.#counter = counter;
    this.#ranges = ranges;
    this.boardTemplate = stream.templateVersion;
    this.granted = firstOffset;
    this.acknowledged = firstOffset;
  }

  bytes(stream: DelegatedStream): number {
    return ackDownBytes(this.#ranges.count, stream.marks.count, this.#templateBytes(stream));
  }

  /** `sending`: pseudo packets are to be expected. `unansweredSinceUs`: since when the board owes an answer. */
  write(
    b: Uint8Array,
    at: number,
    stream: DelegatedStream,
    sending: boolean,
    unansweredSinceUs: number,
    nowUs: number,
  ): number {
    const { counters, epoch } = this.#context;
    const ranges = this.#ranges;
    const { acknowledged, granted, marks } = stream;
    const templateBytes = this.#templateBytes(stream);
    stream.readPair(sending);
    const bytes = emitAckDown(
      b,
      at,
      0,
      epoch,
      this.#counter,
      this.version,
      acknowledged,
      granted,
      stream.acknowledgment,
      stream.window,
      this.#lease(unansweredSinceUs, nowUs),
      stream.tsEcr,
      ranges.count,
      marks.count,
      templateBytes,
      templateBytes === 0 ? 0 : stream.templateVersion,
    );
    ranges.emit(b, at);
    marks.emit(b, at);
    if (templateBytes > 0) {
      stream.writeTemplate(b, ackTemplate(b, at));
      emitSegmentBytes(b, at, stream.segmentBytes);
    }
    counters.resendRangesStated += ranges.count;
    this.granted = Math.max(this.granted, granted);
    this.acknowledged = acknowledged;
    return bytes;
  }

  /** A template travels with every statement until the board reports that it has it. */
  #templateBytes(stream: DelegatedStream): number {
    return stream.templateVersion === this.boardTemplate ? 0 : stream.templateBytes;
  }

  /** Repetitions that nobody answers do not extend the lease: a dead board's ends `leaseMs` after its last answer. */
  #lease(unansweredSinceUs: number, nowUs: number): number {
    const { timing } = this.#context;
    // Longer than that only a front-end waits that was stopped itself; then this is no mere repetition.
    const waitedMs = Math.min((nowUs - unansweredSinceUs) / 1000, timing.unansweredMs);
    const leaseMs = Math.floor(timing.leaseMs - waitedMs);
    this.leaseEndUs = Math.max(this.leaseEndUs, nowUs + leaseMs * 1000);
    return leaseMs;
  }

  writeRelease(b: Uint8Array, at: number): number {
    const offset = this.acknowledged;
    const flags = AckDownFlag.release;
    const { epoch } = this.#context;
    return emitAckDown(
      b,
      at,
      flags,
      epoch,
      this.#counter,
      this.version,
      offset,
      offset,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
    );
  }
}
