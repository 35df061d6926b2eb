/** What the front-end knows of one provisioned board. */
import { NONCE_BYTES } from '../../wire/atcp/authentication.js';
import {
  HEARTBEAT_VOLUME_ID,
  heartbeatBuffers,
  heartbeatBuffersLent,
  heartbeatCardState,
  heartbeatCounter,
  heartbeatSlots,
  heartbeatSlotsUsed,
  heartbeatUptimeMs,
  heartbeatVolumeGeneration,
} from '../../wire/atcp/heartbeat.js';
import { BoardFact, CardState } from '../../wire/atcp/session.js';
import { copy } from '../../wire/byte-loops.js';
import { get16, get32, get64 } from '../../wire/bytes.js';
import type { Session } from './session.js';
import type { StatementSource } from './statement-writer.js';

/** `unknown`: never seen. `opening`: it answered, the session is being opened. `lost`: it was alive. */
export type BoardState = 'unknown' | 'opening' | 'alive' | 'lost';

/** A discover's nonce, as long as an announce may still answer it. */
export class Question {
  readonly nonce = new Uint8Array(NONCE_BYTES);
  open = false;
}

export class Board {
  readonly id: number;
  /** 16 bytes, from provisioning. */
  readonly key: Uint8Array;
  state: BoardState = 'unknown';
  /** Learnt from its announce. */
  readonly macAddress = new Uint8Array(6);
  /** Its boot, as it says; undefined until it was heard for the first time. */
  epoch: number | undefined;

  // Handshake; the registry's.
  session: Session | undefined;
  /** Counts sessions, so that sequence numbers of two are not compared. */
  sessionSerial = 0;
  opening: Session | undefined;
  openAttempts = 0;
  /** Its session's sequence numbers are used up: a new one is wanted. */
  renewing = false;
  openAtUs = 0;
  askAtUs = 0;
  /** Discovers of its own since it was last heard. */
  asks = 0;
  lastHeardUs = 0;
  lastToldUs = 0;
  /** The latest discover and the one before. */
  readonly questions: readonly [Question, Question] = [new Question(), new Question()];

  /** How long it takes to answer: smoothed, and its mean deviation (the estimator of RFC 6298 2). */
  answerUs = 0;
  answerDeviationUs = 0;

  // Load; placement's.
  /** Delegations that take, or may take, a slot. */
  outstanding = 0;
  /** It answered `busy`, or did not answer: others come first until then. */
  avoidUntilUs = 0;
  /** Statements that leave with the next flush. */
  readonly queue: StatementSource[] = [];

  // Facts, from its announce and its heartbeats.
  firmwareVersion = 0;
  slots = 0;
  slotsUsed = 0;
  buffers = 0;
  buffersLent = 0;
  cardState: number = CardState.absent;
  readonly volumeId = new Uint8Array(16);
  volumeGeneration = 0;
  volumeSectors = 0;
  uptimeMs = 0;
  framesReceived = 0;
  framesDiscarded = 0;
  pseudoPacketsSent = 0;
  diskErrors = 0;

  constructor(id: number, key: Uint8Array) {
    this.id = id;
    this.key = key;
  }

  onAnswerTime(us: number): void {
    if (this.answerUs === 0) {
      this.answerUs = us;
      this.answerDeviationUs = us / 2;
      return;
    }
    this.answerDeviationUs += (Math.abs(us - this.answerUs) - this.answerDeviationUs) / 4;
    this.answerUs += (us - this.answerUs) / 8;
  }

  /** An answer that takes longer is probably lost. */
  get answerBoundUs(): number {
    return Math.ceil(this.answerUs + 4 * this.answerDeviationUs);
  }

  heard(nowUs: number): void {
    this.lastHeardUs = nowUs;
    this.asks = 0;
  }

  /** It can look up and send objects. */
  get available(): boolean {
    return this.state === 'alive' && this.cardState === CardState.ready;
  }

  /** … and has, as far as known, a slot free. */
  get hasRoom(): boolean {
    return this.available && (this.slots === 0 || this.outstanding < this.slots);
  }

  /** Others come first for so long. */
  avoid(nowUs: number, ms: number): void {
    this.avoidUntilUs = Math.max(this.avoidUntilUs, nowUs + ms * 1000);
  }

  /** Takes over the facts of an announce. */
  readFacts(b: Uint8Array, at: number): void {
    this.firmwareVersion = get32(b, at + BoardFact.firmwareVersion);
    this.slots = get16(b, at + BoardFact.slots);
    copy(b, at + BoardFact.volumeId, this.volumeId, 0, 16);
    this.volumeGeneration = get64(b, at + BoardFact.volumeGeneration);
    this.volumeSectors = get64(b, at + BoardFact.volumeSectors);
    this.cardState = b[at + BoardFact.cardState]!;
  }

  readHeartbeat(b: Uint8Array, at: number): void {
    this.uptimeMs = heartbeatUptimeMs(b, at);
    this.volumeGeneration = heartbeatVolumeGeneration(b, at);
    copy(b, at + HEARTBEAT_VOLUME_ID, this.volumeId, 0, 16);
    this.slotsUsed = heartbeatSlotsUsed(b, at);
    this.slots = heartbeatSlots(b, at);
    this.buffersLent = heartbeatBuffersLent(b, at);
    this.buffers = heartbeatBuffers(b, at);
    this.cardState = heartbeatCardState(b, at);
    this.framesReceived = heartbeatCounter(b, at, 0);
    this.framesDiscarded = heartbeatCounter(b, at, 1);
    this.pseudoPacketsSent = heartbeatCounter(b, at, 2);
    this.diskErrors = heartbeatCounter(b, at, 3);
  }
}
