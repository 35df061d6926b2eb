#!/usr/bin/env node
/**
 * Builds the firmware for QEMU's sifive_u board: `node hosts/qemu/build.mjs` prints the path of the ELF file. XS and
 * the C host are compiled for rv32imac, the device modules to byte code on this machine. Everything is cached by
 * content, so a second run returns at once.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fetchXsSources, pinnedPackage, projectRoot, settle, shortHash } from '../xs/sources.mjs';
import { bundledModules, bundleModules } from './bundle.mjs';

const run = promisify(execFile);

export const QEMU = 'qemu-system-riscv32';
const PREFIX = 'riscv64-unknown-elf-';
const CROSS = `${PREFIX}gcc`;
const PICOLIBC = '/usr/lib/picolibc/riscv64-unknown-elf';
const DEBIAN_PACKAGES = {
  'qemu-system-misc': () => hasProgram(QEMU),
  'gcc-riscv64-unknown-elf': () => hasProgram(CROSS),
  'picolibc-riscv64-unknown-elf': () => existsSync(PICOLIBC),
};

const HERE = fileURLToPath(new URL('.', import.meta.url));
const NATIVE = join(HERE, 'native');
const COMPILER = join(HERE, 'compiler');
const SHARED = join(HERE, '..', 'xs', 'native');
/** Of hosts/xs: what every host has in common. */
const SHARED_FILES = ['byte-loops.c', 'byte-loops.h', 'host-bytes.h', 'module-path.h', 'code-in-place.h'];
const CACHE = join(projectRoot, '.cache', 'qemu');
export const MAIN_MODULE = 'hosts/qemu/device/main.js';

/** XS without its parser, debugger and snapshots. */
const RUNTIME = (
  'All API Arguments Array Atomics BigInt Boolean Common DataView Date Debug Defaults Error Function Generator ' +
  'Global JSON Lockdown MapSet Marshall Math Memory Module Number Object Platforms Profile Promise Property Proxy ' +
  'RegExp Run String Symbol Type dtoa re mc'
)
  .split(' ')
  .map((name) => `xs${name}.c`);
const PARSER = 'BigInt Code Common dtoa Lexical re Scope Script SourceMap Syntaxical Tree'
  .split(' ')
  .map((name) => `xs${name}.c`);

const MACHINE = ['-march=rv32imac_zicsr', '-mabi=ilp32'];
const LIBRARY = ['--specs=picolibc.specs', '-DPICOLIBC_INTEGER_PRINTF_SCANF'];
/** mxBoundsCheck is off by default in a release build, and stack overflows would then corrupt memory. */
const FLAGS = [
  '-std=gnu11',
  '-O2',
  '-fno-common',
  '-ffunction-sections',
  '-fdata-sections',
  // memset must not become a call of memset.
  '-fno-tree-loop-distribute-patterns',
  '-DINCLUDE_XSPLATFORM',
  '-DXSPLATFORM="mcu-platform.h"',
  '-DmxRun=1',
  '-DmxBoundsCheck=1',
  '-DmxNoConsole=1',
  // Of hosts/xs/native/host-bytes.h.
  '-DATCP_XS_13=1',
];
/** Of the interpreter alone: what makes it fast, see there. */
const INTERPRETER = 'xsRun.c';
const INTERPRETER_FLAGS = ['-include', 'mcu-run.h'];
const OWN_FLAGS = ['-Wall', '-Wextra', '-Wno-unused-parameter'];
/** See native/mcu-builtins.c. */
const BUILT_INS = '-Wl,--wrap=fxNextHostFunctionProperty';
/** ld is given no Zicsr: the libraries are built for plain rv32imac. */
const LINK_FLAGS = ['-march=rv32imac', '-mabi=ilp32', '-nostartfiles', '-Wl,--gc-sections', '-lm', BUILT_INS];
/** It takes 50 ms. */
const PRELOAD_TIMEOUT_MS = 20_000;
const COMPILER_FLAGS = ['-std=gnu11', '-O1', '-w', '-DmxCompile=1', '-DmxParse=1'];

/**
 * @param {{ log?: (line: string) => void, main?: string }} [options] `main`: the module to run, as a path from dist/
 * @returns {Promise<string>} path of the ELF file
 */
