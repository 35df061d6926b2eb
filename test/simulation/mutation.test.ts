/** The judges are judged: what is broken on purpose must be found out. `npm run mutation` does all of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MUTATIONS } from '../../tools/mutation/mutations.js';
import { runMutation } from '../../tools/mutation/run.js';

/** Those that the first seeds find. */
const QUICK = [
  'board: credit is not looked at',
  'board: what is sent again has the latest TSval',
  'front-end: the client’s window is not looked at',
  'front-end: releases are said once and not repeated',
];

describe('simulation: mutations', function () {
  this.timeout(600_000);

  it('what each would break is still there, once', () => {
    for (const { name, file, find } of MUTATIONS) {
      const text = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');
      const times = text.split(find).length - 1;
      assert.equal(
        times,
        1,
        `"${name}" in tools/mutation/mutations.ts: its text is ${times} times in ${file}`,
      );
    }
  });

  for (const name of QUICK)
    it(`${name}: a seed fails`, async () => {
      const mutation = MUTATIONS.find((each) => each.name === name);
      assert.ok(mutation);
      const { caughtBy, how } = await runMutation(mutation, { seeds: 60, limitMs: 300_000 });
      assert.ok(caughtBy !== undefined, how);
    });
});
