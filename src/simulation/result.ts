/** What one seed came to, and how results are summed up. */

export interface Failure {
  readonly what: string;
  readonly atUs: number;
}

export interface Result {
  readonly seed: number;
  failure: Failure | undefined;
  /** Equal for equal seeds. */
  traceHash: string;
  virtualUs: number;
  frames: number;
  events: number;
  connections: number;
  replies: number;
  /** Replies of 500 and above, where they are allowed. */
  refusals: number;
  /** Of bodies, each compared. */
  bytes: number;
  /** Faults of frames and cards, by kind. */
  readonly faults: Record<string, number>;
  /** Events of the plan, by kind. */
  readonly happened: Record<string, number>;
  counters: Record<string, number>;
}

export function emptyResult(seed: number): Result {
  return {
    seed,
    failure: undefined,
    traceHash: '',
    virtualUs: 0,
    frames: 0,
    events: 0,
    connections: 0,
    replies: 0,
    refusals: 0,
    bytes: 0,
    faults: {},
    happened: {},
    counters: {},
  };
}

const STACK_LINES = 4;

export function exceptionText(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `exception: ${text.split('\n').slice(0, STACK_LINES).join('\n')}`;
}

const SUMS = ['virtualUs', 'frames', 'events', 'connections', 'replies', 'refusals', 'bytes'] as const;
const TABLES = ['faults', 'happened', 'counters'] as const;

/** Adds `result` to `sum`. */
export function addResult(sum: Result, result: Result): void {
  for (const name of SUMS) sum[name] += result[name];
  for (const table of TABLES)
    for (const [name, value] of Object.entries(result[table]))
      sum[table][name] = (sum[table][name] ?? 0) + value;
}
