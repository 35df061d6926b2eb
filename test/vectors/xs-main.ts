/** The vectors on the POSIX host of XS. */
import { exit, print } from '../../hosts/xs/device/posix.js';
import { runVectors } from './run.js';

exit(runVectors(print) === 0 ? 0 : 1);
