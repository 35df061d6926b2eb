import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FOLDERS } from './index.js';
import { ELSEWHERE } from './other-rows.js';
import { conformancePage } from './table.js';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

describe('conformance: the table', () => {
  it('in docs/conformance.md is that of the scripts (if not: npm run conformance-table)', () => {
    assert.equal(readFileSync(path('../../docs/conformance.md'), 'utf8'), conformancePage());
  });

  it('has every script, each under a title of its own and with a statement', () => {
    for (const [folder, scripts] of Object.entries(FOLDERS)) {
      const titles = scripts.map(({ title }) => title);
      assert.equal(new Set(titles).size, titles.length, folder);
      for (const { title, covers } of scripts) {
        assert.ok(covers.length > 0, title);
        for (const { rfc, section } of covers) assert.match(`${rfc} ${section}`, /^RFC \d{3,4} [\d.]+$/);
      }
    }
  });

  it('has every folder', () => {
    const folders = readdirSync(path('.'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    assert.deepEqual(folders.sort(), Object.keys(FOLDERS).sort());
  });

  it('names other tests that exist', () => {
    for (const { file, test } of ELSEWHERE)
      assert.ok(readFileSync(path(`../../${file}`), 'utf8').includes(`'${test}'`), `${file}: ${test}`);
  });
});
