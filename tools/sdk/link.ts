/** Links programs of the project with the user's SDK. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type ModdableSdk, type Output, runWithSdk, SdkError } from './moddable.js';

export interface LinkRequest {
  readonly sdk: ModdableSdk;
  /** Top of the project. */
  readonly project: string;
  /** Path of the manifest from there. */
  readonly manifest: string;
  /** As mcconfig's -p. */
  readonly platform: string;
  /** An empty folder for everything that is made. */
  readonly folder: string;
  /** Called with each step that make announces. */
  readonly onStep: (step: string) => void;
}

export interface Linked {
  /** What the tools said about the project's files. */
  readonly warnings: readonly string[];
  /** Folder of the linked heap, mc.xs.c. */
  readonly folder: string;
}

/**
 * mcconfig refuses to work for an ESP32 without ESP-IDF, of which linking needs nothing but the name of its version:
 * an empty repository with that name will do.
 */
function pretendIdf(folder: string): string {
  const idf = join(folder, 'no-idf');
  mkdirSync(idf);
  const git = (...args: string[]): void => {
    const identity = [
      '-c',
      'user.name=check',
      '-c',
      'user.email=check@localhost',
      '-c',
      'commit.gpgsign=false',
    ];
    execFileSync('git', [...identity, ...args], { cwd: idf, stdio: 'ignore' });
  };
  git('init');
  git('commit', '--allow-empty', '--message', 'No ESP-IDF');
  git('tag', 'v6.0');
  return idf;
}

/** Compiles and links all TypeScript for an ESP32: everything but C. */
export async function linkForEsp32(request: LinkRequest): Promise<Linked> {
  const { platform, folder } = request;
  const board = basename(platform.slice(platform.indexOf(':') + 1));
  const environment = { IDF_PATH: pretendIdf(folder) };
  const made = join(folder, 'tmp', 'esp32', board, 'release', programName(request));
  const subclass = 'esp32s3';
  // ESP-IDF would make this file from its configuration.
  const configuration = join(made, `xsProj-${subclass}`, 'build', 'config', 'sdkconfig.h');
  const makeArguments = ['--old-file', configuration, join(made, 'mc.xs.c')];
  return { folder: made, warnings: await build(request, made, makeArguments, environment) };
}

/** Builds a program for this machine; its executable is `bin/<machine>/release/<name>` in the folder. */
export async function linkForThisMachine(request: LinkRequest): Promise<Linked & { executable: string }> {
  const { folder, sdk } = request;
  const name = programName(request);
  const made = join(folder, 'tmp', sdk.machine, 'release', name);
  const warnings = await build(request, made, [], {});
  return { folder: made, warnings, executable: join(folder, 'bin', sdk.machine, 'release', name) };
}

/** mcconfig names a program after the folder of its manifest. */
function programName({ project, manifest }: LinkRequest): string {
  return basename(dirname(join(project, manifest)));
}

async function build(
  { sdk, project, manifest, platform, folder, onStep }: LinkRequest,
  made: string,
  makeArguments: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<string[]> {
  const onLine = (line: string): void => {
    if (line.startsWith('# ')) onStep(line.slice(2));
  };
  const run = async (...command: [string, ...string[]]): Promise<readonly string[]> => {
    const output = await runWithSdk(sdk, project, command, onLine, environment);
    if (output.status !== 0) throw new SdkError(failure(command[0], output));
    return output.lines;
  };
  const configured = await run('mcconfig', '-o', folder, '-p', platform, manifest);
  const linked = await run('make', '-f', join(made, 'makefile'), ...makeArguments);
  return [...configured, ...linked].filter((line) => isWarning(line, project));
}

/** xsl and mcconfig begin their own with "###"; compilers name the file. */
function isWarning(line: string, project: string): boolean {
  return /\bwarning\b/i.test(line) && (line.includes('###') || line.includes(project) || /\.ts\b/.test(line));
}

function failure(program: string, { status, lines }: Output): string {
  const told = lines.filter((line) => !line.startsWith('# ')).slice(-20);
  return [`${program} ended with status ${status}:`, ...told].join('\n');
}

const SLOT_BYTES = 16;

/** What the linked heap takes in flash. */
export function flashSizes(linked: Linked): {
  slots: number;
  slotBytes: number;
  keys: number;
  aliases: number;
} {
  const text = readFileSync(join(linked.folder, 'mc.xs.c'), 'utf8');
  const figure = (name: string): number => {
    const match = new RegExp(`^#define ${name} (\\d+)$`, 'm').exec(text);
    if (!match) throw new Error(`mc.xs.c has no ${name}: xsl of another version?`);
    return Number(match[1]);
  };
  const slots = figure('mxHeapCount');
  return {
    slots,
    slotBytes: slots * SLOT_BYTES,
    keys: figure('mxKeysCount'),
    aliases: figure('mxAliasCount'),
  };
}
