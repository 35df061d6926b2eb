/** `atcp lab`: a whole ATCP network on this machine, around one command. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { existsSync, statSync } from 'node:fs';
import {
  BOARD_KINDS,
  type BoardKind,
  type BoardKill,
  type SwitchKind,
  type WebMode,
} from '../lab/configuration.js';
import { runLab } from '../lab/lab.js';

const MAX_BOARDS = 64;

function wholeNumber(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < lowest || value > highest)
      throw new InvalidArgumentError(`a whole number from ${lowest} to ${highest} is wanted`);
    return value;
  };
}

function probability(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError('a probability from 0 to 1 is wanted');
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value < 1e6))
    throw new InvalidArgumentError('a number of 0 or more is wanted');
  return value;
}

function boardKinds(text: string): BoardKind[] {
  return text.split(',').map((kind) => {
    if (!(BOARD_KINDS as readonly string[]).includes(kind))
      throw new InvalidArgumentError(
        `a board is one of ${BOARD_KINDS.join(', ')}, or a list of them with commas`,
      );
    return kind as BoardKind;
  });
}

function kill(text: string, earlier: BoardKill[]): BoardKill[] {
  const [, board, afterMs] = /^(\d+)@(\d+)$/.exec(text) ?? [];
  if (board === undefined || afterMs === undefined)
    throw new InvalidArgumentError('BOARD@MS is wanted: the number of a board, from 1, and milliseconds');
  return [...earlier, { board: Number(board), afterMs: Number(afterMs) }];
}

function killsOfBoards(flags: LabFlags, boards: number, command: Command): BoardKill[] {
  const stranger = flags.kill.find(({ board }) => board < 1 || board > boards);
  if (stranger !== undefined)
    command.error(`error: --kill names board ${stranger.board}; the boards are numbered 1 to ${boards}`);
  return flags.kill;
}

function folder(text: string): string {
  if (!existsSync(text) || !statSync(text).isDirectory())
    throw new InvalidArgumentError(`there is no folder '${text}'`);
  return text;
}

/** `--board xs,node --boards 3` is xs, node, xs; without `--boards` there are as many boards as kinds named. */
export function boardList(kinds: readonly BoardKind[], count: number | undefined): BoardKind[] {
  return Array.from({ length: count ?? kinds.length }, (_, i) => kinds[i % kinds.length]!);
}

interface LabFlags {
  kill: BoardKill[];
  webMode: WebMode;
  timestamps: boolean;
  switch: SwitchKind;
  boards?: number;
  board: BoardKind[];
  files?: string;
  loss: number;
  reorder: number;
  duplicate: number;
  corrupt: number;
  delay: number;
  faultsOn: 'client' | 'boards' | 'all';
  rate?: number;
  seed: number;
  pcap?: string;
  verbose: boolean;
}

/** The kernel's bridge forwards; it does nothing else. */
function refuseFaultsOnBridge(flags: LabFlags, command: Command): void {
  if (flags.switch !== 'bridge') return;
  const names = ['loss', 'reorder', 'duplicate', 'corrupt', 'delay', 'rate', 'pcap'] as const;
  const given = names.filter((name) => Boolean(flags[name])).map((name) => `--${name}`);
  if (given.length > 0)
    command.error(
      `error: ${given.join(', ')} can't be had with --switch bridge; leave it out for the virtual switch`,
    );
}

export function labCommand(): Command {
  return new Command('lab')
    .description(
      'run a command as the client of a laboratory: boards, front-end and switch in network namespaces',
    )
    .passThroughOptions()
    .argument('<command...>', 'what the client runs; write -- before it')
    .option('--boards <n>', 'how many boards', wholeNumber(1, MAX_BOARDS))
    .option(
      '--board <kinds>',
      `what the boards are: ${BOARD_KINDS.join(', ')}, or several with commas`,
      boardKinds,
      ['xs'],
    )
    .option('--files <folder>', 'what the boards hold on their cards', folder)
    .addOption(
      new Option('--switch <kind>', 'what joins them').choices(['virtual', 'bridge']).default('virtual'),
    )
    .option('--loss <p>', 'probability that a frame is lost', probability, 0)
    .option('--reorder <p>', 'probability that a frame is overtaken', probability, 0)
    .option('--duplicate <p>', 'probability that a frame comes twice', probability, 0)
    .option('--corrupt <p>', 'probability that a frame is damaged', probability, 0)
    .option('--delay <ms>', 'one-way delay of a port', positive, 0)
    .addOption(
      new Option('--faults-on <ports>', 'where these happen')
        .choices(['client', 'boards', 'all'])
        .default('client'),
    )
    .option('--rate <mbit>', 'limit of a board’s port, each way', positive)
    .option('--seed <n>', 'decides every fault', wholeNumber(0, 0xffff_ffff), 1)
    .option('--pcap <file>', 'capture of every port, as pcapng')
    .addOption(
      new Option(
        '--web-mode <mode>',
        'who makes the answers: the front-end, or the boards from relayed requests',
      )
        .choices(['decoded', 'relayed'])
        .default('decoded'),
    )
    .option('--timestamps', 'the front-end agrees to TCP timestamps (RFC 7323)', false)
    .option(
      '--kill <board@ms>',
      'cut a board’s power so long after the command began; may be repeated',
      kill,
      [],
    )
    .option('--verbose', 'show what the parts of the laboratory say', false)
    .addHelpText(
      'after',
      `
The command sees ATCP_VIP, ATCP_URL, over IPv6 ATCP_VIP6 and ATCP_URL6, ATCP_BOARDS and ATCP_WEB_PORT; its exit status is the laboratory's. Within it,
'atcp status' and 'atcp trace' show what the front-end does.

Example:
  atcp lab --boards 2 --files ./site -- sh -c 'curl -sS "$ATCP_URL/index.html"'`,
    )
    .action(async (command: string[], flags: LabFlags, self: Command) => {
      refuseFaultsOnBridge(flags, self);
      process.exitCode = await runLab({
        boards: boardList(flags.board, flags.boards),
        files: flags.files,
        switch: flags.switch,
        faults: {
          loss: flags.loss,
          reorder: flags.reorder,
          duplicate: flags.duplicate,
          corrupt: flags.corrupt,
          delayMs: flags.delay,
        },
        faultsOn: flags.faultsOn,
        rateMbit: flags.rate,
        seed: flags.seed,
        pcap: flags.pcap,
        webMode: flags.webMode,
        timestamps: flags.timestamps,
        kills: killsOfBoards(flags, boardList(flags.board, flags.boards).length, self),
        verbose: flags.verbose,
        progress: process.stderr.isTTY === true,
        command,
      });
    });
}
