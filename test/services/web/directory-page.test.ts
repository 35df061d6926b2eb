import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { DirectoryEntry } from '../../../src/services/web/index.js';
import { directoryPage } from '../../../src/services/web/directory-page.js';

const MODIFIED_MS = Date.UTC(2024, 1, 29, 12, 34, 56);

function file(name: string, size = 1): DirectoryEntry {
  return { name, kind: 'file', size, modifiedMs: MODIFIED_MS };
}

function directory(name: string): DirectoryEntry {
  return { name, kind: 'directory', size: 0, modifiedMs: MODIFIED_MS };
}

function links(page: string): string[] {
  return [...page.matchAll(/<a href="([^"]*)">/g)].map((match) => match[1]!);
}

describe('services/web: the page of a directory', () => {
  it('puts directories first, then names in natural order', () => {
    const entries = [file('b10.txt'), file('b9.txt'), directory('z'), file('A.txt'), directory('sub')];
    assert.deepEqual(links(directoryPage('d', entries, false)), [
      '../',
      'sub/',
      'z/',
      'A.txt',
      'b9.txt',
      'b10.txt',
    ]);
  });

  it('links to the parent, but from the root', () => {
    assert.deepEqual(links(directoryPage('', [file('a')], false)), ['a']);
    assert.deepEqual(links(directoryPage('x/y', [], false)), ['../']);
  });

  it('takes whole paths for names', () => {
    assert.deepEqual(links(directoryPage('d', [file('d/a b')], false)), ['../', 'a%20b']);
  });

  it('shows sizes and dates', () => {
    const sizes = [0, 999, 1000, 1500, 99_949, 99_950, 999_499, 999_500, 20_971_520, 1e15];
    const page = directoryPage(
      '',
      sizes.map((size, i) => file(`f${i}`, size)),
      false,
    );
    const shown = [...page.matchAll(/bytes">([^<]*)</g)].map((match) => match[1]);
    assert.deepEqual(shown, [
      ...['0 B', '999 B', '1.0 kB', '1.5 kB', '99.9 kB', '100 kB', '999 kB', '1.0 MB', '21.0 MB', '1.0 PB'],
    ]);
    assert.ok(page.includes('<time datetime="2024-02-29T12:34:56.000Z">2024-02-29 12:34</time>'));
  });

  it('says when there is more than it names', () => {
    assert.match(directoryPage('', [file('a')], true), /There are more entries/);
    assert.doesNotMatch(directoryPage('', [file('a')], false), /There are more entries/);
  });

  it('escapes what names mean in HTML and in URIs', () => {
    const page = directoryPage('<&">', [file("<script>alert('1')\".txt"), file('a:b'), file('%41?#')], false);
    assert.ok(page.includes('<title>/&lt;&amp;&quot;&gt;/</title>'));
    assert.ok(page.includes('>&lt;script&gt;alert(&#39;1&#39;)&quot;.txt</a>'));
    assert.doesNotMatch(page, /<script/);
    assert.ok(links(page).includes('a%3Ab'));
    assert.ok(links(page).includes('%2541%3F%23'));
  });

  it('makes of any name a link that leads to it and nowhere else', () => {
    const name = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 20 })
      .filter((text) => !text.includes('/') && text !== '.' && text !== '..');
    fc.assert(
      fc.property(name, (text) => {
        const page = directoryPage('d', [file(text)], false);
        const found = links(page);
        assert.equal(found.length, 2);
        const url = new URL(found[1]!, 'http://site/d/');
        assert.equal(url.origin, 'http://site');
        assert.equal(url.search + url.hash, '');
        assert.equal(decodeURIComponent(url.pathname), `/d/${text.toWellFormed()}`);
        // Every '<' in the page begins one of its own tags.
        assert.doesNotMatch(page, /<(?![/!]|(?:html|meta|title|style|h1|table|tr|th|td|a|span|time)[ >])/);
      }),
      { numRuns: 1_000 },
    );
  });
});
