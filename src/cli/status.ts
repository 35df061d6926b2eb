/** `atcp status`: how a front-end that runs stands now. */
import { Command } from 'commander';
import { controlPath, fetchStatus } from '../control/client.js';
import { formatStatus } from './status-text.js';

interface StatusFlags {
  json: boolean;
  socket?: string;
}

export function statusCommand(): Command {
  return new Command('status')
    .description('boards, connections and counters of a front-end, and which board sent which bytes')
    .option('--json', 'everything, as JSON', false)
    .option('--socket <path>', "the front-end's control socket (default: ATCP_CONTROL)")
    .addHelpText(
      'after',
      '\nExample:\n  atcp lab --files ./site -- sh -c \'curl -sSO "$ATCP_URL/a.bin"; atcp status\'',
    )
    .action(async ({ json, socket }: StatusFlags) => {
      const status = await fetchStatus(controlPath(socket, process.env));
      process.stdout.write(json ? `${JSON.stringify(status, undefined, 2)}\n` : formatStatus(status));
    });
}
