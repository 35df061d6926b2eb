/** `memory`: bytes of RAM on the emulated board while 16 delegations are served. */
import { runBoard } from './board-run.js';
import { result, type BenchResult } from './result.js';

const DELEGATIONS = 16;
const MARK = 262_144;

export async function run(): Promise<BenchResult> {
  const measured = await runBoard({ delegations: DELEGATIONS, segments: 1000 });
  const { results, memoryAtBoot: m, memoryAtEnd: end } = measured;
  if (results['slotsUsed'] !== DELEGATIONS)
    throw new Error(`only ${results['slotsUsed']} delegations were served`);
  // The firmware makes everything before it serves; what came later is the bench's own front-end (see `garbage`).
  const served = results['slots']! + results['chunkBytes']! + results['collections']!;
  if (served !== 0) throw new Error('serving allocates: the figure at boot is not the whole');
  const parts = {
    xsSlots: m['slotArena']!,
    xsChunks: m['chunkArena']!,
    xsStack: m['xsStack']!,
    cStacks: m['cStack']!,
    cVariables: m['variables']!,
    nicDma: m['dma']!,
  };
  const value = Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
  return result('memory', value, 'bytes', 'lower', MARK, {
    ...parts,
    delegations: DELEGATIONS,
    xsStackUsed: end['xsStackUsed'],
    cStackUsed: end['cStackUsed'],
    unitBuffersUsed: results['buffersHighWater'],
    preloadedInFlash: m['preloaded'],
    ramOfTheBoard: m['ram'],
  });
}
