import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { xsCommand } from '../../../hosts/virtual-board/launch.js';
import { allVectors } from '../../vectors/index.js';
import { compileProject, run, type Run } from './xs.js';

const PRELOADED = 'test/vectors/preloaded.js';
const MAIN = 'test/vectors/preloaded-main.js';

/** The arguments of the engine with a module to preload. */
async function preloading(main: string, preload: string): Promise<string[]> {
  const command = await xsCommand(main);
  return [...command.slice(0, -1), '--preload', preload, main];
}

describe('vectors on XS, preloaded', function () {
  this.timeout(120_000); // The first run compiles XS.
  let result: Run;

  before(async () => {
    compileProject('tsconfig.device.json', MAIN);
    result = await run(await preloading(MAIN, PRELOADED));
  });

  allVectors.forEach((vector, i) => {
    it(vector.name, () => {
      const line = result.lines.findIndex((text) => text.endsWith(`ok ${i + 1} - ${vector.name}`));
      assert.notEqual(line, -1, `no result; XS ended with ${result.status}: ${result.errors}`);
      assert.match(result.lines[line]!, /^ok/, result.lines[line + 1]);
    });
  });

  it('end with status 0', () => assert.equal(result.status, 0, result.errors));

  it('are refused when they are not preloaded', async () => {
    const loose = await run(await xsCommand(MAIN));
    assert.deepEqual(loose, { status: 1, lines: ['Bail out! The vectors are not preloaded.'], errors: '' });
  });
});

describe('what XS has preloaded', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'atcp-preload-'));
  const program = `
    import * as flash from './flash.js';
    const print = native('xs_posix_print');
    for (const name of Object.keys(flash)) {
      let outcome = 'done';
      try { flash[name](); } catch (error) { outcome = error.name; }
      print(name + ': ' + outcome);
    }`;
  const flash = `
    const buffer = new Uint8Array(4), map = new Map(), table = { entry: 0 };
    let count = 0;
    class Counter { static total = 0; own = 0; buffer = new Uint8Array(4); }
    export const writesBuffer = () => { buffer[0] = 1; };
    export const writesStatic = () => { Counter.total++; };
    export const writesPrototype = () => { Counter.prototype.added = 1; };
    export const writesVariable = () => { count++; };
    export const writesTable = () => { table.entry = 1; };
    export const namesAnError = () => { const error = new Error('x'); error.name = 'Other'; };
    export const writesWhatItMakes = () => { const c = new Counter(); c.own++; c.buffer[0] = 1; };`;

  before(() => {
    writeFileSync(join(folder, 'flash.js'), flash);
    writeFileSync(join(folder, 'main.js'), program);
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  async function outcomes(...options: string[]): Promise<Record<string, string>> {
    const [engine] = await xsCommand(MAIN);
    const { stdout, stderr } = spawnSync(engine!, ['--root', folder, ...options, 'main.js'], {
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    return Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(': ')),
    );
  }

  it('is read-only where flash is; the rest is copied to RAM', async () => {
    assert.deepEqual(await outcomes('--preload', 'flash.js'), {
      writesBuffer: 'TypeError',
      writesStatic: 'TypeError',
      writesPrototype: 'TypeError',
      writesVariable: 'done',
      writesTable: 'done',
      namesAnError: 'TypeError',
      writesWhatItMakes: 'done',
    });
  });

  it('is as writable as ever when it is only loaded', async () => {
    assert.deepEqual(new Set(Object.values(await outcomes())), new Set(['done']));
  });
});
