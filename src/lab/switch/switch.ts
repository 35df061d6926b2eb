/**
 * A learning Ethernet switch (IEEE 802.1D, one VLAN, no spanning tree) with faults on its cables. Pure: frames go
 * in and out by calls, time is a value, chance comes from the seed. The process around it is main.ts; a simulation
 * calls it directly.
 */
import {
  ETHERNET_DESTINATION,
  ETHERNET_HEADER_BYTES,
  ETHERNET_SOURCE,
  isGroupDestination,
} from '../../wire/ethernet.js';
import { get16, get32 } from '../../wire/bytes.js';
import { Cable, type CableCounters } from './cable.js';
import { NO_FAULTS, type Faults } from './faults.js';
import { FramePool } from './frame-pool.js';
import { MacTable } from './mac-table.js';

/** A full-size frame with a VLAN tag. */
const DEFAULT_MAX_FRAME_BYTES = 1518;
const DEFAULT_AGEING_MS = 300_000;
const DEFAULT_QUEUE_BYTES = 1 << 20;
const DEFAULT_MAX_WAITING_FRAMES = 1 << 16;

export interface SwitchPortOptions {
  readonly name: string;
  /** On the port's cable, in both directions; none when absent. */
  readonly faults?: Faults;
  /** Mbit/s in each direction; no limit when absent or 0. */
  readonly rateMbit?: number;
}

export interface SwitchOptions {
  readonly ports: readonly SwitchPortOptions[];
  /** Decides every fault; 1 when absent. */
  readonly seed?: number;
  /** Longer frames are refused; 1,518 when absent. */
  readonly maxFrameBytes?: number;
  /** How much waits for a rate limit before frames are dropped; 1 MB a cable and direction when absent. */
  readonly queueBytes?: number;
  /** How many frames wait in the switch at most, for delays and rates; 65,536 when absent. */
  readonly maxWaitingFrames?: number;
  /** How long a silent station is remembered; 300 s when absent. */
  readonly ageingMs?: number;
}

/** What the switch calls. */
export interface SwitchOutput {
  /** A frame leaves by port number `port`; valid during the call. False when it can't, and is dropped. */
  transmit(port: number, b: Uint8Array, at: number, length: number): boolean;
  /** A frame has arrived at port number `port`, before any fault. */
  capture?(nowUs: number, port: number, b: Uint8Array, at: number, length: number): void;
}

export interface SwitchPortCounters {
  readonly name: string;
  /** From the station to the switch. */
  readonly in: Readonly<CableCounters>;
  /** From the switch to the station. */
  readonly out: Readonly<CableCounters>;
  /** Arrived frames that were too short or too long. */
  readonly refused: number;
  /** Arrived frames whose destination is on the port they came from, or is reserved for the bridge itself. */
  readonly filtered: number;
  /** Arrived frames that went to every other port. */
  readonly flooded: number;
  /** Frames that could not leave by this port. */
  readonly sendDrops: number;
}

interface Port {
  readonly name: string;
  readonly inbound: Cable;
  readonly outbound: Cable;
  refused: number;
  filtered: number;
  flooded: number;
  sendDrops: number;
}

export class Switch {
  readonly #ports: readonly Port[];
  readonly #timed: readonly Cable[];
  readonly #table: MacTable;
  readonly #maxFrameBytes: number;
  readonly #output: SwitchOutput;

