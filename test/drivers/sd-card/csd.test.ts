import assert from 'node:assert/strict';
import { csdSectorCount } from '../../../drivers/sd-card/csd.js';

/** The register as [SD] 5.3 draws it: fields by their highest and lowest bit. */
function csd(fields: readonly (readonly [high: number, low: number, value: number])[]): Uint8Array {
  const b = new Uint8Array(3 + 16).fill(0xa5, 0, 3);
  for (const [high, low, value] of fields)
    for (let bit = low; bit <= high; bit++)
      if (Math.floor(value / 2 ** (bit - low)) % 2 === 1) b[3 + 15 - (bit >> 3)]! |= 1 << (bit & 7);
  return b;
}

function version1(cSize: number, cSizeMult: number, readBlLen: number): Uint8Array {
  return csd([
    [127, 126, 0],
    [119, 112, 0x26],
    [83, 80, readBlLen],
    [73, 62, cSize],
    [61, 50, 0xfff],
    [49, 47, cSizeMult],
    [46, 39, 0xff],
  ]);
}

function version2(cSize: number): Uint8Array {
  return csd([
    [127, 126, 1],
    [119, 112, 0x0e],
    [83, 80, 9],
    [69, 48, cSize],
    [46, 39, 0xff],
  ]);
}

describe('SD card CSD', () => {
  it('capacity, version 1.0', () => {
    assert.equal(csdSectorCount(version1(2000, 3, 9), 3), 2001 * 32); // [SD] 5.3.2's example: 32 MB
    assert.equal(csdSectorCount(version1(0, 0, 9), 3), 4);
    assert.equal(csdSectorCount(version1(4095, 7, 9), 3), 2_097_152); // 1 GB
    assert.equal(csdSectorCount(version1(4095, 7, 10), 3), 4_194_304); // 2 GB
    assert.equal(csdSectorCount(version1(4095, 7, 11), 3), 8_388_608);
    assert.equal(csdSectorCount(version1(4095, 7, 8), 3), 0); // reserved
    assert.equal(csdSectorCount(version1(4095, 7, 12), 3), 0);
  });

  it('capacity, version 2.0', () => {
    assert.equal(csdSectorCount(version2(0x1010), 3), 4_211_712); // [SD] 5.3.3: the smallest SDHC card
    assert.equal(csdSectorCount(version2(0xffff), 3), 67_108_864); // the smallest SDXC card
    assert.equal(csdSectorCount(version2(0x3ffeff), 3), 4_294_705_152); // the largest
  });

  it('unknown structures have no capacity', () => {
    assert.equal(csdSectorCount(csd([[127, 126, 2]]), 3), 0); // SDUC
    assert.equal(csdSectorCount(csd([[127, 126, 3]]), 3), 0);
  });
});
