import assert from 'node:assert/strict';
import {
  createWebService,
  DEFAULT_WEB_CONFIGURATION,
  webConfiguration,
  type WebConfiguration,
} from '../../../src/services/web/index.js';
import { MemoryBackEnds } from './memory-back-ends.js';

describe('services/web: configuration', () => {
  it('has defaults that are in order, and takes what is set', () => {
    assert.deepEqual(webConfiguration(), DEFAULT_WEB_CONFIGURATION);
    const configuration = webConfiguration({ listing: true, maxRanges: 3 });
    assert.deepEqual(configuration, { ...DEFAULT_WEB_CONFIGURATION, listing: true, maxRanges: 3 });
    assert.ok(Object.isFrozen(configuration));
  });

  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ maxRange: 3 }, /no setting "maxRange"/],
    [{ toString: 1 }, /no setting "toString"/],
    [{ mode: 'encoded' }, /mode must be one of decoded, relayed/],
    [{ listing: 'yes' }, /listing must be true or false/],
    [{ maxRanges: 0 }, /maxRanges is 0; it must be a whole number from 1/],
    [{ maxRanges: 1.5 }, /maxRanges is 1\.5/],
    [{ maxRanges: '3' }, /maxRanges is 3; it must be a whole number/],
    [{ keepAliveTimeoutMs: Infinity }, /keepAliveTimeoutMs is Infinity/],
    [{ progressTimeoutMs: NaN }, /progressTimeoutMs is NaN/],
    [{ maxTargetBytes: 0x8000 }, /maxTargetBytes \(32768\) must be below maxHeaderBytes/],
    [{ headersTimeoutMs: 60_000 }, /headersTimeoutMs \(60000\) must not exceed requestTimeoutMs/],
    [{ indexName: 'a/b' }, /indexName/],
    [{ indexName: '..' }, /indexName/],
    [{ indexName: '' }, /indexName/],
    [{ cacheControl: 'no-cache\r\nX: y' }, /cacheControl/],
    [{ cacheControl: '' }, /cacheControl/],
  ];
  for (const [settings, reason] of wrong)
    it(`refuses ${JSON.stringify(settings)}`, () =>
      assert.throws(() => webConfiguration(settings as Partial<WebConfiguration>), reason));

  it('refuses to relay without something that does', () => {
    assert.throws(
      () => createWebService({ backEnds: new MemoryBackEnds(), configuration: { mode: 'relayed' } }),
      /needs a handler that relays/,
    );
  });
});
