/** The Moddable SDK of the user. Nothing here fetches or builds one. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const SDK_VERSION = '8.2.3';
const SETUP = 'https://www.moddable.com/documentation/Moddable%20SDK%20-%20Getting%20Started';
/** What the SDK calls this machine. */
const MACHINES: Partial<Record<NodeJS.Platform, string>> = { linux: 'lin', darwin: 'mac' };

/** Something that the user can put right; its message says how. */
export class SdkError extends Error {
  override readonly name = 'SdkError';
}

export interface ModdableSdk {
  readonly folder: string;
  /** `lin` or `mac`. */
  readonly machine: string;
  /** Where mcconfig, xsc and xsl are. */
  readonly tools: string;
}

/** The SDK that MODDABLE names. Throws an {@link SdkError} when there is none that will do. */
export function findSdk(environment: NodeJS.ProcessEnv): ModdableSdk {
  const machine = MACHINES[process.platform];
  if (machine === undefined)
    throw new SdkError(`the Moddable SDK is used on Linux and macOS, not on ${process.platform}`);
  const folder = environment['MODDABLE'];
  if (!folder) {
    throw new SdkError(
      `MODDABLE is not set: it is to name the folder of the Moddable SDK ${SDK_VERSION}. Install it (${SETUP}) and set it.`,
    );
  }
  const versionFile = join(folder, 'tools', 'VERSION');
  if (!existsSync(versionFile)) {
    throw new SdkError(
      `MODDABLE is ${folder}, and no Moddable SDK is there (no tools/VERSION): set it to the SDK's folder`,
    );
  }
  const version = readFileSync(versionFile, 'utf8').trim();
  if (version !== SDK_VERSION) {
    throw new SdkError(
      `the Moddable SDK in ${folder} is version ${version}: check out version ${SDK_VERSION} there and build its tools`,
    );
  }
  const tools = join(folder, 'build', 'bin', machine, 'release');
  for (const tool of ['mcconfig', 'xsc', 'xsid', 'xsl']) {
    if (!existsSync(join(tools, tool))) {
      throw new SdkError(
        `${join(tools, tool)} is missing: build the SDK's tools (make in ${folder}/build/makefiles/${machine})`,
      );
    }
  }
  return { folder, machine, tools };
}

/** Throws an {@link SdkError} unless the programs, and the library that the SDK's own host needs, are there. */
export function checkPrograms(sdk: ModdableSdk): void {
  const needed: [string, string[], string][] = [
    ['make', ['--version'], 'make'],
    ['git', ['--version'], 'git'],
  ];
  if (sdk.machine === 'lin')
    needed.push(['pkg-config', ['--exists', 'gio-2.0'], 'pkg-config libglib2.0-dev']);
  for (const [program, args, packages] of needed) {
    try {
      execFileSync(program, args, { stdio: 'ignore' });
    } catch (error) {
      const what = [program, ...args].join(' ');
      throw new SdkError(`"${what}" fails: install it (Debian: apt-get install ${packages})`, {
        cause: error,
      });
    }
  }
}

export interface Output {
  readonly status: number | null;
  readonly lines: readonly string[];
}

/** Runs a program with the SDK's tools and the project's TypeScript on the path; hands every line on. */
export function runWithSdk(
  sdk: ModdableSdk,
  project: string,
  [program, ...args]: readonly [string, ...string[]],
  onLine: (line: string) => void = () => {},
  environment: NodeJS.ProcessEnv = {},
): Promise<Output> {
  const path = [sdk.tools, join(project, 'node_modules', '.bin'), process.env['PATH']].join(delimiter);
  const env = { ...process.env, MODDABLE: sdk.folder, PATH: path, ...environment };
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (text: string) => {
        const parts = (rest + text).split('\n');
        rest = parts.pop()!;
        for (const line of parts) {
          lines.push(line);
          onLine(line);
        }
      });
      stream.on('end', () => {
        if (rest !== '') lines.push(rest);
      });
    }
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, lines }));
  });
}
