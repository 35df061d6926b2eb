/**
 * Set-up: everything that `npm start` and `npm test` need, made once and found again. Plain Node without
 * dependencies, since it is what installs them.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cache = join(root, '.cache');
const forTests = process.argv.includes('--for-tests');

/** Debian packages that the tests use, by a program that each brings. */
const TEST_PACKAGES = {
  tshark: 'tshark',
  tcpdump: 'tcpdump',
  ping: 'iputils-ping',
  wget: 'wget',
  tftp: 'tftp-hpa',
  atftp: 'atftp',
  ab: 'apache2-utils',
  wrk: 'wrk',
  chromium: 'chromium',
  'qemu-system-riscv32': 'qemu-system-misc',
  // The C library has no program of its own; it comes with the compiler.
  'riscv64-unknown-elf-gcc': 'gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf',
};

function say(line) {
  process.stdout.write(`setup: ${line}\n`);
}

function fail(line) {
  process.stderr.write(`setup: ${line}\n`);
  process.exit(1);
}

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error) fail(`can't start ${command}: ${result.error.message}`);
  if (result.status !== 0) fail(`'${command} ${args.join(' ')}' failed`);
}

function has(program) {
  const found = spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
  return found.status === 0;
}

function checkPrerequisites() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Node.js 20.19 or newer is needed, and this is ${process.versions.node}`);
  const needed = { cc: 'gcc libc6-dev', curl: 'curl' };
  if (process.platform === 'linux') Object.assign(needed, { ip: 'iproute2' });
  const missing = Object.keys(needed).filter((program) => !has(program));
  if (missing.length > 0)
    fail(
      `missing: ${missing.join(', ')}; install them first ` +
        `(Debian, Ubuntu: apt-get install ${missing.map((program) => needed[program]).join(' ')})`,
    );
}

function installPackages() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const stamp = createHash('sha256').update(lock).update(process.version).digest('hex');
  const stampFile = join(root, 'node_modules', '.atcp-setup');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  say('installing the npm packages of package-lock.json');
  run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']);
  writeFileSync(stampFile, stamp);
}

function installTestPrograms() {
  const missing = Object.keys(TEST_PACKAGES).filter((program) => !has(program));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((program) => TEST_PACKAGES[program]))].join(' ');
  if (process.getuid() !== 0 || !has('apt-get'))
    fail(`the tests need ${missing.join(', ')}; run this first: sudo apt-get install -y ${packages}`);
  say(`installing the Debian packages that the tests need: ${packages}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'], env: environment };
  run('apt-get', ['update', '-qq'], quiet);
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages.split(' ')], quiet);
}

checkPrerequisites();
mkdirSync(cache, { recursive: true });
installPackages();
if (forTests) installTestPrograms();
say('compiling');
run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b']);
const { buildXs } = await import(new URL('../hosts/xs/build.mjs', import.meta.url));
try {
  await buildXs({ log: say });
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
