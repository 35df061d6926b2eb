/**
 * The notation of the conformance scripts: what a client sends, what the server must send, when, and what its
 * program does and sees. Times are milliseconds from the start of the script, on the virtual clock. Sequence numbers
 * count from each side's initial one: 0 is the SYN, 1 the first byte. What a field does not say is not compared,
 * except that a segment without `data` is empty, and that nothing may come which no step expects.
 */
import type { FrontEndCounters } from '../../src/front-end/counters.js';
import type { TcpSettings } from '../../src/front-end/tcp/settings.js';
import type { Player } from './player.js';

/** A statement of an RFC, in own words. */
export interface Statement {
  /** "RFC 9293". */
  readonly rfc: string;
  /** "3.10.7.4". */
  readonly section: string;
  readonly says: string;
}

/** `covers('9293 3.5', 'the third step …')` */
export function covers(where: string, says: string): Statement {
  const [rfc, section] = where.split(' ');
  return { rfc: `RFC ${rfc}`, section: section!, says };
}

export interface Step {
  readonly atMs: number;
  readonly text: string;
  run(player: Player): Promise<void> | void;
}

/** Who puts the server's bytes on the wire: the front-end itself, or a board that it grants ranges to. */
export type Sender = 'local' | 'delegated';

/** Of IP. */
export type Version = 4 | 6;

export interface ScriptOptions {
  readonly settings?: Partial<TcpSettings>;
  /** Both when the program writes and nothing is said. */
  readonly senders?: readonly Sender[];
  /** Both when left out. */
  readonly versions?: readonly Version[];
  /** The client's initial sequence number. The default lies so near the end of the space that every script crosses it. */
  readonly iss?: number;
  /** The program ends its side by itself when the client has ended its own. */
  readonly endsWithClient?: boolean;
  readonly backlog?: number;
}

export interface Script extends ScriptOptions {
  readonly title: string;
  readonly covers: readonly Statement[];
  readonly steps: readonly Step[];
}

/** Steps in order; what several scripts begin with may stand as a list of its own. */
export type Steps = readonly (Step | Steps)[];

function flatten(steps: Steps): Step[] {
  return steps.flatMap((step) => ('run' in step ? [step] : flatten(step)));
}

export function script(
  title: string,
  statements: Statement | readonly Statement[],
  steps: Steps,
  options: ScriptOptions = {},
): Script {
  return { title, covers: [statements].flat(), steps: flatten(steps), ...options };
}

export interface SegmentOptions {
  readonly mss?: number;
  readonly sackOk?: boolean;
  readonly wscale?: number;
  /** Blocks of the other side's relative sequence numbers. */
  readonly sack?: readonly (readonly [number, number])[];
  /** TSval and TSecr. */
  readonly ts?: readonly [number, number];
}

/** A segment of the client. `seq` and `ack` follow what was sent and acknowledged when they are left out. */
export interface ClientFields extends SegmentOptions {
  readonly seq?: number;
  readonly ack?: number;
  readonly win?: number;
  /** Bytes of the client's pattern, or these very bytes. */
  readonly data?: number | string;
  /** Option bytes as they are, in place of the others. */
  readonly rawOptions?: readonly number[];
  /** Another connection than the first: the client's port. */
  readonly port?: number;
  /** The server's port; 80 when left out. */
  readonly to?: number;
  /** The checksum is wrong. */
  readonly damaged?: boolean;
  /** It arrives in the batch of the next segment, not in one of its own. */
  readonly joined?: boolean;
}

/** What a segment of the server must be. */
export interface ServerFields extends Omit<SegmentOptions, 'ts'> {
  readonly seq?: number;
  readonly ack?: number;
  /** The window field as it stands in the header. */
  readonly win?: number;
  /** Payload bytes; 0 when left out. */
  readonly data?: number;
  /** TSval, null for any, and TSecr; `false`: there must be none. */
  readonly ts?: readonly [number | null, number] | false;
  readonly port?: number;
  /** How much earlier or later it may come. */
  readonly withinMs?: number;
}

export interface IcmpFields {
  readonly type: number;
  readonly code: number;
  /** The next hop's MTU (RFC 1191 4). */
  readonly mtu?: number;
  /** Relative sequence number of the server's segment that is quoted. */
  readonly seq: number;
}

const TOLERANCE_MS = 1;

function name(value: object): string {
  return JSON.stringify(value).replaceAll('"', '');
}

class Moment {
  readonly #atMs: number;

  constructor(atMs: number) {
    this.#atMs = atMs;
  }

