/** `size`: what the firmware takes of the flash. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { buildFirmware, projectRoot } from '../../hosts/qemu/launch.js';
import { result, type BenchResult } from './result.js';

/** Half of the 2 MB that the smallest boards have. */
const MARK = 1_048_576;

export async function run(): Promise<BenchResult> {
  const firmware = await buildFirmware();
  const nm = execFileSync('riscv64-unknown-elf-nm', [firmware], { encoding: 'utf8' });
  const address = (name: string): number => {
    const match = new RegExp(`^([0-9a-f]+) \\w ${name}$`, 'm').exec(nm);
    if (match === null) throw new Error(`${firmware} has no symbol ${name}`);
    return parseInt(match[1]!, 16);
  };
  const listing = execFileSync('riscv64-unknown-elf-size', ['-A', firmware], { encoding: 'utf8' });
  const section = (name: string): number =>
    Number(new RegExp(`^\\${name}\\s+(\\d+)`, 'm').exec(listing)?.[1] ?? 0);
  const byteCode = address('__modules_end') - address('__modules_start');
  const code = section('.text') - byteCode;
  const preloaded = section('.preload');
  const value = code + byteCode + preloaded + section('.data');
  return result('size', value, 'bytes of flash', 'lower', MARK, {
    engineAndConstants: code,
    byteCode,
    preloaded,
    initialisedVariables: section('.data'),
    modules: await moduleSizes(),
  });
}

/** Byte code of each module, in bytes. */
async function moduleSizes(): Promise<Record<string, number>> {
  const build = (await import(join(projectRoot(), 'hosts', 'qemu', 'build.mjs'))) as {
    moduleSizes: () => Promise<Map<string, number>>;
  };
  const sizes = await build.moduleSizes();
  return Object.fromEntries([...sizes].sort(([a], [b]) => (a < b ? -1 : 1)));
}
