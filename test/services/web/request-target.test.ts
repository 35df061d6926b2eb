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

  it('keeps the query as it came', () => {
    assert.equal(parseRequestTarget('/a%20b/c?x=%41&y')?.rawQuery, '?x=%41&y');
    assert.equal(parseRequestTarget('/a?')?.rawQuery, '?');
    assert.equal(parseRequestTarget('/a%3Fb')?.rawQuery, '');
    assert.equal(nameOf('/a%3Fb'), 'a?b');
  });

  it('decodes once', () => {
    assert.equal(nameOf('/%2541'), '%41');
    assert.equal(nameOf('/%252e%252e/a'), '%2e%2e/a');
  });

  it('refuses a backslash, and takes an escaped one for a character of a name', () => {
    for (const target of ['/\\host', '/a\\..\\b', '\\\\host\\a', '/a?\\'])
      assert.equal(parseRequestTarget(target), undefined, target);
    assert.equal(nameOf('/a%5C..%5Cb'), 'a\\..\\b');
  });

  it('refuses UTF-8 that is not the shortest', () => {
    for (const target of ['/%c0%ae%c0%ae/etc', '/%e0%80%af', '/%f0%80%80%af', '/%c1%81', '/%f4%90%80%80'])
      assert.equal(parseRequestTarget(target), undefined, target);
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
      'http:///a',
      'http:/a',
      '/a#b',
      '/a b',
      '/\r\n',
      '/\u00e9',
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