  /** The client sends a segment; `flags`: letters of SFRPA. */
  client(flags: string, fields: ClientFields = {}): Step {
    return this.#step(`client ${flags} ${name(fields)}`, (player) => player.clientSends(flags, fields));
  }

  /** The next segment that the server sends is this one. P is compared only where it is asked for. */
  server(flags: string, fields: ServerFields = {}): Step {
    return {
      atMs: this.#atMs,
      text: `server ${flags} ${name(fields)}`,
      run: (player) => player.expect(this.#atMs, fields.withinMs ?? TOLERANCE_MS, flags, fields),
    };
  }

  /** The next segments that the server sends carry exactly [from, to), in order, each as full as can be. */
  text(from: number, to: number, withinMs: number = TOLERANCE_MS): Step {
    return {
      atMs: this.#atMs,
      text: `server's bytes ${from} to ${to}`,
      run: (player) => player.expectText(this.#atMs, withinMs, from, to),
    };
  }

  /** Until now the server has sent nothing that was not expected. */
  quiet(): Step {
    return this.#step('nothing more until here', (player) => player.expectNothing());
  }

  /** The program writes so many bytes. */
  write(bytes: number): Step {
    return this.#step(`write ${bytes}`, (player) => player.write(bytes));
  }

  /** … which a board sends so much after it was granted them. */
  writeBySlowBoard(bytes: number, delayMs: number): Step {
    return this.#step(`slow board: ${bytes}`, (player) => player.writeBySlowBoard(bytes, delayMs * 1000));
  }

  /** The program ends its side. */
  end(): Step {
    return this.#step('end', (player) => void player.socket.end());
  }

  destroy(): Step {
    return this.#step('destroy', (player) => void player.socket.destroy());
  }

  /** The program asks for a reset. */
  abort(): Step {
    return this.#step('abort', (player) => void player.socket.resetAndDestroy());
  }

  pause(): Step {
    return this.#step('pause', (player) => void player.socket.pause());
  }

  resume(): Step {
    return this.#step('resume', (player) => void player.socket.resume());
  }

  keepAlive(idleMs: number): Step {
    return this.#step('keepAlive', (player) => void player.socket.setKeepAlive(idleMs > 0, idleMs));
  }

  noDelay(noDelay: boolean): Step {
    return this.#step('noDelay', (player) => void player.socket.setNoDelay(noDelay));
  }

  /** The program has read so many bytes of the client's pattern, or this text. */
  received(what: number | string): Step {
    return this.#step(`received ${what}`, (player) => player.expectReceived(what));
  }

  /** The program has seen the end of the client's side; `false`: not yet. */
  ended(ended = true): Step {
    return this.#step(`ended ${ended}`, (player) => player.expectEnded(ended));
  }

  /** The program was told of this error. */
  failed(code: string): Step {
    return this.#step(`failed ${code}`, (player) => player.expectError(code));
  }

  /** So many connections are open, those in TIME-WAIT not counted. */
  connections(count: number): Step {
    return this.#step(`connections ${count}`, (player) => player.expectConnections(count));
  }

  /** So many 4-tuples are held: connections, handshakes, TIME-WAIT. */
  held(count: number): Step {
    return this.#step(`held ${count}`, (player) => player.expectHeld(count));
  }

  counted(counters: Partial<FrontEndCounters>): Step {
    return this.#step(`counted ${name(counters)}`, (player) => player.expectCounters(counters));
  }

  /** An ICMP message about the server's segment arrives. */
  icmp(fields: IcmpFields): Step {
    return this.#step(`icmp ${name(fields)}`, (player) => player.icmpArrives(fields));
  }

  #step(text: string, run: (player: Player) => Promise<void> | void): Step {
    return {
      atMs: this.#atMs,
      text,
      run: async (player) => {
        await player.until(this.#atMs);
        await run(player);
        if (!player.isJoining) await player.settle();
      },
    };
  }
}

export function at(ms: number): Moment {
  return new Moment(ms);
}

/** The three steps, the third at `rttMs`; a connection is open then. */
export function established(options: SegmentOptions & { win?: number; rttMs?: number } = {}): Step[] {
  const { rttMs = 0, win = 0xffff, ...agreed } = options;
  return [
    at(0).client('S', { win, mss: 1460, ...agreed }),
    at(0).server('SA', { seq: 0, ack: 1 }),
    at(rttMs).client('A', { ack: 1, win, ...(agreed.ts && { ts: [agreed.ts[0] + 1, 0] as const }) }),
  ];
}
