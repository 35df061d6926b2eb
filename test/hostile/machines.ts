/** The machines of a {@link World}: boards that run the real firmware, and a front-end with its web service. */
import type { Server } from 'node:http';
import { Board } from '../../src/back-end/board.js';
import { boardLimits, type Limits } from '../../src/back-end/limits.js';
import { BackEnds, type DelegationTiming, type TcpSettings } from '../../src/front-end/index.js';
import type { AtcpServer } from '../../src/front-end/server.js';
import { createWebServer, type WebConfiguration } from '../../src/services/web/index.js';
import { EtherType } from '../../src/wire/ethernet.js';
import { FakeNic } from '../back-end/support/fake-nic.js';
import { HOST_MAC, Rig, seededEntropy, VIP6_BYTES } from '../front-end/rig.js';
import { CardSlot } from './card.js';

const VIP_BYTES = Uint8Array.of(10, 0, 0, 1);
const WEB_PORT = 80;
/** What the memory of a NIC holds; what comes on top is lost. */
const NIC_FRAMES = 128;
/** A board that wants to go on at once does so after this time. */
const STEP_US = 5;

export class BoardMachine {
  readonly id: number;
  readonly key: Uint8Array;
  readonly nic = new FakeNic();
  readonly slot: CardSlot;
  readonly lines: string[] = [];
  board: Board;
  powered = true;
  wakeUs = 0;
  boots = 0;
  /** Frames that its NIC had no memory for. */
  overrun = 0;
  readonly #limits: Partial<Limits>;
  readonly #sourcePort: number;

  /** `sourcePort`: from which it may speak; 0 for all. */
  constructor(
    id: number,
    card: Uint8Array | undefined,
    limits: Partial<Limits>,
    sourcePort: number = WEB_PORT,
  ) {
    this.id = id;
    this.key = new Uint8Array(16).fill(0x60 + id);
    this.nic.macAddress[5] = id;
    this.slot = new CardSlot(card);
    this.#limits = limits;
    this.#sourcePort = sourcePort;
    this.board = this.#boot();
  }

  get macAddress(): Uint8Array {
    return this.nic.macAddress;
  }

  /** The plug is pulled and put in again: nothing of the firmware's memory stays. */
  reboot(nowUs: number): void {
    this.nic.arrived.length = 0;
    this.nic.sent.length = 0;
    this.board = this.#boot();
    this.powered = true;
    this.wakeUs = nowUs;
  }

  powerOff(): void {
    this.powered = false;
    this.wakeUs = Infinity;
    this.nic.arrived.length = 0;
  }

  receive(frame: Uint8Array, nowUs: number): void {
    if (!this.powered || !this.nic.up) return;
    if (this.nic.arrived.length >= NIC_FRAMES) {
      this.overrun++;
      return;
    }
    this.nic.arrived.push(frame);
    this.wakeUs = Math.min(this.wakeUs, nowUs);
  }

  /** One step of the firmware; returns the frames that left. */
  step(nowUs: number): Uint8Array[] {
    const nextUs = this.board.step(nowUs);
    this.wakeUs = Math.max(nextUs, nowUs + STEP_US);
    if (this.nic.arrived.length > 0) this.wakeUs = nowUs + STEP_US;
    const frames = this.nic.sent.splice(0);
    return this.nic.up ? frames : [];
  }

  #boot(): Board {
    this.boots++;
    const ports = {
      nic: this.nic,
      disk: this.slot,
      entropy: seededEntropy(this.id * 1000 + this.boots),
      console: { write: (line: string) => void this.lines.push(line) },
    };
    const provisioning = {
      boardId: this.id,
      boardKey: this.key,
      pseudoSources: [VIP_BYTES, VIP6_BYTES].map((address) => ({ address, port: this.#sourcePort })),
      etherType: EtherType.atcp,
    };
    return new Board(ports, provisioning, { ...boardLimits, ...this.#limits });
  }
}

export interface FrontEndMachineOptions {
  readonly epoch: number;
  readonly provisioning: readonly { readonly id: number; readonly key: Uint8Array }[];
  readonly settings: Partial<TcpSettings>;
  readonly timing: Partial<DelegationTiming>;
  readonly web: Partial<WebConfiguration>;
  readonly transmit: (frame: Uint8Array) => void;
}

/** One life of a front-end. */
export class FrontEndMachine {
  readonly rig: Rig;
  readonly backEnds: BackEnds;
  readonly server: AtcpServer;
  readonly #http: Server;
  /** Something was left to do outside a batch. */
  wanted = true;

  constructor(options: FrontEndMachineOptions, nowUs: number) {
    this.rig = new Rig(options.settings);
    this.rig.nowUs = nowUs;
    this.rig.onFrameOut = options.transmit;
    const { host } = this.rig;
    this.backEnds = new BackEnds({
      provisioning: options.provisioning,
      macAddress: HOST_MAC,
      epoch: options.epoch,
      entropy: seededEntropy(options.epoch),
      transmit: host.transmit,
      unixTimeMs: () => 1_800_000_000_000,
      timing: options.timing,
      onWork: () => (this.wanted = true),
    });
    host.addPart(this.backEnds);
    host.tcp.onWork = () => (this.wanted = true);
    host.udp.onWork = () => (this.wanted = true);
    this.#http = createWebServer({ backEnds: this.backEnds, configuration: options.web });
    this.server = this.rig.serve(() => {}).attachHttp(this.#http);
    host.start(nowUs);
  }

  get nextUs(): number {
    return this.wanted ? this.rig.nowUs : this.rig.deadlineUs;
  }

  batch(nowUs: number): void {
    this.rig.nowUs = nowUs;
    this.wanted = false;
    this.rig.batch();
  }

  /** Its process ends: nothing is said to anybody. */
  stop(): void {
    this.rig.onFrameOut = () => {};
    this.#http.close();
    this.#http.closeAllConnections();
  }
}
