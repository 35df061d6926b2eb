/** `atcp simulate`: the whole system on a virtual clock, one seed after another. */
import cliProgress from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import {
  addResult,
  emptyResult,
  ladderLine,
  planFromSeed,
  runPool,
  shrink,
  simulate,
  type Failure,
  type Plan,
  type Result,
} from '../simulation/index.js';
import { summaryText } from './simulate-text.js';

interface SimulateFlags {
  readonly seed?: number;
  readonly seeds?: number;
  readonly minutes?: number;
  readonly jobs: number;
  readonly plan?: string;
  readonly verbose: boolean;
  readonly shrink: boolean;
}

const DEFAULT_SEEDS = 100;
const MOST_SHRUNK = 3;
const MS_PER_MINUTE = 60_000;

export function simulateCommand(): Command {
  return new Command('simulate')
    .description(
      'simulate boards, front-end, switch, faults and clients on a virtual clock, and check every byte',
    )
    .option('--seed <s>', 'the first seed (default: 1)', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option(
      '--seeds <n>',
      `how many seeds (default: 1 with --seed, else ${DEFAULT_SEEDS})`,
      wholeNumber(1, 1e9),
    )
    .option('--minutes <m>', 'go on with new seeds for so long', wholeNumber(1, 1e6))
    .option('--jobs <n>', 'processes', wholeNumber(1, 256), availableParallelism())
    .option('--plan <file>', 'run the plan in a file, as a failing seed leaves one')
    .option('--verbose', 'print every frame of the one seed or plan', false)
    .option('--no-shrink', 'do not look for the smallest plan that fails')
    .addHelpText(
      'after',
      '\nA seed decides topology, faults, events and workload; the same seed gives the same frames at the same times.\n' +
        'Each reply is compared byte by byte, each board is held to its credit and its lease, and at the end nothing\n' +
        'may be left over. Ends with status 1 when a seed fails, and says how to replay it.\n' +
        '\nExamples:\n  atcp simulate --seeds 1000\n  atcp simulate --seed 17 --verbose\n  atcp simulate --minutes 60',
    )
    .action(run);
}

function wholeNumber(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < lowest || value > highest)
      throw new InvalidArgumentError(`a whole number from ${lowest} to ${highest} is wanted`);
    return value;
  };
}

async function run(flags: SimulateFlags, command: Command): Promise<void> {
  const one = flags.plan !== undefined || (flags.seeds ?? 1) === 1;
  if (flags.verbose && !(one && flags.minutes === undefined && (flags.seed ?? flags.plan) !== undefined))
    command.error('error: --verbose prints one seed: name it with --seed, or a plan with --plan');
  if (flags.plan !== undefined) await runOne(readPlan(flags.plan, command), flags);
  else if (flags.verbose) await runOne(planFromSeed(flags.seed!), flags);
  else await runSeeds(flags);
}

function readPlan(file: string, command: Command): Plan {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Plan;
  } catch (error) {
    return command.error(`error: ${file} holds no plan: ${(error as Error).message}`);
  }
}

async function runOne(plan: Plan, flags: SimulateFlags): Promise<void> {
  const started = Date.now();
  const result = await simulate(plan, flags.verbose ? { tap: printFrame } : {});
  const sum = emptyResult(plan.seed);
  addResult(sum, result);
  process.stdout.write(`trace ${result.traceHash}\n`);
  if (result.failure !== undefined) process.stdout.write(`${failureLine(plan.seed, result.failure)}\n`);
  const failed = result.failure === undefined ? 0 : 1;
  process.stdout.write(summaryText({ sum, seeds: 1, failed, seconds: (Date.now() - started) / 1000 }));
  process.exitCode = failed;
}

function printFrame(...frame: Parameters<typeof ladderLine>): void {
  process.stdout.write(`${ladderLine(...frame)}\n`);
}

function failureLine(seed: number, { what, atUs }: Failure): string {
  return `FAILED seed ${seed} at ${(atUs / 1e6).toFixed(6)} s: ${what}`;
}

async function runSeeds(flags: SimulateFlags): Promise<void> {
  const first = flags.seed ?? 1;
  const count =
    flags.seeds ?? (flags.minutes !== undefined ? Infinity : flags.seed !== undefined ? 1 : DEFAULT_SEEDS);
  const started = Date.now();
  const endMs = flags.minutes === undefined ? Infinity : started + flags.minutes * MS_PER_MINUTE;
  const sum = emptyResult(first);
  const failures: Result[] = [];
  let done = 0;
  const bar = progressBar();
  const reporter =
    bar !== undefined
      ? undefined
      : setInterval(
          () => process.stderr.write(`simulating: ${done} seeds, ${failures.length} failed\n`),
          MS_PER_MINUTE,
        );
  bar?.start(Number.isFinite(count) ? count : 0, 0, { failed: 0 });
  let given = 0;
  const interruption = untilInterrupted();
  await runPool({
    jobs: Math.min(flags.jobs, count),
    next: () => (given < count && Date.now() < endMs ? first + given++ : undefined),
    signal: interruption.signal,
    onResult: (result) => {
      done++;
      addResult(sum, result);
      if (result.failure !== undefined) {
        failures.push(result);
        process.stdout.write(`${failureLine(result.seed, result.failure)}\n`);
      }
      if (Number.isFinite(count)) bar?.update(done, { failed: failures.length });
      else bar?.update({ failed: failures.length });
    },
  });
  bar?.stop();
  clearInterval(reporter);
  const interrupted = interruption.signal.aborted;
  interruption.release();
  const seconds = (Date.now() - started) / 1000;
  process.stdout.write(
    summaryText({ sum, seeds: done, failed: failures.length, seconds, first, interrupted }),
  );
  await explain(failures, flags.shrink && !interrupted);
  process.exitCode = failures.length > 0 ? 1 : interrupted ? 130 : 0;
}

function progressBar(): cliProgress.SingleBar | undefined {
  if (process.stderr.isTTY !== true) return undefined;
  return new cliProgress.SingleBar({
    format: 'simulating {bar} {value} of {total} seeds, {failed} failed, {eta_formatted} left',
    stream: process.stderr,
    hideCursor: true,
  });
}

/** Ctrl-C ends the work; what has been done is still told. */
function untilInterrupted(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}

/** How to see each failing seed again, and the smallest plan that still fails. */
async function explain(failures: readonly Result[], shrinks: boolean): Promise<void> {
  for (const [i, { seed, failure }] of failures.entries()) {
    process.stdout.write(`\nreplay seed ${seed}: atcp simulate --seed ${seed} --verbose\n`);
    // What brings its process down can't be run in this one.
    const shrinkable = failure!.atUs > 0;
    if (!shrinks || i >= MOST_SHRUNK || !shrinkable) continue;
    const plan = await shrink(planFromSeed(seed), {
      fails: async (smaller) => (await simulate(smaller)).failure !== undefined,
    });
    const file = `simulate-${seed}.json`;
    writeFileSync(file, `${JSON.stringify(plan, undefined, 1)}\n`);
    const { boards, clients, events } = plan;
    const requests = clients.reduce((total, client) => total + client.requests.length, 0);
    process.stdout.write(
      `smallest plan that fails: ${boards.length} boards, ${clients.length} clients, ${requests} requests, ` +
        `events ${JSON.stringify(events)}\n  atcp simulate --plan ${file} --verbose\n`,
    );
  }
}
