import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, type Run } from './xs.js';

const BUILD = new URL('../../../hosts/xs/build.mjs', import.meta.url);
const PRINT = "const print = native('xs_posix_print');";

describe('the XS engine', function () {
  this.timeout(120_000);
  let executable: string;
  let root: string;

  before(async () => {
    const { lines } = await run([process.execPath, fileURLToPath(BUILD)]);
    executable = lines[0]!;
    root = mkdtempSync(join(tmpdir(), 'atcp-xs-'));
  });
  after(() => rmSync(root, { recursive: true }));

  /** Runs main.js of these files; `options` come before the module. */
  function program(files: Record<string, string>, options: string[] = [], args: string[] = []): Promise<Run> {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    return run([executable, '--root', root, ...options, 'main.js', ...args]);
  }

  it('loads modules by relative paths and passes arguments', async () => {
    const { status, lines } = await program(
      {
        'main.js': `import { a } from './deep/a.js'; ${PRINT}
          const argument = native('xs_posix_argument');
          print(a + argument(0) + argument(1)); print(String(native('xs_posix_argument_count')()));`,
        'deep/a.js': "export { b as a } from '../b.js';",
        'b.js': "export const b = 'from b ';",
      },
      [],
      ['ü', ''],
    );
    assert.deepEqual([status, lines], [0, ['from b ü', '2']]);
  });

  it('loads a substitute in the place of a module, wherever it is imported from', async () => {
    const { lines } = await program(
      {
        'main.js': `import { value } from './deep/a.js'; import { real } from './real.js'; ${PRINT} print(value + real);`,
        'deep/a.js': "export { real as value } from '../real.js';",
        'real.js': "export const real = 'real ';",
        'deep/twin.js': "export const real = 'twin ';",
      },
      ['--substitute', 'real.js=deep/twin.js'],
    );
    assert.deepEqual(lines, ['twin twin ']);
  });

  it('runs promise jobs, also those that jobs queue', async () => {
    const { status, lines } = await program({
      'main.js': `${PRINT} (async () => { await null; print('1'); await null; print('2'); })(); print('0');`,
    });
    assert.deepEqual([status, lines], [0, ['0', '1', '2']]);
  });

  const failures: Record<string, { files: Record<string, string>; status: number; errors: RegExp }> = {
    'an uncaught exception, with its stack': {
      files: {
        'main.js':
          "function inner() { throw new TypeError('boom'); }\nfunction outer() { inner(); }\nouter();",
      },
      status: 1,
      errors: /uncaught exception: TypeError: boom\n.*at inner.*\n.*at outer/,
    },
    'a thrown value that is no Error': {
      files: { 'main.js': 'throw 42;' },
      status: 1,
      errors: /exception: 42/,
    },
    'a rejection that nobody handles': {
      files: { 'main.js': "(async () => { await null; throw new Error('late'); })();" },
      status: 1,
      errors: /Error: late/,
    },
    'a syntax error, with file and line': {
      files: { 'main.js': "import './bad.js';", 'bad.js': 'let a = 1;\nlet b = ;\n' },
      status: 1,
      errors: /bad\.js:2: .*\n.*SyntaxError/,
    },
    'a module that is not there': {
      files: { 'main.js': "import './nowhere.js';" },
      status: 1,
      errors: /no module .*nowhere\.js \(imported by main\.js\).*built\?/,
    },
    'a module outside of the root': {
      files: { 'main.js': "import '../../etc/secret.js';" },
      status: 1,
      errors: /outside the root folder/,
    },
    'a package name': { files: { 'main.js': "import 'fs';" }, status: 1, errors: /only relative paths/ },
    'an unknown native function': {
      files: { 'main.js': "native('xs_none')" },
      status: 1,
      errors: /no native function "xs_none"/,
    },
    'endless recursion': {
      files: { 'main.js': 'function f() { f(); } f();' },
      status: 70,
      errors: /stack overflow/,
    },
  };
  for (const [what, failure] of Object.entries(failures)) {
    it(`ends with a message and status ${failure.status} after ${what}`, async () => {
      const { status, errors } = await program(failure.files);
      assert.match(errors, failure.errors);
      assert.equal(status, failure.status);
    });
  }

  it('ends with the status that the program names', async () => {
    assert.equal((await program({ 'main.js': "native('xs_posix_exit')(7)" })).status, 7);
  });

  it('counts what it allocates; byte loops and string literals allocate nothing', async () => {
    const { lines } = await program({
      'main.js': `${PRINT}
        const slots = native('xs_posix_heap_slots'), chunks = native('xs_posix_heap_chunk_bytes');
        const collections = native('xs_posix_heap_collections'), collect = native('xs_posix_collect_garbage');
        const copy = native('xs_bytes_copy'), crc32c = native('xs_bytes_crc32c');
        const b = new Uint8Array(512);
        function work() { for (let i = 0; i < 1000; i++) { copy(b, 0, b, 100, 50); crc32c(b, 0, 512, 0xffffffff); } }
        function measure(f) {
          const slotsBefore = slots(), chunksBefore = chunks();
          f();
          const slotsAfter = slots(), chunksAfter = chunks();
          return [slotsAfter - slotsBefore, chunksAfter - chunksBefore];
        }
        print(measure(work).join());
        function literals() { let text = ''; for (let i = 0; i < 1000; i++) text = i & 1 ? 'odd number' : 'even number'; return text; }
        print(measure(literals).join());
        const [slotsMore, chunksMore] = measure(() => new Uint8Array(1000));
        print(String(slotsMore > 0 && chunksMore >= 1000));
        const before = collections(); collect(); collect(); print(String(collections() - before));`,
    });
    assert.deepEqual(lines, ['0,0', '0,0', 'true', '2']);
  });
});
