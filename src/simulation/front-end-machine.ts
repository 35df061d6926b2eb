/** One life of a simulation's front-end: the real one with its web service, between a link and a virtual clock. */
import type { Server } from 'node:http';
import { BackEnds, createServer, FrontEndHost, type AtcpServer } from '../front-end/index.js';
import { createWebServer } from '../services/web/index.js';
import { entropyFrom } from './entropy.js';
import type { EventQueue } from './event-queue.js';
import type { Frame, Network, Station } from './network.js';
import type { FrontEndPlan } from './plan.js';

export interface FrontEndSurroundings {
  readonly seed: number;
  readonly queue: EventQueue;
  readonly network: Network;
  readonly provisioning: readonly { readonly id: number; readonly key: Uint8Array }[];
  readonly address: string;
  readonly address6: string;
  readonly macAddress: Uint8Array;
  readonly port: number;
}

/** RFC times would prove nothing more, and cost a simulation most of its steps. */
const SETTINGS = { timeWaitUs: 3_000_000, orphanUs: 20_000_000 };
const LARGEST_FRAME_BYTES = 1518;
/** What the wall clock shows when a simulation begins, ms. */
const EPOCH_MS = 1_800_000_000_000;

/** Lets Node's streams do what they have put off. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class FrontEndMachine implements Station {
  readonly name = 'front-end';
  readonly macAddress: Uint8Array;
  readonly host: FrontEndHost;
  readonly backEnds: BackEnds;
  readonly server: AtcpServer;
  /** It does nothing before: a suspended machine, a long garbage collection. */
  pausedUntilUs = 0;
  /** Frames that the link had no memory for. */
  overrun = 0;
  readonly #http: Server;
  readonly #plan: FrontEndPlan;
  readonly #queue: EventQueue;
  readonly #arrived: Frame[] = [];
  /** Received frames lie within a larger dirty array, and are gone after the call. */
  readonly #memory = new Uint8Array(LARGEST_FRAME_BYTES + 16);
  #batchUs: number;
  #deadlineUs = Infinity;
  #alive = true;

  constructor(epoch: number, plan: FrontEndPlan, around: FrontEndSurroundings) {
    const { queue, network, macAddress, seed } = around;
    this.#plan = plan;
    this.#queue = queue;
    this.#batchUs = queue.nowUs;
    this.macAddress = macAddress;
    this.host = new FrontEndHost({
      macAddress,
      address: around.address,
      address6: around.address6,
      transmit: (b, at, length) => {
        if (this.#alive) network.send(this.name, b.slice(at, at + length));
        return true;
      },
      entropy: entropyFrom(seed, 1_000 + epoch),
      clock: () => queue.nowUs,
      settings: { ...SETTINGS, timestamps: plan.timestamps },
    });
    const unixTimeMs = (): number => EPOCH_MS + Math.floor(queue.nowUs / 1000);
    this.backEnds = new BackEnds({
      provisioning: around.provisioning,
      macAddress,
      epoch,
      entropy: entropyFrom(seed, 2_000 + epoch),
      transmit: this.host.transmit,
      unixTimeMs,
      onWork: () => this.#wanted(),
    });
    this.host.addPart(this.backEnds);
    this.host.tcp.onWork = () => this.#wanted();
    const { backEnds } = this;
    this.#http = createWebServer({ backEnds, configuration: { mode: plan.mode }, clock: unixTimeMs });
    this.server = createServer({ host: this.host }).listen(around.port).attachHttp(this.#http);
    network.plug(this, plan.cable);
    this.host.start(queue.nowUs);
  }

  /** When {@link run} is to be called. */
  get nextUs(): number {
    const wantedUs = Math.min(this.#batchUs, this.#deadlineUs);
    // The real one counts whole microseconds, too.
    return wantedUs === Infinity ? Infinity : Math.ceil(Math.max(wantedUs, this.pausedUntilUs));
  }

  receive(frame: Frame): void {
    if (!this.#alive) return;
    if (this.#arrived.length >= this.#plan.receiveFrames) {
      this.overrun++;
      return;
    }
    this.#arrived.push(frame);
    this.#batchUs = Math.min(this.#batchUs, this.#queue.nowUs + this.#plan.drainUs);
  }

  /** A drain of the link and everything that follows from it at this time. */
  async run(): Promise<void> {
    const { nowUs } = this.#queue;
    for (let rounds = 0; this.nextUs <= nowUs; rounds++) {
      if (rounds > 1_000) throw new Error('the front-end asks to be called again and again');
      this.#batchUs = Infinity;
      for (const { bytes } of this.#arrived.splice(0)) this.#take(bytes);
      this.#deadlineUs = this.host.endOfBatch(nowUs);
      await settle();
    }
  }

  /** Its process ends: nothing is said to anybody. */
  stop(): void {
    this.#alive = false;
    this.#http.close();
    this.#http.closeAllConnections();
    this.server.close();
  }

  #take(bytes: Uint8Array): void {
    const memory = this.#memory;
    memory.fill(0xa5, 0, 5);
    memory.set(bytes, 5);
    memory.fill(0xa5, 5 + bytes.length, bytes.length + 16);
    this.host.onFrame(memory, 5, bytes.length, this.#queue.nowUs);
    memory.fill(0x5a, 5, 5 + bytes.length);
  }

  #wanted(): void {
    this.#batchUs = Math.min(this.#batchUs, this.#queue.nowUs);
  }
}
