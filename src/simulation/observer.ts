/**
 * Stands at every board's NIC and holds what the board sends against what it was told (src/wire/README.md 5): no
 * byte beyond its credit, none after its lease, none again without a resend range, none for what was released; the
 * acknowledgment and window of its latest statement. Reads the frames with an own understanding of their layout.
 */
import type { Frame } from './network.js';

const ETHERNET = 14;
const MAC_BYTES = 6;
const HEADER = 32;
const IPV6 = 40;
const STATEMENTS = 5;
const COMMAND = 25;
const ACK_DOWN = 29;
const READ = 1;
const RELEASE = 3;
const RELAY = 5;
/** A command without a statement is kept for so long (README 5.1). */
const COMMAND_LEASE_US = 2_000_000;
/** The board may have refused the latest ones, if a session came between. */
const PAIRS = 3;

/** A range that may be sent again, once. */
interface Again {
  readonly generation: number;
  from: number;
  readonly to: number;
}

/** What a board was told about one command id. */
class Told {
  /** "client address:port/server port" of the template; undefined until the command comes. */
  tuple: string | undefined;
  start = 0;
  /** The offset behind what was sent. */
  next = 0;
  version = 0;
  granted = 0;
  acknowledged = 0;
  /** By the board's clock. */
  leaseEndsUs = 0;
  /** Of the latest statements: acknowledgment and window. */
  readonly pairs: (readonly [number, number])[] = [];
  released = false;
  again: Again[] = [];
  highestGeneration = 0;
}

export interface ObserverCounts {
  commands: number;
  statements: number;
  segments: number;
}

export class Observer {
  readonly counts: ObserverCounts = { commands: 0, statements: 0, segments: 0 };
  readonly #violation: (what: string) => void;
  readonly #seen = new Map<number, Set<number>>();
  readonly #told = new Map<number, Map<string, Told>>();

  constructor(violation: (what: string) => void) {
    this.#violation = violation;
  }

  /** The firmware has lost its memory. */
  onBoardOff(board: number): void {
    this.#told.delete(board);
    this.#seen.delete(board);
  }

  /** The firmware fetches a frame from its NIC. */
  onBoardTakes(board: number, frame: Frame, clockUs: number): void {
    const b = frame.bytes;
    if (get16(b, 12) !== 0x88b5 || b[ETHERNET + 1] !== STATEMENTS || isSpoilt(frame)) return;
    const seen = entry(this.#seen, board, () => new Set<number>());
    // A copy of what was there before changes nothing.
    if (seen.has(frame.serial)) return;
    seen.add(frame.serial);
    const end = ETHERNET + get16(b, ETHERNET + 4);
    for (let at = ETHERNET + HEADER; at + 12 <= end; at += get16(b, at + 2)) {
      if (b[at] === COMMAND) this.#onCommand(board, b, at, clockUs);
      else if (b[at] === ACK_DOWN) this.#onStatement(board, b, at, clockUs);
    }
  }

  #of(board: number, b: Uint8Array, at: number): Told {
    const told = entry(this.#told, board, () => new Map<string, Told>());
    return entry(told, `${get32(b, at + 4)}:${get32(b, at + 8)}`, () => new Told());
  }

  #onCommand(board: number, b: Uint8Array, at: number, clockUs: number): void {
    this.counts.commands++;
    const told = this.#of(board, b, at);
    const opcode = b[at + 12]!;
    if (opcode === RELEASE) told.released = true;
    if ((opcode !== READ && opcode !== RELAY) || told.tuple !== undefined) return;
    const ip = at + 40 + b[at + 14]!;
    const tcp = at + 40 + b[at + 15]!;
    told.tuple = tupleOf(b, ip, tcp);
    told.start = get32(b, at + 20);
    told.next = Math.max(get64(b, at + 32), told.acknowledged);
    if (told.version === 0) told.leaseEndsUs = clockUs + COMMAND_LEASE_US;
  }

