/** The vectors on the POSIX host of XS, preloaded: `--preload test/vectors/preloaded.js`. */
import { exit, print } from '../../hosts/xs/device/posix.js';
import { isFrozen, runVectors } from './preloaded.js';

if (!isFrozen()) {
  print('Bail out! The vectors are not preloaded.');
  exit(1);
}
exit(runVectors(print) === 0 ? 0 : 1);
