import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { volumeCommand } from '../../src/cli/volume.js';
import { noise, readTree, scratchDirectory, writeTree } from '../volume/fixtures.js';

interface Outcome {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly exitCode: string | number | undefined;
}

/** Runs `atcp volume …` in this process. */
async function run(...args: string[]): Promise<Outcome> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const stdoutWrite = process.stdout.write;
  const stderrWrite = process.stderr.write;
  const { exitCode: before } = process;
  process.stdout.write = ((piece: string | Buffer) =>
    out.push(Buffer.from(piece)) > 0) as typeof process.stdout.write;
  process.stderr.write = ((piece: string | Buffer) =>
    err.push(Buffer.from(piece)) > 0) as typeof process.stderr.write;
  try {
    process.exitCode = 0;
    const command = volumeCommand();
    for (const each of [command, ...command.commands]) each.exitOverride();
    await command.parseAsync(args, { from: 'user' });
    return { stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString(), exitCode: process.exitCode };
  } finally {
    process.exitCode = before;
    process.stdout.write = stdoutWrite;
    process.stderr.write = stderrWrite;
  }
}

describe('atcp volume', () => {
  const scratch = scratchDirectory();
  let from: string;
  let image: string;

  before(async () => {
    from = scratch.path('from');
    image = scratch.path('card.img');
    writeTree(from, { 'b.txt': Buffer.from('hello\n'), 'a/c.bin': noise(600_000, 1), 'a/d': noise(0, 0) });
    await run('make', image, from, '--size', '4M');
  });

  it('make says what it made', async () => {
    const other = scratch.path('other.img');
    const { stdout, exitCode } = await run('make', other, from, '-s', '8M', '-r', '50');
    assert.equal(exitCode, 0);
    assert.match(
      stdout.toString(),
      /^\S+other\.img: 8 MiB, 3 files and 1 directory with 585\.9 KiB, 6\.\d MiB free\nvolume [0-9a-f]{32}, content [0-9a-f]{32}\n$/,
    );
    await assert.rejects(run('make', other, from), /exists already; .*--force/);
    assert.equal((await run('make', '--force', other)).exitCode, 0);
    assert.equal((await run('ls', other)).stdout.length, 0);
  });

  it('make refuses what it cannot understand', async () => {
    await assert.rejects(
      run('make', scratch.path('x.img'), '--records', 'many'),
      /a whole number from 1 on is wanted/,
    );
    assert.ok(!existsSync(scratch.path('x.img')));
  });

  it('ls lists, long and recursively', async () => {
    assert.equal((await run('ls', image)).stdout.toString(), 'a/\nb.txt\n');
    assert.equal((await run('ls', '-R', image)).stdout.toString(), 'a/\na/c.bin\na/d\nb.txt\n');
    assert.equal((await run('ls', image, '/a/')).stdout.toString(), 'c.bin\nd\n');
    const long = (await run('ls', '-l', image, 'b.txt')).stdout.toString();
    assert.match(long, /^ {11}6 2023-11-14T22:13:20\.123Z [0-9a-f]{32} b\.txt\n$/);
    assert.match((await run('ls', '-l', image)).stdout.toString(), /^ {11}- \S+Z [0-9a-f]{32} a\/\n/);
    await assert.rejects(run('ls', image, 'nothing'), /the volume has no "nothing"; list what it has/);
  });

  it('get copies a file, a tree, and to standard output', async () => {
    assert.ok((await run('get', image, 'a/c.bin', '-')).stdout.equals(noise(600_000, 1)));
    const file = scratch.path('c.copy');
    await run('get', image, 'a/c.bin', file);
    assert.ok(readFileSync(file).equals(noise(600_000, 1)));
    await assert.rejects(run('get', image, 'b.txt', file), /exists already; .*--force/);
    await run('get', '--force', image, 'b.txt', file);
    assert.equal(readFileSync(file, 'utf8'), 'hello\n');
    const tree = scratch.path('tree');
    await run('get', image, '/', tree);
    assert.deepEqual(readTree(tree), readTree(from));
    await assert.rejects(run('get', image, 'a', '-'), /"a" is a directory; name a file/);
  });

  it('get leaves no part of a damaged file', async () => {
    const damaged = scratch.path('damaged.img');
    const bytes = readFileSync(image);
    bytes[bytes.indexOf(noise(600_000, 1).subarray(500_000, 500_100))]! ^= 1;
    writeFileSync(damaged, bytes);
    const to = scratch.path('to');
    await assert.rejects(
      run('get', damaged, 'a', to),
      /sector \d+: the data of "a\/c\.bin": damaged.*atcp volume check/,
    );
    assert.deepEqual(readdirSync(to), []);
  });

  it('check exits with 0 for a sound volume and 1 for another', async () => {
    const sound = await run('check', image);
    assert.equal(sound.exitCode, 0);
    assert.match(
      sound.stdout.toString(),
      /card\.img: sound, 3 files and 1 directory with 585\.9 KiB, 2\.\d MiB free\n$/,
    );
    const damaged = scratch.path('damaged.img');
    const bytes = readFileSync(image);
    bytes[2048 * 512 + 50]! ^= 1;
    bytes.fill(0, bytes.length - 512);
    writeFileSync(damaged, bytes);
    const other = await run('check', damaged);
    assert.equal(other.exitCode, 1);
    assert.match(
      other.stdout.toString(),
      /^sector 2048: superblock A: damaged.*\nsector 8191: superblock B: something else/,
    );
    assert.match(
      (await run('check', '-m', '1', damaged)).stdout.toString(),
      /^sector 2048.*\n… and 1 more\n.*: 2 problems\n$/,
    );
  });

  it('make ends at Ctrl-C and leaves nothing behind', async () => {
    const directory = scratch.path('interrupted');
    const large = scratch.path('large');
    mkdirSync(directory);
    mkdirSync(large);
    writeFileSync(join(large, 'file'), '');
    truncateSync(join(large, 'file'), 2 ** 33);
    const module = fileURLToPath(new URL('../../src/cli/volume.ts', import.meta.url));
    const script = `const { volumeCommand } = await import(${JSON.stringify(module)});
      await volumeCommand().parseAsync(['make', ${JSON.stringify(join(directory, 'x.img'))}, ${JSON.stringify(large)}], { from: 'user' })
        .catch((error) => { console.error(error.message); process.exitCode = 1; });`;
    const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', script]);
    let stderr = '';
    child.stderr.on('data', (piece) => (stderr += piece));
    while (readdirSync(directory).length === 0 && child.exitCode === null) await setTimeout(10);
    child.kill('SIGINT');
    const [status] = (await once(child, 'exit')) as [number | null];
    assert.equal(status, 1, stderr);
    assert.match(stderr, /interrupted; nothing half-made was left behind/);
    assert.deepEqual(readdirSync(directory), []);
  });
});
