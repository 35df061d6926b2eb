/**
 * The firmware of one board: the back-end server controller 30 of Fig. 11 as a synchronous machine (design idea 4).
 * One step looks at the NIC, the clock and the card, does a bounded piece of work, and says when it wants to be
 * called again.
 */
import { BoardFacts } from './board-facts.js';
import { CommandDecoder } from './command-decoder.js';
import { Counters } from './counters.js';
import { DelegationTable } from './delegation-table.js';
import { Delegations } from './delegations.js';
import { DiskController } from './disk-controller.js';
import { FrameWriter } from './frame-writer.js';
import { boardLimits, checkLimits, NEVER_US } from './limits.js';
import type { Limits } from './limits.js';
import { MemoryController } from './memory-controller.js';
import { FOREIGN, NicController } from './nic-controller.js';
import { ObjectReader, ReadStep } from './object-reader.js';
import type { BoardPorts, ConsolePort, Provisioning } from './ports.js';
import { PseudoPacketizer } from './pseudo-packetizer.js';
import { Reports } from './reports.js';
import { SegmentSender, SendStep } from './segment-sender.js';
import { BODY, Received, Session } from './session.js';
import { BOARD_TABLE, BoardAction, BoardEvent, BoardState } from './state-machine.js';
import { StatementReader } from './statement-reader.js';
import { CardState } from '../wire/atcp/session.js';
import { atcpLength } from '../wire/atcp/header.js';
import { ETHERNET_HEADER_BYTES } from '../wire/ethernet.js';

/** By {@link BoardState}. */
const STATE_LINES = Object.freeze([
  'atcp: the network interface is being opened',
  'atcp: no link; check the network cable',
  'atcp: looking for the front-end',
  'atcp: front-end found',
  'atcp: front-end found; serving',
]);

/** By {@link CardState}. */
const CARD_LINES = Object.freeze([
  'atcp: no card; insert one with a volume',
  '',
  'atcp: the card has no volume; make one with "atcp volume make"',
  'atcp: the volume is mounted',
  'atcp: the card fails; try another one',
]);

export class Board {
  readonly counters = new Counters();
  readonly memory: MemoryController;
  readonly disk: DiskController;
  readonly #limits: Limits;
  readonly #console: ConsolePort;
  readonly #nic: NicController;
  readonly #facts: BoardFacts;
  readonly #table: DelegationTable;
  readonly #delegations: Delegations;
  readonly #reader: ObjectReader;
  readonly #session: Session;
  readonly #statements: StatementReader;
  readonly #writer: FrameWriter;
  readonly #sender: SegmentSender;
  #state: BoardState = BoardState.noNic;
  /** The last that was acted on. */
  #cardState: CardState = CardState.opening;
  #saidCardState: CardState = CardState.opening;
  #linkPollUs = 0;
  #diskDueUs = 0;

