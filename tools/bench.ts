/**
 * `npm run bench -- NAME [--json] [--short]`: runs tools/bench/NAME.ts; `--short` for a first look or a test, where a
 * benchmark has a shorter run. Without a name: what there is.
 */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Bench } from './bench/result.js';

/** Modules beside the benchmarks that are none. */
const SUPPORT = new Set(['result', 'board-run', 'profile']);

function names(): string[] {
  return readdirSync(fileURLToPath(new URL('./bench/', import.meta.url)))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -3))
    .filter((name) => !SUPPORT.has(name))
    .sort();
}

const args = process.argv.slice(2);
const json = args.includes('--json');
const short = args.includes('--short');
const [name, ...others] = args.filter((arg) => arg !== '--json' && arg !== '--short');
if (name === undefined || others.length > 0 || !names().includes(name)) {
  process.stderr.write(
    `usage: npm run bench -- NAME [--json] [--short]\nbenchmarks: ${names().join(', ')}\n`,
  );
  process.exit(2);
}
// With --json standard output is kept for the result.
const log = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`);
const bench = (await import(`./bench/${name}.ts`)) as Bench;
const measured = await bench.run(log, short);
if (!json)
  log(
    `${measured.bench}: ${measured.value} ${measured.unit} (mark ${measured.mark}: ${measured.met ? 'met' : 'missed'})`,
  );
process.stdout.write(`${JSON.stringify(measured)}\n`);
