/** Runs many seeds on all processors: processes, so that a seed that hangs or crashes takes nobody with it. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { emptyResult, type Result } from './result.js';

export interface PoolOptions {
  readonly jobs: number;
  /** The next seed; undefined when there are no more. */
  readonly next: () => number | undefined;
  readonly onResult: (result: Result) => void;
  /** Ends the work; what is under way is not waited for. */
  readonly signal?: AbortSignal | undefined;
  /** A seed that takes longer has failed; half an hour when left out, as processors may be busy otherwise. */
  readonly hangMs?: number;
}

/** Seeds that a process has at a time, so that it never waits for the next one. */
const AHEAD = 4;
const HANG_MS = 1_800_000;
/** The compiled worker, or its source under a loader. */
const WORKER = fileURLToPath(new URL(`./worker-main${import.meta.url.slice(-3)}`, import.meta.url));

/** Resolves when every seed has its result. */
export async function runPool(options: PoolOptions): Promise<void> {
  await Promise.all(Array.from({ length: options.jobs }, () => runWorkers(options)));
}

/** One process after another, if one fails. */
async function runWorkers(options: PoolOptions): Promise<void> {
  const left: number[] = [];
  do await new Promise<void>((resolve) => new Worker(options, left, resolve).start());
  while (left.length > 0 && options.signal?.aborted !== true);
}

class Worker {
  readonly #options: PoolOptions;
  /** In its hands, in order; what is left there when it dies is the next one's. */
  readonly #seeds: number[];
  readonly #onEnd: () => void;
  readonly #child: ChildProcess;
  #watchdog: NodeJS.Timeout | undefined;
  #hung = false;

  constructor(options: PoolOptions, seeds: number[], onEnd: () => void) {
    this.#options = options;
    this.#seeds = seeds;
    this.#onEnd = onEnd;
    this.#child = fork(WORKER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  start(): void {
    const stop = (): void => void this.#child.kill('SIGKILL');
    const { signal } = this.#options;
    signal?.addEventListener('abort', stop);
    // To send to one that has just died is no matter: the next one gets what is left.
    this.#child.on('error', () => {});
    this.#child.on('message', (result: Result) => this.#onResult(result));
    this.#child.once('exit', (code, killer) => {
      signal?.removeEventListener('abort', stop);
      clearTimeout(this.#watchdog);
      if (this.#seeds.length > 0 && signal?.aborted !== true && code !== 1) this.#onDeath(code, killer);
      this.#onEnd();
    });
    this.#watch();
    if (this.#seeds.length > 0) this.#child.send([...this.#seeds]);
    this.#feed();
  }

  #onResult(result: Result): void {
    this.#seeds.shift();
    this.#watch();
    this.#options.onResult(result);
    this.#feed();
  }

  #feed(): void {
    const seeds: number[] = [];
    while (this.#seeds.length < AHEAD) {
      const seed = this.#options.next();
      if (seed === undefined) break;
      seeds.push(seed);
      this.#seeds.push(seed);
    }
    if (seeds.length > 0) this.#child.send(seeds);
    else if (this.#seeds.length === 0 && this.#child.connected) this.#child.disconnect();
  }

  #watch(): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      this.#hung = true;
      this.#child.kill('SIGKILL');
    }, this.#options.hangMs ?? HANG_MS);
  }

  #onDeath(code: number | null, killer: NodeJS.Signals | null): void {
    const result = emptyResult(this.#seeds.shift()!);
    const what = this.#hung ? 'it does not come to an end' : `its process ended with ${killer ?? code}`;
    result.failure = { what, atUs: 0 };
    this.#options.onResult(result);
  }
}
