#!/usr/bin/env node
/**
 * Builds the XS engine and the project's POSIX host around it: `node hosts/xs/build.mjs` prints the path of the
 * executable. The result is cached by content (sources, flags, compiler), so a second run returns at once.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheRoot, fetchXsSources, pinnedPackage, settle, shortHash } from './sources.mjs';

const run = promisify(execFile);

const NATIVE = fileURLToPath(new URL('native', import.meta.url));
const EXECUTABLE = 'atcp-xs';

/** Snapshots of a heap are not used; everything else, parser included, is. */
const LEFT_OUT = ['xsSnapshot.c'];

/**
 * mxBoundsCheck is off by default in a release build, and stack overflows would then corrupt memory.
 * mxParse is for this host only: a microcontroller gets byte code.
 */
const FLAGS = [
  '-std=gnu11',
  '-O2',
  '-fno-common',
  '-ffunction-sections',
  '-fdata-sections',
  '-DINCLUDE_XSPLATFORM',
  '-DXSPLATFORM="xs-platform.h"',
  '-DmxRun=1',
  '-DmxParse=1',
  '-DmxBoundsCheck=1',
  '-DmxNoConsole=1',
  // Of hosts/xs/native/host-bytes.h.
  '-DATCP_XS_13=1',
];
/** XS names the line of an error only in its debug build, which is slower. */
const DEBUG_FLAGS = ['-g', '-DmxDebug=1'];
const ENGINE_FLAGS = ['-w'];
const OWN_FLAGS = ['-Wall', '-Wextra', '-Wno-unused-parameter'];
const LINK_FLAGS = process.platform === 'darwin' ? ['-Wl,-dead_strip'] : ['-Wl,--gc-sections', '-lm'];

/**
 * @param {{ log?: (line: string) => void, debug?: boolean }} [options] `debug`: stacks of errors with file and line
 * @returns {Promise<string>} path of the executable
 */
export async function buildXs({ log = () => {}, debug = false } = {}) {
  const compiler = process.env.CC || 'cc';
  const flags = debug ? [...FLAGS, ...DEBUG_FLAGS] : FLAGS;
  const [version, pinned, own] = await Promise.all([
    compilerVersion(compiler),
    pinnedPackage(),
    ownSources(),
  ]);
  const all = [version, pinned.integrity, ...flags, ...ENGINE_FLAGS, ...OWN_FLAGS, ...LINK_FLAGS];
  const folder = join(cacheRoot, `host-${shortHash(...all, ...own.map((file) => file.text))}`);
  const executable = join(folder, EXECUTABLE);
  if (existsSync(executable)) return executable;

  const xs = await fetchXsSources({ log });
  await mkdir(cacheRoot, { recursive: true });
  const work = await mkdtemp(join(cacheRoot, 'building-'));
  try {
    log(`compiling XS with ${version.split('\n')[0]}`);
    const include = ['includes', 'platforms', 'sources'].map((name) => `-I${join(xs, name)}`);
    const common = [...flags, ...include, `-I${NATIVE}`];
    const engine = (await readdir(join(xs, 'sources'))).filter(
      (name) => name.endsWith('.c') && !LEFT_OUT.includes(name),
    );
    const jobs = [
      ...engine.map((name) => ({ source: join(xs, 'sources', name), flags: [...common, ...ENGINE_FLAGS] })),
      ...own
        .filter((file) => file.path.endsWith('.c'))
        .map((file) => ({ source: file.path, flags: [...common, ...OWN_FLAGS] })),
    ];
    const objects = await compileAll(compiler, jobs, work, log);
    await mkdir(join(work, 'result'));
    await runCompiler(compiler, [...objects, '-o', join(work, 'result', EXECUTABLE), ...LINK_FLAGS]);
    await settle(join(work, 'result'), folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return executable;
}

async function compilerVersion(compiler) {
  try {
    const { stdout } = await run(compiler, ['--version']);
    return stdout;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    throw new Error(
      `no C compiler: "${compiler}" is not on the PATH. XS is compiled from source; install one ` +
        '(Debian and Ubuntu: apt install build-essential; macOS: xcode-select --install) or name it in CC.',
      { cause: error },
    );
  }
}

async function ownSources() {
  const names = (await readdir(NATIVE)).filter((name) => /\.[ch]$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const path = join(NATIVE, name);
      return { path, text: `${name}\n${await readFile(path, 'utf8')}` };
    }),
  );
}

/** Compiles with one compiler process a core, the longest files first. */
async function compileAll(compiler, jobs, folder, log) {
  const objects = [];
  const queue = [...jobs].sort((a, b) => rank(a) - rank(b));
  const worker = async () => {
    for (let job = queue.shift(); job; job = queue.shift()) {
      const object = join(folder, `${basename(job.source, '.c')}.o`);
      objects.push(object);
      const warnings = await runCompiler(compiler, [...job.flags, '-c', job.source, '-o', object]);
      if (warnings) log(warnings);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return objects;
}

function rank(job) {
  const slow = ['xsRun.c', 'xsre.c', 'xsdtoa.c', 'xsDataView.c', 'xsString.c', 'xsCode.c'];
  const index = slow.indexOf(basename(job.source));
  return index < 0 ? slow.length : index;
}

async function runCompiler(compiler, args) {
  try {
    const { stderr } = await run(compiler, args);
    return stderr.trim();
  } catch (error) {
    const what = args.find((arg) => arg.endsWith('.c')) ?? EXECUTABLE;
    throw new Error(`${compiler} can't build ${what}:\n${String(error.stderr || error.message).trim()}`, {
      cause: error,
    });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const debug = process.argv.includes('--debug');
    console.log(await buildXs({ log: (line) => console.error(line), debug }));
  } catch (error) {
    console.error(`build of XS failed: ${error.message}`);
    process.exitCode = 1;
  }
}
