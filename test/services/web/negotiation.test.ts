import assert from 'node:assert/strict';
import { codingPreference } from '../../../src/services/web/content-coding.js';
import { contentType, isCompressedFormat } from '../../../src/services/web/content-type.js';

describe('services/web: Accept-Encoding', () => {
  const rows: [string | undefined, string[], boolean][] = [
    [undefined, [], true],
    ['', [], true],
    ['gzip', ['gzip'], true],
    ['gzip, deflate, br', ['br', 'gzip'], true],
    ['gzip, deflate, br, zstd', ['br', 'zstd', 'gzip'], true],
    ['GZIP, x-gzip;q=0.1', ['gzip'], true],
    ['x-gzip', ['gzip'], true],
    ['compress, identity', [], true],
    ['identity', [], true],
    // Weights.
    ['gzip;q=1.0, br;q=0.5', ['gzip', 'br'], true],
    ['gzip;q=0.001,br;q=0.999', ['br', 'gzip'], true],
    ['gzip ; q=0.2 , br ;Q=0.8', ['br', 'gzip'], true],
    ['gzip;q=0', [], true],
    ['gzip;q=0.000, br', ['br'], true],
    ['br;q=0, gzip, br', ['gzip'], true],
    // identity.
    ['gzip;q=0.5, identity', [], true],
    ['gzip;q=0.5, identity;q=0.5', ['gzip'], true],
    ['gzip;q=0.5, identity;q=0.4', ['gzip'], true],
    ['gzip, identity;q=0', ['gzip'], false],
    ['identity;q=0', [], false],
    ['deflate, identity;q=0', [], false],
    // *.
    ['*', ['br', 'zstd', 'gzip'], true],
    ['*;q=0', [], false],
    ['gzip, *;q=0', ['gzip'], false],
    ['identity, *;q=0', [], true],
    ['gzip;q=0.5, *', ['br', 'zstd'], true],
    ['br;q=0, *;q=0.5', ['zstd', 'gzip'], true],
    ['identity;q=0, *', ['br', 'zstd', 'gzip'], false],
    // Malformed members do not count.
    ['gzip;q=2', [], true],
    ['gzip;q=-1', [], true],
    ['gzip;q=0.1234', [], true],
    ['gzip;level=9', [], true],
    ['gz ip, br', ['br'], true],
    [',,br,', ['br'], true],
  ];
  for (const [field, codings, identity] of rows)
    it(JSON.stringify(field) ?? 'none', () => {
      const preference = codingPreference(field);
      assert.deepEqual(
        preference.codings.map(({ name }) => name),
        codings,
      );
      assert.equal(preference.identity, identity);
    });
});

describe('services/web: media types', () => {
  it('follow from the extension', () => {
    const rows: [string, string][] = [
      ['index.html', 'text/html; charset=utf-8'],
      ['a/b.TXT', 'text/plain; charset=utf-8'],
      ['app.mjs', 'text/javascript; charset=utf-8'],
      ['style.css', 'text/css; charset=utf-8'],
      ['data.json', 'application/json'],
      ['module.wasm', 'application/wasm'],
      ['plate 1.png', 'image/png'],
      ['drawing.svg', 'image/svg+xml'],
      ['site.tar.gz', 'application/gzip'],
      ['film.mp4', 'video/mp4'],
      ['html', 'application/octet-stream'],
      ['docs.d/html', 'application/octet-stream'],
      ['.html', 'application/octet-stream'],
      ['README', 'application/octet-stream'],
      ['a.unknown-extension', 'application/octet-stream'],
      ['a.', 'application/octet-stream'],
      ['', 'application/octet-stream'],
    ];
    for (const [name, type] of rows) assert.equal(contentType(name), type, name);
  });

  it('tell what is compressed already', () => {
    for (const name of ['a.png', 'a.jpg', 'a.webp', 'a.mp4', 'a.mp3', 'a.zip', 'a.gz', 'a.woff2', 'a.docx'])
      assert.equal(isCompressedFormat(contentType(name)), true, name);
    for (const name of ['a.html', 'a.svg', 'a.bmp', 'a.ico', 'a.json', 'a.wasm', 'a.ttf', 'a', 'a.pdf'])
      assert.equal(isCompressedFormat(contentType(name)), false, name);
  });
});
