import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { boardKey, downKey, upKey } from './example-site.js';
import { EXAMPLES, hexDump } from './examples.js';

const README = readFileSync(new URL('../../../src/wire/README.md', import.meta.url), 'utf8');

function blockAfter(heading: string): string {
  const at = README.indexOf(heading);
  assert.notEqual(at, -1, `the README has no ${heading}`);
  const start = README.indexOf('```\n', at) + 4;
  return README.slice(start, README.indexOf('\n```', start));
}

describe('wire/atcp: the examples of the specification', () => {
  for (const [name, bytes] of EXAMPLES) {
    it(`${name} is what the code writes`, () => {
      assert.equal(blockAfter(`**${name}**, ${bytes.length} bytes`), hexDump(bytes));
    });
  }

  it('the keys are what the code derives', () => {
    const text = blockAfter('## 7. Examples');
    for (const [name, key] of Object.entries({
      'board key': boardKey,
      'session key, down': downKey,
      'session key, up': upKey,
    })) {
      const hex = [...key].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
      assert.match(text, new RegExp(`^${name} +${hex}$`, 'm'));
    }
  });
});
