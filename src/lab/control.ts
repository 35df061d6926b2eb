/** Where the control socket of a laboratory's front-end is. */
import { join } from 'node:path';
import type { LabConfiguration } from './configuration.js';

export function controlSocketOf(lab: LabConfiguration): string {
  return join(lab.directory, 'control.sock');
}
