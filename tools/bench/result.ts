/** What a benchmark says: the last line of `npm run bench -- NAME --json` is one of these. */
export interface BenchResult {
  readonly bench: string;
  readonly value: number;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  /** The first mark to reach. */
  readonly mark: number;
  readonly met: boolean;
  /** What `value` was computed from. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A benchmark is a module `tools/bench/<name>.ts` that exports `run`. */
export interface Bench {
  /** Measures; `log` takes what is for people. `short`: less of it, where a shorter run tells something. */
  run(log: (line: string) => void, short: boolean): Promise<BenchResult>;
}

export function result(
  bench: string,
  value: number,
  unit: string,
  better: 'lower' | 'higher',
  mark: number,
  detail: Readonly<Record<string, unknown>>,
): BenchResult {
  return {
    bench,
    value,
    unit,
    better,
    mark,
    met: better === 'lower' ? value <= mark : value >= mark,
    detail,
  };
}
