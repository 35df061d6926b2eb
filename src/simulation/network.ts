/**
 * The cables and the switch between all stations. What happens to a frame is decided when it is sent, for the
 * sender's cable and the receiver's, each direction with chances of its own.
 */
import { Dice } from './plan-from-seed.js';
import type { EventQueue } from './event-queue.js';
import type { CablePlan, LinkFaults } from './plan.js';

const MAC_BYTES = 6;
const ETHERNET_BYTES = 14;
/** Half of all damage is in the headers of Ethernet, IP and TCP, where it can do most harm. */
const HEADER_BYTES = 54;

/** `front-end`, `board-1` …, `client-1` … */
export type StationName = string;

/** What happened to frames, by kind. */
export interface FaultCounts {
  lost: number;
  duplicated: number;
  reordered: number;
  damaged: number;
  lostInBursts: number;
  lostUnplugged: number;
}

export interface Frame {
  readonly bytes: Uint8Array;
  /** The same for all copies of what was sent once. */
  readonly serial: number;
  /** The byte in which a bit is wrong, or which somebody without a key has put there; -1 for none. */
  readonly damagedAt: number;
}

export interface Station {
  readonly name: StationName;
  /** Six bytes. */
  readonly macAddress: Uint8Array;
  receive(frame: Frame): void;
}

/** Sees every frame when it is sent, with what will become of it. */
export type Tap = (atUs: number, from: StationName, to: StationName, bytes: Uint8Array, fate: string) => void;

/** One direction of a cable. */
class Direction {
  readonly faults: LinkFaults;
  readonly dice: Dice;
  unpluggedUntilUs = 0;
  #lastUs = 0;
  #burstAtUs: number;

  constructor(faults: LinkFaults, seed: number, stream: number) {
    this.faults = faults;
    this.dice = new Dice(seed, stream);
    this.#burstAtUs = faults.burstEveryUs === 0 ? Infinity : this.dice.whole(0, faults.burstEveryUs);
  }

  /** By how much a frame is late that others overtake. */
  lateness(): number {
    return this.dice.whole(1, 8 * Math.max(this.faults.delayUs, 100));
  }

  inBurst(nowUs: number): boolean {
    const { burstEveryUs, burstUs } = this.faults;
    while (nowUs >= this.#burstAtUs + burstUs) {
      if (this.#burstAtUs === Infinity) return false;
      this.#burstAtUs += burstUs + this.dice.whole(1, 2 * burstEveryUs);
    }
    return nowUs >= this.#burstAtUs;
  }

  /** When a frame that enters now comes out; only one that is late can be overtaken. */
  pass(nowUs: number, lateUs: number): number {
    const { delayUs, jitterUs } = this.faults;
    const atUs = nowUs + delayUs + (jitterUs === 0 ? 0 : this.dice.whole(0, jitterUs));
    if (lateUs > 0) return atUs + lateUs;
    this.#lastUs = Math.max(this.#lastUs, atUs);
    return this.#lastUs;
  }
}

interface Cable {
  readonly station: Station;
  readonly up: Direction;
  readonly down: Direction;
}

export class Network {
  readonly counts: FaultCounts = {
    lost: 0,
    duplicated: 0,
    reordered: 0,
    damaged: 0,
    lostInBursts: 0,
    lostUnplugged: 0,
  };
  frames = 0;
  tap: Tap | undefined;
  readonly #queue: EventQueue;
  readonly #seed: number;
  readonly #cables = new Map<StationName, Cable>();

  constructor(queue: EventQueue, seed: number) {
    this.#queue = queue;
    this.#seed = seed;
  }

  plug(station: Station, plan: CablePlan): void {
    const stream = 16 + 2 * hash(station.name);
    this.#cables.set(station.name, {
      station,
      up: new Direction(plan.up, this.#seed, stream),
      down: new Direction(plan.down, this.#seed, stream + 1),
    });
  }

  /** Nothing passes a station's cable until then. */
  unplug(name: StationName, untilUs: number): void {
    const { up, down } = this.#cables.get(name)!;
    up.unpluggedUntilUs = Math.max(up.unpluggedUntilUs, untilUs);
    down.unpluggedUntilUs = Math.max(down.unpluggedUntilUs, untilUs);
  }

  /** `bytes` are the network's from now on. Returns the serial number of the frame. */
  send(from: StationName, bytes: Uint8Array): number {
    const serial = ++this.frames;
    this.#forward(from, bytes, serial);
    return serial;
  }

