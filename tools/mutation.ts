/**
 * `npm run mutation`: breaks one thing at a time and shows who finds it out; ends with status 1 when something
 * remains unnoticed.
 *
 *   npm run mutation -- --seeds 2000 --only lease
 */
import { parseArgs } from 'node:util';
import { formatTable } from '../src/cli/table.js';
import { MUTATIONS } from './mutation/mutations.js';
import { runMutation, runUnbroken, type Verdict } from './mutation/run.js';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '1000' }, only: { type: 'string', default: '' } },
});
const LIMIT_MS = 600_000;

const chosen = MUTATIONS.filter(({ name }) => name.includes(values.only));
// A script that fails in any case finds nothing out.
for (const script of new Set(chosen.flatMap((mutation) => mutation.script ?? []))) {
  const { caughtBy, how } = await runUnbroken(script, { seeds: 0, limitMs: LIMIT_MS });
  if (caughtBy === undefined) continue;
  process.stderr.write(`mutation: ${script} fails with nothing broken: ${how}\n`);
  process.exit(1);
}

const verdicts: Verdict[] = [];
for (const mutation of chosen) {
  const verdict = await runMutation(mutation, { seeds: Number(values.seeds), limitMs: LIMIT_MS });
  verdicts.push(verdict);
  process.stderr.write(`${verdict.caughtBy ?? 'UNNOTICED'}: ${verdict.mutation}\n`);
}
const rows = verdicts.map(({ mutation, caughtBy, how, seconds }) => [
  mutation,
  caughtBy ?? 'NOBODY',
  seconds.toFixed(1),
  how.slice(0, 90),
]);
const columns = [{ title: 'broken' }, { title: 'caught by' }, { title: 's', right: true }, { title: 'how' }];
process.stdout.write(`${formatTable(columns, rows).join('\n')}\n`);
process.exit(verdicts.every(({ caughtBy }) => caughtBy !== undefined) ? 0 : 1);
