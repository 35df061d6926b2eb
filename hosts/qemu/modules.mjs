/** The modules of a device program: the main one and, from import to import, all that it needs. */
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

/** On XS the byte loops are C. */
const REPLACEMENTS = { 'src/wire/byte-loops.js': 'hosts/xs/device/byte-loops.js' };

/** What tsc writes: one statement, its specifier at its end. */
const IMPORT = /^\s*(?:import|export)\b[^;'"]*?(?:from\s*)?(['"])([^'"]+)\1\s*;?\s*$/gm;

/**
 * @param {string} root folder of the compiled project
 * @param {string} main path of the main module from there
 * @returns {Promise<{ name: string, text?: string, replacement?: string }[]>} imported before importing modules
 */
export async function collectModules(root, main) {
  const found = new Map();
  const visit = async (name, importer) => {
    if (found.has(name)) return;
    const replacement = REPLACEMENTS[name];
    found.set(name, undefined);
    if (replacement !== undefined) {
      await visit(replacement, name);
      found.set(name, { name, replacement });
      return;
    }
    const text = await readModule(root, name, importer);
    for (const match of text.matchAll(IMPORT)) {
      if (!match[2].startsWith('.')) {
        throw new Error(`${name} imports "${match[2]}": a board has only the project's own modules`);
      }
      await visit(normalize(join(dirname(name), match[2])), name);
    }
    found.set(name, { name, text });
  };
  await visit(main, 'the board');
  return [...found.values()];
}

async function readModule(root, name, importer) {
  try {
    return await readFile(join(root, name), 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    throw new Error(`${join(root, name)} is missing (${importer} needs it): run "npm run build" first`, {
      cause: error,
    });
  }
}
