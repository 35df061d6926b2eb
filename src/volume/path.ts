/**
 * Paths as a volume stores them: UTF-8 in Unicode normalisation form C, components separated by '/', no slash
 * at either end; the root directory's path is empty. Whoever writes or asks normalises, readers compare bytes.
 */
import { MAX_PATH_BYTES } from './limits.js';
import type { VolumeProblem } from './problem.js';

const SLASH = 0x2f;
const DOT = 0x2e;

/** Form only: length, no NUL, and no component that is empty, "." or ".."; for writers and the volume check. */
export function checkPath(b: Uint8Array, at: number, length: number): VolumeProblem {
  if (length > MAX_PATH_BYTES) return 'path';
  if (length === 0) return 'ok';
  let component = at;
  const end = at + length;
  for (let i = at; i <= end; i++) {
    if (i < end && b[i] === 0) return 'path';
    if (i < end && b[i] !== SLASH) continue;
    const componentBytes = i - component;
    if (componentBytes === 0) return 'path';
    if (componentBytes <= 2 && b[component] === DOT && b[i - 1] === DOT) return 'path';
    component = i + 1;
  }
  return 'ok';
}
