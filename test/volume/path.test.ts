import assert from 'node:assert/strict';
import { checkPath } from '../../src/volume/path.js';

function check(text: string): string {
  const b = Buffer.from(`xx${text}/`, 'utf8');
  return checkPath(b, 2, b.length - 3);
}

describe('paths', () => {
  for (const good of ['', 'a', 'a/b', '...', 'a/..b/c..', '.hidden', 'ä/漢 字', 'x'.repeat(255)]) {
    it(`takes ${JSON.stringify(good.slice(0, 20))}`, () => assert.equal(check(good), 'ok'));
  }
  for (const bad of [
    '/',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    './a',
    'a/.',
    'a/../b',
    'a/..',
    'a\0b',
    'x'.repeat(256),
  ]) {
    it(`refuses ${JSON.stringify(bad.slice(0, 20))}`, () => assert.equal(check(bad), 'path'));
  }
});
