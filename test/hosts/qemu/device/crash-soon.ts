/** A board that gives up a second after it was ready. */
import * as mcu from '../../../../hosts/qemu/device/mcu.js';

function main(): void {
  mcu.print('ready');
  const endUs = mcu.nowUs() + 1_000_000;
  while (mcu.nowUs() < endUs) mcu.waitUntil(endUs);
  throw new Error('thrown after a while');
}

mcu.start(main);
