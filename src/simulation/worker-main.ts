/** A process of the pool: gets seeds, answers with their results in the same order. */
import { emptyResult, exceptionText, type Result } from './result.js';
import { planFromSeed } from './plan-from-seed.js';
import { simulate } from './simulation.js';

const waiting: number[] = [];
let seed: number | undefined;

function answer(result: Result, then: () => void = () => {}): void {
  process.send!(result, then);
}

/** What a program throws from a callback of Node's belongs to the seed that is running. */
function onThrown(error: unknown): void {
  const result = emptyResult(seed ?? 0);
  result.failure = { what: exceptionText(error), atUs: 0 };
  answer(result, () => process.exit(1));
}

async function work(): Promise<void> {
  while ((seed = waiting.shift()) !== undefined) answer(await simulate(planFromSeed(seed)));
}

process.on('uncaughtException', onThrown);
process.on('unhandledRejection', onThrown);
// Whoever started this asks it to end; an interrupt of the terminal is the parent's affair.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));
process.on('message', (seeds: number[]) => {
  waiting.push(...seeds);
  if (seed === undefined) void work();
});
