/**
 * What the firmware may take of the flash: the whole, its parts, and the byte code of each module, against
 * size-budget.json, which is committed.
 *
 *     ./node_modules/.bin/tsx tools/size-budget.ts --accept
 *
 * makes that file anew from what there is, with room to grow by a tenth.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from './bench/size.js';

export interface Sizes {
  readonly total: number;
  readonly engineAndConstants: number;
  readonly byteCode: number;
  readonly preloaded: number;
  readonly modules: Readonly<Record<string, number>>;
}

const FILE = fileURLToPath(new URL('./size-budget.json', import.meta.url));
/** A new module below it needs no budget of its own: the parts and the whole have theirs. */
const SMALL_MODULE_BYTES = 2048;
const ROUNDED_BYTES = 64;
export const ACCEPT = './node_modules/.bin/tsx tools/size-budget.ts --accept';

export async function measure(): Promise<Sizes> {
  const { value, detail } = await run();
  const { engineAndConstants, byteCode, preloaded, modules } = detail as unknown as Sizes;
  return { total: value, engineAndConstants, byteCode, preloaded, modules };
}

export function readBudget(): Sizes {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Sizes;
}

/** A line for everything that is larger than it may be. */
export function overruns(sizes: Sizes, budget: Sizes): string[] {
  const lines: string[] = [];
  const check = (what: string, bytes: number, limit: number): void => {
    if (bytes > limit) lines.push(`${what}: ${bytes} bytes, ${bytes - limit} more than its budget`);
  };
  check('the firmware', sizes.total, budget.total);
  check('engine and constants', sizes.engineAndConstants, budget.engineAndConstants);
  check('byte code', sizes.byteCode, budget.byteCode);
  check('preloaded', sizes.preloaded, budget.preloaded);
  for (const [module, bytes] of Object.entries(sizes.modules))
    check(module, bytes, budget.modules[module] ?? SMALL_MODULE_BYTES);
  return lines;
}

/** What {@link overruns} will allow from now on. */
export function budgetFor(sizes: Sizes): Sizes {
  const room = (bytes: number): number => Math.ceil((bytes * 1.1) / ROUNDED_BYTES) * ROUNDED_BYTES;
  return {
    total: room(sizes.total),
    engineAndConstants: room(sizes.engineAndConstants),
    byteCode: room(sizes.byteCode),
    preloaded: room(sizes.preloaded),
    modules: Object.fromEntries(
      Object.entries(sizes.modules).map(([module, bytes]) => [module, room(bytes)]),
    ),
  };
}

if (process.argv.includes('--accept'))
  writeFileSync(FILE, `${JSON.stringify(budgetFor(await measure()), null, 2)}\n`);