  constructor(options: SwitchOptions, output: SwitchOutput) {
    this.#maxFrameBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
    this.#table = new MacTable((options.ageingMs ?? DEFAULT_AGEING_MS) * 1000);
    this.#output = output;
    const pool = new FramePool(this.#maxFrameBytes, options.maxWaitingFrames ?? DEFAULT_MAX_WAITING_FRAMES);
    this.#ports = options.ports.map((port, index) => this.#makePort(options, port, index, pool));
    const cables = this.#ports.flatMap((port) => [port.inbound, port.outbound]);
    this.#timed = cables.filter((cable) => cable.isTimed);
  }

  /** When {@link advance} has something to do next; Infinity when nothing waits in the switch. */
  get nextEventUs(): number {
    let nextUs = Infinity;
    for (let i = 0; i < this.#timed.length; i++) nextUs = Math.min(nextUs, this.#timed[i]!.nextEventUs);
    return nextUs;
  }

  /** A frame arrives at port number `port`. Time never goes back from one call to the next. */
  receive(nowUs: number, port: number, b: Uint8Array, at: number, length: number): void {
    if (this.#timed.length > 0) this.advance(nowUs);
    this.#output.capture?.(nowUs, port, b, at, length);
    const from = this.#ports[port]!;
    if (length < ETHERNET_HEADER_BYTES || length > this.#maxFrameBytes) {
      from.refused++;
      return;
    }
    // Learnt before the cable's faults, so that a corrupted address is not; a group address is no station.
    if (!isGroupDestination(b, at + ETHERNET_SOURCE)) this.#table.learn(nowUs, b, at + ETHERNET_SOURCE, port);
    from.inbound.enter(nowUs, b, at, length, false);
  }

  /** Moves every frame that is due by `nowUs`, in the order of time. */
  advance(nowUs: number): void {
    for (;;) {
      let next: Cable | undefined;
      let nextUs = nowUs;
      for (let i = 0; i < this.#timed.length; i++) {
        const eventUs = this.#timed[i]!.nextEventUs;
        if (eventUs > nextUs || (eventUs === nextUs && next !== undefined)) continue;
        next = this.#timed[i]!;
        nextUs = eventUs;
      }
      if (next === undefined) return;
      next.advance(nextUs);
    }
  }

  /** The totals of every port, in the order of the options. */
  counters(): SwitchPortCounters[] {
    return this.#ports.map(({ name, inbound, outbound, refused, filtered, flooded, sendDrops }) => ({
      name,
      in: { ...inbound.counters },
      out: { ...outbound.counters },
      refused,
      filtered,
      flooded,
      sendDrops,
    }));
  }

  #makePort(options: SwitchOptions, port: SwitchPortOptions, index: number, pool: FramePool): Port {
    const cable = {
      faults: port.faults ?? NO_FAULTS,
      rateMbit: port.rateMbit ?? 0,
      queueBytes: options.queueBytes ?? DEFAULT_QUEUE_BYTES,
      seed: options.seed ?? 1,
    };
    return {
      name: port.name,
      inbound: new Cable({ ...cable, stream: index * 2 }, pool, (nowUs, b, at, length, corrupted) =>
        this.#forward(nowUs, index, b, at, length, corrupted),
      ),
      outbound: new Cable({ ...cable, stream: index * 2 + 1 }, pool, (_nowUs, b, at, length) =>
        this.#transmit(index, b, at, length),
      ),
      refused: 0,
      filtered: 0,
      flooded: 0,
      sendDrops: 0,
    };
  }

  #forward(nowUs: number, from: number, b: Uint8Array, at: number, length: number, corrupted: boolean): void {
    const group = isGroupDestination(b, at + ETHERNET_DESTINATION);
    const to = group ? -1 : this.#table.lookUp(nowUs, b, at + ETHERNET_DESTINATION);
    if (to === from || (group && isReserved(b, at + ETHERNET_DESTINATION))) {
      this.#ports[from]!.filtered++;
      return;
    }
    if (to >= 0) {
      this.#ports[to]!.outbound.enter(nowUs, b, at, length, corrupted);
      return;
    }
    this.#ports[from]!.flooded++;
    for (let i = 0; i < this.#ports.length; i++) {
      if (i !== from) this.#ports[i]!.outbound.enter(nowUs, b, at, length, corrupted);
    }
  }

  #transmit(port: number, b: Uint8Array, at: number, length: number): void {
    if (!this.#output.transmit(port, b, at, length)) this.#ports[port]!.sendDrops++;
  }
}

/** 01-80-C2-00-00-00 to -0F: pause frames, spanning tree, LLDP; no bridge forwards them (IEEE 802.1D 7.12.6). */
function isReserved(b: Uint8Array, at: number): boolean {
  return get32(b, at) === 0x0180_c200 && get16(b, at + 4) < 0x10;
}
