/**
 * The inside of a laboratory: the first process of its namespaces. It makes the network, starts switch, boards and
 * front-end, runs the command in the client's namespace and ends with the command's status.
 *
 *   [client]──veth──┐                    ┌──veth──[front-end]
 *                   └────── switch ──────┘
 *                    UDP datagrams │ one raw frame each
 *                        board-1 … board-N
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { boardCommand } from './boards.js';
import { LAB_ADDRESS, type LabConfiguration } from './configuration.js';
import { CONTROL_VARIABLE } from '../control/client.js';
import { controlSocketOf } from './control.js';
import { hasIpv6, makeNetwork, switchProcesses } from './network.js';
import { LabProcess } from './processes.js';

const compiled = fileURLToPath(new URL('..', import.meta.url));
const program = (path: string): string => join(compiled, path);

function clientEnvironment(configuration: LabConfiguration): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ATCP_VIP: LAB_ADDRESS.vip,
    ATCP_URL: `http://${LAB_ADDRESS.vip}`,
    ...(hasIpv6() ? { ATCP_VIP6: LAB_ADDRESS.vip6, ATCP_URL6: `http://[${LAB_ADDRESS.vip6}]` } : {}),
    ATCP_WEB_PORT: String(LAB_ADDRESS.webPort),
    ATCP_TFTP_PORT: String(LAB_ADDRESS.tftpPort),
    ATCP_STREAM_PORT: String(LAB_ADDRESS.streamPort),
    ATCP_BOARDS: String(configuration.boards.length),
    [CONTROL_VARIABLE]: controlSocketOf(configuration),
  };
}

const INTERRUPT_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** How long the command may take to end when it is asked to. */
const PATIENCE_MS = 5_000;
type InterruptSignal = (typeof INTERRUPT_SIGNALS)[number];

/** Ctrl-C, a signal, or the end of the outside: the command is asked to end, and its status is that of the first. */
class Interruption {
  status = 0;
  #command: ChildProcess | undefined;

  constructor() {
    for (const signal of INTERRUPT_SIGNALS) process.on(signal, () => this.#happen(signal));
    // The other end of this pipe is the outside: it says which signal it got, or just ends, however it ends.
    const outside = new Socket({ fd: 3 });
    outside.on('error', () => undefined);
    outside.on('data', (name) => this.#happen(name.toString() as InterruptSignal));
    outside.on('close', () => this.#happen('SIGTERM'));
  }

  watch(command: ChildProcess): void {
    this.#command = command;
  }

  #happen(signal: InterruptSignal): void {
    if (this.status === 0) setTimeout(() => this.#command?.kill('SIGKILL'), PATIENCE_MS).unref();
    this.status ||= 128 + constants.signals[signal];
    this.#command?.kill(signal);
  }
}

function runCommand(configuration: LabConfiguration, interruption: Interruption): Promise<number> {
  const [name, ...args] = configuration.command;
  return new Promise((resolve) => {
    const child = spawn('ip', ['netns', 'exec', 'client', name!, ...args], {
      stdio: 'inherit',
      env: clientEnvironment(configuration),
    });
    interruption.watch(child);
    child.once('error', (error) => {
      process.stderr.write(`atcp lab: can't start '${name}': ${error.message}\n`);
      resolve(127);
    });
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  });
}

async function main(): Promise<number> {
  const configuration = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as LabConfiguration;
  const interruption = new Interruption();
  const processes: LabProcess[] = [];
  const start = (name: string, file: string, args: readonly string[]): LabProcess => {
    const started = new LabProcess(name, file, args, configuration.verbose);
    processes.push(started);
    void started.ended.then((how) => {
      if (!started.stopping)
        process.stderr.write(`atcp lab: ${name} ended by itself (${how})${started.lastWords()}\n`);
    });
    return started;
  };
  try {
    makeNetwork(configuration);
    const node = process.execPath;
    for (const { name, configuration: switching } of switchProcesses(configuration))
      await start(name, node, [program('lab/switch/main.js'), JSON.stringify(switching)]).ready;
    const boards: LabProcess[] = [];
    for (const board of configuration.boards) {
      const [file, ...args] = await boardCommand(board, configuration);
      boards.push(start(`board-${board.id}`, file!, args));
    }
    await Promise.all(boards.map((board) => board.ready));
    const frontEnd = [program('lab/front-end-main.js'), process.argv[2]!];
    await start('front-end', 'ip', ['netns', 'exec', 'front-end', node, ...frontEnd]).ready;
    for (const { board, afterMs } of configuration.kills)
      setTimeout(() => boards[board - 1]!.kill(), afterMs).unref();
    const status = interruption.status === 0 ? await runCommand(configuration, interruption) : 0;
    return interruption.status === 0 ? status : interruption.status;
  } finally {
    // The switch last: it writes the capture.
    for (const started of processes.reverse()) await started.stop();
  }
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    process.stderr.write(`atcp lab: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
