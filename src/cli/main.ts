import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { labCommand } from './lab.js';
import { simulateCommand } from './simulate.js';
import { startCommand } from './start.js';
import { statusCommand } from './status.js';
import { traceCommand } from './trace.js';
import { volumeCommand } from './volume.js';

const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
  description: string;
};

const program = new Command('atcp')
  .description(manifest.description)
  .version(manifest.version)
  .showHelpAfterError("(try 'atcp --help')")
  .enablePositionalOptions()
  .addCommand(startCommand())
  .addCommand(labCommand())
  .addCommand(simulateCommand())
  .addCommand(statusCommand())
  .addCommand(traceCommand())
  .addCommand(volumeCommand());

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`atcp: ${error instanceof Error ? error.message : String(error)}\n`);
  if (process.env['ATCP_DEBUG'] !== undefined) throw error;
  process.exitCode = 1;
}
