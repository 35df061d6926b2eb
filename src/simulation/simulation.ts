/**
 * One simulation: boards, front-end, switch, clients and one virtual clock, all that happens decided by a plan; and
 * the judge of it (design idea 4; docs/architecture.md).
 */
import { EtherType } from '../wire/ethernet.js';
import { BoardMachine } from './board-machine.js';
import { readSegment } from './client/packet.js';
import { HttpVisitor } from './client/http-visitor.js';
import { Attacker } from './attacker.js';
import { EventQueue } from './event-queue.js';
import { FrontEndMachine } from './front-end-machine.js';
import { leftovers } from './leftovers.js';
import { Network, type Frame, type Station, type StationName, type Tap } from './network.js';
import { Observer } from './observer.js';
import { Dice } from './plan-from-seed.js';
import { demandsSuccess, isHarmless, type ClientPlan, type EventPlan, type Plan } from './plan.js';
import { emptyResult, exceptionText, type Result } from './result.js';
import { fileName, site, type Site } from './site.js';
import { TimestampWatch } from './timestamp-watch.js';
import { TraceHash } from './trace-hash.js';

const ADDRESS = '10.0.0.1';
const ADDRESS_BYTES = Uint8Array.of(10, 0, 0, 1);
const ADDRESS6 = 'fd00::1';
const ADDRESS6_BYTES = Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const FRONT_END_MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
const HTTP_PORT = 80;
const FIRST_EPOCH = 100;
const FIRST_CLIENT_PORT = 40_000;
/** By then the boards have been found; clients and events begin. */
const BEGIN_US = 20_000_000;
/** What a client leaves between two connections from one address and port. */
const TIME_WAIT_US = 1_000_000;
/** Every connection ends within this time, and everything is given back in the time after it. */
const LONGEST_US = 1_200_000_000;
const GIVE_BACK_US = 300_000_000;
/** More than this is no work, but a loop. */
const MOST_EVENTS = 6_000_000;
/** Between two connections from one address and port, as numbers go up (RFC 9293 3.4.1). */
const ISS_STEP = 0x100_0000;

export interface SimulationOptions {
  /** Sees every frame. */
  readonly tap?: Tap | undefined;
}

/** Runs a plan to its end; rejects with nothing but a bug of the simulator. */
export async function simulate(plan: Plan, options: SimulationOptions = {}): Promise<Result> {
  const simulation = new Simulation(plan, await site(), options);
  try {
    await simulation.run();
  } catch (error) {
    simulation.fail(exceptionText(error));
  }
  return simulation.finish();
}

/** All clients of one address: its port of the switch. */
class ClientHost implements Station {
  readonly name: StationName;
  readonly macAddress: Uint8Array;
  readonly address: Uint8Array;
  readonly visitors = new Map<number, HttpVisitor>();

  constructor(index: number, ipv6: boolean) {
    this.name = `client-${index + 1}`;
    this.macAddress = Uint8Array.of(2, 0, 0, 0, 0xc0, index + 1);
    this.address = Uint8Array.of(10, 0, 1, index + 1);
    if (ipv6) this.address = Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, index + 1);
  }

  receive(frame: Frame): void {
    const segment = readSegment(frame.bytes);
    if (typeof segment !== 'string') this.visitors.get(segment.destinationPort)?.tcp.onSegment(segment);
  }
}

class Simulation {
  readonly #plan: Plan;
  readonly #site: Site;
  readonly #strict: boolean;
  readonly #queue = new EventQueue();
  readonly #network: Network;
  readonly #observer: Observer;
  readonly #attacker: Attacker;
  readonly #boards: BoardMachine[];
  #frontEnd: FrontEndMachine;
  readonly #hosts: ClientHost[] = [];
  readonly #visitors: (HttpVisitor | undefined)[] = [];
  readonly #watches = new Map<string, TimestampWatch>();
  readonly #hash = new TraceHash();
  readonly #result: Result;
  #epoch = FIRST_EPOCH;
  #running: number;

