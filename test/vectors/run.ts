/** Runs all vectors and prints a line for each, in the Test Anything Protocol (TAP 14). */
import { allVectors } from './index.js';

/** Returns how many vectors failed. */
export function runVectors(print: (line: string) => void): number {
  let failed = 0;
  print(`1..${allVectors.length}`);
  allVectors.forEach((vector, i) => {
    const problem = problemOf(() => vector.run());
    print(`${problem === undefined ? 'ok' : 'not ok'} ${i + 1} - ${vector.name}`);
    if (problem !== undefined) {
      print(`# ${problem.replaceAll('\n', '\n# ')}`);
      failed++;
    }
  });
  return failed;
}

function problemOf(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error);
  }
}
