/**
 * The sources of Moddable XS, as the npm package named in package.json ("xs") carries them. Only the tarball is
 * fetched: its install script and its dependencies are not wanted. Nothing is fetched when they are cached.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const cacheRoot = join(projectRoot, '.cache', 'xs');

/** Where the sources lie in the package's tarball. */
const IN_TARBALL = 'package/moddable/xs';

/** The package that is pinned, as `{ package: 'name@version', integrity: 'sha512-…' }`. */
export async function pinnedPackage() {
  const manifest = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8'));
  const { package: specifier, integrity } = manifest.xs ?? {};
  if (!specifier || !integrity?.startsWith('sha512-')) {
    throw new Error('package.json lacks "xs": { "package": "name@version", "integrity": "sha512-…" }');
  }
  return { package: specifier, integrity };
}

/**
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<string>} the folder with XS's `includes`, `platforms` and `sources`
 */
export async function fetchXsSources({ log = () => {} } = {}) {
  const pinned = await pinnedPackage();
  const folder = join(cacheRoot, `sources-${shortHash(pinned.integrity)}`);
  if (existsSync(folder)) return folder;
  await mkdir(cacheRoot, { recursive: true });
  const work = await mkdtemp(join(cacheRoot, 'unpacking-'));
  try {
    log(`fetching the sources of XS (${pinned.package})`);
    const tarball = await pack(pinned.package, work);
    await verifyTarball(tarball, pinned);
    await runTool('tar', ['-xzf', tarball, '-C', work, '--strip-components=2', IN_TARBALL]);
    await settle(join(work, 'xs'), folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return folder;
}

/** Moves a finished folder to its place; when another process was faster, its result is as good. */
export async function settle(from, to) {
  await rename(from, to).catch((error) => {
    if (!existsSync(to)) throw error;
  });
}

/** A name for content in the cache. */
export function shortHash(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 16);
}

async function pack(specifier, folder) {
  try {
    await run('npm', [
      'pack',
      specifier,
      '--ignore-scripts',
      '--prefer-offline',
      '--pack-destination',
      folder,
    ]);
  } catch (error) {
    throw new Error(
      `can't fetch ${specifier} with npm: ${firstLines(error)}\n` +
        'The sources of XS are fetched once; connect to the npm registry and try again.',
      { cause: error },
    );
  }
  const name = (await readdir(folder)).find((file) => file.endsWith('.tgz'));
  if (!name) throw new Error(`npm pack ${specifier} left no tarball`);
  return join(folder, name);
}

/** Throws unless the file has the integrity that is pinned. */
export async function verifyTarball(tarball, pinned) {
  const actual = `sha512-${createHash('sha512')
    .update(await readFile(tarball))
    .digest('base64')}`;
  if (actual !== pinned.integrity) {
    throw new Error(
      `${pinned.package} is not what package.json pins:\n  expected ${pinned.integrity}\n  received ${actual}\n` +
        'Its registry or a proxy delivers something else; don\'t build it. After a deliberate change of version, update "xs" in package.json.',
    );
  }
}

async function runTool(command, args) {
  try {
    await run(command, args);
  } catch (error) {
    throw new Error(`${command} failed: ${firstLines(error)}`, { cause: error });
  }
}

function firstLines(error) {
  const text = String(error.stderr || error.message).trim();
  return text.split('\n').slice(0, 5).join('\n');
}
