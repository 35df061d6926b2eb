/** The suite that the card model passes, on a model of somebody else's: the SD card of QEMU, and the driver on XS. */
import { diskSuite } from '../../drivers/sd-card/disk-suite.js';
import { makeQemuBench } from './remote-disk.js';

const GIB = 2 ** 30;

describe('SD card of QEMU', function () {
  this.timeout(180_000);
  diskSuite('SDSC of 64 MB', () => makeQemuBench(64 * 2 ** 20));
  diskSuite('SDSC of 2 GB', () => makeQemuBench(2 * GIB));
  diskSuite('SDHC of 4 GB', () => makeQemuBench(4 * GIB));
});
