/**
 * Trace points: what happens, told while somebody listens. A trace point is written
 * `trace.events?.({ event: … })`, so that with nobody listening it costs one check and allocates nothing.
 * Packets have the numbers of Fig. 2, points the letters of Figs. 3–10.
 */

/** One command on its way to a board, as events name it. */
interface CommandNamed {
  /** Counter of the command id; its epoch is the front-end's. */
  readonly command: number;
  readonly board: number;
}

/** A command of a span: positions are bytes of the object. */
interface ReadCommanded extends CommandNamed {
  readonly packet: 25;
  readonly point: 'A';
  readonly opcode: 'read' | 'relay';
  readonly object: string;
  /** The bytes [from, to) are this board's, as long as it lasts. */
  readonly from: number;
  readonly to: number;
  readonly client: string;
}

export type TracePoint =
  | {
      readonly event: 'connectionOpened';
      readonly packet: 23;
      readonly client: string;
      readonly localPort: number;
    }
  | {
      readonly event: 'connectionClosed';
      readonly client: string;
      /** State before it was closed (RFC 9293 3.3.2). */
      readonly state: string;
      /** What the client acknowledged, and how much of it the front-end had sent itself. */
      readonly bytes: number;
      readonly frontEndBytes: number;
      readonly error: string | null;
    }
  | ({ readonly event: 'delegated' } & ReadCommanded)
  | ({ readonly event: 'failedOver'; readonly fromBoard: number; readonly cause: string } & ReadCommanded)
  | ({
      readonly event: 'asked';
      readonly packet: 25;
      readonly point: 'A';
      readonly opcode: 'stat' | 'list';
      readonly object: string;
    } & CommandNamed)
  | ({
      readonly event: 'answered';
      readonly packet: 27;
      readonly point: 'D';
      readonly object: string;
      readonly kind: string;
      readonly bytes: number;
    } & CommandNamed)
  | ({
      readonly event: 'listed';
      readonly packet: 27;
      readonly point: 'D';
      readonly object: string;
      readonly entries: number;
      /** More of them follow. */
      readonly more: boolean;
    } & CommandNamed)
  | { readonly event: 'unanswered'; readonly object: string; readonly error: string }
  | ({
      readonly event: 'accepted';
      readonly packet: 27;
      readonly point: 'D';
      /** Of the span; null while the board does not know. */
      readonly totalBytes: number | null;
    } & CommandNamed)
  | ({ readonly event: 'interrupted'; readonly cause: string; readonly error: string | null } & CommandNamed)
  | ({
      readonly event: 'released';
      readonly packet: 27;
      readonly point: 'D';
      /** False: the board was silent until its lease was surely over. */
      readonly confirmed: boolean;
    } & CommandNamed)
  | {
      readonly event: 'completed';
      readonly packet: 28;
      readonly point: 'E';
      readonly client: string;
      readonly object: string;
      readonly bytes: number;
      /** Board ids, in the order of the bytes they sent. */
      readonly boards: readonly number[];
    }
  | {
      readonly event: 'failed';
      readonly client: string;
      readonly object: string;
      /** How far the client got. */
      readonly acknowledgedBytes: number;
      readonly error: string;
    }
  | {
      readonly event: 'boardFound';
      readonly board: number;
      readonly macAddress: string;
      readonly epoch: number;
    }
  | { readonly event: 'boardAlive'; readonly board: number }
  | { readonly event: 'boardLost'; readonly board: number }
  | { readonly event: 'boardRebooted'; readonly board: number; readonly epoch: number };

/** Every statement 29 and 27 of a span; offsets count from the span's first byte. */
export type StatementPoint =
  | ({
      readonly event: 'stated';
      readonly packet: 29;
      readonly point: 'F';
      readonly version: number;
      /** ATCP_COMMAND 25 went in front of it. */
      readonly withCommand: boolean;
      readonly acknowledged: number;
      readonly granted: number;
      readonly resendRanges: number;
    } & CommandNamed)
  | ({
      readonly event: 'reported';
      readonly packet: 27;
      readonly point: 'D';
      /** Of the 29 that it answers. */
      readonly version: number;
      readonly sentUpTo: number;
      readonly resendGeneration: number;
    } & CommandNamed);

/** `atUs`: of the front-end's clock, which starts anywhere. */
export type TraceEvent = (TracePoint | StatementPoint) & { readonly atUs: number };
export type TraceListener = (event: TraceEvent) => void;

export class Trace {
  /** Undefined while nobody listens. */
  events: ((point: TracePoint) => void) | undefined = undefined;
  /** Undefined while nobody listens to single statements. */
  statements: ((point: StatementPoint) => void) | undefined = undefined;
  /** Microseconds, from any start. */
  readonly clock: () => number;
  readonly #listeners = new Map<TraceListener, boolean>();

  constructor(clock: () => number) {
    this.clock = clock;
  }

  /**
   * From now on `listener` is called within the front-end's work: it must neither throw nor take long. Returns what
   * ends that. A listener that listens already changes `withStatements`.
   */
  listen(listener: TraceListener, withStatements = false): () => void {
    this.#listeners.set(listener, withStatements);
    this.#update();
    return () => {
      this.#listeners.delete(listener);
      this.#update();
    };
  }

  #update(): void {
    const modes = [...this.#listeners.values()];
    this.events = modes.length > 0 ? (point) => this.#tell(point, false) : undefined;
    this.statements = modes.includes(true) ? (point) => this.#tell(point, true) : undefined;
  }

  #tell(point: TracePoint | StatementPoint, statement: boolean): void {
    const event: TraceEvent = { atUs: this.clock(), ...point };
    for (const [listener, withStatements] of this.#listeners)
      if (withStatements || !statement) listener(event);
  }
}
