/** What a delegation sends, as it sees it: several delegations, one after the other, may carry one stream. */
import type { Delegation } from './delegation.js';
import type { ResendListener } from './resend-ranges.js';
import type { TimestampMarks } from '../tcp/timestamp-marks.js';

/** Why a delegation is over although its stream is not. The board is silent when this is told. */
export type EndCause =
  | 'busy'
  | 'failed'
  | 'forgotten'
  /** It had nothing to send for a while, and others wait for a slot. */
  | 'idle'
  | 'unanswered'
  | 'stalled'
  | 'boardLost'
  | 'rebooted';

/** What a delegation sends, and whom it reports to. */
export interface DelegatedStream extends ResendListener {
  readonly opcode: 'read' | 'relay';
  /** Undefined as long as no board has named it. */
  readonly length: number | undefined;
  readonly acknowledged: number;
  readonly granted: number;
  readonly marks: TimestampMarks;
  /** Reads the pair and TSecr to be stated now; `sending` tells whether pseudo packets are to be expected. */
  readPair(sending: boolean): void;
  readonly acknowledgment: number;
  readonly window: number;
  readonly tsEcr: number;
  commandBytes(): number;
  writeCommand(b: Uint8Array, at: number, counter: number, firstOffset: number): number;
  /** Changes with the template, 0 … 255. */
  readonly templateVersion: number;
  readonly templateBytes: number;
  /** Payload of a full segment; a change of it is a change of the template. */
  readonly segmentBytes: number;
  /** Writes the template, padded to 4. */
  writeTemplate(b: Uint8Array, at: number): void;
  /** The board has named the total, for an object of that version; zeros are of none. */
  onSized(total: number, version: Uint8Array): void;
  /** The board has sent everything below `sentUpTo`, the last of it at `atUs`. */
  onProgress(sentUpTo: number, atUs: number): void;
  onEnded(delegation: Delegation, cause: EndCause, reason: number, hintMs: number, nowUs: number): void;
}
