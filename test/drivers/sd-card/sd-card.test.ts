import { pathToFileURL } from 'node:url';
import { type DiskBench, diskSuite } from './disk-suite.js';
import { driverSuite } from './driver-suite.js';
import { setBlocksInOneCall } from './model-bench.js';

for (const [bus, inOneCall] of [
  ['a plain SPI port', false],
  ['an SPI port that takes blocks in one call', true],
] as const) {
  describe(`SD card over ${bus}`, () => {
    before(() => setBlocksInOneCall(inOneCall));
    driverSuite();
  });
}

/** A module that exports `makeBench(): DiskBench | Promise<DiskBench>` for a board with a real card. */
const realBench = process.env['ATCP_SD_CARD_BENCH'];
if (realBench !== undefined) {
  diskSuite('a real card', async () => {
    const module = (await import(pathToFileURL(realBench).href)) as {
      makeBench(): DiskBench | Promise<DiskBench>;
    };
    return module.makeBench();
  });
}
