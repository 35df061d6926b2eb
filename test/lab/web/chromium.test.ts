import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSampleSite } from '../../../src/lab/sample-site.js';
import { atcp, writeTree } from '../system/laboratory.js';

const PICTURES = 60;

/** A page that counts which of its pictures have come, and says so in the document. */
function page(): Buffer {
  const images = Array.from(
    { length: PICTURES },
    (_, i) => `<img src="pictures/plate%20${(i % 6) + 1}.png?${i}">`,
  );
  return Buffer.from(`<!doctype html><title>pictures</title><body>${images.join('\n')}<script>
    let loaded = 0, failed = 0;
    const tell = () => (document.body.dataset.result = loaded + ' loaded, ' + failed + ' failed');
    for (const image of document.images) {
      const done = () => { if (image.naturalWidth === 320) loaded++; else failed++; tell(); };
      if (image.complete) done(); else image.onload = image.onerror = done;
    }
  </script>`);
}

describe('web: a browser', function () {
  this.timeout(120_000);
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'atcp-test-'));
    makeSampleSite(join(folder, 'site'));
    writeTree(join(folder, 'site'), { 'many.html': page() });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it(`Chromium shows a page with ${PICTURES} pictures from two boards`, () => {
    const chromium = [
      'chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking',
      '--disable-component-update --disable-sync --timeout=60000 --virtual-time-budget=30000',
      `--user-data-dir=${join(folder, 'profile')} --dump-dom "$ATCP_URL/many.html" 2>/dev/null`,
    ].join(' ');
    const site = ['--boards', '2', '--board', 'xs', '--files', join(folder, 'site')];
    const run = atcp('lab', ...site, '--', 'sh', '-c', chromium);
    assert.equal(run.status, 0, run.stderr);
    assert.match(
      run.stdout,
      new RegExp(`data-result="${PICTURES} loaded, 0 failed"`),
      run.stdout.slice(0, 300),
    );
  });
});
