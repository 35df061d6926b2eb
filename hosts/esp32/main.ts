/** Runs at boot. The only module that is not preloaded, since C functions cannot be called before that. */
import config from 'mc/config';
import { startFirmware } from './firmware.js';
import { print } from './native.js';

try {
  startFirmware(config);
} catch (error) {
  print(`atcp: ${(error as Error).message}`);
}
