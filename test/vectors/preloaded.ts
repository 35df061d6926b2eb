/** What is preloaded when the vectors run from flash: all of them, and with them the firmware. */
export { isFrozen } from './frozen.js';
export { runVectors } from './run.js';
