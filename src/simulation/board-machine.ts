/** A board of a simulation: the real firmware over a modelled NIC and a modelled card, on a clock of its own. */
import { Board } from '../back-end/board.js';
import { boardLimits } from '../back-end/limits.js';
import { type NicPort, PortStatus, type Provisioning } from '../back-end/ports.js';
import { entropyFrom } from './entropy.js';
import type { EventQueue } from './event-queue.js';
import { ModelDisk } from './model-disk.js';
import type { Frame, Network, Station } from './network.js';
import type { Observer } from './observer.js';
import type { BoardPlan } from './plan.js';

/** Preamble, FCS and gap (IEEE 802.3 3.2.1, 4.2.3.2). */
const WIRE_OVERHEAD_BYTES = 24;
/** A board looks again at a busy card or NIC so soon; real ones do it oftener. */
const DEVICE_POLL_US = 100;

/** What a simulation hands to each of its boards. */
export interface BoardSurroundings {
  readonly seed: number;
  readonly queue: EventQueue;
  readonly network: Network;
  readonly observer: Observer;
  readonly card: Uint8Array;
  readonly provisioning: Provisioning;
}

/** A NIC with a little memory for both directions; what it sends takes time on the wire. */
class ModelNic implements NicPort {
  readonly macAddress: Uint8Array;
  readonly segmentationBytes = 0;
  /** Frames that there was no memory for. */
  overrun = 0;
  readonly #name: string;
  readonly #id: number;
  readonly #plan: BoardPlan;
  readonly #around: BoardSurroundings;
  readonly #clock: () => number;
  readonly #arrived: Frame[] = [];
  #waiting = 0;
  /** When those that wait are on the wire. */
  #leaves: number[] = [];
  #wireFreeUs = 0;
  #powerCycle = 0;

  constructor(name: string, id: number, plan: BoardPlan, around: BoardSurroundings, clock: () => number) {
    this.#name = name;
    this.#id = id;
    this.#plan = plan;
    this.#around = around;
    this.#clock = clock;
    this.macAddress = Uint8Array.of(2, 0, 0, 0, 0xb0, id);
  }

  /** When there is room for another frame; now, when there is. */
  get roomUs(): number {
    return this.#waiting < this.#plan.sendFrames ? this.#around.queue.nowUs : this.#leaves[0]!;
  }

  get hasFrame(): boolean {
    return this.#arrived.length > 0;
  }

  open(): PortStatus {
    return PortStatus.ok;
  }

  linkUp(): boolean {
    return true;
  }

  arrive(frame: Frame): void {
    if (this.#arrived.length < this.#plan.receiveFrames) this.#arrived.push(frame);
    else this.overrun++;
  }

  receive(b: Uint8Array, at: number, capacity: number): number {
    const frame = this.#arrived.shift();
    if (frame === undefined || frame.bytes.length > capacity) return 0;
    b.set(frame.bytes, at);
    this.#around.observer.onBoardTakes(this.#id, frame, this.#clock());
    return frame.bytes.length;
  }

  transmit(b: Uint8Array, at: number, length: number): boolean {
    const { queue, network, observer } = this.#around;
    if (this.#waiting >= this.#plan.sendFrames) return false;
    const bytes = b.slice(at, at + length);
    observer.onBoardSends(this.#id, bytes, this.#clock());
    this.#waiting++;
    const wireUs = ((length + WIRE_OVERHEAD_BYTES) * 8) / this.#plan.rateMbit;
    this.#wireFreeUs = Math.max(queue.nowUs, this.#wireFreeUs) + wireUs;
    const cycle = this.#powerCycle;
    const atUs = Math.ceil(this.#wireFreeUs);
    this.#leaves.push(atUs);
    queue.at(atUs, () => {
      if (cycle !== this.#powerCycle) return;
      this.#waiting--;
      this.#leaves.shift();
      network.send(this.#name, bytes);
    });
    return true;
  }

  /** What is in its memory is gone. */
  powerOff(): void {
    this.#powerCycle++;
    this.#arrived.length = 0;
    this.#leaves = [];
    this.#waiting = 0;
  }
}

export class BoardMachine implements Station {
  readonly id: number;
  readonly name: string;
  readonly nic: ModelNic;
  readonly disk: ModelDisk;
  board: Board;
  powered = true;
  /** Does nothing before. */
  frozenUntilUs = 0;
  /** When it wants to be called, in the simulation's time. */
  wakeUs = 0;
  boots = 0;
  /** Events that the firmware's state machine calls impossible, of boots that are over. */
  anomaliesBefore = 0;
  readonly #plan: BoardPlan;
  readonly #around: BoardSurroundings;
  readonly #rate: number;

  constructor(id: number, plan: BoardPlan, around: BoardSurroundings) {
    this.id = id;
    this.name = `board-${id}`;
    this.#plan = plan;
    this.#around = around;
    this.#rate = 1 + plan.driftPpm / 1e6;
    this.nic = new ModelNic(this.name, id, plan, around, () => this.clockUs);
    this.disk = new ModelDisk(around.queue, around.card, plan, around.seed, id);
    this.board = this.#boot();
    around.network.plug(this, plan.cable);
  }

  get macAddress(): Uint8Array {
    return this.nic.macAddress;
  }

  /** What the board's clock shows. */
  get clockUs(): number {
    return Math.floor(this.#plan.clockUs + this.#around.queue.nowUs * this.#rate);
  }

  receive(frame: Frame): void {
    if (!this.powered) return;
    this.nic.arrive(frame);
    this.wakeUs = Math.min(this.wakeUs, this.#around.queue.nowUs);
  }

  /** The plug is pulled: nothing of the firmware's memory stays. */
  powerOff(): void {
    this.powered = false;
    this.wakeUs = Infinity;
    this.nic.powerOff();
    this.anomaliesBefore += this.board.counters.anomalies;
    this.#around.observer.onBoardOff(this.id);
  }

  powerOn(): void {
    if (this.powered) return;
    this.powered = true;
    this.wakeUs = this.#around.queue.nowUs;
    this.board = this.#boot();
  }

  /** One step of the firmware. */
  step(): void {
    const { nowUs } = this.#around.queue;
    if (nowUs < this.frozenUntilUs) {
      this.wakeUs = this.frozenUntilUs;
      return;
    }
    const localUs = this.clockUs;
    const restUs = (this.board.step(localUs) - localUs) / this.#rate;
    const { stepUs } = this.#plan;
    this.wakeUs = nowUs + (this.nic.hasFrame ? stepUs : Math.max(stepUs, Math.ceil(restUs)));
    // To ask a card or a NIC again before it can have changed its mind would only cost time.
    const readyUs = Math.min(this.disk.readyUs, this.nic.roomUs > nowUs ? this.nic.roomUs : Infinity);
    if (restUs <= 2 * DEVICE_POLL_US && restUs > 0 && !this.nic.hasFrame && readyUs !== Infinity)
      this.wakeUs = Math.max(this.wakeUs, readyUs);
  }

  #boot(): Board {
    this.boots++;
    const { seed, provisioning } = this.#around;
    const { slots, buffers, rememberedIds } = this.#plan;
    const ports = {
      nic: this.nic,
      disk: this.disk,
      entropy: entropyFrom(seed, 64 * this.id + this.boots),
      console: { write: () => {} },
    };
    const limits = { ...boardLimits, slots, buffers, rememberedIds, devicePollUs: DEVICE_POLL_US };
    return new Board(ports, provisioning, limits);
  }
}
