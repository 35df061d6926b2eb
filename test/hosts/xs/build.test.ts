import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './xs.js';

const BUILD = fileURLToPath(new URL('../../../hosts/xs/build.mjs', import.meta.url));
const SOURCES = new URL('../../../hosts/xs/sources.mjs', import.meta.url).href;
const CACHE = fileURLToPath(new URL('../../../.cache/xs', import.meta.url));

function build(environment: Record<string, string>) {
  return run([
    'env',
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    process.execPath,
    BUILD,
  ]);
}

describe('building XS', function () {
  this.timeout(120_000);
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'atcp-build-'));
    assert.equal((await build({})).status, 0);
  });
  after(() => rmSync(folder, { recursive: true }));

  it('returns the same executable at once, without the network, when nothing changed', async () => {
    const first = await build({});
    const started = Date.now();
    const second = await build({ npm_config_registry: 'http://127.0.0.1:9', npm_config_cache: folder });
    assert.equal(second.status, 0, second.errors);
    assert.deepEqual(second.lines, first.lines);
    assert.ok(Date.now() - started < 2000);
  });

  it('says what to do when there is no C compiler', async () => {
    const { status, errors } = await build({ CC: 'no-such-compiler' });
    assert.equal(status, 1);
    assert.match(
      errors,
      /no C compiler: "no-such-compiler" is not on the PATH.*apt install build-essential/s,
    );
  });

  it('names the file that does not compile, and keeps nothing of a partial build', async () => {
    const compiler = join(folder, 'cc');
    writeFileSync(
      compiler,
      '#!/bin/sh\ncase "$*" in --version) echo fake 1.0;; *xsRun.c*) echo "xsRun.c: broken" >&2; exit 1;; esac\n',
      { mode: 0o755 },
    );
    const before = readdirSync(CACHE).sort();
    const { status, errors } = await build({ CC: compiler });
    assert.equal(status, 1);
    assert.match(errors, /can't build .*xsRun\.c:\nxsRun\.c: broken/);
    assert.deepEqual(readdirSync(CACHE).sort(), before);
  });

  it('refuses a tarball that is not the pinned one', async () => {
    const tarball = join(folder, 'other.tgz');
    writeFileSync(tarball, 'something else');
    const { verifyTarball } = (await import(SOURCES)) as {
      verifyTarball: (tarball: string, pinned: { package: string; integrity: string }) => Promise<void>;
    };
    const right =
      'sha512-dVvJxNkh2qwPfEKX0itcyhCSPRdO7tOatFwXVNh5v5/N2pv/rAyN5tY0xmxFeQfjQRnHiUTMrpZSA2uUQnTKNA==';
    await assert.rejects(
      verifyTarball(tarball, { package: 'p@1', integrity: right }),
      /p@1 is not what package\.json pins/,
    );
    const actual = await verifyTarball(tarball, { package: 'p@1', integrity: right }).catch(
      (error: Error) => /received (\S+)/.exec(error.message)![1]!,
    );
    await verifyTarball(tarball, { package: 'p@1', integrity: actual! });
  });
});
