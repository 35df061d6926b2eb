import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseRequestTarget } from '../../../src/services/web/request-target.js';

function nameOf(target: string): string | undefined {
  return parseRequestTarget(target)?.name;
}

describe('services/web: request target', () => {
  it('decodes escapes as UTF-8', () => {
    assert.equal(nameOf('/a%20b.txt'), 'a b.txt');
    assert.equal(nameOf('/caf%C3%A9/%E2%82%AC'), 'café/€');
    assert.equal(nameOf('/a+b'), 'a+b');
    assert.equal(nameOf('/100%25'), '100%');
  });

  it('resolves dot segments after decoding, and never above the root', () => {
    assert.equal(nameOf('/a/./b/../c'), 'a/c');
    assert.equal(nameOf('/../../etc/passwd'), 'etc/passwd');
    assert.equal(nameOf('/a/%2e%2e/%2E./b'), 'b');
    assert.equal(nameOf('/a%2f..%2fb'), 'b');
    assert.equal(nameOf('//a//b'), 'a/b');
    assert.equal(nameOf('/...'), '...');
  });

  it('knows a directory by what the path ends with', () => {
    for (const target of ['/', '/a/', '/a/.', '/a/b/..', '/?q'])
      assert.equal(parseRequestTarget(target)?.directory, true);
    for (const target of ['/a', '/a?x=/', '/a/b']) assert.equal(parseRequestTarget(target)?.directory, false);
    assert.equal(nameOf('/'), '');
    assert.equal(nameOf('/a/b/..'), 'a');
  });

  it('keeps path and query as they came', () => {
    const target = parseRequestTarget('/a%20b/c?x=%41&y');
    assert.equal(target?.rawPath, '/a%20b/c');
    assert.equal(target?.rawQuery, '?x=%41&y');
  });

  it('takes the absolute form', () => {
    assert.equal(nameOf('http://example.com:8080/a/b?c'), 'a/b');
    assert.equal(nameOf('HTTP://example.com'), '');
    assert.equal(nameOf('http://example.com?q'), '');
  });

  it('refuses what is malformed', () => {
    for (const target of [
      '',
      '*',
      'a/b',
      '/%',
      '/%4',
      '/%zz',
      '/%00',
      '/a%00b',
      '/%ff',
      '/%c3',
      '/%ed%a0%80',
      'ftp://h/a',
    ])
      assert.equal(parseRequestTarget(target), undefined, target);
  });

  it('gives back every name that was encoded', () => {
    const component = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .filter((text) => text !== '.' && text !== '..' && !text.includes('/') && !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(component, { minLength: 1, maxLength: 4 }), (components) => {
        const target = `/${components.map((each) => encodeURIComponent(each)).join('/')}`;
        assert.equal(nameOf(target), components.join('/'));
      }),
    );
  });

  it('answers anything with a clean name or not at all', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('/', '.', '%', '2', 'e', 'f', '0', 'a', '?', '\\'),
          maxLength: 20,
        }),
        (rest) => {
          const name = nameOf(`/${rest}`);
          if (name === undefined) return;
          assert.ok(!name.includes('\0') && !name.startsWith('/') && !name.endsWith('/'));
          for (const part of name.split('/'))
            assert.ok(name === '' || (part !== '' && part !== '.' && part !== '..'));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
