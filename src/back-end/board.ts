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
import { DiskController, DiskState } from './disk-controller.js';
import { DueTime } from './due-time.js';
import { FrameWriter } from './frame-writer.js';
import { HttpResponder } from './http-responder.js';
import { boardLimits, checkLimits } from './limits.js';
import type { Limits } from './limits.js';
import { MemoryController } from './memory-controller.js';
import { FOREIGN, NicController } from './nic-controller.js';
import { ObjectReader, ReadStep } from './object-reader.js';
import { Pacer } from './pacer.js';
import type { BoardPorts, ConsolePort, Provisioning } from './ports.js';
import { PseudoPacketizer } from './pseudo-packetizer.js';
import { Reports } from './reports.js';
import { SegmentSender, SendStep } from './segment-sender.js';
import { BODY, Received, Session } from './session.js';
import { BOARD_TABLE, BoardAction, BoardEvent, BoardState } from './state-machine.js';
import { StatementReader } from './statement-reader.js';
import { WorkQueues } from './work-queues.js';
import { CardState } from '../wire/atcp/session.js';
import { atcpLength } from '../wire/atcp/header.js';
import { ETHERNET_HEADER_BYTES } from '../wire/ethernet.js';

// What every step compares with: on XS a constant of the module costs a tenth of a property of a table.
const NO_NIC = BoardState.noNic;
const NO_LINK = BoardState.noLink;
const READ = ReadStep.worked;
const SENT = SendStep.worked;
const IDLE = SendStep.idle;

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
  #state: BoardState = BoardState.noNic;
  #saidState: BoardState = BoardState.noNic;
  #watchUs = 0;
  #diskState: DiskState = DiskState.opening;
  readonly #framesPerStep: number;
  readonly #unitsPerStep: number;
  readonly disk: DiskController;
  readonly #nic: NicController;
  readonly #due = new DueTime();
  readonly #queues: WorkQueues;
  readonly #delegations: Delegations;
  readonly #reader: ObjectReader;
  readonly #sender: SegmentSender;
  readonly #pacer: Pacer;
  readonly #writer: FrameWriter;
  readonly #limits: Limits;
  readonly counters = new Counters();
  readonly memory: MemoryController;
  readonly #session: Session;
  readonly #statements: StatementReader;
  readonly #table: DelegationTable;
  readonly #facts: BoardFacts;
  readonly #console: ConsolePort;
  #diskDueUs = 0;
  /** The last that was acted on, and the last that was said. */
  #cardState: CardState = CardState.opening;
  #saidCardState: CardState = CardState.opening;

  /** Everything that the firmware will ever use is made here. Throws a RangeError when the limits contradict each other. */
  constructor(ports: BoardPorts, provisioning: Provisioning, limits: Limits = boardLimits) {
    checkLimits(limits);
    const counters = this.counters;
    const sources = provisioning.pseudoSources;
    this.#limits = limits;
    this.#framesPerStep = limits.framesPerStep;
    this.#unitsPerStep = limits.unitsPerStep;
    this.#console = ports.console;
    this.memory = new MemoryController(limits, ports.nic.segmentationBytes, counters);
    this.#nic = new NicController(ports.nic, provisioning.etherType, this.memory, counters);
    this.disk = new DiskController(ports.disk);
    this.#facts = new BoardFacts(this.disk);
    this.#table = new DelegationTable(limits, this.disk);
    const due = this.#due;
    const queues = new WorkQueues(limits);
    const reports = new Reports(due, limits, counters);
    this.#queues = queues;
    this.#pacer = new Pacer(queues, limits);
    const responder = new HttpResponder();
    this.#reader = new ObjectReader(this.disk, this.memory, this.#table, queues, limits, counters);
    this.#delegations = new Delegations(
      this.#table,
      queues,
      this.memory,
      this.#reader,
      reports,
      responder,
      limits,
      counters,
    );
    this.#session = new Session(provisioning, ports.entropy, this.#nic, due, limits, counters);
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
      due,
      counters,
    );
    this.#sender = new SegmentSender(
      this.#nic,
      this.memory,
      new PseudoPacketizer(this.memory.pseudoFrame, this.#nic),
      responder,
      queues,
      this.#pacer,
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
    if (this.#state !== this.#saidState) this.#say(this.#state);
    if (nowUs >= this.#watchUs) this.#watch(nowUs);
    const state = this.#state;
    const more = state !== NO_NIC && this.#receive(nowUs);
    // Before anything is sent: what has lapsed by now must be silent (decision 2).
    if (nowUs >= this.#delegations.nextLeaseUs) this.#delegations.expire(nowUs);
    const read = this.#readDisk(nowUs);
    let sent: SendStep = IDLE;
    if (state > NO_LINK) {
      if (nowUs >= this.#due.us || this.#nic.waitingBytes !== 0) {
        this.#writer.step(nowUs, this.#state === BoardState.seeking);
      }
      sent = this.#sender.step(nowUs);
    }
    if (more || read === READ || read === ReadStep.failed || sent === SENT) return nowUs;
    if (read === ReadStep.waiting || sent === SendStep.waiting || this.#nic.waitingBytes !== 0) {
      return nowUs + this.#limits.devicePollUs;
    }
    return this.#queues.toRead.count === 0 ? this.#restUs() : nowUs;
  }

  #say(state: BoardState): void {
    this.#saidState = state;
    this.#console.write(STATE_LINES[state]!);
  }

  /** Nothing to do: until when. */
  #restUs(): number {
    let restUs = this.#watchUs;
    if (this.#delegations.nextLeaseUs < restUs) restUs = this.#delegations.nextLeaseUs;
    if (this.#diskState !== DiskState.ready && this.#diskDueUs < restUs) restUs = this.#diskDueUs;
    if (this.#state <= NO_LINK) return restUs;
    if (this.#pacer.nextUs < restUs) restUs = this.#pacer.nextUs;
    return this.#due.us < restUs ? this.#due.us : restUs;
  }

  /** What has to be looked at from time to time only: NIC, link, silence of the front-end. */
  #watch(nowUs: number): void {
    const limits = this.#limits;
    this.#watchUs = nowUs + limits.watchUs;
    if (this.#state === BoardState.noNic) {
      if (!this.#nic.open(nowUs)) {
        this.#watchUs = nowUs + limits.devicePollUs;
        return;
      }
      this.#fire(nowUs, BoardEvent.nicOpened);
    }
    const up = this.#nic.linkUp();
    if (this.#state === BoardState.noLink) {
      if (up) this.#fire(nowUs, BoardEvent.linkUp);
      return;
    }
    if (!up) this.#fire(nowUs, BoardEvent.linkDown);
    else if (this.#nic.stalled(nowUs, limits.nicStallUs)) this.#fire(nowUs, BoardEvent.nicStalled);
    else if (this.#state > BoardState.seeking && nowUs - this.#session.lastHeardUs >= limits.silenceUs) {
      this.#fire(nowUs, BoardEvent.silence);
    }
  }

  /** Takes a few frames; true when there may be more. */
  #receive(nowUs: number): boolean {
    const nic = this.#nic;
    for (let left = this.#framesPerStep; left > 0; left--) {
      const length = nic.receive();
      if (length === 0) return false;
      if (length !== FOREIGN) this.#take(nowUs, this.memory.receiveFrame, length);
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
    if (this.#diskState !== DiskState.ready) {
      this.#diskDueUs = this.disk.step(nowUs);
      this.#cardChanged(nowUs);
    }
    let read: ReadStep = ReadStep.idle;
    for (let left = this.#unitsPerStep; left > 0; left--) {
      read = this.#reader.step(nowUs, this.#delegations);
      if (read === ReadStep.failed) this.#cardChanged(nowUs);
      if (read !== ReadStep.worked) break;
    }
    return read;
  }

  #cardChanged(nowUs: number): void {
    this.#diskState = this.disk.state;
    const cardState = this.#facts.cardState;
    if (cardState === this.#cardState) return;
    this.#cardState = cardState;
    // A slot without a card is looked at again and again: only what is new is said.
    if (cardState !== CardState.opening && cardState !== this.#saidCardState) {
      this.#saidCardState = cardState;
      this.#console.write(CARD_LINES[cardState]!);
    }
    this.#fire(nowUs, cardState === CardState.ready ? BoardEvent.volumeReady : BoardEvent.volumeGone);
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
        this.#session.beat(nowUs);
        break;
      case BoardAction.heartbeat:
        this.#session.beat(nowUs);
        break;
      case BoardAction.reopen:
        this.counters.nicReopened++;
        this.#watchUs = nowUs;
        break;
    }
  }
}