export async function buildQemuFirmware({ log = () => {}, main = MAIN_MODULE } = {}) {
  await checkPackages();
  const program = await bundleModules(join(projectRoot, 'dist'), main);
  const [engine, compiler, own] = await Promise.all([
    buildEngine(log),
    buildCompiler(log),
    readSources(NATIVE),
  ]);
  const key = [engine, compiler, main, program, ...texts(own)];
  const folder = join(CACHE, `firmware-${shortHash(...key, ...LINK_FLAGS)}`);
  const elf = join(folder, 'firmware.elf');
  if (existsSync(elf)) return elf;
  log(`compiling ${main} to byte code`);
  await make(folder, async (work) => {
    const table = await compileProgram(compiler, main, program, work);
    const flags = [...MACHINE, ...LIBRARY, ...FLAGS, `-I${NATIVE}`, `-I${SHARED}`];
    const object = join(work, 'modules.o');
    await tool(CROSS, [...flags, '-c', table, '-o', object]);
    const engineObjects = (await readdir(engine)).filter((name) => name.endsWith('.o')).sort();
    const objects = [...engineObjects.map((name) => join(engine, name)), object];
    await link(objects, join(work, 'loader.elf'));
    await preload(join(work, 'loader.elf'), work);
    await writeFile(join(work, 'preload.S'), '.section .preload, "a"\n.incbin "preload.bin"\n');
    await tool(CROSS, [...MACHINE, '-c', 'preload.S', '-o', 'preload.o'], work);
    await link([...objects, join(work, 'preload.o')], join(work, 'firmware.elf'));
  });
  return elf;
}

/**
 * Bytes of byte code of each module of a program, compiled by itself: more than its share of the bundle, in which
 * constants are literals, but its own.
 * @returns {Promise<Map<string, number>>} by path from dist/
 */
