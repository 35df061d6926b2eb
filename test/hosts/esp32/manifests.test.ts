import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { problemsOf, readProgram } from '../../../tools/sdk/manifests.js';

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));

describe('the manifests of the project', function () {
  this.timeout(120_000); // A busy machine takes long to parse all modules.
  for (const manifest of ['manifest.json', 'test/vectors/linked/manifest.json']) {
    it(`name what the program of ${manifest} imports, and nothing else`, () => {
      assert.deepEqual(problemsOf(PROJECT, readProgram(PROJECT, manifest)), []);
    });
  }

  for (const driver of readdirSync(join(PROJECT, 'drivers'))) {
    it(`of the driver ${driver} names and preloads each of its files`, () => {
      const folder = join('drivers', driver);
      const { modules, preloads, problems } = readProgram(PROJECT, join(folder, 'manifest.json'));
      const files = readdirSync(join(PROJECT, folder)).filter((name) => name.endsWith('.ts'));
      const names = files.map((name) => join(folder, name.slice(0, -'.ts'.length))).sort();
      assert.deepEqual(problems, []);
      assert.deepEqual([...modules.keys()].sort(), names);
      assert.deepEqual([...preloads.keys()].sort(), names);
    });
  }
});

describe('the check of manifests', () => {
  const root = mkdtempSync(join(tmpdir(), 'atcp-manifests-'));
  after(() => rmSync(root, { recursive: true, force: true }));

  /** A sound program, with some of its files replaced; null removes one. */
  function problemsWith(changes: Record<string, string | object | null>): string[] {
    const files: Record<string, string | object | null> = {
      'manifest.json': {
        include: ['$(MODDABLE)/examples/manifest_base.json', './lib/manifest.json'],
        modules: { 'host/main': './host/main', '*': ['./host/native'] },
        preload: [],
        creation: { main: 'host/main' },
      },
      'lib/manifest.json': { modules: { 'lib/a': './a', 'lib/b': './b' }, preload: ['lib/a', 'lib/b'] },
      'host/main.ts':
        "import Timer from 'timer';\nimport { a } from '../lib/a.js';\nnative('xs_f').call(this);",
      'host/native.c': 'void xs_f(xsMachine *the) {\n}\n',
      'lib/a.ts': "import type { T } from './types.js';\nexport { b as a } from './b.js';",
      'lib/b.ts': 'export const b = 1;',
      ...changes,
    };
    rmSync(root, { recursive: true, force: true });
    for (const [name, content] of Object.entries(files)) {
      if (content === null) continue;
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), typeof content === 'string' ? content : JSON.stringify(content));
    }
    return problemsOf(root, readProgram(root, 'manifest.json'));
  }

  const manifest = (modules: object, preload: string[]): object => ({ modules, preload });
  const cases: Record<string, [Record<string, string | object | null>, string[]]> = {
    'finds nothing in a sound program': [{}, []],
    'finds a module that no manifest names': [
      { 'lib/manifest.json': manifest({ 'lib/a': './a' }, ['lib/a']) },
      ["lib/a imports lib/b, which no manifest names: add it where its folder's modules are"],
    ],
    'finds a file that is missing': [
      { 'lib/b.ts': null },
      ['lib/manifest.json names lib/b, and there is no lib/b.ts'],
    ],
    'finds a manifest that is missing': [
      { 'lib/manifest.json': null },
      [
        'lib/manifest.json is missing',
        "host/main imports lib/a, which no manifest names: add it where its folder's modules are",
      ],
    ],
    'finds a module that nobody imports': [
      { 'lib/a.ts': 'export const a = 1;' },
      ['lib/manifest.json names lib/b, which the program does not import'],
    ],
    'does not take an import of types for one': [
      { 'lib/a.ts': "import type { b } from './b.js';\nexport type { c } from './b.js';" },
      ['lib/manifest.json names lib/b, which the program does not import'],
    ],
    'finds a module that is not preloaded': [
      { 'lib/manifest.json': manifest({ 'lib/a': './a', 'lib/b': './b' }, ['lib/a']) },
      ['lib/manifest.json names lib/b and does not preload it'],
    ],
    'finds a preload without a module': [
      { 'lib/manifest.json': manifest({ 'lib/a': './a', 'lib/b': './b' }, ['lib/a', 'lib/b', 'lib/c']) },
      ['lib/manifest.json preloads lib/c, which no manifest names'],
    ],
    'finds a main module that is preloaded': [
      { 'lib/manifest.json': manifest({ 'lib/a': './a', 'lib/b': './b' }, ['lib/a', 'lib/b', 'host/main']) },
      ['lib/manifest.json preloads host/main, which can run only on the board'],
    ],
    'finds a variable that would lie in flash': [
      { 'lib/b.ts': 'export const b = Object.freeze({});\nlet count = 0;' },
      ['lib/b is preloaded, and its count is not const'],
    ],
    'takes a folder as a whole, used or not, preloaded or not': [
      { 'lib/manifest.json': manifest({ 'lib/*': './*' }, []), 'lib/c.ts': '' },
      [],
    ],
    'finds a native function that C lacks': [
      { 'host/native.c': 'void xs_g(xsMachine *the) {\n}\n' },
      ['no C file has the native function xs_f'],
    ],
    'finds a C file that is missing': [
      { 'host/native.c': null },
      ['there is no host/native.c, nor host/native.h', 'no C file has the native function xs_f'],
    ],
  };
  for (const [what, [changes, expected]] of Object.entries(cases)) {
    it(what, () => assert.deepEqual(problemsWith(changes), expected));
  }
});

describe('C functions of the ESP32 host', () => {
  it('are the twins of all byte loops', () => {
    const text = readFileSync(join(PROJECT, 'hosts/esp32/byte-loops.ts'), 'utf8');
    const header = readFileSync(join(PROJECT, 'hosts/xs/native/byte-loops.h'), 'utf8');
    const used = [...text.matchAll(/native\('(\w+)'\)/g)].map((match) => match[1]);
    const offered = [...header.matchAll(/ENTRY\((xs_bytes_\w+), \d\)/g)].map((match) => match[1]);
    assert.deepEqual(used, offered);
  });
});