  /** Everything that the firmware will ever use is made here. Throws a RangeError when the limits contradict each other. */
  constructor(ports: BoardPorts, provisioning: Provisioning, limits: Limits = boardLimits) {
    checkLimits(limits);
    const counters = this.counters;
    const sources = provisioning.pseudoSources;
    this.#limits = limits;
    this.#console = ports.console;
    this.memory = new MemoryController(limits, ports.nic.segmentationBytes, counters);
    this.#nic = new NicController(ports.nic, provisioning.etherType, this.memory, counters);
    this.disk = new DiskController(ports.disk);
    this.#facts = new BoardFacts(this.disk);
    this.#table = new DelegationTable(limits, this.disk);
    const reports = new Reports(limits, counters);
    this.#reader = new ObjectReader(this.disk, this.memory, this.#table, limits, counters);
    this.#delegations = new Delegations(this.#table, this.memory, this.#reader, reports, limits, counters);
    this.#session = new Session(provisioning, ports.entropy, this.#nic, limits, counters);
    this.#statements = new StatementReader(
      new CommandDecoder(sources),
      sources,
      this.#table,
      this.#delegations,
      reports,
      this.#nic,
      limits,
      counters,
    );
    this.#writer = new FrameWriter(
      this.#nic,
      this.#session,
      this.#table,
      this.#delegations,
      reports,
      this.memory,
      this.#facts,
      counters,
    );
    this.#sender = new SegmentSender(
      this.#nic,
      this.memory,
      new PseudoPacketizer(this.memory.pseudoFrame),
      this.#table,
      this.#delegations,
      reports,
      limits,
      counters,
    );
  }

  get state(): BoardState {
    return this.#state;
  }

  /** Delegations that hold a slot. */
  get slotsUsed(): number {
    return this.#table.activeCount;
  }

  /**
   * Does a bounded piece of work. Returns the time in µs at which the next step is due if no frame comes before;
   * a time that is not after `nowUs` means at once. `nowUs` never goes back.
   */
  step(nowUs: number): number {
    const state = this.#state;
    const nextUs = this.#step(nowUs);
    if (this.#state !== state) this.#console.write(STATE_LINES[this.#state]!);
    return nextUs;
  }

  #step(nowUs: number): number {
    if (nowUs >= this.#linkPollUs) this.#pollLink(nowUs);
    let more = false;
    if (this.#state !== BoardState.noNic) more = this.#receive(nowUs);
    // Before anything is sent: what has lapsed by now must be silent (decision 2).
    this.#delegations.expire(nowUs);
    const read = this.#readDisk(nowUs);
    if (this.#state <= BoardState.noLink) return this.#nextUs(nowUs, more, read, SendStep.idle);
    this.#writer.step(nowUs, this.#state === BoardState.seeking);
    const sent = this.#sender.step(nowUs);
    this.#watch(nowUs);
    return this.#nextUs(nowUs, more, read, sent);
  }

  /** Opens the NIC and watches its link. */
  #pollLink(nowUs: number): void {
    this.#linkPollUs = nowUs + this.#limits.linkPollUs;
    if (this.#state === BoardState.noNic) {
      if (!this.#nic.open(nowUs)) {
        this.#linkPollUs = nowUs + this.#limits.devicePollUs;
        return;
      }
      this.#fire(nowUs, BoardEvent.nicOpened);
    }
    const up = this.#nic.linkUp();
    if (up && this.#state === BoardState.noLink) this.#fire(nowUs, BoardEvent.linkUp);
    else if (!up && this.#state > BoardState.noLink) this.#fire(nowUs, BoardEvent.linkDown);
  }

  /** Takes a few frames; true when there may be more. */
  #receive(nowUs: number): boolean {
    const frame = this.memory.receiveFrame;
    const limit = this.#limits.framesPerStep;
    for (let i = 0; i < limit; i++) {
      const length = this.#nic.receive();
      if (length === 0) return false;
      if (length !== FOREIGN) this.#take(nowUs, frame, length);
    }
    return true;
  }

  #take(nowUs: number, frame: Uint8Array, length: number): void {
    const received = this.#session.receive(nowUs, frame, length);
    if (received === Received.nothing) return;
    if (this.#state === BoardState.seeking) {
      this.#fire(nowUs, BoardEvent.heard);
      if (this.#cardState === CardState.ready) this.#fire(nowUs, BoardEvent.volumeReady);
    }
    if (received === Received.statements) {
      const end = ETHERNET_HEADER_BYTES + atcpLength(frame, ETHERNET_HEADER_BYTES);
      this.#statements.read(nowUs, frame, BODY, end);
    } else if (received === Received.openedByNewEpoch) {
      this.#delegations.releaseAll(nowUs);
      this.#statements.beginEpoch(this.#session.frontEndEpoch);
    }
  }

  /** Mounts the volume, or reads a little of it. */
  #readDisk(nowUs: number): ReadStep {
    const facts = this.#facts;
    if (!facts.volumeReady) this.#diskDueUs = this.disk.step(nowUs);
    let read: ReadStep = ReadStep.worked;
    for (let left = this.#limits.unitsPerStep; left > 0 && read === ReadStep.worked; left--) {
      read = this.#reader.step(nowUs, this.#delegations);
    }
    const cardState = facts.cardState;
    if (cardState !== this.#cardState) {
      this.#cardState = cardState;
      this.#say(cardState);
      this.#fire(nowUs, cardState === CardState.ready ? BoardEvent.volumeReady : BoardEvent.volumeGone);
    }
    return read;
  }

  /** A slot without a card is looked at again and again: only what is new is said. */
  #say(cardState: CardState): void {
    if (cardState === CardState.opening || cardState === this.#saidCardState) return;
    this.#saidCardState = cardState;
    this.#console.write(CARD_LINES[cardState]!);
  }

  /** Silence of the front-end, and a NIC that takes nothing any more. */
  #watch(nowUs: number): void {
    const limits = this.#limits;
    const state = this.#state;
    if (state > BoardState.seeking && nowUs - this.#session.lastHeardUs >= limits.silenceUs) {
      this.#fire(nowUs, BoardEvent.silence);
    }
    if (this.#nic.stalled(nowUs, limits.nicStallUs)) this.#fire(nowUs, BoardEvent.nicStalled);
  }

  #fire(nowUs: number, event: BoardEvent): void {
    const transition = BOARD_TABLE[this.#state]![event]!;
    const next = transition.next;
    this.#state = next;
    switch (transition.action) {
      case BoardAction.anomaly:
        this.counters.anomalies++;
        break;
      case BoardAction.announce:
        this.#session.seek(nowUs);
        break;
      case BoardAction.greet:
        this.#session.stopSeeking();
        this.#session.heartbeatDueUs = nowUs;
        break;
      case BoardAction.heartbeat:
        this.#session.heartbeatDueUs = nowUs;
        break;
      case BoardAction.reopen:
        this.counters.nicReopened++;
        this.#linkPollUs = nowUs;
        break;
    }
  }

  #nextUs(nowUs: number, more: boolean, read: ReadStep, sent: SendStep): number {
    if (more || read === ReadStep.worked || sent === SendStep.worked) return nowUs;
    const limits = this.#limits;
    let nextUs = Math.min(this.#linkPollUs, this.#delegations.nextLeaseUs);
    if (read === ReadStep.waiting || sent === SendStep.waiting || this.#nic.waiting) {
      nextUs = Math.min(nextUs, nowUs + limits.devicePollUs);
    }
    if (!this.#facts.volumeReady) nextUs = Math.min(nextUs, this.#diskDueUs);
    if (this.#state <= BoardState.noLink) return nextUs;
    if (this.#state > BoardState.seeking) nextUs = Math.min(nextUs, this.#session.lastHeardUs + limits.silenceUs);
    return this.#nic.waiting ? nextUs : Math.min(nextUs, this.#writer.dueUs, NEVER_US);
  }
}