  constructor(plan: Plan, made: Site, { tap }: SimulationOptions) {
    this.#plan = plan;
    this.#site = made;
    this.#strict = demandsSuccess(plan);
    this.#result = emptyResult(plan.seed);
    this.#running = plan.clients.length;
    const queue = this.#queue;
    const network = new Network(queue, plan.seed);
    this.#network = network;
    const observer = new Observer((what) => this.fail(what));
    this.#observer = observer;
    this.#attacker = new Attacker(network, new Dice(plan.seed, 3));
    network.tap = (atUs, from, to, bytes, fate) => {
      this.#see(atUs, from, to, bytes, fate);
      tap?.(atUs, from, to, bytes, fate);
    };
    this.#boards = plan.boards.map((board, i) => {
      const id = i + 1;
      const provisioning = {
        boardId: id,
        boardKey: boardKey(id),
        pseudoSources: [ADDRESS_BYTES, ADDRESS6_BYTES].map((address) => ({ address, port: HTTP_PORT })),
        etherType: EtherType.atcp,
      };
      return new BoardMachine(id, board, {
        seed: plan.seed,
        queue,
        network,
        observer,
        card: made.card,
        provisioning,
      });
    });
    this.#frontEnd = this.#startFrontEnd();
  }

  /** The first failure is the one that counts. */
  fail(what: string): void {
    this.#result.failure ??= { what, atUs: this.#queue.nowUs };
  }

  async run(): Promise<void> {
    await this.#runUntil(() => this.#isServing(), BEGIN_US);
    const { clients, events } = this.#plan;
    clients.forEach((client, i) => this.#addClient(client, i));
    for (const event of events) this.#queue.in(event.atUs, () => this.#onEvent(event));
    const everyoneLeft = (): boolean => this.#running === 0;
    if (!(await this.#runUntil(everyoneLeft, LONGEST_US))) {
      const left = this.#visitors.flatMap((visitor) =>
        visitor === undefined || visitor.outcome !== undefined ? [] : [visitor.name],
      );
      this.fail(`not everybody has come to an end: ${left.join(', ')}`);
      return;
    }
    const isEmpty = (): boolean => this.#leftovers() === undefined;
    if (!(await this.#runUntil(isEmpty, this.#queue.nowUs + GIVE_BACK_US)))
      this.fail(`left over: ${this.#leftovers()}`);
  }

  finish(): Result {
    const result = this.#result;
    const { host, backEnds } = this.#frontEnd;
    this.#frontEnd.stop();
    for (const { board, anomaliesBefore, id } of this.#boards) {
      const anomalies = board.counters.anomalies + anomaliesBefore;
      if (anomalies > 0)
        this.fail(`board ${id}: ${anomalies} events that its state machine calls impossible`);
    }
    result.traceHash = this.#hash.value;
    result.virtualUs = this.#queue.nowUs;
    result.frames = this.#network.frames;
    result.events = this.#queue.count;
    result.connections = this.#visitors.filter((visitor) => visitor !== undefined).length;
    for (const visitor of this.#visitors) {
      result.bytes += visitor?.bodyBytes ?? 0;
      result.replies += visitor?.replies ?? 0;
      result.refusals += visitor?.refusals ?? 0;
    }
    Object.assign(result.faults, this.#network.counts, {
      wrongBits: this.#boards.reduce((sum, { disk }) => sum + disk.wrongBits, 0),
      cardFailures: this.#boards.reduce((sum, { disk }) => sum + disk.failures, 0),
      overruns: this.#boards.reduce((sum, { nic }) => sum + nic.overrun, this.#frontEnd.overrun),
      reboots: this.#boards.reduce((sum, { boots }) => sum + boots - 1, 0),
      attacks: this.#attacker.sent,
    });
    result.counters = {
      ...this.#observer.counts,
      retransmittedBytes: host.counters.retransmittedBytes,
      timeouts: host.counters.retransmissionTimeouts,
      spansMoved: backEnds.counters.spansMoved,
      sessions: backEnds.counters.sessionsOpened,
    };
    return result;
  }

  async #runUntil(done: () => boolean, endUs: number): Promise<boolean> {
    const queue = this.#queue;
    const boards = this.#boards;
    for (let turns = 0; ; turns++) {
      if (this.#result.failure !== undefined) return true;
      if ((turns & 15) === 0 && done()) return true;
      if (turns > MOST_EVENTS) {
        this.fail(`no end after ${turns} turns`);
        return true;
      }
      let nextUs = Math.min(queue.nextUs, this.#frontEnd.nextUs);
      for (const board of boards) if (board.wakeUs < nextUs) nextUs = board.wakeUs;
      if (nextUs > endUs) return done();
      if (nextUs > queue.nowUs) queue.nowUs = nextUs;
      queue.runDue();
      const { nowUs } = queue;
      for (const board of boards) if (board.wakeUs <= nowUs && board.powered) board.step();
      if (this.#frontEnd.nextUs <= nowUs) await this.#frontEnd.run();
    }
  }

  /** Every board serves, but those whose card is bad. */
  #isServing(): boolean {
    return this.#frontEnd.backEnds.boards.every(
      ({ available }, i) => available || this.#plan.boards[i]!.wrongBit > 0,
    );
  }

  #leftovers(): string | undefined {
    return leftovers(this.#frontEnd, this.#boards);
  }

  // Whoever takes part.

  #startFrontEnd(): FrontEndMachine {
    const { seed, frontEnd } = this.#plan;
    return new FrontEndMachine(this.#epoch++, frontEnd, {
      seed,
      queue: this.#queue,
      network: this.#network,
      provisioning: this.#boards.map(({ id }) => ({ id, key: boardKey(id) })),
      address: ADDRESS,
      address6: ADDRESS6,
      macAddress: FRONT_END_MAC,
      port: HTTP_PORT,
    });
  }

  #addClient(client: ClientPlan, index: number): void {
    if (client.after === undefined) {
      const host = new ClientHost(index, client.ipv6);
      this.#hosts[index] = host;
      this.#network.plug(host, client.cable);
      this.#queue.in(client.startUs, () =>
        this.#startClient(client, index, host, FIRST_CLIENT_PORT + index, 0),
      );
    }
  }

  #startClient(client: ClientPlan, index: number, host: ClientHost, port: number, before: number): void {
    const queue = this.#queue;
    this.#hosts[index] = host;
    const visitor = new HttpVisitor(
      {
        name: `client ${index + 1}`,
        plan: client,
        contents: this.#site.contents,
        fileName,
        strict: this.#strict,
        harmless: isHarmless(this.#plan),
        forgettable: this.#plan.events.some(({ kind }) => kind === 'frontEndRestarted'),
        tcp: {
          ...client,
          iss: (0xffff_f000 + index * 7_919 + before * ISS_STEP) % 2 ** 32,
          addresses: {
            localMac: host.macAddress,
            remoteMac: FRONT_END_MAC,
            local: host.address,
            remote: host.address.length === 4 ? ADDRESS_BYTES : ADDRESS6_BYTES,
            localPort: port,
            remotePort: HTTP_PORT,
          },
        },
      },
      {
        get nowUs() {
          return queue.nowUs;
        },
        in: (us, run) => queue.in(us, run),
        send: (frame) => void this.#network.send(host.name, frame),
        violation: (what) => this.fail(what),
        onEnded: () => this.#onEnded(index, host, port, before),
      },
    );
    this.#visitors[index] = visitor;
    host.visitors.set(port, visitor);
    visitor.start();
  }

  /** Those that waited for this client's address and port begin. */
  #onEnded(index: number, host: ClientHost, port: number, before: number): void {
    this.#running--;
    let later = before;
    this.#plan.clients.forEach((client, i) => {
      if (client.after !== index) return;
      later++;
      const at = later;
      // A client that closed first rests in TIME-WAIT for at least so long (RFC 6191).
      this.#queue.in(TIME_WAIT_US + client.startUs, () =>
        this.#startClient(client, i, host, at === before + 1 ? port : port + 1_000 * at, at),
      );
    });
  }

  #see(atUs: number, from: StationName, to: StationName, bytes: Uint8Array, fate: string): void {
    this.#hash.add(atUs, bytes, fate);
    this.#attacker.record(from, bytes, this.#network.frames);
    if (!to.startsWith('client')) return;
    const segment = readSegment(bytes);
    if (typeof segment === 'string') {
      this.fail(`${from} sends a damaged packet (${segment})`);
      return;
    }
    if (segment.timestamps === undefined) return;
    if ((segment.flags & 2) !== 0) this.#watches.delete(`${to}:${segment.destinationPort}`);
    const key = `${to}:${segment.destinationPort}`;
    let watch = this.#watches.get(key);
    if (watch === undefined) this.#watches.set(key, (watch = new TimestampWatch((what) => this.fail(what))));
    watch.onText(segment);
  }

  // What happens to them.

  #onEvent(event: EventPlan): void {
    const untilUs = this.#queue.nowUs + ('forUs' in event ? event.forUs : 0);
    const board = 'board' in event ? this.#boards[event.board]! : undefined;
    this.#result.happened[event.kind] = (this.#result.happened[event.kind] ?? 0) + 1;
    switch (event.kind) {
      case 'reboot':
        board!.powerOff();
        this.#queue.at(untilUs, () => board!.powerOn());
        break;
      case 'freeze':
        board!.frozenUntilUs = Math.max(board!.frozenUntilUs, untilUs);
        break;
      case 'cardErrors':
        board!.disk.failsUntilUs = Math.max(board!.disk.failsUntilUs, untilUs);
        break;
      case 'cardPulled':
        board!.disk.pulledUntilUs = Math.max(board!.disk.pulledUntilUs, untilUs);
        break;
      case 'boardUnplugged':
        this.#network.unplug(board!.name, untilUs);
        break;
      case 'clientUnplugged': {
        const host = this.#hosts[event.client];
        if (host !== undefined) this.#network.unplug(host.name, untilUs);
        break;
      }
      case 'frontEndUnplugged':
        this.#network.unplug('front-end', untilUs);
        break;
      case 'frontEndPaused':
        this.#frontEnd.pausedUntilUs = Math.max(this.#frontEnd.pausedUntilUs, untilUs);
        break;
      case 'frontEndRestarted':
        this.#frontEnd.stop();
        this.#frontEnd = this.#startFrontEnd();
        break;
      case 'attack':
        this.#attacker.attack(event.frames);
        break;
    }
  }
}

function boardKey(id: number): Uint8Array {
  return new Uint8Array(16).fill(0x60 + id);
}