export async function moduleSizes(main = MAIN_MODULE) {
  const modules = [...(await bundledModules(join(projectRoot, 'dist'), main))];
  const compiler = await buildCompiler(() => {});
  const work = await mkdtemp(join(CACHE, 'building-'));
  try {
    const named = modules.map(async ([path, text], i) => {
      const file = join(work, `${i}.js`);
      await writeFile(file, text);
      return `${path}=${file}`;
    });
    const { stdout } = await run(compiler, [main, ...(await Promise.all(named))], { maxBuffer: 64 << 20 });
    const tables = [...stdout.matchAll(/^static const uint8_t code\d+\[\].*?^};$/gms)];
    return new Map(modules.map(([path], i) => [path, tables[i][0].split(',').length - 1]));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function link(objects, elf) {
  await tool(CROSS, [...LIBRARY, ...objects, '-T', join(NATIVE, 'link.ld'), '-o', elf, ...LINK_FLAGS]);
}

/** Runs the program up to where its modules are loaded; it leaves preload.bin in the folder (native/mcu-preload.c). */
async function preload(loader, folder) {
  const semihosting = ['-semihosting-config', 'enable=on,target=native'];
  const machine = ['-M', 'sifive_u', '-m', '16M', '-bios', 'none', '-display', 'none', '-monitor', 'none'];
  try {
    await run(QEMU, [...machine, '-serial', 'stdio', ...semihosting, '-kernel', loader], {
      cwd: folder,
      timeout: PRELOAD_TIMEOUT_MS,
    });
  } catch (error) {
    const said = String(error.stdout ?? '').trim() || error.message;
    throw new Error(`the modules can't be loaded on the board:\n${said}`, { cause: error });
  }
}

/** XS and the C host as object files: what does not depend on the modules. */
async function buildEngine(log) {
  const [{ stdout: version }, pinned, own, shared] = await Promise.all([
    run(CROSS, ['--version']),
    pinnedPackage(),
    readSources(NATIVE),
    readSources(SHARED, SHARED_FILES),
  ]);
  const key = [
    ...[version, pinned.integrity],
    ...[...MACHINE, ...LIBRARY, ...FLAGS, ...INTERPRETER_FLAGS, ...OWN_FLAGS],
  ];
  const xsFolder = join(CACHE, `xs-${shortHash(...key, ...texts(own.filter(isForXs)))}`);
  const folder = join(CACHE, `engine-${shortHash(...key, ...texts(own), ...texts(shared))}`);
  if (existsSync(folder)) return folder;
  const xs = await fetchXsSources({ log });
  const common = [...MACHINE, ...LIBRARY, ...FLAGS, ...includes(xs), `-I${NATIVE}`, `-I${SHARED}`];
  if (!existsSync(xsFolder)) {
    log(`compiling XS for rv32imac with ${version.split('\n')[0]}`);
    const sources = RUNTIME.map((name) => join(xs, 'sources', name));
    await make(xsFolder, (work) => compileAll(CROSS, sources, [...common, '-w'], work, log));
  }
  await make(folder, async (work) => {
    const sources = [...own, ...shared].filter((file) => /\.[cS]$/.test(file.path)).map((file) => file.path);
    await compileAll(CROSS, sources, [...common, ...OWN_FLAGS], work, log);
    const objects = (await readdir(xsFolder)).map((name) => join(xsFolder, name));
    await tool('cp', [...objects, work]);
  });
  return folder;
}

/** Our headers that XS's own files include. */
const isForXs = (file) => ['mcu-platform.h', 'mcu-run.h'].includes(basename(file.path));

/** The program that compiles modules, for this machine. */
async function buildCompiler(log) {
  const cc = process.env.CC || 'cc';
  const [pinned, own, shared] = await Promise.all([
    pinnedPackage(),
    readSources(COMPILER),
    readSources(SHARED, SHARED_FILES),
  ]);
  const folder = join(
    CACHE,
    `compiler-${shortHash(pinned.integrity, cc, ...COMPILER_FLAGS, ...texts(own), ...texts(shared))}`,
  );
  const executable = join(folder, 'compile-modules');
  if (existsSync(executable)) return executable;
  const xs = await fetchXsSources({ log });
  log('compiling the compiler of modules');
  await make(folder, async (work) => {
    const sources = [...PARSER.map((name) => join(xs, 'sources', name)), join(COMPILER, 'compile-modules.c')];
    const flags = [...COMPILER_FLAGS, ...includes(xs), `-I${SHARED}`];
    await tool(cc, [...flags, ...sources, '-o', join(work, 'compile-modules'), '-lm']);
  });
  return executable;
}

/** The C source of the module table. The program's text stays beside it, for whoever reads a crash or a profile. */
async function compileProgram(compiler, main, program, work) {
  const file = join(work, 'firmware.js');
  await writeFile(file, program);
  const { stdout } = await run(compiler, [main, `${main}=${file}`], { maxBuffer: 64 << 20 });
  const table = join(work, 'modules.c');
  await writeFile(table, stdout);
  return table;
}

async function checkPackages() {
  const missing = [];
  for (const [name, present] of Object.entries(DEBIAN_PACKAGES)) if (!(await present())) missing.push(name);
  if (missing.length > 0) {
    throw new Error(
      `the emulated board needs Debian packages that are not installed: sudo apt-get install -y ${missing.join(' ')}`,
    );
  }
}

async function hasProgram(name) {
  try {
    await run(name, ['--version']);
    return true;
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

function includes(xs) {
  return ['includes', 'platforms', 'sources'].map((name) => `-I${join(xs, name)}`);
}

async function readSources(folder, names) {
  names ??= (await readdir(folder)).filter((name) => /\.(?:[chS]|ld)$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => ({
      path: join(folder, name),
      text: await readFile(join(folder, name), 'utf8'),
    })),
  );
}

const texts = (files) => files.map((file) => `${basename(file.path)}\n${file.text}`);

/** Has a folder made elsewhere and moved to its place when it is finished. */
async function make(folder, fill) {
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(CACHE, 'building-'));
  try {
    const result = join(work, 'result');
    await mkdir(result);
    await fill(result);
    await settle(result, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** One compiler process a core, the longest files first. */
async function compileAll(compiler, sources, flags, folder, log) {
  const slow = ['xsRun.c', 'xsre.c', 'xsdtoa.c', 'xsDataView.c', 'xsString.c'];
  const rank = (source) => (slow.indexOf(basename(source)) + slow.length) % slow.length;
  const queue = [...sources].sort((a, b) => rank(a) - rank(b));
  const worker = async () => {
    for (let source = queue.shift(); source; source = queue.shift()) {
      const object = join(folder, `${basename(source).replace(/\.[cS]$/, '')}.o`);
      const more = basename(source) === INTERPRETER ? INTERPRETER_FLAGS : [];
      const warnings = await tool(compiler, [...flags, ...more, '-c', source, '-o', object]);
      if (warnings) log(warnings);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

async function tool(command, args, cwd = projectRoot) {
  try {
    const { stderr } = await run(command, args, { cwd, maxBuffer: 64 << 20 });
    return stderr.trim();
  } catch (error) {
    throw new Error(`${command} failed:\n${String(error.stderr || error.message).trim()}`, { cause: error });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const main = process.argv[2] ?? MAIN_MODULE;
    console.log(await buildQemuFirmware({ log: (line) => console.error(line), main }));
  } catch (error) {
    console.error(`build of the QEMU firmware failed: ${error.message}`);
    process.exitCode = 1;
  }
}