  /** A frame that is on no cable when it is sent; with a serial number it is one more copy of another. */
  inject(bytes: Uint8Array, serial?: number): void {
    const to = this.#cableTo(bytes);
    if (to === undefined) return;
    const forgedAt = serial === undefined ? ETHERNET_BYTES : -1;
    const frame = { bytes, serial: serial ?? ++this.frames, damagedAt: forgedAt };
    this.#deliver(to, frame, to.down.pass(this.#queue.nowUs, to.down.lateness()));
    this.tap?.(
      this.#queue.nowUs,
      'attacker',
      to.station.name,
      bytes,
      serial === undefined ? 'forged' : 'replayed',
    );
  }

  #forward(from: StationName, bytes: Uint8Array, serial: number): void {
    const up = this.#cables.get(from)?.up;
    if (bytes[0] === 0xff) {
      for (const cable of this.#cables.values())
        if (cable.station.name !== from && !cable.station.name.startsWith('client'))
          this.#suffer(from, up, cable, bytes, serial);
      return;
    }
    const to = this.#cableTo(bytes);
    if (to !== undefined) this.#suffer(from, up, to, bytes, serial);
    else this.tap?.(this.#queue.nowUs, from, 'nobody', bytes, '');
  }

  #cableTo(bytes: Uint8Array): Cable | undefined {
    for (const cable of this.#cables.values()) if (isFor(bytes, cable.station.macAddress)) return cable;
    return undefined;
  }

  #suffer(from: StationName, up: Direction | undefined, to: Cable, bytes: Uint8Array, serial: number): void {
    const { nowUs } = this.#queue;
    const fate = this.#fateOf(up, to.down, nowUs);
    let noted = fate.lost;
    if (fate.lost === '') {
      const frame = fate.damaged ? damage(bytes, to.down.dice, serial) : { bytes, serial, damagedAt: -1 };
      noted = `${fate.damaged ? 'damaged ' : ''}${fate.lateUs > 0 ? 'late ' : ''}`;
      this.#deliver(to, frame, this.#arrival(up, to.down, nowUs, fate.lateUs));
      if (fate.twice) {
        noted += 'twice ';
        this.#deliver(to, frame, this.#arrival(up, to.down, nowUs, fate.copyLateUs));
      }
    }
    this.tap?.(nowUs, from, to.station.name, bytes, noted);
  }

  #arrival(up: Direction | undefined, down: Direction, nowUs: number, lateUs: number): number {
    return down.pass(up === undefined ? nowUs : up.pass(nowUs, 0), lateUs);
  }

  #deliver(to: Cable, frame: Frame, atUs: number): void {
    this.#queue.at(atUs, () => to.station.receive(frame));
  }

  #fateOf(up: Direction | undefined, down: Direction, nowUs: number) {
    const { counts } = this;
    const fate = { lost: '', damaged: false, lateUs: 0, twice: false, copyLateUs: 0 };
    for (const direction of [up, down]) {
      if (direction === undefined) continue;
      const { dice, faults } = direction;
      if (nowUs < direction.unpluggedUntilUs) {
        counts.lostUnplugged++;
        fate.lost ||= 'unplugged';
      } else if (direction.inBurst(nowUs)) {
        counts.lostInBursts++;
        fate.lost ||= 'lost in a burst';
      }
      if (faults.loss > 0 && dice.chance(faults.loss)) {
        counts.lost++;
        fate.lost ||= 'lost';
      }
      if (faults.corrupt > 0 && dice.chance(faults.corrupt)) {
        counts.damaged++;
        // A second bit could cancel the first in a checksum, which a cable's FCS would find.
        fate.damaged = true;
      }
      if (faults.reorder > 0 && dice.chance(faults.reorder)) {
        counts.reordered++;
        fate.lateUs = direction.lateness();
      }
      if (faults.duplicate > 0 && dice.chance(faults.duplicate)) {
        counts.duplicated++;
        fate.twice = true;
        fate.copyLateUs = dice.chance(0.3) ? direction.lateness() : 0;
      }
    }
    return fate;
  }
}

function isFor(bytes: Uint8Array, mac: Uint8Array): boolean {
  for (let i = 5; i >= 0; i--) if (bytes[i] !== mac[i]) return false;
  return true;
}

/** A copy with one bit inverted. In the destination's address it would lead nowhere, which is a loss like others. */
function damage(bytes: Uint8Array, dice: Dice, serial: number): Frame {
  const copy = bytes.slice();
  const inHeaders = dice.chance(0.5);
  const end = inHeaders ? Math.min(bytes.length, HEADER_BYTES) : bytes.length;
  const bit = dice.whole(MAC_BYTES * 8, end * 8 - 1);
  copy[bit >>> 3]! ^= 1 << (bit & 7);
  return { bytes: copy, serial, damagedAt: bit >>> 3 };
}

/** A small number that depends on a name. */
function hash(name: string): number {
  let h = 0;
  for (let i = 0; i < name.length; i++) h = (Math.imul(h, 31) + name.charCodeAt(i)) & 0xff_ffff;
  return h;
}
