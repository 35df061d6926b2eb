/** The vectors in a program that the Moddable SDK links, preloaded. */
import { isFrozen, runVectors } from '../preloaded.js';

function print(this: unknown, line: string): void {
  native('xs_linked_print').call(this, line);
}

function finish(this: unknown, failed: number): void {
  native('xs_linked_finish').call(this, failed);
}

if (isFrozen()) {
  finish(runVectors(print));
} else {
  print('Bail out! The vectors are not preloaded.');
  finish(1);
}