  #onStatement(board: number, b: Uint8Array, at: number, clockUs: number): void {
    this.counts.statements++;
    const told = this.#of(board, b, at);
    if ((b[at + 1]! & 1) !== 0) told.released = true;
    const version = get32(b, at + 12);
    if (version <= told.version) return;
    told.version = version;
    told.acknowledged = get64(b, at + 16);
    told.granted = get64(b, at + 24);
    told.pairs.unshift([get32(b, at + 32), get16(b, at + 36)]);
    told.pairs.length = Math.min(told.pairs.length, PAIRS);
    told.leaseEndsUs = clockUs + get16(b, at + 38) * 1000;
    told.next = Math.max(told.next, told.acknowledged);
    for (let i = 0; i < b[at + 44]!; i++) {
      const range = at + 48 + 12 * i;
      const generation = get32(b, range);
      if (generation <= told.highestGeneration && told.again.every((a) => a.generation !== generation))
        continue;
      const from = told.acknowledged + get32(b, range + 4);
      const to = told.acknowledged + get32(b, range + 8);
      if (!told.again.some((a) => a.generation === generation && a.to === to))
        told.again.push({ generation, from, to });
    }
    for (const { generation } of told.again)
      told.highestGeneration = Math.max(told.highestGeneration, generation);
    told.again = told.again.filter(({ from, to }) => from < to && to > told.acknowledged);
  }

  /** The firmware hands a frame to its NIC. */
  onBoardSends(board: number, b: Uint8Array, clockUs: number): void {
    const isIpv6 = get16(b, 12) === 0x86dd;
    if (!isIpv6 && get16(b, 12) !== 0x0800) return;
    const tcp = ETHERNET + (isIpv6 ? IPV6 : (b[ETHERNET]! & 15) * 4);
    const tcpBytes = isIpv6 ? get16(b, ETHERNET + 4) : get16(b, ETHERNET + 2) - (tcp - ETHERNET);
    const length = tcpBytes - (b[tcp + 12]! >>> 4) * 4;
    const tuple = tupleOf(b, ETHERNET, tcp);
    const why: string[] = [];
    this.counts.segments++;
    let isAllowed = false;
    // Also what a board was told in an earlier session, and did not hear, is counted on.
    for (const [id, told] of this.#told.get(board) ?? []) {
      if (told.tuple !== tuple) continue;
      const reason = this.#judge(told, b, tcp, length, clockUs);
      if (reason === undefined) isAllowed = true;
      else why.push(`${id}: ${reason}`);
    }
    if (isAllowed) return;
    this.#violation(
      `board ${board} sends ${length} bytes at ${get32(b, tcp + 4)} to ${tuple}: ` +
        (why.length === 0 ? 'it has no such command' : why.slice(-3).join('; ')),
    );
  }

  /** Why the segment is not allowed by one delegation; accounts for it when it is. */
  #judge(told: Told, b: Uint8Array, tcp: number, length: number, clockUs: number): string | undefined {
    const offset = (get32(b, tcp + 4) - told.start) >>> 0;
    const end = offset + length;
    if (told.released) return 'it was released';
    if (end > told.granted) return `up to ${end}, and ${told.granted} are granted`;
    if (clockUs >= told.leaseEndsUs) return `the lease ended ${clockUs - told.leaseEndsUs} µs ago`;
    const acknowledgment = get32(b, tcp + 8);
    const window = get16(b, tcp + 14);
    if (!told.pairs.some(([a, w]) => a === acknowledgment && w === window))
      return 'the acknowledgment and the window are not those of the latest statement';
    if (offset === told.next) {
      told.next = end;
      return undefined;
    }
    if (offset > told.next) return `at ${offset}, and ${told.next} comes next`;
    const again = told.again.find(({ from, to }) => from <= offset && end <= to);
    if (again === undefined)
      return `${offset} to ${end} again, which nobody has asked for (next is ${told.next})`;
    again.from = end;
    return undefined;
  }
}

/** Address and port of the client, and port of the server, of a packet whose headers begin at `ip` and `tcp`. */
function tupleOf(b: Uint8Array, ip: number, tcp: number): string {
  const address =
    b[ip]! >>> 4 === 4
      ? b.subarray(ip + 16, ip + 20).join('.')
      : [0, 4, 8, 12].map((i) => get32(b, ip + 24 + i).toString(16)).join(':');
  return `${address} ${get16(b, tcp + 2)}/${get16(b, tcp)}`;
}

/** What the tag covers is not what was sent: addresses and padding are not covered (README 1). */
function isSpoilt({ bytes, damagedAt }: Frame): boolean {
  return damagedAt >= 2 * MAC_BYTES && damagedAt < ETHERNET + get16(bytes, ETHERNET + 4);
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

function get16(b: Uint8Array, at: number): number {
  return b[at]! * 256 + b[at + 1]!;
}

function get32(b: Uint8Array, at: number): number {
  return get16(b, at) * 0x1_0000 + get16(b, at + 2);
}

function get64(b: Uint8Array, at: number): number {
  return get32(b, at) * 2 ** 32 + get32(b, at + 4);
}
