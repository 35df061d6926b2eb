/** The programs that a laboratory runs: started, awaited until ready, watched, ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

const READY_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 3_000;
const KEPT_LINES = 40;
/** How firmware begins the lines that tell of a crash (hosts/qemu/native/mcu-crash.c). */
const CRASH = 'crash: ';

export class LabProcess {
  readonly name: string;
  readonly ready: Promise<void>;
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #lastLines: string[] = [];
  #stopping = false;
  #hasEnded = false;

  /** The program prints a line starting with `ready` when it is. With `verbose`, its other lines go to stderr. */
  constructor(name: string, program: string, args: readonly string[], verbose: boolean) {
    this.name = name;
    this.#child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      // Ctrl-C is the command's and the laboratory's; these end when the laboratory says so.
      detached: true,
    });
    const child = this.#child;
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, signal) =>
        resolve(signal === null ? `exit status ${code}` : `signal ${signal}`),
      );
    }).then((how) => {
      this.#hasEnded = true;
      return how as string;
    });
    this.ready = new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${name} was not ready after ${READY_TIMEOUT_MS / 1000} s${this.lastWords()}`));
      }, READY_TIMEOUT_MS);
      for (const stream of [child.stdout!, child.stderr!])
        createInterface({ input: stream }).on('line', (line) => {
          if (line.startsWith('ready')) resolve();
          else this.#keep(line, verbose);
        });
      void this.ended.then((how) => {
        clearTimeout(timer);
        reject(new Error(`${name} ended before it was ready (${how})${this.lastWords()}`));
      });
      this.ready?.finally(() => clearTimeout(timer));
    });
    void this.ready.catch(() => undefined);
    child.stdin!.on('error', () => undefined);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  lastWords(): string {
    return this.#lastLines.length === 0 ? '' : `; its last lines:\n  ${this.#lastLines.join('\n  ')}`;
  }

  /** Ends the program at once, as a power cut would. */
  kill(): void {
    this.#stopping = true;
    this.#child.kill('SIGKILL');
  }

  /** Asks the program to end and waits for it; kills it when it does not. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#hasEnded) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.ended;
    clearTimeout(timer);
  }

  #keep(line: string, verbose: boolean): void {
    if (verbose) process.stderr.write(`[${this.name}] ${line}\n`);
    else if (line.startsWith(CRASH)) process.stderr.write(`atcp lab: ${this.name} ${line}\n`);
    this.#lastLines.push(line);
    if (this.#lastLines.length > KEPT_LINES) this.#lastLines.shift();
  }
}
