import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findSdk, SDK_VERSION, SdkError } from '../../../tools/sdk/moddable.js';

describe('the search for the Moddable SDK', () => {
  const folder = mkdtempSync(join(tmpdir(), 'atcp-moddable-'));
  const machine = process.platform === 'darwin' ? 'mac' : 'lin';
  const tools = join(folder, 'build', 'bin', machine, 'release');
  after(() => rmSync(folder, { recursive: true, force: true }));

  function refuses(moddable: string | undefined, message: RegExp): void {
    assert.throws(
      () => findSdk(moddable === undefined ? {} : { MODDABLE: moddable }),
      (error) => error instanceof SdkError && message.test(error.message),
    );
  }

  it('says what MODDABLE is for when it is not set', () => {
    refuses(undefined, /^MODDABLE is not set: .*8\.2\.3/);
    refuses('', /^MODDABLE is not set/);
  });

  it('says that there is no SDK', () => refuses(folder, /no Moddable SDK is there/));

  it('refuses another version and names both', () => {
    mkdirSync(join(folder, 'tools'));
    writeFileSync(join(folder, 'tools', 'VERSION'), '7.1.0\n');
    refuses(folder, /is version 7\.1\.0: check out version 8\.2\.3/);
  });

  it('says which tool is not built', () => {
    writeFileSync(join(folder, 'tools', 'VERSION'), `${SDK_VERSION}\n`);
    refuses(folder, /mcconfig is missing: build the SDK's tools/);
  });

  it('finds one that is whole', () => {
    mkdirSync(tools, { recursive: true });
    for (const name of ['mcconfig', 'xsc', 'xsid', 'xsl']) writeFileSync(join(tools, name), '');
    assert.deepEqual(findSdk({ MODDABLE: folder }), { folder, machine, tools });
  });
});
