/** `atcp trace`: what a front-end does, line by line while it happens. */
import { Command } from 'commander';
import { controlPath, followTrace } from '../control/client.js';
import type { TraceStart } from '../control/protocol.js';
import { formatTraceLine } from './trace-text.js';

interface TraceFlags {
  json: boolean;
  verbose: boolean;
  socket?: string;
}

export function traceCommand(): Command {
  return new Command('trace')
    .description('what a front-end does, one line an event, until it ends or you do')
    .option('--json', 'one JSON object a line', false)
    .option('--verbose', 'every statement 29 and 27 of every delegation, too', false)
    .option('--socket <path>', "the front-end's control socket (default: ATCP_CONTROL)")
    .addHelpText(
      'after',
      `
The columns are the time (UTC), the packet's number in Fig. 2 and the point of Figs. 3 to 10.

Example:
  atcp lab --files ./site -- sh -c 'atcp trace & sleep 1; curl -sSO "$ATCP_URL/a.bin"'`,
    )
    .action(trace);
}

async function trace({ json, verbose, socket }: TraceFlags): Promise<void> {
  // Whoever reads this has seen enough (`atcp trace | head`).
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  let start: TraceStart | undefined;
  for await (const line of followTrace(controlPath(socket, process.env), verbose)) {
    if (line.event === 'listening') start = line;
    process.stdout.write(`${json ? JSON.stringify(line) : formatTraceLine(line, start!)}\n`);
  }
  process.stderr.write('atcp trace: the front-end has ended\n');
}
