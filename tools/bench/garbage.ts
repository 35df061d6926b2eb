/** `garbage`: bytes allocated on the XS heap for each segment in steady state, by counting. */
import { runBoard } from './board-run.js';
import { result, type BenchResult } from './result.js';

/** On a 32-bit XS. */
const SLOT_BYTES = 16;

export async function run(): Promise<BenchResult> {
  const one = await runBoard({ delegations: 1, segments: 2000 });
  const many = await runBoard({ delegations: 16, segments: 2000 });
  const bytes = (run: typeof one): number =>
    (run.results['slots']! * SLOT_BYTES + run.results['chunkBytes']!) / run.segments;
  const collections = one.results['collections']! + many.results['collections']!;
  // A collection would hide what was allocated; there is none without allocation.
  const value = Math.max(bytes(one), bytes(many)) + collections;
  return result('garbage', value, 'bytes per segment', 'lower', 0, {
    segments: one.segments + many.segments,
    oneDelegation: bytes(one),
    sixteenDelegations: bytes(many),
    collections,
  });
}
