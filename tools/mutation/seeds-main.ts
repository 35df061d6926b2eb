/** Runs seeds until one fails; prints one line of JSON. Bundled with something broken in it. */
import { planFromSeed, simulate } from '../../src/simulation/index.js';

const [first = 1, last = 1] = process.argv.slice(2).map(Number);
let seed = first;

function report(failure: string | undefined): never {
  process.stdout.write(`${JSON.stringify({ seed, failure: failure?.split('\n')[0] })}\n`);
  process.exit(0);
}

process.on('uncaughtException', (error) => report(`exception: ${error.message}`));
process.on('unhandledRejection', (error) => report(`exception: ${String(error)}`));
for (; seed <= last; seed++) {
  const { failure } = await simulate(planFromSeed(seed));
  if (failure !== undefined) report(failure.what);
}
report(undefined);
