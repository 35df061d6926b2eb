import assert from 'node:assert/strict';
import { formatSize, parseSize } from '../../../src/volume/tool/size.js';

describe('sizes', () => {
  it('are read', () => {
    const cases: [string, number][] = [
      ['64M', 2 ** 26],
      ['4G', 2 ** 32],
      ['1.5g', 1.5 * 2 ** 30],
      ['512K', 2 ** 19],
      ['2TiB', 2 ** 41],
      ['8MB', 2 ** 23],
      ['1048576', 2 ** 20],
    ];
    for (const [text, bytes] of cases) assert.equal(parseSize(text), bytes, text);
  });

  it('are refused', () => {
    for (const text of ['', 'M', '0', '-4M', '4X', '1e9', '4 G 5', '99999999T']) {
      assert.throws(() => parseSize(text), /is not a size; write a number/, text);
    }
  });

  it('are written', () => {
    assert.deepEqual([0, 1, 1023, 1024, 1536, 2 ** 26, 10 ** 10].map(formatSize), [
      '0 bytes',
      '1 bytes',
      '1023 bytes',
      '1 KiB',
      '1.5 KiB',
      '64 MiB',
      '9.3 GiB',
    ]);
  });
});
