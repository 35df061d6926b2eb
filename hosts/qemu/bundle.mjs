/**
 * All modules of a device program as one. A board without Moddable's linker makes its modules in RAM at boot, and a
 * module of its own costs a record and two slots for each name that goes in or out: 200 KB for the firmware. In one
 * module those are variables, and constants become literals.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, transform } from 'esbuild';
import { inlineConstants } from './constants.mjs';

/** On XS the byte loops are C. */
const REPLACEMENTS = { 'src/wire/byte-loops.js': 'hosts/xs/device/byte-loops.js' };

const OUTPUT = {
  format: 'esm',
  platform: 'neutral',
  target: 'es2024',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'silent',
};

/**
 * @param {string} root folder of the compiled project
 * @param {string} main path of the main module from there
 * @returns {Promise<string>} the text of the one module
 */
export async function bundleModules(root, main) {
  if (!existsSync(join(root, main))) {
    throw new Error(`${join(root, main)} is missing: run "npm run build" first`);
  }
  const result = await build(bundleOptions(root, main));
  const { code } = await transform(inlineConstants(result.outputFiles[0].text), {
    ...OUTPUT,
    minifySyntax: true,
    treeShaking: true,
  });
  return plainNames(code);
}

/**
 * @param {string} root folder of the compiled project
 * @param {string} main path of the main module from there
 * @returns {Promise<Map<string, string>>} the modules of which something is in the bundle: path from root → text
 */
export async function bundledModules(root, main) {
  const result = await build({ ...bundleOptions(root, main), metafile: true, absWorkingDir: root });
  const [output] = Object.values(result.metafile.outputs);
  const paths = Object.keys(output.inputs).filter((path) => output.inputs[path].bytesInOutput > 0);
  const texts = paths.map(async (path) => [path, plainNames(await readFile(join(root, path), 'utf8'))]);
  return new Map(await Promise.all(texts));
}

function bundleOptions(root, main) {
  return {
    entryPoints: [join(root, main)],
    bundle: true,
    write: false,
    ...OUTPUT,
    plugins: [replacing(root)],
  };
}

function replacing(root) {
  return {
    name: 'atcp-replacements',
    setup(build) {
      const from = new Map(Object.entries(REPLACEMENTS).map(([a, b]) => [join(root, a), join(root, b)]));
      build.onResolve({ filter: /^\./ }, (args) => {
        const path = from.get(join(args.resolveDir, args.path));
        return path === undefined ? undefined : { path };
      });
      build.onResolve({ filter: /^[^./]/ }, (args) => ({
        errors: [
          { text: `${args.importer} imports "${args.path}": a board has only the project's own modules` },
        ],
      }));
    },
  };
}

/**
 * Private fields and methods become properties with names of their own: XS keeps private ones in lists behind the
 * others and checks each access against the class, at several times the cost of a property.
 */
function plainNames(code) {
  return code.replaceAll(/(?<=[.\s!(])#(?=[A-Za-z_])/g, '$');
}
